// An account of a channel as its code sees it, for tests of one channel alone: keys, a clock, a way out, stored files.

import type { DeliveryAct, OutboxItem } from "../../src/contract/channels/delivery.ts";
import { channelFacts } from "../../src/contract/channels/facts.ts";
import type { Address } from "../../src/contract/message.ts";
import type { Line } from "../../src/worker/channels/channel.ts";

export interface LineWishes extends Partial<Omit<Line, "account" | "readMedia">> {
  keys?: Record<string, string>;
  account?: string;
  mediaMaxMb?: number;
  files?: Record<string, Uint8Array<ArrayBuffer>>;
}

export function makeChannelLine(channel: string, { keys = {}, account = "default", ...wishes }: LineWishes): Line {
  const facts = channelFacts(channel);
  const { mediaMaxMb = facts?.mediaMaxMb ?? 20, files = {}, ...rest } = wishes;
  return {
    account: { channel, account, isEnabled: true, keys, missing: [], mediaMaxMb, version: 1 },
    base: facts?.base?.address ?? "",
    variables: {},
    fetch: () => Promise.reject(new Error("nothing may be asked here")),
    now: Date.now,
    readMedia: async (key) => files[key],
    ...rest,
  };
}

let count = 0;

export function outItem(to: Address, act: DeliveryAct): OutboxItem {
  count += 1;
  return { id: `out_${count}`, sessionKey: "agent:main:main", agentId: "main", runId: "run", to, act, part: 0 };
}
