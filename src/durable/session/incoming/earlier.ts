// What was written in a thread before its talk here began: the first message of the talk is marked (markEarlier), the
// platform is asked once (readEarlier), and what may be heard comes along with it. Whatever goes wrong, the turn goes on
// without. Words of whoever would not be heard in that group are left out here, before anything is kept of them.
import type { Brief } from "../../../contract/admission.ts";
import type { ReadBack } from "../../../contract/channels/delivery.ts";
import type { Overheard } from "../../../contract/entry.ts";
import type { Event } from "../../../contract/event.ts";
import type { Message } from "../../../contract/message.ts";
import { withinTime } from "../outgoing/time-limit.ts";
import type { SessionParts } from "../parts.ts";
import { KEPT_CHARS } from "./overhearing.ts";

/** Nobody waits longer than this for what they did not write. */
const PATIENCE_MS = 3000;

/** Marks what may be the first message of a talk in a thread. Contract: nothing of the message is stored yet. */
export function markEarlier(parts: SessionParts, event: Event, { place }: Brief): Event {
  if (event.kind !== "message" || event.message.from.thread === undefined || place?.kind !== "group") return event;
  if (!place.threadLimit || hasBegun(parts)) return event;
  return { ...event, earlier: "unread" };
}

/** A talk that was started afresh has begun, also when nothing was said in it. */
function hasBegun({ profile }: SessionParts): boolean {
  if (!profile.exists) return false;
  const { messageCount, windowSeq } = profile.get();
  return messageCount > 0 || windowSeq > 1;
}

/** Never rejects. */
export async function readEarlier(parts: SessionParts, message: Message, { place }: Brief): Promise<Overheard[]> {
  const asked = ask(parts, message, place?.threadLimit ?? 0).catch((error: unknown) => {
    console.warn("what stood in the thread before was not read", error);
    return [];
  });
  return withinTime(asked, PATIENCE_MS, () => []);
}

async function ask(parts: SessionParts, message: Message, limit: number): Promise<Overheard[]> {
  const { from } = message;
  parts.wake.countInside();
  // Beside them: the message that the thread hangs on, and the present one.
  const read = await parts.ports.delivery.read(from, limit + 2);
  if (!read.ok) {
    console.warn(`what stood in the thread before was not read: ${read.error.message}`);
    return [];
  }
  const before = writtenBefore(message, read.value).filter(({ text }) => text !== "");
  const root = before.filter(({ platformId }) => platformId === from.thread);
  const latest = before.filter((said) => !root.includes(said)).slice(-limit);
  return onlyHeard(parts, message, [...root, ...latest]);
}

/** By its place, since several may have been written in the same moment. */
function writtenBefore({ platformId, sentAt }: Message, said: readonly ReadBack[]): readonly ReadBack[] {
  const end = said.findIndex((one) => one.platformId === platformId);
  return end >= 0 ? said.slice(0, end) : said.filter(({ at }) => at <= sentAt);
}

async function onlyHeard(parts: SessionParts, { from }: Message, said: readonly ReadBack[]): Promise<Overheard[]> {
  const foreign = said.filter(({ isOurs }) => !isOurs);
  const authors = foreign.map(({ authorId = "", isFromBot = false }) => ({ id: authorId, isFromBot }));
  if (authors.length > 0) parts.wake.countInside();
  const answers = authors.length > 0 ? await parts.ports.directory.mayBeHeard({ from, authors }) : [];
  const heard = new Set(foreign.filter(({ authorId }, index) => authorId && answers[index] === true));
  return said
    .filter((one) => one.isOurs || heard.has(one))
    .map(({ author, text, at, platformId, isOurs }) => ({
      author,
      text: text.slice(0, KEPT_CHARS),
      at,
      platformId,
      ...(isOurs ? { isOurs } : {}),
    }));
}
