// Live events of sessions in the words of the Gateway protocol, each with the audience it is for. Pure.
import type { CallOutcome } from "../../../contract/entry.ts";
import type { LiveEvent, LiveParcel, SessionRow } from "../../../contract/live.ts";
import type { EventName } from "../../../contract/methods.ts";
import type { Delta } from "./joiner.ts";
import { isHandOff, splitModel, type View, viewEntry, viewSession, viewSpend } from "./views.ts";

/**
 * `readers`: whoever may read. `whole`/`deltas`: readers that want the whole text with every delta, or not.
 * `tools`: readers with the capability tool-events. `lists`: those who follow the list of sessions.
 * `transcript`: those who follow this session or the list; `approvers` and `others`: of these, who may approve, and who may not.
 */
export type Audience = "readers" | "whole" | "deltas" | "tools" | "lists" | "transcript" | "approvers" | "others";

export interface Outgoing {
  event: EventName;
  payload: View;
  audience: Audience;
}

interface Head {
  runId: string;
  sessionKey: string;
  agentId: string;
  seq: number;
  at: number;
}

function tellAgent(head: Head, stream: string, data: View, audience: Audience = "readers"): Outgoing {
  const { runId, sessionKey, agentId, seq, at } = head;
  return { event: "agent", audience, payload: { runId, sessionKey, agentId, stream, data, seq, ts: at, isHeartbeat: false } };
}

function tellChat(head: Head, state: string, more: View, audience: Audience = "readers"): Outgoing {
  const { runId, sessionKey, agentId, seq } = head;
  return { event: "chat", audience, payload: { runId, sessionKey, agentId, seq, state, ...more } };
}

function message(text: string, at: number): View {
  return { role: "assistant", content: [{ type: "text", text }], timestamp: at };
}

export function tellSession(row: SessionRow, more: View, at: number): Outgoing {
  return {
    event: "sessions.changed",
    audience: "lists",
    payload: {
      sessionKey: row.key,
      agentId: row.agentId,
      sessionId: row.sessionId,
      updatedAt: row.updatedAt,
      ts: at,
      ...more,
      session: viewSession(row),
    },
  };
}

/** A joined delta for clients that join deltas themselves. */
export function translateDelta(delta: Delta): Outgoing {
  if (delta.kind === "thinking") return tellAgent(delta, "thinking", { delta: delta.delta, step: delta.step });
  return tellChat(delta, "delta", { deltaText: delta.delta, step: delta.step, offset: delta.offset }, "deltas");
}

/** A joined delta with the step's text so far, for all others. */
export function translateWhole(delta: Delta, whole: string): Outgoing[] {
  const { step, offset, delta: deltaText } = delta;
  return [
    tellAgent(delta, "assistant", { text: whole, delta: deltaText, itemId: `${delta.runId}:${step}` }, "whole"),
    tellChat(delta, "delta", { deltaText, step, offset, message: message(whole, delta.at) }, "whole"),
  ];
}

/** Everything but deltas of text and thinking, which are joined first. */
export function translate(event: LiveEvent, parcel: LiveParcel): Outgoing[] {
  const { sessionKey, agentId, session } = parcel;
  const head: Head = { runId: event.runId, sessionKey, agentId, seq: event.seq, at: event.at };
  const changed = (more: View): Outgoing[] => (session ? [tellSession(session, { runId: event.runId, ...more }, event.at)] : []);
  switch (event.type) {
    case "text":
    case "thinking":
      return [];
    case "inbox":
      return translateInbox(head, event);
    case "turn-started":
      return [tellAgent(head, "lifecycle", { phase: "start", startedAt: event.startedAt }), ...changed({ phase: "start" })];
    case "status": {
      const phase =
        event.phase === "preparing" ? "preparing_workspace" : event.phase === "asking" ? "starting_model" : event.phase;
      const more = event.text === undefined ? {} : { text: event.text };
      return [tellChat(head, "status", { phase, ...more }), tellAgent(head, "run_status", { phase, ...more })];
    }
    case "model":
      return [tellAgent(head, "lifecycle", { phase: "model", ...splitModel(event.model) })];
    case "text-reset": {
      const more = { deltaText: "", replace: true, step: event.step, offset: 0 };
      return [
        tellChat(head, "delta", more, "deltas"),
        tellChat(head, "delta", { ...more, message: message("", event.at) }, "whole"),
      ];
    }
    case "call-started": {
      const { callId, name, args, title } = event;
      return [
        tellAgent(head, "item", { ...item(callId, name, title), phase: "start", status: "running", startedAt: event.at }),
        tellAgent(head, "tool", { phase: "start", name, toolCallId: callId, args, title }, "tools"),
      ];
    }
    case "call-progress": {
      const partialResult = { content: [{ type: "text", text: event.text }] };
      return [tellAgent(head, "tool", { phase: "update", name: event.name, toolCallId: event.callId, partialResult }, "tools")];
    }
    case "call-ended": {
      const { callId, name, title, text, outcome, details } = event;
      const result = { content: [{ type: "text", text }], ...(details ? { details } : {}) };
      const isError = outcome !== "done";
      return [
        tellAgent(head, "tool", { phase: "result", name, toolCallId: callId, title, isError, outcome, result }, "tools"),
        tellAgent(head, "item", { ...item(callId, name, title), phase: "end", status: itemStatus(outcome), endedAt: event.at }),
      ];
    }
    case "entry": {
      const { entry } = event;
      const tell = (audience: Audience, mayApprove: boolean): Outgoing => ({
        event: "session.message",
        audience,
        payload: {
          sessionKey,
          agentId,
          runId: event.runId,
          message: viewEntry(entry, { mayApprove }),
          messageId: entry.id,
          messageSeq: entry.seq,
          ...(session ? { sessionId: session.sessionId, updatedAt: session.updatedAt, session: viewSession(session) } : {}),
        },
      });
      return isHandOff(entry) ? [tell("approvers", true), tell("others", false)] : [tell("transcript", false)];
    }
    case "turn-ended":
      return [...translateEnd(head, event), ...changed({ phase: isFailure(event.outcome) ? "error" : "end" })];
    default:
      return event satisfies never;
  }
}

function item(callId: string, name: string, title: string): View {
  return { itemId: `tool:${callId}`, toolCallId: callId, name, kind: "tool", title };
}

function itemStatus(outcome: CallOutcome): string {
  return outcome === "done" ? "completed" : outcome === "stopped" ? "cancelled" : "failed";
}

/** A message that joined a running turn never gets one of its own: its sender is told that it is settled. */
function translateInbox(head: Head, event: LiveEvent & { type: "inbox" }): Outgoing[] {
  const { inboxId, state, reason } = event;
  const more = reason === undefined ? {} : { reason };
  const { runId, sessionKey, agentId, at } = head;
  const payload = { sessionKey, agentId, runId, inboxId, state, ts: at, ...more };
  const told: Outgoing = { event: "session.inbox", audience: "readers", payload };
  const sender = { ...head, runId: inboxId };
  const isEnd = state === "done" || state === "failed";
  if (state === "dropped") return [told, tellChat(sender, "error", { errorMessage: reason ?? "The message was dropped." })];
  if (state === "steered" || (isEnd && event.isJoined === true)) return [told, tellChat(sender, "final", {})];
  return [told];
}

function isFailure(outcome: string): boolean {
  return outcome === "failed" || outcome === "parked";
}

function errorKind(kind: string | undefined): string {
  switch (kind) {
    case "refused":
      return "refusal";
    case "timeout":
      return "timeout";
    case "limited":
    case "overloaded":
      return "rate_limit";
    case "too-long":
      return "context_length";
    default:
      return "unknown";
  }
}

function translateEnd(head: Head, event: LiveEvent & { type: "turn-ended" }): Outgoing[] {
  const { outcome, text, startedAt, endedAt, spend } = event;
  const times = { startedAt, endedAt };
  const body = text === "" ? {} : { message: message(text, endedAt) };
  const usage = viewSpend(spend);
  switch (outcome) {
    case "done":
      return [
        tellAgent(head, "lifecycle", { phase: "end", stopReason: "stop", aborted: false, ...times }),
        tellChat(head, "final", { stopReason: "stop", usage, ...body }),
      ];
    case "stopped":
      return [
        tellAgent(head, "lifecycle", { phase: "end", stopReason: "aborted", aborted: true, ...times }),
        tellChat(head, "aborted", { stopReason: "aborted", usage, ...body }),
      ];
    case "failed":
    case "parked": {
      const errorMessage = event.error?.text ?? "The turn did not finish.";
      return [
        tellAgent(head, "lifecycle", { phase: "error", error: errorMessage, ...times }),
        tellChat(head, "error", { errorMessage, errorKind: errorKind(event.error?.kind), usage, ...body }),
      ];
    }
    default:
      return outcome satisfies never;
  }
}
