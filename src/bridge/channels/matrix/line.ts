// One account of Matrix, open: does the acts of the house in its rooms. Each event goes out under an id made of the act's: asked again,
// the homeserver answers with the event that it has already, so that a broken answer makes nothing twice.
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import type { DeliveryOutcome, ReadBack } from "../../../contract/channels/delivery.ts";
import type { ChannelSend } from "../../../contract/channels/home-acts.ts";
import { HomeRefused } from "../../../contract/errors.ts";
import type { Address, RemoteMedia } from "../../../contract/message.ts";
import type { LocalFile, OpenLine } from "../driver.ts";
import { opener, readHandle, readOpusMs, sealFile } from "./files.ts";
import { type Homeserver, MatrixNo } from "./homeserver.ts";
import { describe } from "./inbound.ts";
import type { MatrixDevice } from "./keys/device.ts";
import { editOf, fileMessageOf, messageOf, type Place, pollOf, reactionOf } from "./outbound.ts";
import { isSealed, type Reader } from "./reader.ts";
import { type Rooms, roomPath } from "./rooms.ts";
import type { MatrixState } from "./state.ts";
import { reasonOf, type Stream } from "./stream.ts";
import { type Json, listIn, type RoomEvent, readEvents, textIn } from "./wire.ts";

const TYPING_MS = 20_000;
/** Its messages tell a stranger the code; they make nobody known. */
const PAIRING = "pair:";

export interface LineRequest {
  me: string;
  server: Homeserver;
  state: MatrixState;
  rooms: Rooms;
  reader: Reader;
  stream: Stream;
  device: MatrixDevice | undefined;
  now(): number;
  /** What stands in the way of everything; undefined: nothing. */
  refusal(): string | undefined;
  end(): Promise<void>;
}

export class MatrixLine implements OpenLine {
  readonly #request: LineRequest;
  readonly #typing = new Set<string>();
  #closing: Promise<void> | undefined;

  constructor(request: LineRequest) {
    this.#request = request;
  }

  async send({ id, to, act }: ChannelSend, files: readonly LocalFile[]): Promise<DeliveryOutcome> {
    const refusal = this.#request.refusal();
    if (refusal !== undefined) return { outcome: "unanswered", reason: refusal };
    try {
      const room = await this.#roomOf(to);
      const platformId = await this.#act(room, id, to, act, files);
      if (to.kind !== "group" && to.peer.startsWith("@") && !id.startsWith(PAIRING)) {
        await this.#request.rooms.welcome(to.peer, this.#request.now());
      }
      return { outcome: "sent", ...(platformId === undefined ? {} : { platformId }) };
    } catch (error) {
      return outcomeOf(error);
    }
  }

  async fetchMedia({ handle, name }: RemoteMedia, _from: Address, path: string, maxBytes: number): Promise<{ name?: string }> {
    const at = readHandle(handle);
    if ("file" in at) await this.#request.server.download(at.file.url, path, maxBytes, opener(at.file));
    else await this.#request.server.download(at.url, path, maxBytes);
    return name === undefined ? {} : { name };
  }

  async read(from: Address, limit: number): Promise<ReadBack[]> {
    const { server, reader, me, rooms, device } = this.#request;
    const room = await this.#roomOf(from);
    const events: RoomEvent[] = [];
    if (from.thread === undefined) {
      const answer = await server.ask(roomPath(room, "messages"), {
        query: { dir: "b", limit: String(Math.min(200, limit * 2)) },
      });
      events.push(...readEvents({ events: listIn(answer, "chunk") }));
    } else {
      const path = `/_matrix/client/v1/rooms/${encodeURIComponent(room)}/relations/${encodeURIComponent(from.thread)}/m.thread`;
      const answer = await server.ask(path, { query: { limit: String(Math.min(100, limit)) } });
      const root = await reader.look(room, from.thread);
      events.push(...readEvents({ events: listIn(answer, "chunk") }), ...(root ? [root] : []));
    }
    const read: ReadBack[] = [];
    for (const event of events) {
      const open = isSealed(event) ? await device?.open(room, event) : event;
      const said = open && describe(open);
      if (!open || !said || textIn(open.content["m.relates_to"], "rel_type") === "m.replace") continue;
      const names = said.files.map(({ kind, name = kind }) => `[${kind}: ${name}]`);
      read.push({
        platformId: open.event_id,
        author: rooms.nameOf(room, open.sender),
        authorId: open.sender,
        ...(open.sender === me ? { isOurs: true as const } : {}),
        ...(textIn(open.content, "msgtype") === "m.notice" ? { isFromBot: true as const } : {}),
        text: [said.text, ...names].filter(Boolean).join("\n"),
        at: open.origin_server_ts,
      });
    }
    return read.slice(0, limit).reverse();
  }

  close(): Promise<void> {
    this.#closing ??= this.#request.end();
    return this.#closing;
  }

  // ── Acts ──

  async #act(
    room: string,
    id: string,
    to: Address,
    act: ChannelSend["act"],
    files: readonly LocalFile[],
  ): Promise<string | undefined> {
    const { server, me } = this.#request;
    switch (act.type) {
      case "text": {
        const { replaces, replyTo } = act;
        await this.#stopTyping(room);
        if (replaces !== undefined) return this.#edit(room, id, replaces, act);
        return this.#put(room, id, messageOf(act, { thread: to.thread, replyTo }, await this.#mentionable(room, act.text)));
      }
      case "draft": {
        const { message, replyTo } = act;
        if (message !== undefined) return this.#edit(room, id, message, act);
        return this.#put(room, id, messageOf(act, { thread: to.thread, replyTo }, []));
      }
      case "edit":
        return this.#edit(room, id, act.message, act);
      case "media":
        return this.#sendFiles(room, id, act, { thread: to.thread, replyTo: act.replyTo }, files);
      case "poll":
        return this.#put(room, id, pollOf(act, { thread: to.thread }), "org.matrix.msc3381.poll.start");
      case "delete":
        await this.#redact(room, id, act.message);
        return undefined;
      case "react":
        await this.#react(room, id, act.message, act.emoji);
        return undefined;
      case "pin":
        await this.#pin(room, act.message, act.isPinned);
        return undefined;
      case "thread":
        // A thread hangs on a message: on the one that is named, or on its name.
        return act.message ?? this.#put(room, id, messageOf({ text: act.name }, {}, []));
      case "typing":
        this.#typing.add(room);
        await server.ask(roomPath(room, `typing/${encodeURIComponent(me)}`), {
          method: "PUT",
          body: { typing: true, timeout: TYPING_MS },
        });
        return undefined;
      default:
        return act satisfies never;
    }
  }

  async #edit(room: string, id: string, message: string, words: { text: string; html?: string }): Promise<string> {
    await this.#put(room, id, editOf(words, message));
    return message;
  }

  /** Answers the event's id. Sealed where the room is. */
  async #put(room: string, id: string, content: Json, type = "m.room.message"): Promise<string> {
    const { rooms, device, state } = this.#request;
    if (!(await rooms.isEncrypted(room))) return this.#putPlain(room, id, content, type);
    if (!device) {
      throw new HomeRefused(
        "FORBIDDEN",
        "The room is encrypted, and encryption is switched off for this account (line.encryption).",
      );
    }
    const sealed = await device.seal(room, type, content, await rooms.membersOf(room), state.room(room));
    return this.#putPlain(room, id, sealed, "m.room.encrypted");
  }

  async #putPlain(room: string, id: string, content: Json, type: string): Promise<string> {
    const path = roomPath(room, `send/${encodeURIComponent(type)}/${transactionOf(id)}`);
    const event = textIn(await this.#request.server.ask(path, { method: "PUT", body: content }), "event_id");
    if (event === undefined) throw new MatrixNo(502, { error: "it took the message and named no id" });
    return event;
  }

  async #sendFiles(
    room: string,
    id: string,
    { caption, isVoice = false }: Extract<ChannelSend["act"], { type: "media" }>,
    place: Place,
    files: readonly LocalFile[],
  ): Promise<string | undefined> {
    const { rooms } = this.#request;
    await this.#stopTyping(room);
    const isEncrypted = await rooms.isEncrypted(room);
    let first: string | undefined;
    for (const [index, file] of files.entries()) {
      const at = isEncrypted ? { file: await this.#uploadSealed(file) } : { url: await this.#upload(file) };
      const durationMs = isVoice ? await readOpusMs(file.path) : undefined;
      const words = index === 0 ? caption : undefined;
      const content = fileMessageOf(
        { file, at, caption: words, isVoice, durationMs },
        index === 0 ? place : { thread: place.thread },
      );
      const event = await this.#put(room, `${id}#${index}`, content);
      first ??= event;
    }
    return first;
  }

  #upload({ path, type, name }: LocalFile): Promise<string> {
    return this.#request.server.upload(path, type, name);
  }

  async #uploadSealed({ path }: LocalFile): Promise<Json> {
    const sealed = `${path}.sealed`;
    try {
      const about = await sealFile(path, sealed);
      return { ...about, url: await this.#request.server.upload(sealed, "application/octet-stream", undefined) };
    } finally {
      await rm(sealed, { force: true });
    }
  }

  async #react(room: string, id: string, message: string, emoji: string | null): Promise<void> {
    const { state } = this.#request;
    // One reaction of ours stands at a message.
    for (const earlier of state.reactions(room, message)) {
      await this.#redact(room, `${id}#${earlier}`, earlier);
      state.dropReaction(earlier);
    }
    // Reactions are not sealed by any app: servers count them.
    if (emoji !== null)
      state.keepReaction(room, message, await this.#putPlain(room, id, reactionOf(message, emoji), "m.reaction"));
  }

  async #redact(room: string, id: string, message: string): Promise<void> {
    const path = roomPath(room, `redact/${encodeURIComponent(message)}/${transactionOf(id)}`);
    await this.#request.server.ask(path, { method: "PUT", body: {} });
  }

  async #pin(room: string, message: string, isPinned: boolean): Promise<void> {
    const { server } = this.#request;
    const path = roomPath(room, "state/m.room.pinned_events/");
    const now = await server.ask(path).catch((error: unknown) => {
      if (error instanceof MatrixNo && error.status === 404) return {};
      throw error;
    });
    const others = listIn(now, "pinned").filter((one) => one !== message);
    await server.ask(path, { method: "PUT", body: { pinned: isPinned ? [...others, message] : others } });
  }

  async #stopTyping(room: string): Promise<void> {
    if (!this.#typing.delete(room)) return;
    const { server, me } = this.#request;
    // It ends by itself, too.
    await server
      .ask(roomPath(room, `typing/${encodeURIComponent(me)}`), { method: "PUT", body: { typing: false } })
      .catch(() => {});
  }

  // ── Places ──

  async #roomOf({ peer, kind, route }: Address): Promise<string> {
    const { rooms, server, device } = this.#request;
    if (peer.startsWith("!")) return peer;
    if (peer.startsWith("#")) {
      const answer = await server.ask(`/_matrix/client/v3/directory/room/${encodeURIComponent(peer)}`);
      return textIn(answer, "room_id") ?? peer;
    }
    if (!peer.startsWith("@")) {
      throw new HomeRefused(
        "INVALID_REQUEST",
        "A place in Matrix is a person (@ann:server) or a room (!id:server or #name:server).",
      );
    }
    // Where it was asked, as long as nobody else came into that room.
    const asked = kind === "group" ? undefined : route?.["room"];
    if (asked !== undefined && rooms.isDirect(asked) && (await rooms.membersOf(asked)).includes(peer)) return asked;
    return rooms.openDirect(peer, device !== undefined);
  }

  /** Whom a text names by full id. */
  async #mentionable(room: string, text: string): Promise<string[]> {
    return text.includes("@") && this.#request.rooms.isSmall(room) ? this.#request.rooms.membersOf(room) : [];
  }
}

function transactionOf(id: string): string {
  return createHash("sha256").update(id).digest("hex").slice(0, 40);
}

/** What is asked again is not done twice, so that a broken answer is no doubt. */
function outcomeOf(error: unknown): DeliveryOutcome {
  if (error instanceof HomeRefused) return { outcome: "refused", reason: error.message };
  if (!(error instanceof MatrixNo))
    return { outcome: "unanswered", reason: `the homeserver does not answer: ${reasonOf(error)}` };
  if (error.isPassing || error.isSignedOut) {
    const wait = error.retryAfterMs === undefined ? {} : { retryAfterMs: Math.min(error.retryAfterMs, 3_600_000) };
    return { outcome: "unanswered", reason: `the homeserver says: ${error.message}`, ...wait };
  }
  return { outcome: "refused", reason: `The homeserver says no: ${error.message}` };
}
