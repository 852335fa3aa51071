// Who hears what comes of something that nobody wrote: whoever spoke last in this talk, in the place where they did. A talk that is
// read at a screen needs none.
import type { Event } from "../../../contract/event.ts";
import { isAnsweredInPlace } from "../../../contract/message.ts";
import type { SessionParts } from "../parts.ts";

export function findListener(parts: SessionParts, event: Event & { kind: "result" }): Event & { kind: "result" } {
  const { listener: _given, ...bare } = event;
  const entries = parts.transcript.window(parts.profile.get().windowSeq);
  const last = entries.findLast((entry) => entry.kind === "user" && entry.from !== undefined);
  if (last?.kind !== "user" || !last.from || !last.sender || isAnsweredInPlace(last.from)) return bare;
  const { from, sender, origin } = last;
  const placeName = origin?.placeName === undefined ? {} : { placeName: origin.placeName };
  return { ...bare, listener: { id: event.id, from, sender, parts: [], sentAt: parts.now(), ...placeName } };
}
