// Wrong guesses per network address: ten within a minute lock the address for five minutes. Rows, so that waking
// up again forgets nothing. No address is exempt: behind a local proxy or tunnel everybody looks like loopback.
import { migrate, type Sql } from "../../storage/sql.ts";

export const GUESS_LIMIT = { failures: 10, windowMs: 60_000, lockMs: 300_000 } as const;
/** Rows kept at most: an attacker with many addresses must not fill the store. */
const MAX_ROWS = 5000;

export const GUESS_LIMIT_SCHEMA = [
  `CREATE TABLE guesses (client TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX guesses_by_client ON guesses (client, at);
CREATE TABLE guess_locks (client TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID`,
];

export class GuessLimit {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    migrate(sql, "guess-limit", GUESS_LIMIT_SCHEMA);
  }

  /** How long the address must still wait; 0 when it may try. */
  lockedForMs(client: string, now: number): number {
    const lock = this.#sql.one<{ until: number }>("SELECT until FROM guess_locks WHERE client = ?", client);
    return Math.max(0, (lock?.until ?? 0) - now);
  }

  /** Notes a wrong guess and answers how long the address is locked now. */
  noteFailure(client: string, now: number): number {
    return this.#sql.transaction(() => {
      this.#sql.run("DELETE FROM guesses WHERE at <= ?", now - GUESS_LIMIT.windowMs);
      this.#sql.run("DELETE FROM guess_locks WHERE until <= ?", now);
      const rows = this.#sql.one<{ n: number }>("SELECT count(*) AS n FROM guesses")?.n ?? 0;
      if (rows >= MAX_ROWS) this.#sql.run("DELETE FROM guesses WHERE rowid IN (SELECT rowid FROM guesses ORDER BY at LIMIT 500)");
      this.#sql.run("INSERT INTO guesses (client, at) VALUES (?, ?)", client, now);
      const failures = this.#sql.one<{ n: number }>("SELECT count(*) AS n FROM guesses WHERE client = ?", client)?.n ?? 0;
      if (failures < GUESS_LIMIT.failures) return 0;
      this.#sql.run("INSERT OR REPLACE INTO guess_locks (client, until) VALUES (?, ?)", client, now + GUESS_LIMIT.lockMs);
      this.#sql.run("DELETE FROM guesses WHERE client = ?", client);
      return GUESS_LIMIT.lockMs;
    });
  }
}
