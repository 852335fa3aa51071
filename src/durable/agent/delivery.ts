// What comes of a delivery: sent, tried again, or given up with a sentence for the person. "It said no" is not repeated,
// "nobody answered" is tried again for an hour, "it may have been sent" is never repeated unless twice does no more than once.
import type { DeliveryAct, DeliveryOutcome } from "../../contract/channels/delivery.ts";
import type { Address } from "../../contract/message.ts";

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 300_000;
/** How long a message is tried. */
export const GIVE_UP_MS = 3_600_000;
/** A reaction or a removal that comes late helps nobody. */
const GIVE_UP_TRIFLE_MS = 120_000;

export type AfterDelivery =
  | { state: "sent"; platformId?: string }
  | { state: "pending"; nextAt: number }
  /** `said`: what the person is told; absent for what nobody would miss. */
  | { state: "refused" | "unknown"; said?: string; reason: string };

export interface Try {
  act: DeliveryAct;
  to: Address;
  /** Tries so far, this one included. */
  attempts: number;
  /** When it was written down. */
  madeAt: number;
}

export function afterDelivery(outcome: DeliveryOutcome, tried: Try, channel: string, now: number): AfterDelivery {
  const what = nameOf(tried.act);
  switch (outcome.outcome) {
    case "sent":
      return { state: "sent", ...(outcome.platformId === undefined ? {} : { platformId: outcome.platformId }) };
    case "refused":
      return lost("refused", outcome.reason, what && `${channel} did not take ${what}: ${sentence(outcome.reason)}`);
    case "unknown": {
      if (isRepeatable(tried.act)) return again(tried, {}, outcome.reason, channel, now);
      const said = `It is not certain that ${what} reached ${channel}: ${sentence(outcome.reason)} It is not sent again, so that nobody gets it twice.`;
      return lost("unknown", outcome.reason, what && said);
    }
    case "unanswered":
      return again(tried, outcome, outcome.reason, channel, now);
    default:
      return outcome satisfies never;
  }
}

function again(
  tried: Try,
  { retryAfterMs, patienceMs = GIVE_UP_MS }: { retryAfterMs?: number; patienceMs?: number },
  reason: string,
  channel: string,
  now: number,
): AfterDelivery {
  const what = nameOf(tried.act);
  const wait = retryAfterMs ?? Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(20, Math.max(0, tried.attempts - 1)));
  const patience = what ? patienceMs : GIVE_UP_TRIFLE_MS;
  if (now + wait - tried.madeAt <= patience) return { state: "pending", nextAt: now + wait };
  return lost(
    "refused",
    reason,
    what && `${channel} could not be reached for ${spanOf(patienceMs)}, so ${what} was given up: ${sentence(reason)}`,
  );
}

function spanOf(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  return hours <= 1 ? "an hour" : `${hours} hours`;
}

function lost(state: "refused" | "unknown", reason: string, said: string | undefined): AfterDelivery {
  return { state, reason, ...(said ? { said } : {}) };
}

/** Whether doing it twice leaves the same as doing it once. */
export function isRepeatable(act: DeliveryAct): boolean {
  switch (act.type) {
    case "text":
      return act.replaces !== undefined;
    case "draft":
      return act.message !== undefined;
    case "edit":
    case "delete":
    case "react":
    case "pin":
    case "typing":
      return true;
    case "media":
    case "poll":
    case "thread":
      return false;
    default:
      return act satisfies never;
  }
}

/** Whether a person would miss it. */
export function isMissed(act: DeliveryAct): boolean {
  return nameOf(act) !== undefined;
}

/** What a person would miss; undefined for trifles. */
function nameOf(act: DeliveryAct): string | undefined {
  switch (act.type) {
    case "text":
      return "a message";
    case "media":
      return "a file";
    case "poll":
      return "a poll";
    case "thread":
      return "a thread";
    case "draft":
    case "edit":
    case "delete":
    case "react":
    case "pin":
    case "typing":
      return undefined;
    default:
      return act satisfies never;
  }
}

/** One place, whatever its way back is just now. */
export function addressKey({ channel, account, peer, thread }: Address): string {
  return JSON.stringify([channel, account ?? "", peer, thread ?? ""]);
}

function sentence(reason: string): string {
  const text = reason.trim().replace(/\s+/g, " ").slice(0, 300);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
