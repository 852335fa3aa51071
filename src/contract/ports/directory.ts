// What the Directory is asked: who may, which session, settings, keys, what is known of agents and sessions.
// The faces that the objects show each other are RPC: compatible for one release. Add optional fields, never change or remove.
import type { Admission, Brief } from "../admission.ts";
import type { ChannelDeskPort } from "../channels/channel.ts";
import type { Spend } from "../entry.ts";
import type { Outcome } from "../errors.ts";
import type { ApprovalsPort } from "../home/approval.ts";
import type { BrowserUse } from "../home/browser-settings.ts";
import type { OriginPort } from "../home/hand-off.ts";
import type { SessionRow, TurnOutcome } from "../live.ts";
import type { Message } from "../message.ts";
import type { PeoplePort } from "../people.ts";
import type { Settings } from "../settings.ts";
import type { RunState } from "./session.ts";

export interface AgentRow {
  id: string;
  name: string;
  isDefault: boolean;
  /** First `provider/model` of the agent, when the settings name one. */
  model?: string;
}

export interface TurnReport {
  session: SessionRow;
  runId: string;
  turnId: string;
  outcome: TurnOutcome;
  startedAt: number;
  endedAt: number;
  model?: string;
  spend: Spend;
  error?: string;
}

export interface SessionListRequest {
  limit?: number;
  offset?: number;
  agentId?: string;
  search?: string;
  /** `talks`: all but the sessions of programs that named none; `programs`: those alone. Absent: both. */
  kind?: "talks" | "programs";
  /** Only sessions touched in the last N minutes. */
  activeMinutes?: number;
}

export interface UsageRow {
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  agentId: string;
  model: string;
  turns: number;
  spend: Spend;
}

export interface SettingsDocument {
  settings: Settings;
  /** The document as its owner wrote it. */
  raw: string;
  hash: string;
  updatedAt: number;
}

/** Keys that were given in the page. They stay in memory: no row, no log and no frame may hold one. */
export interface ProviderKeys {
  version: number;
  keys: Record<string, string>;
}

/** What may be said of a key. */
export interface KeyNote {
  provider: string;
  /** `unreadable`: it was sealed under another owner's token and must be given again. */
  state: "set" | "unreadable";
  /** Its last four characters, when it is long enough to spare them. */
  ending?: string;
  setAt: number;
}

export interface Wanted {
  sessionKey?: string;
  agentId?: string;
  /** Something to know, not something to answer: no stranger gets a code for it. */
  isNotice?: boolean;
  /** ChannelAccount.version with which the request was proved: keys that no longer hold let nobody in. */
  accountVersion?: number;
  /** A screen whose word counts as the owner's when it comes to commands: it may approve, and raise a session. Absent: no. */
  mayDecide?: boolean;
}

/** What the index of sessions takes, and what its sessions said of themselves when they were heard of last. */
export interface DirectoryStorage {
  bytes: number;
  sessions: number;
  /** Of the sessions that said how large they are; at most the newest 5,000 are looked at. */
  sessionBytes: number;
  sessionsMeasured: number;
  largestSession?: { key: string; bytes: number };
  outboxWaiting: number;
}

export interface DirectoryPort extends PeoplePort, ChannelDeskPort, ApprovalsPort, OriginPort {
  /** Ask once, answer fully: who is it, which session, and everything that session must know. */
  admit(message: Message, wanted?: Wanted): Promise<Admission>;
  /** The brief for a session that something other than a message wakes. */
  brief(sessionKey: string): Promise<Brief>;
  /** Once per turn; a failed report never fails a turn. */
  report(report: TurnReport): Promise<void>;
  /** A session row changed outside a turn, or is new. */
  noteSession(row: SessionRow): Promise<void>;
  forgetSession(sessionKey: string): Promise<void>;
  /** `programs`: how many sessions of programs there are in all. */
  sessions(request: SessionListRequest): Promise<{ rows: SessionRow[]; total: number; programs?: number }>;
  findRun(runId: string): Promise<(RunState & { sessionKey: string }) | undefined>;
  agents(): Promise<AgentRow[]>;
  usage(fromDay: string, toDay: string): Promise<UsageRow[]>;
  settings(): Promise<SettingsDocument>;
  /** Replaces the document. `baseHash` must be the hash that was read; otherwise CONFLICT. */
  setSettings(raw: string, baseHash?: string): Promise<Outcome<SettingsDocument>>;
  /** RFC 7396 merge patch. */
  patchSettings(patch: unknown, baseHash?: string): Promise<Outcome<SettingsDocument>>;
  storage?(): Promise<DirectoryStorage>;
  /** Whether any machine of the owner is paired, and whether one of them has a browser; told by the Gateway whenever that changes. */
  noteHomes?(hasHomes: boolean, hasBrowser?: boolean): Promise<void>;
  /** Notes the time of a browser at the edge, if one is given, and answers what all of them have used of today (UTC), ms. */
  noteBrowserUse(use?: BrowserUse): Promise<number>;
  /** For those who ask models, never for a screen. */
  providerKeys(): Promise<ProviderKeys>;
  keyNotes(): Promise<KeyNote[]>;
  setProviderKey(provider: string, key: string): Promise<Outcome<KeyNote>>;
  removeProviderKey(provider: string): Promise<boolean>;
}
