// The way out: what the house asks a channel to do at its platform, and what may come of it. A session writes one row
// an item and knows no platform; the Worker's Delivery finds the channel of the address and lets it act.
import type { Outcome } from "../errors.ts";
import type { Address, MediaRef, RemoteMedia } from "../message.ts";

export interface Button {
  label: string;
  /** Comes back as a message's text when it is pressed; at most 64 bytes of UTF-8. */
  value: string;
}

/** Message ids are the platform's own. Texts are Markdown; the channel renders them. */
export type DeliveryAct =
  /** One message. `replaces`: the draft that becomes this message. Already short enough: see DeliveryPort.plan. */
  | { type: "text"; text: string; replyTo?: string; replaces?: string; buttons?: Button[][] }
  | { type: "media"; media: MediaRef[]; caption?: string; replyTo?: string; isVoice?: boolean }
  | { type: "poll"; question: string; options: string[]; isMultiple?: boolean; durationS?: number }
  /** The answer while it is being written: without `message` a new one, else it takes the place of what was shown. */
  | { type: "draft"; text: string; message?: string; replyTo?: string }
  | { type: "edit"; message: string; text: string }
  | { type: "delete"; message: string }
  /** `emoji` null takes our reaction away. */
  | { type: "react"; message: string; emoji: string | null }
  | { type: "pin"; message: string; isPinned: boolean }
  /** Opens a thread; what comes back as platformId is the thread's id. */
  | { type: "thread"; name: string; message?: string }
  /** "is writing …"; lasts some seconds at the platform. */
  | { type: "typing" };

/** How a place wants to be written to; made by the Directory from settings and the channel's facts. */
export interface DeliveryStyle {
  /** `partial`: one message that grows by edits. `block`: finished paragraphs as messages of their own. */
  streaming: "off" | "partial" | "block";
  /** Characters of one message; never more than the platform takes. */
  textLimit: number;
  chunkMode: "length" | "paragraph";
  /** Whether answers hang on the message they answer when the model does not say. */
  replyTo: "off" | "first" | "all";
  /** Set on the message as soon as it is accepted, taken away with the answer. */
  ackReaction?: string;
  showsTyping: boolean;
  /** In place of typing, where the platform has none: a message says so, and becomes the answer. */
  showsWorking?: boolean;
  /** Pause between the messages of one answer, ms. */
  pause?: { minMs: number; maxMs: number };
  /** Least time between two edits of a growing message, ms. */
  editEveryMs: number;
}

export interface OutboxItem {
  /** Idempotency key: the same id is sent once. */
  id: string;
  sessionKey: string;
  agentId: string;
  runId: string;
  to: Address;
  act: DeliveryAct;
  part: number;
}

export type DeliveryOutcome =
  | { outcome: "sent"; platformId?: string }
  /** The platform said no: do not repeat, tell the person. */
  | { outcome: "refused"; reason: string }
  /** Nobody answered: try again after `retryAfterMs`. */
  | {
      outcome: "unanswered";
      retryAfterMs?: number;
      /** How long it is worth trying, from when it was written down; absent: an hour. Whoever asks how the channel is hears why it waits. */
      patienceMs?: number;
      reason: string;
    }
  /** It may have been sent: never repeat blindly. */
  | { outcome: "unknown"; reason: string };

/** A message as the platform still has it. */
export interface ReadBack {
  platformId: string;
  author: string;
  /** The platform's own id of the account that wrote. */
  authorId?: string;
  /** Whether the assistant wrote it. */
  isOurs?: true;
  /** Written by a program. */
  isFromBot?: true;
  /** "" when it holds nothing that can be read. */
  text: string;
  at: number;
}

export interface DeliveryPort {
  send(item: OutboxItem): Promise<DeliveryOutcome>;
  /** Cuts an answer into messages that the platform takes, Markdown whole in each. Empty text: no message. */
  plan(to: Address, text: string, style: DeliveryStyle): Promise<string[]>;
  /** Fetches a file that came with a message, once: the same handle is stored under the same key. */
  fetchMedia(from: Address, remote: RemoteMedia): Promise<Outcome<MediaRef>>;
  /**
   * The latest messages of a place, oldest first, where the platform lets a bot read them. Of a thread the first is the
   * message that it hangs on, where there is one.
   */
  read(from: Address, limit: number): Promise<Outcome<ReadBack[]>>;
}
