// An answer that grows: by Slack's own stream in a thread of direct messages, by edits everywhere else, and by edits again
// whenever the stream cannot go on.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DeliveryAct, DeliveryOutcome } from "../../../../src/contract/channels/delivery.ts";
import type { Address } from "../../../../src/contract/message.ts";
import { slack } from "../../../../src/worker/channels/slack/slack.ts";
import { type Play, type SlackServer, slackLine, startSlack } from "../../../support/slack.ts";

let server: SlackServer;
let line: ReturnType<typeof slackLine>;
let room = 0;
let thread: Address;

/** A Slack with streams: what is appended is kept, and a message that streams cannot be edited. */
function streaming(): Play {
  const streams = new Map<string, { text: string; isOpen: boolean }>();
  let count = 0;
  return {
    "chat.startStream": ({ markdown_text = "", thread_ts }) => {
      if (thread_ts === undefined) return { ok: false, error: "invalid_thread_ts" };
      const ts = `20.${++count}`;
      streams.set(ts, { text: markdown_text, isOpen: true });
      return { ok: true, ts };
    },
    "chat.appendStream": ({ ts = "", markdown_text = "" }) => {
      const stream = streams.get(ts);
      if (!stream?.isOpen) return { ok: false, error: "message_not_in_streaming_state" };
      stream.text += markdown_text;
      return { ok: true, ts };
    },
    "chat.stopStream": ({ ts = "", markdown_text = "" }) => {
      const stream = streams.get(ts);
      if (!stream?.isOpen) return { ok: false, error: "message_not_in_streaming_state" };
      stream.text += markdown_text;
      stream.isOpen = false;
      return { ok: true, ts };
    },
    "chat.update": ({ ts = "", text = "" }) => {
      const stream = streams.get(ts);
      if (stream?.isOpen) return { ok: false, error: "streaming_state_conflict" };
      if (stream) stream.text = text;
      return { ok: true, ts };
    },
    "chat.postMessage": () => ({ ok: true, ts: "30.1" }),
    "chat.delete": ({ ts = "" }) => (streams.get(ts)?.isOpen ? { ok: false, error: "streaming_state_conflict" } : { ok: true }),
    show: ({ ts = "" }) => ({ ok: true, ...streams.get(ts) }),
    close: ({ ts = "" }) => {
      const stream = streams.get(ts);
      if (stream) stream.isOpen = false;
      return { ok: true };
    },
  };
}

beforeEach(async () => {
  server = await startSlack(streaming());
  line = slackLine(server.base);
  room += 1;
  thread = { channel: "slack", peer: "U0ANN", kind: "direct", thread: "1.1", route: { channel: `D0ROOM${room}` } };
});
afterEach(() => server.stop());

function deliver(act: DeliveryAct, to: Address = thread): Promise<DeliveryOutcome> {
  return slack.deliver({ id: "turn:0", sessionKey: "s", agentId: "main", runId: "r", part: 0, to, act }, line);
}

async function draft(text: string, message?: string, to: Address = thread): Promise<string> {
  const outcome = await deliver({ type: "draft", text, ...(message === undefined ? {} : { message }) }, to);
  if (outcome.outcome !== "sent" || outcome.platformId === undefined) throw new Error(JSON.stringify(outcome));
  return outcome.platformId;
}

function asked(): string[] {
  return server.acts().map(({ method }) => method.replace("chat.", ""));
}

function shown(ts: string): { text?: string; isOpen?: boolean } {
  return server.play["show"]?.({ ts }, {} as never) as { text?: string; isOpen?: boolean };
}

describe("in a thread of direct messages", () => {
  it("the answer grows by Slack's stream and is whole at its end", async () => {
    const ts = await draft("Hello");
    expect(await draft("Hello, **wor", ts)).toBe(ts);
    expect(await draft("Hello, **world** <!channel>", ts)).toBe(ts);
    expect(shown(ts)).toMatchObject({ text: "Hello, **world** <\u2060!channel>", isOpen: true });
    expect(await deliver({ type: "text", text: "Hello, **world** <!channel>, bye", replaces: ts })).toEqual({
      outcome: "sent",
      platformId: ts,
    });
    expect(shown(ts)).toMatchObject({ text: "Hello, **world** <\u2060!channel>, bye", isOpen: false });
    expect(asked()).toEqual(["startStream", "appendStream", "appendStream", "stopStream"]);
  });

  it("the line that says what is being done is not part of it", async () => {
    const ts = await draft("First");
    await draft("First\n\nsearching …", ts);
    await draft("First, second", ts);
    await draft("First, second and thi…", ts);
    expect(shown(ts).text).toBe("First, second and thi");
    expect(asked()).toEqual(["startStream", "appendStream", "appendStream"]);
  });

  it("one that begins with that line alone is edited", async () => {
    const ts = await draft("searching …");
    await draft("Found", ts);
    expect(asked()).toEqual(["postMessage", "update"]);
  });

  it("an answer that does not go on where it stopped is edited, the stream ended first", async () => {
    const ts = await draft("Hello");
    await draft("Good day", ts);
    expect(shown(ts)).toMatchObject({ text: "Good day", isOpen: false });
    await draft("Good day *you*", ts);
    expect(shown(ts).text).toBe("Good day _you_");
    expect(asked()).toEqual(["startStream", "stopStream", "update", "update"]);
  });

  it("a stream that Slack closed in the middle goes on by edits", async () => {
    const ts = await draft("Hello");
    server.play["close"]?.({ ts }, {} as never);
    await draft("Hello again", ts);
    expect(await deliver({ type: "text", text: "Hello again, all", replaces: ts })).toMatchObject({
      outcome: "sent",
      platformId: ts,
    });
    expect(shown(ts).text).toBe("Hello again, all");
  });

  it("a stream that Slack closed before the end still becomes the answer", async () => {
    const ts = await draft("Hello");
    server.play["close"]?.({ ts }, {} as never);
    await deliver({ type: "text", text: "Hello all", replaces: ts });
    expect(shown(ts).text).toBe("Hello all");
  });

  it("a stream that another isolate began is ended before it is edited", async () => {
    const begun = server.play["chat.startStream"]?.({ markdown_text: "Hel", thread_ts: "1.1" }, {} as never) as { ts: string };
    await draft("Hello", begun.ts);
    expect(shown(begun.ts)).toMatchObject({ text: "Hello", isOpen: false });
    expect(asked()).toEqual(["update", "stopStream", "update"]);
  });

  it("an answer with buttons ends the stream and gets them by an edit", async () => {
    const ts = await draft("Sure");
    await deliver({ type: "text", text: "Sure?", replaces: ts, buttons: [[{ label: "Yes", value: "y" }]] });
    expect(asked()).toEqual(["startStream", "stopStream", "update"]);
    expect(server.acts().at(-1)?.args["blocks"]).toContain("Yes");
  });

  it("a stream that is taken back is ended and deleted", async () => {
    const ts = await draft("Hello");
    expect(await deliver({ type: "delete", message: ts })).toEqual({ outcome: "sent" });
    expect(asked()).toEqual(["startStream", "stopStream", "delete"]);
  });

  it("a workspace without streams is not asked again for a while", async () => {
    server.play["chat.startStream"] = () => ({ ok: false, error: "feature_not_enabled" });
    const first = await draft("Hello");
    await draft("Hello you", first);
    await draft("Another");
    expect(asked()).toEqual(["startStream", "postMessage", "update", "postMessage"]);
    expect(server.acts()[1]?.args["thread_ts"]).toBe("1.1");
  });

  it("too many requests are no refusal of streams", async () => {
    server.play["chat.startStream"] = () => ({ status: 429, headers: { "retry-after": "2" } });
    expect(await deliver({ type: "draft", text: "Hello" })).toMatchObject({ outcome: "unanswered", retryAfterMs: 2000 });
    const ts = server.play;
    server.play = { ...ts, ...streaming() };
    await draft("Hello");
    expect(asked().at(-1)).toBe("startStream");
  });
});

describe("elsewhere", () => {
  it.each<[string, Address]>([
    ["in a channel", { channel: "slack", peer: "C0TOWN", kind: "group" }],
    ["in a channel's thread", { channel: "slack", peer: "C0TOWN", kind: "group", thread: "1.1" }],
    ["in direct messages without a thread", { channel: "slack", peer: "U0ANN", kind: "direct", route: { channel: "D0ANN" } }],
  ])("%s the answer grows by edits", async (_name, to) => {
    const ts = await draft("**Hello**", undefined, to);
    await draft("**Hello** you", ts, to);
    await deliver({ type: "text", text: "**Hello** you all", replaces: ts }, to);
    expect(server.acts().map(({ args }) => args["text"])).toEqual(["*Hello*", "*Hello* you", "*Hello* you all"]);
    expect(asked()).toEqual(["postMessage", "update", "update"]);
  });

  it("a draft that is longer in Slack's marks than a message may be shows its beginning", async () => {
    await draft("<&> ".repeat(990), undefined, { channel: "slack", peer: "C0TOWN", kind: "group" });
    const [first] = server.acts();
    expect(first?.args["text"]?.length).toBeLessThanOrEqual(4000);
    expect(first?.args["text"]?.length).toBeGreaterThan(3000);
  });
});
