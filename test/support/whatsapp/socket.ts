// A connection to WhatsApp in the library's place, for what no server of others can do: linking, its ends, groups, files. What is sent
// through it is built by the real library, and what it keeps is the driver's own.
import { EventEmitter } from "node:events";
import * as library from "@whiskeysockets/baileys";

type Config = Parameters<typeof library.makeWASocket>[0];

export interface Sent {
  jid: string;
  content: Record<string, unknown>;
  options: { messageId: string; quoted?: library.WAMessage };
}

export class ScriptedSocket {
  readonly ev = new EventEmitter();
  readonly ws = new EventEmitter();
  readonly sent: Sent[] = [];
  readonly read: library.WAMessageKey[] = [];
  readonly presences: string[] = [];
  readonly config: Config;
  pairedWith = "";
  isLoggedOut = false;
  isEnded = false;
  /** How WhatsApp confirms a message; undefined: not at all. */
  ack: Record<string, string> | undefined = {};
  group: Partial<library.GroupMetadata> = { subject: "Sailing club", participants: [] };
  numbers: library.LIDMapping[] = [];

  constructor(config: Config) {
    this.config = config;
  }

  readonly signalRepository = { lidMapping: { getPNsForLIDs: async () => this.numbers } };
  readonly groupMetadata = async () => this.group;
  readonly readMessages = async (keys: library.WAMessageKey[]) => void this.read.push(...keys);
  readonly sendPresenceUpdate = async (type: string, jid: string) => void this.presences.push(`${type} ${jid}`);
  readonly logout = async () => {
    this.isLoggedOut = true;
  };
  readonly end = async () => {
    this.isEnded = true;
  };
  readonly requestPairingCode = async (phone: string) => {
    this.pairedWith = phone;
    Object.assign(this.config.auth.creds, { me: { id: `${phone}@s.whatsapp.net`, name: "~" } });
    return "ABCD1234";
  };

  async sendMessage(jid: string, content: Record<string, unknown>, options: Sent["options"]) {
    this.sent.push({ jid, content, options });
    const upload = async () => ({ mediaUrl: "https://mmg.whatsapp.net/x", directPath: "/x" });
    const whole = await library.generateWAMessage(jid, content as never, {
      userJid: "15550000000@s.whatsapp.net",
      upload,
      ...options,
    });
    if (this.ack) this.ws.emit("CB:ack,class:message", { tag: "ack", attrs: { id: options.messageId, ...this.ack } });
    return whole;
  }

  // ── What WhatsApp does ──

  update(update: object): void {
    this.ev.emit("connection.update", update);
  }

  open(number = "15550000000"): void {
    Object.assign(this.config.auth.creds, {
      me: { id: `${number}:1@s.whatsapp.net`, lid: "11122233344455:1@lid", name: "bot" },
      account: {},
    });
    this.ev.emit("creds.update", {});
    this.update({ connection: "open", receivedPendingNotifications: true });
  }

  close(statusCode: number): void {
    this.update({
      connection: "close",
      lastDisconnect: { error: Object.assign(new Error(`ended with ${statusCode}`), { output: { statusCode } }) },
    });
  }

  says(...messages: object[]): void {
    this.ev.emit("messages.upsert", { messages, type: "notify" });
  }
}

/** Every connection that the driver made, oldest first. */
export function scriptSockets(make?: (socket: ScriptedSocket) => void) {
  const sockets: ScriptedSocket[] = [];
  const makeWASocket = ((config: Config) => {
    const socket = new ScriptedSocket(config);
    make?.(socket);
    sockets.push(socket);
    return socket;
  }) as never;
  const last = () => {
    const socket = sockets.at(-1);
    if (!socket) throw new Error("There is no connection.");
    return socket;
  };
  return { sockets, last, load: { makeWASocket } };
}
