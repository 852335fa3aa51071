// How much may still be on its way to a screen. The runtime does not tell how much of what was sent has arrived, so
// it is reckoned: every byte sent counts, any sign of life from the screen (a frame, a ping) clears the count, and
// a silent but healthy reader is trusted to take in a slow line's worth per second. A screen over the limit is
// dropped and never waited for; it comes back and catches up from its last position.
import { MAX_BUFFERED_BYTES } from "../../../contract/gateway.ts";

/** What the slowest line worth serving takes in: 64 KiB a second. */
export const TRUSTED_BYTES_PER_SECOND = 64 * 1024;

export class Backlog {
  #bytes = 0;
  #countedAt: number;
  aliveAt: number;

  constructor(now: number) {
    this.#countedAt = now;
    this.aliveAt = now;
  }

  /** Counts what is about to be sent. False: it is too much, drop the screen. */
  add(bytes: number, now: number): boolean {
    const drained = (Math.max(0, now - this.#countedAt) / 1000) * TRUSTED_BYTES_PER_SECOND;
    this.#bytes = Math.max(0, this.#bytes - drained) + bytes;
    this.#countedAt = now;
    return this.#bytes <= MAX_BUFFERED_BYTES;
  }

  noteAlive(now: number): void {
    this.#bytes = 0;
    this.#countedAt = now;
    this.aliveAt = now;
  }
}
