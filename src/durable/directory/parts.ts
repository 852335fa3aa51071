// The composition root of the Directory: its parts over their tables, and what they are given of the outside. Built once in
// the object's constructor.
import type { Brief, PlaceBrief, ToolPolicy } from "../../contract/admission.ts";
import { DEFAULT_AGENT_ID, parseSessionKey } from "../../contract/session-key.ts";
import { type Env, textVariables } from "../env.ts";
import { DeferredWrites } from "../storage/deferred-writes.ts";
import { migrate, openSql } from "../storage/sql.ts";
import { gatewayOf, sessionOf } from "../stubs.ts";
import { narrowTools } from "./admission/rules.ts";
import { Admissions } from "./admissions.ts";
import { announce } from "./announcing.ts";
import { hasDailyBudget, makeBrief } from "./briefs.ts";
import { ChannelAccounts } from "./channels/channel-accounts.ts";
import { DirectoryClock } from "./clock.ts";
import { Expiry } from "./expiry.ts";
import { Approvals } from "./hands/approvals.ts";
import { makeHands, type Writer } from "./hands/brief.ts";
import { makeBrowser } from "./hands/browser-brief.ts";
import { BrowserTime } from "./hands/browser-time.ts";
import { KnownHomes } from "./hands/known-homes.ts";
import { OwnOrigin } from "./hands/own-origin.ts";
import { KeyStore } from "./keys/provider-keys.ts";
import { SealedKeys } from "./keys/sealed-keys.ts";
import { DIRECTORY_SCHEMA } from "./schema.ts";
import { SessionIndex } from "./session-index.ts";
import { SettingsStore } from "./settings-store.ts";
import { dayOf, UsageLedger } from "./usage-ledger.ts";

export class DirectoryParts {
  readonly settings: SettingsStore;
  readonly sessions: SessionIndex;
  readonly usage: UsageLedger;
  readonly writes: DeferredWrites;
  readonly keys: KeyStore;
  readonly accounts: ChannelAccounts;
  readonly admissions: Admissions;
  readonly approvals: Approvals;
  readonly homes: KnownHomes;
  readonly origin: OwnOrigin;
  readonly browserTime: BrowserTime;
  readonly clock: DirectoryClock;
  readonly expiry: Expiry;
  readonly #place: { hasEdge: boolean; isLocal: boolean };

  constructor(ctx: DurableObjectState, env: Env) {
    const sql = openSql(ctx.storage);
    migrate(sql, "directory", DIRECTORY_SCHEMA);
    this.settings = new SettingsStore(sql);
    this.sessions = new SessionIndex(sql);
    this.usage = new UsageLedger(sql);
    this.clock = new DirectoryClock(ctx.storage);
    this.expiry = new Expiry(this.sessions, (key) => sessionOf(env, key), this.clock);
    this.writes = new DeferredWrites((work) => ctx.storage.transactionSync(work));
    this.homes = new KnownHomes(sql);
    this.origin = new OwnOrigin(sql);
    this.browserTime = new BrowserTime(sql);
    this.#place = { hasEdge: env.BROWSER !== undefined, isLocal: env.SKERRY_RUNTIME === "local" };
    const sealed = new SealedKeys(sql, env.SKERRY_TOKEN);
    this.keys = new KeyStore(sealed);
    const settings = () => ({ settings: this.settings.get().settings, version: this.settings.version() });
    this.accounts = new ChannelAccounts(sql, { settings, variables: textVariables(env), keys: sealed });
    this.admissions = new Admissions({
      sql,
      settings: () => this.settings.get().settings,
      accounts: this.accounts,
      writes: this.writes,
      announce: (event, payload) => ctx.waitUntil(announce(gatewayOf(env), event, payload)),
      now: Date.now,
    });
    this.approvals = new Approvals(sql, {
      now: Date.now,
      announce: (event, payload) => ctx.waitUntil(announce(gatewayOf(env), event, payload)),
      receive: (key, event) => sessionOf(env, key).receive(event, this.brief({ sessionKey: key, agentId: agentOf(key) })),
      rearm: (at) => this.clock.noLaterThan(at),
      ownerAt: () => this.admissions.ownerPlace(),
      goesToChats: () => this.settings.get().settings.approvals?.exec?.enabled !== false,
      waitUntil: (work) => ctx.waitUntil(work),
    });
    ctx.blockConcurrencyWhile(() => sealed.open());
  }

  /** All that a session must know to serve one event. Without `writer` something other than a person wakes it. */
  brief(talk: { sessionKey: string; agentId: string }, place?: PlaceBrief, tools?: ToolPolicy, writer?: Writer): Brief {
    const document = this.settings.get();
    const brief = makeBrief(document, talk, this.#spentToday(talk.agentId));
    const hands = makeHands(document.settings, talk, writer, this.homes.hasAny);
    const more = { ...(place ? { place } : {}), ...(this.accounts.hasAny() ? { hasChannels: true } : {}) };
    const browser = makeBrowser(document.settings, hands, {
      ...this.#place,
      hasHomeBrowser: this.homes.hasBrowser,
      origin: this.origin.latest(Date.now()),
    });
    const tied = { tools: narrowTools(brief.tools, tools), hands, ...(browser ? { browser } : {}) };
    return { ...brief, ...this.keys.mark(), ...more, ...tied };
  }

  /** Looked up only where a bound on the day needs it. */
  #spentToday(agentId: string): number {
    if (!hasDailyBudget(this.settings.get().settings, agentId)) return 0;
    this.writes.flush();
    return this.usage.costOn(dayOf(Date.now()), agentId);
  }
}

function agentOf(sessionKey: string): string {
  return parseSessionKey(sessionKey)?.agentId ?? DEFAULT_AGENT_ID;
}
