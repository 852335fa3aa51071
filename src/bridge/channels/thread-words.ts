// What the bridge and the thread of a line say to each other. Everything passes as a copy: an error keeps its words alone.
import type { HeldAccount, HomeItem } from "../../contract/channels/at-home.ts";
import type { DeliveryOutcome, ReadBack } from "../../contract/channels/delivery.ts";
import type { ChannelSend } from "../../contract/channels/home-acts.ts";
import type { HomeRefusal } from "../../contract/errors.ts";
import type { Address, RemoteMedia } from "../../contract/message.ts";
import type { LineNews, LocalFile } from "./driver.ts";

export interface ThreadData {
  account: HeldAccount;
  dir: string;
  /** Folder in which the channel's packages are installed; absent: it has none. */
  packages?: string;
}

export type Told<T> = { ok: true; value: T } | { ok: false; code: HomeRefusal; message: string };

/** What the bridge asks of the thread. */
export interface InThread {
  send(request: ChannelSend, files: LocalFile[]): Promise<DeliveryOutcome>;
  fetchMedia(remote: RemoteMedia, from: Address, path: string, maxBytes: number): Promise<Told<{ name?: string }>>;
  read(from: Address, limit: number): Promise<Told<ReadBack[]>>;
  link(wish: { phone?: string; isAnew: boolean }): Promise<Told<null>>;
  unlink(): Promise<Told<null>>;
  close(): Promise<void>;
}

/** What the thread tells the bridge. */
export interface InBridge {
  hear(inbound: HomeItem[]): Promise<void>;
  tell(news: LineNews): void;
  log(text: string, isBad: boolean): void;
}
