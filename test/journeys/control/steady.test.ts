// Health stands still: in whatever order its answers come, nothing that is seen already is pushed away by what comes later.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { launchBrowser, openProfile } from "../../support/browser.ts";
import { type Skerry, startSkerry } from "../../support/runtime.ts";
import { openChat } from "../../support/webchat.ts";

// A real browser on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 });

const LATE_MS = 1_200;
/** Half of what counts as good: on a busy machine the bar of the connection shows for a moment, and moves the page down and back. */
const MOST = 0.05;
let skerry: Skerry;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  [skerry, browser] = await Promise.all([startSkerry(), launchBrowser()]);
  ({ context } = await openProfile(browser));
  await (await openChat(context, skerry.loginLink)).page.close();
});
afterAll(async () => {
  await browser?.close();
  await skerry?.stop();
});

/** Answers to these methods come late. */
async function delay(page: Page, late: readonly string[]): Promise<void> {
  await page.routeWebSocket(/.*/, (socket) => {
    const server = socket.connectToServer();
    const methods = new Map<unknown, string>();
    socket.onMessage((message) => {
      const { id, method } = JSON.parse(String(message)) as { id?: string; method?: string };
      if (method !== undefined) methods.set(id, method);
      server.send(message);
    });
    server.onMessage((message) => {
      const { id } = JSON.parse(String(message)) as { id?: string };
      const isLate = late.includes(methods.get(id) ?? "");
      setTimeout(() => socket.send(message), isLate ? LATE_MS : 0);
    });
  });
}

interface Shift {
  value: number;
  what: string[];
}

/** What moved without anybody's doing, and by how much. */
async function watchShifts(page: Page): Promise<() => Promise<Shift[]>> {
  await page.addInitScript(() => {
    const seen: Shift[] = [];
    Object.assign(globalThis, { seenShifts: seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
        sources: { node?: Node }[];
      })[]) {
        if (entry.hadRecentInput) continue;
        const what = entry.sources.map(({ node }) => (node instanceof Element ? `${node.localName}.${node.className}` : "text"));
        seen.push({ value: entry.value, what });
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  return () => page.evaluate(() => (globalThis as unknown as { seenShifts: Shift[] }).seenShifts);
}

it.each([
  ["at once", []],
  ["with how Skerry is last", ["status"]],
  ["with who is there last", ["system-presence"]],
  ["with what is stored last", ["health"]],
  ["with the log last", ["logs.tail"]],
])("health does not move when its answers come %s", async (_order, late) => {
  for (const [width, height] of [
    [1350, 940],
    [390, 844],
  ] as const) {
    const page = await context.newPage();
    await page.setViewportSize({ width, height });
    await delay(page, late);
    const shifts = await watchShifts(page);
    await page.goto(`${skerry.url}/#/control/health`);
    await page.locator(".log-lines").waitFor();
    await page.locator("[aria-labelledby=health-storage]:not([aria-busy]) .part").last().waitFor();
    await page.waitForTimeout(LATE_MS + 800);
    const seen = await shifts();
    expect(
      seen.reduce((sum, { value }) => sum + value, 0),
      JSON.stringify(seen),
    ).toBeLessThan(MOST);
    await page.close();
  }
});
