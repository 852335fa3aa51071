// What people wrote while no session heard it. Discord tells a session that is resumed what it missed; when a new one is begun it tells
// nothing, so the rooms in which something was heard last are read back from where they were heard, oldest first. What can't be read in
// time is left, and said; what is older than a day nobody waits for any more.
import * as z from "zod";

const snowflake = z.string().regex(/^\d{1,20}$/);

/** Up to where a room was heard: its newest message that is on disk. */
export const heardMark = z.object({ channel: snowflake, guild: snowflake.optional(), id: snowflake });
export type HeardMark = z.infer<typeof heardMark>;

/** Further rooms are forgotten, the one that was quiet longest first. */
const MOST_ROOMS = 25;
const PAGE = 100;
const MOST_PAGES = 3;
const AT_ONCE = 5;
const OLDEST_MS = 24 * 3_600_000;
/** New events wait for it, and a command has to be answered within three seconds of coming. */
const WAIT_MS = 10_000;
const EPOCH_MS = 1_420_070_400_000;

export type MissedMessage = Record<string, unknown> & { id: string };

/** The marks with this message's room moved on to it, the newest room last. */
export function markHeard(marks: readonly HeardMark[], message: Record<string, unknown>): HeardMark[] {
  const read = heardMark.safeParse({ channel: message["channel_id"], guild: message["guild_id"], id: message["id"] });
  if (!read.success) return [...marks];
  const mark = read.data;
  const known = marks.find(({ channel }) => channel === mark.channel);
  // Never back: a message that was read back may come after a newer one.
  const newest = known && BigInt(known.id) > BigInt(mark.id) ? known : mark;
  return [...marks.filter((one) => one !== known), newest].slice(-MOST_ROOMS);
}

export interface MissedRequest {
  marks: readonly HeardMark[];
  ask(path: `/${string}`, signal: AbortSignal): Promise<unknown>;
  now: number;
  signal: AbortSignal;
}

/** The messages after the marks, oldest first, as the gateway would have told them; and how many rooms could not be read. */
export async function readMissed(request: MissedRequest): Promise<{ messages: MissedMessage[]; unread: number }> {
  const { marks, now } = request;
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(WAIT_MS)]);
  const waiting = [...marks].reverse();
  const messages: MissedMessage[] = [];
  let unread = 0;
  const work = async () => {
    for (let mark = waiting.shift(); mark; mark = waiting.shift()) {
      try {
        for await (const page of pagesAfter(mark, (path) => request.ask(path, signal), now)) messages.push(...page);
      } catch (error) {
        // What it may not read, or what is gone, holds nothing for it.
        if (![403, 404].includes(Number((error as { status?: unknown } | undefined)?.status))) unread++;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { messages: messages.sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1)), unread };
}

async function* pagesAfter(
  { channel, guild, id }: HeardMark,
  ask: (path: `/${string}`) => Promise<unknown>,
  now: number,
): AsyncGenerator<MissedMessage[]> {
  const oldest = BigInt(Math.max(0, now - OLDEST_MS - EPOCH_MS)) << 22n;
  let after = BigInt(id) > oldest ? BigInt(id) : oldest;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await ask(`/channels/${channel}/messages?after=${after}&limit=${PAGE}`);
    const found = (Array.isArray(answer) ? answer : []).filter(isMessage).filter((one) => BigInt(one.id) > after);
    yield found.map((one) => ({ ...one, channel_id: channel, ...(guild === undefined ? {} : { guild_id: guild }) }));
    if (found.length < PAGE) return;
    after = found.reduce((most, one) => (BigInt(one.id) > most ? BigInt(one.id) : most), after);
  }
}

function isMessage(one: unknown): one is MissedMessage {
  return snowflake.safeParse((one as { id?: unknown } | null)?.id).success;
}
