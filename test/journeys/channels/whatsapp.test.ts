// WhatsApp from end to end: a started Skerry, a bridge that holds the line in a thread with its own packages, and a WhatsApp that others
// wrote (crabline). That one takes only texts to people, and breaks off when asked for a group's name: answers in groups, files to it, polls
// and linking are in whatsapp-linked.test.ts.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openChannelsRoom } from "../../../src/bridge/channels/room.ts";
import { openTestBridge, type TestBridge } from "../../support/bridge.ts";
import { codeIn, type House, openHouse, quiet } from "../../support/channels/house.ts";
import { OWN, WhatsAppPeer } from "../../support/whatsapp/peer.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const ANN = "15551234567";
const GROUP = "120363001234567890@g.us";
const PATIENCE = { timeout: 90_000, interval: 50 };

let peer: WhatsAppPeer;
let house: House;
let bridge: TestBridge;
let stateDir: string;
let said: string[] = [];

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "skerry-whatsapp-"));
  peer = await WhatsAppPeer.start();
  house = await openHouse({ WHATSAPP_NUMBER: `+${OWN}`, WHATSAPP_WEB_URL: peer.url });
  const own = join(stateDir, "channels/whatsapp/default");
  mkdirSync(own, { recursive: true });
  peer.linkDevice(own);
  // Fetched once for all tests.
  const packages = join(ROOT, ".cache/channel-packages");
  mkdirSync(packages, { recursive: true });
  symlinkSync(packages, join(stateDir, "channels/packages"));
  bridge = await startBridge();
}, 300_000);
afterAll(async () => {
  await bridge?.close();
  await house?.close();
  await peer?.stop();
  rmSync(stateDir, { recursive: true, force: true });
});
afterEach(() => house.forget());

async function startBridge(): Promise<TestBridge> {
  const environment = { PATH: process.env["PATH"], HOME: process.env["HOME"] };
  said = [];
  const room = openChannelsRoom({ root: ROOT, stateDir, environment, log: (text) => said.push(text) });
  const started = await openTestBridge({ url: house.skerry.url, token: house.skerry.token, stateDir, rooms: [room] });
  await started.reach("ready");
  await vi.waitFor(() => expect(said).toContain("WhatsApp: open"), { timeout: 250_000, interval: 100 });
  return started;
}

const told = () => peer.textsTo(ANN);
const lastTold = (text: unknown) => vi.waitFor(() => expect(told().at(-1)).toEqual(text), PATIENCE);

describe("a stranger", () => {
  test("gets a code and nothing else, is let in, and is answered", async () => {
    await peer.says(ANN, { text: "Hello there", name: "Ann" });
    await lastTold(expect.stringMatching(/skerry pairing approve whatsapp [A-HJ-NP-Z2-9]{8}/));
    expect(house.requests).toEqual([]);
    expect(await house.approve(told().at(-1) ?? "")).toContain("is the owner from now on");
    await lastTold("You are let in: write whenever you like.");
    house.teach("the tide", { say: "**High** at noon.", delayMs: 500 });
    await peer.says(ANN, { text: "When is the tide, äöü 👍?", name: "Ann" });
    await lastTold("*High* at noon.");
    expect(house.lastRequest()).toContain("When is the tide, äöü 👍?");
    expect(JSON.stringify(peer.nodes("chatstate"))).toContain("composing");
    expect(told().filter((text) => codeIn(text) !== "")).toHaveLength(1);
  }, 180_000);
});

test("a voice note reaches the talk as one", async () => {
  const contentBase64 = Buffer.from("OggS and a voice").toString("base64");
  await peer.says(ANN, { audio: { contentBase64, mimeType: "audio/ogg; codecs=opus", ptt: true }, name: "Ann" });
  await vi.waitFor(() => expect(house.requests.length).toBeGreaterThan(0), PATIENCE);
  expect(house.lastRequest()).toMatch(/voice/i);
  await lastTold("Understood.");
}, 180_000);

describe("in trouble", () => {
  test("WhatsApp is away for some seconds: the answer comes once it is back, once", async () => {
    house.teach("out of reach", { say: "Back again.", delayMs: 1_500 });
    await peer.says(ANN, { text: "Are you out of reach?" });
    await vi.waitFor(() => expect(house.requests).toHaveLength(1), PATIENCE);
    peer.goDown();
    await quiet(6_000);
    peer.comeUp();
    await lastTold("Back again.");
    await quiet(2_000);
    expect(told().filter((text) => text === "Back again.")).toHaveLength(1);
  }, 180_000);

  test("the bridge is away: what was said meanwhile is answered when it is back", async () => {
    await bridge.close();
    house.teach("while you slept", { say: "Awake." });
    await peer.says(ANN, { text: "Said while you slept" });
    await quiet(1_000);
    expect(house.requests).toEqual([]);
    bridge = await startBridge();
    await lastTold("Awake.");
  }, 180_000);

  test("200 messages at once reach the model all, once, in their order", async () => {
    const wanted = Array.from({ length: 200 }, (_none, index) => `burst-${index}.`);
    for (const text of wanted) await peer.says(ANN, { text });
    // What came while the model was asked is a turn of its own: the last request holds them all.
    const found = () => [...house.lastRequest().matchAll(/burst-\d+\./g)].map(([text]) => text);
    await vi.waitFor(() => expect(found()).toHaveLength(200), { timeout: 240_000, interval: 500 });
    expect(found()).toEqual(wanted);
    await quiet(2_000);
    expect(found()).toHaveLength(200);
  }, 400_000);
});

test("a group that is allowed is heard when the assistant is named, and left alone when not", async () => {
  await house.run("config", "set", "channels.whatsapp.groups", JSON.stringify({ [GROUP]: {} }));
  await peer.says(ANN, { text: "The regatta begins at ten.", chat: GROUP, name: "Ann" });
  await quiet(4_000);
  expect(house.requests).toEqual([]);
  house.teach("when does it", { say: "NO_REPLY" });
  await peer.says(ANN, { text: "Skerry, when does it begin?", chat: GROUP, name: "Ann" });
  await vi.waitFor(() => expect(house.requests.length).toBeGreaterThan(0), PATIENCE);
  expect(house.lastRequest()).toContain("The regatta begins at ten.");
}, 180_000);
