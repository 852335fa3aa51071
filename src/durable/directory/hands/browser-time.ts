// How long browsers at the edge ran on a day (UTC, as the plan's limit counts). A row says when one began and when it ends at the
// latest, so that one whose end nobody told counts as the platform counts it: until it was idle for too long.
import type { BrowserUse } from "../../../contract/home/browser-settings.ts";
import type { Sql } from "../../storage/sql.ts";

const DAY_MS = 86_400_000;

export class BrowserTime {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Notes one browser, if one is given, and answers what all have used of the day, ms; of one that runs, until now. */
  note(now: number, use?: BrowserUse): number {
    const day = now - (now % DAY_MS);
    if (use) {
      this.#sql.run("DELETE FROM browser_use WHERE until < ?", day);
      this.#sql.run("INSERT OR REPLACE INTO browser_use VALUES (?, ?, ?)", use.id, use.startedAt, use.until);
    }
    const row = this.#sql.one<{ used: number | null }>(
      "SELECT sum(min(until, ?) - max(started_at, ?)) AS used FROM browser_use WHERE until > ? AND started_at < ?",
      now,
      day,
      day,
      now,
    );
    return row?.used ?? 0;
  }
}
