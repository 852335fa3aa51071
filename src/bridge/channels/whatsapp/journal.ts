// The gap between WhatsApp and the bridge. WhatsApp hands a message over when its library has deciphered it, and never again; the library
// gives it to us later, up to some seconds. So each is written down as it is deciphered, before WhatsApp is told that it was taken, and
// crossed out when the bridge has it. What is found here at a start is read once more. It also knows when a message does not arrive.
import type { BinaryNode, SocketConfig, WAMessage } from "@whiskeysockets/baileys";
import type { Library } from "./library.ts";
import type { WhatsAppMemory } from "./memory.ts";
import { placeOf } from "./words/jid.ts";

const CROSS_OUT_MS = 1_000;

interface Arriving {
  attrs: Record<string, string>;
  plain: Uint8Array[];
}

export class Journal {
  readonly #library: Library;
  readonly #memory: WhatsAppMemory;
  readonly #now: () => number;
  /** By what is still to be deciphered. */
  readonly #arriving = new WeakMap<Uint8Array, Arriving>();
  /** Deciphered, and not given to us yet: since when. */
  readonly #owed = new Map<string, number>();
  #heard: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(library: Library, memory: WhatsAppMemory, now: () => number) {
    this.#library = library;
    this.#memory = memory;
    this.#now = now;
  }

  /** An envelope, before anybody opens it. */
  see({ attrs, content }: BinaryNode): void {
    if (!Array.isArray(content) || placeOf(attrs["from"]) === "none" || attrs["category"] === "peer") return;
    const arriving: Arriving = { attrs, plain: [] };
    for (const part of content) {
      if (!(part.content instanceof Uint8Array)) continue;
      if (part.tag === "enc") this.#arriving.set(part.content, arriving);
      else if (part.tag === "plaintext") this.#write(arriving, part.content);
    }
  }

  /** The library's own way to decipher, with a pen in its hand. */
  get makeRepository(): SocketConfig["makeSignalRepository"] {
    const { DEFAULT_CONNECTION_CONFIG, unpadRandomMax16 } = this.#library;
    return (...given) => {
      const inner = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(...given);
      const note = (cipher: Uint8Array, plain: Uint8Array): Uint8Array => {
        const arriving = this.#arriving.get(cipher);
        if (arriving) this.#write(arriving, unpadRandomMax16(plain));
        return plain;
      };
      return {
        ...inner,
        decryptMessage: async (request) => note(request.ciphertext, await inner.decryptMessage(request)),
        decryptGroupMessage: async (request) => note(request.msg, await inner.decryptGroupMessage(request)),
      };
    };
  }

  /** The library has given it to us. */
  given(id: string): void {
    this.#owed.delete(id);
  }

  /** It is on the bridge's disk, or it says nothing. */
  crossOut(ids: readonly string[]): void {
    this.#heard.push(...ids);
    this.#timer ??= setTimeout(() => this.flush(), CROSS_OUT_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#memory.dropUnheard(this.#heard.splice(0));
  }

  /** Since when the oldest is owed to us; undefined: none. */
  get owedSince(): number | undefined {
    const [first] = this.#owed.values();
    return first;
  }

  forgetOwed(): void {
    this.#owed.clear();
  }

  /** What a program before this one, or a connection before this one, did not hand on. */
  unheard(me: { id: string; lid?: string | undefined }): WAMessage[] {
    const { decodeMessageNode, proto, cleanMessage } = this.#library;
    const waiting = new Set(this.#heard);
    return this.#memory.unheard().flatMap(({ attrs, plain }) => {
      if (waiting.has(attrs["id"] ?? "")) return [];
      try {
        const { fullMessage } = decodeMessageNode({ tag: "message", attrs }, me.id, me.lid ?? "");
        const whole = plain.reduce((all, bytes) => {
          const read = proto.Message.decode(bytes);
          return Object.assign(all, read.deviceSentMessage?.message ?? read);
        }, proto.Message.create({}));
        const message: WAMessage = { ...fullMessage, message: whole };
        cleanMessage(message, me.id, me.lid ?? "");
        return [message];
      } catch {
        // It is no message that can be read, now or later.
        this.crossOut([attrs["id"] ?? ""]);
        return [];
      }
    });
  }

  #write(arriving: Arriving, plain: Uint8Array): void {
    const { attrs } = arriving;
    const id = attrs["id"];
    if (id === undefined) return;
    arriving.plain.push(plain);
    const now = this.#now();
    this.#memory.putUnheard(`${attrs["from"]} ${attrs["participant"] ?? ""}`, id, attrs, arriving.plain, now);
    this.#owed.set(id, now);
  }
}
