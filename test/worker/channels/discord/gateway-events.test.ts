// What the gateway tells, as messages and notices, by payloads in the form Discord documents.
import { describe, expect, test } from "vitest";
import type { Message } from "../../../../src/contract/message.ts";
import { readDispatch, type Surroundings } from "../../../../src/worker/channels/discord/gateway-events.ts";
import { ANN, APP, CHANNEL, NOW, payload } from "./rig.ts";

const around: Surroundings = {
  botId: APP,
  account: "default",
  now: NOW,
  roomOf: (id) => ({ [CHANNEL]: { name: "general" }, "1100000000000000021": { name: "travel", parent: CHANNEL } })[id],
};

function read(t: string, path: string, change: object = {}) {
  return readDispatch({ t, d: { ...payload<object>(`gateway/${path}`), ...change }, key: "session:7" }, around);
}

function said(path: string, change: object = {}): Message {
  const [heard, ...more] = read("MESSAGE_CREATE", `messages/${path}`, change);
  expect(more).toEqual([]);
  expect(heard?.kind).toBe("message");
  return heard?.message as Message;
}

function noticed(t: string, path: string): Message | undefined {
  const [heard] = read(t, path);
  expect(heard?.kind ?? "notice").toBe("notice");
  return heard?.message;
}

describe("messages", () => {
  test("a mention is to us; names stand where ids stood", () => {
    const raw = payload("gateway/messages/mention");
    expect(said("mention")).toEqual({
      id: `discord:default:${raw["id"]}`,
      from: { channel: "discord", peer: CHANNEL, kind: "group" },
      sender: { id: ANN, name: "Ann", isOwner: false },
      parts: [{ type: "text", text: "tell @Bob about :boat:" }],
      sentAt: expect.any(Number),
      platformId: raw["id"],
      isToUs: true,
      placeName: "#general",
    });
  });

  test("who calls everybody does not call us", () => {
    expect(said("overheard")).toMatchObject({ isToUs: false, parts: [{ text: "@everyone dinner at eight" }] });
  });

  test("an answer to us is to us", () => {
    expect(said("reply")).toMatchObject({ isToUs: true, quoted: { text: "Shall I book it?", isOurs: true, author: "Skerry" } });
  });

  test("a thread is a place of its own in its channel", () => {
    expect(said("thread").from).toEqual({ channel: "discord", peer: CHANNEL, thread: "1100000000000000021", kind: "group" });
  });

  test("a direct message: the person is the peer, its channel the way back", () => {
    const { from, isToUs, attachments } = said("direct");
    expect(from).toEqual({ channel: "discord", peer: ANN, kind: "direct", route: { channel: "1100000000000000030" } });
    expect(isToUs).toBeUndefined();
    expect(attachments).toMatchObject([{ kind: "file", name: "notes.pdf", type: "application/pdf" }]);
  });

  test("a voice message", () => {
    expect(said("voice")).toMatchObject({ parts: [], attachments: [{ kind: "voice", durationS: 3.2, type: "audio/ogg" }] });
  });

  test("stickers: their names, and the pictures that are pictures", () => {
    const { parts, attachments } = said("sticker");
    expect(parts).toEqual([{ type: "text", text: "[sticker Wave]\n[sticker Spin]" }]);
    expect(attachments).toEqual([
      { handle: "https://media.discordapp.net/stickers/1100000000000000501.png", kind: "sticker", name: "Wave.png" },
    ]);
  });

  test.each([
    ["poll", "[poll: Where to? — Skye / Mull]"],
    ["forward", "[forwarded]\nHarbour closed today"],
    ["other-bot", "Build failed\nmain is red\nStep: lint"],
  ])("%s has words", (path, text) => {
    expect(said(path).parts).toEqual([{ type: "text", text }]);
  });

  test("a forwarded picture comes along", () => {
    expect(said("forward").attachments).toMatchObject([{ name: "map.png" }]);
  });

  test("programs are marked, by account or by webhook", () => {
    expect(said("other-bot").isFromBot).toBe(true);
    expect(said("mention", { webhook_id: "1" }).isFromBot).toBe(true);
    expect(said("mention").isFromBot).toBeUndefined();
  });

  test("a text that the app has cut waits for its rest", () => {
    expect(said("mention", { content: "x".repeat(2000) }).joinAs).toBe(`long:${ANN}`);
    expect(said("mention").joinAs).toBeUndefined();
  });

  test("our own words come back as nothing", () => {
    expect(read("MESSAGE_CREATE", "messages/own")).toEqual([]);
  });

  test("nothing to read is nothing said", () => {
    expect(read("MESSAGE_CREATE", "messages/mention", { content: `<@${APP}>` })).toEqual([]);
  });
});

describe("notices", () => {
  test.each([
    ["MESSAGE_CREATE", "messages/joined", "[Bob joined]"],
    ["MESSAGE_UPDATE", "messages/edited", /^\[Ann changed their message \d+; it now says:\]\ndinner at nine$/],
    ["MESSAGE_DELETE", "events/delete", /^\[Message \d+ was deleted\]$/],
    ["MESSAGE_DELETE_BULK", "events/delete-bulk", "[2 messages were deleted]"],
    ["MESSAGE_REACTION_ADD", "events/reaction-add", /^\[Annie reacted 👍 to your message \d+\]$/],
    ["MESSAGE_REACTION_ADD", "events/reaction-add-direct", /^\[Somebody reacted :boat: to your message \d+\]$/],
    ["MESSAGE_REACTION_REMOVE", "events/reaction-remove", /^\[Somebody took their 👍 away from message \d+\]$/],
    ["MESSAGE_POLL_VOTE_ADD", "events/vote-add", /^\[Somebody chose answer 2 in the poll \d+\]$/],
    ["MESSAGE_POLL_VOTE_REMOVE", "events/vote-add", /^\[Somebody took back answer 2 in the poll \d+\]$/],
  ])("%s %s", (t, path, text) => {
    const notice = noticed(t, path);
    expect(notice?.parts).toEqual([{ type: "text", text: typeof text === "string" ? text : expect.stringMatching(text) }]);
    expect(notice?.isToUs).toBeUndefined();
  });

  test("a reaction in a direct talk belongs to the talk of who reacted", () => {
    expect(noticed("MESSAGE_REACTION_ADD", "events/reaction-add-direct")?.from).toMatchObject({ peer: ANN, kind: "direct" });
  });

  test.each([
    ["MESSAGE_UPDATE", "messages/preview-only"],
    ["MESSAGE_REACTION_ADD", "events/reaction-own"],
    ["MESSAGE_DELETE", "events/delete-direct"],
    ["TYPING_START", "events/typing"],
    ["SOMETHING_NEW", "events/typing"],
  ])("nothing: %s %s", (t, path) => {
    expect(read(t, path)).toEqual([]);
  });

  test("an event that Discord repeats has the same id, another one has not", () => {
    const d = payload("gateway/events/reaction-add");
    const [first] = readDispatch({ t: "MESSAGE_REACTION_ADD", d, key: "session:7" }, around);
    const [again] = readDispatch({ t: "MESSAGE_REACTION_ADD", d, key: "session:7" }, around);
    const [later] = readDispatch({ t: "MESSAGE_REACTION_ADD", d, key: "session:9" }, around);
    expect(again?.message.id).toBe(first?.message.id);
    expect(later?.message.id).not.toBe(first?.message.id);
  });

  test("each edit of a message is an event of its own", () => {
    const one = noticed("MESSAGE_UPDATE", "messages/edited")?.id;
    const [two] = read("MESSAGE_UPDATE", "messages/edited", { edited_timestamp: "2025-10-21T06:06:00.000000+00:00" });
    expect(two?.message.id).not.toBe(one);
  });
});
