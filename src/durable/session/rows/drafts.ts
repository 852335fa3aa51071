// What an answer in progress has shown at its place, one row a turn: a draft that grows by edits, or blocks that went out
// one by one. Written before the platform is asked, so that after a crash nothing is shown twice.
import type { Sql } from "../../storage/sql.ts";

export interface Draft {
  address: string;
  /** `asked`: the platform was asked to show it and has not answered. `lost`: nobody knows what it shows. */
  state: "asked" | "shown" | "lost" | "blocks";
  platformId?: string;
  /** Blocks: the step they are of, how many there were in the turn, and what they said of the step's text. */
  step: number;
  count: number;
  text: string;
}

interface DraftRow {
  address: string;
  state: Draft["state"];
  platform_id: string | null;
  step: number;
  count: number;
  text: string;
}

export class Drafts {
  readonly #sql: Sql;
  /** Whether rows may be there; after a restart they may. */
  #hasRows = true;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** A transaction was taken back: memory must follow. */
  forgetCache(): void {
    this.#hasRows = true;
  }

  of(turnId: string): Draft | undefined {
    if (!this.#hasRows) return undefined;
    const row = this.#sql.one<DraftRow>(
      "SELECT address, state, platform_id, step, count, text FROM draft WHERE turn_id = ?",
      turnId,
    );
    if (!row) return undefined;
    const { platform_id: platformId, ...rest } = row;
    return { ...rest, ...(platformId === null ? {} : { platformId }) };
  }

  put(turnId: string, draft: Draft): void {
    this.#hasRows = true;
    this.#sql.run(
      "INSERT OR REPLACE INTO draft (turn_id, address, state, platform_id, step, count, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
      turnId,
      draft.address,
      draft.state,
      draft.platformId ?? null,
      draft.step,
      draft.count,
      draft.text,
    );
  }

  remove(turnId: string): void {
    if (!this.#hasRows) return;
    this.#sql.run("DELETE FROM draft WHERE turn_id = ?", turnId);
    this.#hasRows = this.#sql.one("SELECT 1 AS one FROM draft LIMIT 1") !== undefined;
  }
}
