// Every channel, one line each.
import type { Channel } from "./channel.ts";
import { webchat } from "./webchat.ts";

export const channels: readonly Channel[] = [webchat];

export function findChannel(id: string): Channel | undefined {
  return channels.find((channel) => channel.id === id);
}
