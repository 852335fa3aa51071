// The composition root of a session: its tables, the ports it speaks to, and what they need. Built once in the
// object's constructor; tests build it over plain SQLite with fakes at the ports.

import type { DeliveryPort } from "../../contract/channels/delivery.ts";
import type { Event } from "../../contract/event.ts";
import type { HomePort } from "../../contract/home/port.ts";
import type { MediaRef } from "../../contract/message.ts";
import type { DirectoryPort } from "../../contract/ports/directory.ts";
import type { GatewayPort } from "../../contract/ports/gateway.ts";
import type { WorkspacePort } from "../../contract/ports/workspace.ts";
import type { ProviderDeps } from "../models/port.ts";
import type { Sql } from "../storage/sql.ts";
import { type BrowserPorts, Browsers } from "./browser/browsers.ts";
import { HandOffs } from "./browser/hand-offs.ts";
import { KeyRing } from "./key-ring.ts";
import { type LiveLine, Publisher } from "./live/publisher.ts";
import { Showing } from "./outgoing/showing.ts";
import { WaitingNews } from "./outgoing/waiting.ts";
import { Blocks } from "./rows/blocks.ts";
import { Calls } from "./rows/calls.ts";
import { Drafts } from "./rows/drafts.ts";
import { Inbox } from "./rows/inbox.ts";
import { Outbox } from "./rows/outbox.ts";
import { OverheardMessages } from "./rows/overheard.ts";
import { SessionProfile } from "./rows/profile.ts";
import { Transcript } from "./rows/transcript.ts";
import { Turns } from "./rows/turns.ts";
import { AlarmClock, type AlarmHost, Wake } from "./wake.ts";

export interface SessionPorts {
  sessionKey: string;
  agentId: string;
  sql: Sql;
  alarm: Omit<AlarmHost, "now">;
  workspace: WorkspacePort;
  gateway: Pick<GatewayPort, "publish">;
  openLine(): LiveLine;
  directory: Pick<
    DirectoryPort,
    | "report"
    | "noteSession"
    | "providerKeys"
    | "noteChannel"
    | "people"
    | "pairings"
    | "approvePairing"
    | "rejectPairing"
    | "maySend"
    | "mayBeHeard"
    | "askApproval"
    | "decideApproval"
    | "withdrawApproval"
    | "approval"
    | "approvals"
    | "noteBrowserUse"
  >;
  /** Tells another session what happened in its place. */
  noteElsewhere(sessionKey: string, event: Event & { kind: "notice" }): Promise<void>;
  delivery: DeliveryPort;
  /** The owner's machines; absent where none can be reached. */
  home?: HomePort;
  /** Browsers that are not at home; absent: there are none. */
  browser?: BrowserPorts;
  models: ProviderDeps;
  /** Keeps a picture a tool came upon. */
  storeMedia(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<MediaRef>;
  /** The way out for tools: where the runtime can, one that reaches public addresses only. */
  fetchOutside: typeof fetch;
  /** The bytes of a stored file; undefined when it is gone. */
  loadMedia(media: MediaRef): Promise<Uint8Array | undefined>;
  /** Asks a DNS service; absent where the platform itself keeps private addresses out. */
  resolveHost?: (name: string) => Promise<string[]>;
  /** Private hosts the owner allows tools to reach. */
  allowedHosts: readonly string[];
  now(): number;
}

export class SessionParts {
  readonly ports: SessionPorts;
  readonly sql: Sql;
  readonly inbox: Inbox;
  readonly turns: Turns;
  readonly transcript: Transcript;
  readonly calls: Calls;
  readonly blocks: Blocks;
  readonly outbox: Outbox;
  readonly overheard: OverheardMessages;
  readonly drafts: Drafts;
  readonly profile: SessionProfile;
  readonly publisher: Publisher;
  readonly keys: KeyRing;
  readonly alarm: AlarmClock;
  readonly showing: Showing;
  readonly waitingNews: WaitingNews;
  readonly browsers: Browsers;
  readonly handOffs: HandOffs;
  /** Accounts of which the Directory wants to hear that something went out; while the session is in memory. */
  readonly newsWanted = new Set<string>();
  /** Addresses that are being served just now. */
  readonly lanes = new Map<string, Promise<void>>();
  wake: Wake;
  /** Turns whose end is being told just now. */
  readonly telling = new Set<string>();
  /** Files of messages that are known to lie in the workspace. */
  readonly placed = new Set<string>();
  /** Cuts the running request or call short; the stop row is what counts. */
  abort = new AbortController();

  constructor(ports: SessionPorts) {
    this.ports = ports;
    this.sql = ports.sql;
    this.inbox = new Inbox(ports.sql);
    this.turns = new Turns(ports.sql);
    this.transcript = new Transcript(ports.sql);
    this.calls = new Calls(ports.sql);
    this.blocks = new Blocks(ports.sql);
    this.outbox = new Outbox(ports.sql);
    this.overheard = new OverheardMessages(ports.sql);
    this.drafts = new Drafts(ports.sql);
    this.profile = new SessionProfile(ports.sql);
    this.showing = new Showing(this);
    this.waitingNews = new WaitingNews(this);
    this.browsers = new Browsers(this);
    this.handOffs = new HandOffs(this);
    this.alarm = new AlarmClock({
      now: ports.now,
      setAlarm: (at) => ports.alarm.setAlarm(at),
      deleteAlarm: () => ports.alarm.deleteAlarm(),
    });
    this.wake = new Wake(ports.now());
    this.keys = new KeyRing(ports, () => this.wake.countInside());
    this.publisher = new Publisher({
      gateway: ports.gateway,
      sessionKey: ports.sessionKey,
      agentId: ports.agentId,
      now: ports.now,
      row: () => this.row(),
      openLine: ports.openLine,
      countRequest: () => this.wake.countInside(),
    });
  }

  /** What models are asked with; its environment knows the keys that were given in the page. */
  get models(): ProviderDeps {
    return this.keys.models;
  }

  now(): number {
    return this.ports.now();
  }

  /** All or nothing; what was counted in memory is taken back with it. */
  commit<T>(work: () => T): T {
    try {
      return this.sql.transaction(() => {
        this.profile.hold();
        const made = work();
        this.turns.writeTold();
        this.profile.release();
        return made;
      });
    } catch (error) {
      this.transcript.forgetCache();
      this.turns.forgetCache();
      this.inbox.forgetCache();
      this.drafts.forgetCache();
      this.profile.reload();
      throw error;
    }
  }

  row(): ReturnType<SessionProfile["row"]> | undefined {
    if (!this.profile.exists) return undefined;
    const turn = this.turns.open();
    const status = turn
      ? turn.state === "waiting"
        ? "waiting"
        : "running"
      : this.profile.get().lastOutcome === "failed"
        ? "failed"
        : "idle";
    const outboxWaiting = this.outbox.countWaiting();
    return {
      ...this.profile.row(status, turn ? [turn.runId] : []),
      storedBytes: this.sql.size(),
      ...(outboxWaiting > 0 ? { outboxWaiting } : {}),
    };
  }
}
