// The way out: the house hands over one act, the channel of its address does it at the platform. It never throws:
// whatever breaks in a channel's code may have happened, and is told as that.
import { WorkerEntrypoint } from "cloudflare:workers";
import type { DeliveryOutcome, DeliveryPort, DeliveryStyle, OutboxItem, ReadBack } from "../contract/channels/delivery.ts";
import { channelFacts } from "../contract/channels/facts.ts";
import type { GatewayErrorData, Outcome } from "../contract/errors.ts";
import { GatewayError } from "../contract/errors.ts";
import type { Address, MediaRef, RemoteMedia } from "../contract/message.ts";
import type { Env } from "../durable/env.ts";
import { storeMedia } from "../durable/media.ts";
import type { Channel, Line } from "./channels/channel.ts";
import { openLine } from "./channels/line.ts";
import { findChannel } from "./channels/list.ts";

export class Delivery extends WorkerEntrypoint<Env> implements DeliveryPort {
  async send(item: OutboxItem): Promise<DeliveryOutcome> {
    const opened = await this.#open(item.to);
    if (!opened.ok) return { outcome: "refused", reason: opened.error.message };
    const { channel, line } = opened.value;
    const result = await channel.deliver(item, line).catch((error: unknown): DeliveryOutcome => {
      console.error(`${channel.id}: ${item.act.type} broke off`, error);
      return { outcome: "unknown", reason: `${channel.id} broke off: ${error instanceof Error ? error.message : String(error)}` };
    });
    return result.outcome === "unknown" && !(await isReachable(channel, line))
      ? { outcome: "unanswered", reason: `${labelOf(channel.id)} cannot be reached (${result.reason}).` }
      : result;
  }

  async plan(to: Address, text: string, style: DeliveryStyle): Promise<string[]> {
    const channel = await findChannel(to.channel);
    return channel ? channel.split(text, style) : [text];
  }

  async fetchMedia(from: Address, remote: RemoteMedia): Promise<Outcome<MediaRef>> {
    const opened = await this.#open(from);
    if (!opened.ok) return opened;
    const { channel, line } = opened.value;
    const maxBytes = line.account.mediaMaxMb * 1024 * 1024;
    if ((remote.size ?? 0) > maxBytes) return refuse("INVALID_REQUEST", tooLarge(line.account.mediaMaxMb));
    if (channel.haveStored) return channel.haveStored(remote, from, line);
    if (!channel.fetchMedia) return refuse("INVALID_REQUEST", `Files cannot be fetched from ${labelOf(channel.id)}.`);
    try {
      const fetched = await channel.fetchMedia(remote, line);
      if (!fetched.ok) return fetched;
      const { bytes, name } = fetched.value;
      if (bytes.length > maxBytes) return refuse("INVALID_REQUEST", tooLarge(line.account.mediaMaxMb));
      return { ok: true, value: await storeMedia(this.env.MEDIA, bytes, remote.name ?? name) };
    } catch (error) {
      if (error instanceof GatewayError) return { ok: false, error: error.data };
      const reason = error instanceof Error ? error.message : String(error);
      return { ok: false, error: { code: "UNAVAILABLE", message: `The file could not be fetched: ${reason}`, retryable: true } };
    }
  }

  async read(from: Address, limit: number): Promise<Outcome<ReadBack[]>> {
    const opened = await this.#open(from);
    if (!opened.ok) return opened;
    const { channel, line } = opened.value;
    if (!channel.read) return refuse("INVALID_REQUEST", `${labelOf(channel.id)} does not let a bot read earlier messages.`);
    return channel.read(from, limit, line);
  }

  async #open(address: Address): Promise<Outcome<{ channel: Channel; line: Line }>> {
    const channel = await findChannel(address.channel);
    if (!channel) return refuse("NOT_FOUND", `There is no channel "${address.channel}" in this version of Skerry.`);
    const line = await openLine(this.env, address.channel, address.account);
    if (line) return { ok: true, value: { channel, line } };
    const label = labelOf(address.channel);
    return refuse("NOT_LINKED", `${label} is not set up or switched off; see \`skerry channels status\`.`);
  }
}

/** Whether the platform answers at all, were it only to say no. */
async function isReachable(channel: Channel, line: Line): Promise<boolean> {
  const answer = await channel.probe(line).catch(() => undefined);
  return answer !== undefined && (answer.ok || answer.error.code !== "UNAVAILABLE");
}

function labelOf(id: string): string {
  return channelFacts(id)?.label ?? id;
}

function tooLarge(maxMb: number): string {
  return `The file is larger than ${maxMb} MB, the most this channel takes.`;
}

function refuse(code: GatewayErrorData["code"], message: string): { ok: false; error: GatewayErrorData } {
  return { ok: false, error: { code, message } };
}
