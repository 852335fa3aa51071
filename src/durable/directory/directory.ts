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
  RunState,
  SessionListRequest,
  SettingsDocument,
  TurnReport,
  UsageRow,
} from "../../contract/ports.ts";
import { formatSessionKey, parseSessionKey } from "../../contract/session-key.ts";
import type { Env } from "../env.ts";
import { migrate, openSql } from "../storage/sql.ts";
import { decideAdmission } from "./admission.ts";
import { listAgents, makeBrief } from "./briefs.ts";
import { DIRECTORY_SCHEMA } from "./schema.ts";
import { SessionIndex } from "./session-index.ts";
import { SettingsStore } from "./settings-store.ts";
import { dayOf, UsageLedger } from "./usage-ledger.ts";

export class Directory extends DurableObject<Env> implements DirectoryPort {
  readonly #settings: SettingsStore;
  readonly #sessions: SessionIndex;
  readonly #usage: UsageLedger;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const sql = openSql(ctx.storage);
    migrate(sql, "directory", DIRECTORY_SCHEMA);
    this.#settings = new SettingsStore(sql);
    this.#sessions = new SessionIndex(sql);
    this.#usage = new UsageLedger(sql);
  }

  async admit(message: Message, wanted: { sessionKey?: string; agentId?: string } = {}): Promise<Admission> {
    const decision = decideAdmission(this.#settings.get().settings, message, wanted);
    if (decision.outcome !== "accept") return decision;
    this.#noteNew(decision.sessionKey, decision.agentId, textOf(message.parts));
    return { outcome: "accept", sessionKey: decision.sessionKey, brief: this.#brief(decision), reason: decision.reason };
  }

  async brief(sessionKey: string): Promise<Brief> {
    const parts = parseSessionKey(sessionKey);
    if (!parts) throw new Error(`"${sessionKey}" is no session key.`);
    return this.#brief({ sessionKey: formatSessionKey(parts), agentId: parts.agentId });
  }

  async report(report: TurnReport): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      this.#sessions.put(report.session);
      this.#usage.add(report);
    });
  }

  async noteSession(row: SessionRow): Promise<void> {
    this.#sessions.put(row);
  }

  async forgetSession(sessionKey: string): Promise<void> {
    this.#sessions.remove(sessionKey);
  }

  async sessions(request: SessionListRequest): Promise<{ rows: SessionRow[]; total: number }> {
    return this.#sessions.list(request, Date.now());
  }

  async findRun(runId: string): Promise<(RunState & { sessionKey: string }) | undefined> {
    return this.#usage.findRun(runId);
  }

  async agents(): Promise<AgentRow[]> {
    return listAgents(this.#settings.get().settings);
  }

  async usage(fromDay: string, toDay: string): Promise<UsageRow[]> {
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

  #brief(place: { sessionKey: string; agentId: string }): Brief {
    const spent = this.#usage.costOn(dayOf(Date.now()), place.agentId);
    return makeBrief(this.#settings.get(), { sessionKey: place.sessionKey, agentId: place.agentId }, spent);
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
  }
}
