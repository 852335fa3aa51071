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

export interface Readiness<M> {
  /** When each may begin, by its place. Nothing overtakes one that is not ready. */
  times: readonly number[];
  belongTogether(one: M, other: M): boolean;
}

/**
 * Which of the waiting messages the next turn takes: the oldest, and with it every following one of a collected
 * kind, or those that are one with it. Answers `waitMs` while a quiet window is still open.
 */
export function nextTurnMessages<M extends WaitingMessage>(
  waiting: readonly M[],
  debounceMs: number,
  now: number,
  ready?: Readiness<NoInfer<M>>,
): { take: M[]; waitMs?: number } {
  const first = waiting[0];
  if (!first) return { take: [] };
  const readyAt = ready?.times[0] ?? 0;
  if (readyAt > now) return { take: [], ...(Number.isFinite(readyAt) ? { waitMs: readyAt - now } : {}) };
  if (!BUSY_RULES[first.mode].isCollected) {
    const end = waiting.findIndex((message) => message !== first && !ready?.belongTogether(first, message));
    return { take: ready ? waiting.slice(0, end < 0 ? waiting.length : end) : [first] };
  }
  const take: M[] = [];
  for (const [place, message] of waiting.entries()) {
    if (!BUSY_RULES[message.mode].isCollected || (ready?.times[place] ?? 0) > now) break;
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
