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
  /** One of several accounts of a channel; absent: the default one. */
  account?: string;
  peer: string;
  thread?: string;
  /** Absent: direct. */
  kind?: "direct" | "group";
  /** The way back in the platform's own words (a reply token, a service address). Read by the channel alone, kept as it is. */
  route?: Record<string, string>;
}

/** Who said it, as far as the door could prove. `isOwner` is the Directory's word, never the sender's. */
export interface Sender {
  /** The platform's own id of the account that wrote. */
  id: string;
  name?: string;
  isOwner: boolean;
  /** Someone known; see people.ts. Absent: screens, and whoever an open policy lets in. */
  personId?: string;
}

/** A file that is still at the platform: named by the platform's own handle, fetched once by whoever is let in. */
export interface RemoteMedia {
  handle: string;
  kind: "image" | "audio" | "voice" | "video" | "sticker" | "file";
  name?: string;
  /** As the platform says; what is stored is sniffed. */
  type?: string;
  /** Bytes, as the platform says. */
  size?: number;
  durationS?: number;
}

/** The message that a message answers, as far as the platform tells. */
export interface Quoted {
  platformId: string;
  text?: string;
  author?: string;
  /** Whether the assistant wrote it. */
  isOurs?: boolean;
}

/** Channels whose people see the answer where they asked: nothing is left to deliver. */
const ANSWERED_IN_PLACE: readonly string[] = ["webchat", "openai"];

export function isAnsweredInPlace(from: Address): boolean {
  return ANSWERED_IN_PLACE.includes(from.channel);
}

export interface Message {
  /** The platform's id of the event, or the client's idempotency key: the same id twice is the same message. */
  id: string;
  from: Address;
  sender: Sender;
  parts: Part[];
  sentAt: number;
  /** What a reply, a reaction or an edit names at the platform. */
  platformId?: string;
  attachments?: RemoteMedia[];
  quoted?: Quoted;
  /** In a group: whether it mentions the assistant or answers it, by the platform's own marks. */
  isToUs?: boolean;
  /** Until something comes, the platform shows whoever wrote that an answer is on its way: silence would leave that standing. */
  isAwaited?: boolean;
  /** Written by a program. */
  isFromBot?: boolean;
  /** Name of the group or room, for people and the model. */
  placeName?: string;
  /** Messages of one sender with the same word here are one: the pictures of an album, the parts of a long text. */
  joinAs?: string;
}

/** The text parts of a message, joined by blank lines. */
export function textOf(parts: readonly Part[]): string {
  return parts
    .filter((part) => part.type === "text")
    .map((part) => part.text)
    .join("\n\n");
}
