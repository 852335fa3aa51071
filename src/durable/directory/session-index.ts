// The index of sessions, for lists and search. The sessions themselves are the truth; this is what they reported.
import { NO_SPEND } from "../../contract/entry.ts";
import type { SessionRow } from "../../contract/live.ts";
import type { DirectoryStorage, SessionListRequest } from "../../contract/ports/directory.ts";
import { sessionKind } from "../../contract/session-key.ts";
import type { Sql } from "../storage/sql.ts";

const MAX_LIMIT = 1000;
const MAX_MEASURED = 5000;

export class SessionIndex {
  readonly #sql: Sql;
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * What is older than what the session itself said stays out: a report waits a moment and may be overtaken by a change.
   * The first row of a session that was never heard of (no id yet) is anybody's to replace.
   */
  put(row: SessionRow): void {
    const words = [row.key, row.label, row.title, row.lastMessage].filter(Boolean).join("\n").toLowerCase();
    this.#sql.run(
      `INSERT INTO session VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET agent_id = excluded.agent_id,
       updated_at = excluded.updated_at, words = excluded.words, row = excluded.row
       WHERE excluded.updated_at >= session.updated_at OR json_extract(session.row, '$.sessionId') = ''`,
      row.key,
      row.agentId,
      row.updatedAt,
      words,
      JSON.stringify(row),
      isProgram(row.key),
    );
  }

  /** A session that was never heard of gets its row before its first turn ends. */
  putIfNew(row: SessionRow): void {
    const words = [row.key, row.title].filter(Boolean).join("\n").toLowerCase();
    this.#sql.run(
      "INSERT OR IGNORE INTO session VALUES (?, ?, ?, ?, ?, ?)",
      row.key,
      row.agentId,
      row.updatedAt,
      words,
      JSON.stringify(row),
      isProgram(row.key),
    );
  }

  /** A talk begins: its row until it tells of itself. Answers whether it is a new one. */
  begin(key: string, agentId: string, text: string, now: number): boolean {
    if (this.has(key)) return false;
    const title = text.replace(/\s+/g, " ").trim().slice(0, 140);
    this.putIfNew({
      key,
      agentId,
      sessionId: "",
      createdAt: now,
      updatedAt: now,
      status: "running",
      activeRunIds: [],
      spend: NO_SPEND,
      messageCount: 0,
      ...(title ? { title } : {}),
    });
    return true;
  }

  /** The oldest sessions of programs that were not touched since. */
  programsBefore(at: number, limit: number): string[] {
    return this.#sql
      .all<{ key: string }>(
        "SELECT key FROM session WHERE is_program = 1 AND updated_at <= ? ORDER BY updated_at LIMIT ?",
        at,
        limit,
      )
      .map((row) => row.key);
  }

  oldestProgramAt(): number | undefined {
    return (
      this.#sql.one<{ at: number | null }>("SELECT min(updated_at) AS at FROM session WHERE is_program = 1")?.at ?? undefined
    );
  }

  countPrograms(): number {
    return this.#sql.one<{ count: number }>("SELECT count(*) AS count FROM session WHERE is_program = 1")?.count ?? 0;
  }

  has(key: string): boolean {
    return this.#sql.one("SELECT 1 AS found FROM session WHERE key = ?", key) !== undefined;
  }

  remove(key: string): void {
    this.#sql.run("DELETE FROM session WHERE key = ?", key);
  }

  /** Sums over what sessions reported, the newest first. */
  measure(): Omit<DirectoryStorage, "bytes"> {
    const total = this.#sql.one<{ count: number }>("SELECT count(*) AS count FROM session")?.count ?? 0;
    const [sums] = this.#sql.all<{
      bytes: number | null;
      measured: number;
      waiting: number | null;
      top: number | null;
      key: string;
    }>(
      `SELECT sum(bytes) AS bytes, count(bytes) AS measured, sum(waiting) AS waiting, max(bytes) AS top, key FROM (
         SELECT key, json_extract(row, '$.storedBytes') AS bytes, json_extract(row, '$.outboxWaiting') AS waiting
         FROM session ORDER BY updated_at DESC LIMIT ?)`,
      MAX_MEASURED,
    );
    return {
      sessions: total,
      sessionBytes: sums?.bytes ?? 0,
      sessionsMeasured: sums?.measured ?? 0,
      outboxWaiting: sums?.waiting ?? 0,
      ...(sums?.top ? { largestSession: { key: sums.key, bytes: sums.top } } : {}),
    };
  }

  list(request: SessionListRequest, now: number): { rows: SessionRow[]; total: number } {
    const conditions: string[] = ["1 = 1"];
    const bindings: (string | number)[] = [];
    if (request.agentId !== undefined) {
      conditions.push("agent_id = ?");
      bindings.push(request.agentId);
    }
    if (request.kind !== undefined) {
      conditions.push("is_program = ?");
      bindings.push(request.kind === "programs" ? 1 : 0);
    }
    if (request.activeMinutes !== undefined) {
      conditions.push("updated_at >= ?");
      bindings.push(now - request.activeMinutes * 60_000);
    }
    if (request.search) {
      // instr, not LIKE: a pattern may have 50 bytes at most.
      conditions.push("instr(words, ?) > 0");
      bindings.push(request.search.toLowerCase());
    }
    const where = conditions.join(" AND ");
    const total =
      this.#sql.one<{ count: number }>(`SELECT count(*) AS count FROM session WHERE ${where}`, ...bindings)?.count ?? 0;
    const limit = Math.max(1, Math.min(MAX_LIMIT, request.limit ?? 200));
    const rows = this.#sql.all<{ row: string }>(
      `SELECT row FROM session WHERE ${where} ORDER BY updated_at DESC LIMIT ? OFFSET ?`,
      ...bindings,
      limit,
      Math.max(0, request.offset ?? 0),
    );
    return { rows: rows.map((row) => JSON.parse(row.row) as SessionRow), total };
  }
}

function isProgram(key: string): number {
  return sessionKind(key) === "program" ? 1 : 0;
}
