// What goes out. Each message has an id made from the row that wants it, and counts as sent when WhatsApp has confirmed it. Where the
// confirmation stays away the connection is made anew and the same message goes once more under the same id: whoever has it shows it once.
import { createHash } from "node:crypto";
import type { AnyMessageContent, BinaryNode, proto, WAMessage } from "@whiskeysockets/baileys";
import type { DeliveryOutcome } from "../../../contract/channels/delivery.ts";
import type { LineHost } from "../driver.ts";
import type { Connection } from "./connection.ts";
import type { Library, Socket } from "./library.ts";
import type { KeptMessage, WhatsAppMemory } from "./memory.ts";

type Ack = { is: "taken" } | { is: "refused"; code: string } | { is: "missing" };

const OPEN_MS = 15_000;
const ACK_MS = 20_000;
const MOST_TRIES = 3;
const NOT_NOW: readonly string[] = ["429", "500", "503"];

export interface Letter {
  /** Of the row, and which of its messages. */
  row: string;
  part: number;
  chat: string;
  jid: string;
  content: AnyMessageContent;
  quoted?: KeptMessage | undefined;
  /** Changes, reactions, … are no messages that anybody names later. */
  isKept: boolean;
}

export class Sending {
  readonly #host: LineHost;
  readonly #library: Library;
  readonly #memory: WhatsAppMemory;
  readonly #connection: Connection;
  readonly #waiting = new Map<string, (ack: Ack) => void>();
  readonly #ours = new Set<string>();

  constructor(host: LineHost, library: Library, memory: WhatsAppMemory, connection: Connection) {
    this.#host = host;
    this.#library = library;
    this.#memory = memory;
    this.#connection = connection;
  }

  isOurs(id: string): boolean {
    return this.#ours.has(id) || this.#memory.findOwn(id) !== undefined;
  }

  listen(socket: Socket): void {
    socket.ws.on("CB:ack,class:message", ({ attrs }: BinaryNode) => {
      const code = attrs["error"];
      this.#waiting.get(attrs["id"] ?? "")?.(code === undefined ? { is: "taken" } : { is: "refused", code });
    });
    socket.ev.on("connection.update", ({ connection }) => {
      if (connection === "close") for (const settle of this.#waiting.values()) settle({ is: "missing" });
    });
  }

  async send(letter: Letter): Promise<DeliveryOutcome> {
    const messageId = idOf(letter);
    this.#ours.add(messageId);
    try {
      return await this.#send(letter, messageId);
    } finally {
      this.#ours.delete(messageId);
    }
  }

  async #send(letter: Letter, messageId: string): Promise<DeliveryOutcome> {
    let wasTried = false;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const socket = await this.#connection.whenOpen(OPEN_MS);
      if (!socket) break;
      const confirmed = this.#expect(messageId);
      try {
        const sent = await socket.sendMessage(letter.jid, letter.content, { messageId, ...this.#quotedIn(letter) });
        wasTried = true;
        if (sent?.message && letter.isKept) this.#keep(letter, messageId, sent.message);
      } catch (error) {
        this.#waiting.delete(messageId);
        const isBroken = (await this.#connection.whenOpen(0)) !== socket;
        const outcome = isBroken ? undefined : this.#judge(error, wasTried);
        if (outcome) return outcome;
        wasTried = true;
        continue;
      }
      const ack = await confirmed;
      if (ack.is === "taken") return { outcome: "sent", platformId: messageId };
      if (ack.is === "refused") return refusal(ack.code);
      if ((await this.#connection.whenOpen(0)) === socket) {
        this.#connection.renew(
          "deaf",
          "WhatsApp did not confirm a message; the connection is made anew, and it is sent once more.",
        );
      }
    }
    if (!wasTried) return { outcome: "unanswered", reason: this.#connection.said };
    return { outcome: "unknown", reason: "WhatsApp did not confirm that it took the message." };
  }

  #expect(id: string): Promise<Ack> {
    const { promise, resolve } = Promise.withResolvers<Ack>();
    const timer = setTimeout(() => resolve({ is: "missing" }), ACK_MS);
    this.#waiting.set(id, resolve);
    return promise.finally(() => {
      clearTimeout(timer);
      if (this.#waiting.get(id) === resolve) this.#waiting.delete(id);
    });
  }

  /** undefined: the connection broke, so it is tried once more. */
  #judge(error: unknown, wasTried: boolean): DeliveryOutcome | undefined {
    const reason = error instanceof Error ? error.message : String(error);
    if (/connection (closed|was lost|terminated)|not open/i.test(reason)) return undefined;
    if (wasTried) return { outcome: "unknown", reason };
    if (/item-not-found|forbidden|not-authorized|not-acceptable|bad-request/i.test(reason)) {
      return {
        outcome: "refused",
        reason: `WhatsApp said no: ${reason.slice(0, 200)}. Perhaps this account is not in that group any more.`,
      };
    }
    return { outcome: "unanswered", reason: `WhatsApp could not be brought to take it: ${reason.slice(0, 200)}.` };
  }

  #keep({ chat, jid }: Letter, id: string, message: proto.IMessage): void {
    const { proto } = this.#library;
    const now = this.#host.now();
    const body = proto.Message.encode(proto.Message.fromObject(message)).finish();
    this.#memory.keep([{ chat, jid, id, fromMe: true, body, at: now }], now);
  }

  #quotedIn({ quoted }: Letter): { quoted?: WAMessage } {
    if (!quoted?.body) return {};
    const { jid, id, fromMe, participant, body } = quoted;
    const key = { remoteJid: jid, id, fromMe, ...(participant === undefined ? {} : { participant }) };
    return { quoted: { key, message: this.#library.proto.Message.decode(body) } };
  }
}

/** In the shape of those that WhatsApp's own web client gives. */
function idOf({ row, part }: Letter): string {
  return `3EB0${createHash("sha256").update(`${row} ${part}`).digest("hex").slice(0, 18).toUpperCase()}`;
}

function refusal(code: string): DeliveryOutcome {
  if (NOT_NOW.includes(code))
    return { outcome: "unanswered", reason: `WhatsApp wants patience (${code}).`, retryAfterMs: 60_000 };
  if (code === "463") {
    return {
      outcome: "refused",
      reason: "WhatsApp does not let this account begin talks with people it does not know just now; let them write first.",
    };
  }
  return { outcome: "refused", reason: `WhatsApp did not take it (${code}).` };
}
