// What the channels of this machine keep on its disk: the accounts that are its to hold, what came in and is not with Skerry yet, and what
// was sent, so that the same is never sent twice. Deleting the file loses messages that wait.
import { existsSync, renameSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { type HeldAccount, type HomeItem, heldAccount, INBOUND_LIFE_MS, idOfItem } from "../../contract/channels/at-home.ts";
import type { DeliveryOutcome } from "../../contract/channels/delivery.ts";
import { openDatabase } from "../database.ts";

/** Longer than any outbox asks again. */
const SENT_LIFE_MS = 7 * 24 * 3_600_000;

export interface QueuedInbound {
  place: number;
  inbound: HomeItem;
}

export type SentState = { state: "new" } | { state: "begun" } | { state: "done"; outcome: DeliveryOutcome };

export interface LineName {
  channel: string;
  account: string;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS account (
    channel TEXT NOT NULL, account TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (channel, account)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS inbound (
    place INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, account TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
    at INTEGER NOT NULL, UNIQUE (channel, account, id)
  );
  CREATE TABLE IF NOT EXISTS sent (id TEXT PRIMARY KEY, outcome TEXT, at INTEGER NOT NULL) WITHOUT ROWID;
`;

export class ChannelStore {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = openDatabase(path, SCHEMA);
  }

  close(): void {
    this.#db.close();
  }

  // ── Accounts: as Skerry named them last, so that lines are held also while it cannot be reached ──

  accounts(): HeldAccount[] {
    return this.#db
      .prepare("SELECT body FROM account ORDER BY channel, account")
      .all()
      .flatMap((row) => {
        const read = heldAccount.safeParse(JSON.parse(String(row["body"])));
        return read.success ? [read.data] : [];
      });
  }

  keepAccounts(accounts: readonly HeldAccount[]): void {
    this.#inOne(() => {
      this.#db.exec("DELETE FROM account");
      const put = this.#db.prepare("INSERT OR REPLACE INTO account VALUES (?, ?, ?)");
      for (const one of accounts) put.run(one.channel, one.account, JSON.stringify(one));
    });
  }

  // ── What came in ──

  /** All or none. What is there already is not put again. */
  put({ channel, account }: LineName, inbound: readonly HomeItem[], now: number): void {
    this.#inOne(() => {
      const put = this.#db.prepare("INSERT OR IGNORE INTO inbound (channel, account, id, body, at) VALUES (?, ?, ?, ?, ?)");
      for (const one of inbound) put.run(channel, account, `${one.kind}:${idOfItem(one)}`, JSON.stringify(one), now);
    });
  }

  /** The oldest, in their order. */
  next({ channel, account }: LineName, limit: number): QueuedInbound[] {
    return this.#db
      .prepare("SELECT place, body FROM inbound WHERE channel = ? AND account = ? ORDER BY place LIMIT ?")
      .all(channel, account, limit)
      .map((row) => ({ place: Number(row["place"]), inbound: JSON.parse(String(row["body"])) }));
  }

  take(places: readonly number[]): void {
    this.#inOne(() => {
      const drop = this.#db.prepare("DELETE FROM inbound WHERE place = ?");
      for (const place of places) drop.run(place);
    });
  }

  /** How many wait, and since when the oldest does. */
  waiting({ channel, account }: LineName): { waiting: number; waitingSince?: number } {
    const row = this.#db
      .prepare("SELECT count(*) AS n, min(at) AS since FROM inbound WHERE channel = ? AND account = ?")
      .get(channel, account);
    const waiting = Number(row?.["n"] ?? 0);
    return waiting === 0 ? { waiting } : { waiting, waitingSince: Number(row?.["since"]) };
  }

  /** Answers how many were too old to be news. */
  dropOld(now: number): number {
    const { changes } = this.#db.prepare("DELETE FROM inbound WHERE at < ?").run(now - INBOUND_LIFE_MS);
    return Number(changes);
  }

  // ── What was sent ──

  /** `new`: it is begun now. `begun`: by a program that is no more, and what became of it is not known. */
  begin(id: string, now: number): SentState {
    const row = this.#db.prepare("SELECT outcome FROM sent WHERE id = ?").get(id);
    if (row) {
      const outcome = row["outcome"];
      return typeof outcome === "string" ? { state: "done", outcome: JSON.parse(outcome) } : { state: "begun" };
    }
    this.#db.prepare("DELETE FROM sent WHERE at < ?").run(now - SENT_LIFE_MS);
    this.#db.prepare("INSERT INTO sent VALUES (?, NULL, ?)").run(id, now);
    return { state: "new" };
  }

  /** Nobody answered is no end: the next one who asks begins anew. */
  conclude(id: string, outcome: DeliveryOutcome, now: number): void {
    if (outcome.outcome === "unanswered") this.#db.prepare("DELETE FROM sent WHERE id = ?").run(id);
    else this.#db.prepare("UPDATE sent SET outcome = ?, at = ? WHERE id = ?").run(JSON.stringify(outcome), now, id);
  }

  #inOne(work: () => void): void {
    writeAsOne(this.#db, work);
  }
}

/** One that cannot be read is laid aside, not over: its lines begin with an empty one. @throws where none can be made. */
export function openStore(path: string, complain: (text: string) => void): ChannelStore {
  try {
    return new ChannelStore(path);
  } catch (error) {
    if (!isBroken(error)) throw error;
    const aside = `${path}.broken-${Date.now()}`;
    for (const end of ["", "-wal", "-shm"]) if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${aside}${end}`);
    complain(
      `What the channels kept here cannot be read and lies in ${aside}; messages that waited there are not brought to Skerry.`,
    );
    return new ChannelStore(path);
  }
}

/** SQLITE_CORRUPT, SQLITE_NOTADB. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (error.errcode === 11 || error.errcode === 26);
}

/** All of it or nothing. */
export function writeAsOne(db: DatabaseSync, work: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    work();
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
