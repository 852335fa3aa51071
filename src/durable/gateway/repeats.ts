// A request that comes twice with the same idempotency key gets the first answer again. In memory, five minutes,
// a thousand keys: what must survive more than that is made harmless by the session itself.
export const REPEAT_LIFE_MS = 5 * 60_000;
export const MAX_REPEATS = 1000;

export class Repeats {
  readonly #answers = new Map<string, { at: number; answer: Promise<unknown> }>();

  /** Runs `work` once per key. A failure is forgotten, so that it can be tried again. */
  async once(key: string, now: number, work: () => Promise<unknown>): Promise<unknown> {
    const known = this.#answers.get(key);
    if (known && now - known.at < REPEAT_LIFE_MS) return known.answer;
    const answer = work();
    this.#answers.delete(key);
    this.#answers.set(key, { at: now, answer });
    for (const [oldest, entry] of this.#answers) {
      if (this.#answers.size <= MAX_REPEATS && now - entry.at < REPEAT_LIFE_MS) break;
      this.#answers.delete(oldest);
    }
    try {
      return await answer;
    } catch (error) {
      if (this.#answers.get(key)?.answer === answer) this.#answers.delete(key);
      throw error;
    }
  }
}
