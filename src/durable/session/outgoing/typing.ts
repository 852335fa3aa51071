// "is writing …", for as long as a turn works. Lossy, never waited for; nothing is left running when the turn rests.
import type { SessionParts } from "../parts.ts";
import { outboxItem, type Spoken, styleOf } from "./places.ts";

/** Platforms forget it after five to ten seconds. */
const RENEW_MS = 5000;

export class Typing {
  readonly #parts: SessionParts;
  #address: string | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isAsking = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Shown at this place from now on. A group that was not asked for an answer is not promised one. */
  show(target: Spoken | undefined): void {
    const isWanted = target !== undefined && styleOf(target).showsTyping && target.place?.isAddressed !== false;
    if (!isWanted) {
      this.end();
      return;
    }
    if (this.#address === target.address) return;
    this.end();
    this.#address = target.address;
    this.#tell(target);
    this.#timer = setInterval(() => this.#tell(target), RENEW_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#address = undefined;
  }

  #tell(target: Spoken): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { id, from } = target.message;
    const item = outboxItem(this.#parts, {
      id: `${id}:typing${this.#parts.now()}`,
      runId: id,
      to: from,
      act: { type: "typing" },
    });
    this.#parts.wake.countInside();
    this.#parts.ports.delivery
      .send(item)
      .catch(() => undefined)
      .finally(() => {
        this.#isAsking = false;
      });
  }
}
