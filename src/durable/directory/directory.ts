// Directory: who may, where to, when, settings. One for the deployment. A shell over its parts: it answers an
// admission fully and at once, and is told once when a turn has ended. It never stands inside a turn, never sees
// message history, never calls a model.
import { DurableObject } from "cloudflare:workers";
import type { Admission, Brief } from "../../contract/admission.ts";
import { NO_SPEND } from "../../contract/entry.ts";
import type { Outcome } from "../../contract/errors.ts";
import type { SessionRow } from "../../contract/live.ts";
import { type Message, textOf } from "../../contract/message.ts";
import type {
  AgentRow,
  DirectoryPort,
  DirectoryStorage,
  KeyNote,
  ProviderKeys,
  RunState,
  SessionListRequest,
  SettingsDocument,
  TurnReport,
  UsageRow,
} from "../../contract/ports.ts";
import { formatSessionKey, parseSessionKey } from "../../contract/session-key.ts";
import type { Env } from "../env.ts";
import { migrate, openSql } from "../storage/sql.ts";
import { sessionOf } from "../stubs.ts";
import { decideAdmission } from "./admission.ts";
import { hasDailyBudget, listAgents, makeBrief } from "./briefs.ts";
import { expireSessions, isExpiring, PROGRAM_LIFE_MS } from "./expiry.ts";
import { KeyStore } from "./key-store.ts";
import { DIRECTORY_SCHEMA } from "./schema.ts";
import { SessionIndex } from "./session-index.ts";
import { SettingsStore } from "./settings-store.ts";
import { dayOf, UsageLedger } from "./usage-ledger.ts";

const REPORT_PAUSE_MS = 15;

export class Directory extends DurableObject<Env> implements DirectoryPort {
  readonly #settings: SettingsStore;
  readonly #sessions: SessionIndex;
  readonly #usage: UsageLedger;
  readonly #pending: { write(): void; resolve?(): void; reject?(error: unknown): void }[] = [];
  readonly #keys: KeyStore;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const sql = openSql(ctx.storage);
    migrate(sql, "directory", DIRECTORY_SCHEMA);
    this.#settings = new SettingsStore(sql);
    this.#sessions = new SessionIndex(sql);
    this.#usage = new UsageLedger(sql);
    this.#keys = new KeyStore(sql, env.SKERRY_TOKEN);
    ctx.blockConcurrencyWhile(() => this.#keys.open());
  }

  async admit(message: Message, wanted: { sessionKey?: string; agentId?: string } = {}): Promise<Admission> {
    const decision = decideAdmission(this.#settings.get().settings, message, wanted);
    if (decision.outcome !== "accept") return decision;
    // After the answer: whoever waits for it should not wait for the disk. Should it get lost, the turn's report brings it.
    this.#later(() => this.#noteNew(decision.sessionKey, decision.agentId, textOf(message.parts)), 0);
    return { outcome: "accept", sessionKey: decision.sessionKey, brief: this.#brief(decision), reason: decision.reason };
  }

  async brief(sessionKey: string): Promise<Brief> {
    const parts = parseSessionKey(sessionKey);
    if (!parts) throw new Error(`"${sessionKey}" is no session key.`);
    return this.#brief({ sessionKey: formatSessionKey(parts), agentId: parts.agentId });
  }

  /** Reports that come close together are written together. */
  report(report: TurnReport): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#later(
        () => {
          this.#sessions.put(report.session);
          this.#usage.add(report);
        },
        REPORT_PAUSE_MS,
        { resolve, reject },
      );
    });
  }

  /** Keeps a write for a moment; whoever reads meanwhile has it written first. */
  #later(write: () => void, pauseMs: number, done?: { resolve(): void; reject(error: unknown): void }): void {
    this.#pending.push({ write, ...done });
    setTimeout(() => this.#writePending(), pauseMs);
  }

  #writePending(): void {
    const pending = this.#pending.splice(0);
    if (pending.length === 0) return;
    try {
      this.ctx.storage.transactionSync(() => {
        for (const { write } of pending) write();
      });
      for (const { resolve } of pending) resolve?.();
    } catch (error) {
      console.error("reports were not written", error);
      for (const { reject } of pending) reject?.(error);
    }
  }

  async noteSession(row: SessionRow): Promise<void> {
    this.#writePending();
    this.#sessions.put(row);
  }

  async forgetSession(sessionKey: string): Promise<void> {
    this.#writePending();
    this.#sessions.remove(sessionKey);
  }

  async sessions(request: SessionListRequest): Promise<{ rows: SessionRow[]; total: number; programs: number }> {
    this.#writePending();
    return { ...this.#sessions.list(request, Date.now()), programs: this.#sessions.countPrograms() };
  }

  /** Sessions that end by themselves. */
  override async alarm(): Promise<void> {
    this.#writePending();
    const nextAt = await expireSessions(this.#sessions, (key) => this.#destroy(key), Date.now());
    if (nextAt !== undefined) await this.ctx.storage.setAlarm(nextAt);
  }

  /** The object ends itself as its last act, and the call to it breaks off: whether it is gone is asked afterwards. */
  async #destroy(sessionKey: string): Promise<void> {
    const session = sessionOf(this.env, sessionKey);
    await session.destroy().catch(() => undefined);
    if (await session.row()) throw new Error("It is still there.");
  }

  /** The alarm that is set stays: the oldest session is due first. */
  async #armExpiry(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + PROGRAM_LIFE_MS);
  }

  async findRun(runId: string): Promise<(RunState & { sessionKey: string }) | undefined> {
    this.#writePending();
    return this.#usage.findRun(runId);
  }

  async agents(): Promise<AgentRow[]> {
    return listAgents(this.#settings.get().settings);
  }

  async usage(fromDay: string, toDay: string): Promise<UsageRow[]> {
    this.#writePending();
    return this.#usage.between(fromDay, toDay);
  }

  async settings(): Promise<SettingsDocument> {
    return this.#settings.get();
  }

  async setSettings(raw: string, baseHash?: string): Promise<Outcome<SettingsDocument>> {
    return this.#settings.set(raw, baseHash, Date.now());
  }

  async patchSettings(patch: unknown, baseHash?: string): Promise<Outcome<SettingsDocument>> {
    return this.#settings.patch(patch, baseHash, Date.now());
  }

  async storage(): Promise<DirectoryStorage> {
    this.#writePending();
    return { bytes: this.ctx.storage.sql.databaseSize, ...this.#sessions.measure() };
  }

  async providerKeys(): Promise<ProviderKeys> {
    return this.#keys.all();
  }

  async keyNotes(): Promise<KeyNote[]> {
    return this.#keys.notes();
  }

  async setProviderKey(provider: string, key: string): Promise<Outcome<KeyNote>> {
    return this.#keys.set(provider, key, Date.now());
  }

  async removeProviderKey(provider: string): Promise<boolean> {
    return this.#keys.remove(provider);
  }

  #brief(place: { sessionKey: string; agentId: string }): Brief {
    const spent = this.#spentToday(place.agentId);
    const brief = makeBrief(this.#settings.get(), { sessionKey: place.sessionKey, agentId: place.agentId }, spent);
    return { ...brief, ...this.#keys.mark() };
  }

  /** Looked up only where a bound on the day needs it. */
  #spentToday(agentId: string): number {
    if (!hasDailyBudget(this.#settings.get().settings, agentId)) return 0;
    this.#writePending();
    return this.#usage.costOn(dayOf(Date.now()), agentId);
  }

  #noteNew(key: string, agentId: string, text: string): void {
    if (this.#sessions.has(key)) return;
    const now = Date.now();
    const title = text.replace(/\s+/g, " ").trim().slice(0, 140);
    this.#sessions.putIfNew({
      key,
      agentId,
      sessionId: "",
      createdAt: now,
      updatedAt: now,
      status: "running",
      activeRunIds: [],
      spend: NO_SPEND,
      messageCount: 0,
      ...(title ? { title } : {}),
    });
    if (isExpiring(key)) this.ctx.waitUntil(this.#armExpiry());
  }
}
