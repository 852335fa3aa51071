// The driver in this process, with the real library: what it tells, what it hears.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as library from "@whiskeysockets/baileys";
import { expect, vi } from "vitest";
import type { LineHost, LineNews, OpenLine } from "../../../src/bridge/channels/driver.ts";
import { whatsapp } from "../../../src/bridge/channels/whatsapp/whatsapp.ts";
import { type HomeInbound, isSaid } from "../../../src/contract/channels/at-home.ts";
import type { HomeAct } from "../../../src/contract/channels/home-acts.ts";
import { OWN } from "./peer.ts";

export interface TestLine extends OpenLine {
  dir: string;
  news: LineNews[];
  heard: HomeInbound[];
  logged: string[];
  phase(): string | undefined;
  until(phase: string): Promise<void>;
  act(peer: string, act: HomeAct, row?: string): ReturnType<OpenLine["send"]>;
}

export interface TestLineWishes {
  dir?: string;
  url?: string;
  number?: string;
  options?: Record<string, unknown>;
  /** In place of the real library. */
  load?: Partial<typeof library>;
  hear?: (inbound: HomeInbound[]) => Promise<void>;
}

let rows = 0;

export function newDir(): string {
  return mkdtempSync(join(tmpdir(), "whatsapp-line-"));
}

export async function openTestLine({
  dir = newDir(),
  url,
  number = `+${OWN}`,
  ...wishes
}: TestLineWishes = {}): Promise<TestLine> {
  const news: LineNews[] = [];
  const heard: HomeInbound[] = [];
  const logged: string[] = [];
  const host: LineHost = {
    account: {
      channel: "whatsapp",
      account: "default",
      keys: { WHATSAPP_NUMBER: number },
      ...(url === undefined ? {} : { base: url }),
      mediaMaxMb: 20,
      options: wishes.options ?? {},
    },
    dir,
    load: async () => ({ ...library, ...wishes.load }),
    hear: async (items) => {
      const inbound = items.filter(isSaid);
      await wishes.hear?.(inbound);
      heard.push(...inbound);
    },
    tell: (one) => news.push(one),
    log: (text) => logged.push(text),
    now: Date.now,
  };
  const line = await whatsapp.open(host);
  const phase = () => news.at(-1)?.phase;
  let closing: Promise<void> | undefined;
  return {
    dir,
    news,
    heard,
    logged,
    phase,
    until: (wanted) => vi.waitFor(() => expect(phase()).toBe(wanted), { timeout: 30_000, interval: 10 }),
    act: (peer, act, row = `row-${++rows}`) => line.send({ id: row, to: { channel: "whatsapp", peer }, act }, []),
    send: (request, files) => line.send(request, files),
    fetchMedia: (remote, from, path, maxBytes) =>
      line.fetchMedia?.(remote, from, path, maxBytes) ?? Promise.reject(new Error("none")),
    link: (wish) => line.link?.(wish) ?? Promise.resolve(),
    unlink: () => line.unlink?.() ?? Promise.resolve(),
    close: () => {
      closing ??= line.close();
      return closing;
    },
  };
}
