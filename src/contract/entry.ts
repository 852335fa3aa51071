// One line of a transcript. The transcript is append-only: compaction adds a `summary` and moves the window.
import type { Address, MediaRef, Part, Quoted, Sender } from "./message.ts";

export interface Usage {
  /** Tokens that were neither read from nor written to a cache. */
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

/** Token counts and price of a step, a turn or a day. `costUsd` is absent when the price is not known. */
export interface Spend extends Usage {
  costUsd?: number;
}

export interface ToolCall {
  id: string;
  name: string;
  args: Record<string, unknown>;
}

/** Reasoning as the provider gave it. `signature` and `redacted` go back unchanged, to the same provider only. */
export interface Thinking {
  text: string;
  signature?: string;
  redacted?: string;
}

export type StopReason = "stop" | "tools" | "length" | "refused" | "aborted";
export type CallOutcome = "done" | "failed" | "interrupted" | "stopped";

interface EntryHead {
  /** Position in the transcript, from 1. */
  seq: number;
  id: string;
  at: number;
  /** Absent on entries that no turn made (an injected note). */
  turnId?: string;
}

/** A message of a place that was not for the assistant: context of the next one that is. */
export interface Overheard {
  author: string;
  text: string;
  at: number;
  platformId?: string;
  /** In `earlier`: whether the assistant wrote it. */
  isOurs?: true;
}

/** What a channel told of a message, for whoever reads it later. */
export interface Origin {
  platformId?: string;
  placeName?: string;
  quoted?: Quoted;
  joinAs?: string;
  isFromBot?: boolean;
}

export interface UserEntry extends EntryHead {
  kind: "user";
  inboxId: string;
  parts: Part[];
  from?: Address;
  sender?: Sender;
  /** Present when it came by a channel. */
  origin?: Origin;
  /** What was said in its place since the last answer, oldest first. */
  overheard?: Overheard[];
  /** What was written in its thread before the talk there began, oldest first: the message that it hangs on, then the latest. */
  earlier?: Overheard[];
}

export interface AssistantEntry extends EntryHead {
  kind: "assistant";
  step: number;
  text: string;
  thinking: Thinking[];
  calls: ToolCall[];
  /** `provider/model` that answered. */
  model: string;
  stopReason: StopReason;
  spend: Spend;
}

export interface ResultEntry extends EntryHead {
  kind: "result";
  callId: string;
  name: string;
  text: string;
  outcome: CallOutcome;
  media?: MediaRef[];
  /** Whether `media` goes to the person along with the answer. */
  isForPerson?: boolean;
  /** The place it wrote to, when it did (tool message). */
  wroteTo?: string;
}

export interface NoteEntry extends EntryHead {
  kind: "note";
  text: string;
  label?: string;
  /** Whether the model reads it too (an injected message) or only people do (an error, a parked turn). */
  isForModel: boolean;
}

export interface SummaryEntry extends EntryHead {
  kind: "summary";
  text: string;
  /** The model reads the summary, then everything from this position on. */
  firstKeptSeq: number;
  tokensBefore: number;
}

export type Entry = UserEntry | AssistantEntry | ResultEntry | NoteEntry | SummaryEntry;
type Headless<T> = T extends Entry ? Omit<T, "seq" | "id" | "at"> : never;
/** An entry before the transcript gave it its place. */
export type NewEntry = Headless<Entry>;

/** US dollars per million tokens that a budget counts where the price is not known: that of a strong model. */
const ASSUMED_PRICE = { input: 5, output: 25, cacheRead: 0.5, cacheWrite: 6.25 } as const;

/** What a budget counts: the price, or an assumed one, so that a bound holds for every model. */
export function countedCostUsd(spend: Spend): number {
  if (spend.costUsd !== undefined) return spend.costUsd;
  const { input, output, cacheRead, cacheWrite } = ASSUMED_PRICE;
  return (spend.input * input + spend.output * output + spend.cacheRead * cacheRead + spend.cacheWrite * cacheWrite) / 1_000_000;
}

export const NO_SPEND: Spend = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, costUsd: 0 };

/** Adds two spends. An unknown price makes the sum unknown. */
export function addSpend(a: Spend, b: Spend): Spend {
  const sum: Spend = {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
  };
  return a.costUsd === undefined || b.costUsd === undefined ? sum : { ...sum, costUsd: a.costUsd + b.costUsd };
}
