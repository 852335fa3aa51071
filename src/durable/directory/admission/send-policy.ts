// Whether an agent may write somewhere by itself. Pure: what is known of the place is handed in. The first rule that
// matches counts; then the default; then only who is known.
import type { Settings } from "../../../contract/settings.ts";

export interface SendFacts {
  agentId: string;
  /** As people call it. */
  channel: string;
  channelId: string;
  kind: "direct" | "group";
  peer: string;
  /** The platform's id of whoever is behind a direct place, when it is not the peer. */
  sender?: string;
  /** Whether the channel's account has what it needs and is switched on. */
  isUsable: boolean;
  /** The talk that asks takes place there. */
  isOwnPlace: boolean;
  /** Whoever is behind a direct place was let in. */
  isKnownPerson: boolean;
  /** Groups: whether the policy lets it be heard, and whether it ever was. */
  isAllowedGroup: boolean;
  wasSeen: boolean;
}

export type SendVerdict = { outcome: "allowed" } | { outcome: "denied"; reason: string };

export function judgeSending(settings: Settings, facts: SendFacts): SendVerdict {
  if (!facts.isUsable) return deny(`${facts.channel} is switched off or not set up here.`);
  const policy = settings.session?.sendPolicy;
  const rule = policy?.rules?.find(({ match }) => {
    const { channel, kind, peer, agentId } = match;
    return (
      (channel === undefined || channel === facts.channelId) &&
      (kind === undefined || kind === facts.kind) &&
      (peer === undefined || peer === facts.peer || peer === facts.sender) &&
      (agentId === undefined || agentId === facts.agentId)
    );
  });
  if (rule) return rule.action === "allow" ? { outcome: "allowed" } : deny("A rule of session.sendPolicy forbids it.");
  if (facts.isOwnPlace || policy?.default === "allow") return { outcome: "allowed" };
  if (policy?.default === "deny") return deny("session.sendPolicy allows only what a rule names.");
  if (facts.kind === "direct") {
    if (facts.isKnownPerson) return { outcome: "allowed" };
    return deny("Nobody who was let in has that account; the owner can allow it by a rule in session.sendPolicy.");
  }
  if (!facts.isAllowedGroup) return deny("That group is not among the allowed ones of its channel.");
  return facts.wasSeen
    ? { outcome: "allowed" }
    : deny("Nothing was ever heard from that group; somebody must write there first.");
}

function deny(reason: string): SendVerdict {
  return { outcome: "denied", reason };
}
