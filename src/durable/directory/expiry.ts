// Sessions of programs that named none are kept for a week after their last answer, then deleted with all they hold.
// Driven by the Directory's alarm, a few at a time; what fails is tried again with the next.
import type { SessionPort } from "../../contract/ports.ts";
import { sessionKind } from "../../contract/session-key.ts";
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

interface OwnAlarm {
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
}

/** Contract: the alarm is the object's own, and nothing else sets it. */
export class Expiry {
  readonly #index: SessionIndex;
  readonly #session: (key: string) => Pick<SessionPort, "destroy" | "row">;
  readonly #alarm: OwnAlarm;

  constructor(index: SessionIndex, session: (key: string) => Pick<SessionPort, "destroy" | "row">, alarm: OwnAlarm) {
    this.#index = index;
    this.#session = session;
    this.#alarm = alarm;
  }

  /** A new session is known. The alarm that is set stays: the oldest session is due first. */
  async noteNew(sessionKey: string): Promise<void> {
    if (!isExpiring(sessionKey) || (await this.#alarm.getAlarm()) !== null) return;
    await this.#alarm.setAlarm(Date.now() + PROGRAM_LIFE_MS);
  }

  async run(): Promise<void> {
    const nextAt = await expireSessions(this.#index, (key) => this.#destroy(key), Date.now());
    if (nextAt !== undefined) await this.#alarm.setAlarm(nextAt);
  }

  /** The object ends itself as its last act, and the call to it breaks off: whether it is gone is asked afterwards. */
  async #destroy(key: string): Promise<void> {
    const session = this.#session(key);
    await session.destroy().catch(() => undefined);
    if (await session.row()) throw new Error("It is still there.");
  }
}
