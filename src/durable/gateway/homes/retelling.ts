// When a session that could not be told something is told again. The pause grows with the age of what it has to hear, so that
// it needs no counting and a sleep of the object forgets nothing of it.

const SHORTEST_MS = 5_000;
const LONGEST_MS = 3_600_000;

export class Retelling {
  readonly #notBefore = new Map<string, number>();

  /** `since`: when it was there to be told. */
  putOff(key: string, since: number, now: number): void {
    this.#notBefore.set(key, now + Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (now - since) / 2)));
  }

  forget(key: string): void {
    this.#notBefore.delete(key);
  }

  /** Undefined: it was not tried in this life of the object. */
  notBefore(key: string): number | undefined {
    return this.#notBefore.get(key);
  }
}
