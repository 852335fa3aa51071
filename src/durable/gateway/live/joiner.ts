// Joins deltas: the first of a run leaves at once, later ones at most sixty times a second. One timer for all
// runs, and none while nothing waits, so that the object can sleep.
/** A frame of a usual screen: what comes faster could not be seen. */
export const JOIN_INTERVAL_MS = 16;
/** For clients that get the whole text with every delta: what one run may send them, so that long answers get fewer deltas. */
export const WHOLE_BYTES_PER_SECOND = 96 * 1024;

/** Pause before the next delta that carries the whole text twice, `length` characters long. */
export function wholePauseMs(length: number): number {
  return Math.max(JOIN_INTERVAL_MS, (2 * length * 1000) / WHOLE_BYTES_PER_SECOND);
}

export interface Delta {
  runId: string;
  sessionKey: string;
  agentId: string;
  kind: "text" | "thinking";
  step: number;
  /** Length of the step's text before this delta. */
  offset: number;
  delta: string;
  seq: number;
  at: number;
}

export interface Clock {
  now(): number;
  /** Runs `work` after `ms` and answers how to call it off. */
  after(ms: number, work: () => void): () => void;
}

export class DeltaJoiner {
  readonly #send: (delta: Delta) => void;
  readonly #clock: Clock;
  readonly #pauseAfter: (delta: Delta) => number;
  /** When the next delta of a run may leave. */
  readonly #nextAt = new Map<string, number>();
  readonly #waiting = new Map<string, Delta>();
  #cancel: (() => void) | undefined;

  constructor(send: (delta: Delta) => void, clock: Clock, pauseAfter: (delta: Delta) => number = () => JOIN_INTERVAL_MS) {
    this.#send = send;
    this.#clock = clock;
    this.#pauseAfter = pauseAfter;
  }

  add(delta: Delta): void {
    const key = `${delta.runId}|${delta.kind}`;
    const waiting = this.#waiting.get(key);
    // Thinking has no positions: it is only ever added to.
    const isNext = delta.kind === "thinking" || (waiting && waiting.offset + waiting.delta.length === delta.offset);
    if (waiting && waiting.step === delta.step && isNext) {
      waiting.delta += delta.delta;
      waiting.seq = delta.seq;
      waiting.at = delta.at;
      if (this.#clock.now() >= this.#dueAt(key)) this.#leave(key, waiting);
      return;
    }
    if (waiting) this.#leave(key, waiting);
    if (this.#clock.now() >= this.#dueAt(key)) {
      this.#leave(key, { ...delta });
      return;
    }
    this.#waiting.set(key, { ...delta });
    this.#arm();
  }

  /** Sends what waits of a run: before anything else of that run is told. */
  flush(runId: string): void {
    for (const kind of ["thinking", "text"]) {
      const key = `${runId}|${kind}`;
      const waiting = this.#waiting.get(key);
      if (waiting) this.#leave(key, waiting);
    }
  }

  /** Drops what waits of a step that was withdrawn. */
  discard(runId: string): void {
    this.#waiting.delete(`${runId}|text`);
  }

  /** The run is over: sends the rest and forgets it. */
  end(runId: string): void {
    this.flush(runId);
    for (const kind of ["thinking", "text"]) this.#nextAt.delete(`${runId}|${kind}`);
  }

  #leave(key: string, delta: Delta): void {
    this.#waiting.delete(key);
    this.#nextAt.set(key, this.#clock.now() + this.#pauseAfter(delta));
    this.#send(delta);
  }

  #dueAt(key: string): number {
    return this.#nextAt.get(key) ?? 0;
  }

  #arm(): void {
    if (this.#cancel || this.#waiting.size === 0) return;
    const now = this.#clock.now();
    const dueIn = Math.min(...[...this.#waiting.keys()].map((key) => this.#dueAt(key) - now));
    this.#cancel = this.#clock.after(Math.max(1, dueIn), () => {
      this.#cancel = undefined;
      const due = this.#clock.now();
      // A timer may fire a hair early.
      for (const [key, delta] of [...this.#waiting]) if (due + 1 >= this.#dueAt(key)) this.#leave(key, delta);
      this.#arm();
    });
  }
}
