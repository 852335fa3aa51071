// Calls whose answer is worth something at this moment alone, such as a picture of a tab: whoever asked waits for it, and nothing of it
// is written down. A line that breaks ends them.
import type { HomeAnswer } from "../../../contract/home/port.ts";

interface Asked {
  id: string;
  home: string;
  name: string;
  /** The socket by which it was sent. */
  line: string;
  waitMs: number;
}

const MOST = 32;

export class FleetingCalls {
  readonly #open = new Map<string, Asked & { settle(answer: HomeAnswer): void }>();

  ask(asked: Asked, send: () => void): Promise<HomeAnswer> {
    const { id, name, waitMs } = asked;
    if (this.#open.size >= MOST || this.#open.has(id)) {
      return Promise.resolve({ outcome: "unreachable", reason: `${name} has too much to show at once; try again.` });
    }
    const { promise, resolve } = Promise.withResolvers<HomeAnswer>();
    const timer = setTimeout(
      () => resolve({ outcome: "interrupted", home: name, reason: `${name} did not answer in time.` }),
      waitMs,
    );
    this.#open.set(id, { ...asked, settle: resolve });
    send();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#open.delete(id);
    });
  }

  /** False: it is none of these, or not of this home. */
  answer(home: string, id: string, answer: HomeAnswer): boolean {
    const call = this.#open.get(id);
    if (!call || call.home !== home) return false;
    call.settle(answer);
    return true;
  }

  /** All of a home, but for those that went by the socket that is there now. */
  drop(home: string, line?: string): void {
    for (const call of this.#open.values()) {
      if (call.home !== home || call.line === line) continue;
      call.settle({ outcome: "interrupted", home: call.name, reason: `The connection of ${call.name} broke.` });
    }
  }
}
