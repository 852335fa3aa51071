// Anything that wakes a session. All kinds enter by Session.receive; the queue mode says what each does
// when the session is busy.
import type { Overheard } from "./entry.ts";
import type { MediaRef, Message } from "./message.ts";

export const QUEUE_MODES = ["steer", "followup", "collect", "interrupt"] as const;
export type QueueMode = (typeof QUEUE_MODES)[number];

export const THINKING_LEVELS = ["off", "minimal", "low", "medium", "high", "xhigh"] as const;
export type ThinkingLevel = (typeof THINKING_LEVELS)[number];

/** What a sender may ask for one message alone. */
export interface TurnWishes {
  /** `provider/model`; strict: no fallback is tried. */
  model?: string;
  thinking?: ThinkingLevel;
  queueMode?: QueueMode;
  extraSystemPrompt?: string;
  /** Most tokens of one reply of the model; never more than the model's own limit. */
  maxTokens?: number;
  /** A turn whose model asks for a longer pause than this (ms) fails instead of waiting. */
  patienceMs?: number;
  /** Longest whole turn in ms. */
  timeoutMs?: number;
}

export type Event =
  /** `earlier`: of its thread, when that is new here; `unread` until the platform was asked. */
  | { kind: "message"; id: string; message: Message; wishes: TurnWishes; earlier?: Overheard[] | "unread" }
  /** Something happened in the talk that asks for no answer: a reaction, an edit, someone joined. The model reads it later. */
  | { kind: "notice"; id: string; message: Message }
  | { kind: "schedule"; id: string; text: string; wishes: TurnWishes }
  /** `token`, `payload`: of what a waiting call waits for, and what came of it. Without: something to know, that begins a turn. */
  | {
      kind: "result";
      id: string;
      callId: string;
      text: string;
      isError: boolean;
      media?: MediaRef[];
      token?: string;
      payload?: unknown;
      /** Who hears the answer; the session itself finds them: whoever spoke last, where they did. */
      listener?: Message;
    }
  | { kind: "answer"; id: string; questionId: string; text: string }
  | { kind: "peer"; id: string; fromSession: string; text: string; wishes: TurnWishes };

/** The state of an accepted message, shown to whoever sent it. */
export type InboxState = "queued" | "steered" | "working" | "done" | "failed" | "dropped";
