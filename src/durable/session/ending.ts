// The end of a turn: rows first, inside the caller's transaction; telling it afterwards, again and again until it is
// known to have arrived. What is told twice is harmless: runs, reports and deliveries have ids.
import type { Entry, Spend } from "../../contract/entry.ts";
import type { SessionRow, TurnError, TurnOutcome } from "../../contract/live.ts";
import { queueAnswer } from "./outgoing/answering.ts";
import type { SessionParts } from "./parts.ts";
import type { Turn } from "./rows/turns.ts";

export interface Ending {
  outcome: TurnOutcome;
  text?: string;
  model?: string;
  spend?: Spend;
  error?: TurnError;
}

/** Writes the end down. Contract: called inside a transaction. */
export function endTurn(parts: SessionParts, turn: Turn, ending: Ending): void {
  const now = parts.now();
  parts.turns.end(turn.id, ending, now);
  parts.calls.removeAll(turn.id);
  const state = ending.outcome === "failed" ? "failed" : "done";
  const items = parts.inbox.ofTurn(turn.id);
  parts.inbox.settle(turn.id, state);
  for (const { inboxId, wasSteered } of items) {
    // The run's own message hears of it by the end of the run; those that joined it have runs of their own to their senders.
    if (inboxId === turn.runId) continue;
    parts.publisher.tell({ type: "inbox", inboxId, state, isJoined: !wasSteered }, { runId: inboxId });
  }
  const text = ending.text ?? "";
  parts.profile.change(
    { lastOutcome: ending.outcome, ...(text === "" ? {} : { lastMessage: text.replace(/\s+/g, " ").slice(0, 140) }) },
    now,
  );
  queueAnswer(parts, turn, ending, items);
}

/** A turn that could not go on: a note says why, and the turn ends. */
export function failTurn(parts: SessionParts, turn: Turn, outcome: "failed" | "parked", error: TurnError): void {
  const entry = parts.commit((): Entry => {
    const note = parts.transcript.add(
      { kind: "note", turnId: turn.id, text: error.text, label: outcome, isForModel: false },
      parts.now(),
    );
    parts.blocks.clear(turn.id);
    endTurn(parts, turn, { outcome, error });
    return note;
  });
  parts.publisher.tell({ type: "entry", entry });
}

/** Tells the ends that were not told yet: to the screens at once, then to the Directory. */
export async function tellEnds(parts: SessionParts): Promise<void> {
  const row = parts.row();
  const untold = parts.turns.untold().filter((turn) => !parts.telling.has(turn.id));
  if (!row || untold.length === 0) return;
  await Promise.all(untold.map((turn) => tellEnd(parts, turn, row)));
}

async function tellEnd(parts: SessionParts, turn: Turn, session: SessionRow): Promise<void> {
  parts.telling.add(turn.id);
  const told = {
    outcome: turn.outcome ?? "failed",
    startedAt: turn.startedAt,
    endedAt: turn.endedAt ?? parts.now(),
    spend: turn.spend,
    ...(turn.model ? { model: turn.model } : {}),
  };
  const error = turn.error ? { error: turn.error } : {};
  parts.publisher.openRun(turn.runId, turn.startedAt);
  parts.publisher.tell({ type: "turn-ended", ...told, text: turn.text, ...error }, { withRow: true });
  parts.wake.countInside();
  try {
    await parts.ports.directory.report({
      ...told,
      session,
      runId: turn.runId,
      turnId: turn.id,
      ...(turn.error ? { error: turn.error.text } : {}),
    });
    parts.turns.markTold(turn.id);
  } finally {
    parts.telling.delete(turn.id);
  }
}
