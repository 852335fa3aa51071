// Earlier versions of the few files that shape the agent, so that a person can see what changed and take it back.
// Written in the same transaction as the change; never read by a turn.
import type { FileVersion } from "../../../contract/ports/workspace.ts";
import type { Sql } from "../../storage/sql.ts";

const KEPT_VERSIONS = 20;
/** Larger versions are not kept. */
const MAX_KEPT_BYTES = 256 * 1024;

export class FileHistory {
  readonly #sql: Sql;
  readonly #keptPaths: ReadonlySet<string>;

  constructor(sql: Sql, keptPaths: ReadonlySet<string>) {
    this.#sql = sql;
    this.#keptPaths = keptPaths;
  }

  /** Keeps the version that is about to be replaced or removed. */
  keep(path: string, old: FileVersion & { body: ArrayBuffer | null }): void {
    if (!this.#keptPaths.has(path) || old.body === null || old.size > MAX_KEPT_BYTES) return;
    this.#sql.run(
      "INSERT OR REPLACE INTO file_history (path, version, size, updated_at, body) VALUES (?, ?, ?, ?, ?)",
      path,
      old.version,
      old.size,
      old.updatedAt,
      old.body,
    );
    this.#sql.run("DELETE FROM file_history WHERE path = ? AND version <= ?", path, old.version - KEPT_VERSIONS);
  }

  /** The highest version that was kept; 0 when none was. A file that comes back counts on from there. */
  lastVersion(path: string): number {
    if (!this.#keptPaths.has(path)) return 0;
    const row = this.#sql.one<{ version: number | null }>(
      "SELECT MAX(version) AS version FROM file_history WHERE path = ?",
      path,
    );
    return row?.version ?? 0;
  }

  /** Earlier versions, newest first. */
  versions(path: string): FileVersion[] {
    return this.#sql
      .all<{ version: number; size: number; updated_at: number }>(
        "SELECT version, size, updated_at FROM file_history WHERE path = ? ORDER BY version DESC",
        path,
      )
      .map((row) => ({ version: row.version, size: row.size, updatedAt: row.updated_at }));
  }

  /** The text of one earlier version. */
  body(path: string, version: number): Uint8Array | undefined {
    const row = this.#sql.one<{ body: ArrayBuffer }>(
      "SELECT body FROM file_history WHERE path = ? AND version = ?",
      path,
      version,
    );
    return row && new Uint8Array(row.body);
  }
}
