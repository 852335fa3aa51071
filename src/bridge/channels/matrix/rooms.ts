// The rooms of the account: what their state says, who is in them, which are talks of two, and which invitations are taken up.
//
// A talk of two is a room with exactly one other in it (invited ones count), begun as such, or without name and closed to the public. As
// soon as a third is invited it is a group, whatever its members' apps call it: what two said to each other is not for a third.
import type { Homeserver } from "./homeserver.ts";
import { MatrixNo } from "./homeserver.ts";
import type { MatrixState, RoomFacts } from "./state.ts";
import {
  type JoinedRoom,
  type Json,
  listIn,
  numberIn,
  objectIn,
  oneLine,
  type RoomEvent,
  readEvents,
  type StrippedEvent,
  textIn,
} from "./wire.ts";

export type AutoJoin = "allowlist" | "always" | "off";

const SMALL_ROOM = 50;
const MOST_JOINS_AN_HOUR = 30;
const HOUR_MS = 3_600_000;
const MOST_KEPT_MEMBERS = 200;

export const roomPath = (room: string, rest: string) => `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/${rest}`;

export class Rooms {
  readonly #server: Homeserver;
  readonly #state: MatrixState;
  readonly #me: string;
  /** Members of encrypted rooms, until one of them changes. */
  readonly #members = new Map<string, string[]>();
  #joins: number[] = [];

  constructor(server: Homeserver, state: MatrixState, me: string) {
    this.#server = server;
    this.#state = state;
    this.#me = me;
  }

  // ── What the homeserver tells ──

  /** Of a room that is joined: its summary and its state. */
  async apply(id: string, { summary, state }: JoinedRoom): Promise<void> {
    const facts = this.#state.room(id);
    this.#state.keepRoom(id, {
      ...facts,
      ...pick("heroes", summary?.["m.heroes"]),
      ...pick("joined", summary?.["m.joined_member_count"]),
      ...pick("invited", summary?.["m.invited_member_count"]),
    });
    for (const event of readEvents(state)) this.applyEvent(id, event);
    if (this.#state.room(id).joined === undefined) await this.#count(id);
  }

  applyEvent(id: string, event: RoomEvent): void {
    if (event.state_key === undefined) return;
    const { type, content, state_key: key } = event;
    if (type === "m.room.member") {
      this.#members.delete(id);
      const name = oneLine(textIn(content, "displayname") ?? "");
      if (name && textIn(content, "membership") === "join") this.#state.keepName(id, key, name);
      return;
    }
    const facts = this.#state.room(id);
    const next = withState(facts, type, key, content);
    if (next) this.#state.keepRoom(id, next);
  }

  applyDirects(content: Json): void {
    const directs: Record<string, string[]> = {};
    for (const person of Object.keys(content).slice(0, 5000)) {
      directs[person] = listIn(content, person).filter((room) => typeof room === "string");
    }
    this.#state.keepDirects(directs);
  }

  /** Members changed and the homeserver counts them not for us. */
  async recount(id: string): Promise<void> {
    if (this.#state.room(id).heroes === undefined) await this.#count(id);
  }

  /** A room whose members are not to be had is a group, and stops up nothing. */
  async #count(id: string): Promise<void> {
    try {
      const members = await this.membersOf(id);
      this.#state.keepRoom(id, { ...this.#state.room(id), joined: members.length, invited: 0 });
    } catch (error) {
      if (!(error instanceof MatrixNo) || error.isPassing || error.isSignedOut) throw error;
    }
  }

  // ── What is asked ──

  isDirect(id: string): boolean {
    const { joined = 0, invited = 0, name, alias, isPublic, isDirect } = this.#state.room(id);
    if (joined + invited !== 2) return false;
    const isCalled = isDirect || Object.values(this.#state.directs).some((rooms) => rooms.includes(id));
    return isCalled || (name === undefined && alias === undefined && !isPublic);
  }

  isSmall(id: string): boolean {
    return (this.#state.room(id).joined ?? 0) <= SMALL_ROOM;
  }

  nameOf(room: string, person: string): string {
    return this.#state.nameOf(room, person) ?? person;
  }

  titleOf(id: string): string | undefined {
    const { name, alias } = this.#state.room(id);
    return name ?? alias;
  }

  /** Joined and invited. */
  async membersOf(id: string): Promise<string[]> {
    const known = this.#members.get(id);
    if (known) return known;
    const answer = await this.#server.ask(roomPath(id, "members"), { query: { not_membership: "leave" } });
    const members = readEvents({ events: listMembers(answer) }).flatMap(({ state_key: person, content }) => {
      const membership = textIn(content, "membership");
      return person !== undefined && (membership === "join" || membership === "invite") ? [person] : [];
    });
    if (this.#members.size >= MOST_KEPT_MEMBERS) this.#members.clear();
    this.#members.set(id, members);
    return members;
  }

  /** Asked at the homeserver, where the stream has not told of the room yet. */
  async isEncrypted(id: string): Promise<boolean> {
    if (this.#state.room(id).isEncrypted) return true;
    if (this.#state.hasRoom(id)) return false;
    try {
      return textIn(await this.#server.ask(roomPath(id, "state/m.room.encryption/")), "algorithm") !== undefined;
    } catch (error) {
      if (error instanceof MatrixNo && error.status === 404) return false;
      throw error;
    }
  }

  /** The talk of two with this person, begun if there is none. */
  async openDirect(person: string, isEncrypted: boolean): Promise<string> {
    for (const id of (this.#state.directs[person] ?? []).toReversed()) if (this.isDirect(id)) return id;
    const initial = isEncrypted
      ? [{ type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } }]
      : [];
    const made = await this.#server.ask("/_matrix/client/v3/createRoom", {
      method: "POST",
      body: { preset: "trusted_private_chat", is_direct: true, invite: [person], initial_state: initial },
    });
    const id = textIn(made, "room_id") ?? "";
    if (id === "") throw new MatrixNo(502, { error: "it made a room and did not name it" });
    this.#state.keepRoom(id, { ...this.#state.room(id), isDirect: true, isEncrypted, joined: 1, invited: 1 });
    await this.#callDirect(person, id);
    return id;
  }

  // ── Invitations ──

  /**
   * `allowlist`: into talks of two, so that a stranger can ask to be let in; into groups by people who are let in already: the assistant
   * has answered them in a talk of two.
   */
  async invited(id: string, events: readonly StrippedEvent[], autoJoin: AutoJoin, now: number): Promise<string | undefined> {
    const own = events.find(({ type, state_key: key }) => type === "m.room.member" && key === this.#me);
    const inviter = own?.sender;
    if (inviter === undefined || autoJoin === "off") return undefined;
    const isDirect = objectIn({ it: own?.content }, "it")?.["is_direct"] === true;
    if (autoJoin === "allowlist" && !isDirect && !this.#state.isKnown(inviter)) {
      this.#state.keepInvitation(id, inviter, now);
      return `${inviter} invites into a group and is not let in yet: the invitation waits.`;
    }
    return this.#join(id, inviter, isDirect, now);
  }

  /** Somebody is let in: their invitations are taken up. */
  async welcome(person: string, now: number): Promise<void> {
    if (this.#state.isKnown(person)) return;
    this.#state.keepKnown(person);
    for (const id of this.#state.invitations(person)) await this.#join(id, person, false, now);
  }

  async #join(id: string, inviter: string, isDirect: boolean, now: number): Promise<string | undefined> {
    this.#joins = this.#joins.filter((at) => at > now - HOUR_MS);
    if (!this.#state.isKnown(inviter) && this.#joins.length >= MOST_JOINS_AN_HOUR) {
      return `More than ${MOST_JOINS_AN_HOUR} invitations came within an hour: that of ${inviter} waits.`;
    }
    this.#joins.push(now);
    try {
      await this.#server.ask(`/_matrix/client/v3/join/${encodeURIComponent(id)}`, { method: "POST", body: {} });
    } catch (error) {
      // It was taken back, or its server is gone; else it comes again with the next start.
      if (!(error instanceof MatrixNo)) throw error;
      return `The invitation of ${inviter} could not be taken up (${error.message}).`;
    }
    this.#state.dropInvitation(id);
    if (isDirect) {
      this.#state.keepRoom(id, { ...this.#state.room(id), isDirect: true });
      await this.#callDirect(inviter, id).catch(() => undefined);
    }
    return undefined;
  }

  /** A room that was called a talk of two and is none, by somebody who is not let in. */
  isTrap(id: string, autoJoin: AutoJoin): boolean {
    const { isDirect, joined = 0, invited = 0, heard } = this.#state.room(id);
    if (autoJoin !== "allowlist" || !isDirect || heard || joined + invited <= 2) return false;
    const [inviter] = Object.entries(this.#state.directs).find(([, rooms]) => rooms.includes(id)) ?? [];
    return inviter !== undefined && !this.#state.isKnown(inviter);
  }

  async leave(id: string): Promise<void> {
    await this.#server.ask(roomPath(id, "leave"), { method: "POST", body: {} });
    this.forget(id);
  }

  forget(id: string): void {
    this.#members.delete(id);
    this.#state.dropRoom(id);
  }

  /** Other apps of the account show it as a talk of two. */
  async #callDirect(person: string, id: string): Promise<void> {
    const { directs } = this.#state;
    const next = { ...directs, [person]: [...(directs[person] ?? []).filter((room) => room !== id), id] };
    this.#state.keepDirects(next);
    const path = `/_matrix/client/v3/user/${encodeURIComponent(this.#me)}/account_data/m.direct`;
    await this.#server.ask(path, { method: "PUT", body: next });
  }
}

/** Undefined: it changes nothing that is kept. */
function withState(facts: RoomFacts, type: string, key: string, content: Json): RoomFacts | undefined {
  if (key !== "") return undefined;
  switch (type) {
    case "m.room.name": {
      const { name: _old, ...rest } = facts;
      const name = oneLine(textIn(content, "name") ?? "");
      return name ? { ...rest, name: name.slice(0, 255) } : rest;
    }
    case "m.room.canonical_alias": {
      const { alias: _old, ...rest } = facts;
      const alias = oneLine(textIn(content, "alias") ?? "");
      return alias ? { ...rest, alias: alias.slice(0, 255) } : rest;
    }
    case "m.room.join_rules":
      return { ...facts, isPublic: textIn(content, "join_rule") === "public" };
    case "m.room.encryption":
      return {
        ...facts,
        isEncrypted: true,
        ...pick("rotationMs", numberIn(content, "rotation_period_ms")),
        ...pick("rotationMessages", numberIn(content, "rotation_period_msgs")),
      };
    default:
      return undefined;
  }
}

function pick<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } | Record<string, never> {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]?: V });
}

/** All of them: a list that is cut would leave members without the room's key. */
function listMembers(answer: Json): unknown[] {
  const { chunk } = answer;
  return Array.isArray(chunk) ? chunk : [];
}
