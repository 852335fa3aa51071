// WebChat's first load in a real browser with an empty cache and a login already made: bytes and requests over the wire,
// and the time until a person can write.
import { existsSync } from "node:fs";
import { type BrowserContext, type CDPSession, chromium } from "playwright-core";
import { repeat, type Scenario, withStarted } from "./scenario.ts";

const LIMIT_MS = 90_000;
const LOAD_TIMEOUT_MS = 20_000;
const COMPOSER = 'textarea:visible, [role="textbox"]:visible, [contenteditable="true"]:visible';

interface Load {
  bytes: number;
  requests: number;
  usableS: number;
}

export const page: Scenario = {
  name: "page",
  figures: ["page-bytes", "page-requests", "page-usable"],
  isShared: false,
  run: (scene) =>
    withStarted(scene, async ({ talker, url }) => {
      const executablePath = process.env["CHROMIUM_BIN"] ?? "/usr/bin/chromium";
      if (!existsSync(executablePath)) throw new Error("There is no browser: set CHROMIUM_BIN to the path of Chromium.");
      const link = await talker.loginLink(url);
      if (link === undefined) throw new Error("The gateway gave no login link.");
      const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
      try {
        const first = await browser.newContext();
        const door = await first.newPage();
        await door.goto(link);
        await door.locator(COMPOSER).first().waitFor({ timeout: LOAD_TIMEOUT_MS });
        const login = await first.storageState();
        await first.close();
        const loads = await repeat(scene.isQuick ? 2 : 7, LIMIT_MS, async (index) => {
          scene.tell(`page load ${index + 1}`);
          const context = await browser.newContext({ storageState: login });
          try {
            return await measureLoad(context, url);
          } finally {
            await context.close();
          }
        });
        return [
          { figure: "page-bytes", samples: loads.map((load) => load.bytes / 1024) },
          { figure: "page-requests", samples: loads.map((load) => load.requests) },
          { figure: "page-usable", samples: loads.map((load) => load.usableS) },
        ];
      } finally {
        await browser.close();
      }
    }),
};

async function measureLoad(context: BrowserContext, url: string): Promise<Load> {
  const tab = await context.newPage();
  const devtools = await context.newCDPSession(tab);
  const counts = await countTraffic(devtools);
  const startedAt = performance.now();
  await tab.goto(url, { waitUntil: "commit" });
  await tab.locator(COMPOSER).first().waitFor({ timeout: LOAD_TIMEOUT_MS });
  await tab.waitForFunction(
    (selector) => {
      const find = (root: Document | ShadowRoot): Element | undefined => {
        const found = root.querySelector(selector);
        if (found) return found;
        return (
          [...root.querySelectorAll("*")].map((element) => element.shadowRoot && find(element.shadowRoot)).find(Boolean) ??
          undefined
        );
      };
      const composer = find(document);
      return composer !== undefined && !composer.hasAttribute("disabled");
    },
    COMPOSER.replaceAll(":visible", ""),
    { polling: "raf" },
  );
  const usableS = (performance.now() - startedAt) / 1000;
  await tab.waitForLoadState("networkidle");
  return { ...counts, usableS };
}

/** Counts what ends from now on; sockets and data: addresses do not count. */
async function countTraffic(devtools: CDPSession): Promise<{ bytes: number; requests: number }> {
  const counts = { bytes: 0, requests: 0 };
  const counted = new Set<string>();
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (request.url.startsWith("http")) counted.add(requestId);
  });
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (!counted.has(requestId)) return;
    counts.bytes += encodedDataLength;
    counts.requests += 1;
  });
  await devtools.send("Network.enable");
  return counts;
}
