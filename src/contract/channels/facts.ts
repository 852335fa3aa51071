// The channels there are, one row each: what the house must know of a platform without loading its code.
// The code is in worker/channels; its list names the same ids.
import type { ChannelFacts } from "./channel.ts";
import { HOME_FACTS } from "./facts/at-home.ts";
import { WEBHOOK_FACTS } from "./facts/by-webhook.ts";

export const CHANNEL_FACTS = [...WEBHOOK_FACTS, ...HOME_FACTS] as const;

export type ChannelId = (typeof CHANNEL_FACTS)[number]["id"];

export const DEFAULT_ACCOUNT = "default";

export function channelFacts(id: string): ChannelFacts | undefined {
  return CHANNEL_FACTS.find((facts) => facts.id === id);
}

/** Variable of a key for an account beside the default one: TELEGRAM_BOT_TOKEN__WORK. */
export function variableOf(key: string, account: string): string {
  return account === DEFAULT_ACCOUNT ? key : `${key}__${account.toUpperCase().replaceAll("-", "_")}`;
}
