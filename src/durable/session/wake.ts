// One invocation of the object and what it has used up. A turn moves to a fresh wake before a limit is near
// (Free: 50 subrequests outside, 1,000 inside; 15 minutes of wall time), and an alarm guards it meanwhile.

const MAX_OUTSIDE = 36;
const MAX_INSIDE = 850;
const MAX_MS = 10 * 60_000;
/** A crash in a turn's first moments is noticed after this; later, the alarm is running and fires again at once. */
export const GUARD_MS = 1200;

export class Wake {
  readonly #startedAt: number;
  #outside = 0;
  #inside = 0;

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  countOutside(): void {
    this.#outside += 1;
  }

  countInside(): number {
    this.#inside += 1;
    return this.#inside;
  }

  /** Requests outside that may still be made in this wake. */
  outsideLeft(): number {
    return MAX_OUTSIDE - this.#outside;
  }

  isSpent(now: number): boolean {
    return this.#outside >= MAX_OUTSIDE || this.#inside >= MAX_INSIDE || now - this.#startedAt >= MAX_MS;
  }
}

export interface AlarmHost {
  now(): number;
  setAlarm(at: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

/** The object's one alarm. Setting it is a row written, so the same time is not set twice. */
export class AlarmClock {
  readonly #host: AlarmHost;
  #setFor: number | undefined;

  constructor(host: AlarmHost) {
    this.#host = host;
  }

  /** Not awaited on purpose: it joins the writes around it in one commit. */
  setFor(at: number): void {
    const now = this.#host.now();
    // One that fires earlier does as well: it looks what is due and sets the next.
    if (this.#setFor !== undefined && this.#setFor <= at && this.#setFor > now) return;
    this.#setFor = at;
    void this.#host.setAlarm(at);
  }

  /** Nothing is due any more. An alarm that is about to fire is left to do so: taking it back would be a row written. */
  clear(): void {
    if (this.#setFor === undefined || this.#setFor <= this.#host.now() + GUARD_MS) return;
    this.#setFor = undefined;
    void this.#host.deleteAlarm();
  }

  get isSet(): boolean {
    return this.#setFor !== undefined;
  }

  /** The alarm fired: none is set any more. */
  noteFired(): void {
    this.#setFor = undefined;
  }
}
