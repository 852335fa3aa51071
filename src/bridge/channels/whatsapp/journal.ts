// The gap between WhatsApp and the bridge. WhatsApp hands a message over when its library has deciphered it, and never again; the library
// gives it to us later, up to some seconds. So each is written down as it is deciphered, before WhatsApp is told that it was taken, and
// crossed out when the bridge has it. What a program or a connection left behind is read once more, before anything that came after it.
// It also knows when a message does not arrive.
import type { BinaryNode, SocketConfig, WAMessage } from "@whiskeysockets/baileys";
import type { Library } from "./library.ts";
import type { WhatsAppMemory } from "./memory.ts";
import { guardRatchets } from "./ratchets.ts";
import { placeOf } from "./words/jid.ts";

const CROSS_OUT_MS = 1_000;

interface Arriving {
  attrs: Record<string, string>;
  plain: Uint8Array[];
  /** By which connection it came. */
  line: number;
}

export class Journal {
  readonly #library: Library;
  readonly #memory: WhatsAppMemory;
  readonly #now: () => number;
  /** By what is still to be deciphered. */
  readonly #arriving = new WeakMap<Uint8Array, Arriving>();
  /** Deciphered, and not given to us yet: since when. */
  readonly #owed = new Map<string, number>();
  /** Given to us, and not crossed out yet. */
  readonly #given = new Set<string>();
  #heard: string[] = [];
  #line = 0;
  /** Whether there may be something that no connection will give to us any more. */
  #isLeft = true;
  #timer: NodeJS.Timeout | undefined;

  constructor(library: Library, memory: WhatsAppMemory, now: () => number) {
    this.#library = library;
    this.#memory = memory;
    this.#now = now;
  }

  /** An envelope, before anybody opens it. */
  see({ attrs, content }: BinaryNode): void {
    if (!Array.isArray(content) || placeOf(attrs["from"]) === "none" || attrs["category"] === "peer") return;
    const arriving: Arriving = { attrs, plain: [], line: this.#line };
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
      const line = this.#line;
      const inner = guardRatchets(DEFAULT_CONNECTION_CONFIG.makeSignalRepository(...given), () => line === this.#line);
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
    this.#given.add(id);
  }

  /** It was given, and could not be taken. */
  missed(ids: readonly string[]): void {
    for (const id of ids) this.#given.delete(id);
    this.#isLeft = true;
  }

  /** It is on the bridge's disk, or it says nothing. */
  crossOut(ids: readonly string[]): void {
    for (const id of ids) this.#given.delete(id);
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

  /** The connection is no more: what it still owes it will not give. */
  leaveBehind(): void {
    if (this.#owed.size > 0) this.#isLeft = true;
    this.#owed.clear();
    this.#line++;
  }

  /** What a program or a connection before this one did not hand on, in the order in which it came. */
  takeLeft(me: { id?: string | undefined; lid?: string | undefined }): WAMessage[] {
    const { id: own } = me;
    if (!this.#isLeft || !own) return [];
    this.#isLeft = false;
    const { decodeMessageNode, proto, cleanMessage } = this.#library;
    const waiting = new Set([...this.#heard, ...this.#given, ...this.#owed.keys()]);
    return this.#memory.unheard().flatMap(({ attrs, plain }) => {
      if (waiting.has(attrs["id"] ?? "")) return [];
      try {
        const { fullMessage } = decodeMessageNode({ tag: "message", attrs }, own, me.lid ?? "");
        const whole = plain.reduce((all, bytes) => {
          const read = proto.Message.decode(bytes);
          return Object.assign(all, read.deviceSentMessage?.message ?? read);
        }, proto.Message.create({}));
        const message: WAMessage = { ...fullMessage, message: whole };
        cleanMessage(message, own, me.lid ?? "");
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
    this.#given.delete(id);
    // Deciphered after its connection had ended: the library cannot confirm it any more, and keeps it to itself.
    if (arriving.line === this.#line) this.#owed.set(id, now);
    else this.#isLeft = true;
  }
}
