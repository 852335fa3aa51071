// Sessions of programs that named none are kept for a week after their last answer, then deleted with all they hold.
// Driven by the Directory's alarm, a few at a time; what fails is tried again with the next.
import type { SessionPort } from "../../contract/ports/session.ts";
import { sessionKind } from "../../contract/session-key.ts";
import type { DirectoryClock } from "./clock.ts";
import type { SessionIndex } from "./session-index.ts";

export const PROGRAM_LIFE_MS = 7 * 86_400_000;
const BATCH = 25;
const PAUSE_MS = 60_000;

/** Whether the session ends by itself. */
function isExpiring(sessionKey: string): boolean {
  return sessionKind(sessionKey) === "program";
}

/** Deletes what is due. Answers when to look again; undefined: nothing is left that will end. */
export async function expireSessions(
  index: SessionIndex,
  destroy: (sessionKey: string) => Promise<void>,
  now: number,
): Promise<number | undefined> {
  for (const key of index.programsBefore(now - PROGRAM_LIFE_MS, BATCH)) {
    try {
      await destroy(key);
      index.remove(key);
    } catch (error) {
      console.error(`session ${key} was not deleted, will be tried again`, error);
    }
  }
  const oldest = index.oldestProgramAt();
  return oldest === undefined ? undefined : Math.max(now + PAUSE_MS, oldest + PROGRAM_LIFE_MS);
}

export class Expiry {
  readonly #index: SessionIndex;
  readonly #session: (key: string) => Pick<SessionPort, "destroy" | "row">;
  readonly #clock: DirectoryClock;

  constructor(index: SessionIndex, session: (key: string) => Pick<SessionPort, "destroy" | "row">, clock: DirectoryClock) {
    this.#index = index;
    this.#session = session;
    this.#clock = clock;
  }

  /** A new session is known. */
  async noteNew(sessionKey: string): Promise<void> {
    if (isExpiring(sessionKey)) await this.#clock.noLaterThan(Date.now() + PROGRAM_LIFE_MS);
  }

  /** Answers when to come again. */
  run(): Promise<number | undefined> {
    return expireSessions(this.#index, (key) => this.#destroy(key), Date.now());
  }

  /** The object ends itself as its last act, and the call to it breaks off: whether it is gone is asked afterwards. */
  async #destroy(key: string): Promise<void> {
    const session = this.#session(key);
    await session.destroy().catch(() => undefined);
    if (await session.row()) throw new Error("It is still there.");
  }
}
