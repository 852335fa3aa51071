// What must not be lost when the line or this program breaks off: answers that Skerry has not taken yet, and what came in for
// it. Rows in SQLite, in order; what Skerry has said that it has is given back. On a full disk what cannot be written is kept
// in memory: it is lost with this program, and not before.
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../database.ts";

const ANSWER_LIFE_MS = 24 * 3_600_000;

export interface SpooledAnswer {
  callId: string;
  /** Parameters of node.invoke.result, without the id. */
  body: Record<string, unknown>;
}

export interface SpooledEvent {
  place: number;
  id: string;
  event: string;
  payload: unknown;
  at: number;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS call (id TEXT PRIMARY KEY, state TEXT NOT NULL, at INTEGER NOT NULL, body TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS event (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, payload TEXT NOT NULL, at INTEGER NOT NULL
  );
`;

export class Spool {
  readonly #db: DatabaseSync;
  readonly #complain: (text: string) => void;
  readonly #answers = new Map<string, SpooledAnswer & { at: number }>();
  readonly #events: SpooledEvent[] = [];
  /** Rows that Skerry has, and that could not be changed. */
  readonly #taken = new Set<string>();
  readonly #told = new Set<number>();
  #lastPlace = 0;
  #isFull = false;
  #isOpen = true;

  /** Held by this program alone until `close`; a second one is refused at once. */
  constructor(path: string, complain: (text: string) => void = () => {}) {
    this.#complain = complain;
    this.#db = openDatabase(path, SCHEMA, { isExclusive: true });
  }

  /** What comes after it is for nobody any more. */
  close(): void {
    if (this.#isOpen) this.#db.close();
    this.#isOpen = false;
  }

  // ── Calls: `running` until it has an answer, `answered` until Skerry has taken it, `taken` and without it for a day ──

  /** False: this call was begun before; nothing is to be done again. Throws when it cannot be written down. */
  begin(callId: string, now: number): boolean {
    this.dropOld(now);
    const { changes } = this.#db.prepare("INSERT OR IGNORE INTO call VALUES (?, 'running', ?, NULL)").run(callId, now);
    return Number(changes) > 0;
  }

  answer(callId: string, body: Record<string, unknown>, now: number): void {
    const write = () =>
      this.#db.prepare("INSERT OR REPLACE INTO call VALUES (?, 'answered', ?, ?)").run(callId, now, JSON.stringify(body));
    if (!this.#write(write)) this.#answers.set(callId, { callId, body, at: now });
  }

  answerOf(callId: string): SpooledAnswer | undefined {
    return this.unsent().find((answer) => answer.callId === callId);
  }

  /** Answers that Skerry has not taken, oldest first. */
  unsent(): SpooledAnswer[] {
    if (!this.#isOpen) return [];
    const rows = this.#db.prepare("SELECT id, body FROM call WHERE state = 'answered' ORDER BY at, id").all();
    const written = rows.map((row) => ({ callId: String(row["id"]), body: JSON.parse(String(row["body"])) }));
    const unwritten = [...this.#answers.values()].map(({ callId, body }) => ({ callId, body }));
    return [...written.filter(({ callId }) => !this.#taken.has(callId)), ...unwritten];
  }

  markTaken(callId: string): void {
    if (this.#answers.delete(callId)) return;
    const change = "UPDATE call SET state = 'taken', body = NULL WHERE id = ? AND state = 'answered'";
    if (!this.#write(() => this.#db.prepare(change).run(callId))) this.#taken.add(callId);
  }

  /** Nobody waits for an answer that long, nor asks for the same again. */
  dropOld(now: number): void {
    const before = now - ANSWER_LIFE_MS;
    this.#write(() => this.#db.prepare("DELETE FROM call WHERE state IN ('taken', 'answered') AND at < ?").run(before));
    for (const { callId, at } of this.#answers.values()) if (at < before) this.#answers.delete(callId);
  }

  /** Calls that a program which is no more was working on. They are not known any more. */
  dropRunning(): string[] {
    const ids = this.#db
      .prepare("SELECT id FROM call WHERE state = 'running'")
      .all()
      .map((row) => String(row["id"]));
    this.#write(() => this.#db.prepare("DELETE FROM call WHERE state = 'running'").run());
    return ids;
  }

  // ── Events toward Skerry: one after the other ──

  /** False: an event of this id is there. */
  put(event: Omit<SpooledEvent, "place">): boolean {
    if (this.#events.some(({ id }) => id === event.id)) return false;
    let isNew = true;
    const isWritten = this.#write(() => {
      const { changes } = this.#db
        .prepare("INSERT OR IGNORE INTO event (id, event, payload, at) VALUES (?, ?, ?, ?)")
        .run(event.id, event.event, JSON.stringify(event.payload), event.at);
      isNew = Number(changes) > 0;
    });
    if (!isWritten) this.#events.push({ ...event, place: --this.#lastPlace });
    return isNew;
  }

  next(): SpooledEvent | undefined {
    if (!this.#isOpen) return undefined;
    const told = JSON.stringify([...this.#told]);
    const row = this.#db
      .prepare("SELECT * FROM event WHERE place NOT IN (SELECT value FROM json_each(?)) ORDER BY place LIMIT 1")
      .get(told);
    if (!row) return this.#events[0];
    return {
      place: Number(row["place"]),
      id: String(row["id"]),
      event: String(row["event"]),
      payload: JSON.parse(String(row["payload"])),
      at: Number(row["at"]),
    };
  }

  remove(place: number): void {
    const at = this.#events.findIndex((event) => event.place === place);
    if (at >= 0) this.#events.splice(at, 1);
    else if (!this.#write(() => this.#db.prepare("DELETE FROM event WHERE place = ?").run(place))) this.#told.add(place);
  }

  countWaiting(): number {
    const { n } = this.#db.prepare("SELECT count(*) AS n FROM event").get() ?? {};
    return Number(n ?? 0) - this.#told.size + this.#events.length;
  }

  /** False: it could not be written. */
  #write(work: () => unknown): boolean {
    if (!this.#isOpen) return false;
    try {
      work();
      this.#isFull = false;
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#isFull) {
        this.#complain(`spool.db cannot be written (${reason}): what Skerry has not taken yet is lost if this program ends.`);
      }
      this.#isFull = true;
      return false;
    }
  }
}
