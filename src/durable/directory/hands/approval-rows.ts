// The rows of questions to the owner. A row is open until one end is written; no end is written twice.
import type { Approval, ApprovalDecision, ApprovalRequest } from "../../../contract/home/approval.ts";
import type { Sql } from "../../storage/sql.ts";

const KEPT_MS = 30 * 86_400_000;
/** 32 signs: no 0 and O, no 1 and I. */
const SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH = 8;
/** A command line has at most 100,000 characters; what a machine says of it may not grow beyond a row. */
const MOST_SEGMENTS = 200;
const MOST_CHARS = 2000;
const MOST_COMMAND_CHARS = 100_000;

interface Row {
  id: string;
  code: string;
  state: Approval["state"];
  request: string;
  asked_at: number;
  expires_at: number;
  decision: ApprovalDecision | null;
  decided_by: string | null;
  decided_at: number | null;
}

export class ApprovalRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  add(request: ApprovalRequest, now: number): Approval {
    this.#sql.run(
      "INSERT INTO approval (id, code, session_key, state, request, asked_at, expires_at) VALUES (?, ?, ?, 'open', ?, ?, ?)",
      request.id,
      this.#freeCode(),
      request.sessionKey,
      JSON.stringify(bounded(request)),
      now,
      request.expiresAt,
    );
    return this.#mustFind(request.id);
  }

  find(id: string): Approval | undefined {
    const row = this.#sql.one<Row>("SELECT * FROM approval WHERE id = ?", id);
    return row && readRow(row);
  }

  findByCode(code: string): Approval | undefined {
    const row = this.#sql.one<Row>("SELECT * FROM approval WHERE code = ?", code.trim().toUpperCase());
    return row && readRow(row);
  }

  open(now: number): Approval[] {
    return this.#sql
      .all<Row>("SELECT * FROM approval WHERE state = 'open' AND expires_at > ? ORDER BY asked_at, id", now)
      .map(readRow);
  }

  overdue(now: number): Approval[] {
    return this.#sql.all<Row>("SELECT * FROM approval WHERE state = 'open' AND expires_at <= ?", now).map(readRow);
  }

  /** Those that are over, the latest first. */
  past(now: number, limit: number): Approval[] {
    return this.#sql
      .all<Row>(
        "SELECT * FROM approval WHERE state <> 'open' AND decided_at > ? ORDER BY decided_at DESC, id LIMIT ?",
        now - KEPT_MS,
        limit,
      )
      .map(readRow);
  }

  settle(
    id: string,
    end: { state: Approval["state"]; decision?: ApprovalDecision; by?: string },
    now: number,
    tellAt: number | undefined,
  ): Approval {
    this.#sql.run(
      "UPDATE approval SET state = ?, decision = ?, decided_by = ?, decided_at = ?, tell_at = ? WHERE id = ? AND state = 'open'",
      end.state,
      end.decision ?? null,
      end.by ?? null,
      now,
      tellAt ?? null,
      id,
    );
    return this.#mustFind(id);
  }

  /** Those whose session has not taken the answer, and that are due to be told. */
  untold(now: number): Approval[] {
    return this.#sql.all<Row>("SELECT * FROM approval WHERE tell_at IS NOT NULL AND tell_at <= ?", now).map(readRow);
  }

  markTold(id: string): void {
    this.#sql.run("UPDATE approval SET tell_at = NULL WHERE id = ?", id);
  }

  /** Counts a try that failed and answers how many there were. */
  countTry(id: string): number {
    this.#sql.run("UPDATE approval SET tries = tries + 1 WHERE id = ?", id);
    return this.#sql.one<{ tries: number }>("SELECT tries FROM approval WHERE id = ?", id)?.tries ?? 1;
  }

  tellAgainAt(id: string, at: number): void {
    this.#sql.run("UPDATE approval SET tell_at = ? WHERE id = ?", at, id);
  }

  nextDueAt(): number | undefined {
    const query =
      "SELECT min(at) AS at FROM (SELECT expires_at AS at FROM approval WHERE state = 'open' UNION ALL SELECT tell_at FROM approval WHERE tell_at IS NOT NULL)";
    return this.#sql.one<{ at: number | null }>(query)?.at ?? undefined;
  }

  forgetOld(now: number): void {
    this.#sql.run("DELETE FROM approval WHERE state <> 'open' AND tell_at IS NULL AND decided_at <= ?", now - KEPT_MS);
  }

  #mustFind(id: string): Approval {
    const found = this.find(id);
    if (!found) throw new Error("A question that was written is there.");
    return found;
  }

  #freeCode(): string {
    for (;;) {
      const bytes = crypto.getRandomValues(new Uint8Array(CODE_LENGTH));
      const code = Array.from(bytes, (byte) => SIGNS[byte % SIGNS.length]).join("");
      if (!this.findByCode(code)) return code;
    }
  }
}

/** Nothing that could be run is left out of sight: a command that is too long to keep whole is no command of ours. */
function bounded(request: ApprovalRequest): ApprovalRequest {
  const { plan } = request;
  const cut = (text: string) => (text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}…` : text);
  if (plan.command.length > MOST_COMMAND_CHARS) throw new Error("The command line is too long to ask about.");
  return {
    ...request,
    home: cut(request.home),
    plan: {
      ...plan,
      workdir: cut(plan.workdir),
      reason: cut(plan.reason),
      segments: plan.segments.slice(0, MOST_SEGMENTS).map((segment) => ({
        ...segment,
        text: cut(segment.text),
        ...(segment.executable === undefined ? {} : { executable: cut(segment.executable) }),
        ...(segment.reason === undefined ? {} : { reason: cut(segment.reason) }),
      })),
    },
  };
}

function readRow(row: Row): Approval {
  const request = JSON.parse(row.request) as ApprovalRequest;
  return {
    ...request,
    code: row.code,
    askedAt: row.asked_at,
    state: row.state,
    ...(row.decision === null ? {} : { decision: row.decision }),
    ...(row.decided_by === null ? {} : { by: row.decided_by }),
    ...(row.decided_at === null ? {} : { decidedAt: row.decided_at }),
  };
}
