// A person takes over in a window of this machine, on a real X display: the window opens with the page, what they type there with a
// real keyboard is the page's, and the agent finds it done.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type HomeBrowser, openHomeBrowser } from "../../support/browser-home.ts";
import { ORDERS, type Pages, SHOP_LOGIN, servePages } from "../../support/browser-pages.ts";
import { type Display, openDisplay, skipWindows } from "../../support/display.ts";

// A real browser on a machine that may be busy, and perhaps an installation.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });

const reason = skipWindows();
const WHERE = `() => { const { x, y, width, height } = document.querySelector("[name=name]").getBoundingClientRect();
  return [screenX + (outerWidth - innerWidth) / 2 + x + width / 2, screenY + outerHeight - innerHeight + y + height / 2].map(Math.round).join(" "); }`;

describe.skipIf(reason !== undefined)("a window on this machine", () => {
  let pages: Pages;
  let display: Display;
  let browser: HomeBrowser;

  beforeAll(async () => {
    pages = await servePages();
    display = await openDisplay();
    const { WAYLAND_DISPLAY: _none, ...environment } = process.env;
    browser = openHomeBrowser({ allowedHosts: pages.hosts, environment: { ...environment, DISPLAY: display.name } });
  });
  afterAll(async () => {
    await browser?.close();
    display?.close();
    await pages?.close();
  });

  test("opens for a hand-off, and takes what is typed there", async () => {
    await browser.ask({ action: "open", url: `${pages.origin}/popups` });
    await browser.ask({ action: "open", url: `${pages.origin}/login` });
    const windows = () => {
      try {
        return display.do("search", "--onlyvisible", "--name", "Tidewater").split("\n").filter(Boolean);
      } catch {
        // It fails when it finds none.
        return [];
      }
    };
    expect(windows()).toEqual([]);
    const { notes, tab, handed } = await browser.ask({ action: "handoff", tab: "t2", seconds: 120 });
    expect(notes.join(" ")).toContain("in a window of the browser on");
    expect(handed).toBeUndefined();
    expect((await browser.ask({ action: "snapshot", tab })).url).toContain("/login");
    await expect.poll(windows, { timeout: 30_000 }).not.toEqual([]);

    const policy = { allowedHosts: pages.hosts, allowedDomains: [], mayEvaluate: true };
    const { content = "" } = await browser.ask({ action: "evaluate", text: WHERE }, { policy });
    const [x = "", y = ""] = content.split(" ");
    // Nobody manages windows here: the one in front gets the keys when it is told so.
    display.do("windowfocus", windows()[0] ?? "");
    display.do("mousemove", x, y, "click", "1");
    display.do("type", "--delay", "30", SHOP_LOGIN.name);
    display.do("key", "Tab");
    display.do("type", "--delay", "30", SHOP_LOGIN.password);
    display.do("key", "Return");
    await expect.poll(() => pages.asked, { timeout: 30_000 }).toContain("GET /shop/orders");
    const seen = await browser.act({ action: "snapshot" });
    for (const row of ORDERS) expect(seen.text).toContain(row.join(" | "));
  });
});
