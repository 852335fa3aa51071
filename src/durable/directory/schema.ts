// The tables of the Directory. Each belongs to the part of the same name in this folder.
import type { Migration } from "../storage/sql.ts";

export const DIRECTORY_SCHEMA: readonly Migration[] = [
  `
  CREATE TABLE settings (id INTEGER PRIMARY KEY, raw TEXT NOT NULL, hash TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE TABLE session (key TEXT PRIMARY KEY, agent_id TEXT NOT NULL, updated_at INTEGER NOT NULL, words TEXT NOT NULL, row TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX session_updated ON session (updated_at);
  -- Ends of turns, kept for a while: they make a report that comes twice harmless and find a run's session.
  CREATE TABLE report (turn_id TEXT PRIMARY KEY, run_id TEXT NOT NULL, session_key TEXT NOT NULL, ended_at INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX report_run ON report (run_id);
  CREATE INDEX report_ended ON report (ended_at);
  CREATE TABLE usage (
    day TEXT NOT NULL, agent_id TEXT NOT NULL, model TEXT NOT NULL, turns INTEGER NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL,
    cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, cost_usd REAL NOT NULL, unpriced INTEGER NOT NULL, PRIMARY KEY (day, agent_id, model)
  ) WITHOUT ROWID;
  `,
  `
  -- Keys of providers, sealed with a key made of the owner's token; see key-store.ts.
  CREATE TABLE provider_key (provider TEXT PRIMARY KEY, nonce BLOB NOT NULL, sealed BLOB NOT NULL, set_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE key_ring (id INTEGER PRIMARY KEY CHECK (id = 1), salt BLOB NOT NULL, version INTEGER NOT NULL);
  `,
  `
  -- Sessions of programs that named none: kept apart in lists, and for a week only.
  ALTER TABLE session ADD COLUMN is_program INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX session_program ON session (updated_at) WHERE is_program = 1;
  `,
];
