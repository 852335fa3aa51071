// What the tests of Discord share: a line to a stand-in, requests signed as Discord signs them, recorded payloads.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DeliveryAct, DeliveryStyle, OutboxItem } from "../../../../src/contract/channels/delivery.ts";
import type { Address } from "../../../../src/contract/message.ts";
import type { Line, Post } from "../../../../src/worker/channels/channel.ts";
import { DiscordStandIn } from "./stand-in.ts";

const FIXTURES = join(import.meta.dirname, "../../../fixtures/channels/discord");

export const APP = "1100000000000000001";
export const CHANNEL = "1100000000000000020";
export const ANN = "1100000000000000101";
export const NOW = Date.parse("2025-10-21T06:40:00Z");

/** A place of Discord that nobody has changed the settings of. */
export const STYLE: DeliveryStyle = {
  streaming: "partial",
  textLimit: 2000,
  chunkMode: "length",
  replyTo: "off",
  showsTyping: true,
  editEveryMs: 1500,
};

export function payload<T = Record<string, unknown>>(path: string): T {
  return JSON.parse(readFileSync(join(FIXTURES, `${path}.json`), "utf8")) as T;
}

export interface Rig {
  line: Line;
  discord: DiscordStandIn;
  stored: Map<string, Uint8Array<ArrayBuffer>>;
  setNow(now: number): void;
}

export function makeRig(keys: Record<string, string> = {}): Rig {
  const discord = new DiscordStandIn();
  const stored = new Map<string, Uint8Array<ArrayBuffer>>();
  let now = NOW;
  return {
    discord,
    stored,
    setNow: (at) => {
      now = at;
    },
    line: {
      account: {
        channel: "discord",
        account: "default",
        isEnabled: true,
        keys: { DISCORD_BOT_TOKEN: "bot-token", DISCORD_PUBLIC_KEY: "", DISCORD_APPLICATION_ID: APP, ...keys },
        missing: [],
        mediaMaxMb: 10,
        version: 1,
      },
      base: "https://discord.test/api/v10",
      variables: {},
      fetch: discord.fetch,
      now: () => now,
      readMedia: async (key) => stored.get(key),
    },
  };
}

export function item(to: Address, act: DeliveryAct, id = "turn_1:0"): OutboxItem {
  return { id, sessionKey: "agent:main:main", agentId: "main", runId: "turn_1", to, act, part: 0 };
}

export function postOf(body: unknown, headers: Record<string, string> = {}, method = "POST"): Post {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    method,
    url: new URL("https://skerry.test/channels/discord"),
    headers: new Headers(headers),
    body: new TextEncoder().encode(text),
    text,
  };
}

export interface Signer {
  publicKey: string;
  /** A request with the signature that Discord would give it; `at` in seconds. */
  sign(body: unknown, at?: number | string): Promise<Post>;
}

export async function makeSigner(): Promise<Signer> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const raw = await crypto.subtle.exportKey("raw", pair.publicKey);
  return {
    publicKey: Buffer.from(raw).toString("hex"),
    sign: async (body, at = NOW / 1000) => {
      const post = postOf(body);
      const signed = await crypto.subtle.sign("Ed25519", pair.privateKey, Buffer.from(`${at}${post.text}`));
      post.headers.set("x-signature-ed25519", Buffer.from(signed).toString("hex"));
      post.headers.set("x-signature-timestamp", String(at));
      return post;
    },
  };
}
