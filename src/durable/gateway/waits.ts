// Requests that are answered when a run ends: agent.wait, and the second answer of agent. Rows, so that the object
// may sleep meanwhile; whoever waited over a socket that is gone is forgotten with it.
import type { RunState } from "../../contract/ports/session.ts";
import { migrate, type Sql } from "../storage/sql.ts";

export const WAITS_SCHEMA = [
  `CREATE TABLE waits (conn_id TEXT NOT NULL, frame_id TEXT NOT NULL, run_id TEXT NOT NULL, session_key TEXT NOT NULL,
  kind TEXT NOT NULL, due_at INTEGER NOT NULL, PRIMARY KEY (conn_id, frame_id)) WITHOUT ROWID;
CREATE INDEX waits_by_run ON waits (run_id)`,
];

export interface Wait {
  connId: string;
  frameId: string;
  runId: string;
  sessionKey: string;
  /** `final`: the second answer of agent. `wait`: agent.wait, which may time out. */
  kind: "final" | "wait";
  dueAt: number;
}

export class Waits {
  readonly #sql: Sql;
  /** Whether rows may be there; after a sleep they may. */
  #mayHaveRows = true;

  constructor(sql: Sql) {
    this.#sql = sql;
    migrate(sql, "waits", WAITS_SCHEMA);
  }

  add(wait: Wait): void {
    const { connId, frameId, runId, sessionKey, kind, dueAt } = wait;
    this.#mayHaveRows = true;
    this.#sql.run("INSERT OR REPLACE INTO waits VALUES (?, ?, ?, ?, ?, ?)", connId, frameId, runId, sessionKey, kind, dueAt);
  }

  ofRun(runId: string): Wait[] {
    return this.all().filter((wait) => wait.runId === runId);
  }

  all(): Wait[] {
    if (!this.#mayHaveRows) return [];
    const waits = this.#sql.all<Wait>(SELECT);
    this.#mayHaveRows = waits.length > 0;
    return waits;
  }

  nextDueAt(): number | undefined {
    const due = this.all().flatMap((wait) => (wait.kind === "wait" ? [wait.dueAt] : []));
    return due.length === 0 ? undefined : Math.min(...due);
  }

  remove(wait: Wait): boolean {
    return this.#sql.run("DELETE FROM waits WHERE conn_id = ? AND frame_id = ?", wait.connId, wait.frameId) > 0;
  }

  forgetScreen(connId: string): void {
    if (this.#mayHaveRows) this.#sql.run("DELETE FROM waits WHERE conn_id = ?", connId);
  }
}

const SELECT =
  "SELECT conn_id AS connId, frame_id AS frameId, run_id AS runId, session_key AS sessionKey, kind, due_at AS dueAt FROM waits";

/** The final answer to whoever waited. `timeout` leaves the run as it is. */
export function viewRun(runId: string, run: RunState | "timeout"): Record<string, unknown> {
  if (run === "timeout" || run.status === "running") return { runId, status: "timeout" };
  const isOk = run.status === "ok" && run.outcome !== "failed" && run.outcome !== "parked";
  return {
    runId,
    status: isOk ? "ok" : "error",
    ...(run.outcome === undefined ? {} : { outcome: run.outcome }),
    ...(run.startedAt === undefined ? {} : { startedAt: run.startedAt }),
    ...(run.endedAt === undefined ? {} : { endedAt: run.endedAt }),
    ...(isOk ? {} : { error: run.error ?? (run.status === "unknown" ? "This run is not known." : "The turn did not finish.") }),
  };
}

export function viewFinal(runId: string, run: RunState): Record<string, unknown> {
  const body = viewRun(runId, run);
  const text = run.text ?? "";
  const durationMs = run.startedAt !== undefined && run.endedAt !== undefined ? run.endedAt - run.startedAt : 0;
  return {
    ...body,
    summary: body["status"] === "ok" ? "completed" : "failed",
    result: { payloads: text === "" ? [] : [{ text, mediaUrl: null }], meta: { durationMs } },
  };
}
