// Whether a connection that says nothing still lives: a cable pulled, a sleep, a router that forgot say nothing either. The
// path: `noteHeard` with everything that comes; after a silence it is asked; when no answer comes `lose` is called, once.
// While something goes on the silence is short, while nobody looks it is long: asking costs a phone its battery.

const BEAT_MS = 2_000;
const QUIET_MS = 15_000;
const BUSY_QUIET_MS = 4_000;
/** So long after the last frame something counts as going on. */
const BUSY_MS = 60_000;
const ANSWER_MS = 5_000;
/** Beats that did not come: the machine slept, and the other side may have gone meanwhile. */
const MISSED_BEATS = 5;

export interface PulseOptions {
  /** How often the other side says something by itself. */
  tickMs: number;
  /** How long it has to answer. */
  answerMs?: number | undefined;
  ask(): void;
  lose(): void;
  isWatched?: (() => boolean) | undefined;
}

export class Pulse {
  readonly #options: PulseOptions;
  readonly #beatMs: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #heardAt = Date.now();
  #busyAt = Date.now();
  #beatAt = Date.now();
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#beatMs = Math.min(BEAT_MS, options.tickMs);
    this.#timer = setInterval(() => this.#beat(), this.#beatMs);
  }

  noteHeard(): void {
    this.#heardAt = Date.now();
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  /** Something goes on: a frame came that is no mere sign of life, or somebody waits for an answer. */
  noteBusy(): void {
    this.#busyAt = Date.now();
  }

  /** Asks now, whatever was heard lately. */
  check(): void {
    if (this.#deadline !== undefined) return;
    const answerMs = this.#options.answerMs ?? ANSWER_MS;
    const askedAt = Date.now();
    this.#deadline = setTimeout(() => {
      this.#deadline = undefined;
      // It slept over the answer: that proves nothing.
      if (Date.now() - askedAt > answerMs * 2) return this.check();
      this.stop();
      this.#options.lose();
    }, answerMs);
    this.#options.ask();
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#deadline);
  }

  #beat(): void {
    const now = Date.now();
    const hasSlept = now - this.#beatAt > this.#beatMs * MISSED_BEATS;
    this.#beatAt = now;
    if (hasSlept || now - this.#heardAt >= this.#quietMs(now)) this.check();
  }

  #quietMs(now: number): number {
    const { tickMs, isWatched } = this.#options;
    if (isWatched?.() === false) return tickMs * 2;
    return Math.min(tickMs * 2, now - this.#busyAt < BUSY_MS ? BUSY_QUIET_MS : QUIET_MS);
  }
}
