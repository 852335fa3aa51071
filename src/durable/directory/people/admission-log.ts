// The latest decisions about whoever was not simply let in, and the owner's about those who waited: who, where, why, how
// often. Never what they wrote. Noted in memory and written together, since anybody can cause them.
import type { AdmissionNote } from "../../../contract/channels/channel.ts";
import type { Sql } from "../../storage/sql.ts";

const KEPT = 200;
const MAX_WAITING = 200;
const MOST_NAME_CHARS = 80;

interface Row {
  channel: string;
  account: string;
  sender: string;
  outcome: AdmissionNote["outcome"];
  reason: string;
  peer: string;
  name: string | null;
  place_name: string | null;
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
    const key = JSON.stringify([note.channel, note.account, sender, note.outcome, note.reason, note.peer]);
    const known = this.#waiting.get(key);
    if (!known && this.#waiting.size >= MAX_WAITING) return false;
    this.#waiting.set(key, { ...note, sender, times: (known?.times ?? 0) + 1 });
    return this.#waiting.size === 1 && !known;
  }

  write(): void {
    if (this.#waiting.size === 0) return;
    for (const note of this.#waiting.values()) {
      this.#sql.run(
        `INSERT INTO admission_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel, account, sender, outcome, reason, peer)
         DO UPDATE SET times = times + excluded.times, at = excluded.at, name = excluded.name, place_name = excluded.place_name`,
        note.channel,
        note.account,
        note.sender,
        note.outcome,
        note.reason,
        note.peer ?? "",
        note.name?.slice(0, MOST_NAME_CHARS) ?? null,
        note.placeName?.slice(0, MOST_NAME_CHARS) ?? null,
        note.times,
        note.at,
      );
    }
    this.#waiting.clear();
    this.#sql.run(
      `DELETE FROM admission_log WHERE (channel, account, sender, outcome, reason, peer) NOT IN
       (SELECT channel, account, sender, outcome, reason, peer FROM admission_log ORDER BY at DESC LIMIT ?)`,
      KEPT,
    );
  }

  list(limit: number): AdmissionNote[] {
    this.write();
    return this.#sql
      .all<Row>("SELECT * FROM admission_log ORDER BY at DESC, sender LIMIT ?", Math.max(1, Math.min(KEPT, limit)))
      .map(({ name, peer, place_name: placeName, ...row }) => ({
        ...row,
        ...(name === null ? {} : { name }),
        ...(peer === "" ? {} : { peer }),
        ...(placeName === null ? {} : { placeName }),
      }));
  }
}
