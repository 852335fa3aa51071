// To whom a turn speaks: the messages it answers that came by channels, and the place of each person's latest one. A
// screen sees every answer in the transcript, so a word from a screen never takes the answer away from a messenger.
import type { PlaceBrief } from "../../../contract/admission.ts";
import type { DeliveryStyle, OutboxItem } from "../../../contract/channels/delivery.ts";
import { channelFacts } from "../../../contract/channels/facts.ts";
import { type Address, isAnsweredInPlace, type Message } from "../../../contract/message.ts";
import { addressKey } from "../../agent/delivery.ts";
import type { SessionParts } from "../parts.ts";
import type { TurnItem } from "../rows/inbox.ts";
import type { Turn } from "../rows/turns.ts";

/** A message of a channel that a turn answers; of a turn that nobody's word began, who hears it. */
export interface Spoken {
  message: Message;
  address: string;
  place?: PlaceBrief;
}

const FALLBACK_LIMIT = 4000;

/** Oldest first. */
export function spokenIn(turn: Turn, items: readonly TurnItem[]): Spoken[] {
  return items.flatMap(({ inboxId, body }) => {
    const { event, brief } = body ?? turn;
    const message = event.kind === "message" ? event.message : event.kind === "result" ? event.listener : undefined;
    if (!message || event.id !== inboxId || isAnsweredInPlace(message.from)) return [];
    const { place } = brief;
    return [{ message, address: addressKey(message.from), ...(place ? { place } : {}) }];
  });
}

/**
 * Where the answer goes: to the place of each person's latest message, the latest of all first. Where several wait there, by
 * the way back of the first that does: the others were told that it follows.
 */
export function targetsOf(spoken: readonly Spoken[]): Spoken[] {
  const people = new Set<string>();
  const addresses = new Set<string>();
  const targets = spoken.toReversed().filter(({ message, address }) => {
    const person = message.sender.isOwner ? "owner" : (message.sender.personId ?? `${message.from.channel}:${message.sender.id}`);
    const isNew = !people.has(person) && !addresses.has(address);
    people.add(person);
    addresses.add(address);
    return isNew;
  });
  return targets.map((target) => {
    const first = spoken.find(({ message, address }) => message.isAwaited && address === target.address);
    return first ? { ...target, message: { ...target.message, from: first.message.from, isAwaited: true } } : target;
  });
}

/** Places that still show that an answer is coming though it goes elsewhere. */
export function awaitedElsewhere(spoken: readonly Spoken[], targets: readonly Spoken[]): Spoken[] {
  const known = new Set(targets.map(({ address }) => address));
  return spoken.filter(({ message, address }) => message.isAwaited && !known.has(address) && known.add(address));
}

/** The place that a running turn speaks to just now. */
export function presentTarget(parts: SessionParts, turn: Turn): Spoken | undefined {
  return targetsOf(spokenIn(turn, parts.inbox.ofTurn(turn.id)))[0];
}

export function styleOf({ place, message }: Pick<Spoken, "place" | "message">): DeliveryStyle {
  if (place) return place.style;
  const textLimit = channelFacts(message.from.channel)?.textLimit ?? FALLBACK_LIMIT;
  return { streaming: "off", textLimit, chunkMode: "length", replyTo: "off", showsTyping: false, editEveryMs: 1000 };
}

export function outboxItem(
  parts: SessionParts,
  item: Pick<OutboxItem, "id" | "runId" | "act"> & { to: Address; part?: number },
): OutboxItem {
  const { sessionKey, agentId } = parts.ports;
  return { sessionKey, agentId, part: 0, ...item };
}
