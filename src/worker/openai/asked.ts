// What a request of either kind comes down to: whom it asks, what was said before, what is said now, and how the
// answer is wanted.
import type { TurnWishes } from "../../contract/event.ts";
import type { RawPart } from "./content.ts";

export interface RawMessage {
  role: "user" | "assistant";
  parts: RawPart[];
}

export interface Asked {
  model: string;
  /** System and developer messages, instructions: they hold for this turn. */
  system: string[];
  earlier: RawMessage[];
  /** Never empty. */
  last: RawPart[];
  /** Field `user`: names a session of its own. */
  user?: string;
  /** Session and run of `previous_response_id`. */
  previous?: { sessionKey: string; runId: string };
  isStream: boolean;
  /** The answer ends before the first of these. */
  stop: string[];
  wishes: Pick<TurnWishes, "thinking" | "maxTokens">;
}
