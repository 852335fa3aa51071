// Machines at home in the page: a real bridge is let in by pressing Approve, named, allowed more, seen away, turned away and
// removed. What it says of itself is its own claim and must not deceive.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Room } from "../../../src/bridge/home/bridge.ts";
import type { SandboxStatus } from "../../../src/contract/home/commands.ts";
import { openAskingRoom, READY_SANDBOX } from "../../support/asking-room.ts";
import { findBarriers } from "../../support/barriers.ts";
import { openTestBridge, roomOf, type TestBridge } from "../../support/bridge.ts";
import { knock } from "../../support/device.ts";
import { focused } from "../../support/keyboard.ts";
import { type Operator, openOperator } from "../../support/operator.ts";
import { openVisit, type Visit } from "../../support/visit.ts";

const WAIT_MS = 20_000;
const dir = mkdtempSync(join(tmpdir(), "skerry-machine-"));
let visit: Visit;
let page: Page;
let operator: Operator;
let bridge: TestBridge | undefined;

beforeAll(async () => {
  visit = await openVisit({ profile: { viewport: { width: 1280, height: 900 } } });
  ({ page } = visit);
  operator = await openOperator(visit.skerry);
});
afterAll(async () => {
  operator?.close();
  await bridge?.close();
  await visit?.close();
  rmSync(dir, { recursive: true, force: true });
});

const asks = (name: string) => page.locator("[aria-labelledby=devices-asking] .row").filter({ hasText: name });
const machine = (name: string) => page.locator("sk-machine").filter({ hasText: name });
const toast = (words: string) => page.locator(".toast").filter({ hasText: words }).first();
const codeOf = (one: TestBridge) => (one.state.phase === "unknown" ? one.state.code : "");
const nodes = async () =>
  (
    await operator.client.request<{ nodes: { displayName: string; commands: string[]; unapprovedCommands: string[] }[] }>(
      "node.list",
      {},
    )
  ).nodes;

async function openRoom(): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`${visit.skerry.url}/#/control/devices`);
  await page.locator("sk-machine-list h2").waitFor();
}

/** Without the owner's token: it has to ask. */
async function start(name: string, rooms: Room[], stateDir?: string): Promise<TestBridge> {
  return openTestBridge({ url: visit.skerry.url, name, rooms, ...(stateDir === undefined ? {} : { stateDir }) });
}

describe("without a machine", () => {
  it("the room says which command brings one, with the address that leads here", async () => {
    await openRoom();
    const way = page.locator(".machine-first");
    expect(await way.locator("pre").innerText()).toBe(`npx skerry bridge --url ${visit.skerry.url}`);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await way.getByRole("button", { name: "Copy" }).click();
    await toast("The command is copied.").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`npx skerry bridge --url ${visit.skerry.url}`);
    expect(await findBarriers(page)).toEqual([]);
  });
});

describe("a machine that asks", () => {
  it("is listed by itself with the code that it shows, and with what it wants to be asked for", async () => {
    bridge = await start("boat-house", [openAskingRoom().room], dir);
    await bridge.reach("unknown");
    await asks("boat-house").waitFor({ timeout: WAIT_MS });
    const words = await asks("boat-house").innerText();
    expect(codeOf(bridge)).toMatch(/^[A-HJ-NP-Z2-9]{8}$/);
    expect(words).toContain(codeOf(bridge));
    expect(words).toContain("Offers to run commands (also in a sandbox).");
    await asks("boat-house").getByText("All commands (2)").click();
    expect(await asks("boat-house").locator("li").allInnerTexts()).toEqual(["exec.start", "sandbox.status"]);
    expect(await findBarriers(page)).toEqual([]);
    expect(await nodes()).toEqual([]);
  });

  it("is in after one press, here, with its sandbox as it stands", async () => {
    await page.getByRole("button", { name: "Approve boat-house" }).click();
    await toast("boat-house may come in now.").waitFor();
    await bridge?.reach("ready", WAIT_MS);
    await machine("boat-house").locator(".badge", { hasText: "here" }).waitFor({ timeout: WAIT_MS });
    await machine("boat-house").getByText("Sandbox ready: Docker 27.3.1").waitFor({ timeout: WAIT_MS });
    const words = await machine("boat-house").innerText();
    expect(words).toContain("May run commands (also in a sandbox).");
    expect(words).toContain("bridge 1.2.3");
    expect(await asks("boat-house").count()).toBe(0);
    // It is a machine, and not also a device.
    expect(await page.locator("[aria-labelledby=devices-paired] .row").count()).toBe(0);
    expect(await findBarriers(page)).toEqual([]);
  });

  it("takes a name by keyboard, keeps it, and is called by it", async () => {
    await page.getByRole("button", { name: "Rename boat-house" }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => focused(page)).toBe("Name of the machine");
    await page.keyboard.press("Escape");
    await expect.poll(() => focused(page)).toBe("Rename boat-house");
    await page.keyboard.press("Enter");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("The boat house");
    await page.keyboard.press("Enter");
    await expect.poll(() => focused(page)).toBe("Rename The boat house");
    await openRoom();
    await machine("The boat house").waitFor();
    expect((await nodes()).map(({ displayName }) => displayName)).toEqual(["The boat house"]);
  });

  it("is seen away and back as it goes and comes, without a reload", async () => {
    await bridge?.close();
    await machine("The boat house").locator(".badge", { hasText: "away" }).waitFor({ timeout: WAIT_MS });
    expect(await machine("The boat house").innerText()).toMatch(/seen just now/);
    expect(await machine("The boat house").innerText()).not.toContain("Sandbox ready");
    const more = roomOf({ "files.read": async () => ({ base64: "", size: 0, modifiedAt: 0, isWhole: true }) });
    bridge = await start("boat-house", [openAskingRoom().room, more], dir);
    await bridge.reach("ready");
    await machine("The boat house").locator(".badge", { hasText: "here" }).waitFor({ timeout: WAIT_MS });
  });

  it("may do what is new only after a word", async () => {
    const news = machine("The boat house").locator(".machine-news");
    await news.waitFor({ timeout: WAIT_MS });
    expect(await news.innerText()).toContain("it also offers to read files.");
    expect(await machine("The boat house").innerText()).toContain("May run commands (also in a sandbox).");
    expect(await nodes()).toMatchObject([{ unapprovedCommands: ["files.read"] }]);
    await page.getByRole("button", { name: "Allow what is new on The boat house" }).click();
    await toast("The boat house may do that now.").waitFor();
    await expect.poll(() => news.count()).toBe(0);
    await expect.poll(() => machine("The boat house").innerText()).toContain("and read files.");
    expect(await nodes()).toMatchObject([{ unapprovedCommands: [] }]);
  });
});

describe("a sandbox that is not ready", () => {
  it.each<[string, SandboxStatus, RegExp]>([
    ["without an image", { ...READY_SANDBOX, hasImage: false }, /no image yet[\s\S]*npx skerry bridge sandbox build/],
    [
      "without an engine",
      { image: "x", hasImage: false, containers: [], reason: "No container engine answers at /var/run/docker.sock." },
      /No sandbox: No container engine answers at/,
    ],
  ])("%s says what to do", async (name, status, words) => {
    const { url, token } = visit.skerry;
    const other = await openTestBridge({ url, token, name, rooms: [openAskingRoom(status).room] });
    await other.reach("ready");
    await expect.poll(() => machine(name).innerText(), { timeout: WAIT_MS }).toMatch(words);
    // With the owner's token it would come back by itself.
    await other.close();
    await operator.client.request("node.pair.remove", { nodeId: other.deviceId });
    await expect.poll(() => machine(name).count(), { timeout: WAIT_MS }).toBe(0);
  });
});

describe("a machine that is not what it seems", () => {
  it("is shown with every sign of its name, as text, and its code is that of its own key", async () => {
    const name = "boat\u202eesuoh<b>!</b>\u200b";
    const other = await start(name, [openAskingRoom().room]);
    await other.reach("unknown");
    const row = asks("boat⟨U+202E⟩esuoh<b>!</b>⟨U+200B⟩");
    await row.waitFor({ timeout: WAIT_MS });
    expect(await row.locator("b").count()).toBe(0);
    expect(await row.innerText()).toContain(codeOf(other));
    await page.getByRole("button", { name: /^Reject boat/ }).click();
    await expect.poll(() => row.count()).toBe(0);
    await other.close();
  });

  it("and was turned away does not come up again every few seconds, and hears why", async () => {
    const other = await start("stranger", [openAskingRoom().room]);
    await other.reach("unknown");
    await page.getByRole("button", { name: "Reject stranger" }).click({ timeout: WAIT_MS });
    await toast("stranger was turned away.").waitFor();
    await other.reach("refused", WAIT_MS);
    expect(other.state).toMatchObject({ reason: expect.stringContaining("turned this device away") });
    await page.waitForTimeout(6_000);
    expect(await asks("stranger").count()).toBe(0);
    await other.close();
  });

  it("is told from a device that is none", async () => {
    await knock(visit.skerry, "Kitchen tablet");
    await asks("Kitchen tablet").waitFor({ timeout: WAIT_MS });
    const words = await asks("Kitchen tablet").innerText();
    expect(words).not.toContain("a machine");
    expect(words).not.toContain("code");
    await page.getByRole("button", { name: "Reject Kitchen tablet" }).click();
  });
});

describe("a machine that is removed", () => {
  it("stays when one thinks better of it", async () => {
    await page.getByRole("button", { name: "Remove The boat house" }).click();
    const dialog = page.getByRole("dialog", { name: "Remove The boat house?" });
    expect(await dialog.innerText()).toContain("cut off at once");
    expect(await dialog.innerText()).toContain("given the owner's token comes back by itself");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(bridge?.state.phase).toBe("ready");
  });

  it("is out at once, also for a call that it works on, and has to ask anew", async () => {
    await bridge?.close();
    const slow = roomOf({ "sandbox.status": () => new Promise<never>(() => {}) });
    bridge = await start("boat-house", [slow], dir);
    await bridge.reach("ready");
    const params = { nodeId: bridge.deviceId, command: "sandbox.status", idempotencyKey: "slow", timeoutMs: 60_000 };
    const call = operator.client.request("node.invoke", params, { timeoutMs: 60_000 });
    call.catch(() => undefined);
    await page.getByRole("button", { name: "Remove The boat house" }).click({ timeout: WAIT_MS });
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await toast("The boat house was removed.").waitFor();
    await expect.poll(() => machine("The boat house").count()).toBe(0);
    await expect(call).rejects.toThrow("The boat house was working on it when its connection broke");
    await bridge.reach("unknown", WAIT_MS);
    expect(await nodes()).toEqual([]);
    await asks("boat-house").waitFor({ timeout: WAIT_MS });
  });

  it("by the command line's or an app's own word is no machine any more either", async () => {
    const other = await start("attic", [openAskingRoom().room]);
    await other.reach("unknown");
    await page.getByRole("button", { name: "Approve attic" }).click({ timeout: WAIT_MS });
    await other.reach("ready");
    await machine("attic").waitFor({ timeout: WAIT_MS });
    await operator.client.request("device.pair.remove", { deviceId: other.deviceId });
    await expect.poll(() => machine("attic").count(), { timeout: WAIT_MS }).toBe(0);
    expect(await nodes()).toEqual([]);
    await other.close();
  });
});

describe("the page", () => {
  it("complained about nothing and asked nothing of the outside", () => {
    expect(visit.complaints).toEqual([]);
    expect(visit.outside).toEqual([]);
  });
});
