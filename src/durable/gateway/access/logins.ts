// Browsers that logged in, and the one-time codes of login links. Only hashes are stored. A login ends after
// thirty days, at log-out, when another login ends it, and when the owner's token is replaced by another.
import { newSecret } from "../../../contract/id.ts";
import { migrate, type Sql } from "../../storage/sql.ts";
import { hashText } from "./secrets.ts";

export const LOGIN_LIFE_MS = 30 * 24 * 3_600_000;
export const CODE_LIFE_MS = 15 * 60_000;
const MAX_LOGINS = 200;
const MAX_CODES = 50;
/** "Last seen" is written no oftener than this. */
const SEEN_MS = 5 * 60_000;
/** Enough of the hash to name a login; it opens nothing. */
const ID_CHARS = 20;

export interface Login {
  id: string;
  createdAt: number;
  seenAt: number;
  expiresAt: number;
  /** Network address it was last seen from, and what the browser called itself when it logged in. */
  address: string;
  userAgent: string;
}

interface LoginRow {
  hash: string;
  created_at: number;
  expires_at: number;
  seen_at: number;
  address: string;
  user_agent: string;
}

export const LOGINS_SCHEMA = [
  `CREATE TABLE logins (hash TEXT PRIMARY KEY, owner TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE login_codes (hash TEXT PRIMARY KEY, owner TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID`,
  `ALTER TABLE logins ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE logins ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE logins ADD COLUMN user_agent TEXT NOT NULL DEFAULT ''`,
];

export class Logins {
  readonly #sql: Sql;
  readonly #owner: () => Promise<string>;

  /** `ownerToken` is read anew each time; logins made under another token do not count. */
  constructor(sql: Sql, ownerToken: () => string) {
    this.#sql = sql;
    this.#owner = () => hashText(`login:${ownerToken()}`);
    migrate(sql, "logins", LOGINS_SCHEMA);
  }

  async create(now: number, from: { client?: string; userAgent?: string } = {}): Promise<{ secret: string; expiresAt: number }> {
    const secret = newSecret();
    const expiresAt = now + LOGIN_LIFE_MS;
    const [hash, owner] = await Promise.all([hashText(secret), this.#owner()]);
    this.#sql.run("DELETE FROM logins WHERE expires_at <= ?", now);
    this.#sql.run(
      "DELETE FROM logins WHERE hash IN (SELECT hash FROM logins ORDER BY created_at DESC LIMIT -1 OFFSET ?)",
      MAX_LOGINS - 1,
    );
    this.#sql.run(
      "INSERT INTO logins VALUES (?, ?, ?, ?, ?, ?, ?)",
      hash,
      owner,
      now,
      expiresAt,
      now,
      from.client ?? "",
      from.userAgent ?? "",
    );
    return { secret, expiresAt };
  }

  /** When the login ends, or undefined when it is none. */
  async find(secret: string, now: number, address?: string): Promise<{ id: string; expiresAt: number } | undefined> {
    const [hash, owner] = await Promise.all([hashText(secret), this.#owner()]);
    const row = this.#sql.one<LoginRow>("SELECT * FROM logins WHERE hash = ? AND owner = ? AND expires_at > ?", hash, owner, now);
    if (!row) return undefined;
    if (now - row.seen_at > SEEN_MS || (address !== undefined && address !== row.address)) {
      this.#sql.run("UPDATE logins SET seen_at = ?, address = ? WHERE hash = ?", now, address ?? row.address, hash);
    }
    return { id: nameOf(hash), expiresAt: row.expires_at };
  }

  /** Those that count, newest first. */
  async list(now: number): Promise<Login[]> {
    const owner = await this.#owner();
    return this.#sql
      .all<LoginRow>("SELECT * FROM logins WHERE owner = ? AND expires_at > ? ORDER BY created_at DESC", owner, now)
      .map((row) => ({
        id: nameOf(row.hash),
        createdAt: row.created_at,
        seenAt: Math.max(row.seen_at, row.created_at),
        expiresAt: row.expires_at,
        address: row.address,
        userAgent: row.user_agent,
      }));
  }

  /** Ends a login by its name in the list. */
  remove(id: string): boolean {
    return this.#sql.run("DELETE FROM logins WHERE ? = 'login-' || substr(hash, 1, ?)", id, ID_CHARS) > 0;
  }

  /** Ends a login and answers its id. */
  async end(secret: string): Promise<string> {
    const hash = await hashText(secret);
    this.#sql.run("DELETE FROM logins WHERE hash = ?", hash);
    return nameOf(hash);
  }

  async createCode(now: number): Promise<{ code: string; expiresAt: number }> {
    const code = newSecret(24);
    const expiresAt = now + CODE_LIFE_MS;
    const [hash, owner] = await Promise.all([hashText(code), this.#owner()]);
    this.#sql.run("DELETE FROM login_codes WHERE expires_at <= ?", now);
    this.#sql.run(
      "DELETE FROM login_codes WHERE hash IN (SELECT hash FROM login_codes ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
      MAX_CODES - 1,
    );
    this.#sql.run("INSERT INTO login_codes VALUES (?, ?, ?)", hash, owner, expiresAt);
    return { code, expiresAt };
  }

  /** True once per code. The row goes before anything waits, so that two requests cannot both have it. */
  async spendCode(code: string, now: number): Promise<boolean> {
    const [hash, owner] = await Promise.all([hashText(code), this.#owner()]);
    const row = this.#sql.one("SELECT 1 FROM login_codes WHERE hash = ? AND owner = ? AND expires_at > ?", hash, owner, now);
    this.#sql.run("DELETE FROM login_codes WHERE hash = ?", hash);
    return row !== undefined;
  }
}

function nameOf(hash: string): string {
  return `login-${hash.slice(0, ID_CHARS)}`;
}
