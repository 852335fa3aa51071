import { expect, test } from "vitest";
import { NO_SPEND } from "../../../../src/contract/entry.ts";
import type { LiveDetail, LiveParcel, SessionRow } from "../../../../src/contract/live.ts";
import { type Outgoing, translate, translateDelta, translateWhole } from "../../../../src/durable/gateway/live/translation.ts";

const session: SessionRow = {
  key: "agent:main:main",
  agentId: "main",
  sessionId: "s1",
  createdAt: 1,
  updatedAt: 2,
  status: "running",
  activeRunIds: ["r1"],
  model: "anthropic/claude-opus-4-6",
  spend: { ...NO_SPEND, input: 10, output: 5 },
  messageCount: 2,
};

function tell(detail: LiveDetail, withRow = false): Outgoing[] {
  const event = { ...detail, runId: "r1", seq: 7, at: 100 };
  const parcel: LiveParcel = { sessionKey: "agent:main:main", agentId: "main", events: [event], ...(withRow ? { session } : {}) };
  return translate(event, parcel);
}
const ended = { type: "turn-ended", text: "Hello", spend: NO_SPEND, startedAt: 1, endedAt: 9 } as const;

test("a delta is short for clients that join deltas themselves and whole for all others", () => {
  const delta = {
    runId: "r1",
    sessionKey: "agent:main:main",
    agentId: "main",
    kind: "text",
    step: 0,
    offset: 3,
    delta: "lo",
    seq: 7,
    at: 100,
  } as const;
  const short = translateDelta(delta);
  const [agent, whole] = translateWhole(delta, "Hello");
  expect(short).toMatchObject({
    audience: "deltas",
    event: "chat",
    payload: { state: "delta", deltaText: "lo", step: 0, offset: 3 },
  });
  expect(short.payload).not.toHaveProperty("message");
  expect(agent).toMatchObject({
    audience: "whole",
    event: "agent",
    payload: { stream: "assistant", data: { text: "Hello", delta: "lo" } },
  });
  expect(whole).toMatchObject({
    audience: "whole",
    payload: { state: "delta", deltaText: "lo", message: { role: "assistant", content: [{ type: "text", text: "Hello" }] } },
  });
});

test("a start is told as a lifecycle event and a changed session", () => {
  expect(tell({ type: "turn-started", startedAt: 5 }, true)).toMatchObject([
    { event: "agent", payload: { runId: "r1", stream: "lifecycle", data: { phase: "start", startedAt: 5 }, seq: 7, ts: 100 } },
    {
      event: "sessions.changed",
      audience: "lists",
      payload: { phase: "start", runId: "r1", session: { key: "agent:main:main" } },
    },
  ]);
});

test("a call is an item for all, and a tool event for those who asked for tool events", () => {
  const started = tell({ type: "call-started", callId: "c1", name: "read", args: { path: "a" }, title: "Read a" });
  expect(started).toMatchObject([
    {
      audience: "readers",
      payload: { stream: "item", data: { itemId: "tool:c1", phase: "start", status: "running", title: "Read a" } },
    },
    { audience: "tools", payload: { stream: "tool", data: { phase: "start", toolCallId: "c1", args: { path: "a" } } } },
  ]);
  const done = tell({ type: "call-ended", callId: "c1", name: "read", title: "Read a", text: "body", outcome: "failed" });
  expect(done).toMatchObject([
    {
      audience: "tools",
      payload: { data: { phase: "result", isError: true, result: { content: [{ type: "text", text: "body" }] } } },
    },
    { audience: "readers", payload: { data: { phase: "end", status: "failed" } } },
  ]);
});

test.each([
  ["done", "final", "end"],
  ["stopped", "aborted", "end"],
  ["failed", "error", "error"],
  ["parked", "error", "error"],
] as const)("a turn that is %s ends the chat as %s", (outcome, state, phase) => {
  const error = { kind: "limited", text: "The model is busy." } as const;
  const isBad = outcome === "failed" || outcome === "parked";
  const [lifecycle, chat] = tell({ ...ended, outcome, ...(isBad ? { error } : {}) });
  expect(lifecycle).toMatchObject({ payload: { stream: "lifecycle", data: { phase } } });
  expect(chat).toMatchObject({ event: "chat", payload: { state, message: { content: [{ text: "Hello" }] } } });
  if (isBad) expect(chat).toMatchObject({ payload: { errorMessage: "The model is busy.", errorKind: "rate_limit" } });
});

test("an answer without words ends without a message", () => {
  const chat = tell({ ...ended, text: "", outcome: "done" }).find((one) => one.event === "chat");
  expect(chat?.payload).not.toHaveProperty("message");
});

test("an entry goes to those who follow the session, with its place", () => {
  const entry = { kind: "user", seq: 4, id: "e4", at: 50, inboxId: "k1", parts: [{ type: "text", text: "hi" }] } as const;
  expect(tell({ type: "entry", entry: { ...entry, parts: [...entry.parts] } }, true)).toMatchObject([
    {
      event: "session.message",
      audience: "transcript",
      payload: {
        messageId: "e4",
        messageSeq: 4,
        message: { role: "user", content: "hi", idempotencyKey: "k1:user", __openclaw: { seq: 4 } },
      },
    },
  ]);
});

test("a withdrawn text is replaced by nothing", () => {
  expect(tell({ type: "text-reset", step: 1 })).toMatchObject([
    { audience: "deltas", payload: { state: "delta", replace: true, deltaText: "" } },
    { audience: "whole", payload: { state: "delta", replace: true, message: { content: [{ text: "" }] } } },
  ]);
});

test("a dropped message is an error to its sender, with the reason", () => {
  const out = tell({ type: "inbox", inboxId: "k9", state: "dropped", reason: "Too many messages were waiting." });
  expect(out).toMatchObject([
    { event: "session.inbox", payload: { inboxId: "k9", state: "dropped" } },
    { event: "chat", payload: { runId: "k9", state: "error", errorMessage: "Too many messages were waiting." } },
  ]);
});

test("a message that joined a running turn is settled for its sender, who waits for a run of that name", () => {
  expect(tell({ type: "inbox", inboxId: "k9", state: "steered" })).toMatchObject([
    { event: "session.inbox", payload: { state: "steered" } },
    { event: "chat", payload: { runId: "k9", state: "final" } },
  ]);
});
