// What a driver of a line at home is given, for tests of it without a bridge: what it heard and told is kept here.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { Driver, LineHost, LineNews, OpenLine } from "../../../../src/bridge/channels/driver.ts";
import { type HomeInbound, isSaid } from "../../../../src/contract/channels/at-home.ts";
import type { HomeAct } from "../../../../src/contract/channels/home-acts.ts";
import type { Address } from "../../../../src/contract/message.ts";

export interface HostedLine {
  line: OpenLine;
  dir: string;
  heard: HomeInbound[];
  news: LineNews[];
  log: string[];
  /** Texts of messages, or of notices. */
  texts(kind?: HomeInbound["kind"]): string[];
  reach(phase: LineNews["phase"], ms?: number): Promise<LineNews>;
  does(
    act: HomeAct,
    to: Partial<Address> & { peer: string },
    files?: Parameters<OpenLine["send"]>[1],
  ): ReturnType<OpenLine["send"]>;
  close(): Promise<void>;
}

export interface HostOptions {
  keys: Record<string, string>;
  options?: Record<string, unknown>;
  dir?: string;
  /** In place of keeping it. */
  hear?(inbound: HomeInbound[]): Promise<void>;
}

export async function hostLine(driver: Driver, { keys, options = {}, dir: given, hear }: HostOptions): Promise<HostedLine> {
  const dir = given ?? mkdtempSync(join(tmpdir(), "skerry-line-"));
  const heard: HomeInbound[] = [];
  const news: LineNews[] = [];
  const log: string[] = [];
  const host: LineHost = {
    account: { channel: driver.channel, account: "default", keys, mediaMaxMb: 20, options },
    dir,
    load: (name) => import(name),
    hear: async (items) => {
      const inbound = items.filter(isSaid);
      await hear?.(inbound);
      heard.push(...inbound);
    },
    tell: (one) => news.push(one),
    log: (text) => log.push(text),
    now: Date.now,
  };
  const line = await driver.open(host);
  let count = 0;
  return {
    line,
    dir,
    heard,
    news,
    log,
    texts: (kind = "message") => heard.filter((one) => one.kind === kind).map(({ message }) => message.parts[0]?.text ?? ""),
    reach: (phase, ms = 15_000) =>
      vi.waitFor(
        () => {
          const last = news.at(-1);
          if (last?.phase !== phase) throw new Error(`The line is ${JSON.stringify(last)}, not ${phase}: ${log.join("; ")}`);
          return last;
        },
        { timeout: ms, interval: 10 },
      ),
    does: (act, to, files = []) => line.send({ id: `row-${++count}`, to: { channel: driver.channel, ...to }, act }, files),
    async close() {
      await line.close();
      if (given === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}
