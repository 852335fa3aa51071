// iMessage by the program imsg from end to end: a program that speaks its published interface, a started Skerry with its bridge beside it, a
// scripted model. One Skerry through the whole file.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ImsgMac } from "../../support/channels/home/imsg-mac.ts";
import { toTheRegistry } from "../../support/channels/home/registry.ts";
import { type House, openHouse, quiet } from "../../support/channels/house.ts";

const ANN = "+15550002222";
const GROUP = "iMessage;+;chat123";
const CHAT = `iMessage;-;${ANN}`;
const PATIENCE = { timeout: 40_000, interval: 50 };
/** A red dot. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==",
  "base64",
);

let dir: string;
let mac: ImsgMac;
let house: House;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "skerry-imsg-"));
  mac = new ImsgMac(dir);
  const here = { PATH: `${mac.bin}:${process.env["PATH"]}`, HOME: mac.home };
  house = await openHouse({ ...toTheRegistry(), ...here, BLUEBUBBLES_URL: "imsg", SKERRY_BRIDGE: "on" });
}, 120_000);
afterAll(async () => {
  await house?.close();
  rmSync(dir, { recursive: true, force: true });
});

const texts = () => mac.of("send").map(({ text }) => text);
const lineOf = async () => JSON.parse(await house.run("channels", "status", "--json")).channelAccounts.imessage[0].line;
const reaches = (phase: string) =>
  vi.waitFor(async () => expect(await lineOf()).toMatchObject({ phase }), { timeout: 90_000, interval: 500 });

test("a stranger pairs, is let in and is answered, and sees that it is being written", async () => {
  await reaches("open");
  mac.receive("Show me the diary.", ANN);
  await vi.waitFor(() => expect(texts()).toHaveLength(1), PATIENCE);
  expect(house.requests).toEqual([]);
  expect(await house.approve(String(texts()[0]))).toContain("is the owner from now on");
  house.teach("high tide", { say: "At **six**.", delayMs: 800 });
  mac.receive("When is high tide?", ANN);
  await vi.waitFor(() => expect(texts().at(-1)).toBe("At six."), PATIENCE);
  expect(mac.of("send").at(-1)).toEqual({ chat_guid: CHAT, text: "At six." });
  expect(mac.of("typing").length).toBeGreaterThan(0);
  expect(mac.of("read").length).toBeGreaterThan(0);
}, 150_000);

test("in a group it answers who answers it or says its name, and nobody else", async () => {
  await house.run("config", "set", "channels.imessage.groups", JSON.stringify({ [GROUP]: {} }));
  house.forget();
  const there = { chat_guid: GROUP, chat_name: "Picnic" };
  mac.receive("The picnic is on Sunday.", ANN, there);
  await quiet(1500);
  expect(house.requests).toEqual([]);
  const ours = mac.book.find(({ text }) => text === "At six.")?.guid;
  house.teach("what day", { say: "Sunday." });
  const asked = mac.receive("what day?", ANN, { ...there, thread_originator_guid: ours });
  const answered = { chat_guid: GROUP, text: "Sunday.", reply_to: asked };
  await vi.waitFor(() => expect(mac.of("send.rich").at(-1)).toEqual(answered), PATIENCE);
  expect(house.requests).toHaveLength(1);
  expect(house.lastRequest()).toContain("The picnic is on Sunday.");
  house.teach("who brings bread", { say: "Ann does." });
  mac.receive("Skerry, who brings bread?", ANN, there);
  await vi.waitFor(() => expect(mac.of("send.rich").at(-1)).toMatchObject({ text: "Ann does." }), PATIENCE);
}, 90_000);

test("a tapback of a person is known and not answered; the agent's own goes out, and so does its reply to a message", async () => {
  house.forget();
  const ours = mac.book.find(({ text }) => text === "At six.")?.guid;
  const tapback = { is_reaction: true, is_reaction_add: true, reaction_type: "love", reaction_emoji: "❤️" };
  mac.receive("Loved “At six.”", ANN, { ...tapback, reacted_to_guid: ours });
  await quiet(1500);
  expect(house.requests).toEqual([]);
  house.teach("like this", { tool: "message", args: { action: "react", emoji: "👍" }, say: "NO_REPLY" });
  const liked = mac.receive("Please like this", ANN);
  const reacted = { chat_guid: CHAT, message_guid: liked, reaction: "like" };
  await vi.waitFor(() => expect(mac.of("tapback").at(-1)).toEqual(reacted), PATIENCE);
  expect(house.lastRequest()).toContain("reacted ❤️");
  house.teach("answer this one", { tool: "message", args: { action: "reply", text: "To that one." }, say: "NO_REPLY" });
  const asked = mac.receive("Please answer this one", ANN);
  const replied = { chat_guid: CHAT, text: "To that one.", reply_to: asked };
  await vi.waitFor(() => expect(mac.of("send.rich").at(-1)).toEqual(replied), PATIENCE);
}, 90_000);

test("a picture reaches the model, and a file of the agent's goes out under its name", async () => {
  mac.receive("What is this?", ANN, { attachments: [mac.keepFile("dot.png", PICTURE)] });
  await vi.waitFor(() => expect(house.lastRequest()).toContain(PICTURE.toString("base64")), PATIENCE);
  house.teach("write it down", { tool: "write", args: { path: "list.txt", content: "rope, lamp" }, say: "Written." });
  mac.receive("Please write it down", ANN);
  await vi.waitFor(() => expect(texts().at(-1)).toBe("Written."), PATIENCE);
  house.teach("send me the list", { tool: "message", args: { action: "send", files: ["list.txt"] }, say: "NO_REPLY" });
  mac.receive("Now send me the list", ANN);
  await vi.waitFor(
    () => expect(mac.uploads.map(({ name, bytes }) => [name, `${bytes}`])).toEqual([["list.txt", "rope, lamp"]]),
    PATIENCE,
  );
}, 120_000);

test("imsg is gone for a minute: an answer waits, and what was written meanwhile is heard, each once", async () => {
  house.teach("slow question", { say: "A slow answer.", delayMs: 3_000 });
  mac.receive("A slow question", ANN);
  await vi.waitFor(() => expect(house.lastRequest()).toContain("slow question"), PATIENCE);
  mac.set({ isGone: true });
  mac.kill();
  await reaches("down");
  mac.receive("Written in the dark.", ANN);
  await quiet(61_000);
  mac.set({ isGone: false });
  const answers = () => texts().filter((text) => text === "A slow answer.");
  await vi.waitFor(() => expect(answers()).toHaveLength(1), { timeout: 120_000, interval: 200 });
  await vi.waitFor(() => expect(house.lastRequest().split("Written in the dark.")).toHaveLength(2), PATIENCE);
  await quiet(2_000);
  expect(answers()).toHaveLength(1);
}, 300_000);

test("200 messages at once reach the model, each once and in their order", async () => {
  const words = Array.from({ length: 200 }, (_none, index) => `burst-${index}.`);
  // The house lets twenty wait at most and leaves a note of the rest, where the first of a burst is being answered already.
  await house.run("config", "set", "messages.queue.cap", "200");
  for (const word of words) mac.receive(word, ANN);
  await vi.waitFor(() => expect(house.lastRequest()).toContain("burst-199."), { timeout: 120_000, interval: 200 });
  const asked = house.lastRequest();
  expect(words.filter((word) => asked.split(word).length !== 2)).toEqual([]);
  const places = words.map((word) => asked.indexOf(word));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
}, 150_000);

test("access that was taken away is said, with what to do", async () => {
  mac.set({ noAccess: true });
  mac.kill();
  await reaches("refused");
  expect((await lineOf()).said).toContain("Full Disk Access");
}, 120_000);
