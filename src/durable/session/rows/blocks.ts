// The running step's text and thoughts, stored in blocks of half a second or 4 KB: what a stopped turn keeps, and what a
// screen sees that comes in the middle of it after the object was evicted. Never a row a token.
import type { Sql } from "../../storage/sql.ts";

const BLOCK_MS = 700;
const BLOCK_CHARS = 4096;

const KINDS = ["text", "thinking"] as const;
export type BlockKind = (typeof KINDS)[number];

export class Blocks {
  readonly #sql: Sql;
  #place = 0;
  #pending: Record<BlockKind, string> = { text: "", thinking: "" };
  #flushedAt = 0;
  /** Whether rows may be there; after a restart they may. */
  #hasRows = true;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** A new attempt begins: what an earlier one left goes. */
  begin(turnId: string, now: number): void {
    this.#place = 0;
    this.#flushedAt = now;
    this.clear(turnId);
  }

  add(turnId: string, kind: BlockKind, delta: string, now: number): void {
    this.#pending[kind] += delta;
    if (this.#pending[kind].length >= BLOCK_CHARS || now - this.#flushedAt >= BLOCK_MS) this.flush(turnId, now);
  }

  flush(turnId: string, now: number): void {
    this.#flushedAt = now;
    for (const kind of KINDS) {
      if (this.#pending[kind] === "") continue;
      this.#sql.run(
        "INSERT OR REPLACE INTO block (turn_id, place, text, kind) VALUES (?, ?, ?, ?)",
        turnId,
        this.#place,
        this.#pending[kind],
        kind,
      );
      this.#place += 1;
      this.#pending[kind] = "";
      this.#hasRows = true;
    }
  }

  /** Stored text plus what is not stored yet. */
  text(turnId: string): string {
    return this.#read(turnId, "text");
  }

  /** The same of thoughts. */
  thinking(turnId: string): string {
    return this.#read(turnId, "thinking");
  }

  clear(turnId: string): void {
    this.#pending = { text: "", thinking: "" };
    if (this.#hasRows) this.#sql.run("DELETE FROM block WHERE turn_id = ?", turnId);
    this.#hasRows = false;
  }

  #read(turnId: string, kind: BlockKind): string {
    const rows = this.#sql.all<{ text: string }>(
      "SELECT text FROM block WHERE turn_id = ? AND kind = ? ORDER BY place",
      turnId,
      kind,
    );
    return rows.map((row) => row.text).join("") + this.#pending[kind];
  }
}
