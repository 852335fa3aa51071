// What a command of the bridge is given, and how one looks. The list of all of them is put together in bridge/home.
import type { HomeCommandName, HomeParams, HomeResult } from "../contract/home/commands.ts";
import type { MediaRef } from "../contract/message.ts";

/** Bytes between this machine and Skerry's object store; they never go through the socket. */
export interface Transfer {
  /** Brings a file there. @throws HomeRefused when Skerry cannot be reached or does not take it. */
  give(path: string, name: string): Promise<MediaRef>;
  /** Fetches one into `path`, which is written whole or not at all. */
  take(key: string, path: string): Promise<{ size: number }>;
}

export interface CommandContext {
  /** Id of the call; asked again under the same id, a command does nothing again. */
  callId: string;
  /** Nobody wants the answer any more, or the bridge ends. */
  signal: AbortSignal;
  /** Output for the screens: the last of it, at most 4,000 characters. */
  progress(text: string): void;
  transfer: Transfer;
  now(): number;
}

/** Contract: throws HomeRefused with what the model should read; anything else is a fault and told as such. */
export type HomeCommands = {
  [C in HomeCommandName]?: (params: HomeParams<C>, context: CommandContext) => Promise<HomeResult<C>>;
};
