// A client of the Gateway socket inside workerd: collects frames, asks, waits.
import type { ConnectParams } from "../../../src/contract/gateway.ts";

// biome-ignore lint/suspicious/noExplicitAny: frames are read by the test that knows them
export type Frame = Record<string, any>;

export class TestSocket {
  readonly frames: Frame[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly #socket: WebSocket;
  readonly #waiting: (() => void)[] = [];
  #count = 0;

  /** `allowHalfOpen`: does not answer when it is told to close, and may go on sending. */
  constructor(response: Response, options: { allowHalfOpen?: boolean } = {}) {
    if (!response.webSocket) throw new Error(`No socket: ${response.status}`);
    this.#socket = response.webSocket;
    this.#socket.addEventListener("message", (event) => {
      this.frames.push(JSON.parse(String(event.data)));
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.#socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.#socket.accept(options);
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  send(frame: unknown): void {
    this.sendText(JSON.stringify(frame));
  }

  close(): void {
    this.#socket.close(1000, "done");
  }

  async until<T>(look: () => T | undefined, what: string): Promise<T> {
    const deadline = Date.now() + 8000;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (Date.now() > deadline)
        throw new Error(`Waited in vain for ${what}; frames: ${JSON.stringify(this.frames).slice(0, 2000)}`);
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        setTimeout(resolve, 100);
      });
    }
  }

  response(id: string, nth = 0): Promise<Frame> {
    return this.until(() => this.frames.filter((frame) => frame["type"] === "res" && frame["id"] === id)[nth], `answer ${id}`);
  }

  event(name: string, isWanted: (payload: Frame) => boolean = () => true): Promise<Frame> {
    const isMeant = (frame: Frame) => frame["event"] === name && isWanted(frame["payload"]);
    return this.until(() => this.frames.find(isMeant), `event ${name}`);
  }

  closing(): Promise<{ code: number; reason: string }> {
    return this.until(() => this.closed, "close");
  }

  async request(method: string, params: unknown = {}): Promise<Frame> {
    const id = `q${++this.#count}`;
    this.send({ type: "req", id, method, params });
    return this.response(id);
  }

  /** Waits for the challenge and says hello. */
  async connect(params: (nonce: string) => ConnectParams | Promise<ConnectParams>): Promise<Frame> {
    const challenge = await this.event("connect.challenge");
    this.send({ type: "req", id: "hello", method: "connect", params: await params(challenge["payload"].nonce) });
    return this.response("hello");
  }
}
