// What turns cost: their reports for a while, and sums a day, agent and model for ever.
import { countedCostUsd } from "../../contract/entry.ts";
import type { TurnReport, UsageRow } from "../../contract/ports/directory.ts";
import type { RunState } from "../../contract/ports/session.ts";
import type { Sql } from "../storage/sql.ts";

const KEPT_MS = 7 * 86_400_000;

interface UsageSums {
  day: string;
  agent_id: string;
  model: string;
  turns: number;
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
  cost_usd: number;
  unpriced: number;
}

export class UsageLedger {
  readonly #sql: Sql;
  #tidiedOn = "";

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Counts a turn once, however often it is reported. */
  add(report: TurnReport): void {
    const { spend } = report;
    const day = dayOf(report.endedAt);
    const body: RunState = {
      status: report.outcome === "done" ? "ok" : "error",
      outcome: report.outcome,
      startedAt: report.startedAt,
      endedAt: report.endedAt,
      ...(report.error ? { error: report.error } : {}),
    };
    const isNew = this.#sql.run(
      "INSERT OR IGNORE INTO report VALUES (?, ?, ?, ?, ?)",
      report.turnId,
      report.runId,
      report.session.key,
      report.endedAt,
      JSON.stringify(body),
    );
    if (isNew === 0) return;
    this.#sql.run(
      `INSERT INTO usage VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?) ON CONFLICT (day, agent_id, model) DO UPDATE SET turns = turns + 1,
       input = input + excluded.input, output = output + excluded.output, cache_read = cache_read + excluded.cache_read,
       cache_write = cache_write + excluded.cache_write, cost_usd = cost_usd + excluded.cost_usd, unpriced = unpriced + excluded.unpriced`,
      day,
      report.session.agentId,
      report.model ?? "none",
      spend.input,
      spend.output,
      spend.cacheRead,
      spend.cacheWrite,
      spend.costUsd ?? 0,
      spend.costUsd === undefined ? 1 : 0,
    );
    if (this.#tidiedOn !== day) {
      this.#tidiedOn = day;
      this.#sql.run("DELETE FROM report WHERE ended_at < ?", report.endedAt - KEPT_MS);
    }
  }

  findRun(runId: string): (RunState & { sessionKey: string }) | undefined {
    const row = this.#sql.one<{ session_key: string; body: string }>(
      "SELECT session_key, body FROM report WHERE run_id = ? LIMIT 1",
      runId,
    );
    return row && { ...(JSON.parse(row.body) as RunState), sessionKey: row.session_key };
  }

  /** What a day's budget counts; models of unknown price at an assumed one. */
  costOn(day: string, agentId: string): number {
    return this.between(day, day)
      .filter((row) => row.agentId === agentId)
      .reduce((sum, row) => sum + countedCostUsd(row.spend), 0);
  }

  between(fromDay: string, toDay: string): UsageRow[] {
    return this.#sql
      .all<UsageSums>("SELECT * FROM usage WHERE day BETWEEN ? AND ? ORDER BY day, agent_id, model", fromDay, toDay)
      .map((row) => ({
        day: row.day,
        agentId: row.agent_id,
        model: row.model,
        turns: row.turns,
        spend: {
          input: row.input,
          output: row.output,
          cacheRead: row.cache_read,
          cacheWrite: row.cache_write,
          ...(row.unpriced > 0 ? {} : { costUsd: row.cost_usd }),
        },
      }));
  }
}

/** `YYYY-MM-DD`, UTC. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
