// A small Gateway for tests of clients: challenge, connect with one token, scripted answers, events on demand, and
// breaks. Listens on 127.0.0.1.
import { type WebSocket, WebSocketServer } from "ws";

type Frame = { type: string; id: string; method: string; params: Record<string, unknown> };
type Answer = { ok: true; payload: unknown } | { ok: false; error: Record<string, unknown> } | "silence";

export class GatewayServer {
  readonly requests: Frame[] = [];
  readonly sockets = new Set<WebSocket>();
  readonly #answers = new Map<string, (frame: Frame) => Answer>();
  #server: WebSocketServer;
  #seq = 0;
  connections = 0;
  tickIntervalMs = 30_000;
  capabilities: string[] = [];
  /** How often the bare text `ping` came; it is always answered. */
  pings = 0;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.#listen();
    this.answer("health", () => ({ ok: true, payload: { ok: true } }));
    this.answer("connect", (frame) =>
      (frame.params["auth"] as { token?: string } | undefined)?.token === "right"
        ? { ok: true, payload: this.#hello() }
        : {
            ok: false,
            error: { code: "INVALID_REQUEST", message: "unauthorized: token mismatch", details: { code: "AUTH_TOKEN_MISMATCH" } },
          },
    );
  }

  static start(port = 0): Promise<GatewayServer> {
    const server = new WebSocketServer({ host: "127.0.0.1", port });
    return new Promise((done, fail) => {
      server.once("error", fail);
      server.once("listening", () => done(new GatewayServer(server)));
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }
  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  answer(method: string, answer: (frame: Frame) => Answer): void {
    this.#answers.set(method, answer);
  }

  /** Sends an event to every client; `skip` counts numbers that the clients never see. */
  tell(event: string, payload: unknown, skip = 0): void {
    this.#seq += 1 + skip;
    this.sendRaw(JSON.stringify({ type: "event", event, payload, seq: this.#seq }));
  }

  sendRaw(text: string): void {
    for (const socket of this.sockets) socket.send(text);
  }

  /** Cuts every connection, as a lost network does. */
  cut(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  methods(): string[] {
    return this.requests.map((request) => request.method);
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((done) => this.#server.close(done));
  }

  #listen(): void {
    this.#server.on("connection", (socket) => {
      this.connections++;
      this.#seq = 0;
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.send(JSON.stringify({ type: "event", event: "connect.challenge", payload: { nonce: "nonce", ts: Date.now() } }));
      socket.on("message", (data) => {
        if (String(data) === "ping") {
          this.pings++;
          socket.send("pong");
          return;
        }
        const frame: Frame = JSON.parse(String(data));
        this.requests.push(frame);
        const answer = this.#answers.get(frame.method)?.(frame) ?? {
          ok: false,
          error: { code: "INVALID_REQUEST", message: `unknown method: ${frame.method}` },
        };
        if (answer === "silence") return;
        socket.send(JSON.stringify({ type: "res", id: frame.id, ...answer }));
        if (frame.method === "connect" && !answer.ok) socket.close(1008);
      });
    });
  }

  #hello(): unknown {
    return {
      type: "hello-ok",
      protocol: 4,
      server: { version: "test", connId: `conn-${this.connections}` },
      features: { capabilities: this.capabilities },
      policy: { tickIntervalMs: this.tickIntervalMs },
    };
  }
}
