// Threads that the assistant takes part in: once it was spoken to there, or in the message that a thread hangs on, what
// follows in the thread is to it. Rows, the latest ones; one is written when a thread is first seen.
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Message } from "../../../contract/message.ts";
import type { Sql } from "../../storage/sql.ts";

const MOST_THREADS = 1000;

export class Threads {
  readonly #sql: Sql;
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** It was spoken to: in a thread, or in a message on which a thread may come to hang. */
  join({ from, platformId }: Message, now: number): void {
    const thread = from.thread ?? platformId;
    if (thread === undefined) return;
    const written = this.#sql.run(
      "INSERT OR IGNORE INTO thread VALUES (?, ?, ?, ?, ?)",
      from.channel,
      from.account ?? DEFAULT_ACCOUNT,
      from.peer,
      thread,
      now,
    );
    if (written === 0) return;
    this.#sql.run(
      `DELETE FROM thread WHERE (channel, account, peer, thread) IN
       (SELECT channel, account, peer, thread FROM thread ORDER BY joined_at DESC LIMIT -1 OFFSET ?)`,
      MOST_THREADS,
    );
  }

  isJoined({ from }: Message): boolean {
    if (from.thread === undefined) return false;
    const query = "SELECT 1 AS one FROM thread WHERE channel = ? AND account = ? AND peer = ? AND thread = ?";
    return this.#sql.one(query, from.channel, from.account ?? DEFAULT_ACCOUNT, from.peer, from.thread) !== undefined;
  }

  removeAccount(channel: string, account: string): void {
    this.#sql.run("DELETE FROM thread WHERE channel = ? AND account = ?", channel, account);
  }
}
