// Who may speak: direct talks by policy and who is known, groups by policy, list and sender. Pure; every answer has its
// reason. What is not clearly let in is kept out.
import type { Message } from "../../../contract/message.ts";
import type { Identity } from "./identity.ts";
import type { AccountRules, PlaceRules } from "./rules.ts";
import { isListed } from "./senders.ts";

export type Verdict = { outcome: "accept" | "pair" | "ignore"; reason: string };

const accept = (reason: string): Verdict => ({ outcome: "accept", reason });
const ignore = (reason: string): Verdict => ({ outcome: "ignore", reason });

export function judgeDirect(rules: AccountRules, who: Identity, message: Pick<Message, "isFromBot">): Verdict {
  const { dmPolicy, allowFrom } = rules;
  if (dmPolicy === "disabled") return ignore("Direct talks are switched off here (dmPolicy disabled).");
  if (who.person?.role === "owner") return accept("The owner wrote.");
  if (message.isFromBot) return ignore("A program wrote directly; programs are answered only in groups that allow it.");
  if (isListed(allowFrom, who.account)) return accept("The sender is in allowFrom.");
  switch (dmPolicy) {
    case "pairing":
      return who.person
        ? accept(`The sender is ${who.person.name}, who was let in.`)
        : { outcome: "pair", reason: "The sender is not known." };
    case "allowlist":
      return ignore(
        who.person
          ? `${who.person.name} was let in once, but dmPolicy allowlist hears only the owner and who is in allowFrom.`
          : "The sender is not in allowFrom (dmPolicy allowlist).",
      );
    case "open":
      if (allowFrom?.includes("*")) return accept('Everybody may write (dmPolicy open, allowFrom "*").');
      return who.person
        ? accept(`The sender is ${who.person.name}, who was let in.`)
        : ignore('dmPolicy open lets everybody in only when allowFrom has "*" in it.');
    default:
      return dmPolicy satisfies never;
  }
}

export function judgeGroup(rules: AccountRules, place: PlaceRules, who: Identity, message: Pick<Message, "isFromBot">): Verdict {
  const { groupPolicy } = rules;
  if (groupPolicy === "disabled") return ignore("Groups are switched off here (groupPolicy disabled).");
  if (groupPolicy === "allowlist" && !place.isListed) {
    return ignore("The group is not in groups (groupPolicy allowlist); add its id there to be heard in it.");
  }
  if (!place.isEnabled) return ignore("The group or topic is switched off (enabled false).");
  if (message.isFromBot && !place.allowBots) return ignore("A program wrote, and allowBots is not set for this group.");
  if (who.person?.role === "owner") return accept("The owner wrote in a group.");
  const allowed = place.allowFrom ?? rules.groupAllowFrom;
  if (allowed === undefined || allowed.includes("*")) return accept("Everybody in the group may speak.");
  return isListed(allowed, who.account)
    ? accept("The sender may speak in the group.")
    : ignore(`The sender is not in the group's ${place.allowFrom ? "allowFrom" : "groupAllowFrom"}.`);
}
