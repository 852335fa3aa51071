// Directory: who may, where to, when, settings. One for the deployment. A shell over its parts: it answers an
// admission fully and at once, and is told once when a turn has ended. It never stands inside a turn, never sees
// message history, never calls a model.
import { DurableObject } from "cloudflare:workers";
import type { Admission, Brief, PlaceBrief, ToolPolicy } from "../../contract/admission.ts";
import type { AdmissionNote, ChannelAccount, ChannelNote, ChannelState } from "../../contract/channels/channel.ts";
import type { Outcome } from "../../contract/errors.ts";
import type { SessionRow } from "../../contract/live.ts";
import { type Message, textOf } from "../../contract/message.ts";
import type { PeopleChange, PeoplePort } from "../../contract/people.ts";
import type {
  DirectoryPort,
  DirectoryStorage,
  RunState,
  SessionListRequest,
  SettingsDocument,
  TurnReport,
  Wanted,
} from "../../contract/ports.ts";
import { formatSessionKey, parseSessionKey } from "../../contract/session-key.ts";
import { type Env, textVariables } from "../env.ts";
import { DeferredWrites } from "../storage/deferred-writes.ts";
import { migrate, openSql } from "../storage/sql.ts";
import { gatewayOf, sessionOf } from "../stubs.ts";
import { narrowTools } from "./admission/rules.ts";
import { Admissions } from "./admissions.ts";
import { announce } from "./announcing.ts";
import { hasDailyBudget, listAgents, makeBrief } from "./briefs.ts";
import { ChannelAccounts } from "./channels/channel-accounts.ts";
import { Expiry } from "./expiry.ts";
import { KeyStore } from "./keys/provider-keys.ts";
import { SealedKeys } from "./keys/sealed-keys.ts";
import { DIRECTORY_SCHEMA } from "./schema.ts";
import { SessionIndex } from "./session-index.ts";
import { SettingsStore } from "./settings-store.ts";
import { dayOf, UsageLedger } from "./usage-ledger.ts";

const REPORT_PAUSE_MS = 15;

export class Directory extends DurableObject<Env> implements DirectoryPort {
  readonly #settings: SettingsStore;
  readonly #sessions: SessionIndex;
  readonly #usage: UsageLedger;
  readonly #writes: DeferredWrites;
  readonly #keys: KeyStore;
  readonly #accounts: ChannelAccounts;
  readonly #admissions: Admissions;
  readonly #expiry: Expiry;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const sql = openSql(ctx.storage);
    migrate(sql, "directory", DIRECTORY_SCHEMA);
    this.#settings = new SettingsStore(sql);
    this.#sessions = new SessionIndex(sql);
    this.#usage = new UsageLedger(sql);
    this.#expiry = new Expiry(this.#sessions, (key) => sessionOf(env, key), ctx.storage);
    this.#writes = new DeferredWrites((work) => ctx.storage.transactionSync(work));
    const sealed = new SealedKeys(sql, env.SKERRY_TOKEN);
    this.#keys = new KeyStore(sealed);
    const settings = () => ({ settings: this.#settings.get().settings, version: this.#settings.version() });
    this.#accounts = new ChannelAccounts(sql, { settings, variables: textVariables(env), keys: sealed });
    this.#admissions = new Admissions({
      sql,
      settings: () => this.#settings.get().settings,
      accounts: this.#accounts,
      writes: this.#writes,
      announce: (event, payload) => ctx.waitUntil(announce(gatewayOf(env), event, payload)),
      now: Date.now,
    });
    ctx.blockConcurrencyWhile(() => sealed.open());
  }

  async admit(message: Message, wanted: Wanted = {}): Promise<Admission> {
    const decision = await this.#admissions.admit(message, wanted);
    if (decision.outcome !== "accept") return decision;
    const { sessionKey, agentId, sender, place, tools, commands, reason } = decision;
    // After the answer: whoever waits for it should not wait for the disk. Should it get lost, the turn's report brings it.
    const text = textOf(message.parts);
    this.#writes.later(() => {
      if (this.#sessions.begin(sessionKey, agentId, text, Date.now())) this.ctx.waitUntil(this.#expiry.noteNew(sessionKey));
    }, 0);
    const brief = { ...this.#brief({ sessionKey, agentId }, place, tools), ...(commands ? { commands } : {}) };
    return { outcome: "accept", sessionKey, brief, sender, reason };
  }

  async brief(sessionKey: string): Promise<Brief> {
    const parts = parseSessionKey(sessionKey);
    if (!parts) throw new Error(`"${sessionKey}" is no session key.`);
    const key = formatSessionKey(parts);
    const known = this.#admissions.placeOf(key);
    return this.#brief({ sessionKey: key, agentId: parts.agentId }, known?.place, known?.tools);
  }

  /** Reports that come close together are written together. */
  report(report: TurnReport): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#writes.later(
        () => {
          this.#sessions.put(report.session);
          this.#usage.add(report);
        },
        REPORT_PAUSE_MS,
        { resolve, reject },
      );
    });
  }

  async noteSession(row: SessionRow): Promise<void> {
    this.#writes.flush();
    this.#sessions.put(row);
  }

  async forgetSession(sessionKey: string): Promise<void> {
    this.#writes.flush();
    this.#sessions.remove(sessionKey);
  }

  async sessions(request: SessionListRequest): Promise<{ rows: SessionRow[]; total: number; programs: number }> {
    this.#writes.flush();
    return { ...this.#sessions.list(request, Date.now()), programs: this.#sessions.countPrograms() };
  }

  /** Sessions that end by themselves. */
  override async alarm(): Promise<void> {
    this.#writes.flush();
    await this.#expiry.run();
  }

  async findRun(runId: string): Promise<(RunState & { sessionKey: string }) | undefined> {
    this.#writes.flush();
    return this.#usage.findRun(runId);
  }

  async agents(): ReturnType<DirectoryPort["agents"]> {
    return listAgents(this.#settings.get().settings);
  }

  async usage(fromDay: string, toDay: string): ReturnType<DirectoryPort["usage"]> {
    this.#writes.flush();
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
    this.#writes.flush();
    return { bytes: this.ctx.storage.sql.databaseSize, ...this.#sessions.measure() };
  }

  async providerKeys(): ReturnType<DirectoryPort["providerKeys"]> {
    return this.#keys.all();
  }

  async keyNotes(): ReturnType<DirectoryPort["keyNotes"]> {
    return this.#keys.notes();
  }

  async setProviderKey(provider: string, key: string): ReturnType<DirectoryPort["setProviderKey"]> {
    return this.#keys.set(provider, key, Date.now());
  }

  async removeProviderKey(provider: string): Promise<boolean> {
    return this.#keys.remove(provider);
  }

  people(): ReturnType<PeoplePort["people"]> {
    return this.#admissions.people();
  }

  pairings(): ReturnType<PeoplePort["pairings"]> {
    return this.#admissions.pairings();
  }

  approvePairing(code: string, as?: string): ReturnType<PeoplePort["approvePairing"]> {
    return this.#admissions.approvePairing(code, as);
  }

  rejectPairing(code: string): ReturnType<PeoplePort["rejectPairing"]> {
    return this.#admissions.rejectPairing(code);
  }

  changePeople(change: PeopleChange): ReturnType<PeoplePort["changePeople"]> {
    return this.#admissions.changePeople(change);
  }

  blockedSenders(): ReturnType<PeoplePort["blockedSenders"]> {
    return this.#admissions.blockedSenders();
  }

  seenGroups(): ReturnType<PeoplePort["seenGroups"]> {
    return this.#admissions.seenGroups();
  }

  maySend(request: Parameters<PeoplePort["maySend"]>[0]): ReturnType<PeoplePort["maySend"]> {
    return this.#admissions.maySend(request);
  }

  mayBeHeard(request: Parameters<PeoplePort["mayBeHeard"]>[0]): ReturnType<PeoplePort["mayBeHeard"]> {
    return this.#admissions.mayBeHeard(request);
  }

  async admissionNotes(limit = 50): Promise<AdmissionNote[]> {
    return this.#admissions.log.list(limit);
  }

  async channelAccount(channel: string, account: string): Promise<ChannelAccount | undefined> {
    return this.#accounts.get(channel, account);
  }

  async channelStates(): Promise<ChannelState[]> {
    return this.#accounts.states();
  }

  setChannelKeys(channel: string, account: string, keys: Record<string, string>): Promise<Outcome<ChannelState>> {
    return this.#accounts.setKeys(channel, account, keys, Date.now());
  }

  async removeChannelAccount(channel: string, account: string): Promise<boolean> {
    this.#admissions.forgetChannelAccount(channel, account);
    return this.#accounts.remove(channel, account);
  }

  async noteChannel(note: ChannelNote): Promise<void> {
    this.#accounts.note(note);
  }

  #brief(talk: { sessionKey: string; agentId: string }, place?: PlaceBrief, tools?: ToolPolicy): Brief {
    const brief = makeBrief(this.#settings.get(), talk, this.#spentToday(talk.agentId));
    const more = { ...(place ? { place } : {}), ...(this.#accounts.hasAny() ? { hasChannels: true } : {}) };
    return { ...brief, tools: narrowTools(brief.tools, tools), ...this.#keys.mark(), ...more };
  }

  /** Looked up only where a bound on the day needs it. */
  #spentToday(agentId: string): number {
    if (!hasDailyBudget(this.#settings.get().settings, agentId)) return 0;
    this.#writes.flush();
    return this.#usage.costOn(dayOf(Date.now()), agentId);
  }
}
