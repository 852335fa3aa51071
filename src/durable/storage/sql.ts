// The one way to the rows of an object: a thin face over SqlStorage, and numbered migrations.
// Each part owns its tables and nobody else reads them. Values stay under 1 MB; larger ones go to R2.
import { StateTooNew } from "../../contract/errors.ts";

export type SqlValue = string | number | null | ArrayBuffer;
export type SqlRow = Record<string, SqlValue>;

export interface Sql {
  /** All rows. At most 100 bindings (a limit of the platform). */
  all<T extends object = SqlRow>(query: string, ...bindings: SqlValue[]): T[];
  /** First row or undefined. */
  one<T extends object = SqlRow>(query: string, ...bindings: SqlValue[]): T | undefined;
  /** Runs a statement and answers how many rows it wrote; 0 after INSERT OR IGNORE means: was there already. */
  run(query: string, ...bindings: SqlValue[]): number;
  /** Bytes of the whole database. */
  size(): number;
  /** Everything in `work` or nothing. Contract: `work` must be synchronous. */
  transaction<T>(work: () => T): T;
}

/** The part of DurableObjectStorage that is used, so that tests can stand in a plain SQLite. */
export interface SqlHost {
  sql: {
    exec(query: string, ...bindings: SqlValue[]): { toArray(): SqlRow[]; rowsWritten: number };
    readonly databaseSize: number;
  };
  transactionSync<T>(work: () => T): T;
}

export function openSql(host: SqlHost): Sql {
  return {
    all: <T extends object>(query: string, ...bindings: SqlValue[]) => host.sql.exec(query, ...bindings).toArray() as T[],
    one: <T extends object>(query: string, ...bindings: SqlValue[]) =>
      host.sql.exec(query, ...bindings).toArray()[0] as T | undefined,
    run: (query, ...bindings) => {
      const cursor = host.sql.exec(query, ...bindings);
      cursor.toArray();
      return cursor.rowsWritten;
    },
    size: () => host.sql.databaseSize,
    transaction: (work) => host.transactionSync(work),
  };
}

/** One step of a schema, one statement or several. Never changed once released: add another. */
export type Migration = string;

/**
 * Brings the schema of `store` up to date. Call it first thing in the object's constructor.
 * @throws StateTooNew when the rows were written by a newer version.
 */
export function migrate(sql: Sql, store: string, migrations: readonly Migration[]): void {
  sql.run("CREATE TABLE IF NOT EXISTS schema_version (store TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID");
  const found = sql.one<{ version: number }>("SELECT version FROM schema_version WHERE store = ?", store)?.version ?? 0;
  if (found > migrations.length) throw new StateTooNew(store, found, migrations.length);
  if (found === migrations.length) return;
  sql.transaction(() => {
    for (const statements of migrations.slice(found)) sql.run(statements);
    sql.run("INSERT OR REPLACE INTO schema_version VALUES (?, ?)", store, migrations.length);
  });
}
