// A tab of this machine in a person's hands by pictures and events, with a real Chromium: what they do arrives, what they see is that
// tab and windows that it opens, and nothing that was not handed over.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { BrowserHand, HandEvent } from "../../../src/contract/home/hand-off.ts";
import { type HomeBrowser, openHomeBrowser } from "../../support/browser-home.ts";
import { type Pages, servePages } from "../../support/browser-pages.ts";

// A real browser on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let pages: Pages;
let now = 0;
const opened: HomeBrowser[] = [];
const { DISPLAY: _none, WAYLAND_DISPLAY: _neither, ...blind } = process.env;

beforeAll(async () => {
  pages = await servePages();
});
afterEach(async () => {
  now = 0;
  await Promise.all(opened.splice(0).map((browser) => browser.close()));
});
afterAll(() => pages.close());

/** With the page open and handed over. */
async function handOver(path: string) {
  const browser = openHomeBrowser({ allowedHosts: pages.hosts, environment: blind, now: () => Date.now() + now });
  opened.push(browser);
  await browser.ask({ action: "open", url: `${pages.origin}${path}` });
  const { handed } = await browser.ask({ action: "handoff", seconds: 60 });
  if (!handed) throw new Error("The tab was not handed over.");
  const look = (since?: string, waitMs = 0) => browser.watch({ handed, waitMs, ...(since === undefined ? {} : { since }) });
  const act = (...events: HandEvent[]) => browser.hand({ handed, events } as Pick<BrowserHand, "handed" | "events">);
  return { browser, handed, look, act };
}

const click = (x: number, y: number): HandEvent[] => [
  { kind: "down", x, y },
  { kind: "up", x, y },
];
describe("a tab in a person's hands", () => {
  test("is a picture, which comes again only when it is another one", async () => {
    const { look, act } = await handOver("/inner.html?me");
    const first = await look();
    const bytes = Buffer.from(first.picture ?? "", "base64");
    expect([bytes[0], bytes[1]]).toEqual([0xff, 0xd8]);
    expect(bytes.length).toBeLessThan(200_000);
    expect(first.url).toBe(`${pages.origin}/inner.html?me`);
    const startedAt = Date.now();
    const same = await look(first.hash, 1000);
    expect(same.picture).toBeUndefined();
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(900);
    const waiting = look(first.hash, 4000);
    // The first link in the tab's order gets a ring around it.
    await act({ kind: "key", key: "Tab" });
    const next = await waiting;
    expect(next.hash).not.toBe(first.hash);
    expect(next.picture).toBeTruthy();
  });

  test("takes keys, pasted text, clicks, back and reload", async () => {
    const { browser, act } = await handOver("/inner.html?me");
    await act(
      { kind: "key", key: "Tab" },
      { kind: "text", text: "rope and " },
      { kind: "key", key: "t" },
      { kind: "key", key: "a" },
    );
    await act({ kind: "key", key: "r" }, { kind: "key", key: "Tab" }, { kind: "key", key: "Enter" });
    expect((await browser.act({ action: "snapshot" })).text).toContain("pressed rope and tar");
    await browser.ask({ action: "navigate", url: `${pages.origin}/login` });
    await act({ kind: "back" });
    await expect.poll(async () => (await browser.ask({ action: "snapshot" })).url, { timeout: 10_000 }).toContain("/inner.html");
    pages.asked.length = 0;
    await act({ kind: "reload" });
    await expect.poll(() => pages.asked, { timeout: 10_000 }).toContain("GET /inner.html");
    // A key that no keyboard has, and a place beside the page, do nothing.
    await act({ kind: "key", key: "Warp" }, ...click(1, 1));
    expect((await browser.ask({ action: "snapshot" })).url).toContain("/inner.html");
  });

  test("is followed into the window that it opens, and to no other tab", async () => {
    const { browser, look, act } = await handOver("/popups");
    await browser.ask({ action: "open", url: `${pages.origin}/login` });
    expect((await look()).url).toBe(`${pages.origin}/popups`);
    await act({ kind: "key", key: "Tab" }, { kind: "key", key: "Enter" });
    await expect.poll(async () => (await look()).url, { timeout: 10_000 }).toContain("/inner.html?");
  });

  test("is nobody else's, and nobody's before it is handed over or after its time", async () => {
    const { browser, handed } = await handOver("/inner.html?me");
    const refused = /Nothing is handed over/;
    await browser.ask({ action: "open", url: `${pages.origin}/inner.html?other` }, { sessionKey: "agent:main:other" });
    await expect(browser.watch({ handed, sessionKey: "agent:main:other" })).rejects.toThrow(refused);
    await expect(browser.watch({ handed, profile: "other" })).rejects.toThrow(refused);
    await expect(browser.hand({ handed, sessionKey: "agent:main:other", events: [{ kind: "reload" }] })).rejects.toThrow(refused);
    now = 60_001;
    await expect(browser.watch({ handed })).rejects.toThrow(refused);
  });

  test("does nothing late: what waited until the person was told that it is lost, or the tab was back, is not done", async () => {
    const { browser, act } = await handOver("/inner.html?me");
    /** Holds the browser, as another session's call may. */
    const hold = (seconds: number) =>
      browser
        .ask({ action: "act", kind: "wait", selector: "#never", seconds }, { sessionKey: "agent:main:other" })
        .catch(() => undefined);
    await browser.ask({ action: "open", url: `${pages.origin}/inner.html?other` }, { sessionKey: "agent:main:other" });
    pages.asked.length = 0;
    for (const [seconds, elapse] of [
      [13, 0],
      [2, 60_001],
    ] as const) {
      const held = hold(seconds);
      const late = act({ kind: "reload" });
      const refused = expect(late).rejects.toThrow("The browser was busy for too long; do it again.");
      await new Promise((resolve) => setTimeout(resolve, 500));
      now = elapse;
      await refused;
      await held;
    }
    now = 0;
    expect(pages.asked).toEqual([]);
    // The same in time is done.
    await act({ kind: "reload" });
    await expect.poll(() => pages.asked, { timeout: 10_000 }).toContain("GET /inner.html");
  });

  test("tells what the page asks in a window of its own, and that it was answered with no", async () => {
    const { browser, look, act } = await handOver("/dialogs");
    const before = await look();
    expect(before.asked).toBeUndefined();
    const waiting = look(before.hash, 4000);
    await act({ kind: "key", key: "Tab" }, { kind: "key", key: "Enter" });
    const next = await waiting;
    expect(next.asked).toBe("The page asked: “Delete the order?” It was answered with no.");
    expect(next.hash).not.toBe(before.hash);
    expect((await browser.act({ action: "snapshot" })).text).toContain("kept");
  });

  test("says that it is closed, and shows nothing in its place", async () => {
    const { browser, look } = await handOver("/inner.html?me");
    await browser.ask({ action: "open", url: `${pages.origin}/login` });
    await browser.ask({ action: "close", tab: "t1" });
    await expect(look()).rejects.toThrow(/handed over is closed/);
  });

  test("reaches nothing that the agent may not reach, whoever clicks", async () => {
    const trap = `http://${pages.trap.host}:${pages.trap.port}/`;
    const { browser, look, act } = await handOver(`/redirect-by-hand?to=${encodeURIComponent(trap)}`);
    await act({ kind: "key", key: "Tab" }, { kind: "key", key: "Enter" });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await look()).picture).toBeTruthy();
    expect(pages.asked.some((one) => one.includes("/redirect-by-hand"))).toBe(true);
    // It was tried, and refused.
    expect((await browser.ask({ action: "snapshot" })).notes.join(" ")).toMatch(/Blocked \d+ requests?: .*not a public address/);
    expect(pages.trap.calls).toEqual([]);
  });
});
