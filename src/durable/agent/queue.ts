// What an accepted message does when the session is busy: one table, one place.
import type { InboxState, QueueMode } from "../../contract/event.ts";

export interface WaitingMessage {
  inboxId: string;
  mode: QueueMode;
  at: number;
}

export interface BusyRule {
  state: InboxState;
  /** Whether it ends the running turn. */
  stopsTurn: boolean;
  /** Whether the running turn takes it in before its next request. */
  joinsTurn: boolean;
  /** Whether several wait to become one turn. */
  isCollected: boolean;
}

export const BUSY_RULES: Record<QueueMode, BusyRule> = {
  steer: { state: "queued", stopsTurn: false, joinsTurn: true, isCollected: true },
  followup: { state: "queued", stopsTurn: false, joinsTurn: false, isCollected: false },
  collect: { state: "queued", stopsTurn: false, joinsTurn: false, isCollected: true },
  interrupt: { state: "queued", stopsTurn: true, joinsTurn: false, isCollected: true },
};

/**
 * Which of the waiting messages the next turn takes: the oldest, and with it every following one of a collected
 * kind. Answers `waitMs` when the quiet window of `collect` is still open.
 */
export function nextTurnMessages<M extends WaitingMessage>(
  waiting: readonly M[],
  debounceMs: number,
  now: number,
): { take: M[]; waitMs?: number } {
  const first = waiting[0];
  if (!first) return { take: [] };
  if (!BUSY_RULES[first.mode].isCollected) return { take: [first] };
  const take: M[] = [];
  for (const message of waiting) {
    if (!BUSY_RULES[message.mode].isCollected) break;
    take.push(message);
  }
  const last = take[take.length - 1];
  const quietFor = now - (last?.at ?? now);
  if (first.mode === "collect" && quietFor < debounceMs) return { take: [], waitMs: debounceMs - quietFor };
  return { take };
}

/** Which waiting messages go when there are more than `cap`, the newest just added at the end. */
export function overflowing<M extends WaitingMessage>(
  waiting: readonly M[],
  cap: number,
  drop: "summarize" | "old" | "new",
): M[] {
  if (waiting.length <= cap) return [];
  return drop === "new" ? waiting.slice(cap) : waiting.slice(0, waiting.length - cap);
}
