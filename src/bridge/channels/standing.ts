// Keeps one connection standing: when it ended it is begun anew, after 1 s first and then twice as long each time up to a minute (a
// quarter more or less, so that many do not come at once); after it stood for a minute it begins with the shortest pause again. What only
// the owner can mend is looked at once a minute, where asking costs nothing. Driven by its channel, which knows what an end means.
import { setTimeout as setTimeoutPromise } from "node:timers/promises";
import type { LineNews } from "./driver.ts";

/** Why a connection ended. `retryMs`: when it is tried again, in place of the pause above. */
export interface Ended {
  phase: "unlinked" | "refused" | "down" | "deaf";
  said: string;
  retryMs?: number;
}

export interface StandingRequest {
  /** Resolves when the connection has ended. `stood`: it can be used now. What it throws is `down`. */
  connect(signal: AbortSignal, stood: () => void): Promise<Ended>;
  tell(news: LineNews): void;
  /** False while something else is shown (a code to scan). */
  maySay(phase: Ended["phase"]): boolean;
  now(): number;
  firstPauseMs?: number;
}

const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 60_000;
const STOOD_MS = 60_000;

export class Standing {
  readonly #request: StandingRequest;
  readonly #stop = new AbortController();
  #attempt: AbortController | undefined;
  #dropped: Ended | undefined;
  #wake: () => void = () => undefined;
  #running: Promise<void> | undefined;
  #last: Ended | undefined;
  #isOpen = false;

  constructor(request: StandingRequest) {
    this.#request = request;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Why it is not open, in words. */
  get trouble(): string {
    return this.#last?.said ?? "The line is being opened.";
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Tries at once, where it waits. */
  wake(): void {
    this.#wake();
  }

  /** Ends the present connection for this reason. */
  drop(ended: Ended): void {
    if (!this.#attempt) return;
    this.#dropped = ended;
    this.#attempt.abort();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#attempt?.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { connect, tell, maySay, now, firstPauseMs = FIRST_PAUSE_MS } = this.#request;
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      const attempt = new AbortController();
      this.#attempt = attempt;
      this.#dropped = undefined;
      let stoodAt: number | undefined;
      const stood = () => {
        stoodAt = now();
        this.#isOpen = true;
        this.#last = undefined;
      };
      const ended = await connect(attempt.signal, stood).catch(
        (error: unknown): Ended => ({ phase: "down", said: error instanceof Error ? error.message : String(error) }),
      );
      attempt.abort();
      this.#attempt = undefined;
      this.#isOpen = false;
      if (this.#stop.signal.aborted) return;
      const why = this.#dropped ?? ended;
      this.#last = why;
      if (stoodAt !== undefined && now() - stoodAt > STOOD_MS) failures = 0;
      if (maySay(why.phase)) tell({ phase: why.phase, said: why.said });
      const pauseMs = why.retryMs ?? Math.min(LAST_PAUSE_MS, firstPauseMs * 2 ** Math.min(20, failures));
      failures++;
      await this.#pause(pauseMs * (0.75 + Math.random() / 2));
    }
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}

/** What must not be lost is tried until it is on disk, or the line is closed. */
export async function surely(work: () => Promise<void>, signal: AbortSignal, log: (text: string) => void): Promise<void> {
  for (let pauseMs = 200; ; pauseMs = Math.min(30_000, pauseMs * 2)) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw error;
      log(`What came in could not be kept, and is kept in memory: ${error instanceof Error ? error.message : String(error)}`);
      await setTimeoutPromise(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
