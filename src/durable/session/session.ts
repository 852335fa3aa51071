// Session: one conversation, one object. A shell: it opens storage, answers RPC and the alarm, and forwards to the
// parts beside it. It knows no platform and asks for no settings in mid-turn; the brief that comes with an event
// holds all that it needs.
import { DurableObject } from "cloudflare:workers";
import type { Brief } from "../../contract/admission.ts";
import type { DeliveryPort } from "../../contract/channels/delivery.ts";
import type { Entry } from "../../contract/entry.ts";
import type { Outcome } from "../../contract/errors.ts";
import type { Event } from "../../contract/event.ts";
import type { HandOffAnswer, HandOffWish } from "../../contract/home/hand-off.ts";
import type { SessionRow } from "../../contract/live.ts";
import type {
  EarlierMessage,
  History,
  HistoryRequest,
  Receipt,
  RunState,
  SessionPatch,
  SessionPort,
} from "../../contract/ports/session.ts";
import { parseSessionKey } from "../../contract/session-key.ts";
import { type Env, textVariables } from "../env.ts";
import { sealLink } from "../hand-off-link.ts";
import { storeMedia } from "../media.ts";
import { migrate, openSql } from "../storage/sql.ts";
import { directoryOf, gatewayOf, sessionOf, workspaceOf } from "../stubs.ts";
import { resolveOverHttps } from "../tools/web/resolve-host.ts";
import { type Compacted, compactNow } from "./compacting.ts";
import { choiceOf } from "./describing.ts";
import { readHistory, readRun, storyOf } from "./live/history.ts";
import { openLine } from "./live/line.ts";
import { SessionParts } from "./parts.ts";
import { receive, seedTalk } from "./receiving.ts";
import { SESSION_SCHEMA } from "./rows/schema.ts";
import { Runner } from "./runner.ts";
import { patchSession, resetSession } from "./slash.ts";
import { dropWaiting, stopTurn } from "./stopping.ts";

/** Below the platform's 15 minutes of one alarm. */
const ALARM_HOLD_MS = 12 * 60_000;

export class Session extends DurableObject<Env> implements SessionPort {
  #parts: SessionParts;
  #runner: Runner;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#parts = openParts(ctx, env);
    this.#runner = new Runner(this.#parts);
  }

  async receive(event: Event, brief: Brief): Promise<Receipt> {
    const receipt = await receive(this.#parts, event, brief);
    this.ctx.waitUntil(this.#runner.go());
    return receipt;
  }

  async stop(runId?: string): Promise<{ stopped: boolean; runIds: string[] }> {
    if (!this.#parts.profile.exists) return { stopped: false, runIds: [] };
    const runIds = [...stopTurn(this.#parts, runId), ...dropWaiting(this.#parts, "Stopped before it began.", runId)];
    this.ctx.waitUntil(this.#runner.go());
    return { stopped: runIds.length > 0, runIds };
  }

  async history(request: HistoryRequest): Promise<History> {
    return readHistory(this.#parts, request);
  }

  async entry(entryId: string): Promise<Entry | undefined> {
    return this.#parts.transcript.byId(entryId);
  }

  async row(): Promise<SessionRow | undefined> {
    return this.#parts.row();
  }

  async run(runId: string): Promise<RunState> {
    return readRun(this.#parts, runId);
  }

  async watch(runId: string, options: { stopOnLeave?: boolean } = {}): Promise<ReadableStream<Uint8Array>> {
    const leave = options.stopOnLeave ? () => void this.stop(runId) : undefined;
    return this.#parts.publisher.watchers.open(runId, storyOf(this.#parts, runId), leave);
  }

  async seed(earlier: EarlierMessage[]): Promise<void> {
    seedTalk(this.#parts, earlier);
  }

  async patch(patch: SessionPatch): Promise<Outcome<SessionRow>> {
    this.#parts.profile.ensure(this.#parts.ports.sessionKey, this.#parts.ports.agentId, Date.now());
    const refused = patchSession(this.#parts, patch);
    if (refused) return { ok: false, error: { code: "INVALID_REQUEST", message: refused } };
    return { ok: true, value: await this.#noteRow() };
  }

  async inject(text: string, label?: string): Promise<Entry> {
    const parts = this.#parts;
    parts.profile.ensure(parts.ports.sessionKey, parts.ports.agentId, Date.now());
    const entry = parts.commit(() =>
      parts.transcript.add({ kind: "note", text, isForModel: true, ...(label ? { label } : {}) }, Date.now()),
    );
    parts.publisher.tell({ type: "entry", entry }, { withRow: true });
    return entry;
  }

  async handOff(call: string, wish: HandOffWish): Promise<HandOffAnswer> {
    const answer = await this.#parts.handOffs.answer(call, wish);
    if (wish.kind === "done") this.ctx.waitUntil(this.#runner.go());
    return answer;
  }

  async reset(): Promise<SessionRow> {
    this.#parts.profile.ensure(this.#parts.ports.sessionKey, this.#parts.ports.agentId, Date.now());
    resetSession(this.#parts);
    this.ctx.waitUntil(this.#runner.go());
    return this.#noteRow();
  }

  async compact(brief: Brief, focus?: string): Promise<Outcome<Compacted>> {
    const parts = this.#parts;
    if (!parts.profile.exists) return { ok: false, error: { code: "NOT_FOUND", message: "There is no such session." } };
    if (parts.turns.open()) {
      return {
        ok: false,
        error: { code: "UNAVAILABLE", message: "A turn is running; stop it or wait for its end.", retryable: true },
      };
    }
    await parts.keys.renew(brief);
    return { ok: true, value: await compactNow(parts, brief, choiceOf(parts, brief).models, focus ? { focus } : {}) };
  }

  async resend(channel: string, account: string): Promise<void> {
    this.#parts.outbox.hasten(channel, account, Date.now());
    this.ctx.waitUntil(this.#runner.go());
  }

  async destroy(): Promise<void> {
    if (this.#parts.profile.exists) {
      stopTurn(this.#parts);
      await this.#runner.go();
      await this.#parts.browsers.endAll();
    }
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    // What was known in memory must not outlive the rows.
    this.#parts = openParts(this.ctx, this.env);
    this.#runner = new Runner(this.#parts);
  }

  override async alarm(): Promise<void> {
    await this.#runner.alarm(ALARM_HOLD_MS);
  }

  async #noteRow(): Promise<SessionRow> {
    const row = this.#parts.row();
    if (!row) throw new Error("A session with a profile has a row.");
    await this.#parts.ports.directory.noteSession(row);
    return row;
  }
}

/** Puts a session together over what the runtime gave. */
function openParts(ctx: DurableObjectState, env: Env): SessionParts {
  const sql = openSql(ctx.storage);
  migrate(sql, "session", SESSION_SCHEMA);
  const sessionKey = ctx.id.name ?? "";
  const agentId = parseSessionKey(sessionKey)?.agentId ?? "main";
  const isLocal = env.SKERRY_RUNTIME === "local";
  return new SessionParts({
    sessionKey,
    agentId,
    sql,
    alarm: ctx.storage,
    workspace: workspaceOf(env, agentId),
    gateway: gatewayOf(env),
    openLine: () => openLine(gatewayOf(env)),
    directory: directoryOf(env),
    noteElsewhere: async (key, event) => {
      await sessionOf(env, key).receive(event, await directoryOf(env).brief(key));
    },
    delivery: deliveryOf(ctx),
    home: gatewayOf(env),
    models: {
      env: textVariables(env),
      fetch: (input, init) => fetch(input, init),
      ...(env.AI && !isLocal ? { ai: env.AI } : {}),
      now: Date.now,
    },
    loadMedia: async (media) => {
      const stored = await env.MEDIA.get(media.key);
      return stored ? new Uint8Array(await stored.arrayBuffer()) : undefined;
    },
    storeMedia: (bytes, name) => storeMedia(env.MEDIA, bytes, name),
    fetchOutside: outsideOf(env),
    browser: {
      ...(env.BROWSER ? { binding: env.BROWSER } : {}),
      isLocal,
      fetch: (input, init) => fetch(input, init),
      resolveHost: resolveOverHttps((input, init) => fetch(input, init)),
      sealLink: (link) => sealLink(env.SKERRY_TOKEN ?? "", { ...link, sessionKey }),
    },
    ...(isLocal ? {} : { resolveHost: resolveOverHttps((input, init) => fetch(input, init)) }),
    allowedHosts: listOf(env["SKERRY_ALLOWED_HOSTS"]),
    now: Date.now,
  });
}

/** Delivery is an entry point of this same Worker; the type of ctx.exports is not known to the compiler. */
function deliveryOf(ctx: DurableObjectState): DeliveryPort {
  const exported = (ctx as unknown as { exports: { Delivery: DeliveryPort } }).exports;
  return {
    send: (item) => exported.Delivery.send(item),
    plan: (to, text, style) => exported.Delivery.plan(to, text, style),
    fetchMedia: (from, remote) => exported.Delivery.fetchMedia(from, remote),
    read: (from, limit) => exported.Delivery.read(from, limit),
  };
}

/** Hosts the owner allows are reached directly; all others, where there is one, through a network of public addresses. */
function outsideOf(env: Env): typeof fetch {
  const allowed = listOf(env["SKERRY_ALLOWED_HOSTS"]);
  const { OUTSIDE } = env;
  if (!OUTSIDE) return (input, init) => fetch(input, init);
  return (input, init) => {
    const { host, hostname } = new URL(input instanceof Request ? input.url : input);
    return allowed.includes(host) || allowed.includes(hostname) ? fetch(input, init) : OUTSIDE.fetch(input, init);
  };
}

function listOf(value: unknown): string[] {
  return typeof value === "string"
    ? value
        .split(",")
        .map((item) => item.trim())
        .filter(Boolean)
    : [];
}
