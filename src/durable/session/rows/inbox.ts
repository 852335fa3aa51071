// What was received: one row an event, deduplicated by its id before anything else happens.
import type { Brief } from "../../../contract/admission.ts";
import type { Event, InboxState, QueueMode } from "../../../contract/event.ts";
import type { WaitingMessage } from "../../agent/queue.ts";
import type { Sql } from "../../storage/sql.ts";

export interface InboxItem extends WaitingMessage {
  event: Event;
  brief: Brief;
}

export interface TurnItem {
  inboxId: string;
  wasSteered: boolean;
  body?: { event: Event; brief: Brief };
}

interface InboxRow {
  id: string;
  at: number;
  state: InboxState;
  mode: QueueMode;
  turn_id: string | null;
  event: string;
  brief: string;
}

export class Inbox {
  readonly #sql: Sql;
  /** What waits, as read last; undefined: read again. */
  #waiting: readonly InboxItem[] | undefined;
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** A transaction was taken back: memory must follow. */
  forgetCache(): void {
    this.#waiting = undefined;
  }

  /** Stores the event. False: it was received before. */
  add(event: Event, brief: Brief, mode: QueueMode, now: number): boolean {
    const written = this.#sql.run(
      "INSERT OR IGNORE INTO inbox (id, at, state, mode, event, brief) VALUES (?, ?, 'queued', ?, ?, ?)",
      event.id,
      now,
      mode,
      JSON.stringify(event),
      JSON.stringify(brief),
    );
    if (written > 0 && this.#waiting) this.#waiting = [...this.#waiting, { inboxId: event.id, at: now, mode, event, brief }];
    return written > 0;
  }

  /** An event that needs no turn: only its id is kept. */
  addDone(id: string, mode: QueueMode, now: number): void {
    this.#sql.run("INSERT INTO inbox (id, at, state, mode, event, brief) VALUES (?, ?, 'done', ?, '', '')", id, now, mode);
  }

  /** An event that begins its turn at once: its body is in the turn and the transcript, the row needs none. */
  addWorking(id: string, turnId: string, mode: QueueMode, now: number): void {
    this.#sql.run(
      "INSERT INTO inbox (id, at, state, mode, turn_id, event, brief) VALUES (?, ?, 'working', ?, ?, '', '')",
      id,
      now,
      mode,
      turnId,
    );
  }

  find(id: string): { state: InboxState; turnId?: string } | undefined {
    const row = this.#sql.one<InboxRow>("SELECT state, turn_id FROM inbox WHERE id = ?", id);
    return row && { state: row.state, ...(row.turn_id === null ? {} : { turnId: row.turn_id }) };
  }

  /** Waiting items, oldest first. */
  waiting(): readonly InboxItem[] {
    this.#waiting ??= this.#sql
      .all<InboxRow>("SELECT id, at, mode, event, brief FROM inbox WHERE state = 'queued' ORDER BY place")
      .map((row) => ({
        inboxId: row.id,
        at: row.at,
        mode: row.mode,
        event: JSON.parse(row.event),
        brief: JSON.parse(row.brief),
      }));
    return this.#waiting;
  }

  mark(id: string, state: InboxState, turnId?: string, reason?: string): void {
    this.#sql.run(
      "UPDATE inbox SET state = ?, turn_id = coalesce(?, turn_id), reason = ? WHERE id = ?",
      state,
      turnId ?? null,
      reason ?? null,
      id,
    );
    if (state !== "queued") this.#waiting = this.#waiting?.filter((item) => item.inboxId !== id);
  }

  /** A waiting item has changed: a file of it is here, or could not be had. */
  changeWaiting(id: string, event: Event): void {
    this.#sql.run("UPDATE inbox SET event = ?, tries = 0 WHERE id = ? AND state = 'queued'", JSON.stringify(event), id);
    this.#waiting = this.#waiting?.map((item) => (item.inboxId === id ? { ...item, event } : item));
  }

  /** Counts a try before it is made and answers how many there were. */
  countTry(id: string): number {
    this.#sql.run("UPDATE inbox SET tries = tries + 1 WHERE id = ?", id);
    return this.#sql.one<{ tries: number }>("SELECT tries FROM inbox WHERE id = ?", id)?.tries ?? 1;
  }

  /** The items of a running turn, oldest first. One that began its turn at once has its body there. */
  ofTurn(turnId: string): TurnItem[] {
    return this.#sql
      .all<InboxRow>(
        "SELECT id, state, event, brief FROM inbox WHERE turn_id = ? AND state IN ('working', 'steered') ORDER BY place",
        turnId,
      )
      .map((row) => ({
        inboxId: row.id,
        wasSteered: row.state === "steered",
        ...(row.event === "" ? {} : { body: { event: JSON.parse(row.event), brief: JSON.parse(row.brief) } }),
      }));
  }

  /** Ends all items of a turn. Their bodies are in the transcript now, so the rows shrink. */
  settle(turnId: string, state: "done" | "failed"): void {
    this.#sql.run(
      "UPDATE inbox SET state = ?, event = '', brief = '' WHERE turn_id = ? AND state IN ('working', 'steered')",
      state,
      turnId,
    );
  }
}
