// The tables of a session. Each belongs to the part of the same name in this folder and is read by no other.
import type { Migration } from "../../storage/sql.ts";

export const SESSION_SCHEMA: readonly Migration[] = [
  `
  CREATE TABLE profile (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  -- Every event that was accepted. The id is the sender's: a repeat finds its row.
  CREATE TABLE inbox (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, state TEXT NOT NULL, mode TEXT NOT NULL,
    turn_id TEXT, event TEXT NOT NULL, brief TEXT NOT NULL, reason TEXT
  );
  CREATE INDEX inbox_turn ON inbox (turn_id);
  CREATE INDEX inbox_waiting ON inbox (place) WHERE state = 'queued';
  -- One row a turn; at most one is unfinished. attempts counts the starts of the present step.
  CREATE TABLE turn (
    id TEXT PRIMARY KEY, run_id TEXT NOT NULL, state TEXT NOT NULL, step INTEGER NOT NULL, attempts INTEGER NOT NULL,
    started_at INTEGER NOT NULL, wake_at INTEGER, ended_at INTEGER, stop_at INTEGER, outcome TEXT, error TEXT,
    model TEXT, text TEXT NOT NULL, spend TEXT NOT NULL, event TEXT NOT NULL, brief TEXT NOT NULL, is_told INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX turn_open ON turn (started_at) WHERE state <> 'done';
  CREATE INDEX turn_run ON turn (run_id);
  CREATE INDEX turn_untold ON turn (started_at) WHERE state = 'done' AND is_told = 0;
  -- The transcript: only ever added to.
  CREATE TABLE entry (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, turn_id TEXT, body TEXT NOT NULL);
  CREATE INDEX entry_id ON entry (id);
  -- Uses of tools of unfinished turns. started_at is written before the tool runs.
  CREATE TABLE call (
    id TEXT PRIMARY KEY, turn_id TEXT NOT NULL, step INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, args TEXT NOT NULL,
    state TEXT NOT NULL, started_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX call_open ON call (turn_id, place);
  -- The running step's text so far, in blocks; emptied when the step is committed.
  CREATE TABLE block (turn_id TEXT NOT NULL, place INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (turn_id, place)) WITHOUT ROWID;
  CREATE TABLE outbox (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL,
    item TEXT NOT NULL, platform_id TEXT, reason TEXT
  );
  CREATE INDEX outbox_open ON outbox (place) WHERE state = 'pending';
  -- Self-made wakes, for the breaker.
  CREATE TABLE wake (hour INTEGER PRIMARY KEY, count INTEGER NOT NULL);
  `,
  // Thoughts are kept beside the text.
  "ALTER TABLE block ADD COLUMN kind TEXT NOT NULL DEFAULT 'text'",
  `
  -- Order is kept for each address; rank is the place of the answer that a part belongs to. plan: how an answer is to be
  -- cut, until it is. What waited before had no address: no channel could speak.
  DELETE FROM outbox WHERE state = 'pending';
  ALTER TABLE outbox ADD COLUMN address TEXT NOT NULL DEFAULT '';
  ALTER TABLE outbox ADD COLUMN made_at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE outbox ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE outbox ADD COLUMN plan TEXT;
  DROP INDEX outbox_open;
  CREATE INDEX outbox_open ON outbox (place) WHERE state IN ('pending', 'sending');
  -- Tries of the file that is being fetched, counted before each.
  ALTER TABLE inbox ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
  -- What an answer in progress has shown at its place: a draft that grows, or blocks that went out.
  CREATE TABLE draft (
    turn_id TEXT PRIMARY KEY, address TEXT NOT NULL, state TEXT NOT NULL, platform_id TEXT,
    step INTEGER NOT NULL DEFAULT 0, count INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL DEFAULT ''
  ) WITHOUT ROWID;
  -- Messages of a group that were not for the assistant; body is emptied once an answer knew them.
  CREATE TABLE overheard (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, address TEXT NOT NULL, body TEXT NOT NULL);
  `,
  `
  -- A call that waits for somebody or something elsewhere: for what, until when, and what its tool wants to know again.
  ALTER TABLE call ADD COLUMN waits_for TEXT;
  ALTER TABLE call ADD COLUMN token TEXT;
  ALTER TABLE call ADD COLUMN due_at INTEGER;
  ALTER TABLE call ADD COLUMN memo TEXT;
  -- What came for a call; it may come before the call begins to wait for it.
  CREATE TABLE call_answer (call_id TEXT NOT NULL, token TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (call_id, token)) WITHOUT ROWID;
  `,
  `
  -- A browser that is open for this talk, at the edge or at an address; its tabs, so that they are found again over a new line.
  CREATE TABLE browser (
    place TEXT PRIMARY KEY, session_id TEXT NOT NULL, profile TEXT NOT NULL, started_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
    idle_ms INTEGER NOT NULL, keep_until INTEGER NOT NULL, current TEXT, next_tab INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE browser_tab (place TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (place, id)) WITHOUT ROWID;
  -- Cookies of profiles at the edge, where a browser keeps none.
  CREATE TABLE browser_profile (name TEXT PRIMARY KEY, cookies TEXT NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;
  `,
  `
  -- What the Directory was told last of messages that cannot go out; see outgoing/waiting.ts.
  CREATE TABLE told_waiting (
    channel TEXT NOT NULL, account TEXT NOT NULL, count INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (channel, account)
  ) WITHOUT ROWID;
  `,
];
