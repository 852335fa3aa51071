// Whether an agent may write to a place first: read together from who is known, where they were seen and what the settings
// say of the place. Fails closed; judged by admission/send-policy.ts.
import { channelFacts } from "../../contract/channels/facts.ts";
import type { Outcome } from "../../contract/errors.ts";
import type { Address } from "../../contract/message.ts";
import type { PeoplePort, SendPermission } from "../../contract/people.ts";
import { formatSessionKey } from "../../contract/session-key.ts";
import type { Settings } from "../../contract/settings.ts";
import { accountIn } from "./admission/decision.ts";
import { type Identity, identify } from "./admission/identity.ts";
import { chooseTalk, routeAgent } from "./admission/routing.ts";
import { type AccountRules, accountOf, isHeard, readAccountRules, readPlaceRules } from "./admission/rules.ts";
import { judgeSending } from "./admission/send-policy.ts";
import { isListed } from "./admission/senders.ts";
import type { ChannelAccounts } from "./channels/channel-accounts.ts";
import type { People } from "./people/people.ts";
import type { Place, Places } from "./people/places.ts";

interface KnownWays {
  settings: Settings;
  accounts: ChannelAccounts;
  people: People;
  places: Places;
}

export async function decideSending(
  known: KnownWays,
  { agentId, sessionKey, to: wanted }: Parameters<PeoplePort["maySend"]>[0],
): Promise<SendPermission> {
  const { settings, accounts, people, places } = known;
  const named = wanted.channel === "" ? findPerson(known, wanted.peer) : { ok: true as const, value: wanted };
  if (!named.ok) return { outcome: "denied", reason: named.error.message };
  const facts = channelFacts(named.value.channel);
  if (!facts) return { outcome: "denied", reason: `There is no channel "${named.value.channel}" that can be written to.` };
  const place = places.find(named.value);
  const to = place?.to ?? named.value;
  const rules = readAccountRules(settings, to.channel, accountOf(to));
  const own = accounts.get(to.channel, accountOf(to));
  const kind = to.kind ?? "direct";
  const group = kind === "group" ? readPlaceRules(rules, to) : undefined;
  const account = accountIn({ from: to, sender: { id: place?.sender || to.peer } });
  const who = await identify(settings, people, account);
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

function findPerson({ people, places }: KnownWays, word: string): Outcome<Address> {
  const person = people.resolve(word);
  if (!person.ok) return person;
  const place: Place | undefined = places.latestOf(person.value.accounts);
  if (place) return { ok: true, value: place.to };
  const message = `${person.value.name} was never heard of on a channel, so that there is no way to them yet.`;
  return { ok: false, error: { code: "NOT_FOUND", message } };
}

/** Where a message from a direct place would go now, whatever it was when it was last heard. */
async function nameTalk(settings: Settings, to: Address, who: Identity, rules: AccountRules): Promise<string> {
  const agentId = routeAgent(settings, to, who, rules, undefined);
  return formatSessionKey({ agentId, rest: await chooseTalk(settings, to, who) });
}
