// A wire between a client and a server on this machine that can be cut, and that can die without a word, as networks do:
// then bytes of both sides are swallowed while each still believes in the other. Listens on 127.0.0.1.
import { connect, createServer, type Server, type Socket } from "node:net";

/** `dead`: whatever is sent, by connections old and new, arrives nowhere. */
type State = "whole" | "cut" | "dead";

export class Wire {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket]>();
  #state: State = "whole";

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static start(targetPort: number): Promise<Wire> {
    const server = createServer();
    return new Promise((done, fail) => {
      server.once("error", fail);
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        const wire = new Wire(server, typeof address === "object" && address !== null ? address.port : 0);
        server.on("connection", (near) => wire.#lay(near, targetPort));
        done(wire);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Every connection ends at once, and no new one comes about. */
  cut(): void {
    this.#state = "cut";
    this.#dropAll();
  }

  /** Nothing more arrives, and nobody is told. */
  die(): void {
    this.#state = "dead";
  }

  /** New connections work again; one that lay dead meanwhile has been forgotten by the network. */
  mend(): void {
    if (this.#state === "dead") this.#dropAll();
    this.#state = "whole";
  }

  async stop(): Promise<void> {
    this.#dropAll();
    await new Promise((done) => this.#server.close(done));
  }

  #lay(near: Socket, targetPort: number): void {
    if (this.#state === "cut") {
      near.on("error", () => undefined);
      near.resetAndDestroy();
      return;
    }
    const far = connect(targetPort, "127.0.0.1");
    const pair: [Socket, Socket] = [near, far];
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.setNoDelay(true);
      from.on("data", (bytes) => this.#state !== "dead" && to.write(bytes));
      from.on("error", () => undefined);
      from.on("close", () => {
        // A dead wire does not carry an end either.
        if (this.#state === "dead") return;
        this.#pairs.delete(pair);
        to.destroy();
      });
    }
  }

  #dropAll(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.#pairs.clear();
  }
}
