// What is only overheard: words in a group that are not for the assistant, and programs that would talk with it without
// end. Kept as context for the next answer there; nothing of it begins a turn.
import type { Brief } from "../../../contract/admission.ts";
import type { Overheard } from "../../../contract/entry.ts";
import type { Event } from "../../../contract/event.ts";
import { addressKey } from "../../agent/delivery.ts";
import type { SessionParts } from "../parts.ts";
import { textOfMessage } from "./reading.ts";

/** Turns in a row that programs may begin before a person has to speak. */
const MAX_BOT_TURNS = 4;
export const KEPT_CHARS = 2000;

export function isOnlyOverheard(parts: SessionParts, event: Event, brief: Brief): boolean {
  const { place } = brief;
  if (event.kind !== "message" || !place) return false;
  const { activation = place.activation, botTurns = 0 } = parts.profile.get();
  if (place.kind === "group" && activation !== "always" && !place.isAddressed) return true;
  return event.message.isFromBot === true && botTurns >= MAX_BOT_TURNS;
}

/** Contract: called inside the transaction that stores the event. */
export function overhear(parts: SessionParts, event: Event & { kind: "message" }, brief: Brief): void {
  const { from, sender, platformId } = event.message;
  const heard: Overheard = {
    author: sender.name ?? sender.id,
    text: textOfMessage(event.message).slice(0, KEPT_CHARS),
    at: parts.now(),
    ...(platformId === undefined ? {} : { platformId }),
  };
  parts.overheard.add(event.id, addressKey(from), heard, brief.place?.historyLimit ?? 0);
}

/** Counts who begins turns. Contract: as above; `isTurn`: whether this message will begin or join one. */
export function noteSpeaker(parts: SessionParts, event: Event, isTurn: boolean): void {
  if (event.kind !== "message") return;
  const { botTurns = 0 } = parts.profile.get();
  if (!event.message.isFromBot) {
    if (botTurns > 0) parts.profile.change({ botTurns: undefined }, parts.now());
  } else if (isTurn) parts.profile.change({ botTurns: botTurns + 1 }, parts.now());
}

/** What was said in the place of this message since the last answer there. Contract: called inside a transaction. */
export function takeOverheard(parts: SessionParts, event: Event): Overheard[] {
  if (event.kind !== "message" || event.message.from.kind !== "group") return [];
  const known = new Set(Array.isArray(event.earlier) ? event.earlier.map(({ platformId }) => platformId) : []);
  return parts.overheard
    .take(addressKey(event.message.from))
    .filter(({ platformId }) => platformId === undefined || !known.has(platformId));
}
