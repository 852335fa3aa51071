// A session in plain Node: real parts over real SQL, fakes only at the ports. `crash()` drops everything in memory and
// opens the same rows again, as a restart does.
import type { Brief } from "../../src/contract/admission.ts";
import type { ChannelNote } from "../../src/contract/channels/channel.ts";
import type { DeliveryOutcome, DeliveryPort, DeliveryStyle, OutboxItem } from "../../src/contract/channels/delivery.ts";
import type { Entry } from "../../src/contract/entry.ts";
import type { Event, TurnWishes } from "../../src/contract/event.ts";
import type { ApprovalsPort } from "../../src/contract/home/approval.ts";
import type { BrowserUse } from "../../src/contract/home/browser-settings.ts";
import type { HomePort } from "../../src/contract/home/port.ts";
import type { LiveEvent } from "../../src/contract/live.ts";
import type { Message, Part } from "../../src/contract/message.ts";
import type { PeoplePort } from "../../src/contract/people.ts";
import type { TurnReport } from "../../src/contract/ports/directory.ts";
import type { Receipt } from "../../src/contract/ports/session.ts";
import type { WorkspacePort } from "../../src/contract/ports/workspace.ts";
import type { BrowserPorts } from "../../src/durable/session/browser/browsers.ts";
import { SessionParts } from "../../src/durable/session/parts.ts";
import { receive } from "../../src/durable/session/receiving.ts";
import { SESSION_SCHEMA } from "../../src/durable/session/rows/schema.ts";
import { Runner } from "../../src/durable/session/runner.ts";
import { stopTurn } from "../../src/durable/session/stopping.ts";
import { migrate, type Sql } from "../../src/durable/storage/sql.ts";
import { messageEvent } from "./event.ts";
import { openTestSql } from "./sqlite.ts";

export interface TestSession {
  parts: SessionParts;
  runner: Runner;
  told: LiveEvent[];
  reports: TurnReport[];
  sent: OutboxItem[];
  /** Texts that went out as messages, in order. */
  texts(): string[];
  channelNotes: ChannelNote[];
  /** What other sessions were told. */
  elsewhere: { sessionKey: string; event: Event }[];
  /** When the alarm is set for; undefined: none. */
  alarmAt(): number | undefined;
  send(
    text: string,
    options?: {
      id?: string;
      wishes?: TurnWishes;
      brief?: Partial<Brief>;
      channel?: string;
      message?: Partial<Message>;
      files?: Part[];
    },
  ): Promise<Receipt>;
  receive(event: Event, brief?: Partial<Brief>): Promise<Receipt>;
  stop(): void;
  rest(): Promise<void>;
  /** Everything in memory is lost; the rows stay. */
  crash(): Promise<void>;
  fireAlarm(): Promise<void>;
  entries(): Entry[];
}

export interface TestSessionOptions {
  env: Record<string, string>;
  workspace: WorkspacePort;
  brief?: Partial<Brief>;
  deliver?: (item: OutboxItem) => Promise<DeliveryOutcome>;
  /** Cuts texts; without, at the style's limit. */
  plan?: (text: string, style: DeliveryStyle) => Promise<string[]>;
  fetchMedia?: DeliveryPort["fetchMedia"];
  readPlace?: DeliveryPort["read"];
  people?: Partial<PeoplePort>;
  approvals?: Partial<ApprovalsPort>;
  failReports?: () => boolean;
  fetch?: typeof fetch;
  /** The owner's machines. */
  home?: HomePort;
  /** Browsers that are not at home. */
  browser?: BrowserPorts;
  noteBrowserUse?: (use?: BrowserUse) => Promise<number>;
  /** Stored files by key. */
  media?: ReadonlyMap<string, Uint8Array>;
  now?: () => number;
  key?: string;
  /** For counting what a turn costs. */
  wrapSql?: (sql: Sql) => Sql;
  onAlarm?: () => void;
  onLine?: () => void;
}

export function makeBrief(change: Partial<Brief> = {}): Brief {
  return {
    sessionKey: "agent:main:main",
    agentId: "main",
    agentName: "Skerry",
    models: ["anthropic/claude-opus-4-6"],
    providers: {},
    queue: { mode: "steer", debounceMs: 20, cap: 20, drop: "summarize" },
    tools: {},
    timeZone: "UTC",
    budget: {},
    compaction: { enabled: true, keepRecentTokens: 20_000, reserveTokens: 20_000 },
    modelIdleMs: 5000,
    settingsHash: "test",
    ...change,
  };
}

let count = 0;

export function openTestSession(options: TestSessionOptions): TestSession {
  const plain = openTestSql();
  migrate(plain, "session", SESSION_SCHEMA);
  const sql = options.wrapSql?.(plain) ?? plain;
  const told: LiveEvent[] = [];
  const reports: TurnReport[] = [];
  const sent: OutboxItem[] = [];
  const channelNotes: ChannelNote[] = [];
  const elsewhere: { sessionKey: string; event: Event }[] = [];
  let alarmAt: number | undefined;
  let life = 0;

  const open = (): { parts: SessionParts; runner: Runner } => {
    const own = ++life;
    const isGone = () => own !== life;
    const parts = new SessionParts({
      sessionKey: options.key ?? "agent:main:main",
      agentId: "main",
      // A dead life writes no more: what was in flight when the process ended must leave no trace.
      sql: new Proxy(sql, {
        get(target, name: keyof typeof sql) {
          if (isGone()) throw new Error("This life of the session is over.");
          return target[name];
        },
      }),
      alarm: {
        setAlarm: async (at) => {
          options.onAlarm?.();
          if (!isGone()) alarmAt = at;
        },
        deleteAlarm: async () => {
          options.onAlarm?.();
          if (!isGone()) alarmAt = undefined;
        },
      },
      workspace: options.workspace,
      ...(options.home ? { home: options.home } : {}),
      ...(options.browser ? { browser: options.browser } : {}),
      gateway: {
        publish: async (parcel) => {
          if (!isGone()) told.push(...parcel.events);
        },
      },
      openLine: () => {
        options.onLine?.();
        return {
          write: async (parcel) => {
            if (!isGone()) told.push(...parcel.events);
          },
          close: () => {},
        };
      },
      directory: {
        report: async (report) => {
          if (options.failReports?.()) throw new Error("The Directory is out of reach.");
          reports.push(report);
        },
        noteSession: async () => {},
        providerKeys: async () => ({ version: 0, keys: {} }),
        noteChannel: async (note) => {
          channelNotes.push(note);
        },
        people: async () => [],
        pairings: async () => [],
        approvePairing: async () => ({ ok: false, error: { code: "NOT_FOUND", message: "There is no such code." } }),
        rejectPairing: async () => ({ ok: false, error: { code: "NOT_FOUND", message: "There is no such code." } }),
        maySend: async ({ to }) => ({ outcome: "allowed", to }),
        mayBeHeard: async ({ authors }) => authors.map(() => true),
        askApproval: async () => Promise.reject(new Error("Nobody can be asked in this test.")),
        decideApproval: async () => ({ ok: false, error: { code: "NOT_FOUND", message: "There is no such question." } }),
        withdrawApproval: async () => {},
        approval: async () => undefined,
        approvals: async () => [],
        noteBrowserUse: options.noteBrowserUse ?? (async () => 0),
        ...options.people,
        ...options.approvals,
      },
      noteElsewhere: async (sessionKey, event) => {
        elsewhere.push({ sessionKey, event });
      },
      delivery: {
        send: async (item) => {
          sent.push(item);
          return options.deliver ? options.deliver(item) : { outcome: "sent", platformId: `p${sent.length}` };
        },
        plan: async (_to, text, style) => (options.plan ? options.plan(text, style) : cutAt(text, style.textLimit)),
        fetchMedia:
          options.fetchMedia ??
          (async (_from, { handle }) => ({ ok: true, value: { key: `media/${handle}`, type: "image/png", size: 3 } })),
        read: options.readPlace ?? (async () => ({ ok: true, value: [] })),
      },
      models: { env: options.env, fetch: options.fetch ?? fetch, now: Date.now },
      fetchOutside: options.fetch ?? fetch,
      loadMedia: async (media) => options.media?.get(media.key),
      storeMedia: async (bytes, name) => ({ key: `media/${name}`, type: "image/png", size: bytes.length, name }),
      allowedHosts: ["127.0.0.1"],
      now: options.now ?? Date.now,
    });
    return { parts, runner: new Runner(parts) };
  };

  const session: TestSession = {
    ...open(),
    told,
    reports,
    sent,
    alarmAt: () => alarmAt,
    async send(text, send = {}) {
      const id = send.id ?? `m${++count}`;
      const receipt = await receive(
        session.parts,
        messageEvent(text, id, send.wishes, send.channel, { ...send.message, files: send.files ?? [] }),
        makeBrief({ ...options.brief, ...send.brief }),
      );
      void session.runner.go();
      return receipt;
    },
    async receive(event, brief) {
      const receipt = await receive(session.parts, event, makeBrief({ ...options.brief, ...brief }));
      void session.runner.go();
      return receipt;
    },
    texts: () => sent.flatMap(({ act }) => (act.type === "text" ? [act.text] : [])),
    channelNotes,
    elsewhere,
    stop() {
      stopTurn(session.parts);
      void session.runner.go();
    },
    rest: () => session.runner.go(),
    async crash() {
      const { parts } = session;
      // A timer of the dead life may still want to tell of it.
      const row = parts.row();
      parts.row = () => row;
      Object.assign(session, open());
      parts.abort.abort();
      await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async fireAlarm() {
      alarmAt = undefined;
      await session.runner.alarm(60_000);
    },
    entries: () => [...session.parts.transcript.page({ limit: 1000 }).entries],
  };
  return session;
}

function cutAt(text: string, limit: number): string[] {
  return Array.from({ length: Math.ceil(text.length / limit) }, (_part, index) => text.slice(index * limit, (index + 1) * limit));
}
