// Signal from end to end: a daemon of signal-cli's interface that others wrote (crabline), then one of ours at the same address for what
// crabline does not do (mentions, quotes, files, lists of accounts); a started Skerry with its bridge beside it; a scripted model.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StartedSignalServer, startSignalServer } from "@openclaw/crabline";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { toTheRegistry } from "../../support/channels/home/registry.ts";
import { SignalProgram } from "../../support/channels/home/signal-programs.ts";
import { type House, openHouse, quiet } from "../../support/channels/house.ts";

const OWN = "+15550001111";
const ANN = "+15550002222";
const ANN_UUID = "aaaaaaaa-1111-4222-8333-444444444444";
const GROUP = "R3JvdXA=";
const PATIENCE = { timeout: 40_000, interval: 50 };
/** A red dot. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==",
  "base64",
);

let dir: string;
let server: StartedSignalServer;
let program: SignalProgram;
let house: House;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "skerry-signal-"));
  server = await startSignalServer({ account: OWN, recorderPath: join(dir, "requests.jsonl") });
  house = await openHouse({
    ...toTheRegistry(),
    SKERRY_BRIDGE: "on",
    SIGNAL_NUMBER: OWN,
    SIGNAL_HTTP_URL: server.manifest.baseUrl,
  });
}, 120_000);
afterAll(async () => {
  await house?.close();
  await server?.close().catch(() => undefined);
  await program?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function says(text: string, more: Record<string, unknown> = {}): Promise<void> {
  const { manifest } = server;
  const answer = await fetch(manifest.endpoints.adminInboundUrl, {
    method: "POST",
    headers: { "content-type": "application/json", "x-crabline-admin-token": manifest.adminToken },
    body: JSON.stringify({ sourceNumber: ANN, sourceUuid: ANN_UUID, sourceName: "Ann", text, ...more }),
  });
  expect(answer.status).toBe(200);
}

interface Recorded {
  accepted?: boolean;
  body?: { method?: string; params?: Record<string, unknown> };
}
function asked(method: string): Record<string, unknown>[] {
  const lines = readFileSync(join(dir, "requests.jsonl"), "utf8").trim().split("\n");
  const all = lines.map((line): Recorded => JSON.parse(line));
  return all.filter(({ accepted, body }) => accepted && body?.method === method).map(({ body }) => body?.params ?? {});
}
const texts = () => asked("send").map(({ message }) => message);
const lineOf = async () => JSON.parse(await house.run("channels", "status", "--json")).channelAccounts.signal[0].line;
const reaches = (phase: string) =>
  vi.waitFor(async () => expect(await lineOf()).toMatchObject({ phase }), { timeout: 90_000, interval: 500 });

test("the bridge beside Skerry takes up the line; a stranger pairs, is let in and is answered, and sees that it is being written", async () => {
  await reaches("open");
  await says("Show me the diary.");
  await vi.waitFor(() => expect(texts()).toHaveLength(1), PATIENCE);
  expect(house.requests).toEqual([]);
  await house.run("config", "set", "channels.signal.ackReaction", '"👀"');
  expect(await house.approve(String(texts()[0]))).toContain("is the owner from now on");
  await vi.waitFor(() => expect(texts()).toHaveLength(2), PATIENCE);
  house.teach("high tide", { say: "At **six**.", delayMs: 800 });
  await says("When is high tide?");
  await vi.waitFor(() => expect(texts().at(-1)).toBe("At six."), PATIENCE);
  expect(asked("send").at(-1)).toMatchObject({ account: OWN, recipient: [ANN_UUID], textStyle: ["3:3:BOLD"] });
  expect(asked("sendTyping").length).toBeGreaterThan(0);
  expect(asked("sendReaction").map(({ emoji, targetAuthor }) => [emoji, targetAuthor])).toContainEqual(["👀", ANN_UUID]);
  expect(asked("sendReceipt").length).toBeGreaterThan(0);
  expect(house.lastRequest()).toContain("[Signal, ");
}, 150_000);

test("the daemon is gone for a minute: an answer waits, and goes out when it is back", async () => {
  const { port } = new URL(server.manifest.baseUrl);
  house.teach("slow question", { say: "A slow answer.", delayMs: 3_000 });
  await says("A slow question");
  await vi.waitFor(() => expect(house.lastRequest()).toContain("slow question"), PATIENCE);
  await server.close();
  await reaches("down");
  await quiet(61_000);
  server = await startSignalServer({ account: OWN, port: Number(port), recorderPath: join(dir, "requests.jsonl") });
  await reaches("open");
  await vi.waitFor(() => expect(texts().filter((text) => text === "A slow answer.")).toHaveLength(1), {
    timeout: 120_000,
    interval: 200,
  });
  house.teach("back again", { say: "Here I am." });
  await says("Are you back again?");
  await vi.waitFor(() => expect(texts().at(-1)).toBe("Here I am."), PATIENCE);
  expect(texts().filter((text) => text === "A slow answer.")).toHaveLength(1);
}, 360_000);

test("200 messages at once reach the model, each once and in their order", async () => {
  const words = Array.from({ length: 200 }, (_none, index) => `burst-${index}.`);
  // The house lets twenty wait at most and leaves a note of the rest, where the first of a burst is being answered already.
  await house.run("config", "set", "messages.queue.cap", "200");
  for (const word of words) await says(word);
  await vi.waitFor(() => expect(house.lastRequest()).toContain("burst-199."), { timeout: 120_000, interval: 200 });
  const asked = house.lastRequest();
  expect(words.filter((word) => asked.split(word).length !== 2)).toEqual([]);
  const places = words.map((word) => asked.indexOf(word));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  // The answer is on its way, and is not to be taken for that of what comes next.
  await quiet(4_000);
}, 150_000);

test("in a group it answers when it is mentioned or quoted, and knows what was said before", async () => {
  const { port } = new URL(server.manifest.baseUrl);
  await house.run("config", "set", "channels.signal.groups", JSON.stringify({ [GROUP]: {} }));
  await server.close();
  program = new SignalProgram("daemon", [OWN]);
  program.port = Number(port);
  await program.start();
  await vi.waitFor(() => expect(program.listeners).toBe(1), { timeout: 90_000, interval: 50 });
  house.forget();
  emits("The picnic is on Sunday.", { groupInfo: { groupId: GROUP } });
  await quiet(1500);
  expect(house.requests).toEqual([]);
  house.teach("what day", { say: "Sunday, says Ann." });
  const mention = { name: OWN, number: OWN, uuid: null, start: 0, length: 1 };
  emits("\uFFFC what day?", { groupInfo: { groupId: GROUP }, mentions: [mention] });
  const says = (message: string) => expect.objectContaining({ groupId: GROUP, message });
  await vi.waitFor(() => expect(program.of("send")).toContainEqual(says("Sunday, says Ann.")), PATIENCE);
  expect(house.requests).toHaveLength(1);
  expect(house.lastRequest()).toContain("The picnic is on Sunday.");
  expect(house.lastRequest()).toContain("Picnic");
  house.teach("sure about that", { say: "Quite sure." });
  const quote = { id: 1, authorNumber: OWN, authorUuid: null, text: "Sunday, says Ann." };
  emits("sure about that?", { groupInfo: { groupId: GROUP }, quote });
  await vi.waitFor(() => expect(program.of("send")).toContainEqual(says("Quite sure.")), PATIENCE);
}, 150_000);

test("a reaction of a person is known and not answered; the agent's own goes out, and so does its reply to a message", async () => {
  house.forget();
  const reaction = { emoji: "⛵", targetAuthorNumber: OWN, targetSentTimestamp: 1, isRemove: false };
  emits("", { message: null, reaction });
  await quiet(1500);
  expect(house.requests).toEqual([]);
  house.teach("like this", { tool: "message", args: { action: "react", emoji: "🔥" }, say: "NO_REPLY" });
  const liked = emits("Please like this");
  const reacted = { emoji: "🔥", targetAuthor: ANN_UUID, targetTimestamp: liked };
  await vi.waitFor(() => expect(program.of("sendReaction").at(-1)).toMatchObject(reacted), PATIENCE);
  expect(house.lastRequest()).toContain("⛵");
  house.teach("answer this one", { tool: "message", args: { action: "reply", text: "To that one." }, say: "NO_REPLY" });
  const asked = emits("Please answer this one");
  const replied = {
    message: "To that one.",
    quoteTimestamp: asked,
    quoteAuthor: ANN_UUID,
    quoteMessage: "Please answer this one",
  };
  await vi.waitFor(() => expect(program.of("send").at(-1)).toMatchObject(replied), PATIENCE);
}, 90_000);

/** A message's name in Signal: never one that crabline gave before, which counts on from when it was started. */
let at = 0;
function emits(message: string, more: Record<string, unknown> = {}): number {
  at = Math.max(at + 1, Date.now());
  const timestamp = at;
  program.emit({
    sourceNumber: ANN,
    sourceUuid: ANN_UUID,
    sourceName: "Ann",
    timestamp,
    dataMessage: { timestamp, message, ...more },
  });
  return timestamp;
}

test("a picture reaches the model, and a file of the agent's goes out under its name", async () => {
  program.files.set("dot.png", PICTURE);
  emits("What is this?", { attachments: [{ id: "dot.png", contentType: "image/png", size: PICTURE.length }] });
  await vi.waitFor(() => expect(house.lastRequest()).toContain(PICTURE.toString("base64")), PATIENCE);
  house.teach("write it down", { tool: "write", args: { path: "list.txt", content: "rope, lamp" }, say: "Written." });
  emits("Please write it down");
  await vi.waitFor(() => expect(program.of("send").at(-1)).toMatchObject({ message: "Written." }), PATIENCE);
  house.teach("send me the list", { tool: "message", args: { action: "send", files: ["list.txt"] }, say: "NO_REPLY" });
  emits("Now send me the list");
  const data = `data:text/plain;filename=list.txt;base64,${btoa("rope, lamp")}`;
  await vi.waitFor(() => expect(program.of("send").at(-1)).toMatchObject({ attachments: [data] }), PATIENCE);
}, 90_000);

test("an account that was removed on the phone is said, with what to do", async () => {
  const message = "Failed to send message: [401] Authorization failed! (AuthorizationFailedException)";
  for (const method of ["send", "sendTyping", "sendReaction", "listDevices"])
    program.refusals.set(method, { code: -32603, message });
  emits("Are you there?");
  await reaches("unlinked");
  expect((await lineOf()).said).toContain("link it again");
}, 120_000);
