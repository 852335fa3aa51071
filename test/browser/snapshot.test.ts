// What a model reads of a page, in a real Chromium: its forms, its bounds, its refs; and pages that try to be something else.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { BrowserInput } from "../../src/contract/home/browser.ts";
import { type HomeBrowser, openHomeBrowser } from "../support/browser-home.ts";
import { refOf } from "../support/browser-journey.ts";
import { type Pages, servePages } from "../support/browser-pages.ts";

// A real browser on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let pages: Pages;
let browser: HomeBrowser;
beforeAll(async () => {
  pages = await servePages();
  browser = openHomeBrowser({ allowedHosts: pages.hosts });
});
afterAll(async () => {
  await browser.close();
  await pages.close();
});

const act = (input: Omit<BrowserInput, "action">) => browser.act({ action: "act", ...input });
const show = async (input: Partial<BrowserInput> = {}) => (await browser.act({ action: "snapshot", ...input })).text;
const go = async (path: string) => (await browser.act({ action: "navigate", url: `${pages.origin}${path}` })).text;

describe("refs", () => {
  test("are the same in every form and for as long as the page lives, and die with it", async () => {
    const first = await go("/live.html");
    const ref = refOf(first, '"Alert"');
    for (const mode of ["compact", "full", "interactive"] as const) expect(refOf(await show({ mode }), '"Alert"')).toBe(ref);
    const next = await go("/live.html");
    expect(refOf(next, '"Alert"')).not.toBe(ref);
    await expect(act({ kind: "click", ref })).rejects.toThrow(/is not on this page \(any more\).*Take a new snapshot/);
  });

  test("of an element that a script took away say so", async () => {
    const page = await go("/login");
    const fine = refOf(page, '"Fine"');
    await act({ kind: "click", ref: fine });
    await expect(act({ kind: "click", ref: fine })).rejects.toThrow(/new snapshot/);
  });

  test("that nobody gave, and selectors that are none or match nothing, are told", async () => {
    await expect(act({ kind: "click", ref: "e99999" })).rejects.toThrow(/Take a new snapshot/);
    await expect(act({ kind: "click", selector: "]][[" })).rejects.toThrow(/no CSS selector/);
    await expect(act({ kind: "click", selector: "#nothing" })).rejects.toThrow(/Nothing on the page matches/);
  });
});

describe("a snapshot", () => {
  test("can be narrowed by words, depth, part and size, and says what it left out", async () => {
    await go("/live.html");
    const whole = await show();
    const few = await show({ query: "entry 7" });
    expect(few).toContain("entry 7");
    expect(few).not.toContain("entry 8");
    expect((await show({ selector: "nav" })).split("\n").filter((line) => line.includes("link"))).toHaveLength(2);
    expect((await show({ mode: "interactive" })).length).toBeLessThan(whole.length);
    const cut = await show({ maxChars: 300 });
    expect(cut).toMatch(/Cut after \d+ of \d+ lines/);
    expect(cut.length).toBeLessThan(700);
  });

  test("tells only what has changed when it is asked to", async () => {
    const page = await go("/inner.html?diff");
    await show();
    expect(await show({ diff: true })).toContain("Nothing has changed");
    await act({ kind: "type", ref: refOf(page, '"Word"'), text: "tide" });
    const changed = await act({ kind: "click", ref: refOf(page, '"Press me"') });
    expect(changed.text).toMatch(/^\+.*pressed tide/m);
    expect(changed.text).not.toContain("+- I am");
  });

  test("of a page that is slow is taken when it is there", async () => {
    expect(await go("/slow?ms=1500")).toContain("Slow but here");
  });
});

describe("a page that means harm", () => {
  test("cannot write refs of its own, nor lines of its own", async () => {
    await go("/hostile.html");
    const text = await show({ mode: "full" });
    expect(text).not.toContain("[e999]");
    // What it wrote as a line of ours stands inside a line, never at the head of one.
    expect(text.split("\n").filter((line) => /^\s*- button "(Pay|Send money)"/.test(line))).toEqual([]);
    const fine = /\[(e\d+)\]/.exec(text.split("\n").find((line) => /^\s*- button/.test(line)) ?? "")?.[1];
    expect(fine).toBeDefined();
    await expect(act({ kind: "click", ref: "e999" })).rejects.toThrow(/Take a new snapshot/);
  });

  test("cannot be clicked through what it lays over its buttons", async () => {
    const text = await go("/hostile.html");
    await expect(act({ kind: "click", ref: refOf(text, '"Covered"') })).rejects.toThrow(/is covered by <div id=cover>/);
  });

  test("cannot change what our scripts rely on", async () => {
    await go("/hostile.html");
    await browser.act({ action: "screenshot", selector: "#cover-me" });
    expect((await browser.act({ action: "tabs" })).text).not.toContain("caught");
  });

  test("that nests frames without end is read as far as the outermost", async () => {
    const text = await go("/frame-bomb");
    const all = text + (await show());
    expect(all).toContain("Deeper and deeper");
    expect(all.length).toBeLessThan(30_000);
    expect(await go("/inner.html?after")).toContain("Press me");
  });

  test("of 50,000 elements costs only so much", async () => {
    const before = Date.now();
    const text = await go("/huge");
    expect(text).toContain("very large");
    expect(text).toContain('button "First"');
    expect(text.length).toBeLessThan(7000);
    expect((await show()).length).toBeLessThan(21_000);
    expect(Date.now() - before).toBeLessThan(60_000);
  });

  test("cannot keep us: it is left although it asks to stay", async () => {
    const text = await go("/stay");
    await act({ kind: "click", ref: refOf(text, "Touch me") });
    expect(await go("/inner.html?left")).toContain("Press me");
  });

  test("that hangs is told, and does not hang its neighbours", async () => {
    const text = await go("/hang");
    const { text: tab } = await browser.act({ action: "tabs" });
    const hung = /(t\d+) \(current\)/.exec(tab)?.[1] ?? "";
    await expect(act({ kind: "click", ref: refOf(text, '"Hang"') })).rejects.toThrow(/did not answer|hang/);
    expect((await browser.act({ action: "open", url: `${pages.origin}/inner.html?neighbour` })).text).toContain("Press me");
    await browser.act({ action: "close", tab: hung });
  }, 90_000);
});
