// Devices that no phone has taken in yet: each is shown codes, waits for a phone that scans one or types its letters, proves its keys, and
// is sent to log in.
import { randomBytes } from "node:crypto";
import { setTimeout as pass } from "node:timers/promises";
import { type BinaryNode, getBinaryNodeChild, type proto, S_WHATSAPP_NET } from "@whiskeysockets/baileys";
import { isSignedBy } from "./curve.ts";
import { Device } from "./device.ts";
import type { DeviceLine } from "./line.ts";
import { hasSigned, readScanned, TypedCode, vouch } from "./linking.ts";
import type { Phone } from "./phone.ts";
import { bytesIn } from "./signal.ts";

export type Wish = { scanned: string } | { typed: string };

interface Candidate {
  line: DeviceLine;
  noiseKey: Buffer;
  identity: Buffer;
  refs: string[];
  /** It asked for letters: for whom, and its part of the talk. */
  hello?: { jid: string; wrapped: Buffer };
  /** By what it answers. */
  waiting: Map<string, (node: BinaryNode) => void>;
}

const REFS = 6;
const ANSWER_MS = 20_000;

export class Candidates {
  readonly #all = new Map<DeviceLine, Candidate>();
  readonly #onTaken: (device: Device) => void;
  #count = 0;

  constructor(onTaken: (device: Device) => void) {
    this.#onTaken = onTaken;
  }

  /** Answers what is wrong with it. */
  add(line: DeviceLine, noiseKey: Buffer, data: proto.ClientPayload.IDevicePairingRegistrationData): string | undefined {
    const { eIdent, eSkeyVal, eSkeySig } = data;
    if (!eIdent || !eSkeyVal || !eSkeySig) return "A device came without keys.";
    if (!isSignedBy(eIdent, Buffer.concat([Buffer.from([5]), eSkeyVal]), eSkeySig)) return "A device's signed key is not signed.";
    const refs = Array.from({ length: REFS }, () => `2@${randomBytes(24).toString("base64url")}`);
    this.#all.set(line, { line, noiseKey, identity: Buffer.from(eIdent), refs, waiting: new Map() });
    const content = refs.map((ref) => ({ tag: "ref", attrs: {}, content: Buffer.from(ref) }));
    line.send(iq(`pair-${++this.#count}`, [{ tag: "pair-device", attrs: {}, content }]));
    return undefined;
  }

  drop(line: DeviceLine): void {
    this.#all.delete(line);
  }

  hear(line: DeviceLine, node: BinaryNode): void {
    const candidate = this.#all.get(line);
    if (!candidate || node.tag !== "iq") return;
    const id = node.attrs["id"] ?? "";
    const asked = getBinaryNodeChild(node, "link_code_companion_reg");
    if (asked?.attrs["stage"] === "companion_hello") {
      if (!bytesIn(asked, "companion_server_auth_key_pub").equals(candidate.noiseKey)) {
        line.end();
        return;
      }
      const wrapped = bytesIn(asked, "link_code_pairing_wrapped_companion_ephemeral_pub");
      candidate.hello = { jid: asked.attrs["jid"] ?? "", wrapped };
    }
    candidate.waiting.get(asked?.attrs["stage"] ?? id)?.(node);
    if (node.attrs["type"] !== "result") line.send({ tag: "iq", attrs: { id, from: S_WHATSAPP_NET, type: "result" } });
  }

  /** @throws when there is no such device, or it proves nothing. */
  async link(phone: Phone, wish: Wish): Promise<Device> {
    const { candidate, secret } = "scanned" in wish ? this.#scan(wish.scanned) : await this.#type(phone, wish.typed);
    const index = ++this.#count;
    const device = new Device({ number: phone.number, index, noiseKey: candidate.noiseKey, identity: candidate.identity });
    const { identity } = phone.signal;
    const word = vouch(identity, candidate.identity, secret, index);
    const lid = phone.lid.replace("@", `:${index}@`);
    const id = `taken-${index}`;
    const answered = this.#wait(candidate, id);
    const content: BinaryNode[] = [
      { tag: "device-identity", attrs: {}, content: word.sealed },
      { tag: "platform", attrs: { name: "android" } },
      { tag: "device", attrs: { jid: device.jid, lid } },
    ];
    candidate.line.send(iq(id, [{ tag: "pair-success", attrs: {}, content }]));
    const sign = getBinaryNodeChild(await answered, "pair-device-sign");
    if (!hasSigned(bytesIn(sign, "device-identity"), word, identity.public, candidate.identity)) {
      throw new Error("The device did not sign what the phone vouched for.");
    }
    this.#onTaken(device);
    candidate.line.send({ tag: "stream:error", attrs: { code: "515" } });
    candidate.line.end();
    return device;
  }

  #scan(text: string): { candidate: Candidate; secret: Buffer } {
    const { ref, noiseKey, identity, secret } = readScanned(text);
    const candidate = [...this.#all.values()].find(({ refs }) => refs.includes(ref));
    if (!candidate) throw new Error("Nobody shows that code any more.");
    if (!candidate.noiseKey.equals(noiseKey) || !candidate.identity.equals(identity)) {
      throw new Error("The code names other keys than the device that shows it.");
    }
    return { candidate, secret };
  }

  async #type(phone: Phone, code: string): Promise<{ candidate: Candidate; secret: Buffer }> {
    const find = () => [...this.#all.values()].findLast(({ hello }) => hello?.jid === phone.jid);
    // Whoever types is slower than the device's word.
    for (const endAt = Date.now() + ANSWER_MS; !find() && Date.now() < endAt; ) await pass(20);
    const candidate = find();
    if (!candidate?.hello) throw new Error("No device waits for letters of this number.");
    const typed = new TypedCode(phone.signal.identity, code, candidate.hello.wrapped);
    const finished = this.#wait(candidate, "companion_finish");
    const part = (tag: string, content: Uint8Array): BinaryNode => ({ tag, attrs: {}, content });
    candidate.line.send({
      tag: "notification",
      attrs: { id: `code-${++this.#count}`, from: S_WHATSAPP_NET, type: "link_code_companion_reg", t: "1" },
      content: [
        {
          tag: "link_code_companion_reg",
          attrs: { stage: "primary_hello" },
          content: [
            part("link_code_pairing_wrapped_primary_ephemeral_pub", typed.wrap()),
            part("primary_identity_pub", phone.signal.identity.public),
            part("link_code_pairing_ref", Buffer.from(candidate.refs[0] ?? "")),
          ],
        },
      ],
    });
    const answer = getBinaryNodeChild(await finished, "link_code_companion_reg");
    if (!bytesIn(answer, "companion_identity_public").equals(candidate.identity))
      throw new Error("The device has another identity.");
    return { candidate, secret: typed.finish(bytesIn(answer, "link_code_pairing_wrapped_key_bundle"), candidate.identity) };
  }

  #wait(candidate: Candidate, name: string): Promise<BinaryNode> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`The device did not answer to ${name}.`)), ANSWER_MS);
      candidate.waiting.set(name, (node) => {
        clearTimeout(timer);
        candidate.waiting.delete(name);
        resolve(node);
      });
    });
  }
}

function iq(id: string, content: BinaryNode[]): BinaryNode {
  return { tag: "iq", attrs: { id, from: S_WHATSAPP_NET, type: "set" }, content };
}
