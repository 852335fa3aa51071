// What comes in, one after the other: numbers and names are looked up, it is kept as far as it may be named later, and given to the bridge.
// Only then it is crossed out. What an earlier connection left behind goes before what this one brings, which may begin before it is open. Senders see that it was read when the assistant does something in their talk, so that whoever is not let in
// learns nothing.
import { createHash } from "node:crypto";
import type { WAMessage, WAMessageKey } from "@whiskeysockets/baileys";
import { type HomeInbound, INBOUND_LIFE_MS } from "../../../contract/channels/at-home.ts";
import type { LineHost } from "../driver.ts";
import type { WhatsAppDirectory } from "./directory.ts";
import type { Journal } from "./journal.ts";
import type { Library, Socket } from "./library.ts";
import type { KeptMessage, WhatsAppMemory } from "./memory.ts";
import { pollOf, unwrap } from "./words/content.ts";
import { type Around, peopleIn, readMessage } from "./words/inbound.ts";
import { bare, isLid, placeOf } from "./words/jid.ts";

export interface HearingRequest {
  host: LineHost;
  library: Library;
  memory: WhatsAppMemory;
  journal: Journal;
  directory: WhatsAppDirectory;
  socket(): Socket | undefined;
  me(): { id?: string | undefined; lid?: string | undefined };
  isSelfChat: boolean;
  /** Whether this line is sending, or sent it. */
  isOurs(id: string): boolean;
}

/** What is written before the link is no news; clocks differ. */
const BEFORE_LINK_MS = 60_000;
const MOST_TALKS = 500;
const MOST_UNREAD = 100;
const AGAIN_MS = 5_000;

export class Hearing {
  readonly #request: HearingRequest;
  readonly #unread = new Map<string, WAMessageKey[]>();
  #going: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(request: HearingRequest) {
    this.#request = request;
  }

  hear(messages: readonly WAMessage[]): void {
    const { journal, host, me } = this.#request;
    const all = [...journal.takeLeft(me()), ...messages];
    const ids = all.flatMap(({ key }) => key.id ?? []);
    for (const id of ids) journal.given(id);
    this.#going = this.#going
      .then(() => this.#take(all))
      .catch((error: unknown) => {
        journal.missed(ids);
        host.log(`A message was not taken in: ${String(error)}`, true);
      });
  }

  /** What was read is said to be read: the assistant does something in this talk. */
  async markRead(peer: string, socket: Socket): Promise<void> {
    const keys = this.#unread.get(peer);
    if (!keys) return;
    this.#unread.delete(peer);
    await socket.readMessages(keys).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#going;
  }

  async #take(messages: readonly WAMessage[]): Promise<void> {
    const { host, memory, journal } = this.#request;
    const read: { message: WAMessage; inbound: HomeInbound[] }[] = [];
    for (const message of messages) {
      if (this.#isClosed) return;
      const inbound = await this.#read(message);
      // Deciphering failed: it is asked for again by the library, and comes anew.
      if (inbound) read.push({ message, inbound });
    }
    memory.keep(
      read.flatMap(({ message, inbound }) => this.#keepable(message, inbound[0])),
      host.now(),
    );
    const inbound = read.flatMap((one) => one.inbound);
    if (inbound.length > 0) await this.#bring(inbound);
    for (const { message, inbound: heard } of read) this.#noteUnread(message, heard[0]);
    journal.crossOut(read.flatMap(({ message }) => message.key.id ?? []));
  }

  /** The bridge's disk may be full; then it waits, and nothing is lost. */
  async #bring(inbound: HomeInbound[]): Promise<void> {
    const { host } = this.#request;
    while (!this.#isClosed) {
      try {
        return await host.hear(inbound);
      } catch (error) {
        host.log(`A message could not be kept on this machine; it is tried again: ${String(error)}`, true);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    throw new Error("the line was closed");
  }

  async #read(message: WAMessage): Promise<HomeInbound[] | undefined> {
    const { host, directory, memory, isSelfChat, isOurs, socket, me } = this.#request;
    if (message.messageStubType === CIPHERTEXT && !message.message) return undefined;
    const { remoteJid } = message.key;
    const place = placeOf(remoteJid);
    if (place === "none" || !remoteJid) return [];
    const numbers = await directory.numbersOf(socket(), peopleIn(message));
    const group = place === "group" ? await directory.groupOf(socket(), remoteJid) : undefined;
    const linkedAt = Number(memory.secret("line", "linkedAt") ?? 0);
    const around: Around = {
      channel: host.account.channel,
      account: host.account.account,
      me: { number: bare(me().id), lid: bare(me().lid) },
      isSelfChat,
      earliest: Math.max(linkedAt - BEFORE_LINK_MS, host.now() - INBOUND_LIFE_MS),
      isOurs,
      numberOf: (jid) => numbers.get(bare(jid)) ?? group?.participants.find(({ id }) => bare(id) === jid)?.phoneNumber,
      nameOf: () => group?.subject,
      voteIn: this.#voteIn(message),
    };
    return readMessage(message, around);
  }

  #keepable({ key, message }: WAMessage, inbound: HomeInbound | undefined): KeptMessage[] {
    const { remoteJid, id, fromMe, participant } = key;
    if (!inbound || !message || !remoteJid || !id || inbound.kind === "notice") return [];
    const { proto } = this.#request.library;
    return [
      {
        chat: inbound.message.from.peer,
        jid: remoteJid,
        id,
        fromMe: fromMe ?? false,
        at: inbound.message.sentAt,
        body: proto.Message.encode(proto.Message.fromObject(message)).finish(),
        ...(participant ? { participant } : {}),
      },
    ];
  }

  #noteUnread({ key }: WAMessage, inbound: HomeInbound | undefined): void {
    const { host, isSelfChat } = this.#request;
    if (!inbound || inbound.kind === "notice" || key.fromMe || isSelfChat) return;
    if (host.account.options["readReceipts"] === false) return;
    const { peer } = inbound.message.from;
    const keys = [...(this.#unread.get(peer) ?? []), key].slice(-MOST_UNREAD);
    this.#unread.delete(peer);
    this.#unread.set(peer, keys);
    const [oldest] = this.#unread.keys();
    if (this.#unread.size > MOST_TALKS && oldest !== undefined) this.#unread.delete(oldest);
  }

  /** Of a poll of ours: a vote is ciphered with the poll's own secret, under names that may be numbers or lids. */
  #voteIn({ key, message }: WAMessage): Around["voteIn"] {
    const { library, memory, me } = this.#request;
    const update = unwrap(message).pollUpdateMessage;
    const pollId = update?.pollCreationMessageKey?.id;
    const kept = pollId ? memory.findOwn(pollId) : undefined;
    if (!pollId || !update?.vote || !kept?.body) return undefined;
    const content = unwrap(library.proto.Message.decode(kept.body));
    const poll = pollOf(content);
    const pollEncKey = content.messageContextInfo?.messageSecret;
    if (!poll || !pollEncKey) return undefined;
    const own = [me().lid, me().id];
    // The library leaves an empty participant outside of groups.
    const voters = key.fromMe ? own : [key.participant || key.remoteJid, key.participantAlt || key.remoteJidAlt];
    for (const pollCreatorJid of names(own)) {
      for (const voterJid of names(voters)) {
        try {
          const { selectedOptions } = library.decryptPollVote(update.vote, {
            pollCreatorJid,
            pollMsgId: pollId,
            pollEncKey,
            voterJid,
          });
          const hashes = new Set((selectedOptions ?? []).map((hash) => Buffer.from(hash).toString("hex")));
          const choices = poll.options.filter((option) => hashes.has(createHash("sha256").update(option).digest("hex")));
          return { question: poll.question, choices };
        } catch {
          // Under another name, then.
        }
      }
    }
    return undefined;
  }
}

const CIPHERTEXT = 2;

/** Lids first: that is how it is done by now. */
function names(jids: readonly (string | null | undefined)[]): string[] {
  const plain = jids.flatMap((jid) => bare(jid) || []);
  return [...plain.filter(isLid), ...plain.filter((jid) => !isLid(jid))];
}
