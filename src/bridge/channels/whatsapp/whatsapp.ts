// WhatsApp by a linked device: its connection, what comes in, what goes out, files, and linking. Health and its rules: connection.ts.
import { chmodSync } from "node:fs";
import type { DeliveryOutcome } from "../../../contract/channels/delivery.ts";
import type { ChannelSend } from "../../../contract/channels/home-acts.ts";
import { HomeRefused } from "../../../contract/errors.ts";
import type { Address, RemoteMedia } from "../../../contract/message.ts";
import type { Driver, LineHost, LocalFile, OpenLine } from "../driver.ts";
import { Connection } from "./connection.ts";
import { membersOf, WhatsAppDirectory } from "./directory.ts";
import { Hearing } from "./hearing.ts";
import { Journal } from "./journal.ts";
import { type Library, loadLibrary, type Socket } from "./library.ts";
import { fetchFile, isGone, makeVoice } from "./media.ts";
import { type KeptMessage, WhatsAppMemory } from "./memory.ts";
import { Sending } from "./sending.ts";
import { jidOf, placeOf } from "./words/jid.ts";
import { type Saying, writeAct, writeMedia } from "./words/outbound.ts";

export const whatsapp: Driver = { channel: "whatsapp", open: async (host) => new WhatsAppLine(host, await loadLibrary(host)) };

const OPEN_MS = 15_000;

class WhatsAppLine implements OpenLine {
  readonly #host: LineHost;
  readonly #library: Library;
  readonly #memory: WhatsAppMemory;
  readonly #journal: Journal;
  readonly #directory: WhatsAppDirectory;
  readonly #connection: Connection;
  readonly #hearing: Hearing;
  readonly #sending: Sending;
  /** The host of a WhatsApp of this machine. */
  readonly #near: string | undefined;
  #socket: Socket | undefined;

  constructor(host: LineHost, library: Library) {
    this.#host = host;
    this.#library = library;
    const address = readAddress(host.account.base);
    this.#near = address?.hostname;
    chmodSync(host.dir, 0o700);
    this.#memory = new WhatsAppMemory(host.dir);
    this.#journal = new Journal(library, this.#memory, host.now);
    this.#directory = new WhatsAppDirectory(host.now);
    this.#connection = new Connection({
      host,
      library,
      memory: this.#memory,
      journal: this.#journal,
      ...(address ? { address: address.href } : {}),
      settings: {
        getMessage: async ({ id }) => this.#bodyOf(id ? this.#memory.findOwn(id) : undefined),
        cachedGroupMetadata: async (jid) => this.#directory.known(jid),
      },
      onSocket: (socket) => this.#attach(socket),
      onOpen: () => this.#hearing.hear([]),
    });
    this.#sending = new Sending(host, library, this.#memory, this.#connection);
    this.#hearing = new Hearing({
      host,
      library,
      memory: this.#memory,
      journal: this.#journal,
      directory: this.#directory,
      socket: () => this.#socket,
      me: () => this.#me(),
      isSelfChat: host.account.options["selfChat"] === true,
      isOurs: (id) => this.#sending.isOurs(id),
    });
    this.#connection.start();
  }

  async send(request: ChannelSend, files: readonly LocalFile[]): Promise<DeliveryOutcome> {
    const { to, act } = request;
    const jid = jidOf(to.peer);
    if (jid === undefined) return { outcome: "refused", reason: `"${to.peer}" is no number and no group of WhatsApp.` };
    const socket = await this.#connection.whenOpen(OPEN_MS);
    if (!socket) return { outcome: "unanswered", reason: this.#connection.said };
    await this.#hearing.markRead(to.peer, socket);
    if (act.type === "typing") {
      await socket.sendPresenceUpdate("composing", jid).catch(() => undefined);
      return { outcome: "sent" };
    }
    const members = placeOf(jid) === "group" ? membersOf(await this.#directory.groupOf(socket, jid)) : [];
    if (act.type === "media") {
      const ready = await Promise.all(
        files.map((file) => (act.isVoice && file.type.startsWith("audio/") ? makeVoice(file) : file)),
      );
      return this.#say(request, jid, writeMedia(ready, act, members), true);
    }
    const named = "message" in act && act.message !== undefined ? this.#memory.find(to.peer, act.message) : undefined;
    const written = writeAct(act, { members, target: named && { key: keyOf(named), at: named.at }, now: this.#host.now() });
    if ("refused" in written) return { outcome: "refused", reason: written.refused };
    return this.#say(request, jid, written.sayings, act.type === "text" || act.type === "poll");
  }

  async fetchMedia({ handle }: RemoteMedia, from: Address, path: string, maxBytes: number): Promise<{ name?: string }> {
    const at = handle.indexOf("/");
    const kept = handle.slice(0, at) === from.peer ? this.#memory.find(from.peer, handle.slice(at + 1)) : undefined;
    const body = this.#bodyOf(kept);
    if (!kept || !body) throw new HomeRefused("NOT_FOUND", "The message with that file is not kept on this machine any more.");
    const request = { maxBytes, near: this.#near };
    try {
      return await fetchFile(this.#library, body, path, request);
    } catch (error) {
      if (error instanceof HomeRefused || !isGone(error)) throw error;
    }
    const renewed = await this.#bringAgain(kept);
    try {
      return await fetchFile(this.#library, renewed, path, request);
    } catch (error) {
      if (isGone(error))
        throw new HomeRefused("NOT_FOUND", "WhatsApp has that file no more, and the phone that sent it did not bring it again.");
      throw error;
    }
  }

  link(wish: { phone?: string; isAnew: boolean }): Promise<void> {
    return this.#connection.link(wish);
  }

  async unlink(): Promise<void> {
    await this.#connection.unlink();
  }

  async close(): Promise<void> {
    this.#connection.close();
    await this.#hearing.close();
    this.#journal.flush();
    this.#memory.close();
  }

  #attach(socket: Socket): void {
    this.#socket = socket;
    this.#sending.listen(socket);
    socket.ev.on("messages.upsert", ({ messages }) => this.#hearing.hear(messages));
    socket.ev.on("groups.update", (groups) => {
      for (const { id } of groups) this.#directory.forget(id);
    });
    socket.ev.on("group-participants.update", ({ id }) => this.#directory.forget(id));
  }

  async #say({ id, to, act }: ChannelSend, jid: string, sayings: readonly Saying[], isKept: boolean): Promise<DeliveryOutcome> {
    const replyTo = "replyTo" in act ? act.replyTo : undefined;
    const answered = replyTo === undefined ? undefined : this.#memory.find(to.peer, replyTo);
    let first: DeliveryOutcome | undefined;
    for (const [part, { content, isQuoting }] of sayings.entries()) {
      const quoted = isQuoting ? answered : undefined;
      const outcome = await this.#sending.send({ row: id, part, chat: to.peer, jid, content, quoted, isKept });
      if (outcome.outcome !== "sent") {
        const { outcome: how } = outcome;
        return part === 0 || how === "unanswered"
          ? outcome
          : { ...outcome, reason: `Only ${part} of ${sayings.length} were sent: ${outcome.reason}` };
      }
      first ??= outcome;
    }
    return first ?? { outcome: "refused", reason: "There is nothing to send." };
  }

  /** The phone that sent a file is asked for it once more. */
  async #bringAgain(kept: KeptMessage) {
    const socket = await this.#connection.whenOpen(OPEN_MS);
    const message = this.#bodyOf(kept);
    if (!socket || !message) throw new HomeRefused("UNAVAILABLE", this.#connection.said);
    const late = new Promise<never>((_resolve, reject) => {
      setTimeout(
        () => reject(new HomeRefused("NOT_FOUND", "The phone that sent that file did not bring it again in time.")),
        30_000,
      ).unref();
    });
    const { message: renewed } = await Promise.race([socket.updateMediaMessage({ key: keyOf(kept), message }), late]);
    return renewed ?? message;
  }

  #bodyOf(kept: KeptMessage | undefined) {
    return kept?.body && this.#library.proto.Message.decode(kept.body);
  }

  #me(): { id: string; lid?: string } {
    const { id = "", lid } = this.#connection.creds.me ?? {};
    return { id, ...(lid ? { lid } : {}) };
  }
}

function keyOf({ jid, id, fromMe, participant }: KeptMessage) {
  return { remoteJid: jid, id, fromMe, ...(participant === undefined ? {} : { participant }) };
}

/** Another WhatsApp than WhatsApp's own: on this machine only, for whoever tries things out. */
function readAddress(text: string | undefined): URL | undefined {
  if (text === undefined || text === "") return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "ws:" && (url.hostname === "127.0.0.1" || url.hostname === "[::1]")) return url;
  throw new HomeRefused(
    "INVALID_REQUEST",
    "WHATSAPP_WEB_URL may name a server on this machine alone (ws://127.0.0.1:…); leave it out.",
  );
}
