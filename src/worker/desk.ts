// What an owner does with a channel besides talking: tell the platform where we are, ask whether the keys are good,
// send a first word. Called by the Gateway's methods; whoever calls has proved to be the owner.
import { WorkerEntrypoint } from "cloudflare:workers";
import type { ChannelAccount, PlatformPort, SetupStep } from "../contract/channels/channel.ts";
import { channelFacts } from "../contract/channels/facts.ts";
import type { GatewayErrorData, Outcome } from "../contract/errors.ts";
import type { Env } from "../durable/env.ts";
import { directoryOf } from "../durable/stubs.ts";
import type { Channel, Line } from "./channels/channel.ts";
import { makeLine } from "./channels/line.ts";
import { findChannel } from "./channels/list.ts";

export class ChannelDesk extends WorkerEntrypoint<Env> implements PlatformPort {
  /** `origin`: where this Skerry is reached from outside, without a path. */
  async setUp(channelId: string, account: string, origin: string): Promise<Outcome<SetupStep[]>> {
    const opened = await this.#open(channelId, account);
    if (!opened.ok) return opened;
    const { channel, line } = opened.value;
    const path = account === "default" ? channelId : `${channelId}/${account}`;
    const address = `${origin}/channels/${path}`;
    if (!channel.connect) {
      return { ok: true, value: [{ state: "by-hand", text: `Give the platform this address for its webhook: ${address}` }] };
    }
    return this.#told(line, async () => ({ ok: true, value: (await channel.connect?.(address, line)) ?? [] }));
  }

  async takeDown(channelId: string, account: string): Promise<Outcome<SetupStep[]>> {
    const opened = await this.#open(channelId, account);
    if (!opened.ok) return opened;
    const { channel, line } = opened.value;
    return this.#told(line, async () => ({ ok: true, value: (await channel.disconnect?.(line)) ?? [] }));
  }

  /** Names the bot that the keys belong to. */
  async probe(channelId: string, account: string): Promise<Outcome<string>> {
    const opened = await this.#open(channelId, account);
    if (!opened.ok) return opened;
    const { channel, line } = opened.value;
    const answer = await this.#told(line, () => channel.probe(line));
    const note = answer.ok
      ? ({ kind: "fine", text: answer.value } as const)
      : ({ kind: "error", text: answer.error.message } as const);
    await directoryOf(this.env).noteChannel({ channel: channelId, account, at: Date.now(), note });
    return answer;
  }

  async #open(channelId: string, account: string): Promise<Outcome<{ channel: Channel; line: Line }>> {
    const channel = await findChannel(channelId);
    const facts = channelFacts(channelId);
    if (!channel || !facts) return refuse("NOT_FOUND", `There is no channel "${channelId}".`);
    const found = await directoryOf(this.env).channelAccount(channelId, account);
    if (!found)
      return refuse(
        "NOT_LINKED",
        `${facts.label} has no account "${account}"; add it with \`skerry channels add ${channelId}\`.`,
      );
    if (found.missing.length > 0) return refuse("NOT_LINKED", missingText(facts.label, found));
    return { ok: true, value: { channel, line: makeLine(this.env, found, facts.base) } };
  }

  /** A channel's code answers outcomes; what breaks all the same is told in words. */
  async #told<T>(line: Line, act: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    try {
      return await act();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return refuse("UNAVAILABLE", `${line.account.channel} could not be asked: ${reason}`);
    }
  }
}

function missingText(label: string, account: ChannelAccount): string {
  return `${label} still needs ${account.missing.join(", ")}; add it with \`skerry channels add ${account.channel}\`.`;
}

function refuse(code: GatewayErrorData["code"], message: string): { ok: false; error: GatewayErrorData } {
  return { ok: false, error: { code, message } };
}
