// What was asked of homes: a row from the asking to the telling. The id is the caller's own, so that asking twice does
// nothing twice; an answer is kept for a while for whoever asks again.
import type { HomeAnswer, HomeRequest } from "../../../contract/home/port.ts";
import type { Sql } from "../../storage/sql.ts";

const KEEP_ANSWERED_MS = 24 * 3_600_000;

export interface HomeCall {
  id: string;
  home: string;
  /** The socket by which it was sent. */
  line: string;
  command: string;
  replyTo?: NonNullable<HomeRequest["replyTo"]>;
  live?: NonNullable<HomeRequest["live"]>;
  sentAt: number;
  dueAt: number;
  /** Absent: not answered yet. */
  answer?: HomeAnswer;
  answeredAt?: number;
  isTold: boolean;
}

interface CallRow {
  id: string;
  home: string;
  line: string;
  command: string;
  state: "sent" | "answered";
  reply_to: string | null;
  live: string | null;
  sent_at: number;
  due_at: number;
  answered_at: number | null;
  answer: string | null;
  told: number;
}

/** Contract: the tables are made by Homes. */
export class HomeCalls {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  add(request: HomeRequest, home: string, line: string, now: number): HomeCall {
    const { id, command, replyTo, live, timeoutMs } = request;
    this.#sql.run(
      "INSERT INTO home_call (id, home, line, command, state, reply_to, live, sent_at, due_at) VALUES (?, ?, ?, ?, 'sent', ?, ?, ?, ?)",
      id,
      home,
      line,
      command,
      replyTo ? JSON.stringify(replyTo) : null,
      live ? JSON.stringify(live) : null,
      now,
      now + timeoutMs,
    );
    this.#sql.run("DELETE FROM home_call WHERE state = 'answered' AND told = 1 AND answered_at < ?", now - KEEP_ANSWERED_MS);
    const added = this.find(id);
    if (!added) throw new Error("A call that was written is there.");
    return added;
  }

  find(id: string): HomeCall | undefined {
    const row = this.#sql.one<CallRow>("SELECT * FROM home_call WHERE id = ?", id);
    return row && readCall(row);
  }

  /** Calls of a home that have no answer. */
  open(home: string): HomeCall[] {
    return this.#sql.all<CallRow>("SELECT * FROM home_call WHERE home = ? AND state = 'sent'", home).map(readCall);
  }

  overdue(now: number): HomeCall[] {
    return this.#sql.all<CallRow>("SELECT * FROM home_call WHERE state = 'sent' AND due_at <= ?", now).map(readCall);
  }

  /** Answers of which the session has not heard. */
  untold(): HomeCall[] {
    return this.#sql.all<CallRow>("SELECT * FROM home_call WHERE state = 'answered' AND told = 0").map(readCall);
  }

  /** The first answer counts. `isTold`: nobody has to be told of it. */
  settle(id: string, answer: HomeAnswer, isTold: boolean, now: number): boolean {
    return (
      this.#sql.run(
        "UPDATE home_call SET state = 'answered', answer = ?, answered_at = ?, told = ? WHERE id = ? AND state = 'sent'",
        JSON.stringify(answer),
        now,
        isTold ? 1 : 0,
        id,
      ) > 0
    );
  }

  markTold(id: string): void {
    this.#sql.run("UPDATE home_call SET told = 1 WHERE id = ?", id);
  }

  nextDueAt(): number | undefined {
    const row = this.#sql.one<{ at: number | null }>("SELECT min(due_at) AS at FROM home_call WHERE state = 'sent'");
    return row?.at ?? undefined;
  }
}

function readCall(row: CallRow): HomeCall {
  return {
    id: row.id,
    home: row.home,
    line: row.line,
    command: row.command,
    ...(row.reply_to === null ? {} : { replyTo: JSON.parse(row.reply_to) }),
    ...(row.live === null ? {} : { live: JSON.parse(row.live) }),
    sentAt: row.sent_at,
    dueAt: row.due_at,
    ...(row.answer === null ? {} : { answer: JSON.parse(row.answer) }),
    ...(row.answered_at === null ? {} : { answeredAt: row.answered_at }),
    isTold: row.told !== 0,
  };
}
