// Uses of tools in the running turn: planned with the reply that asked for them, marked before they run, removed
// when their result is in the transcript. After a crash a row says how far it got.
import type { ToolCall } from "../../../contract/entry.ts";
import type { Sql } from "../../storage/sql.ts";

export interface PlannedCall extends ToolCall {
  /** The row's own id: providers repeat theirs. */
  rowId: string;
  state: "planned" | "started";
}

interface CallRow {
  id: string;
  name: string;
  args: string;
  state: "planned" | "started";
}

export class Calls {
  readonly #sql: Sql;
  /** Whether rows may be there; after a restart they may. */
  #hasRows = true;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  plan(turnId: string, step: number, calls: readonly ToolCall[]): void {
    this.#hasRows = true;
    calls.forEach((call, place) => {
      this.#sql.run(
        "INSERT INTO call (id, turn_id, step, place, name, args, state) VALUES (?, ?, ?, ?, ?, ?, 'planned')",
        `${turnId}:${step}:${call.id}`,
        turnId,
        step,
        place,
        call.name,
        JSON.stringify(call.args),
      );
    });
  }

  /** Calls without a result, in order. */
  open(turnId: string): PlannedCall[] {
    return this.#sql
      .all<CallRow>("SELECT id, name, args, state FROM call WHERE turn_id = ? ORDER BY place", turnId)
      .map((row) => ({
        rowId: row.id,
        id: row.id.split(":").slice(2).join(":"),
        name: row.name,
        args: JSON.parse(row.args),
        state: row.state,
      }));
  }

  markStarted(rowIds: readonly string[], now: number): void {
    for (const id of rowIds) this.#sql.run("UPDATE call SET state = 'started', started_at = ? WHERE id = ?", now, id);
  }

  remove(rowId: string): void {
    this.#sql.run("DELETE FROM call WHERE id = ?", rowId);
  }

  removeAll(turnId: string): void {
    if (this.#hasRows) this.#sql.run("DELETE FROM call WHERE turn_id = ?", turnId);
    this.#hasRows = false;
  }
}
