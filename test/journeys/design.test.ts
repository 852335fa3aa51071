// The page that shows the design: it stands in every width and theme, keeps nobody out, keeps to itself, and is complete:
// whatever component, view or class the page of Skerry has, stands there.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBarriers } from "../support/barriers.ts";
import { launchBrowser, openProfile } from "../support/browser.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const WEB = join(ROOT, "src/web");
/** Some hundred components at once, and a machine that does other things too. */
const PATIENCE_MS = 240_000;
const sources = readdirSync(WEB, { recursive: true, encoding: "utf8" }).filter((path) => !path.startsWith("design/"));

let skerry: Skerry;
let browser: Browser;

beforeAll(async () => {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], { stdio: "inherit" });
  [skerry, browser] = await Promise.all([startSkerry(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await skerry?.stop();
});

interface Opened {
  context: BrowserContext;
  page: Page;
  complaints: string[];
  outside: string[];
  asked: string[];
}

/** Opens the page without any login, and waits until everything stands. */
async function openDesign(width: number, colorScheme: "light" | "dark"): Promise<Opened> {
  const isPhone = width < 500;
  const { context, outside } = await openProfile(browser, {
    viewport: { width, height: 900 },
    colorScheme,
    reducedMotion: "reduce",
    hasTouch: isPhone,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  page.on("websocket", (socket) => asked.push(`socket ${socket.url()}`));
  await page.goto(`${skerry.url}/design`);
  await stand(page);
  return { context, page, complaints, outside, asked };
}

async function stand(page: Page): Promise<void> {
  await page.waitForFunction(
    () => {
      const frames = [...document.querySelectorAll(".frame")];
      return frames.length > 100 && frames.every((frame) => frame.shadowRoot !== null && frame.ariaBusy === null);
    },
    undefined,
    { timeout: PATIENCE_MS, polling: 250 },
  );
}

/** What stands on the page, frames included: names of elements, and classes. */
function readStanding(page: Page): Promise<{ tags: string[]; classes: string[] }> {
  return page.evaluate(() => {
    const roots = [document, ...[...document.querySelectorAll(".frame")].flatMap(({ shadowRoot }) => shadowRoot ?? [])];
    const all = roots.flatMap((root) => [...root.querySelectorAll("*")]);
    return {
      tags: [...new Set(all.map(({ localName }) => localName))],
      classes: [...new Set(all.flatMap(({ classList }) => [...classList]))],
    };
  });
}

describe.each([390, 1440])("at %i pixels", (width) => {
  it.each(["light", "dark"] as const)(
    "stands without complaint, barrier or overflow, %s",
    async (colorScheme) => {
      const { context, page, complaints, outside, asked } = await openDesign(width, colorScheme);
      const wide = await page.evaluate(() => {
        const tooWide = (element: Element): boolean => element.scrollWidth > element.clientWidth + 1;
        const frames = [...document.querySelectorAll(".frame")].filter((frame) => tooWide(frame));
        return [
          ...(tooWide(document.documentElement) ? ["the page"] : []),
          ...frames.map((frame) => `${frame.closest(".design-show")?.querySelector("h3")?.textContent}: ${frame.ariaLabel}`),
        ];
      });
      expect(wide).toEqual([]);
      expect(await findBarriers(page)).toEqual([]);
      expect(complaints).toEqual([]);
      expect(outside).toEqual([]);
      // It asks for its own files and for nothing else.
      expect(asked.filter((one) => !/^GET \/(?:design$|assets\/)|^GET \/[\w-]{36}$/.test(one))).toEqual([]);
      await context.close();
    },
    PATIENCE_MS,
  );
});

describe("the page of the design", () => {
  let opened: Opened;
  let page: Page;

  beforeAll(async () => {
    opened = await openDesign(1440, "light");
    page = opened.page;
  }, PATIENCE_MS);
  afterAll(() => opened?.context.close());

  it("shows every component that is registered", async () => {
    const registered = sources
      .filter((path) => path.endsWith(".ts"))
      .flatMap((path) =>
        Array.from(readFileSync(join(WEB, path), "utf8").matchAll(/@customElement\("([\w-]+)"\)/g), ([, tag]) => tag),
      );
    expect(registered.length).toBeGreaterThan(35);
    const { tags } = await readStanding(page);
    expect(registered.filter((tag) => tag !== undefined && !tags.includes(tag))).toEqual([]);
  });

  it("opens every dialog, which keeps nobody out and gives the focus back", async () => {
    const openers = page.locator("[data-opens]");
    const count = await openers.count();
    expect(count).toBe(3);
    for (let at = 0; at < count; at++) {
      await openers.nth(at).click();
      await page.locator("dialog[open]").waitFor();
      await page.keyboard.press("Escape");
      await expect.poll(() => page.locator("dialog").count()).toBe(0);
      expect(
        await openers.nth(at).evaluate((opener) => opener.getRootNode() instanceof ShadowRoot && opener.matches(":focus")),
      ).toBe(true);
    }
  });

  it("shows every class that a style sheet names", async () => {
    const named = new Set(
      sources
        // The page of a tab that was handed over is one of its own, with sheets of its own.
        .filter((path) => path.endsWith(".css") && !path.startsWith("hand-off/"))
        .map((path) => readFileSync(join(WEB, path), "utf8").replace(/\/\*[\s\S]*?\*\//g, ""))
        .flatMap((text) => Array.from(text.matchAll(/\.([a-z][\w-]*)(?=[^{}]*\{)/g), ([, name = ""]) => name)),
    );
    expect(named.size).toBeGreaterThan(250);
    const shown = new Set((await readStanding(page)).classes);
    for (const opener of await page.locator("[data-opens]").all()) {
      await opener.click();
      await page.locator("dialog[open]").waitFor();
      if (await page.getByRole("button", { name: "Next picture" }).isVisible()) {
        for (const name of (await readStanding(page)).classes) shown.add(name);
        await page.keyboard.press("ArrowRight");
      }
      for (const name of (await readStanding(page)).classes) shown.add(name);
      await page.keyboard.press("Escape");
    }
    // Of the highlighter each language has its own words; a text is plain only until what reads Markdown is there; the page
    // of a closed door is one of its own; a talk is absent, and a link names its host, only where something is wrong.
    const elsewhere = /^hljs-|_$|^(?:md-plain|closed|absence|link-host)$/;
    expect([...named].filter((name) => !shown.has(name) && !elsewhere.test(name))).toEqual([]);
  });

  it.each(["Light", "Dark"])("has enough contrast in every pair of colours, %s", async (theme) => {
    await page.getByRole("button", { name: theme, exact: true }).click();
    const scheme = theme.toLowerCase();
    await page.waitForFunction((wanted) => document.documentElement.dataset["theme"] === wanted, scheme);
    await page.waitForTimeout(500);
    const pairs = await page.locator("[data-ratio]").evaluateAll((found) =>
      found.map((pair) => ({
        name: pair.previousElementSibling?.textContent.replace(/\s+/g, " ").trim() ?? "",
        ratio: Number(pair.getAttribute("data-ratio")),
        least: Number(pair.getAttribute("data-least")),
      })),
    );
    expect(pairs.length).toBeGreaterThan(30);
    expect(pairs.find(({ name }) => name === "print on print-ground")?.ratio).toBe(21);
    expect(pairs.filter(({ ratio, least }) => ratio < least)).toEqual([]);
  });

  it(
    "shows both themes side by side",
    async () => {
      await page.getByRole("button", { name: "Both", exact: true }).click();
      await stand(page);
      const grounds = await page
        .locator(".frames.is-both")
        .first()
        .locator(".frame")
        .evaluateAll((frames) => frames.map((frame) => getComputedStyle(frame).backgroundColor));
      expect(new Set(grounds).size).toBe(2);
    },
    PATIENCE_MS,
  );

  it(
    "keeps nothing in the browser, whatever is typed",
    async () => {
      await page.reload();
      await stand(page);
      await page.locator("#writing #message").first().fill("a draft");
      await page.locator("#writing #message").first().press("Enter");
      expect((await opened.context.storageState()).origins).toEqual([]);
    },
    PATIENCE_MS,
  );

  it("is found from the control rooms", async () => {
    await page.goto(skerry.loginLink);
    await page.locator("#message").waitFor();
    await page.goto(`${skerry.url}/#/control/health`);
    await page.getByRole("link", { name: "How this page is made" }).click();
    await page.getByRole("heading", { level: 1, name: "Design system" }).waitFor();
  });
});
