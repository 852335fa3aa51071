// The channel against a Discord that is not ours: its HTTP interface and its gateway, by crabline. What crabline lacks
// (interactions, pins, polls) stands in test/worker/channels/discord.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StartedDiscordServer, startDiscordServer } from "@openclaw/crabline";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import type { DeliveryAct } from "../../../src/contract/channels/delivery.ts";
import type { Address } from "../../../src/contract/message.ts";
import type { Line } from "../../../src/worker/channels/channel.ts";
import { discord } from "../../../src/worker/channels/discord/discord.ts";
import { type Dispatch, readDispatch } from "../../../src/worker/channels/discord/gateway-events.ts";
import { STYLE } from "../../worker/channels/discord/rig.ts";

const ALICE = "135000000000000012";
let server: StartedDiscordServer;
let line: Line;
let room: Address;
const stored = new Map<string, Uint8Array<ArrayBuffer>>();

const folder = mkdtempSync(join(tmpdir(), "skerry-discord-"));

beforeAll(async () => {
  server = await startDiscordServer({ host: "127.0.0.1", recorderPath: join(folder, "requests.jsonl") });
  const { applicationId, botToken, endpoints, fixture } = server.manifest;
  line = {
    account: {
      channel: "discord",
      account: "default",
      isEnabled: true,
      keys: { DISCORD_BOT_TOKEN: botToken, DISCORD_APPLICATION_ID: applicationId, DISCORD_PUBLIC_KEY: "crabline" },
      missing: [],
      mediaMaxMb: 10,
      version: 1,
    },
    base: `${endpoints.apiRoot}/v10`,
    variables: {},
    fetch: (input, init) => fetch(input, init),
    now: Date.now,
    readMedia: async (key) => stored.get(key),
  };
  room = { channel: "discord", peer: fixture.channelId, kind: "group" };
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

let count = 0;
async function deliver(act: DeliveryAct, to = room): Promise<string> {
  count += 1;
  const outcome = await discord.deliver(
    { id: `i${count}`, sessionKey: "s", agentId: "main", runId: "r", to, act, part: 0 },
    line,
  );
  expect(outcome).toMatchObject({ outcome: "sent" });
  return ("platformId" in outcome && outcome.platformId) || "";
}

async function texts(from = room): Promise<string[]> {
  const read = await discord.read?.(from, 50, line);
  if (!read?.ok) throw new Error(JSON.stringify(read));
  return read.value.map(({ text }) => text);
}

test("the keys are good, or it is said which is not", async () => {
  expect(await discord.probe(line)).toMatchObject({ ok: true, value: expect.stringContaining(server.manifest.applicationId) });
  const wrong = { ...line, account: { ...line.account, keys: { ...line.account.keys, DISCORD_BOT_TOKEN: "bad" } } };
  expect(await discord.probe(wrong)).toMatchObject({
    ok: false,
    error: { code: "FORBIDDEN", message: expect.stringContaining("token") },
  });
});

test("the commands are registered, and taken away", async () => {
  const registered = async () => {
    const address = `${line.base}/applications/${server.manifest.applicationId}/commands`;
    const answer = await fetch(address, { headers: { authorization: `Bot ${server.manifest.botToken}` } });
    return ((await answer.json()) as { name: string }[]).map(({ name }) => name);
  };
  // Discord lets the names of commands on messages have spaces; crabline does not, so it is not shown those.
  const slashOnly: typeof fetch = (input, init) => {
    const body = typeof init?.body === "string" ? JSON.parse(init.body) : undefined;
    const kept = Array.isArray(body) ? { body: JSON.stringify(body.filter(({ type }) => type !== 3)) } : {};
    return fetch(input, { ...init, ...kept });
  };
  const steps = await discord.connect?.("https://skerry.example/channels/discord", { ...line, fetch: slashOnly });
  expect(steps?.[0]?.state).toBe("done");
  expect(await registered()).toEqual(expect.arrayContaining(["ask", "think", "export-session"]));
  await discord.disconnect?.(line);
  expect(await registered()).toEqual([]);
});

test("an answer grows by edits and takes the place of its draft", async () => {
  const draft = await deliver({ type: "draft", text: "The tide" });
  await deliver({ type: "draft", text: "The tide is **hi", message: draft });
  expect((await texts()).at(-1)).toContain("hi");
  expect(await deliver({ type: "text", text: "The tide is **high**.", replaces: draft })).toBe(draft);
  expect((await texts()).at(-1)).toBe("The tide is **high**.");
  await deliver({ type: "delete", message: draft });
  expect(await texts()).not.toContain("The tide is **high**.");
});

test("a long answer is cut into messages that are taken, fences whole", async () => {
  const code = Array.from({ length: 120 }, (_, index) => `const value${index} = "number ${index}";`).join("\n");
  const parts = discord.split(`Here:\n\n\`\`\`ts\n${code}\n\`\`\``, STYLE);
  expect(parts.length).toBeGreaterThan(1);
  for (const text of parts) await deliver({ type: "text", text });
  const shown = (await texts()).slice(-parts.length);
  for (const text of shown) expect(text.match(/```/g)?.length).toBe(2);
  for (let index = 0; index < 120; index += 1) expect(shown.join("\n")).toContain(`"number ${index}"`);
});

test("files both ways", async () => {
  stored.set("k", new TextEncoder().encode("tide table"));
  const id = await deliver({
    type: "media",
    media: [{ key: "k", name: "tides.txt", type: "text/plain", size: 10 }],
    caption: "Here",
  });
  const answer = await fetch(`${line.base}/channels/${room.peer}/messages/${id}`, {
    headers: { authorization: `Bot ${server.manifest.botToken}` },
  });
  const { attachments } = (await answer.json()) as { attachments: { url: string; filename: string }[] };
  expect(attachments).toMatchObject([{ filename: "tides.txt" }]);
  const fetched = await discord.fetchMedia?.({ handle: attachments[0]?.url ?? "", kind: "file" }, line);
  expect(fetched?.ok && new TextDecoder().decode(fetched.value.bytes)).toBe("tide table");
});

test("reactions, typing, threads", async () => {
  const id = await deliver({ type: "text", text: "Shall we?" });
  await deliver({ type: "react", message: id, emoji: "👀" });
  await deliver({ type: "react", message: id, emoji: null });
  await deliver({ type: "typing" });
  const thread = await deliver({ type: "thread", name: "Plans", message: id });
  await deliver({ type: "text", text: "In the thread" }, { ...room, thread });
  expect(await texts({ ...room, thread })).toEqual(["In the thread"]);
});

test("a person who never wrote gets a direct message", async () => {
  const person: Address = { channel: "discord", peer: ALICE };
  await deliver({ type: "text", text: "Hello Alice" }, person);
  expect(await texts(person)).toEqual(["Hello Alice"]);
});

test("a channel that is not there is refused in words", async () => {
  const act: DeliveryAct = { type: "text", text: "x" };
  const to = { ...room, peer: "135000000000009999" };
  expect(await discord.deliver({ id: "x", sessionKey: "s", agentId: "main", runId: "r", to, act, part: 0 }, line)).toMatchObject({
    outcome: "refused",
    reason: expect.stringContaining("the channel is gone"),
  });
});

test("what people write comes by the gateway, and the answer hangs on it", async () => {
  const { manifest } = server;
  const heard = listen(manifest.endpoints.gatewayUrl, manifest.botToken);
  await heard.isReady;
  const inject = await fetch(manifest.endpoints.adminInboundUrl, {
    method: "POST",
    headers: { "content-type": "application/json", "x-crabline-admin-token": manifest.adminToken },
    body: JSON.stringify({
      channelId: room.peer,
      guildId: manifest.fixture.guildId,
      senderId: ALICE,
      senderName: "Alice",
      content: `<@${manifest.botUserId}> when is high tide?`,
    }),
  });
  expect(inject.status).toBe(200);
  const dispatch = await heard.next("MESSAGE_CREATE");
  const [inbound] = readDispatch(dispatch, {
    botId: manifest.botUserId,
    account: "default",
    now: Date.now(),
    roomOf: () => undefined,
  });
  expect(inbound).toMatchObject({
    kind: "message",
    message: { isToUs: true, from: room, sender: { id: ALICE }, parts: [{ text: "when is high tide?" }] },
  });
  const message = inbound?.message;
  const reply = await deliver({ type: "text", text: "At noon.", replyTo: message?.platformId ?? "" }, message?.from);
  const own = await heard.next("MESSAGE_CREATE");
  expect(own.d).toMatchObject({ id: reply, message_reference: { message_id: message?.platformId } });
  // Our own words come back by the gateway too, and must say nothing.
  expect(readDispatch(own, { botId: manifest.botUserId, account: "default", now: 0, roomOf: () => undefined })).toEqual([]);
  heard.close();
});

/** The least that keeps a gateway talking. */
function listen(url: string, token: string) {
  const socket = new WebSocket(`${url}?v=10&encoding=json`);
  const queue: Dispatch[] = [];
  const waiting: { t: string; done: (dispatch: Dispatch) => void }[] = [];
  const offer = (dispatch: Dispatch) => {
    const index = waiting.findIndex(({ t }) => t === dispatch.t);
    if (index < 0) queue.push(dispatch);
    else waiting.splice(index, 1)[0]?.done(dispatch);
  };
  socket.on("message", (data) => {
    const { op, t, d, s } = JSON.parse(String(data)) as { op: number; t: string; d: unknown; s: number };
    if (op === 0) offer({ t, d, key: `test:${s}` });
    if (op !== 10) return;
    const intents = (1 << 0) | (1 << 9) | (1 << 12) | (1 << 15);
    socket.send(
      JSON.stringify({ op: 2, d: { token, intents, properties: { os: "linux", browser: "skerry", device: "skerry" } } }),
    );
  });
  const next = (t: string) =>
    new Promise<Dispatch>((done) => {
      const index = queue.findIndex((dispatch) => dispatch.t === t);
      const found = index < 0 ? undefined : queue.splice(index, 1)[0];
      if (found) done(found);
      else waiting.push({ t, done });
    });
  return { isReady: next("READY"), next, close: () => socket.close() };
}
