// Who may speak, and to which session. Pure decisions, each with its reason. Fails closed: whoever is not known to be
// the owner is ignored.
import type { Message } from "../../contract/message.ts";
import { DEFAULT_AGENT_ID, formatSessionKey, parseSessionKey } from "../../contract/session-key.ts";
import type { Settings } from "../../contract/settings.ts";
import { hasAgent } from "./briefs.ts";

export type AdmissionDecision =
  | { outcome: "accept"; sessionKey: string; agentId: string; reason: string }
  | { outcome: "ignore"; reason: string };

/** A screen may name the session it wants; everything else gets its agent's main one. */
export function decideAdmission(
  settings: Settings,
  message: Message,
  wanted: { sessionKey?: string; agentId?: string },
): AdmissionDecision {
  if (!message.sender.isOwner) return { outcome: "ignore", reason: `${message.from.channel}: the sender is not the owner.` };
  const agentId = wanted.agentId ?? DEFAULT_AGENT_ID;
  const parts = parseSessionKey(wanted.sessionKey ?? "main", agentId);
  if (!parts) {
    return {
      outcome: "ignore",
      reason: `"${wanted.sessionKey}" is no session key; write agent:<agent>:<name>, at most 512 characters.`,
    };
  }
  if (!hasAgent(settings, parts.agentId)) {
    return { outcome: "ignore", reason: `There is no agent "${parts.agentId}". Add it under agents.entries in the settings.` };
  }
  return { outcome: "accept", sessionKey: formatSessionKey(parts), agentId: parts.agentId, reason: "The owner asked." };
}
