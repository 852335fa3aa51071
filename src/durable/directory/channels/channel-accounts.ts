// The accounts of channels: their keys (given and sealed, else from variables), whether they are complete, how they do.
// Keys go to the Worker's channels alone; a state names them and never holds one.
import type { ChannelAccount, ChannelFacts, ChannelNote, ChannelState, WantedLine } from "../../../contract/channels/channel.ts";
import { CHANNEL_FACTS, channelFacts, DEFAULT_ACCOUNT, variableOf } from "../../../contract/channels/facts.ts";
import type { GatewayErrorData, Outcome } from "../../../contract/errors.ts";
import { newSecret } from "../../../contract/id.ts";
import type { Settings } from "../../../contract/settings.ts";
import type { Sql } from "../../storage/sql.ts";
import { own, readAccountRules } from "../admission/rules.ts";
import type { SealedKeys } from "../keys/sealed-keys.ts";
import { ChannelHealth } from "./channel-health.ts";
import { Lately } from "./lately.ts";
import { WaitingMessages } from "./waiting.ts";

const ACCOUNT = /^[a-z0-9][a-z0-9-]{0,31}$/;
const MOST_KEY_CHARS = 16_384;

export interface ChannelSources {
  settings(): { settings: Settings; version: number };
  variables: Record<string, string | undefined>;
  keys: SealedKeys;
}

export class ChannelAccounts {
  readonly #sources: ChannelSources;
  readonly #health: ChannelHealth;
  readonly waiting: WaitingMessages;
  readonly lately = new Lately();
  #any: { version: number; has: boolean } | undefined;

  constructor(sql: Sql, sources: ChannelSources) {
    this.#sources = sources;
    this.#health = new ChannelHealth(sql);
    this.waiting = new WaitingMessages(sql);
  }

  /** Whether screens should look again. */
  note({ note, ...head }: ChannelNote): boolean {
    const { channel, account } = head;
    if (!channelFacts(channel) || !ACCOUNT.test(account)) return false;
    if (note.kind === "waiting") {
      this.waiting.note(channel, account, note);
      return true;
    }
    // Of an account that was taken away a moment ago there is no trouble to tell.
    const isThere = note.kind !== "error" || this.get(channel, account)?.missing.length === 0;
    if (isThere) this.#health.note({ ...head, note });
    return false;
  }

  wantsNews(channel: string, account: string, now: number): boolean {
    return this.#health.wantsNews(channel, account, now);
  }

  get(channel: string, account: string): ChannelAccount | undefined {
    const facts = channelFacts(channel);
    if (!facts || !this.#accountsOf(facts).includes(account)) return undefined;
    const { settings } = this.#sources.settings();
    const rules = readAccountRules(settings, channel, account);
    const keys = this.#readKeys(facts, account);
    return {
      channel,
      account,
      isEnabled: rules.isEnabled,
      keys,
      missing: missingOf(facts, keys),
      mediaMaxMb: rules.mediaMaxMb ?? facts.mediaMaxMb,
      ...(rules.home === undefined ? {} : { home: rules.home }),
      version: this.version(),
    };
  }

  /** Counts up with every change of keys or settings. */
  version(): number {
    const { settings, keys } = this.#sources;
    return settings().version + keys.version("channels");
  }

  /** Every channel by its default account, and the further accounts that there are. */
  states(): ChannelState[] {
    return CHANNEL_FACTS.flatMap((facts: ChannelFacts) => this.#accountsOf(facts).map((account) => this.#state(facts, account)));
  }

  /** Accounts whose line a machine at home is to hold. */
  wantedLines(): WantedLine[] {
    const { settings } = this.#sources.settings();
    return CHANNEL_FACTS.flatMap((facts: ChannelFacts) => {
      if (facts.home === undefined) return [];
      return this.#accountsOf(facts).flatMap((account) => {
        const rules = readAccountRules(settings, facts.id, account);
        const keys = this.#readKeys(facts, account);
        const isWanted = rules.isEnabled && missingOf(facts, keys).length === 0 && rules.line?.hold !== false;
        if (!isWanted) return [];
        const { home, line: options = {}, mediaMaxMb = facts.mediaMaxMb } = rules;
        const base = facts.base && (this.#sources.variables[facts.base.variable] || facts.base.address);
        const known = { ...(home === undefined ? {} : { home }), ...(base ? { base } : {}) };
        return [{ channel: facts.id, account, ...known, keys, mediaMaxMb, options }];
      });
    });
  }

  /** Whether any account could speak. Asked for every brief: looked up again only after a change. */
  hasAny(): boolean {
    const version = this.version();
    if (this.#any?.version !== version) {
      this.#any = { version, has: this.states().some((state) => state.isConfigured && state.isEnabled) };
    }
    return this.#any.has;
  }

  async setKeys(channel: string, account: string, given: Record<string, string>, now: number): Promise<Outcome<ChannelState>> {
    const facts = channelFacts(channel);
    const refusal = facts ? refuseKeys(facts, account, given) : `There is no channel "${channel}". ${knownChannels()}`;
    if (!facts || refusal) return refuse({ code: "INVALID_REQUEST", message: refusal ?? "" });
    const kept: Record<string, string> = {};
    const removed: string[] = [];
    for (const [name, value] of Object.entries(given)) {
      if (value.trim() === "") removed.push(name);
      else kept[name] = value.trim();
    }
    const before = this.#readKeys(facts, account);
    for (const { name, isMade } of facts.keys) {
      if (isMade && kept[name] === undefined && (before[name] === undefined || removed.includes(name))) kept[name] = newSecret();
    }
    const { keys } = this.#sources;
    const raise = () => keys.raiseVersion("channels");
    const named = Object.entries(kept).map(([name, value]) => [nameOf(channel, account, name), value]);
    if (named.length > 0) {
      const done = await keys.set(Object.fromEntries(named), now, raise);
      if (!done.ok) return done;
    }
    const gone = removed.filter((name) => kept[name] === undefined).map((name) => nameOf(channel, account, name));
    keys.remove(gone, raise);
    return { ok: true, value: this.#state(facts, account) };
  }

  remove(channel: string, account: string): boolean {
    const facts = channelFacts(channel);
    if (!facts) return false;
    this.#health.remove(channel, account);
    this.waiting.remove(channel, account);
    const names = facts.keys.map(({ name }) => nameOf(channel, account, name));
    return this.#sources.keys.remove(names, () => this.#sources.keys.raiseVersion("channels"));
  }

  /** The default one, and those that settings, stored keys or variables name. */
  #accountsOf(facts: ChannelFacts): string[] {
    const { keys, variables, settings } = this.#sources;
    const stored = keys.entries().flatMap(([name]) => {
      const [channel, account] = name.split("/");
      return channel === facts.id && account !== undefined ? [account] : [];
    });
    const suffixed = Object.keys(variables).flatMap((name) => {
      const key = facts.keys.find((candidate) => name.startsWith(`${candidate.name}__`));
      return key
        ? [
            name
              .slice(key.name.length + 2)
              .toLowerCase()
              .replaceAll("_", "-"),
          ]
        : [];
    });
    const named = Object.keys(own(settings().settings.channels, facts.id)?.accounts ?? {});
    const further = [...new Set([...named, ...stored, ...suffixed])].filter((account) => ACCOUNT.test(account));
    return [DEFAULT_ACCOUNT, ...further.filter((account) => account !== DEFAULT_ACCOUNT).toSorted()];
  }

  /** What was given goes before a variable: whoever has just typed a key expects it to be used. */
  #readKeys(facts: ChannelFacts, account: string): Record<string, string> {
    const { keys, variables } = this.#sources;
    return Object.fromEntries(
      facts.keys.flatMap(({ name }) => {
        const given = keys.get(nameOf(facts.id, account, name))?.key;
        const value = given ?? (variables[variableOf(name, account)]?.trim() || undefined);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }

  #state(facts: ChannelFacts, account: string): ChannelState {
    const { settings } = this.#sources.settings();
    const rules = readAccountRules(settings, facts.id, account);
    const keys = this.#readKeys(facts, account);
    const missing = missingOf(facts, keys);
    const stored = facts.keys.map(({ name }) => this.#sources.keys.get(nameOf(facts.id, account, name)));
    const unreadable = stored.find((known) => known !== undefined && known.key === undefined);
    const setAt = Math.max(...stored.map((known) => known?.setAt ?? 0));
    const health = this.#health.get(facts.id, account);
    const waiting = this.waiting.of(facts.id, account, Date.now());
    const lost =
      unreadable && missing.length > 0
        ? { text: "Its keys were sealed under another owner's token; give them again.", at: unreadable.setAt }
        : undefined;
    return {
      channel: facts.id,
      label: facts.label,
      account,
      isConfigured: missing.length === 0,
      isEnabled: rules.isEnabled,
      missing,
      keysFrom: stored.some((known) => known?.key !== undefined)
        ? "stored"
        : Object.keys(keys).length > 0
          ? "environment"
          : "none",
      ...(setAt > 0 ? { keysSetAt: setAt } : {}),
      directPolicy: rules.dmPolicy,
      groupPolicy: rules.groupPolicy,
      ...health,
      ...(waiting ? { waiting } : {}),
      lately: this.lately.of(facts.id, account),
      ...(lost ? { error: lost } : {}),
    };
  }
}

function nameOf(channel: string, account: string, key: string): string {
  return `${channel}/${account}/${key}`;
}

function missingOf(facts: ChannelFacts, keys: Record<string, string>): string[] {
  return facts.keys.filter(({ name, isOptional }) => !isOptional && keys[name] === undefined).map(({ name }) => name);
}

function knownChannels(): string {
  return `Channels: ${CHANNEL_FACTS.map(({ id }) => id).join(", ")}.`;
}

function refuseKeys(facts: ChannelFacts, account: string, given: Record<string, string>): string | undefined {
  if (!ACCOUNT.test(account)) return `"${account.slice(0, 40)}" cannot name an account: lower case letters, digits and -.`;
  const names = facts.keys.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    return `${facts.label} has no key "${unknown.slice(0, 60)}". It takes ${names.join(", ")}.`;
  }
  const long = Object.entries(given).find(([, value]) => value.length > MOST_KEY_CHARS);
  return long ? `${long[0]} is longer than a key is (${MOST_KEY_CHARS} characters).` : undefined;
}

function refuse(error: GatewayErrorData): { ok: false; error: GatewayErrorData } {
  return { ok: false, error };
}
