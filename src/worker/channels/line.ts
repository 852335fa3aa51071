// Opens an account of a channel: its keys from the Directory, kept for a moment in this isolate, so that a flood of
// requests asks once. A proof that fails asks again, since the keys may have been changed just now.

import type { ChannelAccount } from "../../contract/channels/channel.ts";
import { channelFacts, DEFAULT_ACCOUNT } from "../../contract/channels/facts.ts";
import { type Env, textVariables } from "../../durable/env.ts";
import { directoryOf, gatewayOf } from "../../durable/stubs.ts";
import { signMediaPath } from "../media.ts";
import type { Line } from "./channel.ts";

const KEPT_MS = 30_000;

interface Kept {
  account: ChannelAccount | undefined;
  at: number;
}

const kept = new Map<string, Kept>();

/** Undefined: there is no such account, or it is switched off, or keys are missing. What is known is at most `maxAgeMs` old. */
export async function openLine(
  env: Env,
  channel: string,
  account = DEFAULT_ACCOUNT,
  maxAgeMs = KEPT_MS,
): Promise<Line | undefined> {
  const facts = channelFacts(channel);
  if (!facts) return undefined;
  const found = await readAccount(env, channel, account, maxAgeMs);
  if (!found?.isEnabled || found.missing.length > 0) return undefined;
  return makeLine(env, found, facts.base);
}

export function makeLine(env: Env, account: ChannelAccount, base: { variable: string; address: string } | undefined): Line {
  const variables = textVariables(env);
  const address = (base && (variables[base.variable] || base.address)) ?? "";
  return {
    account,
    base: address.replace(/\/+$/, ""),
    variables,
    fetch: (input, init) => fetch(input, init),
    now: Date.now,
    readMedia: async (key) => {
      const stored = await env.MEDIA.get(key);
      return stored ? new Uint8Array(await stored.arrayBuffer()) : undefined;
    },
    linkMedia: (key, expiresAt, name) => signMediaPath(env.SKERRY_TOKEN ?? "", key, expiresAt, name),
    askHome: (command, params, waitMs) =>
      gatewayOf(env).callHome({
        id: `channel-${crypto.randomUUID()}`,
        ...(account.home === undefined ? {} : { home: account.home }),
        command,
        params,
        timeoutMs: waitMs,
        waitMs,
      }),
    ...sender(env.EMAIL),
  };
}

function sender(binding: Env["EMAIL"]): Pick<Line, "sendMail"> {
  return binding ? { sendMail: (mail) => binding.send(mail) } : {};
}

/** What is known of the account, at most `maxAgeMs` old. */
async function readAccount(env: Env, channel: string, account: string, maxAgeMs: number): Promise<ChannelAccount | undefined> {
  const name = `${channel}/${account}`;
  const now = Date.now();
  const known = kept.get(name);
  if (known && now - known.at < maxAgeMs) return known.account;
  const found = await directoryOf(env).channelAccount(channel, account);
  // Names come from whoever asks: only those that exist are kept.
  if (found) kept.set(name, { account: found, at: now });
  else kept.delete(name);
  return found;
}
