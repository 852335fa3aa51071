// The door of the house: decides with what is known, and keeps what follows from it: who waits, who was seen where, why
// somebody was not heard. Never keeps what was written.
import type { PlaceBrief, ToolPolicy } from "../../contract/admission.ts";
import type { AdmissionNote } from "../../contract/channels/channel.ts";
import { channelFacts, DEFAULT_ACCOUNT } from "../../contract/channels/facts.ts";
import type { Outcome } from "../../contract/errors.ts";
import type { Address, Message } from "../../contract/message.ts";
import type { EventName } from "../../contract/methods.ts";
import type {
  BlockedSender,
  NamedAccount,
  Pairing,
  PeopleChange,
  PeoplePort,
  Person,
  SeenGroup,
  SendPermission,
} from "../../contract/people.ts";
import type { Wanted } from "../../contract/ports/directory.ts";
import type { Settings } from "../../contract/settings.ts";
import type { DeferredWrites } from "../storage/deferred-writes.ts";
import type { Sql } from "../storage/sql.ts";
import { type AdmissionDecision, accountIn, decideAdmission, mayBeHeard } from "./admission/decision.ts";
import { makePlaceBrief } from "./admission/place-brief.ts";
import { accountOf, isHeard, readAccountRules, readPlaceRules } from "./admission/rules.ts";
import type { Account } from "./admission/senders.ts";
import { directRest } from "./admission/session-keys.ts";
import type { ChannelAccounts } from "./channels/channel-accounts.ts";
import { AdmissionLog } from "./people/admission-log.ts";
import { Pairings } from "./people/pairings.ts";
import { People } from "./people/people.ts";
import { Places } from "./people/places.ts";
import { Threads } from "./people/threads.ts";
import { decideSending } from "./sending.ts";

const LOG_PAUSE_MS = 500;
const DONE = { ok: true, value: undefined } as const;
const PAST = {
  link: "linked",
  unlink: "unlinked",
  rename: "renamed",
  forget: "forgotten",
  block: "blocked",
  unblock: "unblocked",
} as const satisfies Record<PeopleChange["kind"], string>;

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

  #note<D extends { outcome: "pair" | "ignore"; reason: string }>({ from, sender, placeName }: Message, decision: D): D {
    const { outcome, reason } = decision;
    const place = from.kind === "group" ? { peer: from.peer, ...(placeName ? { placeName } : {}) } : {};
    this.#keep({
      channel: from.channel,
      account: accountOf(from),
      sender: sender.id,
      outcome,
      reason,
      ...place,
      ...(sender.name ? { name: sender.name } : {}),
    });
    return decision;
  }

  /** What the owner decided about somebody who waited. */
  #noteAnswer(
    pairing: Omit<Pairing, "code" | "createdAt" | "expiresAt">,
    outcome: "approved" | "rejected" | "blocked",
    reason: string,
  ) {
    const { channel, sender, name } = pairing;
    this.#keep({ channel, account: accountOf(pairing), sender, outcome, reason, ...(name ? { name } : {}) });
  }

  #keep(note: Omit<AdmissionNote, "at" | "times">): void {
    const { now, writes } = this.#ports;
    if (this.log.note({ ...note, at: now() })) writes.later(() => this.log.write(), LOG_PAUSE_MS);
  }

  /** After the answer: nobody waits for it. */
  #noteSeen({ from, placeName, sender }: Message, { sessionKey, sender: known }: Accepted): void {
    const seenAt = this.#ports.now();
    const name = placeName ?? (from.kind === "group" ? undefined : known.name);
    this.#ports.accounts.note({ channel: from.channel, account: accountOf(from), at: seenAt, note: { kind: "in" } });
    this.#ports.accounts.lately.note(from, sessionKey, name, seenAt);
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
    this.#noteAnswer(pairing, "approved", `Let in as ${person.role === "owner" ? "the owner" : person.name}.`);
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
    this.#noteAnswer(pairing, "rejected", "Turned down.");
    this.#ports.announce("channels.pairing.resolved", { ...viewRequest(pairing), decision: "rejected" });
    return { ok: true, value: pairing };
  }

  async changePeople(change: PeopleChange): Promise<Outcome<Person | undefined>> {
    const changed = await this.#change(change);
    if (changed.ok) {
      const personId = changed.value?.id;
      this.#ports.announce("people.changed", { reason: PAST[change.kind], ...(personId ? { personId } : {}) });
    }
    return changed;
  }

  async #change(change: PeopleChange): Promise<Outcome<Person | undefined>> {
    switch (change.kind) {
      case "link":
        return this.#people.link(change.id, change.other);
      case "unlink": {
        const account = accountNamed(change.account);
        return this.#people.unlink(account, await directRest(account), this.#ports.now());
      }
      case "rename":
        return this.#people.rename(change.id, change.name);
      case "forget": {
        const account = accountNamed(change.account);
        return this.#forget(account) ? DONE : notFound(`Nobody was let in as ${nameOf(account)}.`);
      }
      case "block":
        return this.#block(accountNamed(change.account));
      case "unblock": {
        const account = accountNamed(change.account);
        return this.#people.blocked.remove(account) ? DONE : notFound(`${nameOf(account)} is not blocked.`);
      }
      default:
        return change satisfies never;
    }
  }

  #block(account: Account): Outcome<undefined> {
    const { now, announce } = this.#ports;
    const person = this.#people.find(account);
    if (person?.role === "owner") {
      const message = "The owner cannot be blocked. Remove the account, or unlink it first.";
      return { ok: false, error: { code: "INVALID_REQUEST", message } };
    }
    const waited = this.#pairings.remove(account);
    this.#forget(account);
    const blocked = this.#people.blocked.add(account, person?.name ?? waited?.name, now());
    this.#noteAnswer(blocked, "blocked", "Blocked: heard nowhere on this account.");
    if (waited) announce("channels.pairing.resolved", { ...viewRequest(waited), decision: "rejected" });
    return DONE;
  }

  async blockedSenders(): Promise<BlockedSender[]> {
    return this.#people.blocked.list();
  }

  /** Not only may they not be heard: nothing is written to them any more. */
  #forget(account: Account): boolean {
    const isGone = this.#people.forget(account);
    this.#ports.writes.flush();
    this.#places.removeDirect(account);
    return isGone;
  }

  async seenGroups(): Promise<SeenGroup[]> {
    this.#ports.writes.flush();
    const heard = this.#places.groups().map(({ to, name, seenAt }) => ({ ...to, name, seenAt }));
    const refused = this.log
      .list(200)
      .flatMap(({ peer, placeName, at, ...note }) =>
        peer === undefined ? [] : [{ ...note, peer, name: placeName, seenAt: at }],
      );
    const groups = new Map<string, SeenGroup>();
    for (const { channel, account = DEFAULT_ACCOUNT, peer, name, seenAt } of [...heard, ...refused]) {
      const key = `${channel}/${account}/${peer}`;
      const known = groups.get(key);
      const called = name ?? known?.name;
      groups.set(key, {
        channel,
        ...(account === DEFAULT_ACCOUNT ? {} : { account }),
        peer,
        ...(called ? { name: called } : {}),
        isHeard: this.#isHeard({ channel, account, peer, kind: "group" }),
        seenAt: Math.max(seenAt, known?.seenAt ?? 0),
      });
    }
    return [...groups.values()].toSorted((a, b) => b.seenAt - a.seenAt);
  }

  #isHeard(group: Address): boolean {
    const rules = readAccountRules(this.#ports.settings(), group.channel, accountOf(group));
    const place = readPlaceRules(rules, group);
    return rules.isEnabled && rules.groupPolicy !== "disabled" && place.isEnabled && isHeard(rules, place);
  }

  forgetChannelAccount(channel: string, account: string): void {
    this.#ports.writes.flush();
    this.#pairings.removeAccount(channel, account);
    this.#places.removeAccount(channel, account);
    this.#threads.removeAccount(channel, account);
  }

  /** Where the owner was heard last in private, if that can be written to now. */
  ownerPlace(): Address | undefined {
    this.#ports.writes.flush();
    const owner = this.#people.list().find(({ role }) => role === "owner");
    const to = owner && this.#places.latestOf(owner.accounts)?.to;
    const own = to && this.#ports.accounts.get(to.channel, accountOf(to));
    return own?.isEnabled && own.missing.length === 0 ? to : undefined;
  }

  mayBeHeard({ from, authors }: Parameters<PeoplePort["mayBeHeard"]>[0]): Promise<boolean[]> {
    const settings = this.#ports.settings();
    return Promise.all(authors.map((author) => mayBeHeard(settings, this.#people, from, author)));
  }

  maySend(request: Parameters<PeoplePort["maySend"]>[0]): Promise<SendPermission> {
    this.#ports.writes.flush();
    return decideSending(
      { settings: this.#ports.settings(), accounts: this.#ports.accounts, people: this.#people, places: this.#places },
      request,
    );
  }
}

function accountNamed(named: NamedAccount): Account {
  return { channel: named.channel, account: accountOf(named), sender: named.sender };
}

function nameOf({ channel, account, sender }: Account): string {
  return account === DEFAULT_ACCOUNT ? `${channel}:${sender}` : `${channel}/${account}:${sender}`;
}

function notFound(message: string): Outcome<never> {
  return { ok: false, error: { code: "NOT_FOUND", message: `${message} \`skerry people list\` shows who is known.` } };
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
