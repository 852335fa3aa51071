// The fold of history and live frames into what a screen shows.
import { beforeEach, describe, expect, it } from "vitest";
import type { ActiveRun, ChatHistory, WireMessage } from "../../src/client/frames.ts";
import { SessionView } from "../../src/client/session-view.ts";
import type { CallItem, MessageItem } from "../../src/client/view-items.ts";

const KEY = "agent:main:main";
let view: SessionView;
beforeEach(() => {
  view = new SessionView(KEY);
});

const user = (seq: number, text: string, id: string): WireMessage => ({
  role: "user",
  content: text,
  timestamp: seq,
  __openclaw: { id: `e${seq}`, seq, kind: "user", runId: id },
});
const assistant = (
  seq: number,
  text: string,
  more: { step?: number; calls?: string[]; thinking?: string } = {},
): WireMessage => ({
  role: "assistant",
  content: [
    ...(more.thinking ? [{ type: "thinking" as const, thinking: more.thinking }] : []),
    ...(text === "" ? [] : [{ type: "text" as const, text }]),
    ...(more.calls ?? []).map((id) => ({ type: "toolCall" as const, id, name: "read", arguments: { path: "a" } })),
  ],
  provider: "bench",
  model: "scripted",
  timestamp: seq,
  __openclaw: { id: `e${seq}`, seq, kind: "assistant", step: more.step ?? 1 },
});
const result = (seq: number, callId: string, text: string, isError = false): WireMessage => ({
  role: "toolResult",
  toolCallId: callId,
  toolName: "read",
  content: [{ type: "text", text }],
  isError,
  timestamp: seq,
  __openclaw: { id: `e${seq}`, seq, kind: "result", outcome: isError ? "failed" : "done" },
});

/** Calls as they are shown, wherever they come from. */
const callsOf = (shown: SessionView) => shown.items.filter((item): item is CallItem => item.kind === "call");

const history = (messages: WireMessage[], more: Partial<ChatHistory> = {}): ChatHistory => ({
  sessionKey: KEY,
  messages,
  ...more,
});
const chat = (state: string, more: object = {}, runId = "r1") =>
  view.apply({ type: "event", event: "chat", payload: { sessionKey: KEY, runId, state, ...more } });
const agent = (stream: string, data: object, runId = "r1") =>
  view.apply({ type: "event", event: "agent", payload: { sessionKey: KEY, runId, stream, data, ts: 100 } });
const entry = (message: WireMessage, runId = "r1") => {
  const { id, seq } = message["__openclaw"] as { id: string; seq: number };
  return view.apply({
    type: "event",
    event: "session.message",
    payload: { sessionKey: KEY, runId, message, messageId: id, messageSeq: seq },
  });
};
const shown = () =>
  view.items.map((item) => {
    switch (item.kind) {
      case "message":
        return `${item.role}${item.isStreaming ? "…" : ""}${item.state ? `(${item.state})` : ""}: ${item.text}`;
      case "call":
        return `call ${item.callId} ${item.state}${item.result === undefined ? "" : `: ${item.result}`}`;
      case "thinking":
        return `thinking${item.isStreaming ? "…" : ""}: ${item.text}`;
      case "note":
        return `${item.tone}: ${item.text}`;
      default:
        return item satisfies never;
    }
  });

describe("a call that waits", () => {
  const active = (state: ActiveRun["calls"][number]["state"] = "running"): ActiveRun => ({
    runId: "r1",
    startedAt: 1,
    seq: 5,
    step: 1,
    text: "",
    thinking: "",
    calls: [{ callId: "c1", name: "read", args: { path: "a" }, title: "Read a (home)", state }],
  });

  it("is shown once when its entry is in the history that is read again", () => {
    view.load(history([user(1, "Go", "r1"), assistant(2, "", { calls: ["c1"] })], { active: active() }));
    expect(callsOf(view)).toMatchObject([{ callId: "c1", state: "running", title: "Read a (home)" }]);
    agent("tool", { phase: "result", toolCallId: "c1", name: "read", outcome: "done", result: { content: "all of a" } });
    expect(callsOf(view)).toMatchObject([{ callId: "c1", state: "done" }]);
  });

  it("is shown once when its entry comes with an earlier page", () => {
    view.load(history([], { active: active(), hasMore: true }));
    expect(callsOf(view)).toHaveLength(1);
    view.load(history([user(1, "Go", "r1"), assistant(2, "", { calls: ["c1"] })]), "earlier");
    expect(callsOf(view)).toHaveLength(1);
  });

  it("and is over already stays as its result says", () => {
    const messages = [user(1, "Go", "r1"), assistant(2, "", { calls: ["c1"] }), result(3, "c1", "no such file", true)];
    view.load(history(messages, { active: active("done") }));
    expect(callsOf(view)).toMatchObject([{ callId: "c1", state: "failed", result: "no such file" }]);
  });
});

describe("a history", () => {
  it("shows messages, thinking, and each result with its call", () => {
    view.load(
      history([
        user(1, "look", "m1"),
        assistant(2, "Looking.", { calls: ["c1", "c2"], thinking: "hm" }),
        result(3, "c1", "text of a"),
        result(4, "c2", "no such file", true),
        assistant(5, "Found it."),
      ]),
    );
    expect(shown()).toEqual([
      "user: look",
      "thinking: hm",
      "assistant: Looking.",
      "call c1 done: text of a",
      "call c2 failed: no such file",
      "assistant: Found it.",
    ]);
    expect(view.lastSeq).toBe(5);
    expect(view.firstSeq).toBe(1);
  });

  it("shows notes and summaries apart from what the agent said", () => {
    const mark = (seq: number, kind: string, more: object) => ({ id: `e${seq}`, seq, kind, ...more });
    view.load(
      history([
        {
          role: "system",
          content: "Earlier messages were summarised.",
          __openclaw: mark(1, "compaction", { summary: "the gist" }),
        },
        { role: "assistant", content: "by hand", __openclaw: mark(2, "note", { label: "me" }) },
      ]),
    );
    expect(shown()).toEqual(["summary: the gist", "info: by hand"]);
  });

  it("goes on with the run that is under way, and with what waits", () => {
    view.load(
      history([user(1, "go", "m1")], {
        active: {
          runId: "r1",
          startedAt: 5,
          step: 2,
          text: "half an ans",
          thinking: "",
          calls: [{ callId: "c9", name: "exec", args: {}, title: "Run ls", state: "running" }],
          seq: 9,
        },
        pendingInputs: { items: [{ id: "m2", text: "and then", state: "queued", createdAt: 6 }] },
      }),
    );
    expect(shown()).toEqual(["user: go", "assistant…: half an ans", "call c9 running", "user(queued): and then"]);
    expect(chat("delta", { step: 2, offset: 11, deltaText: "wer" })).toBe("changed");
    expect(shown()[1]).toBe("assistant…: half an answer");
  });

  it("can be extended backward and forward without doubling anything", () => {
    view.load(history([user(3, "c", "m3"), assistant(4, "d")], { hasMore: true }));
    view.load(history([user(1, "a", "m1"), assistant(2, "b"), user(3, "c", "m3")], { hasMore: false }), "earlier");
    view.load(history([assistant(4, "d"), user(5, "e", "m5")]), "later");
    expect(shown()).toEqual(["user: a", "assistant: b", "user: c", "assistant: d", "user: e"]);
    expect(view.hasEarlier).toBe(false);
  });
});

describe("a live turn", () => {
  it("ends up exactly as its history would show it", () => {
    view.noteSent("m1", "look", 1);
    expect(shown()).toEqual(["user(sending): look"]);
    agent("lifecycle", { phase: "start", startedAt: 2 }, "m1");
    entry(user(1, "look", "m1"), "m1");
    agent("thinking", { delta: "hm", step: 1 }, "m1");
    expect(shown()).toEqual(["user: look", "thinking…: hm"]);
    chat("delta", { step: 1, offset: 0, deltaText: "Look" }, "m1");
    chat("delta", { step: 1, offset: 4, deltaText: "ing." }, "m1");
    expect(shown()).toEqual(["user: look", "thinking: hm", "assistant…: Looking."]);
    entry(assistant(2, "Looking.", { step: 1, calls: ["c1"], thinking: "hm" }), "m1");
    agent("tool", { phase: "start", name: "read", toolCallId: "c1", args: { path: "a" }, title: "Read a" }, "m1");
    agent(
      "tool",
      { phase: "update", name: "read", toolCallId: "c1", partialResult: { content: [{ type: "text", text: "50 %" }] } },
      "m1",
    );
    expect((view.items[3] as CallItem).progress).toBe("50 %");
    expect((view.items[3] as CallItem).title).toBe("Read a");
    agent(
      "tool",
      { phase: "result", name: "read", toolCallId: "c1", outcome: "done", result: { content: [{ type: "text", text: "A" }] } },
      "m1",
    );
    entry(result(3, "c1", "A"), "m1");
    chat("delta", { step: 2, offset: 0, deltaText: "Done." }, "m1");
    entry(assistant(4, "Done.", { step: 2 }), "m1");
    chat("final", { stopReason: "stop", message: { role: "assistant", content: [{ type: "text", text: "Done." }] } }, "m1");
    expect(view.run).toBeUndefined();

    const folded = shown();
    const fresh = new SessionView(KEY);
    fresh.load(
      history([
        user(1, "look", "m1"),
        assistant(2, "Looking.", { step: 1, calls: ["c1"], thinking: "hm" }),
        result(3, "c1", "A"),
        assistant(4, "Done.", { step: 2 }),
      ]),
    );
    view = fresh;
    expect(folded).toEqual(shown());
  });

  it("keeps the key of a message from its first delta to its entry, so that a screen need not draw it anew", () => {
    chat("delta", { step: 1, offset: 0, deltaText: "Hi" });
    const [streaming] = view.items;
    entry(assistant(1, "Hi", { step: 1 }));
    const [committed] = view.items;
    expect(committed?.key).toBe(streaming?.key);
    expect((committed as MessageItem).isStreaming).toBe(false);
  });

  it("says when a piece of the text is missing, and mends overlaps by itself", () => {
    expect(chat("delta", { step: 1, offset: 0, deltaText: "one " })).toBe("changed");
    expect(chat("delta", { step: 1, offset: 2, deltaText: "e two" })).toBe("changed");
    expect(shown()).toEqual(["assistant…: one two"]);
    expect(chat("delta", { step: 1, offset: 20, deltaText: "late" })).toBe("stale");
  });

  it("says when an entry is missing", () => {
    view.load(history([user(1, "a", "m1")]));
    expect(entry(assistant(3, "c"))).toBe("stale");
  });

  it("takes a withdrawn text back", () => {
    chat("delta", { step: 1, offset: 0, deltaText: "half" });
    chat("delta", { step: 1, offset: 0, deltaText: "", replace: true });
    expect(shown()).toEqual([]);
  });

  it("keeps what was said when a turn is stopped or fails, and says why", () => {
    chat("delta", { step: 1, offset: 0, deltaText: "half" });
    chat("aborted", { message: { role: "assistant", content: [{ type: "text", text: "half" }] } });
    chat("delta", { step: 1, offset: 0, deltaText: "other" }, "r2");
    chat("error", { errorMessage: "The model is overloaded." }, "r2");
    expect(shown()).toEqual(["assistant: half", "assistant: other", "error: The model is overloaded."]);
  });

  it("understands gateways that send the whole text with every delta", () => {
    chat("delta", { deltaText: "a", message: { role: "assistant", content: [{ type: "text", text: "a" }] } });
    chat("delta", { deltaText: "b", message: { role: "assistant", content: [{ type: "text", text: "ab" }] } });
    expect(shown()).toEqual(["assistant…: ab"]);
  });

  it("shows what is going on while nothing streams", () => {
    chat("status", { phase: "retrying", text: "overloaded: trying again in 4 s" });
    expect(view.run).toMatchObject({ runId: "r1", phase: "retrying", phaseText: "overloaded: trying again in 4 s" });
    chat("delta", { step: 1, offset: 0, deltaText: "a" });
    expect(view.run?.phase).toBeUndefined();
  });
});

describe("messages on their way", () => {
  it("show each state, before and after they are in the transcript", () => {
    const tell = (state: string, reason?: string) =>
      view.apply({ type: "event", event: "session.inbox", payload: { sessionKey: KEY, inboxId: "m1", state, reason } });
    view.noteSent("m1", "hi", 1);
    tell("queued");
    expect(shown()).toEqual(["user(queued): hi"]);
    entry(user(1, "hi", "m1"));
    expect(shown()).toEqual(["user(queued): hi"]);
    tell("working");
    expect(shown()).toEqual(["user(working): hi"]);
    tell("failed", "The model said no.");
    expect(view.items[0]).toMatchObject({ state: "failed", reason: "The model said no." });
  });

  it("survive a reload of the history until the transcript has them", () => {
    view.noteSent("m1", "hi", 1);
    view.load(history([]));
    expect(shown()).toEqual(["user(sending): hi"]);
    view.load(history([user(1, "hi", "m1")]));
    expect(shown()).toEqual(["user: hi"]);
  });

  it("go when they were a command", () => {
    view.noteSent("m1", "/status", 1);
    view.forgetSent("m1");
    expect(shown()).toEqual([]);
  });
});

it("passes over what belongs to another session, and what is no event of a session", () => {
  const payload = { sessionKey: "agent:main:other", runId: "r", state: "delta", deltaText: "x" };
  expect(view.apply({ type: "event", event: "chat", payload })).toBe("ignored");
  expect(view.apply({ type: "event", event: "tick", payload: { ts: 1 } })).toBe("ignored");
  expect(view.apply({ type: "event", event: "chat" })).toBe("ignored");
  expect(view.items).toEqual([]);
});

it("hands out the same list until something changes, and the same items where nothing did", () => {
  view.load(history([user(1, "a", "m1"), assistant(2, "b")]));
  const before = view.items;
  expect(view.items).toBe(before);
  chat("delta", { step: 2, offset: 0, deltaText: "x" });
  expect(view.items).not.toBe(before);
  expect(view.items[0]).toBe(before[0]);
  expect(view.items[1]).toBe(before[1]);
});

describe("the end of a run", () => {
  const end = (text: string) => chat("final", { message: { role: "assistant", content: [{ type: "text", text }] } });

  it("is not undone by a history that was read before it", () => {
    view.load(history([user(1, "hi", "r1")]));
    entry(assistant(2, "Done."));
    expect(end("Done.")).toBe("changed");
    const active = { runId: "r1", startedAt: 1, seq: 1, step: 1, text: "Do", thinking: "", calls: [] };
    view.load(history([], { active }), "later");
    expect(view.run).toBeUndefined();
    expect(shown()).toEqual(["user: hi", "assistant: Done."]);
  });

  it("asks for what was told while nobody heard: an answer after a call", () => {
    view.load(history([user(1, "hi", "r1")]));
    entry(assistant(2, "", { calls: ["c1"] }));
    entry(result(3, "c1", "seen"));
    expect(end("The answer.")).toBe("stale");
    view.load(history([assistant(4, "The answer.", { step: 2 })]), "later");
    expect(shown()).toEqual(["user: hi", "call c1 done: seen", "assistant: The answer."]);
  });

  it("asks for the result of a call that still seems to run", () => {
    view.load(history([user(1, "hi", "r1")]));
    entry(assistant(2, "Let me see.", { calls: ["c1"] }));
    expect(chat("aborted")).toBe("stale");
  });
});
