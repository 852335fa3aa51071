// Opens a database of this machine: nobody but its owner can read it, not even for a moment, and what was committed survives a power cut.
import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

interface Sharing {
  /** How long a lock of another program is waited for. */
  busyMs?: number;
  /** Held by this program alone until it is closed. */
  isExclusive?: boolean;
}

/** `schema`: statements that may be run each time. @throws as node:sqlite does. */
export function openDatabase(path: string, schema: string, { busyMs = 0, isExclusive = false }: Sharing = {}): DatabaseSync {
  if (path !== ":memory:") {
    // Made with its rights; the files that SQLite puts beside it take theirs from it.
    closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
  }
  const database = new DatabaseSync(path, { timeout: busyMs });
  try {
    if (isExclusive) database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${schema}`);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}
