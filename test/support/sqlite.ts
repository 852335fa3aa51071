// A plain SQLite of Node behind the face of a Durable Object's storage, so that the real stores run in Node tests.
import { DatabaseSync } from "node:sqlite";
import { openSql, type Sql, type SqlHost, type SqlRow, type SqlValue } from "../../src/durable/storage/sql.ts";

/** An empty database in memory, or the one that is given. */
export function openTestSql(database: DatabaseSync = new DatabaseSync(":memory:")): Sql {
  return openSql(openHost(database));
}

function openHost(database: DatabaseSync): SqlHost {
  let depth = 0;
  return {
    sql: {
      get databaseSize() {
        const read = (name: string) => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0);
        return read("page_count") * read("page_size");
      },
      exec(query: string, ...bindings: SqlValue[]) {
        if (bindings.length > 100) throw new Error("More than 100 bound parameters.");
        if (bindings.length === 0 && /;\s*[^\s;]/.test(query)) {
          database.exec(query);
          return { toArray: () => [], rowsWritten: 0 };
        }
        const statement = database.prepare(query);
        const values = bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value));
        if (statement.columns().length > 0) {
          const rows = statement.all(...values).map((row) => toPlain(row as Record<string, unknown>));
          return { toArray: () => rows, rowsWritten: /^\s*SELECT/i.test(query) ? 0 : rows.length };
        }
        const { changes } = statement.run(...values);
        return { toArray: () => [], rowsWritten: Number(changes) };
      },
    },
    transactionSync<T>(work: () => T): T {
      const name = `depth_${depth}`;
      database.exec(`SAVEPOINT ${name}`);
      depth += 1;
      try {
        const value = work();
        database.exec(`RELEASE ${name}`);
        return value;
      } catch (error) {
        database.exec(`ROLLBACK TO ${name}`);
        database.exec(`RELEASE ${name}`);
        throw error;
      } finally {
        depth -= 1;
      }
    },
  };
}

/** The platform gives blobs as ArrayBuffer, Node as Uint8Array. */
function toPlain(row: Record<string, unknown>): SqlRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value instanceof Uint8Array ? value.slice().buffer : (value as SqlValue)]),
  );
}
