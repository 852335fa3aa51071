// iMessage from end to end: a server written from BlueBubbles' published interface, a started Skerry with its bridge beside it, a scripted
// model.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { BlueBubblesServer } from "../../support/channels/home/blue-bubbles.ts";
import { toTheRegistry } from "../../support/channels/home/registry.ts";
import { type House, openHouse } from "../../support/channels/house.ts";

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
const count = (words: string) => house.lastRequest().split(words).length - 1;

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
  const ours = server.book.find(({ text }) => text === "At six.")?.["guid"];
  house.teach("what day", { say: "Sunday." });
  server.receive("what day?", ANN, { chats, threadOriginatorGuid: ours });
  await vi.waitFor(
    () => expect(server.of("POST /message/text").at(-1)).toMatchObject({ chatGuid: GROUP, message: "Sunday." }),
    PATIENCE,
  );
  expect(house.requests).toHaveLength(1);
  expect(house.lastRequest()).toContain("The picnic is on Sunday.");
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

test("what 200 people's thumbs write while the Mac is away reaches the model when it is back, each once", async () => {
  await server.stop();
  for (let index = 0; index < 200; index++) server.receive(`burst-${index}.`, ANN);
  await server.start();
  await vi.waitFor(() => expect(count("burst-199.")).toBe(1), { timeout: 120_000, interval: 200 });
  for (let index = 0; index < 200; index++) expect(count(`burst-${index}.`), `burst-${index}`).toBe(1);
}, 150_000);

test("a password that was changed is said, with what to do", async () => {
  await server.stop();
  server.password = "another";
  await server.start();
  await reaches("refused");
  expect((await lineOf()).said).toContain("BLUEBUBBLES_PASSWORD");
}, 120_000);
