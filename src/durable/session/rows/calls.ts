// Uses of tools in the running turn: planned with the reply that asked for them, marked before they run, removed
// when their result is in the transcript. After a crash a row says how far it got.
import type { ToolCall } from "../../../contract/entry.ts";
import type { Sql } from "../../storage/sql.ts";

export interface PlannedCall extends ToolCall {
  /** The row's own id: providers repeat theirs. */
  rowId: string;
  /** `waiting`: for somebody or something elsewhere; see `wait`. */
  state: "planned" | "started" | "waiting";
  wait?: CallWait;
}

export interface CallWait {
  waitsFor: string;
  token: string;
  until: number;
  memo: unknown;
}

interface CallRow {
  id: string;
  name: string;
  args: string;
  state: PlannedCall["state"];
  waits_for: string | null;
  token: string | null;
  due_at: number | null;
  memo: string | null;
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
    return this.#sql.all<CallRow>("SELECT * FROM call WHERE turn_id = ? ORDER BY place", turnId).map(readCall);
  }

  find(rowId: string): (PlannedCall & { turnId: string }) | undefined {
    const row = this.#sql.one<CallRow & { turn_id: string }>("SELECT * FROM call WHERE id = ?", rowId);
    return row && { ...readCall(row), turnId: row.turn_id };
  }

  /** The call sleeps as a row: what it waits for finds it by the row's id. */
  wait(rowId: string, wait: CallWait): void {
    this.#sql.run(
      "UPDATE call SET state = 'waiting', waits_for = ?, token = ?, due_at = ?, memo = ? WHERE id = ?",
      wait.waitsFor,
      wait.token,
      wait.until,
      JSON.stringify(wait.memo),
      rowId,
    );
  }

  /** What a call waits for, or will wait for in a moment, is here. False: there is no such call, or it has this answer. */
  takeAnswer(rowId: string, token: string, answer: unknown): boolean {
    if (!this.find(rowId)) return false;
    const text = JSON.stringify(answer ?? null);
    return this.#sql.run("INSERT OR IGNORE INTO call_answer VALUES (?, ?, ?)", rowId, token, text) > 0;
  }

  /** What came for a waiting call; undefined: nothing yet. */
  answerOf(call: PlannedCall): { answer: unknown } | undefined {
    if (!call.wait) return undefined;
    const { token } = call.wait;
    const row = this.#sql.one<{ answer: string }>(
      "SELECT answer FROM call_answer WHERE call_id = ? AND token = ?",
      call.rowId,
      token,
    );
    return row && { answer: JSON.parse(row.answer) };
  }

  markStarted(rowIds: readonly string[], now: number): void {
    for (const id of rowIds) this.#sql.run("UPDATE call SET state = 'started', started_at = ? WHERE id = ?", now, id);
  }

  remove(rowId: string): void {
    this.#sql.run("DELETE FROM call WHERE id = ?", rowId);
    this.#sql.run("DELETE FROM call_answer WHERE call_id = ?", rowId);
  }

  removeAll(turnId: string): void {
    if (this.#hasRows) for (const { rowId } of this.open(turnId)) this.remove(rowId);
    this.#hasRows = false;
  }
}

function readCall(row: CallRow): PlannedCall {
  const { waits_for: waitsFor, token } = row;
  const wait =
    row.state === "waiting" && waitsFor !== null && token !== null
      ? { waitsFor, token, until: row.due_at ?? 0, memo: row.memo === null ? undefined : JSON.parse(row.memo) }
      : undefined;
  return {
    rowId: row.id,
    id: row.id.split(":").slice(2).join(":"),
    name: row.name,
    args: JSON.parse(row.args),
    state: row.state,
    ...(wait ? { wait } : {}),
  };
}
