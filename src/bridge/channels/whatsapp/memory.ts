// What WhatsApp wants kept of one linked account, in one SQLite file for its owner alone: the device's keys, and the latest messages, by
// which one is answered, sent again or fetched a file of. Keys are written as one, and on the disk before WhatsApp is told so.
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../database.ts";
import { writeAsOne } from "../store.ts";

/** A message as it was, to be quoted, repeated or have its file fetched. */
export interface KeptMessage {
  /** As the house names the place. */
  chat: string;
  /** As WhatsApp did in this message: by number or by lid. */
  jid: string;
  id: string;
  fromMe: boolean;
  /** Who wrote it, in a group. */
  participant?: string;
  /** WhatsApp's own encoding; absent: too large to keep. */
  body?: Uint8Array;
  at: number;
}

/** What WhatsApp had handed over when the program ended, deciphered, and was not with the bridge yet. */
export interface Unheard {
  place: number;
  /** Of WhatsApp's own envelope. */
  attrs: Record<string, string>;
  plain: Uint8Array[];
}

const MOST_MESSAGES = 10_000;
const MESSAGE_LIFE_MS = 30 * 24 * 3_600_000;
const MOST_BODY_BYTES = 128 * 1024;
const MOST_UNHEARD = 2_000;
const UNHEARD_LIFE_MS = 14 * 24 * 3_600_000;
const TIDY_EVERY = 200;

const SCHEMA = `
  PRAGMA secure_delete = ON;
  CREATE TABLE IF NOT EXISTS secret (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS message (
    chat TEXT NOT NULL, id TEXT NOT NULL, jid TEXT NOT NULL, from_me INTEGER NOT NULL, participant TEXT, body BLOB,
    at INTEGER NOT NULL, PRIMARY KEY (chat, id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS message_id ON message (id);
  CREATE INDEX IF NOT EXISTS message_at ON message (at);
  CREATE TABLE IF NOT EXISTS unheard (
    place INTEGER PRIMARY KEY AUTOINCREMENT, sender TEXT NOT NULL, id TEXT NOT NULL, attrs TEXT NOT NULL, plain TEXT NOT NULL,
    at INTEGER NOT NULL, UNIQUE (sender, id)
  );
`;

export class WhatsAppMemory {
  readonly #db: DatabaseSync;
  #puts = 0;

  constructor(dir: string) {
    const path = join(dir, "whatsapp.db");
    this.#db = openDatabase(path, SCHEMA);
  }

  close(): void {
    this.#db.close();
  }

  // ── Keys: text as the library writes it ──

  secret(kind: string, id: string): string | undefined {
    const row = this.#db.prepare("SELECT body FROM secret WHERE kind = ? AND id = ?").get(kind, id);
    return row ? String(row["body"]) : undefined;
  }

  /** All or none; null takes one away. */
  putSecrets(changes: readonly { kind: string; id: string; body: string | null }[]): void {
    if (changes.length === 0) return;
    this.#inOne(() => {
      const put = this.#db.prepare("INSERT OR REPLACE INTO secret VALUES (?, ?, ?)");
      const drop = this.#db.prepare("DELETE FROM secret WHERE kind = ? AND id = ?");
      for (const { kind, id, body } of changes) {
        if (body === null) drop.run(kind, id);
        else put.run(kind, id, body);
      }
    });
  }

  /** Of a link that is no more: everything. */
  forgetAll(): void {
    this.#inOne(() => this.#db.exec("DELETE FROM secret; DELETE FROM message; DELETE FROM unheard"));
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  // ── Messages ──

  /** Whoever reuses another one's id takes nobody's place. */
  keep(messages: readonly KeptMessage[], now: number): void {
    if (messages.length === 0) return;
    this.#inOne(() => {
      const [own, others] = ["REPLACE", "IGNORE"].map((or) =>
        this.#db.prepare(`INSERT OR ${or} INTO message VALUES (?, ?, ?, ?, ?, ?, ?)`),
      );
      for (const { chat, jid, id, fromMe, participant, body, at } of messages) {
        const fits = body !== undefined && body.byteLength <= MOST_BODY_BYTES;
        (fromMe ? own : others)?.run(chat, id, jid, fromMe ? 1 : 0, participant ?? null, fits ? body : null, at);
      }
      this.#puts += messages.length;
      if (this.#puts < TIDY_EVERY) return;
      this.#puts = 0;
      this.tidy(now);
    });
  }

  find(chat: string, id: string): KeptMessage | undefined {
    return readKept(this.#db.prepare("SELECT * FROM message WHERE chat = ? AND id = ?").get(chat, id));
  }

  /** Written by this line, wherever that was. */
  findOwn(id: string): KeptMessage | undefined {
    return readKept(this.#db.prepare("SELECT * FROM message WHERE id = ? AND from_me = 1").get(id));
  }

  /** The oldest go first; what is a month old goes in any case. */
  tidy(now: number): void {
    this.#db.prepare("DELETE FROM message WHERE at < ?").run(now - MESSAGE_LIFE_MS);
    this.#db
      .prepare("DELETE FROM message WHERE at <= (SELECT at FROM message ORDER BY at DESC LIMIT 1 OFFSET ?)")
      .run(MOST_MESSAGES);
    this.#db.prepare("DELETE FROM unheard WHERE at < ?").run(now - UNHEARD_LIFE_MS);
  }

  // ── Between WhatsApp's hand and the bridge's ──

  putUnheard(sender: string, id: string, attrs: Record<string, string>, plain: readonly Uint8Array[], now: number): void {
    const texts = JSON.stringify(plain.map((one) => Buffer.from(one).toString("base64")));
    this.#inOne(() => {
      const { lastInsertRowid } = this.#db
        .prepare("INSERT OR REPLACE INTO unheard (sender, id, attrs, plain, at) VALUES (?, ?, ?, ?, ?)")
        .run(sender, id, JSON.stringify(attrs), texts, now);
      this.#db.prepare("DELETE FROM unheard WHERE place <= ?").run(Number(lastInsertRowid) - MOST_UNHEARD);
    });
  }

  unheard(): Unheard[] {
    return this.#db
      .prepare("SELECT place, attrs, plain FROM unheard ORDER BY place")
      .all()
      .map(({ place, attrs, plain }) => {
        const texts: string[] = JSON.parse(String(plain));
        return { place: Number(place), attrs: JSON.parse(String(attrs)), plain: texts.map((one) => Buffer.from(one, "base64")) };
      });
  }

  /** By WhatsApp's ids. */
  dropUnheard(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#inOne(() => {
      const drop = this.#db.prepare("DELETE FROM unheard WHERE id = ?");
      for (const id of ids) drop.run(id);
    });
  }

  #inOne(work: () => void): void {
    writeAsOne(this.#db, work);
  }
}

function readKept(row: Record<string, unknown> | undefined): KeptMessage | undefined {
  if (!row) return undefined;
  const { participant, body } = row;
  return {
    chat: String(row["chat"]),
    jid: String(row["jid"]),
    id: String(row["id"]),
    fromMe: row["from_me"] === 1,
    at: Number(row["at"]),
    ...(typeof participant === "string" ? { participant } : {}),
    ...(body instanceof Uint8Array ? { body } : {}),
  };
}
