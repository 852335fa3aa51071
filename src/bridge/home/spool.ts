// What must not be lost when the line or this program breaks off: answers that Skerry has not taken yet, and what came in for
// it. Rows in SQLite, in order; a row goes when Skerry has said that it has it.
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

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

export class Spool {
  readonly #db: DatabaseSync;

  /** Held by this program alone until `close`; a second one is refused at once. */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    if (path !== ":memory:") chmodSync(path, 0o600);
    this.#db.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS call (id TEXT PRIMARY KEY, state TEXT NOT NULL, at INTEGER NOT NULL, body TEXT) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS event (
        place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, payload TEXT NOT NULL, at INTEGER NOT NULL
      );
    `);
  }

  close(): void {
    this.#db.close();
  }

  // ── Calls: `running` until it has an answer, `answered` until Skerry has taken it, `taken` for a day ──

  /** False: this call was begun before; nothing is to be done again. */
  begin(callId: string, now: number): boolean {
    this.#db.prepare("DELETE FROM call WHERE state = 'taken' AND at < ?").run(now - ANSWER_LIFE_MS);
    const { changes } = this.#db.prepare("INSERT OR IGNORE INTO call VALUES (?, 'running', ?, NULL)").run(callId, now);
    return Number(changes) > 0;
  }

  answer(callId: string, body: Record<string, unknown>, now: number): void {
    this.#db.prepare("INSERT OR REPLACE INTO call VALUES (?, 'answered', ?, ?)").run(callId, now, JSON.stringify(body));
  }

  answerOf(callId: string): SpooledAnswer | undefined {
    const row = this.#db.prepare("SELECT body FROM call WHERE id = ? AND body IS NOT NULL").get(callId);
    return row && typeof row["body"] === "string" ? { callId, body: JSON.parse(row["body"]) } : undefined;
  }

  /** Answers that Skerry has not taken, oldest first. */
  unsent(): SpooledAnswer[] {
    return this.#db
      .prepare("SELECT id, body FROM call WHERE state = 'answered' ORDER BY at, id")
      .all()
      .map((row) => ({ callId: String(row["id"]), body: JSON.parse(String(row["body"])) }));
  }

  markTaken(callId: string): void {
    this.#db.prepare("UPDATE call SET state = 'taken' WHERE id = ? AND state = 'answered'").run(callId);
  }

  /** Calls that a program which is no more was working on. They are not known any more. */
  dropRunning(): string[] {
    const ids = this.#db
      .prepare("SELECT id FROM call WHERE state = 'running'")
      .all()
      .map((row) => String(row["id"]));
    this.#db.prepare("DELETE FROM call WHERE state = 'running'").run();
    return ids;
  }

  // ── Events toward Skerry: one after the other ──

  /** False: an event of this id is there, or was. */
  put(event: Omit<SpooledEvent, "place">): boolean {
    const { changes } = this.#db
      .prepare("INSERT OR IGNORE INTO event (id, event, payload, at) VALUES (?, ?, ?, ?)")
      .run(event.id, event.event, JSON.stringify(event.payload), event.at);
    return Number(changes) > 0;
  }

  next(): SpooledEvent | undefined {
    const row = this.#db.prepare("SELECT * FROM event ORDER BY place LIMIT 1").get();
    return (
      row && {
        place: Number(row["place"]),
        id: String(row["id"]),
        event: String(row["event"]),
        payload: JSON.parse(String(row["payload"])),
        at: Number(row["at"]),
      }
    );
  }

  remove(place: number): void {
    this.#db.prepare("DELETE FROM event WHERE place = ?").run(place);
  }

  countWaiting(): number {
    return Number(this.#db.prepare("SELECT count(*) AS n FROM event").get()?.["n"] ?? 0);
  }
}
