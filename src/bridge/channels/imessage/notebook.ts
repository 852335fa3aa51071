// What a line of iMessage keeps on disk: how far it has read the Mac's book of messages, and the latest messages, for quotes and reactions.
// Bounded. Deleting it begins with the messages that come next.
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../database.ts";
import type { Noted } from "./inbound.ts";

const MOST_MESSAGES = 5_000;
const MOST_WORDS = 500;
const MOST_FILES = 5_000;
/** How a message is named here that was sent and not told its name yet. */
export const UNNAMED = "unnamed-";
/** What comes back of our own comes back soon. */
const ECHO_MS = 10 * 60_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS reading (one INTEGER PRIMARY KEY CHECK (one = 1), row INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS message (
    place INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT NOT NULL UNIQUE, peer TEXT NOT NULL, text TEXT NOT NULL, author TEXT NOT NULL,
    isOurs INTEGER NOT NULL, mark TEXT, at INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS file (place INTEGER PRIMARY KEY AUTOINCREMENT, handle TEXT NOT NULL UNIQUE, path TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS own (one INTEGER PRIMARY KEY CHECK (one = 1), address TEXT NOT NULL);
`;

export class Notebook {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = openDatabase(path, SCHEMA);
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

  /** What was sent without being told its name got this one. */
  rename(peer: string, text: string, guid: string, now: number): void {
    const found = this.#db
      .prepare(
        "SELECT place FROM message WHERE peer = ? AND isOurs = 1 AND text = ? AND at > ? AND guid LIKE ? ORDER BY place LIMIT 1",
      )
      .get(peer, text.slice(0, MOST_WORDS), now - ECHO_MS, `${UNNAMED}%`);
    if (found) this.#db.prepare("UPDATE OR IGNORE message SET guid = ? WHERE place = ?").run(guid, Number(found["place"]));
  }

  /** Where a file lies, so that nobody who asks for it names a path. */
  noteFile(handle: string, path: string): void {
    const { lastInsertRowid } = this.#db
      .prepare("INSERT INTO file (handle, path) VALUES (?, ?) ON CONFLICT DO UPDATE SET path = excluded.path")
      .run(handle, path);
    this.#db.prepare("DELETE FROM file WHERE place <= ?").run(Number(lastInsertRowid) - MOST_FILES);
  }

  pathOf(handle: string): string | undefined {
    const path = this.#db.prepare("SELECT path FROM file WHERE handle = ?").get(handle)?.["path"];
    return typeof path === "string" ? path : undefined;
  }

  /** Our own address, where it had to be learned. */
  get own(): string | undefined {
    const address = this.#db.prepare("SELECT address FROM own").get()?.["address"];
    return typeof address === "string" ? address : undefined;
  }

  noteOwn(address: string): void {
    this.#db.prepare("INSERT INTO own VALUES (1, ?) ON CONFLICT DO UPDATE SET address = excluded.address").run(address);
  }

  setMark(guid: string, mark: string): void {
    this.#db.prepare("UPDATE message SET mark = ? WHERE guid = ?").run(mark, guid);
  }

  markOf(guid: string): string | undefined {
    const mark = this.#db.prepare("SELECT mark FROM message WHERE guid = ?").get(guid)?.["mark"];
    return typeof mark === "string" ? mark : undefined;
  }
}
