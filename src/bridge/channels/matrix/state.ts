// What the line keeps on this machine beside its keys: the login, where it stopped reading, its rooms, messages that cannot be opened
// yet, and its own reactions. All with a bound.
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../database.ts";
import type { RoomEvent } from "./wire.ts";

const MOST_SEALED = 2000;
const MOST_REACTIONS = 5000;
const MOST_NAMES = 20_000;
const MOST_INVITATIONS = 500;

export interface Login {
  userId: string;
  deviceId: string;
  token: string;
  /** Of what it was made: another token or password is another login. */
  madeOf: string;
}

export interface RoomFacts {
  name?: string;
  alias?: string;
  /** Never goes back to false: a server must not talk us out of it. */
  isEncrypted?: boolean;
  isPublic?: boolean;
  joined?: number;
  invited?: number;
  heroes?: string[];
  /** Begun as a talk of two, as the invitation or our account data say. */
  isDirect?: boolean;
  /** Whether somebody was heard in it. */
  heard?: boolean;
  rotationMs?: number;
  rotationMessages?: number;
  seenAt?: number;
  /** The last event of it that the stream brought. */
  lastId?: string;
  /** When the homeserver had it. */
  lastAt?: number;
}

export interface Sealed {
  room: string;
  event: RoomEvent;
  at: number;
  isSaid: boolean;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS word (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS room (id TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS sealed (
    place INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT NOT NULL, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
    at INTEGER NOT NULL, said INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE IF NOT EXISTS reaction (
    place INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT NOT NULL, target TEXT NOT NULL, id TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS known (id TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS invitation (room TEXT PRIMARY KEY, person TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS person (
    place INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (room, id)
  );
`;

export class MatrixState {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = openDatabase(path, SCHEMA);
  }

  close(): void {
    this.#db.close();
  }

  /** All or none. */
  inOne(work: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  // ── Login and place in the stream ──

  get login(): Login | undefined {
    const text = this.#word("login");
    return text === undefined ? undefined : JSON.parse(text);
  }

  keepLogin(login: Login): void {
    this.#keep("login", JSON.stringify(login));
  }

  /** Everything of the account: another one, or another device, begins anew. */
  forget(): void {
    this.inOne(() => {
      for (const table of ["word", "room", "sealed", "reaction", "person", "known", "invitation"])
        this.#db.exec(`DELETE FROM ${table}`);
    });
  }

  dropLogin(): void {
    this.#db.prepare("DELETE FROM word WHERE name = 'login'").run();
  }

  get since(): string | undefined {
    return this.#word("since");
  }

  keepSince(since: string): void {
    this.#keep("since", since);
  }

  /** The stream is read anew; what was heard stays known. */
  dropSince(): void {
    this.#db.prepare("DELETE FROM word WHERE name = 'since'").run();
  }

  get restartedAt(): number {
    return Number(this.#word("restarted") ?? 0);
  }

  keepRestart(at: number): void {
    this.#keep("restarted", String(at));
  }

  /** People to their rooms, of the account data. */
  get directs(): Record<string, string[]> {
    return JSON.parse(this.#word("directs") ?? "{}");
  }

  keepDirects(directs: Record<string, string[]>): void {
    this.#keep("directs", JSON.stringify(directs));
  }

  // ── Rooms ──

  room(id: string): RoomFacts {
    const row = this.#db.prepare("SELECT facts FROM room WHERE id = ?").get(id);
    return row ? JSON.parse(String(row["facts"])) : {};
  }

  hasRoom(id: string): boolean {
    return this.#db.prepare("SELECT 1 FROM room WHERE id = ?").get(id) !== undefined;
  }

  keepRoom(id: string, facts: RoomFacts): void {
    this.#db.prepare("INSERT OR REPLACE INTO room VALUES (?, ?)").run(id, JSON.stringify(facts));
  }

  dropRoom(id: string): void {
    for (const statement of [
      "DELETE FROM room WHERE id = ?",
      "DELETE FROM sealed WHERE room = ?",
      "DELETE FROM person WHERE room = ?",
    ]) {
      this.#db.prepare(statement).run(id);
    }
  }

  latestRoom(): { id: string; facts: RoomFacts } | undefined {
    const row = this.#db
      .prepare("SELECT id, facts FROM room ORDER BY coalesce(json_extract(facts, '$.seenAt'), 0) DESC LIMIT 1")
      .get();
    return row ? { id: String(row["id"]), facts: JSON.parse(String(row["facts"])) } : undefined;
  }

  nameOf(room: string, person: string): string | undefined {
    const row = this.#db.prepare("SELECT name FROM person WHERE room = ? AND id = ?").get(room, person);
    return row ? String(row["name"]) : undefined;
  }

  keepName(room: string, person: string, name: string): void {
    this.#db.prepare("INSERT OR REPLACE INTO person (room, id, name) VALUES (?, ?, ?)").run(room, person, name.slice(0, 255));
    this.#db.prepare("DELETE FROM person WHERE place <= (SELECT max(place) FROM person) - ?").run(MOST_NAMES);
  }

  // ── People who are let in, and invitations that wait for it ──

  isKnown(person: string): boolean {
    return this.#db.prepare("SELECT 1 FROM known WHERE id = ?").get(person) !== undefined;
  }

  keepKnown(person: string): void {
    this.#db.prepare("INSERT OR IGNORE INTO known VALUES (?)").run(person);
  }

  invitations(person: string): string[] {
    return this.#db
      .prepare("SELECT room FROM invitation WHERE person = ?")
      .all(person)
      .map((row) => String(row["room"]));
  }

  keepInvitation(room: string, person: string, now: number): void {
    this.#db.prepare("INSERT OR REPLACE INTO invitation VALUES (?, ?, ?)").run(room, person, now);
    this.#db
      .prepare("DELETE FROM invitation WHERE room NOT IN (SELECT room FROM invitation ORDER BY at DESC LIMIT ?)")
      .run(MOST_INVITATIONS);
  }

  dropInvitation(room: string): void {
    this.#db.prepare("DELETE FROM invitation WHERE room = ?").run(room);
  }

  // ── Messages that cannot be opened yet ──

  keepSealed(room: string, event: RoomEvent, now: number): void {
    this.#db
      .prepare("INSERT OR IGNORE INTO sealed (room, id, body, at) VALUES (?, ?, ?, ?)")
      .run(room, event.event_id, JSON.stringify(event), now);
    this.#db.prepare("DELETE FROM sealed WHERE place <= (SELECT max(place) FROM sealed) - ?").run(MOST_SEALED);
  }

  sealed(): Sealed[] {
    return this.#db
      .prepare("SELECT room, body, at, said FROM sealed ORDER BY place")
      .all()
      .map((row) => ({
        room: String(row["room"]),
        event: JSON.parse(String(row["body"])),
        at: Number(row["at"]),
        isSaid: Number(row["said"]) === 1,
      }));
  }

  markSaid(id: string): void {
    this.#db.prepare("UPDATE sealed SET said = 1 WHERE id = ?").run(id);
  }

  dropSealed(id: string): void {
    this.#db.prepare("DELETE FROM sealed WHERE id = ?").run(id);
  }

  dropSealedBefore(at: number): void {
    this.#db.prepare("DELETE FROM sealed WHERE at < ?").run(at);
  }

  // ── Our reactions, so that they can be taken away ──

  keepReaction(room: string, target: string, id: string): void {
    this.#db.prepare("INSERT INTO reaction (room, target, id) VALUES (?, ?, ?)").run(room, target, id);
    this.#db.prepare("DELETE FROM reaction WHERE place <= (SELECT max(place) FROM reaction) - ?").run(MOST_REACTIONS);
  }

  reactions(room: string, target: string): string[] {
    return this.#db
      .prepare("SELECT id FROM reaction WHERE room = ? AND target = ?")
      .all(room, target)
      .map((row) => String(row["id"]));
  }

  dropReaction(id: string): void {
    this.#db.prepare("DELETE FROM reaction WHERE id = ?").run(id);
  }

  #word(name: string): string | undefined {
    const row = this.#db.prepare("SELECT value FROM word WHERE name = ?").get(name);
    return row ? String(row["value"]) : undefined;
  }

  #keep(name: string, value: string): void {
    this.#db.prepare("INSERT OR REPLACE INTO word VALUES (?, ?)").run(name, value);
  }
}
