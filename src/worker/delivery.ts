// The way out: the house hands over one message, the channel of its address sends it.
import { WorkerEntrypoint } from "cloudflare:workers";
import type { DeliveryOutcome, DeliveryPort, OutboxItem } from "../contract/ports.ts";
import type { Env } from "../durable/env.ts";
import { findChannel } from "./channels/list.ts";

export class Delivery extends WorkerEntrypoint<Env> implements DeliveryPort {
  async send(item: OutboxItem): Promise<DeliveryOutcome> {
    const channel = findChannel(item.to.channel);
    if (!channel) return { outcome: "refused", reason: `There is no channel "${item.to.channel}" in this version of Skerry.` };
    return channel.deliver(item, this.env);
  }
}
