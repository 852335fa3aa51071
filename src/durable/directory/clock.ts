// The Directory's one alarm, for all parts that have something to do later: it is set for whatever is due first.
// Contract: nothing else sets it.

interface OwnAlarm {
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
}

export class DirectoryClock {
  readonly #alarm: OwnAlarm;
  /** What is known to be set; undefined: to be looked up, since it may have been set before a sleep. */
  #setFor: number | undefined;

  constructor(alarm: OwnAlarm) {
    this.#alarm = alarm;
  }

  /** Something is due at that time; an alarm that comes earlier does as well. */
  async noLaterThan(at: number): Promise<void> {
    if (this.#setFor === undefined) {
      const found = (await this.#alarm.getAlarm()) ?? Number.POSITIVE_INFINITY;
      // Whoever asked at the same time may have set it meanwhile.
      this.#setFor ??= found;
    }
    if (this.#setFor <= at) return;
    this.#setFor = at;
    await this.#alarm.setAlarm(at);
  }

  /** The alarm fired: each part does what is due, and says when it wants to be called again. */
  async fire(parts: readonly (() => Promise<number | undefined>)[]): Promise<void> {
    this.#setFor = Number.POSITIVE_INFINITY;
    const results = await Promise.allSettled(parts.map((part) => part()));
    for (const result of results) {
      if (result.status === "fulfilled" && result.value !== undefined) await this.noLaterThan(result.value);
    }
    // One part that fails must not keep the others waiting; the platform calls again for it.
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }
}
