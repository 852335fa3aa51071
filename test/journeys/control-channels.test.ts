// Channels and people in the page: a bot is connected, strangers wait and are answered by the owner, accounts are linked,
// groups are heard, and the bot is taken away again. A started Skerry, a browser, Telegram's Bot API of our own.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { CHANNEL_FACTS } from "../../src/contract/channels/facts.ts";
import { findBarriers } from "../support/barriers.ts";
import { tabTo } from "../support/keyboard.ts";
import type { Skerry } from "../support/runtime.ts";
import { TelegramServer } from "../support/telegram/server.ts";
import { person, post, type TelegramPerson } from "../support/telegram/updates.ts";
import { modelEnv, openVisit, startTaughtModel, type TaughtModel, type Visit } from "../support/visit.ts";
import { Wire } from "../support/wire.ts";

const GROUP = -1_001_234_567_890;
const PATIENCE = { timeout: 30_000, interval: 50 };

let telegram: TelegramServer;
let wire: Wire;
let taught: TaughtModel;
let visit: Visit;
let skerry: Skerry;
let page: Page;
const frames: string[] = [];
let [olga, gus, eve, phone]: TelegramPerson[] = [];

beforeAll(async () => {
  [telegram, taught] = await Promise.all([TelegramServer.start(), startTaughtModel()]);
  wire = await Wire.start(Number(new URL(telegram.url).port));
  [olga, gus, eve, phone] = ["Olga", "Gus", "Eve", "Olga at sea"].map((name, at) => person(telegram, 1001 + at, name));
  visit = await openVisit({
    model: taught.model,
    env: { ...modelEnv(taught.model), SKERRY_MODEL: "anthropic/claude-opus-4-6", TELEGRAM_API_ROOT: wire.url },
    profile: { viewport: { width: 1440, height: 900 }, permissions: ["clipboard-read", "clipboard-write"] },
    prepare(_skerry, profile) {
      profile.on("page", (opened) => {
        opened.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
      });
    },
  });
  ({ skerry, page } = visit);
});
afterAll(async () => {
  await visit?.close();
  await wire?.stop();
  await telegram?.stop();
});

async function open(room: string): Promise<void> {
  await page.evaluate((place) => {
    location.hash = `#/control/${place}`;
  }, room);
}

/** As Telegram delivers it, with the secret it was given. */
async function hear(update: unknown): Promise<void> {
  const answer = await post(`${skerry.url}/channels/telegram`, update, telegram.webhook.secret_token ?? null);
  expect(answer.status).toBe(200);
}

async function says(who: TelegramPerson | undefined, text: string, chat?: number): Promise<void> {
  if (!who) throw new Error("Nobody of that name.");
  await hear(chat === undefined ? who.writes(text) : who.writes(text, chat));
}

const shown = (who: TelegramPerson | undefined) => telegram.texts(who?.chat ?? 0);
const waits = () => page.locator("sk-request-row");
const count = () => page.locator("sk-control-side .side-count");
const known = (name: string) => page.locator("sk-person-row").filter({ has: page.locator(".row-title", { hasText: name }) });

describe("a channel that is not connected", () => {
  it("is found among those that can be added, and says what it needs", async () => {
    await open("channels");
    await page.getByText("None yet. Choose one below").waitFor();
    expect(await page.locator(".channel-choices li").count()).toBe(CHANNEL_FACTS.length);
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("link", { name: "Telegram" }).click();
    await page.getByText("Write /newbot to @BotFather").waitFor();
    await page.getByText("is known on this machine or network only").waitFor();
    expect(await page.getByLabel("Webhook secret").count()).toBe(0);
    expect(await findBarriers(page)).toEqual([]);
  });

  it("refuses a wrong token in a sentence, and keeps nothing of it", async () => {
    await page.getByLabel("Bot token").fill("7000000001:AAwrong");
    await page.getByRole("button", { name: "Test and connect" }).click();
    const said = page.getByRole("alert");
    await said.getByText("Telegram does not know this token; copy it again from @BotFather. Nothing was kept.").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await open("channels");
    await page.getByText("None yet. Choose one below").waitFor();
  });
});

describe("a channel that is connected", () => {
  it("by the keyboard alone: the token is tried, kept and never shown, the webhook is set", async () => {
    await page.reload();
    await page.locator(".channel-choices").waitFor();
    await tabTo(page, /^Telegram$/);
    await page.keyboard.press("Enter");
    await page.getByLabel("Bot token").waitFor();
    await tabTo(page, /^Bot token$/);
    await page.keyboard.type(telegram.token);
    await tabTo(page, /^Address of this Skerry/);
    await page.keyboard.type(skerry.url);
    await page.keyboard.press("Enter");
    await page.getByText(`Telegram sends updates to ${skerry.url}/channels/telegram.`).waitFor();
    await page.getByText(`Telegram answers: @${telegram.bot.username}`).waitFor();
    expect(telegram.webhook.url).toBe(`${skerry.url}/channels/telegram`);
    expect(telegram.webhook.secret_token).toMatch(/^[\w-]{20,}$/);
    expect(await page.content()).not.toContain(telegram.token);
    expect(frames.join("\n")).not.toContain(telegram.token);
    expect(frames.join("\n")).not.toContain(telegram.webhook.secret_token);
    expect(await findBarriers(page)).toEqual([]);
  });

  it("names its address to be copied, and answers a test", async () => {
    await page.getByRole("button", { name: "Copy the webhook’s address" }).click();
    await page.getByText("The address is copied.").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${skerry.url}/channels/telegram`);
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText(`Telegram answers: @${telegram.bot.username}, webhook at ${skerry.url}`).waitFor();
  });

  it("stands in the list, and says so when its keys are refused later", async () => {
    telegram.fail({ method: "getMe", status: 502 });
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.locator(".step-failed").waitFor();
    await open("channels");
    await page.locator(".channel-row", { hasText: "Telegram" }).getByText("needs a look").waitFor();
    await page.locator(".channel-row", { hasText: "Telegram" }).click();
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText(`Telegram answers: @${telegram.bot.username}`).waitFor();
    await page.getByRole("heading", { name: "Telegram connected" }).waitFor();
  });
});

describe("a stranger who writes", () => {
  it("is counted at the side and stands in the room, live, with the code they were told", async () => {
    await open("people");
    await page.getByText("Nobody waits.").waitFor();
    expect(await count().count()).toBe(0);
    await says(olga, "Hello?");
    await waits().getByText("Olga").first().waitFor();
    await expect.poll(() => count().textContent()).toContain("1");
    await vi.waitFor(() => expect(shown(olga)).toHaveLength(1), PATIENCE);
    const code = (await waits().locator(".code-word").textContent()) ?? "";
    expect(shown(olga)[0]).toContain(code);
    expect(await findBarriers(page)).toEqual([]);
  });

  it("is approved as the owner, is told, and answered from then on", async () => {
    expect(await waits().getByRole("combobox").inputValue()).toBe("owner");
    await tabTo(page, /^Approve Olga$/);
    await page.keyboard.press("Enter");
    await page.getByText("Nobody waits.").waitFor();
    await expect.poll(() => count().count()).toBe(0);
    await known("Olga").getByText("owner", { exact: true }).waitFor();
    await vi.waitFor(() => expect(shown(olga).at(-1)).toBe("You are let in: write whenever you like."), PATIENCE);
    taught.teach("what can you do", { say: "A great deal." });
    await says(olga, "So, what can you do?");
    await vi.waitFor(() => expect(shown(olga).at(-1)).toBe("A great deal."), PATIENCE);
  });

  it("is turned down: no word to them, no code for an hour", async () => {
    await says(eve, "Let me in");
    await waits().getByText("Eve").first().waitFor();
    expect(await waits().getByRole("combobox").inputValue()).toBe("guest");
    await page.getByRole("button", { name: "Reject Eve" }).click();
    await page.getByText("Nobody waits.").waitFor();
    await says(eve, "Let me in!");
    expect(shown(eve)).toHaveLength(1);
  });

  it("leaves a line in the log, as does the owner’s answer", async () => {
    const line = (name: string) => page.locator(".door-line").filter({ hasText: name });
    await page.reload();
    await line("Olga").getByText("let in", { exact: true }).waitFor();
    await line("Eve").getByText("turned down", { exact: true }).first().waitFor();
    await line("Eve").getByText("The sender was turned down within the hour.").waitFor();
    await page.getByRole("button", { name: "Your answers" }).click();
    await expect.poll(() => page.locator(".door-line").count()).toBe(2);
    await page.getByLabel("Find in the log").fill("olga");
    await expect.poll(() => page.locator(".door-line").count()).toBe(1);
    expect(await page.content()).not.toContain("Let me in!");
  });
});

describe("people who are known", () => {
  it("go on in the same talk on another account that is approved as theirs", async () => {
    await says(phone, "It is me, from the boat");
    await waits().getByText("Olga at sea").first().waitFor();
    await waits().getByRole("combobox").selectOption("owner");
    await page.getByRole("button", { name: "Approve Olga at sea" }).click();
    await known("Olga").getByText("1004").waitFor();
    taught.teach("and now", { say: "Now we go on." });
    await says(phone, "and now?");
    await vi.waitFor(() => expect(shown(phone).at(-1)).toBe("Now we go on."), PATIENCE);
    expect(JSON.stringify(taught.model.requests.at(-1)?.body["messages"])).toContain("A great deal.");
  });

  it("are taken apart, linked again, and renamed", async () => {
    await page.getByRole("button", { name: "Unlink Telegram 1004" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Unlink" }).click();
    await known("Olga at sea").waitFor();
    await page.getByRole("button", { name: "Rename Olga at sea" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Olga’s boat");
    await page.keyboard.press("Enter");
    await known("Olga’s boat").waitFor();
    await page.getByRole("button", { name: "Link Olga’s boat with somebody" }).click();
    await page.getByLabel("The same person as").selectOption("owner");
    await known("Olga’s boat").getByRole("button", { name: "Link…", exact: true }).last().click();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("dialog").getByRole("button", { name: "Link them" }).click();
    await expect.poll(() => known("Olga’s boat").count()).toBe(0);
    await known("Olga").getByText("1004").waitFor();
  });

  it("are blocked and unblocked: not a word is heard in between", async () => {
    await says(gus, "Hi");
    await page.getByRole("button", { name: "Approve Gus" }).click();
    await known("Gus").waitFor();
    await page.getByRole("button", { name: "Block Telegram 1002" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
    await expect.poll(() => known("Gus").count()).toBe(0);
    const before = taught.model.requests.length;
    await says(gus, "Do you hear me?");
    await page.reload();
    await page.locator(".door-line", { hasText: "The sender is blocked." }).waitFor();
    expect(taught.model.requests).toHaveLength(before);
    await page.getByRole("button", { name: "Unblock Gus" }).click();
    await page.getByText("Gus may ask again.").waitFor();
  });

  it("share talks as one chooses", async () => {
    await page.getByLabel("Who shares a talk").selectOption("per-channel-peer");
    await page.getByText("Applied; it holds from the next message on.").first().waitFor();
    await expect.poll(() => page.getByLabel("Who shares a talk").isEnabled()).toBe(true);
    await page.getByText("Nothing is shared").waitFor();
    await page.getByLabel("Who shares a talk").selectOption("");
    await page.getByText("Each person their own").first().waitFor({ state: "attached" });
  });
});

describe("a group", () => {
  it("that somebody wrote in is listed, and heard once it is switched on", async () => {
    await says(olga, `@${telegram.bot.username} are you there?`, GROUP);
    await open("channels/telegram");
    const heard = page.getByRole("switch", { name: "Heard in Sailing club" });
    await heard.waitFor();
    expect(await heard.getAttribute("aria-checked")).toBe("false");
    expect(telegram.shown(GROUP)).toEqual([]);
    await heard.click();
    await expect.poll(() => heard.getAttribute("aria-checked")).toBe("true");
    expect(await findBarriers(page)).toEqual([]);
    taught.teach("and now here", { say: "Here I am." });
    await says(olga, `@${telegram.bot.username} and now here?`, GROUP);
    await vi.waitFor(() => expect(telegram.texts(GROUP).at(-1)).toBe("Here I am."), PATIENCE);
  });

  it("is answered in without being spoken to, when one wants that", async () => {
    await page.getByLabel("What is answered in Sailing club").selectOption("always");
    await expect.poll(() => page.getByLabel("What is answered in Sailing club").isEnabled()).toBe(true);
    taught.teach("nobody in particular", { say: "I heard that." });
    await says(olga, "I ask nobody in particular.", GROUP);
    await vi.waitFor(() => expect(telegram.texts(GROUP).at(-1)).toBe("I heard that."), PATIENCE);
    await page.getByRole("switch", { name: "Heard in Sailing club" }).click();
    await expect
      .poll(() => page.getByRole("switch", { name: "Heard in Sailing club" }).getAttribute("aria-checked"))
      .toBe("false");
  });

  it("and strangers are under the policies one chooses; letting everybody in is asked about", async () => {
    await page.getByLabel("Directly").selectOption("open");
    await page.getByRole("dialog").getByText("on your bill").waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByLabel("Directly").inputValue()).toBe("pairing");
    await page.getByLabel("Directly").selectOption("allowlist");
    await page.getByLabel("Senders who need no code").fill("1002\n1003");
    await page.getByRole("button", { name: "Save the list" }).click();
    await expect.poll(() => page.getByRole("button", { name: "Save the list" }).isEnabled()).toBe(true);
    taught.teach("listed now", { say: "Listed." });
    await says(eve, "Am I listed now?");
    await vi.waitFor(() => expect(shown(eve).at(-1)).toBe("Listed."), PATIENCE);
  });
});

describe("a channel that is taken away", () => {
  it("says what is lost, tells the platform, and is not there any more", async () => {
    await page.getByRole("button", { name: "Remove…" }).click();
    await page.getByRole("dialog").getByText("Nobody is heard or answered there any more").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("None yet. Choose one below").waitFor();
    expect(telegram.webhook.url).toBe("");
    const answer = await post(`${skerry.url}/channels/telegram`, olga?.writes("Still there?"), "any");
    expect([401, 404]).toContain(answer.status);
  });

  it("comes back; while the platform keeps one waiting the form stays, and says when it did not answer", async () => {
    await page.locator(".channel-choices").getByRole("link", { name: "Telegram" }).click();
    await page.getByLabel("Bot token").fill(telegram.token);
    wire.die();
    await page.getByRole("button", { name: "Test and connect" }).click();
    await page.getByText("Asking Telegram…").waitFor();
    // Long enough for what was kept to be read again.
    await page.waitForTimeout(1_500);
    expect(await page.getByLabel("Bot token").inputValue()).toBe(telegram.token);
    wire.mend();
    await page.getByText("Telegram did not answer; try again. The keys are kept all the same.").waitFor();
    await page.getByRole("button", { name: "Test and connect" }).click();
    await page.getByText("Telegram was not told where we are.").waitFor();
    await page.getByRole("heading", { name: "Telegram connected" }).waitFor();
    expect(visit.complaints).toEqual([]);
    expect(visit.outside).toEqual([]);
  });
});
