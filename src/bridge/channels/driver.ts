// What holds the line of one channel: it is opened in a thread of its own for each account, tells what comes in and how the line is, and
// does there what the house asks. It decides nothing about who may speak, and keeps nothing but what its platform wants it to keep.
import type { HeldAccount, HomeItem, LineState } from "../../contract/channels/at-home.ts";
import type { DeliveryOutcome, ReadBack } from "../../contract/channels/delivery.ts";
import type { ChannelSend } from "../../contract/channels/home-acts.ts";
import type { Address, RemoteMedia } from "../../contract/message.ts";

/** How the line is, as its driver knows; see LineState. `said` in words its owner can act on. */
export type LineNews = Pick<LineState, "phase" | "said" | "who" | "link">;

export interface LineHost {
  account: HeldAccount;
  /** Of this account alone, for what its platform wants kept: keys of its device, where it stopped reading. */
  dir: string;
  /** Of the channel's own packages: `import(...)` by name. */
  load(name: string): Promise<unknown>;
  /**
   * Resolves when it is on this machine's disk, from where it goes to Skerry in this order. Only then the platform may be told that it
   * was taken.
   */
  hear(inbound: HomeItem[]): Promise<void>;
  /** What is not told anew stays as it is, but `said`, `link`: they belong to the phase. */
  tell(news: LineNews): void;
  log(text: string, isBad?: boolean): void;
  now(): number;
}

/** A file of an act, on this machine. */
export interface LocalFile {
  path: string;
  type: string;
  name: string;
  size: number;
}

export interface OpenLine {
  /** Tells apart "it said no", "nobody answered" and "it may have happened". `files`: of an act of type media, in its order. */
  send(request: ChannelSend, files: readonly LocalFile[]): Promise<DeliveryOutcome>;
  /** Writes the bytes to `path`. @throws HomeRefused when it is gone, or larger. */
  fetchMedia?(remote: RemoteMedia, from: Address, path: string, maxBytes: number): Promise<{ name?: string }>;
  /** Oldest first. */
  read?(from: Address, limit: number): Promise<ReadBack[]>;
  /** Begins to link the account; what the owner is shown is told by `tell`. `phone`: by a code that is typed. */
  link?(wish: { phone?: string; isAnew: boolean }): Promise<void>;
  /** Ends the link at the platform, as far as it answers, and forgets what was kept for it. */
  unlink?(): Promise<void>;
  close(): Promise<void>;
}

export interface Driver {
  /** As in Address.channel. */
  channel: string;
  /** Opens the line. What can be mended by trying again is its own business; @throws HomeRefused when only the owner can mend it. */
  open(host: LineHost): Promise<OpenLine>;
}
