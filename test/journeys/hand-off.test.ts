// A login by the owner's own hands, through a started Skerry: the agent hands a tab over, a second real browser opens the link, logs in
// through the picture by places and keys, presses Done, and the agent goes on behind the login. In the browser of a machine at home
// that has no display, and in the one behind the Worker's binding.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { BrowserInput } from "../../src/contract/home/browser.ts";
import { launchBrowser, openProfile } from "../support/browser.ts";
import { ORDERS, type Pages, SHOP_LOGIN, servePages } from "../support/browser-pages.ts";
import type { CallResult, DrivenAgent } from "../support/driven-agent.ts";
import { openDrivenBrowser } from "../support/driven-browser.ts";
import { judge, openLooks } from "../support/screens.ts";
import { openChat } from "../support/webchat.ts";

// Two real browsers on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const SESSION = "agent:main:main";
const PATIENCE = { timeout: 30_000 };
let pages: Pages;
let agent: DrivenAgent;
let owner: Browser;
const viewers: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  pages = await servePages();
  owner = await launchBrowser();
  agent = await openDrivenBrowser(pages);
  // Links lead to where the owner opened the page.
  const { context } = await openProfile(owner);
  await openChat(context, agent.skerry.loginLink);
  await context.close();
});
afterEach(async () => {
  for (const viewer of viewers.splice(0)) await viewer.close();
});
afterAll(async () => {
  await owner?.close();
  await agent?.close();
  await pages?.close();
});

const browse = (input: Partial<BrowserInput>) => agent.call("browser", input);
const known = new Set<string>();

/** The agent hands over; `end` is what the call comes to. */
async function handOver(where: "home" | "edge"): Promise<{ link: string; end: Promise<CallResult> }> {
  const end = browse({ action: "handoff", text: "Please log in to the shop.", where });
  end.catch(() => undefined);
  const find = async () => {
    const said = JSON.stringify(await agent.operator.history(SESSION));
    return [...said.matchAll(/http:\/\/[\w.:]+\/browser\/[\w-]+/g)].map(([one]) => one).find((one) => !known.has(one));
  };
  await expect.poll(find, PATIENCE).toBeDefined();
  const link = (await find()) ?? "";
  known.add(link);
  return { link, end };
}

/** The owner opens the link on a device of theirs that never logged in. */
async function open(link: string, options = {}): Promise<Page> {
  const { context } = await openProfile(owner, options);
  viewers.push(context);
  const page = await context.newPage();
  await page.goto(link);
  return page;
}

const address = (page: Page) => page.locator(".handed-address").textContent();

/** Where an element stands in a page that is looked at in the size of the picture; as parts of it. */
async function placeOf(page: Page, url: string, selector: string): Promise<{ x: number; y: number }> {
  const size = await page.locator(".handed-picture").evaluate((image) => {
    const { naturalWidth: width, naturalHeight: height } = image as HTMLImageElement;
    return { width, height };
  });
  const { context } = await openProfile(owner, { viewport: size });
  try {
    const copy = await context.newPage();
    await copy.goto(url);
    const box = await copy.locator(selector).boundingBox();
    if (!box) throw new Error(`${selector} is not on the page.`);
    return { x: (box.x + box.width / 2) / size.width, y: (box.y + box.height / 2) / size.height };
  } finally {
    await context.close();
  }
}

interface Place {
  x: number;
  y: number;
}

async function onScreen(page: Page, { x, y }: Place): Promise<[number, number]> {
  const box = await page.locator(".handed-picture").boundingBox();
  if (!box) throw new Error("There is no picture.");
  return [box.x + box.width * x, box.y + box.height * y];
}

const clickAt = async (page: Page, place: Place) => page.mouse.click(...(await onScreen(page, place)));
const tapAt = async (page: Page, place: Place) => page.touchscreen.tap(...(await onScreen(page, place)));

const ask = (link: string, path: string, init: RequestInit = {}) => fetch(`${link}${path}`, init);

describe.each(["home", "edge"] as const)("a tab of the browser at %s, in the owner's hands", (where) => {
  it("is logged in to by places and keys, given back, and used by the agent behind the login", async () => {
    await browse({ action: "open", url: `${pages.origin}/shop/orders`, where });
    const { link, end } = await handOver(where);
    const page = await open(link);
    await page.locator(".handed-picture").waitFor({ state: "visible", ...PATIENCE });
    expect(await page.locator(".handed-wish").textContent()).toBe("Please log in to the shop.");
    expect(await page.locator(".handed-left").textContent()).toMatch(/^(10:00|9:\d\d) left$/);
    await expect.poll(() => address(page), PATIENCE).toBe(`${pages.origin}/login`);

    // A second device sees the same.
    const second = await open(link, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await expect.poll(() => address(second), PATIENCE).toBe(`${pages.origin}/login`);

    // By mouse and keys at a desk, or by a finger and the phone's own keyboard.
    const [hands, touch] = where === "home" ? [page, clickAt] : [second, tapAt];
    await touch(hands, await placeOf(page, `${pages.origin}/login`, "[name=name]"));
    if (hands === second) await second.getByRole("button", { name: "Keyboard" }).tap();
    await hands.keyboard.type(SHOP_LOGIN.name);
    await hands.keyboard.press("Tab");
    // As a password manager or a paste brings it: whole.
    await hands.keyboard.insertText(SHOP_LOGIN.password);
    await hands.keyboard.press("Enter");
    await expect.poll(() => address(page), PATIENCE).toBe(`${pages.origin}/shop/orders`);
    await expect.poll(() => address(second), PATIENCE).toBe(`${pages.origin}/shop/orders`);

    await page.getByRole("button", { name: "Done" }).click();
    await page.getByText("the browser is the agent's again").waitFor(PATIENCE);
    expect(await page.locator(".handed-picture").isVisible()).toBe(false);
    const { text } = await end;
    expect(text).toContain("The person is done and gave the browser back.");
    expect(text).not.toContain("/browser/");
    const seen = await browse({ action: "snapshot", where });
    for (const row of ORDERS) expect(seen.text).toContain(row.join(" | "));
    // What the owner typed is nobody's to read.
    expect(JSON.stringify(await agent.operator.history(SESSION))).not.toContain(SHOP_LOGIN.password);

    // The other device is told, and the link is worth nothing any more.
    await second.getByText("This page was handed back").waitFor(PATIENCE);
    expect((await ask(link, "/frame")).status).toBe(410);
    expect((await ask(link, "/done", { method: "POST" })).status).toBe(410);
    const events = JSON.stringify([{ kind: "reload" }]);
    expect((await ask(link, "/input", { method: "POST", body: events })).status).toBe(410);
    await browse({ action: "profiles", op: "clear", where });
    await agent.say("You have three orders.");
  });

  it("stands at the width of a desk and of a phone, light and dark", async () => {
    await browse({ action: "open", url: `${pages.origin}/dialogs?${"a-long-address-".repeat(20)}`, where });
    const { link, end } = await handOver(where);
    const { looks, complaints } = await openLooks(owner, link);
    for (const { page } of looks) viewers.push(page.context());
    for (const look of looks) {
      await look.page.locator(".handed-picture").waitFor({ state: "visible", ...PATIENCE });
      expect(await judge(look, `handed-${where}`)).toEqual([]);
    }
    // What the page asks in a window of its own is in no picture: it is said, for a while.
    for (const look of looks) {
      const body = JSON.stringify(["Tab", "Enter"].map((key) => ({ kind: "key", key })));
      expect((await ask(link, "/input", { method: "POST", body })).status).toBe(200);
      await look.page.getByText("asked: “Delete the order?” It was answered with no.").waitFor(PATIENCE);
      expect(await judge(look, `handed-asked-${where}`)).toEqual([]);
    }
    expect(complaints).toEqual([]);
    await looks[0]?.page.getByRole("button", { name: "Done" }).click();
    await end;
    for (const look of looks) {
      await look.page.locator("body.is-over").waitFor(PATIENCE);
      expect(await judge(look, `handed-back-${where}`)).toEqual([]);
    }
    await agent.say("Thank you.");
  });

  it("is let go of when the owner writes something else", async () => {
    await browse({ action: "open", url: `${pages.origin}/login`, where });
    const { link, end } = await handOver(where);
    await expect.poll(async () => (await ask(link, "/frame")).status, PATIENCE).toBe(200);
    await agent.operator.send(SESSION, "Leave it.");
    await end;
    const said = JSON.stringify(await agent.operator.history(SESSION));
    expect(said).toContain("The person wrote something while they had the browser");
    expect((await ask(link, "/frame")).status).toBe(410);
    await agent.say("As you like.");
  });
});

describe("the door of the page", () => {
  it("shows the same page to whoever knocks, shut in and kept nowhere, and nothing of a browser", async () => {
    const page = await fetch(`${agent.skerry.url}/browser/none`);
    expect(page.status).toBe(200);
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
    expect(page.headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    const guest = await open(`${agent.skerry.url}/browser/none`);
    await guest.getByText("handed back, or its time is up").waitFor(PATIENCE);
    expect(await guest.locator(".handed-picture").isVisible()).toBe(false);
  });

  it("takes nothing from other pages, nothing that cannot be read, and nothing that is too large", async () => {
    await browse({ action: "open", url: `${pages.origin}/login`, where: "edge" });
    const { link, end } = await handOver("edge");
    await expect.poll(async () => (await ask(link, "/frame")).status, PATIENCE).toBe(200);
    const foreign = { method: "POST", headers: { origin: "https://evil.example" } };
    expect((await ask(link, "/done", foreign)).status).toBe(403);
    expect((await ask(link, "/frame", { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
    for (const body of ["", "x", "[]", '[{"kind":"down","x":2,"y":0}]', '[{"kind":"evaluate","text":"1"}]', " ".repeat(70_000)]) {
      expect((await ask(link, "/input", { method: "POST", body })).status).toBe(400);
    }
    const forged = `${link.slice(0, -6)}AAAAAA`;
    expect((await ask(forged, "/frame")).status).toBe(410);
    expect((await ask(forged, "/done", { method: "POST" })).status).toBe(410);
    // None of it ended the hand-off.
    expect((await ask(link, "/done", { method: "POST" })).status).toBe(200);
    expect((await end).text).toContain("The person is done");
    await agent.say("Thank you.");
  });
});
