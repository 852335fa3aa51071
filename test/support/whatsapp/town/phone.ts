// Somebody's phone: writes and reads as WhatsApp on a phone does, takes devices in and off. What it was sent is kept deciphered.
import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { type BinaryNode, proto } from "@whiskeysockets/baileys";
import type { Device } from "./device.ts";
import { type Sealed, SignalSide } from "./signal.ts";
import type { WhatsAppTown } from "./town.ts";

export interface Got {
  id: string;
  /** As the sender addressed it. */
  chat: string;
  from: string;
  message: proto.IMessage;
  /** One's own, from another device. */
  isCopy: boolean;
}

export interface SayOptions {
  id?: string;
  /** Addressed by lid, with the number beside it, as newer phones do. */
  byLid?: boolean;
}

export class Phone {
  readonly number: string;
  readonly name: string;
  readonly signal = new SignalSide();
  readonly got: Got[] = [];
  readonly #town: WhatsAppTown;
  /** To be sealed once more for a device that could not open it. */
  readonly #sent = new Map<string, { message: proto.IMessage; attrs: Record<string, string> }>();
  /** Devices that have this phone's key of a group. */
  readonly #knowing = new Set<string>();

  constructor(town: WhatsAppTown, number: string, name: string) {
    this.#town = town;
    this.number = number;
    this.name = name;
  }

  get jid(): string {
    return `${this.number}@s.whatsapp.net`;
  }

  get lid(): string {
    return `9900${this.number}@lid`;
  }

  /** What was written to this phone in words, oldest first. */
  texts(chat?: string): string[] {
    return this.got
      .filter((one) => !one.isCopy && (chat === undefined || one.chat === chat))
      .flatMap(({ message }) => message.conversation ?? message.extendedTextMessage?.text ?? []);
  }

  /** To all devices of the account with that number. Answers the id. */
  async says(number: string, said: string | proto.IMessage, { id = newId(), byLid = false }: SayOptions = {}): Promise<string> {
    const message = typeof said === "string" ? { conversation: said } : said;
    const who: Record<string, string> = byLid
      ? { from: this.lid, sender_pn: this.jid, addressing_mode: "lid" }
      : { from: this.jid, sender_lid: this.lid };
    const attrs = this.#head(id, who);
    for (const device of this.#town.devicesOf(number)) await this.#give(device, message, attrs);
    return id;
  }

  /** To all devices of those who are in it. */
  async saysInGroup(group: string, said: string | proto.IMessage, { id = newId() }: SayOptions = {}): Promise<string> {
    const { members, addressing } = this.#town.groupOf(group);
    const message = typeof said === "string" ? { conversation: said } : said;
    const { ciphertext, key } = await this.signal.sealForGroup(group, this.jid, message);
    const who: Record<string, string> =
      addressing === "lid"
        ? { participant: this.lid, participant_pn: this.jid, addressing_mode: "lid" }
        : { participant: this.jid, participant_lid: this.lid, addressing_mode: "pn" };
    const attrs = this.#head(id, { from: group, ...who });
    const sealed: BinaryNode = { tag: "enc", attrs: { v: "2", type: "skmsg" }, content: ciphertext };
    for (const device of members.flatMap((number) => this.#town.devicesOf(number))) {
      const name = `${group} ${device.jid}`;
      const isNew = !this.#knowing.has(name);
      this.#knowing.add(name);
      const item = { senderKeyDistributionMessage: { groupId: group, axolotlSenderKeyDistributionMessage: key } };
      device.give({ tag: "message", attrs, content: isNew ? [await this.#seal(device, item), sealed] : [sealed] });
    }
    return id;
  }

  /** In a poll that this phone was sent: sealed with the poll's own secret. */
  votes(number: string, { id, message }: Got, choices: string[]): Promise<string> {
    const creator = this.#town.phoneOf(number)?.jid ?? "";
    const secret = message.messageContextInfo?.messageSecret ?? new Uint8Array();
    const selectedOptions = choices.map((choice) => createHash("sha256").update(choice).digest());
    const plain = proto.Message.PollVoteMessage.encode({ selectedOptions }).finish();
    const base = createHmac("sha256", Buffer.alloc(32)).update(secret).digest();
    const named = Buffer.from([id, creator, this.jid, "Poll Vote"].join(""));
    const key = createHmac("sha256", base)
      .update(Buffer.concat([named, Buffer.from([1])]))
      .digest();
    const encIv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, encIv).setAAD(Buffer.from(`${id}\0${this.jid}`));
    const encPayload = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const pollCreationMessageKey = { remoteJid: creator, fromMe: false, id };
    return this.says(number, {
      pollUpdateMessage: { pollCreationMessageKey, vote: { encPayload, encIv }, senderTimestampMs: Date.now() },
    });
  }

  /** Sealed with keys that the other side does not have; it may ask for it once more. */
  async saysBroken(number: string, text: string): Promise<void> {
    const attrs = this.#head(newId(), { from: this.jid, sender_lid: this.lid });
    const message = { conversation: text };
    this.#sent.set(attrs["id"] ?? "", { message, attrs });
    for (const device of this.#town.devicesOf(number)) {
      const { content, ...enc } = await this.#seal(device, message);
      if (!(content instanceof Uint8Array)) throw new Error("Nothing was sealed.");
      const broken = Buffer.from(content);
      broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 0xff;
      device.give({ tag: "message", attrs, content: [{ ...enc, content: broken }] });
    }
  }

  /** In a talk of this phone's own, which its devices see: with oneself, or with somebody. */
  async writes(said: string | proto.IMessage, to = this.jid, { id = newId() }: SayOptions = {}): Promise<string> {
    const message = typeof said === "string" ? { conversation: said } : said;
    const copy = { deviceSentMessage: { destinationJid: to, message } };
    const attrs = this.#head(id, { from: this.jid, recipient: to });
    for (const device of this.#town.devicesOf(this.number)) await this.#give(device, copy, attrs);
    return id;
  }

  /** Scans what a screen shows. Resolves when the device is taken in. */
  scan(text: string): Promise<Device> {
    return this.#town.link(this, { scanned: text });
  }

  /** The letters that a device shows, typed here. */
  type(code: string): Promise<Device> {
    return this.#town.link(this, { typed: code.replace("-", "") });
  }

  /** Under "Linked devices": off with all of them. */
  takeOff(hasCode = true): void {
    for (const device of this.#town.devicesOf(this.number)) this.#town.takeOff(device, hasCode);
  }

  // ── What WhatsApp brings ──

  async take(from: Device, chat: string, id: string, sealed: Sealed): Promise<void> {
    const opened = await this.signal.open(from.jid, sealed);
    const copied = opened.deviceSentMessage?.message;
    if (opened.senderKeyDistributionMessage) return;
    // To all once more, because one could not open it.
    if (this.got.some((one) => one.id === id && one.chat === chat)) return;
    this.got.push({ id, chat, from: from.jid, message: copied ?? opened, isCopy: copied !== undefined && copied !== null });
  }

  /** What this phone tells a device whose message it cannot open. */
  asksAgain(id: string, count: number): BinaryNode {
    const { content } = this.signal.bundle(this.jid);
    const [registration, ...keys] = Array.isArray(content) ? content : [];
    const t = String(Math.floor(Date.now() / 1000));
    const retry = { tag: "retry", attrs: { id, t, v: "1", count: String(count) } };
    return {
      tag: "receipt",
      attrs: { id, t, from: this.jid, type: "retry" },
      content: [retry, ...(registration ? [registration] : []), { tag: "keys", attrs: {}, content: keys }],
    };
  }

  async takeFromGroup(from: Device, group: string, id: string, sealed: Uint8Array): Promise<void> {
    const message = await this.signal.openFromGroup(group, from.jid, sealed);
    this.got.push({ id, chat: group, from: from.jid, message, isCopy: from.number === this.number });
  }

  /** A device could not open it: sealed anew, under the same id; by new keys when it sent some along. */
  async again(device: Device, id: string, hasKeys: boolean): Promise<void> {
    const sent = this.#sent.get(id);
    if (!sent) return;
    if (hasKeys) await this.signal.begin(device.jid, device.bundle());
    await this.#give(device, sent.message, sent.attrs);
  }

  async #give(device: Device, message: proto.IMessage, attrs: Record<string, string>): Promise<void> {
    this.#sent.set(attrs["id"] ?? "", { message, attrs });
    device.give({ tag: "message", attrs, content: [await this.#seal(device, message)] });
  }

  async #seal(device: Device, message: proto.IMessage): Promise<BinaryNode> {
    const { type, ciphertext } = await this.signal.seal(device.jid, message, () => device.bundle());
    return { tag: "enc", attrs: { v: "2", type }, content: ciphertext };
  }

  #head(id: string, who: Record<string, string>): Record<string, string> {
    return { id, t: String(Math.floor(Date.now() / 1000)), type: "text", notify: this.name, ...who };
  }
}

function newId(): string {
  return `3A${randomBytes(9).toString("hex").toUpperCase()}`;
}
