// A WhatsApp for tests that takes devices in: the wire as Baileys speaks it (Noise, binary nodes), accounts with phones that play their
// owners' part, Signal sessions end to end, groups by sender keys, and a host for files. Written from what the client sends and expects;
// what it cannot show is whether WhatsApp itself is content. Anything that a device does wrong is kept in `faults`.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren, S_WHATSAPP_NET } from "@whiskeysockets/baileys";
import { WebSocketServer } from "ws";
import { answerOf } from "./answers.ts";
import { Candidates, type Wish } from "./candidates.ts";
import type { Device } from "./device.ts";
import { DeviceLine } from "./line.ts";
import { isVouchedFor } from "./linking.ts";
import { MediaHost } from "./media.ts";
import type { Hello } from "./noise.ts";
import { Phone } from "./phone.ts";
import type { Sealed } from "./signal.ts";

export interface Group {
  subject: string;
  members: string[];
  addressing: "lid" | "pn";
}

export class WhatsAppTown {
  readonly media = new MediaHost();
  readonly groups = new Map<string, Group>();
  /** What devices sent, but for what they asked. */
  readonly nodes: BinaryNode[] = [];
  readonly faults: string[] = [];
  /** What a device could not open, or had already: by id. */
  readonly refused: string[] = [];
  /** Who came to log in, and how it ended. */
  readonly logins: { jid: string; outcome: "in" | "refused"; at: number }[] = [];
  readonly #phones = new Map<string, Phone>();
  /** How often a phone asked for a message once more. */
  readonly #asked = new Map<string, number>();
  readonly #devices = new Set<Device>();
  readonly #lines = new Set<DeviceLine>();
  readonly #candidates = new Candidates((device) => this.#devices.add(device));
  readonly #http: Server = createServer();
  #port = 0;
  #isDown = false;

  static async start(): Promise<WhatsAppTown> {
    const town = new WhatsAppTown();
    await town.media.start();
    const sockets = new WebSocketServer({ noServer: true });
    town.#http.on("upgrade", (request, socket, head) => {
      if (town.#isDown) return void socket.destroy();
      sockets.handleUpgrade(request, socket, head, (opened) => {
        const line = new DeviceLine(opened, {
          hello: (one, hello) => town.#greet(one, hello),
          node: (one, node) => town.#hear(one, node),
          end: (one) => town.#leave(one),
        });
        town.#lines.add(line);
      });
    });
    await new Promise<void>((done) => town.#http.listen(0, "127.0.0.1", done));
    town.#port = (town.#http.address() as AddressInfo).port;
    return town;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/ws/chat`;
  }

  phone(number: string, name: string): Phone {
    const phone = new Phone(this, number, name);
    this.#phones.set(number, phone);
    return phone;
  }

  /** By number, jid or lid. */
  phoneOf(name: string): Phone | undefined {
    const [, user = "", server] = /^(\d+)(?::\d+)?(?:@(.+))?$/.exec(name) ?? [];
    return server === "lid" ? this.#phones.get(user.replace(/^9900/, "")) : this.#phones.get(user);
  }

  groupOf(jid: string): Group {
    const group = this.groups.get(jid);
    if (!group) throw new Error(`There is no group ${jid}.`);
    return group;
  }

  devicesOf(number: string): Device[] {
    return [...this.#devices].filter((device) => device.number === number);
  }

  link(phone: Phone, wish: Wish): Promise<Device> {
    return this.#candidates.link(phone, wish);
  }

  /** The owner took it off on the phone. WhatsApp says so with a code, or by the kind of the conflict alone. */
  takeOff(device: Device, hasCode: boolean): void {
    this.forget(device);
    const content = [{ tag: "conflict", attrs: { type: "device_removed" } }];
    device.line?.send({ tag: "stream:error", attrs: hasCode ? { code: "401" } : {}, content });
    device.line?.end();
  }

  forget(device: Device): void {
    this.#devices.delete(device);
  }

  /** Every line breaks, and none comes up. */
  goDown(): void {
    this.#isDown = true;
    this.breakLines();
  }

  comeUp(): void {
    this.#isDown = false;
  }

  breakLines(): void {
    for (const line of this.#lines) line.drop();
  }

  async stop(): Promise<void> {
    this.goDown();
    this.#http.closeAllConnections();
    await new Promise((done) => this.#http.close(done));
    await this.media.stop();
  }

  // ── A line begins and ends ──

  #greet(line: DeviceLine, { noiseKey, payload }: Hello): void {
    if (payload.devicePairingData) {
      const fault = this.#candidates.add(line, noiseKey, payload.devicePairingData);
      if (fault) this.faults.push(fault);
      return;
    }
    const jid = `${payload.username}:${payload.device}@s.whatsapp.net`;
    const device = [...this.#devices].find((one) => one.jid === jid && one.noiseKey.equals(noiseKey));
    this.logins.push({ jid, outcome: device ? "in" : "refused", at: Date.now() });
    if (!device) {
      line.send({ tag: "failure", attrs: { reason: "401", location: "test" } });
      line.end();
      return;
    }
    device.line?.send({ tag: "stream:error", attrs: {}, content: [{ tag: "conflict", attrs: { type: "replaced" } }] });
    device.line?.end();
    device.line = line;
    line.device = jid;
    const lid = `9900${device.number}:${device.index}@lid`;
    line.send({ tag: "success", attrs: { t: String(Math.floor(Date.now() / 1000)), lid } });
    const count = device.giveUntaken();
    line.send({ tag: "ib", attrs: {}, content: [{ tag: "offline", attrs: { count: String(count) } }] });
  }

  #leave(line: DeviceLine): void {
    this.#lines.delete(line);
    this.#candidates.drop(line);
    for (const device of this.#devices) if (device.line === line) device.line = undefined;
  }

  // ── What a device sends ──

  async #hear(line: DeviceLine, node: BinaryNode): Promise<void> {
    const device = [...this.#devices].find((one) => one.line === line);
    if (!device) return this.#candidates.hear(line, node);
    if (node.tag === "iq") return this.#answer(line, device, node);
    this.nodes.push(node);
    if (node.tag === "message") return this.#route(line, device, node);
    if (node.tag === "receipt") await this.#noteReceipt(device, node);
    if (node.tag === "ack" && node.attrs["error"]) this.refused.push(node.attrs["id"] ?? "");
  }

  #answer(line: DeviceLine, device: Device, iq: BinaryNode): void {
    if (iq.attrs["type"] === "result") return;
    const id = iq.attrs["id"] ?? "";
    const content = answerOf(this, device, iq);
    const from = iq.attrs["to"] ?? S_WHATSAPP_NET;
    if (content) line.send({ tag: "iq", attrs: { id, from, type: "result" }, content });
    else {
      const error = { tag: "error", attrs: { code: "404", text: "item-not-found" } };
      line.send({ tag: "iq", attrs: { id, from, type: "error" }, content: [error] });
    }
  }

  async #route(line: DeviceLine, device: Device, node: BinaryNode): Promise<void> {
    const { to = "", id = "" } = node.attrs;
    const participants = getBinaryNodeChild(node, "participants");
    const letters = participants ? getBinaryNodeChildren(participants, "to") : [];
    const vouched = getBinaryNodeChild(node, "device-identity")?.content;
    try {
      for (const letter of letters) {
        const name = letter.attrs["jid"] ?? "";
        // The library writes to its own device too where people are named by lid.
        if (/:[1-9]\d*@/.test(name)) continue;
        const sealed = sealedIn(letter);
        const isKnown = vouched instanceof Uint8Array && isVouchedFor(vouched, device.identity);
        if (sealed.type === "pkmsg" && !isKnown)
          this.faults.push(`${id} is a first message, and no phone vouches for its device`);
        const phone = this.phoneOf(name);
        if (phone) await this.#bring(line, phone, { device, chat: to, id, sealed });
      }
      const shared = getBinaryNodeChild(node, "enc");
      if (shared?.content instanceof Uint8Array && shared.attrs["type"] === "skmsg") {
        for (const number of this.groupOf(to).members) {
          const phone = this.phoneOf(number);
          if (phone) await phone.takeFromGroup(device, to, id, shared.content);
        }
      }
    } catch (error) {
      this.faults.push(`${id} could not be opened: ${String(error)}`);
    }
    const t = String(Math.floor(Date.now() / 1000));
    line.send({ tag: "ack", attrs: { id, class: "message", from: to, t } });
  }

  /** A phone that cannot open it asks for it once more, with keys of its own along, as phones do; three times is a fault. */
  async #bring(
    line: DeviceLine,
    phone: Phone,
    letter: { device: Device; chat: string; id: string; sealed: Sealed },
  ): Promise<void> {
    const { device, chat, id, sealed } = letter;
    const name = `${phone.number} ${id}`;
    try {
      await phone.take(device, chat, id, sealed);
      this.#asked.delete(name);
    } catch (error) {
      const count = (this.#asked.get(name) ?? 0) + 1;
      this.#asked.set(name, count);
      if (count >= 3) this.faults.push(`${id} could not be opened by ${phone.name}: ${String(error)}`);
      else line.send(phone.asksAgain(id, count));
    }
  }

  async #noteReceipt(device: Device, receipt: BinaryNode): Promise<void> {
    const { id = "", type } = receipt.attrs;
    if (type === "read" || type === "read-self" || type === "played") return;
    const node = device.untaken.get(id);
    if (type !== "retry") return void device.untaken.delete(id);
    await this.phoneOf(node?.attrs["participant"] ?? node?.attrs["from"] ?? "")?.again(
      device,
      id,
      getBinaryNodeChild(receipt, "keys") !== undefined,
    );
  }
}

function sealedIn(letter: BinaryNode): Sealed {
  const enc = getBinaryNodeChild(letter, "enc");
  if (!(enc?.content instanceof Uint8Array)) throw new Error("There is nothing sealed in it.");
  return { type: enc.attrs["type"] === "pkmsg" ? "pkmsg" : "msg", ciphertext: enc.content };
}
