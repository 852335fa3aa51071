// A line to a platform as the Worker opens it, for a channel that is tested by itself.
import type { Line, Post } from "../../../src/worker/channels/channel.ts";

export interface LineWishes {
  channel: string;
  base: string;
  keys: Record<string, string>;
  variables?: Record<string, string>;
  account?: string;
  mediaMaxMb?: number;
  now?: () => number;
  fetch?: typeof fetch;
  files?: Record<string, Uint8Array<ArrayBuffer>>;
}

export function lineTo({ channel, base, keys, account = "default", mediaMaxMb = 20, ...rest }: LineWishes): Line {
  return {
    account: { channel, account, isEnabled: true, keys, missing: [], mediaMaxMb, version: 1 },
    base,
    variables: rest.variables ?? {},
    fetch: rest.fetch ?? ((input, init) => fetch(input, init)),
    now: rest.now ?? Date.now,
    readMedia: async (key) => rest.files?.[key],
  };
}

export function postOf(body: unknown, headers: Record<string, string> = {}, address = "https://skerry.example/channels/x"): Post {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    method: "POST",
    url: new URL(address),
    headers: new Headers(headers),
    body: Uint8Array.from(new TextEncoder().encode(text)),
    text,
  };
}
