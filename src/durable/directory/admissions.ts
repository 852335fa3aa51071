// The door of the house: decides with what is known, and keeps what follows from it: who waits, who was seen where, why
// somebody was not heard. Never keeps what was written.
import type { PlaceBrief, ToolPolicy } from "../../contract/admission.ts";
import { channelFacts } from "../../contract/channels/facts.ts";
import type { Outcome } from "../../contract/errors.ts";
import type { Address, Message } from "../../contract/message.ts";
import type { EventName } from "../../contract/methods.ts";
import type { Pairing, PeoplePort, Person, SendPermission } from "../../contract/people.ts";
import type { Wanted } from "../../contract/ports.ts";
import { formatSessionKey } from "../../contract/session-key.ts";
import type { Settings } from "../../contract/settings.ts";
import type { DeferredWrites } from "../storage/deferred-writes.ts";
import type { Sql } from "../storage/sql.ts";
import { type AdmissionDecision, accountIn, decideAdmission } from "./admission/decision.ts";
import { type Identity, identify } from "./admission/identity.ts";
import { makePlaceBrief } from "./admission/place-brief.ts";
import { chooseTalk, routeAgent } from "./admission/routing.ts";
import { type AccountRules, accountOf, readAccountRules, readPlaceRules } from "./admission/rules.ts";
import { judgeSending } from "./admission/send-policy.ts";
import { type Account, isListed } from "./admission/senders.ts";
import { directRest } from "./admission/session-keys.ts";
import type { ChannelAccounts } from "./channels/channel-accounts.ts";
import { AdmissionLog } from "./people/admission-log.ts";
import { Pairings } from "./people/pairings.ts";
import { People } from "./people/people.ts";
import { type Place, Places } from "./people/places.ts";
import { Threads } from "./people/threads.ts";

const LOG_PAUSE_MS = 500;

type Accepted = AdmissionDecision & { outcome: "accept" };
type Admitted =
  | Accepted
  | { outcome: "pair"; code: string; reply?: string; reason: string }
  | { outcome: "ignore"; reason: string; isOutdated?: true };

export interface AdmissionsPorts {
  sql: Sql;
  settings(): Settings;
  accounts: ChannelAccounts;
  writes: DeferredWrites;
  announce(event: EventName, payload: Record<string, unknown>): void;
  now(): number;
}

export class Admissions implements PeoplePort {
  readonly #ports: AdmissionsPorts;
  readonly #people: People;
  readonly #pairings: Pairings;
  readonly #places: Places;
  readonly #threads: Threads;
  readonly log: AdmissionLog;

  constructor(ports: AdmissionsPorts) {
    this.#ports = ports;
    this.#people = new People(ports.sql);
    this.#pairings = new Pairings(ports.sql);
    this.#places = new Places(ports.sql);
    this.#threads = new Threads(ports.sql);
    this.log = new AdmissionLog(ports.sql);
  }

  async admit(message: Message, wanted: Wanted): Promise<Admitted> {
    const { accountVersion } = wanted;
    if (accountVersion !== undefined && accountVersion !== this.#ports.accounts.version()) {
      return { outcome: "ignore", reason: "The channel was changed since the request was proved.", isOutdated: true };
    }
    const decision = await decideAdmission(this.#ports.settings(), this.#people, message, wanted);
    switch (decision.outcome) {
      case "accept":
        if (!decision.place) return decision;
        this.#noteSeen(message, decision);
        return { ...decision, place: this.#completePlace(message, decision, decision.place) };
      case "pair":
        return this.#pair(message);
      case "ignore":
        return this.#note(message, decision);
      default:
        return decision satisfies never;
    }
  }

  /** With what only rows know: whether the thread is one it takes part in, and whether a word that all is well is wanted. */
  #completePlace(message: Message, { followsThreads }: Accepted, place: PlaceBrief): PlaceBrief {
    const isAddressed = place.isAddressed || (followsThreads === true && this.#threads.isJoined(message));
    if (followsThreads && place.isAddressed) {
      const at = this.#ports.now();
      this.#ports.writes.later(() => this.#threads.join(message, at), 0);
    }
    return { ...place, isAddressed, ...(this.#wantsNews(message.from) ? { wantsNews: true } : {}) };
  }

  #wantsNews(from: Address): boolean {
    return this.#ports.accounts.wantsNews(from.channel, accountOf(from), this.#ports.now());
  }

  #pair(message: Message): Admitted {
    const account = accountIn(message);
    const { name } = message.sender;
    const asked = this.#pairings.ask({ ...account, ...(name ? { name } : {}) }, message.from, this.#ports.now());
    switch (asked.state) {
      case "full":
        return this.#note(message, { outcome: "ignore", reason: "A stranger wrote while as many as may be wait already." });
      case "rejected":
        return this.#note(message, { outcome: "ignore", reason: "The sender was turned down within the hour." });
      case "new":
      case "waiting": {
        const { pairing, isAnswered } = asked;
        const reason = "The sender is not known and waits to be let in.";
        if (asked.state === "new") this.#ports.announce("channels.pairing.requested", viewRequest(pairing));
        this.#note(message, { outcome: "pair", reason });
        return { outcome: "pair", code: pairing.code, reason, ...(isAnswered ? {} : { reply: replyTo(pairing) }) };
      }
      default:
        return asked satisfies never;
    }
  }

  #note<D extends { outcome: "pair" | "ignore"; reason: string }>({ from, sender }: Message, decision: D): D {
    const { outcome, reason } = decision;
    const { now, writes } = this.#ports;
    const at = now();
    const note = { at, channel: from.channel, account: accountOf(from), sender: sender.id, outcome, reason };
    const isFirst = this.log.note({ ...note, ...(sender.name ? { name: sender.name } : {}) });
    if (isFirst) writes.later(() => this.log.write(), LOG_PAUSE_MS);
    return decision;
  }

  /** After the answer: nobody waits for it. */
  #noteSeen({ from, placeName, sender }: Message, { sessionKey, sender: known }: Accepted): void {
    const seenAt = this.#ports.now();
    const name = placeName ?? (from.kind === "group" ? undefined : known.name);
    this.#ports.accounts.note({ channel: from.channel, account: accountOf(from), at: seenAt, note: { kind: "in" } });
    this.#ports.writes.later(() => {
      this.#places.note({ to: from, sender: sender.id, sessionKey, seenAt, ...(name ? { name } : {}) });
      if (known.personId) this.#people.noteSeen(known.personId, seenAt);
    }, 0);
  }

  /** How the place is spoken in where a talk was last heard of, and what it leaves of the tools. */
  placeOf(sessionKey: string): { place: PlaceBrief; tools?: ToolPolicy } | undefined {
    this.#ports.writes.flush();
    const to = this.#places.ofSession(sessionKey)?.to;
    const facts = to && channelFacts(to.channel);
    if (!to || !facts) return undefined;
    const settings = this.#ports.settings();
    const rules = readAccountRules(settings, to.channel, accountOf(to));
    const group = to.kind === "group" ? readPlaceRules(rules, to) : undefined;
    return { place: makePlaceBrief(settings, facts, rules, group, true), ...(group?.tools ? { tools: group.tools } : {}) };
  }

  // ── Who is known ──

  async people(): Promise<Person[]> {
    this.#ports.writes.flush();
    return this.#people.list();
  }

  async pairings(): Promise<Pairing[]> {
    return this.#pairings.list(this.#ports.now());
  }

  async approvePairing(code: string, as?: string): Promise<Outcome<{ pairing: Pairing; person: Person; to?: Address }>> {
    const { sql, now } = this.#ports;
    const looked = this.#pairings.look(code, now());
    if (!looked.ok) return looked;
    const account = accountIn({ from: looked.value.from, sender: { id: looked.value.pairing.sender } });
    const home = await directRest(account);
    // Again, since another answer may have come while the key was made.
    const approved = sql.transaction(() => {
      const found = this.#pairings.look(code, now());
      if (!found.ok) return found;
      const { pairing, from } = found.value;
      const person = this.#people.approve({ ...account, ...(pairing.name ? { name: pairing.name } : {}) }, as, home, now());
      if (!person.ok) return person;
      this.#pairings.close(pairing, "approved");
      this.#places.note({ to: from, sender: pairing.sender, sessionKey: "", seenAt: now() });
      return { ok: true as const, value: { pairing, person: person.value, to: from } };
    });
    if (!approved.ok) return approved;
    const { pairing, person } = approved.value;
    const decision = { decision: "approved", personId: person.id, personName: person.name };
    this.#ports.announce("channels.pairing.resolved", { ...viewRequest(pairing), ...decision });
    this.#ports.announce("people.changed", { reason: "approved", personId: person.id });
    return approved;
  }

  async rejectPairing(code: string): Promise<Outcome<Pairing>> {
    const found = this.#pairings.look(code, this.#ports.now());
    if (!found.ok) return found;
    const { pairing } = found.value;
    this.#pairings.close(pairing, "rejected");
    this.#ports.announce("channels.pairing.resolved", { ...viewRequest(pairing), decision: "rejected" });
    return { ok: true, value: pairing };
  }

  async linkPeople(id: string, other: string): Promise<Outcome<Person>> {
    const linked = this.#people.link(id, other);
    if (linked.ok) this.#ports.announce("people.changed", { reason: "linked", personId: linked.value.id });
    return linked;
  }

  async forgetAccount(named: { channel: string; account?: string; sender: string }): Promise<boolean> {
    const account: Account = { ...named, account: accountOf(named) };
    const isGone = this.#people.forget(account);
    // Not only may they not be heard: nothing is written to them any more.
    this.#ports.writes.flush();
    this.#places.removeDirect(account);
    if (isGone) this.#ports.announce("people.changed", { reason: "forgotten" });
    return isGone;
  }

  forgetChannelAccount(channel: string, account: string): void {
    this.#ports.writes.flush();
    this.#pairings.removeAccount(channel, account);
    this.#places.removeAccount(channel, account);
    this.#threads.removeAccount(channel, account);
  }

  // ── Writing first ──

  async maySend({ agentId, sessionKey, to: wanted }: Parameters<PeoplePort["maySend"]>[0]): Promise<SendPermission> {
    this.#ports.writes.flush();
    const named = wanted.channel === "" ? this.#findPerson(wanted.peer) : { ok: true as const, value: wanted };
    if (!named.ok) return { outcome: "denied", reason: named.error.message };
    const facts = channelFacts(named.value.channel);
    if (!facts) return { outcome: "denied", reason: `There is no channel "${named.value.channel}" that can be written to.` };
    const place = this.#places.find(named.value);
    const to = place?.to ?? named.value;
    const settings = this.#ports.settings();
    const rules = readAccountRules(settings, to.channel, accountOf(to));
    const own = this.#ports.accounts.get(to.channel, accountOf(to));
    const kind = to.kind ?? "direct";
    const group = kind === "group" ? readPlaceRules(rules, to) : undefined;
    const account = accountIn({ from: to, sender: { id: place?.sender || to.peer } });
    const who = await identify(settings, this.#people, account);
    const talk = group ? place?.sessionKey : await nameTalk(settings, to, who, rules);
    const verdict = judgeSending(settings, {
      agentId,
      channel: facts.label,
      channelId: to.channel,
      kind,
      peer: to.peer,
      sender: account.sender,
      isUsable: own?.isEnabled === true && own.missing.length === 0,
      isOwnPlace: place !== undefined && talk === sessionKey,
      isKnownPerson: who.person !== undefined || isListed(rules.allowFrom, account),
      isAllowedGroup: group !== undefined && rules.groupPolicy !== "disabled" && group.isEnabled && isHeard(rules, group),
      wasSeen: place !== undefined,
    });
    return verdict.outcome === "allowed" ? { outcome: "allowed", to, ...(talk ? { sessionKey: talk } : {}) } : verdict;
  }

  #findPerson(word: string): Outcome<Address> {
    const person = this.#people.resolve(word);
    if (!person.ok) return person;
    const place: Place | undefined = this.#places.latestOf(person.value.accounts);
    if (place) return { ok: true, value: place.to };
    const message = `${person.value.name} was never heard of on a channel, so that there is no way to them yet.`;
    return { ok: false, error: { code: "NOT_FOUND", message } };
  }
}

/** Where a message from a direct place would go now, whatever it was when it was last heard. */
async function nameTalk(settings: Settings, to: Address, who: Identity, rules: AccountRules): Promise<string> {
  const agentId = routeAgent(settings, to, who, rules, undefined);
  return formatSessionKey({ agentId, rest: await chooseTalk(settings, to, who) });
}

function isHeard(rules: { groupPolicy: string }, group: { isListed: boolean }): boolean {
  return rules.groupPolicy === "open" || group.isListed;
}

function replyTo({ channel, code }: Pairing): string {
  return `I do not know you yet; if you should be let in, ask my owner to run this within the hour: skerry pairing approve ${channel} ${code}`;
}

function viewRequest(pairing: Pairing): Record<string, unknown> {
  const { channel, code, sender, name, createdAt, expiresAt } = pairing;
  return {
    requestId: code,
    code,
    channel,
    accountId: accountOf(pairing),
    senderId: sender,
    ...(name ? { senderName: name } : {}),
    createdAtMs: createdAt,
    expiresAtMs: expiresAt,
  };
}
