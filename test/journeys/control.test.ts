// The control rooms as their owner uses them, against a started Skerry: each room's main act works and is still true
// after a reload; nothing keeps anybody out; nothing of it is fetched before it is opened.
import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBarriers } from "../support/barriers.ts";
import { openProfile } from "../support/browser.ts";
import { knock } from "../support/device.ts";
import { type Operator, openOperator } from "../support/operator.ts";
import type { Skerry } from "../support/runtime.ts";
import { openVisit, type Visit } from "../support/visit.ts";
import { openChat } from "../support/webchat.ts";

let visit: Visit;
let skerry: Skerry;
let browser: Browser;
let context: BrowserContext;
let outside: string[];
let page: Page;
let complaints: string[];
let operator: Operator;

beforeAll(async () => {
  visit = await openVisit({
    async prepare(started) {
      operator = await openOperator(started);
      await say("travel", "What time is it in Oslo?", "Travel plans");
      await say("garden", "List the files in your workspace", "Garden");
    },
  });
  ({ skerry, browser, context, outside, page, complaints } = visit);
});
afterAll(async () => {
  operator?.close();
  await visit?.close();
});

async function say(name: string, text: string, label: string): Promise<void> {
  const key = `agent:main:${name}`;
  await operator.ended(key, await operator.send(key, text));
  await operator.client.request("sessions.patch", { key, label });
}

/** Opens a room as by an address typed anew: an address that differs in its "#" alone would not load the page again. */
async function openRoom(path: string, tab = page): Promise<void> {
  await tab.goto("about:blank");
  await tab.goto(`${skerry.url}/#/control/${path}`);
  await tab.locator("sk-control h1").waitFor();
}

const row = (name: string) => page.locator(".session-row").filter({ hasText: name });
const toast = (words: string) => page.locator(".toast").filter({ hasText: words }).first();

describe("the frame", () => {
  it("fetches nothing of the rooms before one is opened, and is reached by one entry at the foot of the side", async () => {
    const fetched: string[] = [];
    page.on("request", (request) => fetched.push(new URL(request.url()).pathname));
    await page.reload();
    await page.locator("#message").waitFor();
    await page.waitForLoadState("networkidle");
    const isControl = (path: string) => /control-|sessions-/.test(path);
    expect(fetched.filter(isControl)).toEqual([]);
    await page.getByRole("link", { name: "Control" }).click();
    await page.getByRole("heading", { level: 1, name: "Sessions" }).waitFor();
    expect(fetched.filter(isControl).length).toBeGreaterThan(0);
  });

  it("goes from room to room by keyboard, tells which is open, and back to the same chat", async () => {
    await openRoom("sessions");
    await page.getByRole("link", { name: "Health" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Health" }).waitFor();
    expect((await page.locator("sk-control-side [aria-current=page]").textContent())?.trim()).toBe("Health");
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
    expect(await page.title()).toBe("Health · Skerry");
    await page.getByRole("link", { name: "Chat", exact: true }).click();
    await page.locator("#message").waitFor();
  });
});

describe("sessions", () => {
  it("are found by their words", async () => {
    await openRoom("sessions");
    await row("Travel plans").waitFor();
    await page.getByLabel("Find a session").fill("garden");
    await expect.poll(() => page.locator(".session-row").count()).toBe(1);
    await page.getByLabel("Find a session").fill("nothing like it");
    await page.getByText("No session has “nothing like it” in it.").waitFor();
  });

  it("open, take a name and keep it", async () => {
    await openRoom("sessions");
    await row("Travel plans").click();
    await page.getByLabel("Name", { exact: true }).fill("Lofoten");
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByRole("heading", { level: 2, name: "Lofoten" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { level: 2, name: "Lofoten" }).waitFor();
    await row("Lofoten").waitFor();
    expect(await page.locator("sk-session-sheet .facts").textContent()).toContain("demo/demo");
  });

  it.each(["Markdown", "JSON"])("are exported whole as %s", async (form) => {
    await openRoom("sessions/agent:main:garden");
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: `Export ${form}` }).click();
    const download = await waiting;
    const text = readFileSync(await download.path(), "utf8");
    const { messages } = await operator.history("agent:main:garden");
    if (form === "JSON") {
      expect(download.suggestedFilename()).toBe("garden.json");
      expect(JSON.parse(text).messages).toEqual(JSON.parse(JSON.stringify(messages)));
    } else {
      expect(download.suggestedFilename()).toBe("garden.md");
      expect(text).toContain("List the files in your workspace");
      expect(text).toContain("SOUL.md");
    }
  });

  it("start afresh only after a yes", async () => {
    await openRoom("sessions/agent:main:garden");
    await page.getByRole("button", { name: "Start afresh…" }).click();
    await page.keyboard.press("Escape");
    expect((await operator.history("agent:main:garden")).messages.some((one) => JSON.stringify(one).includes("A new talk"))).toBe(
      false,
    );
    await page.getByRole("button", { name: "Start afresh…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Start afresh" }).click();
    await toast("A new talk begins").waitFor();
    expect(JSON.stringify((await operator.history("agent:main:garden")).messages)).toContain("A new talk begins here");
  });

  it("are deleted after saying what goes, and stay deleted", async () => {
    await openRoom("sessions/agent:main:garden");
    await page.getByRole("button", { name: "Delete…" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete “Garden”?" });
    expect(await dialog.textContent()).toContain("for good");
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Delete…" }).click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await expect.poll(() => row("Garden").count()).toBe(0);
    await page.reload();
    await row("Lofoten").waitFor();
    expect(await row("Garden").count()).toBe(0);
  });

  it("are quick and complete with 500 of them", async () => {
    for (let at = 0; at < 500; at += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, more) =>
          operator.client.request("sessions.create", { key: `many-${at + more}`, label: `Many ${at + more}` }),
        ),
      );
    }
    await openRoom("sessions");
    await page.locator(".session-row").nth(99).waitFor();
    while (await page.getByRole("button", { name: /^Show \d+ more$/ }).isVisible()) {
      const count = await page.locator(".session-row").count();
      await page.getByRole("button", { name: /^Show \d+ more$/ }).click();
      await expect.poll(() => page.locator(".session-row").count(), { timeout: 10_000 }).toBeGreaterThan(count);
    }
    expect(await page.locator(".session-row").count()).toBe(501);
    await page.getByLabel("Find a session").fill("Many 377");
    await expect.poll(() => page.locator(".session-row").count()).toBe(1);
  });
});

describe("usage", () => {
  it("counts what was used today, in words, in a chart and in a table", async () => {
    const count = async () => (await operator.client.request<{ totals: { turns: number } }>("usage.cost", {})).totals.turns;
    await expect.poll(count).toBe(2);
    await openRoom("usage");
    const turns = page.locator(".figure").filter({ hasText: "Turns" }).locator("dd");
    await expect.poll(() => turns.textContent()).toBe("2");
    await say("travel", "And in Tokyo? What time is it in Tokyo?", "Lofoten");
    await expect.poll(count).toBe(3);
    await page.reload();
    await expect.poll(() => turns.textContent(), { timeout: 10_000 }).toBe("3");
    await page.locator(".ranks li").filter({ hasText: "demo/demo" }).first().waitFor();
    const chart = page.getByRole("slider", { name: /^Days/ });
    const today = await chart.getAttribute("aria-valuetext");
    await chart.press("ArrowLeft");
    expect(await chart.getAttribute("aria-valuetext")).not.toBe(today);
    await page.getByText("As a table").first().click();
    expect(await page.locator("table").first().locator("tbody tr").count()).toBe(1);
  });

  it("shows the day's budget once there is one", async () => {
    await operator.client.request("config.patch", { patch: { agents: { defaults: { budget: { perDayUsd: 5 } } } } });
    await openRoom("usage");
    await page.getByText("Budget of the day").waitFor();
    await page.getByText("of $5.00").first().waitFor();
  });
});

describe("devices", () => {
  const device = (name: string) => page.locator("sk-devices-room .row").filter({ hasText: name });

  it("are approved, named and kept", async () => {
    await openRoom("devices");
    await knock(skerry, "Kitchen tablet");
    await page.getByRole("button", { name: "Approve Kitchen tablet" }).click({ timeout: 15_000 });
    await toast("Kitchen tablet may come in now").waitFor();
    await page.getByRole("button", { name: "Rename Kitchen tablet" }).click();
    await page.getByLabel("Name of the device").fill("Pantry tablet");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Rename Pantry tablet" }).waitFor();
    await page.reload();
    await device("Pantry tablet").waitFor();
    expect(await page.getByRole("button", { name: /^Approve/ }).count()).toBe(0);
  });

  it("get a new token, are locked out and removed, each after a yes", async () => {
    await openRoom("devices");
    const yes = (word: string) => page.getByRole("dialog").getByRole("button", { name: word }).click();
    await page.getByRole("button", { name: "New token for Pantry tablet" }).click();
    await yes("Make a new token");
    await toast("has a new token").waitFor();
    await page.getByRole("button", { name: "Lock out Pantry tablet" }).click();
    await yes("Lock out");
    await device("locked out").waitFor();
    await page.reload();
    await device("locked out").waitFor();
    await page.getByRole("button", { name: "Remove Pantry tablet" }).click();
    await yes("Remove");
    await expect.poll(() => device("Pantry tablet").count()).toBe(0);
  });

  it("that are browsers are listed, this one marked, and another is logged out by one's word", async () => {
    const { url } = await operator.client.request<{ path: string }>("auth.link", {}).then(({ path }) => ({
      url: new URL(path, skerry.url).href,
    }));
    const { context: other } = await openProfile(browser);
    const { page: elsewhere } = await openChat(other, url);
    await openRoom("devices");
    const rows = page.locator("sk-login-list .row");
    await expect.poll(() => rows.count(), { timeout: 10_000 }).toBeGreaterThan(1);
    expect(await rows.filter({ hasText: "this browser" }).count()).toBe(1);
    expect(await rows.first().innerText()).toMatch(/Chrome on Linux[\s\S]*logged in[\s\S]*from this machine/);
    const before = await rows.count();
    await page.getByRole("button", { name: "Log out Chrome on Linux" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Log out" }).click();
    await toast("is logged out").waitFor();
    await expect.poll(() => rows.count()).toBe(before - 1);
    await elsewhere.locator("sk-login").waitFor();
    await other.close();
  });

  it("are turned away", async () => {
    await knock(skerry, "Stranger");
    await openRoom("devices");
    await page.getByRole("button", { name: "Reject Stranger" }).click({ timeout: 15_000 });
    await toast("Stranger was turned away").waitFor();
    await page.reload();
    await page.getByText("Nobody asks.").waitFor();
  });

  it("log in by a link that works once, with a code to scan", async () => {
    await openRoom("devices");
    await page.getByRole("button", { name: "Make a login link" }).click();
    await page.getByRole("img", { name: "The login link as a QR code" }).waitFor();
    const address = await page.getByLabel("Open this, or scan the code with a phone").inputValue();
    const { context: other } = await openProfile(browser);
    const { page: second } = await openChat(other, address);
    expect(second.url()).not.toContain("code=");
    await other.close();
    await page.reload();
    await page.getByRole("button", { name: "Make a login link" }).waitFor();
    expect(await page.content()).not.toContain(address);
  });
});

describe("health", () => {
  it("says version, model and who is connected", async () => {
    await openRoom("health");
    const { version } = await operator.client.request<{ version: string }>("status", {});
    await page.locator(".part").filter({ hasText: version }).waitFor();
    await page.locator(".part").filter({ hasText: "demo/demo" }).waitFor();
    await page.locator(".row").filter({ hasText: "this page" }).waitFor();
  });

  it("counts what is stored", async () => {
    const { storage } = await operator.client.request<{ storage: { directory: { sessions: number } } }>("health", {
      probe: true,
    });
    const sessions = page.locator("[aria-labelledby=health-storage] .part").filter({ hasText: /^\s*Sessions/ });
    await expect.poll(() => sessions.innerText()).toMatch(new RegExp(`${storage.directory.sessions} kept, [\\d.]+ [kM]B`));
    await page.locator(".part").filter({ hasText: "Nothing waits to be sent" }).waitFor();
  });

  it("follows the log, stands still when paused, and picks by level and words", async () => {
    await openRoom("health");
    const lines = page.locator(".log-line");
    await lines.first().waitFor();
    const before = await lines.count();
    (await openOperator(skerry)).close();
    await expect.poll(() => lines.count(), { timeout: 10_000 }).toBeGreaterThan(before);
    await page.getByRole("button", { name: "Pause" }).click();
    const paused = await lines.count();
    (await openOperator(skerry)).close();
    await page.waitForTimeout(2_500);
    expect(await lines.count()).toBe(paused);
    await page.getByRole("button", { name: "Go on" }).click();
    await expect.poll(() => lines.count()).toBeGreaterThan(paused);
    await page.getByLabel("Find in the log").fill("no line has this");
    await page.getByText("No line fits.").waitFor();
    await page.getByLabel("Find in the log").fill("");
    await page.getByLabel("Show", { exact: true }).selectOption("error");
    await expect.poll(() => page.locator(".log-line.log-info").count()).toBe(0);
  });
});

describe("for everybody", () => {
  const rooms = ["sessions", "sessions/agent:main:travel", "usage", "devices", "health"];

  it.each(["light", "dark"] as const)("has no serious barriers, %s", async (colorScheme) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const room of rooms) {
      await openRoom(room);
      await page.locator(".section:visible, .session-row:visible, .facts:visible").first().waitFor();
      await page.waitForTimeout(700);
      expect(await findBarriers(page), room).toEqual([]);
    }
    await openRoom("sessions/agent:main:travel");
    await page.getByRole("button", { name: "Delete…" }).click();
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press("Escape");
  });

  it("fits a phone: the rooms are a drawer, and nothing is wider than the screen", async () => {
    const { context: phone } = await openProfile(browser, {
      storageState: await context.storageState(),
      viewport: { width: 390, height: 844 },
      isMobile: true,
      hasTouch: true,
    });
    const small = await phone.newPage();
    for (const room of rooms) {
      await openRoom(room, small);
      await small.locator(".section:visible, .session-row:visible, .facts:visible").first().waitFor();
      expect(await small.evaluate(() => document.documentElement.scrollWidth), room).toBeLessThanOrEqual(390);
    }
    await small.getByRole("button", { name: "Control rooms" }).tap();
    await small.locator("sk-control-side.is-open").waitFor();
    await small.getByRole("link", { name: "Usage" }).tap();
    await small.getByRole("heading", { level: 1, name: "Usage" }).waitFor();
    await expect.poll(() => small.locator("sk-control-side.is-open").count()).toBe(0);
    await phone.close();
  });

  it("said nothing to the console and asked nothing of the outside", () => {
    expect(complaints).toEqual([]);
    expect(outside).toEqual([]);
  });
});
