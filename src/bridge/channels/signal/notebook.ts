// What a line of Signal keeps on disk: who is who, the latest messages (so that a quote shows what it answers) and our reactions (which
// are taken back by naming them). Bounded. Deleting it loses quoted words, and binds numbers to people anew.
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../database.ts";
import { plainName } from "../lenient.ts";

const MOST_PEOPLE = 20_000;
const MOST_MESSAGES = 5_000;
const MOST_MARKS = 2_000;
const MOST_WORDS = 500;

export interface NotedMessage {
  peer: string;
  name: string;
  text: string;
  isOurs: boolean;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS person (uuid TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, seenAt INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS message (
    place INTEGER PRIMARY KEY AUTOINCREMENT, peer TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, isOurs INTEGER NOT NULL,
    UNIQUE (peer, name)
  );
  CREATE TABLE IF NOT EXISTS mark (place INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, emoji TEXT NOT NULL);
`;

export class Notebook {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = openDatabase(path, SCHEMA);
  }

  close(): void {
    this.#db.close();
  }

  /** Everything that was kept goes. */
  forget(): void {
    this.#db.exec("DELETE FROM person; DELETE FROM message; DELETE FROM mark");
  }

  /**
   * Our id of a person: their number when it was known as they were first seen, else Signal's own id. Once given it stays, so that nobody
   * becomes a stranger by hiding their number; and a number that changed hands does not bring the new holder the old one's rights.
   */
  idOf(uuid: string | undefined, number: string | undefined, now: number): string | undefined {
    if (uuid === undefined) return number;
    const known = this.#db.prepare("SELECT id FROM person WHERE uuid = ?").get(uuid);
    if (known) {
      this.#db.prepare("UPDATE person SET seenAt = ? WHERE uuid = ?").run(now, uuid);
      return String(known["id"]);
    }
    const id = number !== undefined && this.#uuidOf(number) === undefined ? number : uuid;
    this.#db.prepare("INSERT INTO person (uuid, id, seenAt) VALUES (?, ?, ?)").run(uuid, id, now);
    this.#db
      .prepare("DELETE FROM person WHERE uuid IN (SELECT uuid FROM person ORDER BY seenAt DESC LIMIT -1 OFFSET ?)")
      .run(MOST_PEOPLE);
    return id;
  }

  /** Whom to write to: the person themselves, not whoever has their number now. */
  recipientOf(id: string): string {
    return this.#uuidOf(id) ?? id;
  }

  noteName(id: string, name: string): void {
    this.#db.prepare("UPDATE person SET name = ? WHERE id = ?").run(plainName(name), id);
  }

  nameOf(id: string): string | undefined {
    const name = this.#db.prepare("SELECT name FROM person WHERE id = ?").get(id)?.["name"];
    return typeof name === "string" ? name : undefined;
  }

  /** Who wrote in a place lately, by name. */
  peopleOf(peer: string): Map<string, string> {
    const rows = this.#db.prepare(
      `SELECT DISTINCT person.id AS id, person.name AS name FROM message
       JOIN person ON person.id = substr(message.name, instr(message.name, '@') + 1)
       WHERE message.peer = ? AND person.name IS NOT NULL LIMIT 200`,
    );
    return new Map(rows.all(peer).map((row) => [String(row["name"]), String(row["id"])]));
  }

  noteMessage({ peer, name, text, isOurs }: NotedMessage): void {
    const { lastInsertRowid } = this.#db
      .prepare("INSERT OR REPLACE INTO message (peer, name, text, isOurs) VALUES (?, ?, ?, ?)")
      .run(peer, name, text.slice(0, MOST_WORDS), isOurs ? 1 : 0);
    this.#db.prepare("DELETE FROM message WHERE place <= ?").run(Number(lastInsertRowid) - MOST_MESSAGES);
  }

  messageAt(peer: string, sentAt: number): { name: string; text: string } | undefined {
    const row = this.#db
      .prepare("SELECT name, text FROM message WHERE peer = ? AND name >= ? AND name < ? ORDER BY place DESC LIMIT 1")
      .get(peer, `${sentAt}@`, `${sentAt}A`);
    return row && { name: String(row["name"]), text: String(row["text"]) };
  }

  /** Whether we wrote there lately. */
  hasWritten(peer: string): boolean {
    return this.#db.prepare("SELECT 1 FROM message WHERE peer = ? AND isOurs = 1 LIMIT 1").get(peer) !== undefined;
  }

  noteMark(name: string, emoji: string): void {
    const { lastInsertRowid } = this.#db.prepare("INSERT OR REPLACE INTO mark (name, emoji) VALUES (?, ?)").run(name, emoji);
    this.#db.prepare("DELETE FROM mark WHERE place <= ?").run(Number(lastInsertRowid) - MOST_MARKS);
  }

  markOf(name: string): string | undefined {
    const emoji = this.#db.prepare("SELECT emoji FROM mark WHERE name = ?").get(name)?.["emoji"];
    return typeof emoji === "string" ? emoji : undefined;
  }

  #uuidOf(id: string): string | undefined {
    const uuid = this.#db.prepare("SELECT uuid FROM person WHERE id = ?").get(id)?.["uuid"];
    return typeof uuid === "string" ? uuid : undefined;
  }
}
