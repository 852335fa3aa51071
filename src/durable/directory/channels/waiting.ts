// Messages that cannot go out just now, as each session told last, by account: their owner sees them wait. No session tries longer than a
// day, so what is older is of a session that is no more.
import type { Sql } from "../../storage/sql.ts";

const LONGEST_MS = 26 * 3_600_000;

export interface Waiting {
  count: number;
  /** When the oldest was written. */
  since: number;
}

export class WaitingMessages {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  note(channel: string, account: string, { sessionKey, count, since }: Waiting & { sessionKey: string }): void {
    if (count > 0)
      this.#sql.run("INSERT OR REPLACE INTO channel_waiting VALUES (?, ?, ?, ?, ?)", channel, account, sessionKey, count, since);
    else
      this.#sql.run(
        "DELETE FROM channel_waiting WHERE channel = ? AND account = ? AND session_key = ?",
        channel,
        account,
        sessionKey,
      );
  }

  of(channel: string, account: string, now: number): Waiting | undefined {
    const row = this.#sql.one<{ count: number | null; since: number | null }>(
      "SELECT sum(count) AS count, min(since) AS since FROM channel_waiting WHERE channel = ? AND account = ? AND since > ?",
      channel,
      account,
      now - LONGEST_MS,
    );
    return row?.count && row.since ? { count: row.count, since: row.since } : undefined;
  }

  sessions(channel: string, account: string, now: number): string[] {
    this.#sql.run("DELETE FROM channel_waiting WHERE since <= ?", now - LONGEST_MS);
    return this.#sql
      .all<{ session_key: string }>(
        "SELECT session_key FROM channel_waiting WHERE channel = ? AND account = ? ORDER BY since",
        channel,
        account,
      )
      .map(({ session_key }) => session_key);
  }

  forget(sessionKey: string): void {
    this.#sql.run("DELETE FROM channel_waiting WHERE session_key = ?", sessionKey);
  }

  remove(channel: string, account: string): void {
    this.#sql.run("DELETE FROM channel_waiting WHERE channel = ? AND account = ?", channel, account);
  }
}
