// The words of the demo's parts: the turn it sees, the plan it makes.
import type { ToolCall } from "../../../contract/entry.ts";
import type { ModelRequest } from "../port.ts";

/** What happened since the person last spoke. */
export interface DemoTurn {
  said: string;
  /** Batches of calls already made, with their results. */
  batches: { calls: ToolCall[]; results: DemoResult[] }[];
  hasTool(name: string): boolean;
  isFirstRun: boolean;
  system: ModelRequest["system"];
}

export interface DemoResult {
  name: string;
  args: Record<string, unknown>;
  text: string;
  isError: boolean;
}

export interface PlannedCall {
  name: string;
  args: Record<string, unknown>;
}

export type Topic =
  | "help"
  | "greeting"
  | "thanks"
  | "list"
  | "read"
  | "write"
  | "edit"
  | "remember"
  | "recall"
  | "time"
  | "fetch"
  | "run"
  | "search"
  | "introduction"
  | "introduction-thin"
  | "unknown"
  | "no-tool";

export interface DemoPlan {
  topic: Topic;
  /** Batches in order; the calls of one batch run side by side. */
  steps: PlannedCall[][];
  /** Said before the first call. */
  opening?: string;
  /** What the answer is about: a file, a question. */
  subject?: string;
}
