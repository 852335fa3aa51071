// What a session answers to those who look: pages of its transcript, what runs just now, and how a run ended.
import { NO_SPEND } from "../../../contract/entry.ts";
import type { LiveEvent } from "../../../contract/live.ts";
import type { ActiveRun, History, HistoryRequest, RunState } from "../../../contract/ports/session.ts";
import { titleOf } from "../acting/acting.ts";
import { textOfEvent } from "../incoming/reading.ts";
import type { SessionParts } from "../parts.ts";
import type { Turn } from "../rows/turns.ts";

const DEFAULT_LIMIT = 200;
const MAX_LIMIT = 1000;

export function readHistory(parts: SessionParts, request: HistoryRequest): History {
  const now = parts.now();
  if (!parts.profile.exists) {
    const { sessionKey: key, agentId } = parts.ports;
    const spend = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, costUsd: 0 };
    const row = {
      key,
      agentId,
      sessionId: "",
      createdAt: now,
      updatedAt: now,
      status: "idle",
      activeRunIds: [],
      spend,
      messageCount: 0,
    } as const;
    return { row: { ...row, activeRunIds: [] }, entries: [], total: 0, hasMore: false, waiting: [] };
  }
  const limit = Math.max(1, Math.min(MAX_LIMIT, request.limit ?? DEFAULT_LIMIT));
  const page = parts.transcript.page({ ...request, limit });
  const turn = parts.turns.open();
  const row = parts.row();
  if (!row) throw new Error("A session with a profile has a row.");
  return {
    row,
    entries: page.entries,
    total: parts.transcript.total(),
    hasMore: page.hasMore,
    ...(turn ? { active: activeRun(parts, turn) } : {}),
    waiting: parts.inbox
      .waiting()
      .map((item) => ({ inboxId: item.inboxId, text: textOfEvent(item.event), state: "queued", at: item.at })),
  };
}

function activeRun(parts: SessionParts, turn: Turn): ActiveRun {
  return {
    runId: turn.runId,
    startedAt: turn.startedAt,
    step: turn.step,
    text: parts.blocks.text(turn.id),
    thinking: parts.publisher.thinkingOf(turn.step) || parts.blocks.thinking(turn.id),
    calls: parts.calls
      .open(turn.id)
      .map((call) => ({ callId: call.id, name: call.name, args: call.args, title: titleOf(call), state: "running" })),
    seq: parts.publisher.seq,
  };
}

export function readRun(parts: SessionParts, runId: string): RunState {
  const item = parts.inbox.find(runId);
  const turn = parts.turns.ofRun(runId) ?? (item?.turnId ? parts.turns.byId(item.turnId) : undefined);
  if (!turn) {
    if (!item) return { status: "unknown" };
    return item.state === "queued" ? { status: "running" } : { status: item.state === "done" ? "ok" : "error" };
  }
  if (turn.state !== "done") return { status: "running", startedAt: turn.startedAt };
  return {
    status: turn.outcome === "done" ? "ok" : "error",
    startedAt: turn.startedAt,
    text: turn.text,
    ...(turn.outcome ? { outcome: turn.outcome } : {}),
    ...(turn.endedAt ? { endedAt: turn.endedAt } : {}),
    ...(turn.error ? { error: turn.error.text } : {}),
  };
}

/** What a run has said up to now, as the events that would have told it; undefined when it is not known. */
export function storyOf(parts: SessionParts, runId: string): LiveEvent[] | undefined {
  const item = parts.inbox.find(runId);
  if (!item) return undefined;
  const head = { runId, seq: parts.publisher.seq, at: parts.now() };
  const turn = parts.turns.ofRun(runId) ?? (item.turnId ? parts.turns.byId(item.turnId) : undefined);
  if (!turn) {
    if (item.state === "queued" || item.state === "dropped")
      return [{ ...head, type: "inbox", inboxId: runId, state: item.state }];
    const outcome = item.state === "done" ? "done" : "failed";
    return [{ ...head, type: "turn-ended", outcome, text: "", spend: NO_SPEND, startedAt: head.at, endedAt: head.at }];
  }
  const entries = parts.transcript
    .window(parts.profile.get().windowSeq)
    .filter((entry) => entry.kind === "assistant" && entry.turnId === turn.id);
  const story: LiveEvent[] = entries.map((entry) => ({ ...head, type: "entry", entry }));
  if (turn.state !== "done") {
    const text = parts.blocks.text(turn.id);
    return text === "" ? story : [...story, { ...head, type: "text", step: turn.step, offset: 0, delta: text }];
  }
  const { outcome = "failed", text, spend, startedAt, endedAt = head.at, model, error } = turn;
  return [
    ...story,
    {
      ...head,
      type: "turn-ended",
      outcome,
      text,
      spend,
      startedAt,
      endedAt,
      ...(model ? { model } : {}),
      ...(error ? { error } : {}),
    },
  ];
}
