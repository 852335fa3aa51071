// One answer of the stream, as what came in: state first, then each room's events in their order, opened where they are sealed. What
// cannot be opened yet waits on disk for its key. What was said before the account came into a room is not heard, and gaps are filled.
import type { Homeserver } from "./homeserver.ts";
import { MatrixNo } from "./homeserver.ts";
import { headOf, type InboundContext, namedBy, readEvent, type Told } from "./inbound.ts";
import type { MatrixDevice } from "./keys/device.ts";
import { type Rooms, roomPath } from "./rooms.ts";
import type { MatrixState } from "./state.ts";
import { type JoinedRoom, listIn, type RoomEvent, readEvents, roomEvent, type SyncAnswer, textIn } from "./wire.ts";

/** A key that has not come after this time is said to be missing; it may still come. */
const KEY_WAIT_MS = 60_000;
const SEALED_LIFE_MS = 24 * 3_600_000;
const MOST_MISSED = 1000;
const MISSED_AT_ONCE = 100;
const MOST_LOOKED = 500;

export interface ReaderRequest {
  account: string;
  me: { id: string; name: string };
  server: Homeserver;
  state: MatrixState;
  rooms: Rooms;
  /** Absent: encrypted rooms are not read. */
  device: MatrixDevice | undefined;
  log(text: string, isBad?: boolean): void;
  now(): number;
}

export interface Heard {
  inbound: Told[];
  /** The last event of each room that somebody wrote in. */
  read: Map<string, string>;
  /** How many sealed messages could be opened. */
  opened: number;
}

/** What is said of a message that cannot be opened, by the code of whoever keeps its key. */
const SEALED = "[A message that this device could not decrypt: its key did not come. The sender can send it again.]";
const WITHHELD: Record<string, string> = {
  "m.unverified":
    "[A message that this device could not decrypt: the sender's app gives keys to verified devices alone. The sender can switch that off for this room; the owner can verify the device by giving the account's recovery key.]",
  "m.blacklisted": "[A message that this device could not decrypt: the sender's app has blocked this device.]",
  "m.no_olm":
    "[A message that this device could not decrypt: the sender's app could reach no keys of this device. The sender can send it again.]",
};

export class Reader {
  readonly #request: ReaderRequest;
  readonly #looked = new Map<string, RoomEvent>();
  readonly #unread = new Set<string>();

  constructor(request: ReaderRequest) {
    this.#request = request;
  }

  /** `since` undefined: the account's first look at its rooms; nothing in them is news. */
  async read(answer: SyncAnswer, since: string | undefined): Promise<Heard> {
    const heard: Heard = { inbound: [], read: new Map(), opened: 0 };
    for (const [id, room] of Object.entries(answer.rooms?.join ?? {})) await this.#readRoom(id, room, since, heard);
    return heard;
  }

  /** What waited for its key. `forget` is called when what was heard is on disk. */
  async retry(): Promise<Heard & { forget(): void; lost: number; withheld: number }> {
    const { state, device, now } = this.#request;
    const heard: Heard = { inbound: [], read: new Map(), opened: 0 };
    let withheld = 0;
    const [opened, said]: [string[], string[]] = [[], []];
    state.dropSealedBefore(now() - SEALED_LIFE_MS);
    for (const { room, event, at, isSaid } of device ? state.sealed() : []) {
      const open = await device?.open(room, event);
      if (open) {
        heard.inbound.push(...(await this.#tell(room, open, true)));
        opened.push(event.event_id);
      } else if (!isSaid && now() - at > KEY_WAIT_MS) {
        const code = await device?.withheld(room, event);
        if (code !== undefined) withheld++;
        heard.inbound.push(this.#tellSealed(room, event, code));
        said.push(event.event_id);
      }
    }
    const forget = () => {
      for (const id of opened) state.dropSealed(id);
      for (const id of said) state.markSaid(id);
    };
    return { ...heard, opened: opened.length, forget, lost: said.length - withheld, withheld };
  }

  /** An event by its id, opened; undefined: it is not to be had. */
  async look(room: string, id: string): Promise<RoomEvent | undefined> {
    const known = this.#looked.get(id);
    if (known) return known;
    const { server, device } = this.#request;
    try {
      const read = roomEvent.safeParse(await server.ask(roomPath(room, `event/${encodeURIComponent(id)}`)));
      if (!read.success) return undefined;
      const event = isSealed(read.data) ? await device?.open(room, read.data) : read.data;
      if (event) this.#remember(event);
      return event;
    } catch (error) {
      if (error instanceof MatrixNo) return undefined;
      throw error;
    }
  }

  async #readRoom(id: string, room: JoinedRoom, since: string | undefined, heard: Heard): Promise<void> {
    const { rooms, state, device, now, me } = this.#request;
    const isNew = state.room(id).seenAt === undefined;
    await rooms.apply(id, room);
    const timeline = readEvents(room.timeline);
    const { lastId, lastAt = 0 } = state.room(id);
    // A line that was deaf asks anew: what came after the last event that was heard is news all the same.
    const isAnew = since === undefined && lastId !== undefined;
    const from = room.timeline?.prev_batch;
    const isGap = !isNew && from !== undefined && (isAnew || (since !== undefined && room.timeline?.limited === true));
    const missed = isGap ? await this.#fetchMissed(id, from, isAnew ? { lastId } : { to: since ?? "" }) : [];
    const events = [...missed, ...(isNew ? sinceInvited(timeline, me.id) : timeline)];
    if (isAnew) {
      const at = events.findLastIndex(({ event_id }) => event_id === lastId);
      const isNews =
        at < 0 ? ({ origin_server_ts: ts }: RoomEvent) => ts > lastAt : (_event: RoomEvent, index: number) => index > at;
      events.splice(0, events.length, ...events.filter(isNews));
    }
    for (const event of timeline) rooms.applyEvent(id, event);
    for (const event of missed) if (event.type === "m.room.member") rooms.applyEvent(id, event);
    if (events.some(({ type }) => type === "m.room.member")) await rooms.recount(id);
    const last = timeline.at(-1);
    state.keepRoom(id, {
      ...state.room(id),
      seenAt: now(),
      ...(last ? { lastId: last.event_id, lastAt: last.origin_server_ts } : {}),
    });
    if (since === undefined && !isAnew) return;
    for (const event of events) {
      const isClosed = isSealed(event);
      const open = isClosed ? await device?.open(id, event) : event;
      if (open) {
        this.#remember(open);
        if (isClosed) heard.opened++;
        heard.inbound.push(...(await this.#tell(id, open, isClosed)));
      } else if (device) state.keepSealed(id, event, now());
      else this.#sayUnread(id);
      if (event.sender !== me.id && event.state_key === undefined) heard.read.set(id, event.event_id);
    }
  }

  /** Between two answers there was more than the homeserver brings at once: up to a place, or to an event. Oldest first. */
  async #fetchMissed(id: string, from: string, { to, lastId }: { to?: string; lastId?: string }): Promise<RoomEvent[]> {
    const { server, log } = this.#request;
    const missed: RoomEvent[] = [];
    for (let at: string | undefined = from; at !== undefined; ) {
      const query = { dir: "b", from: at, to, limit: String(MISSED_AT_ONCE) };
      const answer = await server.ask(roomPath(id, "messages"), { query }).catch((error: unknown) => {
        if (!(error instanceof MatrixNo) || error.isPassing || error.isSignedOut) throw error;
        log(`What was missed in one room is not given out (${error.message}).`, true);
        return {};
      });
      const chunk = readEvents({ events: listIn(answer, "chunk") });
      missed.push(...chunk);
      const next = textIn(answer, "end");
      const isThere = lastId !== undefined && chunk.some(({ event_id }) => event_id === lastId);
      at = chunk.length > 0 && next !== at && !isThere ? next : undefined;
      if (missed.length >= MOST_MISSED && at !== undefined) {
        log(`More than ${MOST_MISSED} messages were missed in one room; the older ones are left out.`, true);
        break;
      }
    }
    return missed.reverse();
  }

  async #tell(id: string, event: RoomEvent, isClosed: boolean): Promise<Told[]> {
    const named = new Map<string, RoomEvent | undefined>();
    for (const other of namedBy(event)) named.set(other, await this.look(id, other));
    return readEvent(
      event,
      this.#contextOf(id, isClosed, (other) => named.get(other)),
    );
  }

  /** In words, so that whoever wrote it can be told. */
  #tellSealed(id: string, event: RoomEvent, code: string | undefined): Told {
    const context = this.#contextOf(id, true, () => undefined);
    const head = headOf(event, context);
    const text = WITHHELD[code ?? ""] ?? SEALED;
    const message = { ...head, id: `${head.id}:sealed`.slice(0, 512), parts: [{ type: "text" as const, text }] };
    return { kind: context.room.isDirect ? "message" : "notice", message };
  }

  #contextOf(id: string, isClosed: boolean, look: InboundContext["look"]): InboundContext {
    const { account, me, rooms, state } = this.#request;
    const name = rooms.titleOf(id);
    return {
      account,
      me,
      room: {
        id,
        isDirect: rooms.isDirect(id),
        isEncrypted: state.room(id).isEncrypted === true,
        isSmall: rooms.isSmall(id),
        ...(name === undefined ? {} : { name }),
      },
      isSealed: isClosed,
      nameOf: (person) => rooms.nameOf(id, person),
      look,
    };
  }

  #remember(event: RoomEvent): void {
    this.#looked.delete(event.event_id);
    this.#looked.set(event.event_id, event);
    const [oldest] = this.#looked.keys();
    if (this.#looked.size > MOST_LOOKED && oldest !== undefined) this.#looked.delete(oldest);
  }

  #sayUnread(id: string): void {
    if (this.#unread.has(id)) return;
    this.#unread.add(id);
    this.#request.log(
      `The room ${this.#request.rooms.titleOf(id) ?? id} is encrypted and not read: encryption is switched off.`,
      true,
    );
  }
}

export function isSealed({ type, content }: RoomEvent): boolean {
  return type === "m.room.encrypted" && content["ciphertext"] !== undefined;
}

/** Of a room that is new: from our invitation on, or from when we came. */
function sinceInvited(timeline: readonly RoomEvent[], me: string): RoomEvent[] {
  const own = (membership: string) =>
    timeline.findLastIndex(
      ({ type, state_key: key, content }) =>
        type === "m.room.member" && key === me && textIn(content, "membership") === membership,
    );
  const at = own("invite");
  return timeline.slice((at < 0 ? own("join") : at) + 1);
}
