// What was said in a group and not to the assistant: kept for its next answer there, as many as the place wants. An id
// stays a while after its text is gone, so that a repeat of the platform is not taken for something new.
import type { Overheard } from "../../../contract/entry.ts";
import type { Sql } from "../../storage/sql.ts";

const KEEP_IDS = 500;

export class OverheardMessages {
  readonly #sql: Sql;
  /** Whether a text may be there; after a restart it may. */
  #mayHold = true;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** False: it was heard before. */
  add(id: string, address: string, message: Overheard, limit: number): boolean {
    this.#mayHold = true;
    const body = limit > 0 ? JSON.stringify(message) : "";
    if (this.#sql.run("INSERT OR IGNORE INTO overheard (id, address, body) VALUES (?, ?, ?)", id, address, body) === 0)
      return false;
    this.#sql.run(
      "UPDATE overheard SET body = '' WHERE body <> '' AND address = ? AND place NOT IN (SELECT place FROM overheard WHERE address = ? AND body <> '' ORDER BY place DESC LIMIT ?)",
      address,
      address,
      Math.max(0, limit),
    );
    this.#sql.run("DELETE FROM overheard WHERE body = '' AND place <= (SELECT max(place) FROM overheard) - ?", KEEP_IDS);
    return true;
  }

  has(id: string): boolean {
    return this.#sql.one("SELECT 1 AS one FROM overheard WHERE id = ?", id) !== undefined;
  }

  /** What was said in a place since this was asked last, oldest first. */
  take(address: string): Overheard[] {
    if (!this.#mayHold) return [];
    const rows = this.#sql.all<{ body: string }>(
      "SELECT body FROM overheard WHERE address = ? AND body <> '' ORDER BY place",
      address,
    );
    if (rows.length > 0) this.#sql.run("UPDATE overheard SET body = '' WHERE address = ? AND body <> ''", address);
    return rows.map(({ body }) => JSON.parse(body));
  }
}
