// One connection of a device: frames in and out of its WebSocket, the handshake first, nodes after it, in their order.
import { type BinaryNode, decodeBinaryNode, encodeBinaryNode, NOISE_WA_HEADER } from "@whiskeysockets/baileys";
import type { WebSocket } from "ws";
import { type Hello, Noise } from "./noise.ts";

export interface LineEars {
  hello(line: DeviceLine, hello: Hello): void;
  node(line: DeviceLine, node: BinaryNode): Promise<void> | void;
  end(line: DeviceLine): void;
}

export class DeviceLine {
  /** Whose it is, once it has logged in. */
  device: string | undefined;
  readonly #socket: WebSocket;
  readonly #ears: LineEars;
  readonly #noise = new Noise();
  #bytes = Buffer.alloc(0);
  #isGreeted = false;
  #wasOffered = false;
  #going: Promise<void> = Promise.resolve();

  constructor(socket: WebSocket, ears: LineEars) {
    this.#socket = socket;
    this.#ears = ears;
    socket.on("message", (data) => {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.isBuffer(data) ? data : Buffer.from(String(data))]);
      try {
        this.#read();
      } catch (error) {
        console.error("the test's WhatsApp could not read a frame", error);
        socket.terminate();
      }
    });
    socket.once("close", () => ears.end(this));
    socket.on("error", () => undefined);
  }

  get isOpen(): boolean {
    return this.#noise.isOpen && this.#socket.readyState === this.#socket.OPEN;
  }

  send(node: BinaryNode): void {
    if (!this.isOpen) return;
    this.#write(this.#noise.seal(encodeBinaryNode(node)));
  }

  /** After what was sent is out. */
  end(): void {
    this.#socket.close();
  }

  /** Without a word, as a broken line. */
  drop(): void {
    this.#socket.terminate();
  }

  #read(): void {
    if (!this.#isGreeted) {
      if (this.#bytes.length < NOISE_WA_HEADER.length) return;
      if (!this.#bytes.subarray(0, 4).equals(Buffer.from(NOISE_WA_HEADER))) throw new Error("It is no WhatsApp client.");
      this.#bytes = this.#bytes.subarray(4);
      this.#isGreeted = true;
    }
    while (this.#bytes.length >= 3) {
      const size = this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < size + 3) return;
      const frame = this.#bytes.subarray(3, size + 3);
      this.#bytes = this.#bytes.subarray(size + 3);
      this.#take(frame);
    }
  }

  #take(frame: Buffer): void {
    if (this.#noise.isOpen) {
      const plain = this.#noise.unseal(frame);
      this.#going = this.#going
        .then(async () => this.#ears.node(this, await decodeBinaryNode(plain)))
        .catch((error: unknown) => console.error("the test's WhatsApp failed at a node", error));
    } else if (!this.#wasOffered) {
      this.#wasOffered = true;
      this.#write(this.#noise.answer(frame));
    } else this.#ears.hello(this, this.#noise.finish(frame));
  }

  #write(bytes: Uint8Array): void {
    const head = Buffer.alloc(3);
    head.writeUIntBE(bytes.length, 0, 3);
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(Buffer.concat([head, bytes]));
  }
}
