// What a person or an agent said, in our shape. Bytes stay in R2: a message carries references to them.

/** A file that was stored once. `size` in bytes; `type` is the sniffed MIME type. */
export interface MediaRef {
  key: string;
  type: string;
  size: number;
  name?: string;
}

export type Part = { type: "text"; text: string } | { type: "image"; media: MediaRef } | { type: "file"; media: MediaRef };

/** Where a message comes from or goes to. `peer` is the platform's own id of the person, room or screen. */
export interface Address {
  channel: string;
  account?: string;
  peer: string;
  thread?: string;
}

/** Who said it, as far as the door could prove. Filled in by the receiver, never taken from the sender. */
export interface Sender {
  id: string;
  name?: string;
  isOwner: boolean;
}

/** Channels whose people see the answer where they asked: nothing is left to deliver. */
const ANSWERED_IN_PLACE: readonly string[] = ["webchat", "openai"];

export function isAnsweredInPlace(from: Address): boolean {
  return ANSWERED_IN_PLACE.includes(from.channel);
}

export interface Message {
  /** The platform's id, or the client's idempotency key: the same id twice is the same message. */
  id: string;
  from: Address;
  sender: Sender;
  parts: Part[];
  sentAt: number;
}

/** The text parts of a message, joined by blank lines. */
export function textOf(parts: readonly Part[]): string {
  return parts
    .filter((part) => part.type === "text")
    .map((part) => part.text)
    .join("\n\n");
}
