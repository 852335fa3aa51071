// Slack against a third party's Slack: it keeps people, channels, messages and files, signs its events as Slack does, and
// posts them here. What a person writes there is heard, and what is answered stands there for that person to read.
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Inbound } from "../../../src/contract/channels/channel.ts";
import type { DeliveryAct } from "../../../src/contract/channels/delivery.ts";
import { textOf } from "../../../src/contract/message.ts";
import type { Post, Proof } from "../../../src/worker/channels/channel.ts";
import { slack } from "../../../src/worker/channels/slack/slack.ts";
import {
  BOT_TOKEN,
  type SlackAnswer,
  type SlackSaid,
  type SlackTown,
  startSlackTown,
} from "../../support/channels/slack-town.ts";
import { slackLine } from "../../support/slack.ts";

let stop: (() => Promise<void>)[] = [];
let town: SlackTown;
let line: ReturnType<typeof slackLine>;
const heard: { proof: Proof; inbound: Inbound[]; post: Post }[] = [];

/** The bytes of a picture of one point. */
const PICTURE = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (character) => character.charCodeAt(0),
);

/** Where its events come: each is proven and read as the webhook would. */
async function startHook(): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Uint8Array.from(Buffer.concat(chunks));
      const headers = new Headers(
        Object.entries(request.headers).flatMap(([name, value]) =>
          typeof value === "string" ? [[name, value] as [string, string]] : [],
        ),
      );
      const post = {
        method: "POST",
        url: new URL("http://127.0.0.1/channels/slack"),
        headers,
        body,
        text: new TextDecoder().decode(body),
      };
      void hear(post).finally(() => response.end());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stop.push(() => new Promise((resolve) => server.close(() => resolve())));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
}

async function hear(post: Post): Promise<void> {
  const proof = await slack.prove(post, line);
  heard.push({ proof, inbound: proof.ok ? (await slack.translate(post, line)).inbound : [], post });
}

beforeAll(async () => {
  town = await startSlackTown({ hook: await startHook() });
  stop.push(() => town.stop());
  line = slackLine(`${town.url}/api`, { now: Date.now, readMedia: async () => PICTURE }, { SLACK_BOT_TOKEN: BOT_TOKEN });
});

afterAll(async () => {
  for (const end of stop.toReversed()) await end();
  stop = [];
});

/** A person's own doing. */
function asAnn(method: string, args: object = {}): Promise<SlackAnswer> {
  return town.person("ann").does(method, args);
}

const botId = () => town.botId();
const inTown = () => town.channel("town");

async function history(channel: string): Promise<SlackSaid[]> {
  return (await asAnn("conversations.history", { channel })).messages;
}

async function deliver(act: DeliveryAct, to: Inbound["message"]["from"]): Promise<string> {
  const outcome = await slack.deliver({ id: "t:0", sessionKey: "s", agentId: "main", runId: "r", part: 0, to, act }, line);
  if (outcome.outcome !== "sent") throw new Error(JSON.stringify(outcome));
  return outcome.platformId ?? "";
}

/** What was heard of something, once it has come. */
async function heardOf(find: (inbound: Inbound) => boolean): Promise<Inbound> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = heard.flatMap(({ inbound }) => inbound).find(find);
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not heard: ${JSON.stringify(heard, null, 1).slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const said = (text: string) => heardOf(({ message }) => textOf(message.parts) === text);

describe("Slack's signed events", () => {
  it("of a channel are proven and heard, with and without a mention", async () => {
    const channel = await inTown();
    const bot = await botId();
    await asAnn("chat.postMessage", { channel, text: "Just among us" });
    await asAnn("chat.postMessage", { channel, text: `<@${bot}> are you there?` });
    const [among, asked] = [await said("Just among us"), await said("are you there?")];
    expect([among.message.isToUs, asked.message.isToUs]).toEqual([false, true]);
    expect(asked.message).toMatchObject({ from: { peer: channel, kind: "group" }, placeName: "#town" });
    expect(asked.message.sender.name).toMatch(/^ann$/i);
    expect(heard.every(({ proof }) => proof.ok)).toBe(true);
  });

  it("of direct messages come from the person", async () => {
    const { channel } = await asAnn("conversations.open", { users: await botId() });
    await asAnn("chat.postMessage", { channel: channel.id, text: "In private" });
    const { message } = await said("In private");
    expect(message.from).toMatchObject({ kind: "direct", route: { channel: channel.id }, peer: message.sender.id });
    await deliver({ type: "text", text: "I **hear** you" }, message.from);
    expect((await history(channel.id)).map(({ text }) => text)).toContain("I *hear* you");
  });

  it("are refused when one byte is changed, when they are too old, and with another secret", async () => {
    const real = heard.find(({ proof }) => proof.ok)?.post;
    if (!real) throw new Error("nothing was heard");
    const body = Uint8Array.from(real.body);
    body[body.length - 2] = (body[body.length - 2] ?? 0) ^ 1;
    expect((await slack.prove({ ...real, body }, line)).ok).toBe(false);
    expect((await slack.prove(real, { ...line, now: () => Date.now() + 600_000 })).ok).toBe(false);
    const stranger = slackLine(line.base, { now: Date.now }, { SLACK_SIGNING_SECRET: "another" });
    expect((await slack.prove(real, stranger)).ok).toBe(false);
  });

  it("of being invited to a channel are heard, with who did it", async () => {
    const channel = await inTown();
    const bot = await botId();
    await asAnn("conversations.invite", { channel, users: bot });
    const { kind, message } = await heardOf((inbound) => textOf(inbound.message.parts).startsWith("[You were added here"));
    expect(kind).toBe("notice");
    expect(message.from.peer).toBe(channel);
  });

  it("of our own messages are not heard", async () => {
    const channel = await inTown();
    const before = heard.length;
    await deliver({ type: "text", text: "Talking to myself" }, { channel: "slack", peer: channel, kind: "group" });
    await asAnn("chat.postMessage", { channel, text: "After it" });
    await said("After it");
    expect(heard.slice(before).length).toBeGreaterThanOrEqual(2);
    expect(heard.flatMap(({ inbound }) => inbound).some(({ message }) => textOf(message.parts).includes("myself"))).toBe(false);
  });
});

describe("what is done at Slack", () => {
  it("an answer grows below the message it answers and ends as it was meant", async () => {
    const channel = await inTown();
    const { ts } = await asAnn("chat.postMessage", { channel, text: "Tell me all" });
    const place = { channel: "slack", peer: channel, kind: "group", thread: ts } as const;
    const draft = await deliver({ type: "draft", text: "It" }, place);
    await deliver({ type: "draft", text: "It is **so**", message: draft }, place);
    expect(await deliver({ type: "text", text: "It is **so** & so <!channel>", replaces: draft }, place)).toBe(draft);
    const { messages } = await asAnn("conversations.replies", { channel, ts });
    expect(messages.slice(1).map(({ text, thread_ts }) => [text, thread_ts])).toEqual([
      ["It is *so* &amp; so &lt;!channel&gt;", ts],
    ]);
  });

  it("a message is reacted to, pinned, changed and deleted", async () => {
    const channel = await inTown();
    const place = { channel: "slack", peer: channel, kind: "group" } as const;
    const message = await deliver({ type: "text", text: "One", buttons: [[{ label: "Yes", value: "y" }]] }, place);
    const find = async () => (await history(channel)).find(({ ts }) => ts === message);
    expect((await find())?.blocks).toHaveLength(2);
    await deliver({ type: "react", message, emoji: "🎉" }, place);
    expect((await find())?.reactions?.map(({ name }) => name)).toEqual(["tada"]);
    await deliver({ type: "react", message, emoji: "🎉" }, place);
    await deliver({ type: "react", message, emoji: null }, place);
    expect((await find())?.reactions ?? []).toEqual([]);
    await deliver({ type: "pin", message, isPinned: true }, place);
    await deliver({ type: "pin", message, isPinned: false }, place);
    await deliver({ type: "edit", message, text: "_Two_" }, place);
    expect((await find())?.text).toBe("_Two_");
    await deliver({ type: "delete", message }, place);
    expect(await find()).toBeUndefined();
  });

  it("a reaction of a person is heard", async () => {
    const channel = await inTown();
    const { ts } = await asAnn("chat.postMessage", { channel, text: "React to me" });
    await asAnn("reactions.add", { channel, timestamp: ts, name: "wave" });
    const { kind } = await heardOf(({ message }) => textOf(message.parts).includes(`:wave: to message ${ts}`));
    expect(kind).toBe("notice");
  });

  it("a file goes there whole, and one comes from there whole", async () => {
    const channel = await inTown();
    const place = { channel: "slack", peer: channel, kind: "group" } as const;
    const media = [{ key: "k", type: "image/png", size: PICTURE.length, name: "dot.png" }];
    await deliver({ type: "media", media, caption: "A dot" }, place);
    const shown = (await history(channel)).find(({ files }) => files?.length === 1);
    expect(shown).toMatchObject({ text: "A dot", files: [{ size: PICTURE.length }] });
    const fetched = await slack.fetchMedia?.({ handle: shown?.files?.[0]?.id ?? "", kind: "image" }, line);
    expect(fetched?.ok && [...fetched.value.bytes]).toEqual([...PICTURE]);
  });

  it("a file of a person is heard with its words", async () => {
    const channel = await inTown();
    const place = await asAnn("files.getUploadURLExternal", { filename: "note.txt", length: 5 });
    await fetch(place.upload_url, { method: "POST", body: "hello" });
    await asAnn("files.completeUploadExternal", {
      files: [{ id: place.file_id }],
      channel_id: channel,
      initial_comment: "Read this",
    });
    const { message } = await said("Read this");
    expect(message.attachments).toMatchObject([{ handle: place.file_id, kind: "file", name: "note.txt" }]);
  });

  it("earlier messages are read back, oldest first", async () => {
    const channel = await inTown();
    const read = await slack.read?.({ channel: "slack", peer: channel, kind: "group" }, 3, line);
    if (!read?.ok) throw new Error(JSON.stringify(read));
    expect(read.value).toHaveLength(3);
    expect(read.value.map(({ at }) => at)).toEqual(read.value.map(({ at }) => at).toSorted((a, b) => a - b));
    expect(read.value.at(-1)?.text).toBe("Read this\n[file note.txt]");
  });

  it("the keys are good, and others are not", async () => {
    expect(await slack.probe(line)).toMatchObject({ ok: true, value: expect.stringContaining("skerry") });
    const wrong = slackLine(line.base, {}, { SLACK_BOT_TOKEN: "xoxb-wrong" });
    expect(await slack.probe(wrong)).toMatchObject({ ok: false, error: { code: "FORBIDDEN" } });
  });
});
