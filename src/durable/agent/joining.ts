// Which waiting messages belong together, and when each may begin: the pictures of an album, the parts of a long text,
// what one person writes in quick succession. A message waits for the rest of its group and for its own files.
import type { Brief } from "../../contract/admission.ts";
import type { Event } from "../../contract/event.ts";
import { textOf } from "../../contract/message.ts";
import { addressKey } from "./delivery.ts";

const ALBUM_MS = 800;
/** A client needs longer to send on the rest of a long text. */
const LONG_TEXT_MS = 1500;
const LONG_TEXT_CHARS = 3500;
/** However fast they come, nobody waits longer than this for an answer to begin. */
const LONGEST_WAIT_MS = 7500;

export interface Arrival {
  at: number;
  event: Event;
  brief: Brief;
}

/** How long this message alone asks for quiet, ms. */
export function quietWindow(event: Event, brief: Brief): number {
  if (event.kind !== "message") return 0;
  const debounceMs = brief.place?.debounceMs ?? 0;
  if (event.message.joinAs === undefined) return debounceMs;
  const isLong = textOf(event.message.parts).length >= LONG_TEXT_CHARS;
  return Math.max(debounceMs, isLong ? LONG_TEXT_MS : ALBUM_MS);
}

/** Whether something that belongs to it is still at the platform: files, or what stood in its thread before. */
export function isIncomplete(event: Event): boolean {
  return event.kind === "message" && ((event.message.attachments?.length ?? 0) > 0 || event.earlier === "unread");
}

/** When each waiting message may begin; infinite: not before it is complete. */
export function readyTimes(waiting: readonly Arrival[]): number[] {
  const groups = waiting.map(groupOf);
  return waiting.map((arrival, index) => {
    const group = waiting.filter((_other, place) => groups[place] === groups[index]);
    if (group.some(({ event }) => isIncomplete(event))) return Number.POSITIVE_INFINITY;
    const last = group[group.length - 1] ?? arrival;
    const first = group[0] ?? arrival;
    const quiet = quietWindow(last.event, last.brief);
    return quiet === 0 ? last.at : Math.min(last.at + quiet, first.at + LONGEST_WAIT_MS);
  });
}

/** Whether two messages are to be read as one. */
export function belongTogether(one: Arrival, other: Arrival): boolean {
  return groupOf(one) === groupOf(other);
}

function groupOf({ event, brief }: Arrival): string {
  if (event.kind !== "message") return event.id;
  const { from, sender, joinAs } = event.message;
  if (joinAs === undefined && !brief.place?.debounceMs) return event.id;
  // With a quiet window everything of one sender is one group, albums included.
  return JSON.stringify([addressKey(from), sender.id, brief.place?.debounceMs ? "" : joinAs]);
}
