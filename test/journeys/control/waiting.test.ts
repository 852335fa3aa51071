// Answers that cannot go out because their line is away: the owner sees them wait, in the page, on the command line and in what the doctor
// says; with the line they go out, each once, in their order, and nothing waits any more. A Mac that is not ours, a started Skerry with its
// bridge beside it, a scripted model, a browser.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { findBarriers } from "../../support/barriers.ts";
import { launchBrowser, openProfile } from "../../support/browser.ts";
import { BlueBubblesServer } from "../../support/channels/home/blue-bubbles.ts";
import { toTheRegistry } from "../../support/channels/home/registry.ts";
import { type House, openHouse } from "../../support/channels/house.ts";
import { mintLink } from "../../support/visit.ts";
import { openChat } from "../../support/webchat.ts";

const PASSWORD = "a password";
const ANN = "+15550002222";
const PATIENCE = { timeout: 40_000, interval: 100 };
/** A line that was away is taken up again within a minute. */
const BACK = { timeout: 120_000, interval: 200 };
const PIECES = ["The boat is at the pier, under the green lamp.", "Its key hangs behind the door.", "Take the long oars."];

let server: BlueBubblesServer;
let house: House;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await new BlueBubblesServer(PASSWORD).start();
  const keys = { BLUEBUBBLES_URL: server.url, BLUEBUBBLES_PASSWORD: PASSWORD };
  house = await openHouse({ ...toTheRegistry(), ...keys, SKERRY_BRIDGE: "on" });
  const patch = { dmPolicy: "open", allowFrom: ["*"], streaming: "off", textChunkLimit: 50 };
  for (const [name, value] of Object.entries(patch))
    await house.run("config", "set", `channels.imessage.${name}`, JSON.stringify(value));
  browser = await launchBrowser();
  const { context } = await openProfile(browser);
  ({ page } = await openChat(context, await mintLink(house.skerry as Parameters<typeof mintLink>[0])));
  await page.evaluate(() => {
    location.hash = "#/control/channels";
  });
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await house?.close();
  await server?.stop();
});

const texts = () => server.of("POST /message/text").map(({ message }) => String(message));
const account = async () => JSON.parse(await house.run("channels", "status", "--json")).channelAccounts.imessage[0];
const waits = () => page.locator(".channel-waits");

test("wait where their owner sees it, and go out with the line, each once and in their order", async () => {
  await vi.waitFor(async () => expect((await account()).line).toMatchObject({ phase: "open" }), BACK);
  expect(await waits().count()).toBe(0);
  const before = Date.now();
  house.teach("where is the boat", { say: PIECES.join("\n\n"), delayMs: 1500 });
  server.receive("where is the boat?", ANN);
  await vi.waitFor(() => expect(house.requests).toHaveLength(1), PATIENCE);
  await server.stop();

  await vi.waitFor(async () => expect(await account()).toMatchObject({ outboxWaiting: 3 }), PATIENCE);
  const { outboxOldestAtMs } = await account();
  expect(outboxOldestAtMs).toBeGreaterThanOrEqual(before);
  expect(outboxOldestAtMs).toBeLessThanOrEqual(Date.now());
  const { out } = await house.cli("channels", "status");
  expect(out).toMatch(/⧗ 3 answers wait since .*; they go out when the line is back/);
  expect((await house.cli("doctor")).out).toMatch(/✗ iMessage: .* 3 answers have waited for 1 min; tried again by itself\./);
  await waits()
    .filter({ hasText: /^3 answers wait since \d\d:\d\d; they go out when the line is back\.$/ })
    .waitFor();
  expect(await findBarriers(page)).toEqual([]);

  const backAt = Date.now();
  await server.start();
  await vi.waitFor(() => expect(texts()).toEqual(PIECES), BACK);
  console.info(`The answers went out ${Date.now() - backAt} ms after the Mac was back.`);
  await vi.waitFor(async () => expect(await account()).not.toHaveProperty("outboxWaiting"), PATIENCE);
  await vi.waitFor(async () => expect(await waits().count()).toBe(0), PATIENCE);
  expect((await house.run("channels", "status")).includes("⧗")).toBe(false);
  expect(texts()).toEqual(PIECES);
}, 400_000);

test("a line that is switched off hears nothing and keeps its account; switched on it hears again", async () => {
  expect(await house.run("channels", "stop", "imessage")).toContain("its keys and its link stay");
  await vi.waitFor(async () => expect(await account()).toMatchObject({ enabled: false, configured: true }), PATIENCE);
  await vi.waitFor(async () => expect((await account()).line.phase).toBe("off"), PATIENCE);
  await page.locator(".channel-row", { hasText: "iMessage" }).getByText("switched off").waitFor();
  house.forget();
  server.receive("are you there?", ANN);
  expect(await house.run("channels", "start", "imessage")).toContain("is switched on");
  await vi.waitFor(async () => expect((await account()).line.phase).toBe("open"), BACK);
  // What was written meanwhile is in the Mac's book.
  await vi.waitFor(() => expect(house.lastRequest()).toContain("are you there?"), BACK);
}, 300_000);
