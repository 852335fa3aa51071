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
  -- Keys of providers, sealed with a key made of the owner's token; see keys/.
  CREATE TABLE provider_key (provider TEXT PRIMARY KEY, nonce BLOB NOT NULL, sealed BLOB NOT NULL, set_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE key_ring (id INTEGER PRIMARY KEY CHECK (id = 1), salt BLOB NOT NULL, version INTEGER NOT NULL);
  `,
  `
  -- Sessions of programs that named none: kept apart in lists, and for a week only.
  ALTER TABLE session ADD COLUMN is_program INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX session_program ON session (updated_at) WHERE is_program = 1;
  `,
  `
  -- The same for the keys of channels, named channel/account/NAME; see keys/.
  ALTER TABLE provider_key RENAME TO sealed_key;
  ALTER TABLE sealed_key RENAME COLUMN provider TO name;
  ALTER TABLE key_ring ADD COLUMN channels INTEGER NOT NULL DEFAULT 0;

  -- Who is known, by which accounts; see people/. home: rest of the key of their own talk.
  CREATE TABLE person (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, home TEXT UNIQUE, created_at INTEGER NOT NULL, seen_at INTEGER, claimed_at INTEGER
  ) WITHOUT ROWID;
  INSERT INTO person VALUES ('owner', 'Owner', 'owner', NULL, unixepoch() * 1000, NULL, NULL);
  CREATE TABLE person_account (
    channel TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL, person_id TEXT NOT NULL, name TEXT, approved_at INTEGER NOT NULL,
    PRIMARY KEY (channel, account, sender)
  ) WITHOUT ROWID;
  CREATE INDEX person_account_person ON person_account (person_id);
  CREATE TABLE pairing (
    channel TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL, code TEXT NOT NULL UNIQUE, state TEXT NOT NULL, name TEXT,
    place TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (channel, account, sender)
  ) WITHOUT ROWID;
  CREATE TABLE place (
    channel TEXT NOT NULL, account TEXT NOT NULL, peer TEXT NOT NULL, thread TEXT NOT NULL, kind TEXT NOT NULL, sender TEXT NOT NULL,
    session_key TEXT NOT NULL, name TEXT, route TEXT, seen_at INTEGER NOT NULL, PRIMARY KEY (channel, account, peer, thread)
  ) WITHOUT ROWID;
  CREATE INDEX place_sender ON place (channel, account, sender);
  CREATE INDEX place_seen ON place (seen_at);
  CREATE TABLE admission_log (
    channel TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, name TEXT,
    times INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (channel, account, sender, outcome, reason)
  ) WITHOUT ROWID;
  CREATE INDEX admission_log_at ON admission_log (at);
  CREATE TABLE channel_health (
    channel TEXT NOT NULL, account TEXT NOT NULL, in_at INTEGER, out_at INTEGER, error TEXT, error_at INTEGER, PRIMARY KEY (channel, account)
  ) WITHOUT ROWID;
  `,
  `
  -- Threads of groups in which the assistant was spoken to; see people/threads.ts.
  CREATE TABLE thread (
    channel TEXT NOT NULL, account TEXT NOT NULL, peer TEXT NOT NULL, thread TEXT NOT NULL, joined_at INTEGER NOT NULL,
    PRIMARY KEY (channel, account, peer, thread)
  ) WITHOUT ROWID;
  CREATE INDEX thread_joined ON thread (joined_at);
  `,
  `
  -- Decisions name the group they were made in.
  CREATE TABLE admission_note (
    channel TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, peer TEXT NOT NULL,
    name TEXT, place_name TEXT, times INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (channel, account, sender, outcome, reason, peer)
  ) WITHOUT ROWID;
  INSERT INTO admission_note SELECT channel, account, sender, outcome, reason, '', name, NULL, times, at FROM admission_log;
  DROP TABLE admission_log;
  ALTER TABLE admission_note RENAME TO admission_log;
  CREATE INDEX admission_log_at ON admission_log (at);
  -- Who is heard nowhere; see people/blocked-senders.ts.
  CREATE TABLE blocked_sender (
    channel TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL, name TEXT, at INTEGER NOT NULL, PRIMARY KEY (channel, account, sender)
  ) WITHOUT ROWID;
  `,
  `
  -- Questions to the owner about commands; see hands/. tell_at: when a session is told of the answer (again); null: it took it.
  CREATE TABLE approval (
    id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, session_key TEXT NOT NULL, state TEXT NOT NULL, request TEXT NOT NULL,
    asked_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, decision TEXT, decided_by TEXT, decided_at INTEGER,
    tell_at INTEGER, tries INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX approval_open ON approval (asked_at) WHERE state = 'open';
  CREATE INDEX approval_decided ON approval (decided_at) WHERE state <> 'open';
  CREATE INDEX approval_untold ON approval (tell_at) WHERE tell_at IS NOT NULL;
  -- Whether any machine of the owner is paired.
  CREATE TABLE known_homes (id INTEGER PRIMARY KEY CHECK (id = 1), has_any INTEGER NOT NULL);
  `,
  `
  ALTER TABLE known_homes ADD COLUMN has_browser INTEGER NOT NULL DEFAULT 0;
  -- Browsers at the edge, for the limit of a day: from when, and until when at the latest. See hands/browser-time.ts.
  CREATE TABLE browser_use (id TEXT PRIMARY KEY, started_at INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
  `,
  `
  -- Where this Skerry is reached, as its owner opened its page; see hands/own-origin.ts.
  CREATE TABLE own_origin (kind TEXT PRIMARY KEY, origin TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
  `,
  `
  -- Messages of sessions that cannot go out just now; see channels/waiting.ts.
  CREATE TABLE channel_waiting (
    channel TEXT NOT NULL, account TEXT NOT NULL, session_key TEXT NOT NULL, count INTEGER NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (channel, account, session_key)
  ) WITHOUT ROWID;
  `,
];
