// What a session tells the Gateway's screens while it works. Fire and forget: a lost event costs a screen a
// moment, never a message, because every entry is in the transcript before it is told.
// The Gateway translates these into protocol frames; a session knows nothing of frames.
import type { CallOutcome, Entry, Spend } from "./entry.ts";
import type { ModelFailureKind } from "./errors.ts";
import type { InboxState } from "./event.ts";
import type { HandsChoice } from "./home/hands.ts";

export type TurnOutcome = "done" | "failed" | "stopped" | "parked";

/** Why a turn did not end well; `text` is a sentence for the person. */
export interface TurnError {
  kind: ModelFailureKind | "breaker" | "fault";
  text: string;
}

export type LiveDetail =
  /** A message changed its state. */
  /** `isJoined`: it began together with another message's turn, so its sender hears of the end by this alone. */
  | { type: "inbox"; inboxId: string; state: InboxState; reason?: string; isJoined?: boolean }
  | { type: "turn-started"; startedAt: number }
  /** What is going on when nothing streams: "overloaded: trying again in 4 s". */
  | { type: "status"; phase: "preparing" | "asking" | "retrying" | "compacting" | "waiting"; text?: string }
  | { type: "model"; model: string }
  /** Answer text. `offset` is the length of the step's text before this delta. */
  | { type: "text"; step: number; offset: number; delta: string }
  /** The text of this step so far is withdrawn (the attempt failed and is made again). */
  | { type: "text-reset"; step: number }
  | { type: "thinking"; step: number; delta: string }
  | { type: "call-started"; callId: string; name: string; args: Record<string, unknown>; title: string }
  | { type: "call-progress"; callId: string; name: string; text: string }
  | {
      type: "call-ended";
      callId: string;
      name: string;
      title: string;
      text: string;
      outcome: CallOutcome;
      details?: Record<string, unknown>;
    }
  | { type: "entry"; entry: Entry }
  | {
      type: "turn-ended";
      outcome: TurnOutcome;
      /** The last answer text of the turn; partial when it was stopped. */
      text: string;
      spend: Spend;
      startedAt: number;
      endedAt: number;
      model?: string;
      error?: TurnError;
    };

export type LiveEvent = LiveDetail & {
  /** The run's id for clients: the idempotency key of the message that began it. */
  runId: string;
  /** Counts up within a run. */
  seq: number;
  at: number;
};

/** One parcel from a session to its screens. `session` comes along whenever the row changed. */
export interface LiveParcel {
  sessionKey: string;
  agentId: string;
  events: LiveEvent[];
  session?: SessionRow;
}

/** A session as lists show it. Times in ms. */
export interface SessionRow {
  key: string;
  agentId: string;
  sessionId: string;
  label?: string;
  /** First words of the first message. */
  title?: string;
  lastMessage?: string;
  createdAt: number;
  updatedAt: number;
  status: "idle" | "running" | "waiting" | "failed";
  activeRunIds: string[];
  /** `provider/model` of the latest answer. */
  model?: string;
  /** `provider/model` chosen for this session by its person. */
  modelOverride?: string;
  thinking?: string;
  queueMode?: string;
  verbose?: string;
  reasoning?: string;
  /** What the owner chose by /exec and /elevated; absent: what the settings say. */
  hands?: HandsChoice;
  spend: Spend;
  /** Tokens of the latest request, and the window of its model. */
  contextTokens?: number;
  contextWindow?: number;
  messageCount: number;
  /** Bytes of its database. */
  storedBytes?: number;
  /** Deliveries that still wait to be sent. */
  outboxWaiting?: number;
}
