// A real Chromium without a window, for tests of the page. It reaches nothing but this machine.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from "playwright-core";

const PLACES = [
  process.env["CHROMIUM_PATH"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

export const SWITCHES = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface BrowserChoices {
  /** Pages that one leaves stay in memory for Back, as in a browser of a person. */
  keepsPages?: boolean;
  /** Host names (with wildcards) that lead to this machine. */
  ownNames?: string;
}

/** Where Chromium is. @throws when there is none. */
export function findBrowser(): string {
  const installed = PLACES.find((path) => path !== undefined && existsSync(path));
  const executablePath = installed ?? chromium.executablePath();
  if (!existsSync(executablePath)) {
    throw new Error("No Chromium found. Install one, or say where it is: CHROMIUM_PATH=/path/to/chromium npm test");
  }
  return executablePath;
}

export async function launchBrowser({ keepsPages = false, ownNames }: BrowserChoices = {}): Promise<Browser> {
  const ignoreDefaultArgs = keepsPages ? ["--disable-back-forward-cache"] : [];
  const names = ownNames === undefined ? [] : [`--host-resolver-rules=MAP ${ownNames} 127.0.0.1`];
  return chromium.launch({ executablePath: findBrowser(), args: [...SWITCHES, ...names], ignoreDefaultArgs });
}

/** A browser profile of its own. `outside` collects every address asked for that is not on this machine. */
export async function openProfile(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ context: BrowserContext; outside: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const outside: string[] = [];
  const isOutside = (url: URL) => /^(https?|wss?):$/.test(url.protocol) && url.hostname !== "127.0.0.1";
  await context.route(isOutside, (route) => {
    outside.push(route.request().url());
    return route.abort();
  });
  return { context, outside };
}
