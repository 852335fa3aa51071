// Who may speak, to which session, and as whom. Pure decisions, each with its reason: the people that are known are
// handed in, nothing is written. Fails closed.
import type { PlaceBrief, ToolPolicy } from "../../../contract/admission.ts";
import { channelFacts } from "../../../contract/channels/facts.ts";
import { type Address, isAnsweredInPlace, type Message, type Sender, textOf } from "../../../contract/message.ts";
import type { Author } from "../../../contract/people.ts";
import type { Wanted } from "../../../contract/ports/directory.ts";
import { DEFAULT_AGENT_ID, formatSessionKey, parseSessionKey } from "../../../contract/session-key.ts";
import type { Settings } from "../../../contract/settings.ts";
import { parseCommand } from "../../agent/commands.ts";
import { agentName, hasAgent } from "../briefs.ts";
import { type Identity, identify, type KnownPeople } from "./identity.ts";
import { isSpokenTo } from "./mention.ts";
import { makePlaceBrief } from "./place-brief.ts";
import { judgeDirect, judgeGroup } from "./policies.ts";
import { chooseTalk, routeAgent } from "./routing.ts";
import { accountOf, readAccountRules, readPlaceRules } from "./rules.ts";

export type AdmissionDecision =
  | {
      outcome: "accept";
      sessionKey: string;
      agentId: string;
      sender: Sender;
      place?: PlaceBrief;
      /** In a group: whether who was spoken to in a thread goes on being meant there. */
      followsThreads?: boolean;
      /** What the place leaves of the agent's tools. */
      tools?: ToolPolicy;
      /** Absent: all. */
      commands?: string[];
      reason: string;
    }
  | { outcome: "pair"; reason: string }
  | { outcome: "ignore"; reason: string };

/** What somebody other than the owner may use unless the settings say otherwise. */
const GUEST_COMMANDS = ["new", "reset", "stop", "status", "help", "commands", "whoami", "usage"];

export async function decideAdmission(
  settings: Settings,
  people: KnownPeople,
  message: Message,
  wanted: Wanted,
): Promise<AdmissionDecision> {
  if (isAnsweredInPlace(message.from)) return decideScreen(settings, message, wanted);
  const { from } = message;
  const facts = channelFacts(from.channel);
  if (!facts) return ignore(`There is no channel "${from.channel}" in this version of Skerry.`);
  const rules = readAccountRules(settings, from.channel, accountOf(from));
  if (!rules.isEnabled) return ignore(`${facts.label} is switched off in the settings (enabled false).`);
  const place = from.kind === "group" ? readPlaceRules(rules, from) : undefined;
  const who = await identify(settings, people, accountIn(message), message.sender.name);
  if (who.person?.role !== "owner" && people.isBlocked(who.account)) return ignore("The sender is blocked.");
  const verdict = place ? judgeGroup(rules, place, who, message) : judgeDirect(rules, who, message);
  if (verdict.outcome === "pair" && wanted.isNotice) return ignore("A stranger did something that asks for no answer.");
  if (verdict.outcome !== "accept") return { outcome: verdict.outcome, reason: verdict.reason };
  const agentId = routeAgent(settings, from, who, rules, place);
  if (!hasAgent(settings, agentId)) return ignore(noAgent(agentId));
  const commands = who.sender.isOwner ? undefined : (settings.commands?.guests ?? GUEST_COMMANDS);
  const isAddressed = !place || (await isAddressedIn(settings, message, agentName(settings, agentId), commands));
  return {
    outcome: "accept",
    sessionKey: formatSessionKey({ agentId, rest: await chooseTalk(settings, from, who) }),
    agentId,
    sender: who.sender,
    place: makePlaceBrief(settings, facts, rules, place, isAddressed),
    ...(place && facts.hasTalkingThreads ? { followsThreads: place.implicitMentions?.threadParticipation !== false } : {}),
    ...(place?.tools ? { tools: place.tools } : {}),
    ...(commands ? { commands } : {}),
    reason: verdict.reason,
  };
}

/** Whether the words of somebody in a group may reach a model, as it is decided of messages that come from there. */
export async function mayBeHeard(settings: Settings, people: KnownPeople, from: Address, author: Author): Promise<boolean> {
  const rules = readAccountRules(settings, from.channel, accountOf(from));
  if (from.kind !== "group" || !rules.isEnabled) return false;
  const who = await identify(settings, people, accountIn({ from, sender: author }));
  if (who.person?.role !== "owner" && people.isBlocked(who.account)) return false;
  return judgeGroup(rules, readPlaceRules(rules, from), who, author).outcome === "accept";
}

/** The door proved who it is. A screen may name the session it wants; everything else gets its agent's main one. */
function decideScreen(settings: Settings, message: Message, wanted: Wanted): AdmissionDecision {
  if (!message.sender.isOwner) return ignore(`${message.from.channel}: the sender is not the owner.`);
  const parts = parseSessionKey(wanted.sessionKey ?? "main", wanted.agentId ?? DEFAULT_AGENT_ID);
  if (!parts) return ignore(`"${wanted.sessionKey}" is no session key; write agent:<agent>:<name>, at most 512 characters.`);
  if (!hasAgent(settings, parts.agentId)) return ignore(noAgent(parts.agentId));
  const { agentId } = parts;
  return { outcome: "accept", sessionKey: formatSessionKey(parts), agentId, sender: message.sender, reason: "The owner asked." };
}

export function accountIn(message: { from: Address; sender: Pick<Sender, "id"> }): Identity["account"] {
  return { channel: message.from.channel, account: accountOf(message.from), sender: message.sender.id };
}

/** A mention, an answer to us, a name that is called, or a command that names no other program. */
async function isAddressedIn(settings: Settings, message: Message, name: string, commands: string[] | undefined) {
  if (message.isToUs) return true;
  const text = textOf(message.parts).trim();
  const command = /^\/[a-z-]+(?:\s|$)/i.test(text) ? parseCommand(text)?.name : undefined;
  if (command !== undefined && (commands === undefined || commands.includes(command))) return true;
  return isSpokenTo(settings, name, text);
}

function noAgent(agentId: string): string {
  return `There is no agent "${agentId}". Add it under agents.entries in the settings.`;
}

function ignore(reason: string): AdmissionDecision {
  return { outcome: "ignore", reason };
}
