// Google Chat's events, of every kind and in both of its forms, as messages and notices.
import { describe, expect, it } from "vitest";
import { textOf } from "../../../../src/contract/message.ts";
import { googleChat } from "../../../../src/worker/channels/google-chat/google-chat.ts";
import events from "../../../fixtures/channels/google-chat/events.json" with { type: "json" };
import { lineTo, postOf } from "../../../support/channels/platform-line.ts";

const keys = { GOOGLE_CHAT_AUDIENCE: "https://skerry.example/channels/google-chat" };
const line = lineTo({ channel: "google-chat", base: "http://127.0.0.1:1", keys });

async function translate(event: unknown, to = line) {
  return (await googleChat.translate(postOf(event, {}, "http://127.0.0.1:18789/channels/google-chat"), to)).inbound;
}

async function read(name: keyof typeof events) {
  const inbound = await translate(events[name]);
  expect(inbound).toHaveLength(1);
  const [one] = inbound;
  if (!one) throw new Error(`${name} says nothing.`);
  return { kind: one.kind, message: one.message, text: textOf(one.message.parts) };
}

describe("the Chat API's events", () => {
  it("reads a direct message", async () => {
    const { kind, message } = await read("direct-message");
    expect(kind).toBe("message");
    expect(message).toEqual({
      id: "google-chat:default:spaces/DMSPACE01/messages/Rq1aThread.Rq1aThread",
      from: { channel: "google-chat", peer: "spaces/DMSPACE01", kind: "direct" },
      sender: { id: "users/100000000000000000001", name: "Ann Example", isOwner: false },
      sentAt: Date.parse("2026-11-20T09:15:02.000111Z"),
      parts: [{ type: "text", text: "What is on today?" }],
      platformId: "Rq1aThread.Rq1aThread",
    });
  });

  it("reads a mention in a space as said to us, in the thread that it opens", async () => {
    const { message, text } = await read("mention-in-space");
    expect(text).toBe("please summarise for @Ann Example");
    expect(message.from).toEqual({ channel: "google-chat", peer: "spaces/AAAAroom01", kind: "group", thread: "Thr3ad_one" });
    expect(message.isToUs).toBe(true);
    expect(message.placeName).toBe("Garden party");
  });

  it("reads an answer in a thread with what it quotes", async () => {
    const { message } = await read("mention-in-thread-of-group-chat");
    expect(message.from.thread).toBe("Root77");
    expect(message.quoted).toEqual({ platformId: "Root77.Root77", text: "Rain in the morning." });
  });

  it("reads a slash command under our own name for it", async () => {
    const { message, text } = await read("slash-command");
    expect(text).toBe("/export-session exports/trip.md");
    expect(message.isToUs).toBe(true);
  });

  it("reads a quick command by its number", async () => {
    const { message, text } = await read("quick-command");
    expect(text).toBe("/new");
    expect(message.id).toBe("google-chat:default:spaces/DMSPACE01:2026-11-20T09:26:00.25Z");
  });

  it("takes a link that is merely previewed for nothing said to us", async () => {
    expect((await read("link-preview")).message.isToUs).toBe(false);
  });

  it("names files that can be fetched, and says which cannot", async () => {
    const { message, text } = await read("attachments");
    expect(message.attachments).toEqual([
      { handle: "spaces/DMSPACE01/attachments/AATT1=x", kind: "image", name: "boat.png", type: "image/png" },
      { handle: "ClxzcGFjZXMvRE0", kind: "file", name: "notes.pdf", type: "application/pdf" },
    ]);
    expect(text).toBe(
      "[a file in Google Drive: Plan; it cannot be opened from here]\n[GIF: https://media.tenor.example/wave.gif]",
    );
  });

  it("reads a pressed button as a message with its value, of the one who pressed it", async () => {
    const { message, text } = await read("card-clicked");
    expect(text).toBe("yes, do it");
    expect(message.sender.id).toBe("users/100000000000000000002");
    expect(message.isToUs).toBe(true);
    expect(message.from.thread).toBe("Ask1");
    expect(message.id).toContain("Ask1.Ask2:pressed:users/100000000000000000002:2026-11-20T09:35:00.75Z");
  });

  it("tells that it was added and removed", async () => {
    expect(await read("added-to-space")).toMatchObject({ kind: "notice", text: "[You were added here by Ann Example]" });
    expect(await read("removed-from-space")).toMatchObject({
      kind: "notice",
      text: "[You were removed from here by Ann Example]",
    });
  });

  it("hears what was said in the moment of adding it", async () => {
    const inbound = await translate(events["added-by-mention"]);
    expect(inbound.map(({ kind, message }) => [kind, textOf(message.parts)])).toEqual([
      ["notice", "[You were added here by Ann Example]"],
      ["message", "hello"],
    ]);
  });

  it("marks what another app says", async () => {
    expect((await read("from-another-app")).message.isFromBot).toBe(true);
  });

  it("hears nothing in events it does not know", async () => {
    expect(await translate(events["app-home"])).toEqual([]);
    expect(await translate({ type: "SOMETHING_NEW", user: { name: "users/1" }, space: { name: "spaces/A" } })).toEqual([]);
  });
});

describe("an add-on's events", () => {
  it("reads a message, and the way on which its buttons come back", async () => {
    const { message, text } = await read("add-on-message");
    expect(text).toBe("Good morning");
    expect(message.from).toEqual({
      channel: "google-chat",
      peer: "spaces/DMSPACE01",
      kind: "direct",
      route: { webhook: "https://skerry.example/channels/google-chat" },
    });
  });

  it("reads a command and a button", async () => {
    expect(await read("add-on-command")).toMatchObject({ text: "/think high", message: { isToUs: true } });
    expect(await read("add-on-button")).toMatchObject({ kind: "message", text: "later" });
  });

  it("tells that it was added and removed, and nothing of what it does not know", async () => {
    expect(await read("add-on-added")).toMatchObject({ kind: "notice", text: "[You were added here by Ann Example]" });
    expect(await read("add-on-removed")).toMatchObject({ kind: "notice" });
    expect(await translate(events["add-on-widget"])).toEqual([]);
  });
});

describe("whatever comes", () => {
  it("gives the same event the same id, and another account's another one", async () => {
    const [first] = await translate(events["card-clicked"]);
    const [again] = await translate(events["card-clicked"]);
    const [elsewhere] = await translate(events["card-clicked"], { ...line, account: { ...line.account, account: "work" } });
    expect(again?.message.id).toBe(first?.message.id);
    expect(elsewhere?.message.id).toBe(first?.message.id.replace("default", "work"));
    expect(elsewhere?.message.from.account).toBe("work");
  });

  it("answers with an empty object, so that nothing is posted", async () => {
    const { reply } = await googleChat.translate(postOf(events["direct-message"]), line);
    expect(await reply?.([]).json()).toEqual({});
  });

  it.each(["", "no json", "[]", "null", '"text"', "{}", '{"type":5}'])("refuses %j as no event", async (body) => {
    await expect(googleChat.translate(postOf(body), line)).rejects.toBeInstanceOf(SyntaxError);
  });

  it("keeps what it can read of an event whose fields are of other kinds", async () => {
    const event = structuredClone(events["direct-message"]) as Record<string, unknown>;
    Object.assign(event["message"] as object, {
      annotations: "?",
      attachment: [5, { contentName: 7 }],
      threadReply: "yes",
      thread: 1,
    });
    const [one] = await translate(event);
    expect(one && textOf(one.message.parts)).toBe("What is on today?");
  });
});
