// The tables of a workspace. Steps are never changed once released: add another.
// `files` belongs to files/files.ts, `file_history` and `loose_objects` to its neighbours, `memory_*` to memory/memory-index.ts,
// `skill_readings` to skills/skill-shelf.ts, `prompt_state` to bootstrap.ts.
import type { Migration } from "../storage/sql.ts";

export const WORKSPACE_STORE = "workspace";

export const WORKSPACE_MIGRATIONS: readonly Migration[] = [
  `
CREATE TABLE files (
  path TEXT NOT NULL PRIMARY KEY,
  parent TEXT NOT NULL,
  is_folder INTEGER NOT NULL,
  size INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  object_key TEXT,
  body BLOB
);
CREATE INDEX files_by_parent ON files (parent);
CREATE TABLE file_history (
  path TEXT NOT NULL,
  version INTEGER NOT NULL,
  size INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (path, version)
);
CREATE TABLE loose_objects (
  object_key TEXT NOT NULL PRIMARY KEY,
  due_at INTEGER NOT NULL
);
CREATE TABLE memory_passages (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL,
  line INTEGER NOT NULL,
  last_line INTEGER NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX memory_passages_by_path ON memory_passages (path);
CREATE VIRTUAL TABLE memory_words USING fts5(
  title, text, content='', contentless_delete=1, tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TABLE skill_readings (
  path TEXT NOT NULL,
  source TEXT NOT NULL,
  mark TEXT NOT NULL,
  reading TEXT NOT NULL,
  PRIMARY KEY (path, source)
) WITHOUT ROWID;
CREATE TABLE prompt_state (
  only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
  origin TEXT NOT NULL,
  revision INTEGER NOT NULL
);
`,
];
