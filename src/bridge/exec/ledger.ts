// What the machine remembers of commands, in a database for its owner alone: programs that are allowed, questions that were
// asked, every command with what became of it, and processes, so that one that died with the bridge is known to have.
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Place } from "../../contract/home/commands.ts";
import { openDatabase } from "../database.ts";
import type { AllowDraft, AllowEntry } from "./policy/allowlist.ts";

/** Questions live as long as the owner may take to answer, and a little longer. */
const QUESTION_LIFE_MS = 2 * 3_600_000;
const AUDIT_LIFE_MS = 365 * 24 * 3_600_000;
const BUSY_MS = 2_000;
const MAX_AUDITED_COMMAND = 20_000;

export interface AuditRow {
  id: number;
  at: number;
  sessionKey: string;
  processId: string;
  place: string;
  command: string;
  workdir: string;
  verdict: string;
  approval?: string;
  endedAt?: number;
  exit?: string;
}

export interface ProcessRow {
  key: string;
  sessionKey: string;
  processId: string;
  /** `home` for the machine itself, else the sandbox's. */
  place: Place["kind"];
  command: string;
  startedAt: number;
  endedAt?: number;
  exitCode?: number;
  signal?: string;
  endedBy?: string;
  log: string;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS allowed (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL UNIQUE, by TEXT NOT NULL, added_at INTEGER NOT NULL, used_at INTEGER);
  CREATE TABLE IF NOT EXISTS allowed_file (path TEXT NOT NULL, purpose TEXT NOT NULL, by TEXT NOT NULL, added_at INTEGER NOT NULL, PRIMARY KEY (path, purpose)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS question (plan TEXT NOT NULL, session TEXT NOT NULL, process TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (plan, session, process)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS word (approval TEXT PRIMARY KEY, process TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, session TEXT NOT NULL, process TEXT NOT NULL, place TEXT NOT NULL,
    command TEXT NOT NULL, workdir TEXT NOT NULL, verdict TEXT NOT NULL, approval TEXT, ended_at INTEGER, exit TEXT
  );
  CREATE INDEX IF NOT EXISTS audit_at ON audit (at);
  CREATE TABLE IF NOT EXISTS process (
    key TEXT PRIMARY KEY, session TEXT NOT NULL, process TEXT NOT NULL, command TEXT NOT NULL, started_at INTEGER NOT NULL,
    ended_at INTEGER, exit_code INTEGER, signal TEXT, ended_by TEXT, log TEXT NOT NULL
  ) WITHOUT ROWID;
`;

export class ExecLedger {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    // The command line writes to it as well.
    this.#db = openDatabase(path, SCHEMA, { busyMs: BUSY_MS });
    const columns = this.#all("PRAGMA table_info(process)").map((row) => row["name"]);
    // Of what was kept before this was written down, the place that is reached by the fewest.
    if (!columns.includes("place")) this.#db.exec("ALTER TABLE process ADD COLUMN place TEXT NOT NULL DEFAULT 'home'");
  }

  close(): void {
    this.#db.close();
  }

  // ── Programs that are allowed ──

  allowed(): AllowEntry[] {
    return this.#all("SELECT * FROM allowed ORDER BY id").map((row) => ({
      ...(JSON.parse(String(row["body"])) as AllowDraft),
      id: Number(row["id"]),
      addedAt: Number(row["added_at"]),
      by: String(row["by"]),
      ...(row["used_at"] === null ? {} : { usedAt: Number(row["used_at"]) }),
    }));
  }

  allow(draft: AllowDraft, by: string, now: number): void {
    const { path, name, args, isExact, workdir, sha256 } = draft;
    // In one order, so that the same is not listed twice; what is absent is left out by itself.
    const body = JSON.stringify({ path, name, args, isExact, workdir, sha256 });
    this.#run("INSERT OR IGNORE INTO allowed (body, by, added_at) VALUES (?, ?, ?)", body, by, now);
  }

  forbid(id: number): boolean {
    return this.#run("DELETE FROM allowed WHERE id = ?", id) > 0;
  }

  noteUse(ids: readonly number[], now: number): void {
    for (const id of ids) this.#run("UPDATE allowed SET used_at = ? WHERE id = ?", now, id);
  }

  // ── Files that are allowed ──

  /** What may be written may be read as well. */
  isFileAllowed(path: string, purpose: "read" | "write"): boolean {
    return this.#all("SELECT 1 FROM allowed_file WHERE path = ? AND purpose IN ('write', ?)", path, purpose).length > 0;
  }

  allowFile(path: string, purpose: "read" | "write", by: string, now: number): void {
    this.#run("INSERT OR IGNORE INTO allowed_file VALUES (?, ?, ?, ?)", path, purpose, by, now);
  }

  allowedFiles(): { path: string; purpose: "read" | "write"; by: string; addedAt: number }[] {
    return this.#all("SELECT * FROM allowed_file ORDER BY path, purpose").map((row) => ({
      path: String(row["path"]),
      purpose: row["purpose"] === "write" ? "write" : "read",
      by: String(row["by"]),
      addedAt: Number(row["added_at"]),
    }));
  }

  forbidFile(path: string): boolean {
    return this.#run("DELETE FROM allowed_file WHERE path = ?", path) > 0;
  }

  // ── Questions to the owner ──

  noteQuestion(plan: string, sessionKey: string, processId: string, now: number): void {
    this.#run("DELETE FROM question WHERE at < ?", now - QUESTION_LIFE_MS);
    this.#run("INSERT OR REPLACE INTO question VALUES (?, ?, ?, ?)", plan, sessionKey, processId, now);
  }

  /** Whether this very plan was asked about for this very process, not too long ago. */
  wasAsked(plan: string, sessionKey: string, processId: string, now: number): boolean {
    const sql = "SELECT 1 FROM question WHERE plan = ? AND session = ? AND process = ? AND at >= ?";
    return this.#all(sql, plan, sessionKey, processId, now - QUESTION_LIFE_MS).length > 0;
  }

  /** One word of the owner starts one process. False: it has started another. */
  useWord(approval: string, key: string, now: number): boolean {
    this.#run("DELETE FROM word WHERE at < ?", now - AUDIT_LIFE_MS);
    this.#run("INSERT OR IGNORE INTO word VALUES (?, ?, ?)", approval, key, now);
    return this.#all("SELECT 1 FROM word WHERE approval = ? AND process = ?", approval, key).length > 0;
  }

  // ── What was done ──

  audit(row: Omit<AuditRow, "id" | "endedAt" | "exit">): number {
    this.#run("DELETE FROM audit WHERE at < ?", row.at - AUDIT_LIFE_MS);
    const { at, sessionKey, processId, place, command, workdir, verdict, approval } = row;
    const kept = command.length > MAX_AUDITED_COMMAND ? `${command.slice(0, MAX_AUDITED_COMMAND)} [cut]` : command;
    const { lastInsertRowid } = this.#db
      .prepare(
        "INSERT INTO audit (at, session, process, place, command, workdir, verdict, approval) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      )
      .run(at, sessionKey, processId, place, kept, workdir, verdict, approval ?? null);
    return Number(lastInsertRowid);
  }

  auditEnd(id: number, exit: string, now: number): void {
    this.#run("UPDATE audit SET ended_at = ?, exit = ? WHERE id = ?", now, exit, id);
  }

  /** Of what runs no more without anybody having seen its end. */
  closeAudit(exit: string, now: number): void {
    this.#run("UPDATE audit SET ended_at = ?, exit = ? WHERE ended_at IS NULL", now, exit);
  }

  /** The latest first. */
  audited(limit: number): AuditRow[] {
    return this.#all("SELECT * FROM audit ORDER BY id DESC LIMIT ?", limit).map((row) => ({
      id: Number(row["id"]),
      at: Number(row["at"]),
      sessionKey: String(row["session"]),
      processId: String(row["process"]),
      place: String(row["place"]),
      command: String(row["command"]),
      workdir: String(row["workdir"]),
      verdict: String(row["verdict"]),
      ...(row["approval"] === null ? {} : { approval: String(row["approval"]) }),
      ...(row["ended_at"] === null ? {} : { endedAt: Number(row["ended_at"]), exit: String(row["exit"]) }),
    }));
  }

  // ── Processes ──

  keepProcess(row: ProcessRow): void {
    const { key, sessionKey, processId, place, command, startedAt, endedAt, exitCode, signal, endedBy, log } = row;
    this.#run(
      "INSERT OR REPLACE INTO process VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      key,
      sessionKey,
      processId,
      command,
      startedAt,
      endedAt ?? null,
      exitCode ?? null,
      signal ?? null,
      endedBy ?? null,
      log,
      place,
    );
  }

  dropProcess(key: string): void {
    this.#run("DELETE FROM process WHERE key = ?", key);
  }

  processes(): ProcessRow[] {
    return this.#all("SELECT * FROM process ORDER BY started_at").map((row) => ({
      key: String(row["key"]),
      sessionKey: String(row["session"]),
      processId: String(row["process"]),
      place: row["place"] === "sandbox" ? "sandbox" : "home",
      command: String(row["command"]),
      startedAt: Number(row["started_at"]),
      ...(row["ended_at"] === null ? {} : { endedAt: Number(row["ended_at"]) }),
      ...(row["exit_code"] === null ? {} : { exitCode: Number(row["exit_code"]) }),
      ...(row["signal"] === null ? {} : { signal: String(row["signal"]) }),
      ...(row["ended_by"] === null ? {} : { endedBy: String(row["ended_by"]) }),
      log: String(row["log"]),
    }));
  }

  #all(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return this.#db.prepare(sql).all(...values);
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#db.prepare(sql).run(...values).changes);
  }
}
