// A device that is linked to an account, as WhatsApp knows it: who it is, its keys for others, and what it has not taken yet.
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from "@whiskeysockets/baileys";
import type { DeviceLine } from "./line.ts";
import { bundleNode, bytesIn } from "./signal.ts";

export class Device {
  readonly number: string;
  readonly index: number;
  readonly noiseKey: Buffer;
  readonly identity: Buffer;
  line: DeviceLine | undefined;
  /** By id: WhatsApp keeps each until it is told that the device has it. */
  readonly untaken = new Map<string, BinaryNode>();
  #registrationId = 0;
  #signed: BinaryNode | undefined;
  readonly #once: BinaryNode[] = [];

  constructor(who: { number: string; index: number; noiseKey: Buffer; identity: Buffer }) {
    this.number = who.number;
    this.index = who.index;
    this.noiseKey = who.noiseKey;
    this.identity = who.identity;
  }

  get jid(): string {
    return `${this.number}:${this.index}@s.whatsapp.net`;
  }

  get keysLeft(): number {
    return this.#once.length;
  }

  keepKeys(iq: BinaryNode): void {
    this.#registrationId = bytesIn(iq, "registration").readUInt32BE(0);
    if (!bytesIn(iq, "identity").equals(this.identity)) throw new Error(`${this.jid} uploads another identity than it showed.`);
    this.#signed = getBinaryNodeChild(iq, "skey");
    const list = getBinaryNodeChild(iq, "list");
    if (list) this.#once.push(...getBinaryNodeChildren(list, "key"));
  }

  /** Each key for one time is given out once. */
  bundle(): BinaryNode | undefined {
    const once = this.#once.shift();
    if (!this.#signed) return undefined;
    return bundleNode(this.jid, this.#registrationId, this.identity, once ? [this.#signed, once] : [this.#signed]);
  }

  give(node: BinaryNode): void {
    this.untaken.set(node.attrs["id"] ?? "", node);
    this.line?.send(node);
  }

  /** What came while it was away. */
  giveUntaken(): number {
    for (const node of this.untaken.values()) this.line?.send({ ...node, attrs: { ...node.attrs, offline: "0" } });
    return this.untaken.size;
  }
}
