// The running step's text, stored in blocks of half a second or 4 KB: what a stopped turn keeps, and what a screen
// sees that comes in the middle of it after the object was evicted. Never a row a token.
import type { Sql } from "../../storage/sql.ts";

const BLOCK_MS = 700;
const BLOCK_CHARS = 4096;

export class Blocks {
  readonly #sql: Sql;
  #place = 0;
  #pending = "";
  #flushedAt = 0;
  /** Whether rows may be there; after a restart they may. */
  #hasRows = true;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** A new attempt begins: what an earlier one left goes. */
  begin(turnId: string, now: number): void {
    this.#place = 0;
    this.#pending = "";
    this.#flushedAt = now;
    this.clear(turnId);
  }

  add(turnId: string, delta: string, now: number): void {
    this.#pending += delta;
    if (this.#pending.length >= BLOCK_CHARS || now - this.#flushedAt >= BLOCK_MS) this.flush(turnId, now);
  }

  flush(turnId: string, now: number): void {
    this.#flushedAt = now;
    if (this.#pending === "") return;
    this.#sql.run("INSERT OR REPLACE INTO block VALUES (?, ?, ?)", turnId, this.#place, this.#pending);
    this.#place += 1;
    this.#pending = "";
    this.#hasRows = true;
  }

  /** Stored text plus what is not stored yet. */
  text(turnId: string): string {
    const rows = this.#sql.all<{ text: string }>("SELECT text FROM block WHERE turn_id = ? ORDER BY place", turnId);
    return rows.map((row) => row.text).join("") + this.#pending;
  }

  clear(turnId: string): void {
    this.#pending = "";
    if (this.#hasRows) this.#sql.run("DELETE FROM block WHERE turn_id = ?", turnId);
    this.#hasRows = false;
  }
}
