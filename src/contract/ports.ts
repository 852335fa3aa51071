// The faces that the objects show each other. Implemented as RPC methods of the Durable Objects, and by fakes in
// tests. Compatible for one release: add optional fields, never change or remove.
import type { Admission, Brief } from "./admission.ts";
import type { ChannelDeskPort } from "./channels/channel.ts";
import type { Entry, Spend } from "./entry.ts";
import type { Outcome } from "./errors.ts";
import type { Event, InboxState } from "./event.ts";
import type { ApprovalsPort } from "./home/approval.ts";
import type { BrowserUse } from "./home/browser-settings.ts";
import type { HandOffPort, OriginPort } from "./home/hand-off.ts";
import type { LiveParcel, SessionRow, TurnOutcome } from "./live.ts";
import type { Message, Part } from "./message.ts";
import type { EventName } from "./methods.ts";
import type { PeoplePort } from "./people.ts";
import type { Settings } from "./settings.ts";

// ── Session ────────────────────────────────────────────────────────────────────────────────────────────────

export interface Receipt {
  /** `duplicate`: this id was received before; nothing was done again. */
  status: "accepted" | "duplicate";
  state: InboxState;
  /** Queued, and the next to be answered: nothing is at work but the fetching of what belongs to it. */
  isNext?: true;
  runId: string;
  /** Text of a slash command's answer, when the message was one. */
  reply?: string;
}

export interface HistoryRequest {
  /** Newest entries first cut, answered oldest first. Default 200, at most 1000. */
  limit?: number;
  /** Only entries after this position (catching up). */
  afterSeq?: number;
  /** Only entries before this position (paging back). */
  beforeSeq?: number;
}

/** What a run is doing right now, for a screen that comes in the middle. */
export interface ActiveRun {
  runId: string;
  startedAt: number;
  step: number;
  /** Text of the running step so far. */
  text: string;
  thinking: string;
  calls: { callId: string; name: string; args: Record<string, unknown>; title: string; state: "running" | "done" }[];
  /** `seq` of the latest live event. */
  seq: number;
}

export interface History {
  row: SessionRow;
  entries: Entry[];
  total: number;
  hasMore: boolean;
  active?: ActiveRun;
  /** Messages accepted but not yet in the transcript. */
  waiting: { inboxId: string; text: string; state: InboxState; at: number }[];
}

/** `null` clears. */
export interface SessionPatch {
  label?: string | null;
  model?: string | null;
  thinking?: string | null;
  queueMode?: string | null;
  verbose?: string | null;
  reasoning?: string | null;
}

export interface RunState {
  status: "running" | "ok" | "error" | "unknown";
  outcome?: TurnOutcome;
  startedAt?: number;
  endedAt?: number;
  text?: string;
  error?: string;
}

/** One message of a talk that was held elsewhere. */
export interface EarlierMessage {
  role: "user" | "assistant";
  parts: Part[];
}

export interface SessionPort extends HandOffPort {
  receive(event: Event, brief: Brief): Promise<Receipt>;
  /** Asks the running turn to stop. Kept as a row, so a stop between two steps is not lost. */
  stop(runId?: string): Promise<{ stopped: boolean; runIds: string[] }>;
  history(request: HistoryRequest): Promise<History>;
  entry(entryId: string): Promise<Entry | undefined>;
  row(): Promise<SessionRow | undefined>;
  run(runId: string): Promise<RunState>;
  /**
   * A run from its beginning to its end: one LiveEvent a line, as JSON. Begins with what there is already, so that
   * nothing is missed; the last line is its `turn-ended`, or its `inbox` when it was dropped. A run that is not known
   * ends at once. `stopOnLeave`: whoever watches is the only one interested; the turn is stopped when they hang up.
   */
  watch(runId: string, options?: { stopOnLeave?: boolean }): Promise<ReadableStream<Uint8Array>>;
  /** Puts a talk that was held elsewhere before the first message. A session that has begun is left as it is. */
  seed(earlier: EarlierMessage[]): Promise<void>;
  patch(patch: SessionPatch): Promise<Outcome<SessionRow>>;
  inject(text: string, label?: string): Promise<Entry>;
  /** A new start in place: the window moves to the end, the old entries stay readable. */
  reset(): Promise<SessionRow>;
  compact(
    brief: Brief,
    focus?: string,
  ): Promise<Outcome<{ compacted: boolean; tokensBefore: number; tokensAfter: number; reason?: string }>>;
  /** Removes everything the session stored. */
  destroy(): Promise<void>;
}

// ── Directory ──────────────────────────────────────────────────────────────────────────────────────────────

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

/** Large files are objects in the store; the rest lies in the database. */
export interface WorkspaceStorage {
  bytes: number;
  files: number;
  largeFiles: number;
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

// ── Workspace ──────────────────────────────────────────────────────────────────────────────────────────────

export interface FileInfo {
  path: string;
  /** Bytes. */
  size: number;
  updatedAt: number;
  /** Counts up with every write. */
  version: number;
  isDirectory: boolean;
  isReadOnly?: boolean;
}

export interface SkillInfo {
  name: string;
  description: string;
  /** Path of its SKILL.md, as `read` takes it. */
  path: string;
  source: "bundled" | "workspace";
  isEnabled: boolean;
  /** Why it is not offered, when it is not. */
  reason?: string;
}

/** What the system prompt is made of. */
export interface Bootstrap {
  fingerprint: string;
  /** In prompt order; text already capped, with a notice where it was cut. */
  files: { name: string; text: string; isMissing: boolean }[];
  skills: SkillInfo[];
  isFirstRun: boolean;
}

export interface MemoryHit {
  path: string;
  /** First line of the passage, from 1. */
  line: number;
  text: string;
  score: number;
}

/**
 * What a file was when it was last seen. With the time, because a file that was removed and written again counts its versions
 * from 1 again. Version 0: there was none.
 */
export interface FileStamp {
  version: number;
  updatedAt: number;
}

/** An earlier state of a file. */
export interface FileVersion {
  version: number;
  size: number;
  updatedAt: number;
}

export type FileChange =
  | { type: "write"; path: string; bytes: Uint8Array }
  | { type: "mkdir"; path: string }
  | { type: "remove"; path: string };

/** Without `bytes` it takes the file away. */
export interface MarkedChange {
  path: string;
  bytes?: Uint8Array;
  expected: FileStamp;
}

/** Paths are relative to the workspace, "/" separated, without "..". Errors: ToolFailure text in an Outcome. */
export interface WorkspacePort {
  /** `switches`: skills on or off by name. */
  bootstrap(
    knownFingerprint?: string,
    switches?: Record<string, boolean>,
  ): Promise<Bootstrap | { fingerprint: string; unchanged: true }>;
  read(path: string): Promise<Outcome<{ info: FileInfo; bytes: Uint8Array }>>;
  write(path: string, bytes: Uint8Array, expected?: number | FileStamp): Promise<Outcome<FileInfo>>;
  /** With `expected` it takes away a file that is still that one, or a folder with nothing in it. */
  remove(path: string, expected?: FileStamp): Promise<Outcome<{ removed: number }>>;
  /** One folder, or with `isDeep` everything below it. */
  list(path: string, isDeep?: boolean): Promise<Outcome<FileInfo[]>>;
  /** Several changes in one transaction: what a shell run leaves behind. */
  apply(changes: FileChange[]): Promise<Outcome<{ changed: number }>>;
  /** Several at once, each for itself. Answers in their order; fewer than asked for when they are too large together. */
  readEach(paths: string[]): Promise<Outcome<{ info: FileInfo; bytes: Uint8Array }>[]>;
  changeEach(changes: MarkedChange[]): Promise<Outcome<FileStamp>[]>;
  grep(request: {
    pattern: string;
    path?: string;
    glob?: string;
    isCaseless?: boolean;
    isLiteral?: boolean;
    limit?: number;
    context?: number;
  }): Promise<Outcome<{ path: string; line: number; text: string }[]>>;
  /** Lays stored files there without copying them; what is there stays. `take` writes one, unless another is there and stays. */
  attach?(files: { path: string; key: string; size: number }[]): Promise<Outcome<{ attached: number }>>;
  take?(file: { path: string; key: string; size: number }, isReplacing: boolean): Promise<Outcome<{ isTaken: boolean }>>;
  memorySearch(query: string, limit: number): Promise<MemoryHit[]>;
  skills(switches?: Record<string, boolean>): Promise<SkillInfo[]>;
  storage?(): Promise<WorkspaceStorage>;
  /** Earlier versions of a file that shapes the agent, newest first; of other files none are kept. */
  versions?(path: string): Promise<Outcome<FileVersion[]>>;
  readVersion?(path: string, version: number): Promise<Outcome<Uint8Array>>;
}

// ── Gateway ────────────────────────────────────────────────────────────────────────────────────────────────

export interface GatewayPort {
  /** Live events toward the screens. Never throws, never waits for a screen. */
  publish(parcel: LiveParcel): Promise<void>;
  /**
   * The same, for as long as a turn runs: one LiveParcel a line, as JSON. One request however many deltas, where a
   * publish each would be a billed request each. Cancels the stream at once when nobody watches or waits.
   */
  follow(lines: ReadableStream<Uint8Array>): Promise<void>;
  /** Tells the screens of something that is no session's: who waits at the door, who is known now. */
  announce(event: EventName, payload: Record<string, unknown>): Promise<void>;
}

/** Proof that the door took from a request. `client` is the caller's network address, for the guess limit. */
export interface DoorProof {
  /** Owner's token, from a bearer header or a login form. */
  token?: string;
  /** Token of a paired device that may write; only where a door says that one will do. */
  deviceToken?: string;
  /** Token of a paired home; only at the door of homes. */
  homeToken?: string;
  /** One-time code of a login link. */
  code?: string;
  /** Secret of the login cookie. */
  login?: string;
  /** What Cloudflare Access added to the request; only from our own page. */
  assertion?: string;
  client: string;
  /** What the browser says it is: shown in the list of logins, never believed. */
  userAgent?: string;
}

/** `locked`: too many wrong guesses from this address. */
export type DoorAnswer<T> =
  | ({ outcome: "welcome" } & T)
  | { outcome: "refused"; reason: string }
  | { outcome: "locked"; retryAfterMs: number };

type DoorWay = "token" | "login" | "device" | "access" | "home";
/** What the Worker asks of the Gateway for its own HTTP requests. */
export interface DoorPort {
  /** Trades a token or a one-time code for a login. */
  login(proof: DoorProof): Promise<DoorAnswer<{ secret: string; expiresAt: number }>>;
  /** Ends the login, and the sockets of whoever came by it or by the assertion. `by`: what there was to end. */
  logout(proof: DoorProof): Promise<{ by: "access" | "login" | "none" }>;
  /** Whether the token, the device's token, the login or the assertion is good. */
  check(proof: DoorProof): Promise<DoorAnswer<{ by: DoorWay; homeId?: string; expiresAt?: number }>>;
  /** Mints a one-time login code for whoever proves to be the owner. */
  mintCode(proof: DoorProof): Promise<DoorAnswer<{ code: string; expiresAt: number }>>;
  /** Says good-bye to every screen before the process ends. */
  announceShutdown(reason: string, restartExpectedMs?: number): Promise<void>;
}
