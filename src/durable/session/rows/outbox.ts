// What goes out: one row a part, with an idempotency key. "Refused" is not repeated, "unanswered" is tried again,
// "unknown" may have been sent and is never repeated blindly.
import type { DeliveryOutcome, OutboxItem } from "../../../contract/ports.ts";
import type { Sql } from "../../storage/sql.ts";

const MAX_ATTEMPTS = 8;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 300_000;

export class Outbox {
  readonly #sql: Sql;
  /** Whether something may be pending; after a restart it may. */
  #mayWait = true;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  add(item: OutboxItem, now: number): void {
    this.#mayWait = true;
    this.#sql.run(
      "INSERT OR IGNORE INTO outbox (id, state, attempts, next_at, item) VALUES (?, 'pending', 0, ?, ?)",
      item.id,
      now,
      JSON.stringify(item),
    );
  }

  /** The oldest item that is due. Order is kept: nothing overtakes an item that waits for its next try. */
  due(now: number): (OutboxItem & { attempts: number }) | undefined {
    const row = this.#first();
    return row && row.next_at <= now ? { ...(JSON.parse(row.item) as OutboxItem), attempts: row.attempts } : undefined;
  }

  nextAt(): number | undefined {
    return this.#first()?.next_at;
  }

  countWaiting(): number {
    if (!this.#mayWait) return 0;
    return this.#sql.one<{ count: number }>("SELECT count(*) AS count FROM outbox WHERE state = 'pending'")?.count ?? 0;
  }

  #first(): { item: string; attempts: number; next_at: number } | undefined {
    if (!this.#mayWait) return undefined;
    const row = this.#sql.one<{ item: string; attempts: number; next_at: number }>(
      "SELECT item, attempts, next_at FROM outbox WHERE state = 'pending' ORDER BY place LIMIT 1",
    );
    this.#mayWait = row !== undefined;
    return row;
  }

  /** A try begins: should it never come back, it may have been sent. */
  begin(id: string): void {
    this.#sql.run("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?", id);
  }

  settle(id: string, result: DeliveryOutcome, now: number): void {
    switch (result.outcome) {
      case "sent":
        this.#sql.run("UPDATE outbox SET state = 'sent', item = '', platform_id = ? WHERE id = ?", result.platformId ?? null, id);
        return;
      case "refused":
      case "unknown":
        this.#sql.run("UPDATE outbox SET state = ?, reason = ? WHERE id = ?", result.outcome, result.reason, id);
        return;
      case "unanswered": {
        const attempts = this.#sql.one<{ attempts: number }>("SELECT attempts FROM outbox WHERE id = ?", id)?.attempts ?? 1;
        const wait = result.retryAfterMs ?? Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1));
        const state = attempts >= MAX_ATTEMPTS ? "refused" : "pending";
        this.#sql.run("UPDATE outbox SET state = ?, reason = ?, next_at = ? WHERE id = ?", state, result.reason, now + wait, id);
        return;
      }
      default:
        result satisfies never;
    }
  }
}
