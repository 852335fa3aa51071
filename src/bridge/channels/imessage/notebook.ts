// What a line of iMessage keeps on disk: how far it has read the Mac's book of messages, and the latest messages, for quotes and reactions.
// Bounded. Deleting it begins with the messages that come next.
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Noted } from "./inbound.ts";

const MOST_MESSAGES = 5_000;
const MOST_WORDS = 500;
/** What comes back of our own comes back soon. */
const ECHO_MS = 10 * 60_000;

export class Notebook {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    if (path !== ":memory:") chmodSync(path, 0o600);
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      CREATE TABLE IF NOT EXISTS reading (one INTEGER PRIMARY KEY CHECK (one = 1), row INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS message (
        place INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT NOT NULL UNIQUE, peer TEXT NOT NULL, text TEXT NOT NULL, author TEXT NOT NULL,
        isOurs INTEGER NOT NULL, mark TEXT, at INTEGER NOT NULL
      );
    `);
  }

  close(): void {
    this.#db.close();
  }

  /** The last row that was heard. */
  get row(): number | undefined {
    const row = this.#db.prepare("SELECT row FROM reading").get()?.["row"];
    return row === undefined ? undefined : Number(row);
  }

  moveTo(row: number): void {
    this.#db.prepare("INSERT INTO reading VALUES (1, ?) ON CONFLICT DO UPDATE SET row = excluded.row").run(row);
  }

  note(guid: string, peer: string, { text, author, isOurs }: Noted, now: number): void {
    const put = this.#db.prepare(
      "INSERT INTO message (guid, peer, text, author, isOurs, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET text = excluded.text",
    );
    const { lastInsertRowid } = put.run(guid, peer, text.slice(0, MOST_WORDS), author, isOurs ? 1 : 0, now);
    this.#db.prepare("DELETE FROM message WHERE place <= ?").run(Number(lastInsertRowid) - MOST_MESSAGES);
  }

  find(guid: string): Noted | undefined {
    const row = this.#db.prepare("SELECT text, author, isOurs FROM message WHERE guid = ?").get(guid);
    return row && { text: String(row["text"]), author: String(row["author"]), isOurs: row["isOurs"] === 1 };
  }

  hasWritten(peer: string): boolean {
    return this.#db.prepare("SELECT 1 FROM message WHERE peer = ? AND isOurs = 1 LIMIT 1").get(peer) !== undefined;
  }

  hasSaid(peer: string, text: string, now: number): boolean {
    const found = this.#db.prepare("SELECT 1 FROM message WHERE peer = ? AND isOurs = 1 AND text = ? AND at > ? LIMIT 1");
    return found.get(peer, text.slice(0, MOST_WORDS), now - ECHO_MS) !== undefined;
  }

  setMark(guid: string, mark: string): void {
    this.#db.prepare("UPDATE message SET mark = ? WHERE guid = ?").run(mark, guid);
  }

  markOf(guid: string): string | undefined {
    const mark = this.#db.prepare("SELECT mark FROM message WHERE guid = ?").get(guid)?.["mark"];
    return typeof mark === "string" ? mark : undefined;
  }
}
