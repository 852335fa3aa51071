// iMessage from end to end: a server written from BlueBubbles' published interface, a started Skerry with its bridge beside it, a scripted
// model.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { BlueBubblesServer } from "../../support/channels/home/blue-bubbles.ts";
import { toTheRegistry } from "../../support/channels/home/registry.ts";
import { type House, openHouse, quiet } from "../../support/channels/house.ts";

const PASSWORD = "a password";
const ANN = "+15550002222";
const GROUP = "iMessage;+;chat123";
const PATIENCE = { timeout: 40_000, interval: 50 };
/** A red dot. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==",
  "base64",
);

let server: BlueBubblesServer;
let house: House;

beforeAll(async () => {
  server = await new BlueBubblesServer(PASSWORD).start();
  const keys = { BLUEBUBBLES_URL: server.url, BLUEBUBBLES_PASSWORD: PASSWORD };
  house = await openHouse({ ...toTheRegistry(), ...keys, SKERRY_BRIDGE: "on" });
}, 120_000);
afterAll(async () => {
  await house?.close();
  await server?.stop();
});

const texts = () => server.of("POST /message/text").map(({ message }) => message);
const lineOf = async () => JSON.parse(await house.run("channels", "status", "--json")).channelAccounts.imessage[0].line;
const reaches = (phase: string) =>
  vi.waitFor(async () => expect(await lineOf()).toMatchObject({ phase }), { timeout: 90_000, interval: 500 });
/** All of them, each once and in their order, in what the model was asked last. */
function expectInOrder(words: readonly string[]): void {
  const asked = house.lastRequest();
  expect(words.filter((word) => asked.split(word).length !== 2)).toEqual([]);
  const places = words.map((word) => asked.indexOf(word));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
}

test("a stranger pairs, is let in and is answered, and sees that it is being written", async () => {
  await reaches("open");
  server.receive("Show me the diary.", ANN);
  await vi.waitFor(() => expect(texts()).toHaveLength(1), PATIENCE);
  expect(house.requests).toEqual([]);
  expect(await house.approve(String(texts()[0]))).toContain("is the owner from now on");
  house.teach("high tide", { say: "At **six**.", delayMs: 800 });
  server.receive("When is high tide?", ANN);
  await vi.waitFor(() => expect(texts().at(-1)).toBe("At six."), PATIENCE);
  expect(server.of(/\/typing$/).length).toBeGreaterThan(0);
  expect(server.of(/\/read$/).length).toBeGreaterThan(0);
}, 150_000);

test("in a group it answers who answers it", async () => {
  await house.run("config", "set", "channels.imessage.groups", JSON.stringify({ [GROUP]: {} }));
  house.forget();
  const chats = [{ guid: GROUP, displayName: "Picnic" }];
  server.receive("The picnic is on Sunday.", ANN, { chats });
  await quiet(1500);
  expect(house.requests).toEqual([]);
  const ours = server.book.find(({ text }) => text === "At six.")?.["guid"];
  house.teach("what day", { say: "Sunday." });
  server.receive("what day?", ANN, { chats, threadOriginatorGuid: ours });
  await vi.waitFor(
    () => expect(server.of("POST /message/text").at(-1)).toMatchObject({ chatGuid: GROUP, message: "Sunday." }),
    PATIENCE,
  );
  expect(house.requests).toHaveLength(1);
  expect(house.lastRequest()).toContain("The picnic is on Sunday.");
  house.teach("who brings bread", { say: "Ann does." });
  server.receive("Skerry, who brings bread?", ANN, { chats });
  await vi.waitFor(() => expect(texts().at(-1)).toBe("Ann does."), PATIENCE);
}, 90_000);

test("a tapback of a person is known and not answered; the agent's own goes out, and so does its reply to a message", async () => {
  house.forget();
  const ours = server.book.find(({ text }) => text === "At six.")?.["guid"];
  server.receive("Loved “At six.”", ANN, { associatedMessageGuid: `p:0/${ours}`, associatedMessageType: "love" });
  await quiet(1500);
  expect(house.requests).toEqual([]);
  house.teach("like this", { tool: "message", args: { action: "react", emoji: "👍" }, say: "NO_REPLY" });
  const liked = server.receive("Please like this", ANN);
  const reacted = { selectedMessageGuid: liked, reaction: "like", chatGuid: `iMessage;-;${ANN}` };
  await vi.waitFor(() => expect(server.of("POST /message/react").at(-1)).toMatchObject(reacted), PATIENCE);
  expect(house.lastRequest()).toContain("reacted ❤️");
  house.teach("answer this one", { tool: "message", args: { action: "reply", text: "To that one." }, say: "NO_REPLY" });
  const asked = server.receive("Please answer this one", ANN);
  const replied = { selectedMessageGuid: asked, message: "To that one." };
  await vi.waitFor(() => expect(server.of("POST /message/text").at(-1)).toMatchObject(replied), PATIENCE);
}, 90_000);

test("a picture reaches the model, and a file of the agent's goes out", async () => {
  server.files.set("at_0", PICTURE);
  server.receive("What is this?", ANN, {
    attachments: [{ guid: "at_0", mimeType: "image/png", transferName: "dot.png", totalBytes: PICTURE.length }],
  });
  await vi.waitFor(() => expect(house.lastRequest()).toContain(PICTURE.toString("base64")), PATIENCE);
  house.teach("write it down", { tool: "write", args: { path: "list.txt", content: "rope, lamp" }, say: "Written." });
  server.receive("Please write it down", ANN);
  await vi.waitFor(() => expect(texts().at(-1)).toBe("Written."), PATIENCE);
  house.teach("send me the list", { tool: "message", args: { action: "send", files: ["list.txt"] }, say: "NO_REPLY" });
  server.receive("Now send me the list", ANN);
  await vi.waitFor(
    () => expect(server.uploads.map(({ name, bytes }) => [name, `${bytes}`])).toEqual([["list.txt", "rope, lamp"]]),
    PATIENCE,
  );
}, 120_000);

test("the server is gone for a minute: an answer waits, and what was written meanwhile is heard, each once", async () => {
  house.teach("slow question", { say: "A slow answer.", delayMs: 3_000 });
  server.receive("A slow question", ANN);
  await vi.waitFor(() => expect(house.lastRequest()).toContain("slow question"), PATIENCE);
  await server.stop();
  await reaches("down");
  server.receive("Written in the dark.", ANN);
  await quiet(61_000);
  await server.start();
  const answers = () => texts().filter((text) => text === "A slow answer.");
  await vi.waitFor(() => expect(answers()).toHaveLength(1), { timeout: 120_000, interval: 200 });
  await vi.waitFor(() => expect(house.lastRequest().split("Written in the dark.")).toHaveLength(2), PATIENCE);
  await reaches("open");
  await quiet(2_000);
  expect(answers()).toHaveLength(1);
}, 300_000);

test("200 messages at once reach the model, each once and in their order; and 200 more of while the Mac was away", async () => {
  const first = Array.from({ length: 200 }, (_none, index) => `burst-${index}.`);
  // The house lets twenty wait at most and leaves a note of the rest, where the first of a burst is being answered already.
  await house.run("config", "set", "messages.queue.cap", "200");
  for (const one of first) server.receive(one, ANN);
  await vi.waitFor(() => expect(house.lastRequest()).toContain("burst-199."), { timeout: 120_000, interval: 200 });
  await server.stop();
  const second = Array.from({ length: 200 }, (_none, index) => `later-${index}.`);
  for (const one of second) server.receive(one, ANN);
  await server.start();
  await vi.waitFor(() => expect(house.lastRequest()).toContain("later-199."), { timeout: 120_000, interval: 200 });
  expectInOrder([...first, ...second]);
}, 300_000);

test("a password that was changed is said, with what to do", async () => {
  await server.stop();
  server.password = "another";
  await server.start();
  await reaches("refused");
  expect((await lineOf()).said).toContain("BLUEBUBBLES_PASSWORD");
}, 120_000);
