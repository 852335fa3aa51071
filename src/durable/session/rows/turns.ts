// The turn: a row that survives a crash. At most one is unfinished; that row is the session's lock.
import type { Brief } from "../../../contract/admission.ts";
import { addSpend, NO_SPEND, type Spend } from "../../../contract/entry.ts";
import type { Event } from "../../../contract/event.ts";
import { newId } from "../../../contract/id.ts";
import type { TurnError, TurnOutcome } from "../../../contract/live.ts";
import type { Sql } from "../../storage/sql.ts";

export interface Turn {
  id: string;
  runId: string;
  state: "thinking" | "acting" | "waiting" | "done";
  step: number;
  attempts: number;
  startedAt: number;
  wakeAt?: number;
  endedAt?: number;
  isStopAsked: boolean;
  outcome?: TurnOutcome;
  error?: TurnError;
  model?: string;
  text: string;
  spend: Spend;
  event: Event;
  brief: Brief;
}

interface TurnRow {
  id: string;
  run_id: string;
  state: Turn["state"];
  step: number;
  attempts: number;
  started_at: number;
  wake_at: number | null;
  ended_at: number | null;
  stop_at: number | null;
  outcome: TurnOutcome | null;
  error: string | null;
  model: string | null;
  text: string;
  spend: string;
  event: string;
  brief: string;
}

export class Turns {
  readonly #sql: Sql;
  /** The unfinished turn as its row is; undefined: not read yet, null: there is none. */
  #open: Turn | null | undefined;
  #hasUntold = true;
  readonly #told = new Set<string>();
  #wakes = { hour: -1, count: 0 };
  /** The turn whose present step is counted already: by the commit that led to it. */
  #countedFor: string | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** A transaction was taken back: memory must follow. */
  forgetCache(): void {
    this.#open = undefined;
    this.#countedFor = undefined;
    this.#hasUntold = true;
  }

  start(event: Event, brief: Brief, now: number): Turn {
    const turn: Turn = {
      id: newId("turn", now),
      runId: event.id,
      state: "thinking",
      step: 0,
      attempts: 1,
      startedAt: now,
      isStopAsked: false,
      text: "",
      spend: NO_SPEND,
      event,
      brief,
    };
    this.#sql.run(
      "INSERT INTO turn (id, run_id, state, step, attempts, started_at, text, spend, event, brief) VALUES (?, ?, 'thinking', 0, 1, ?, '', ?, ?, ?)",
      turn.id,
      turn.runId,
      now,
      JSON.stringify(turn.spend),
      JSON.stringify(event),
      JSON.stringify(brief),
    );
    this.#open = turn;
    this.#countedFor = turn.id;
    return turn;
  }

  /** The unfinished turn as it stands; a copy, so that a step keeps the facts it began with. */
  open(): Turn | undefined {
    if (this.#open === undefined) {
      const row = this.#sql.one<TurnRow>("SELECT * FROM turn WHERE state <> 'done' ORDER BY started_at LIMIT 1");
      this.#open = row ? toTurn(row) : null;
    }
    return this.#open === null ? undefined : { ...this.#open };
  }

  ofRun(runId: string): Turn | undefined {
    const row = this.#sql.one<TurnRow>("SELECT * FROM turn WHERE run_id = ? ORDER BY started_at DESC LIMIT 1", runId);
    return row && toTurn(row);
  }

  /** The latest turn that ended; ids sort by time. */
  lastEnded(): Turn | undefined {
    const row = this.#sql.one<TurnRow>("SELECT * FROM turn WHERE state = 'done' ORDER BY id DESC LIMIT 1");
    return row && toTurn(row);
  }

  byId(id: string): Turn | undefined {
    const row = this.#sql.one<TurnRow>("SELECT * FROM turn WHERE id = ?", id);
    return row && toTurn(row);
  }

  /** Starts of the present step that led nowhere: all but the one that is about to be made. */
  failedAttempts(id: string): number {
    const attempts = this.#current(id)?.attempts ?? 0;
    return this.#countedFor === id ? attempts - 1 : attempts;
  }

  /**
   * Counts a start of the present step, before the work: after a crash this is the only honest counter. The commit that
   * leads to a step counts its first start along with it; only one that comes after a crash or a wait is written here.
   */
  countAttempt(id: string): void {
    const isCounted = this.#countedFor === id;
    this.#countedFor = undefined;
    if (isCounted) return;
    this.#sql.run("UPDATE turn SET attempts = attempts + 1 WHERE id = ?", id);
    this.#change((turn) => ({ ...turn, attempts: turn.attempts + 1 }));
  }

  /** Moves on after a committed step. Call it in the transaction that stores what the step made. */
  advance(id: string, change: { state: "thinking" | "acting"; model?: string; text?: string; spend?: Spend }): void {
    const turn = this.#current(id);
    if (!turn) return;
    const { wakeAt: _past, ...rest } = turn;
    const model = change.model ?? turn.model;
    const next: Turn = {
      ...rest,
      state: change.state,
      step: turn.step + (change.state === "thinking" ? 1 : 0),
      attempts: 1,
      text: change.text || turn.text,
      spend: change.spend ? addSpend(turn.spend, change.spend) : turn.spend,
      ...(model ? { model } : {}),
    };
    this.#sql.run(
      "UPDATE turn SET state = ?, step = ?, attempts = 1, wake_at = NULL, model = ?, text = ?, spend = ? WHERE id = ?",
      next.state,
      next.step,
      next.model ?? null,
      next.text,
      JSON.stringify(next.spend),
      id,
    );
    this.#open = next;
    this.#countedFor = id;
  }

  /** Nothing to do before `wakeAt`: the turn sleeps as a row. `attempts` is kept for the breaker. */
  wait(id: string, wakeAt: number): void {
    this.#sql.run("UPDATE turn SET state = 'waiting', wake_at = ? WHERE id = ?", wakeAt, id);
    this.#change((turn) => ({ ...turn, state: "waiting", wakeAt }));
  }

  /** The same while a call waits for somebody: the step has led somewhere, so its starts count anew. */
  waitForCalls(id: string, wakeAt: number): void {
    this.#sql.run("UPDATE turn SET state = 'waiting', wake_at = ?, attempts = 0 WHERE id = ?", wakeAt, id);
    this.#change((turn) => ({ ...turn, state: "waiting", wakeAt, attempts: 0 }));
  }

  wakeUp(id: string, state: "thinking" | "acting"): void {
    this.#sql.run("UPDATE turn SET state = ?, wake_at = NULL WHERE id = ?", state, id);
    this.#change(({ wakeAt: _past, ...turn }) => ({ ...turn, state }));
  }

  askStop(id: string, now: number): void {
    this.#sql.run("UPDATE turn SET stop_at = ? WHERE id = ? AND stop_at IS NULL", now, id);
    this.#change((turn) => ({ ...turn, isStopAsked: true }));
  }

  end(
    id: string,
    ending: { outcome: TurnOutcome; text?: string; error?: TurnError; model?: string; spend?: Spend },
    now: number,
  ): void {
    const turn = this.#current(id);
    if (!turn) return;
    const spend = ending.spend ? addSpend(turn.spend, ending.spend) : turn.spend;
    // The event and the brief are no longer needed; the row stays as the record of the run.
    this.#sql.run(
      "UPDATE turn SET state = 'done', outcome = ?, text = ?, error = ?, model = ?, spend = ?, ended_at = ?, wake_at = NULL, event = '', brief = '' WHERE id = ?",
      ending.outcome,
      ending.text || turn.text,
      ending.error ? JSON.stringify(ending.error) : null,
      ending.model ?? turn.model ?? null,
      JSON.stringify(spend),
      now,
      id,
    );
    this.#open = null;
    this.#hasUntold = true;
  }

  /** Ended turns whose end was not told to everyone yet, oldest first. */
  untold(): Turn[] {
    if (!this.#hasUntold) return [];
    const rows = this.#sql.all<TurnRow>("SELECT * FROM turn WHERE state = 'done' AND is_told = 0 ORDER BY started_at");
    const turns = rows.filter((row) => !this.#told.has(row.id)).map(toTurn);
    this.#hasUntold = turns.length > 0;
    return turns;
  }

  /** Written with the next commit, or by the guarding alarm at the latest: told twice is harmless, a commit is not free. */
  markTold(id: string): void {
    this.#told.add(id);
  }

  writeTold(): void {
    for (const id of this.#told) this.#sql.run("UPDATE turn SET is_told = 1 WHERE id = ?", id);
    this.#told.clear();
  }

  countWake(now: number): number {
    const hour = Math.floor(now / 3_600_000);
    this.#sql.run("DELETE FROM wake WHERE hour < ?", hour);
    this.#sql.run("INSERT INTO wake VALUES (?, 1) ON CONFLICT (hour) DO UPDATE SET count = count + 1", hour);
    this.#wakes = { hour: -1, count: 0 };
    return this.wakesThisHour(now);
  }

  wakesThisHour(now: number): number {
    const hour = Math.floor(now / 3_600_000);
    if (this.#wakes.hour !== hour) {
      const count = this.#sql.one<{ count: number }>("SELECT count FROM wake WHERE hour = ?", hour)?.count ?? 0;
      this.#wakes = { hour, count };
    }
    return this.#wakes.count;
  }

  #current(id: string): Turn | undefined {
    const open = this.open();
    return open?.id === id ? open : undefined;
  }

  #change(change: (turn: Turn) => Turn): void {
    if (this.#open) this.#open = change(this.#open);
  }
}

function toTurn(row: TurnRow): Turn {
  return {
    id: row.id,
    runId: row.run_id,
    state: row.state,
    step: row.step,
    attempts: row.attempts,
    startedAt: row.started_at,
    isStopAsked: row.stop_at !== null,
    text: row.text,
    spend: JSON.parse(row.spend),
    event: row.event === "" ? undefined : JSON.parse(row.event),
    brief: row.brief === "" ? undefined : JSON.parse(row.brief),
    ...(row.wake_at === null ? {} : { wakeAt: row.wake_at }),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
    ...(row.error === null ? {} : { error: JSON.parse(row.error) }),
    ...(row.model === null ? {} : { model: row.model }),
  };
}
