// What a session is asked: to receive, to tell, to stop.
// The faces that the objects show each other are RPC: compatible for one release. Add optional fields, never change or remove.
import type { Brief } from "../admission.ts";
import type { Entry } from "../entry.ts";
import type { Outcome } from "../errors.ts";
import type { Event, InboxState } from "../event.ts";
import type { HandOffPort } from "../home/hand-off.ts";
import type { SessionRow, TurnOutcome } from "../live.ts";
import type { Part } from "../message.ts";

export interface Receipt {
  /** `duplicate`: this id was received before; nothing was done again. */
  status: "accepted" | "duplicate";
  state: InboxState;
  /** Queued, and the next to be answered: nothing is at work but the fetching of what belongs to it. */
  isNext?: true;
  runId: string;
  /** Text of a slash command's answer, when the message was one. */
  reply?: string;
}

export interface HistoryRequest {
  /** Newest entries first cut, answered oldest first. Default 200, at most 1000. */
  limit?: number;
  /** Only entries after this position (catching up). */
  afterSeq?: number;
  /** Only entries before this position (paging back). */
  beforeSeq?: number;
}

/** What a run is doing right now, for a screen that comes in the middle. */
export interface ActiveRun {
  runId: string;
  startedAt: number;
  step: number;
  /** Text of the running step so far. */
  text: string;
  thinking: string;
  calls: { callId: string; name: string; args: Record<string, unknown>; title: string; state: "running" | "done" }[];
  /** `seq` of the latest live event. */
  seq: number;
}

export interface History {
  row: SessionRow;
  entries: Entry[];
  total: number;
  hasMore: boolean;
  active?: ActiveRun;
  /** Messages accepted but not yet in the transcript. */
  waiting: { inboxId: string; text: string; state: InboxState; at: number }[];
}

/** `null` clears. */
export interface SessionPatch {
  label?: string | null;
  model?: string | null;
  thinking?: string | null;
  queueMode?: string | null;
  verbose?: string | null;
  reasoning?: string | null;
}

export interface RunState {
  status: "running" | "ok" | "error" | "unknown";
  outcome?: TurnOutcome;
  startedAt?: number;
  endedAt?: number;
  text?: string;
  error?: string;
}

/** One message of a talk that was held elsewhere. */
export interface EarlierMessage {
  role: "user" | "assistant";
  parts: Part[];
}

export interface SessionPort extends HandOffPort {
  receive(event: Event, brief: Brief): Promise<Receipt>;
  /** Asks the running turn to stop. Kept as a row, so a stop between two steps is not lost. */
  stop(runId?: string): Promise<{ stopped: boolean; runIds: string[] }>;
  history(request: HistoryRequest): Promise<History>;
  entry(entryId: string): Promise<Entry | undefined>;
  row(): Promise<SessionRow | undefined>;
  run(runId: string): Promise<RunState>;
  /**
   * A run from its beginning to its end: one LiveEvent a line, as JSON. Begins with what there is already, so that
   * nothing is missed; the last line is its `turn-ended`, or its `inbox` when it was dropped. A run that is not known
   * ends at once. `stopOnLeave`: whoever watches is the only one interested; the turn is stopped when they hang up.
   */
  watch(runId: string, options?: { stopOnLeave?: boolean }): Promise<ReadableStream<Uint8Array>>;
  /** Puts a talk that was held elsewhere before the first message. A session that has begun is left as it is. */
  seed(earlier: EarlierMessage[]): Promise<void>;
  patch(patch: SessionPatch): Promise<Outcome<SessionRow>>;
  inject(text: string, label?: string): Promise<Entry>;
  /** A new start in place: the window moves to the end, the old entries stay readable. */
  reset(): Promise<SessionRow>;
  compact(
    brief: Brief,
    focus?: string,
  ): Promise<Outcome<{ compacted: boolean; tokensBefore: number; tokensAfter: number; reason?: string }>>;
  /** The account can be written to again: what waits for it is tried at once. */
  resend?(channel: string, account: string): Promise<void>;
  /** Removes everything the session stored. */
  destroy(): Promise<void>;
}
