// One browser that runs, with one profile: its way out, and what each session has open in it. Sessions see their own tabs alone;
// cookies are the profile's. Ends after nobody used it for a while, or by itself: then every session hears of it once.

import type { Protocol } from "devtools-protocol/types/protocol.d.ts";
import type { BrowserAnswer, BrowserFile } from "../../browser/answer.ts";
import { Connection } from "../../browser/connection.ts";
import { GONE } from "../../browser/line.ts";
import { perform } from "../../browser/perform.ts";
import { newState } from "../../browser/state.ts";
import { Talk } from "../../browser/talk.ts";
import { ToolFailure } from "../../contract/errors.ts";
import type { BrowserDo, BrowserPolicy } from "../../contract/home/browser.ts";
import { type Chrome, startChrome } from "./chrome.ts";
import { type FilterProxy, openProxy } from "./proxy.ts";

export interface RunningStart {
  path: string;
  profile: string;
  profileDir: string;
  isHeadless: boolean;
  hasSandbox: boolean;
  policy: BrowserPolicy;
  environment: NodeJS.ProcessEnv;
  resolveHost(name: string): Promise<string[]>;
  now(): number;
}

interface Seat {
  talk: Talk;
  usedAt: number;
  /** Somebody works in it by hand until then. */
  heldUntil: number;
  /** By Skerry's own page, until then. */
  handedUntil: number;
}

export class Running {
  readonly profile: string;
  readonly isHeadless: boolean;
  readonly version: string;
  readonly startedAt: number;
  readonly connection: Connection;
  /** Resolves when it is no more, with the reason as a sentence. Never rejects. */
  readonly over: Promise<string>;
  readonly #start: RunningStart;
  readonly #chrome: Chrome;
  readonly #proxy: FilterProxy;
  readonly #seats = new Map<string, Seat>();
  #policy: BrowserPolicy;
  #atWork = 0;
  #isOver = false;
  #reason: string | undefined;
  #had: string[] | undefined;
  #closing: Promise<void> | undefined;

  private constructor(start: RunningStart, chrome: Chrome, proxy: FilterProxy, connection: Connection, policy: BrowserPolicy) {
    this.#start = start;
    this.#chrome = chrome;
    this.#proxy = proxy;
    this.connection = connection;
    this.#policy = policy;
    this.profile = start.profile;
    this.isHeadless = start.isHeadless;
    this.version = chrome.version;
    this.startedAt = start.now();
    this.over = chrome.ended.then((how) => this.#reason ?? `The browser crashed (${how}).`);
    // A browser whose pipe broke is of no use, and the other way round.
    void connection.cdp.closed.then(() => this.#stop());
    void chrome.ended.then(() => this.#stop());
  }

  /** @throws HomeRefused when the browser does not start. */
  static async start(start: RunningStart): Promise<Running> {
    let running: Running | undefined;
    const { resolveHost } = start;
    const proxy = await openProxy({
      policy: () => running?.policy ?? start.policy,
      resolveHost,
      // What the browser asks by itself (updates of its parts) is nothing that a page did.
      onRefused: (url, reason) => running?.connection.guard.hasSeen(url) && running.connection.guard.note(reason),
    });
    let chrome: Chrome | undefined;
    try {
      chrome = await startChrome({ ...start, proxyPort: proxy.port });
      const connection = await Connection.open(chrome.cdp, { policy: start.policy, resolveHost, hasProxy: true });
      running = new Running(start, chrome, proxy, connection, start.policy);
      return running;
    } catch (error) {
      // It would keep its profile locked.
      await chrome?.close();
      await proxy.close();
      throw error;
    }
  }

  get policy(): BrowserPolicy {
    return this.#policy;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isAtWork(): boolean {
    return this.#atWork > 0;
  }

  /** When somebody last used it. */
  get usedAt(): number {
    return Math.max(this.startedAt, ...[...this.#seats.values()].map((seat) => Math.max(seat.usedAt, seat.heldUntil)));
  }

  /** Those that have pages open in it, or had when it ended. */
  get sessions(): string[] {
    if (this.#had) return this.#had;
    return [...this.#seats].filter(([, { talk }]) => talk.state.tabs.length > 0).map(([key]) => key);
  }

  /** @throws ToolFailure with what the model should read. */
  async do({ sessionKey, policy, input }: BrowserDo, files: readonly BrowserFile[]): Promise<BrowserAnswer> {
    return this.work(sessionKey, policy, (talk) => perform(talk, { input, policy, files }));
  }

  /** Alone in the browser for as long as `work` takes. */
  async work<T>(sessionKey: string, policy: BrowserPolicy, work: (talk: Talk) => Promise<T>): Promise<T> {
    this.#atWork++;
    try {
      return await this.connection.inTurn(async () => {
        if (this.#isOver) throw new ToolFailure(GONE);
        this.#obey(policy);
        return work(this.#seatOf(sessionKey).talk);
      });
    } finally {
      this.#atWork--;
      const seat = this.#seats.get(sessionKey);
      if (seat) seat.usedAt = this.#start.now();
    }
  }

  /** A person works in it by hand; it is not closed meanwhile. */
  hold(sessionKey: string, forMs: number): void {
    const seat = this.#seatOf(sessionKey);
    seat.heldUntil = Math.max(seat.heldUntil, this.#start.now() + forMs);
  }

  /** The same, by Skerry's own page. */
  hand(sessionKey: string, forMs: number): void {
    this.hold(sessionKey, forMs);
    this.#seatOf(sessionKey).handedUntil = this.#start.now() + forMs;
  }

  isHanded(sessionKey: string): boolean {
    return (this.#seats.get(sessionKey)?.handedUntil ?? 0) > this.#start.now();
  }

  tabsOf(sessionKey: string): { id: string; url: string; isCurrent: boolean }[] {
    return (this.#seats.get(sessionKey)?.talk.tabs() ?? []).map(({ tab, url, isCurrent }) => ({ id: tab.id, url, isCurrent }));
  }

  async readCookies(): Promise<Protocol.Network.Cookie[]> {
    return (await this.connection.cdp.send("Storage.getCookies")).cookies;
  }

  async writeCookies(cookies: readonly Protocol.Network.Cookie[]): Promise<void> {
    const params = cookies.map(({ name, value, domain, path, expires, httpOnly, secure, sameSite, partitionKey }) => ({
      ...{ name, value, domain, path, httpOnly, secure },
      ...(expires > 0 ? { expires } : {}),
      ...(sameSite ? { sameSite } : {}),
      ...(partitionKey ? { partitionKey } : {}),
    }));
    if (params.length > 0) await this.connection.cdp.send("Storage.setCookies", { cookies: params });
  }

  /** Closes the tabs of sessions that did nothing since. Answers whose tabs went. */
  async tidy(since: number): Promise<string[]> {
    const idle = [...this.#seats].filter(([, seat]) => Math.max(seat.usedAt, seat.heldUntil) < since);
    const gone = idle.filter(([, { talk }]) => talk.state.tabs.length > 0);
    if (idle.length === 0 || this.isAtWork) return [];
    for (const [sessionKey, { talk }] of idle) {
      await talk.closeAll();
      talk.leave();
      this.#seats.delete(sessionKey);
    }
    return gone.map(([sessionKey]) => sessionKey);
  }

  /** `reason`: a sentence for whoever had pages in it. Never rejects. */
  close(reason: string): Promise<void> {
    if (!this.#isOver) this.#reason = reason;
    return this.#stop();
  }

  #stop(): Promise<void> {
    // Before the browser tells that all its tabs are going.
    this.#had ??= this.sessions;
    this.#isOver = true;
    this.#closing ??= (async () => {
      await this.#chrome.close();
      await this.#proxy.close().catch(() => undefined);
      for (const { talk } of this.#seats.values()) talk.leave();
    })();
    return this.#closing;
  }

  #obey(policy: BrowserPolicy): void {
    this.#policy = policy;
    this.connection.guard.obey({ policy, resolveHost: this.#start.resolveHost, hasProxy: true });
  }

  #seatOf(sessionKey: string): Seat {
    let seat = this.#seats.get(sessionKey);
    if (!seat) {
      seat = { talk: new Talk(this.connection, newState()), usedAt: this.#start.now(), heldUntil: 0, handedUntil: 0 };
      this.#seats.set(sessionKey, seat);
    }
    return seat;
  }
}
