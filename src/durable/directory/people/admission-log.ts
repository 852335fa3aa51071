// The latest decisions about whoever was not simply let in: who, where, why, how often. Never what they wrote. Noted in
// memory and written together, since anybody can cause them.
import type { AdmissionNote } from "../../../contract/channels/channel.ts";
import type { Sql } from "../../storage/sql.ts";

const KEPT = 200;
const MAX_WAITING = 200;

interface Row {
  channel: string;
  account: string;
  sender: string;
  outcome: AdmissionNote["outcome"];
  reason: string;
  name: string | null;
  times: number;
  at: number;
}

export class AdmissionLog {
  readonly #sql: Sql;
  readonly #waiting = new Map<string, AdmissionNote>();
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Answers whether this is the first that waits to be written. */
  note(note: Omit<AdmissionNote, "times">): boolean {
    const sender = note.sender.slice(0, 256);
    const key = JSON.stringify([note.channel, note.account, sender, note.outcome, note.reason]);
    const known = this.#waiting.get(key);
    if (!known && this.#waiting.size >= MAX_WAITING) return false;
    this.#waiting.set(key, { ...note, sender, times: (known?.times ?? 0) + 1 });
    return this.#waiting.size === 1 && !known;
  }

  write(): void {
    if (this.#waiting.size === 0) return;
    for (const note of this.#waiting.values()) {
      this.#sql.run(
        `INSERT INTO admission_log VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel, account, sender, outcome, reason)
         DO UPDATE SET times = times + excluded.times, at = excluded.at, name = excluded.name`,
        note.channel,
        note.account,
        note.sender,
        note.outcome,
        note.reason,
        note.name?.slice(0, 80) ?? null,
        note.times,
        note.at,
      );
    }
    this.#waiting.clear();
    this.#sql.run(
      `DELETE FROM admission_log WHERE (channel, account, sender, outcome, reason) NOT IN
       (SELECT channel, account, sender, outcome, reason FROM admission_log ORDER BY at DESC LIMIT ?)`,
      KEPT,
    );
  }

  list(limit: number): AdmissionNote[] {
    this.write();
    return this.#sql
      .all<Row>("SELECT * FROM admission_log ORDER BY at DESC, sender LIMIT ?", Math.max(1, Math.min(KEPT, limit)))
      .map(({ name, ...row }) => ({ ...row, ...(name === null ? {} : { name }) }));
  }
}
