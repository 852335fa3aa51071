// The two programs that speak Signal, as far as their published interfaces go, with accounts that can be linked and lost: signal-cli's
// daemon (JSON-RPC and events by HTTP) and signal-cli-rest-api in its mode json-rpc. What is asked of them is kept.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

export interface Asked {
  what: string;
  body: Record<string, unknown>;
}

export class SignalProgram {
  readonly asked: Asked[] = [];
  readonly accounts: string[] = [];
  readonly files = new Map<string, Buffer>();
  /** The words of a refusal by what is asked. */
  readonly refusals = new Map<string, { code: number; message: string }>();
  mode = "json-rpc";
  isSilent = false;
  /** The daemon's; its real one is 15 s, and the head of its answer comes with the first. */
  keepAliveMs = 100;
  readonly #kind: "daemon" | "container";
  readonly #streams = new Set<ServerResponse>();
  readonly #sockets = new WebSocketServer({ noServer: true });
  #server: Server | undefined;
  #scanned = Promise.withResolvers<string>();
  #at = 1_800_000_000_000;
  port = 0;

  constructor(kind: "daemon" | "container", accounts: string[]) {
    this.#kind = kind;
    this.accounts.push(...accounts);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get listeners(): number {
    return this.#streams.size + this.#sockets.clients.size;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.on("upgrade", (request, socket, head) => {
      if (!request.url?.startsWith("/v1/receive/") || this.#kind !== "container") return socket.destroy();
      this.#sockets.handleUpgrade(request, socket, head, () => undefined);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** To whoever listens: as the real ones, nothing is kept for later. */
  emit(envelope: Record<string, unknown>, account = this.accounts[0]): void {
    const text = JSON.stringify({ envelope, account });
    for (const stream of this.#streams) stream.write(`event:receive\ndata:${text}\n\n`);
    for (const client of this.#sockets.clients) client.send(text);
  }

  /** The code is scanned with this phone. */
  scan(number: string): void {
    this.accounts.push(number);
    this.#scanned.resolve(number);
  }

  of(what: string): Record<string, unknown>[] {
    return this.asked.filter((one) => one.what === what).map(({ body }) => body);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", this.url);
    const bytes: Buffer[] = [];
    for await (const chunk of request) bytes.push(chunk);
    const body = bytes.length > 0 ? JSON.parse(Buffer.concat(bytes).toString()) : {};
    if (this.#kind === "daemon") await this.#answerDaemon(pathname, body, response);
    else await this.#answerContainer(`${request.method} ${pathname}`, body, response);
  }

  async #answerDaemon(
    path: string,
    body: { id?: string; method?: string; params?: Record<string, unknown> },
    response: ServerResponse,
  ) {
    if (path === "/api/v1/check") return say(response, 200);
    if (path === "/api/v1/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      this.#streams.add(response);
      const timer = setInterval(() => {
        if (!this.isSilent) response.write(":\n");
      }, this.keepAliveMs);
      response.once("close", () => {
        clearInterval(timer);
        this.#streams.delete(response);
      });
      return;
    }
    if (path !== "/api/v1/rpc") return say(response, 404);
    const { id, method = "", params = {} } = body;
    this.asked.push({ what: method, body: params });
    const refused = this.refusals.get(method);
    const isUnknown = params["account"] !== undefined && !this.accounts.includes(String(params["account"]));
    const error = refused ?? (isUnknown ? { code: -32602, message: "Specified account does not exist" } : undefined);
    if (error) return say(response, 200, { jsonrpc: "2.0", id, error });
    say(response, 200, { jsonrpc: "2.0", id, result: await this.#result(method, params) });
  }

  async #result(method: string, params: Record<string, unknown>): Promise<unknown> {
    switch (method) {
      case "listAccounts":
        return this.accounts.map((number) => ({ number }));
      case "startLink":
        this.#scanned = Promise.withResolvers();
        return { deviceLinkUri: `sgnl://linkdevice?uuid=${this.#at++}&pub_key=k` };
      case "finishLink":
        return { number: await this.#scanned.promise };
      case "listGroups":
        return [{ id: "R3JvdXA=", name: "Picnic" }];
      case "getAttachment":
        return { data: this.files.get(String(params["id"]))?.toString("base64") };
      default:
        return { timestamp: this.#at++ };
    }
  }

  async #answerContainer(what: string, body: Record<string, unknown>, response: ServerResponse): Promise<void> {
    this.asked.push({ what, body });
    const refused = this.refusals.get(what);
    if (refused) return say(response, refused.code, { error: refused.message });
    const id = /^GET \/v1\/attachments\/(.+)$/.exec(what)?.[1];
    if (id !== undefined) {
      const file = this.files.get(decodeURIComponent(id));
      if (!file) return say(response, 404, { error: "No attachment with that name" });
      response.writeHead(200, { "content-type": "application/octet-stream" }).end(file);
      return;
    }
    if (what === "GET /v1/about")
      return say(response, 200, { versions: ["v1", "v2"], build: 2, mode: this.mode, version: "0.98" });
    if (what === "GET /v1/accounts") return say(response, 200, this.accounts);
    if (what === "GET /v1/qrcodelink/raw") return say(response, 200, { device_link_uri: "sgnl://linkdevice?uuid=u&pub_key=k" });
    if (what.startsWith("GET /v1/groups/"))
      return say(response, 200, [{ id: "group.UjNKdmRYQT0=", internal_id: "R3JvdXA=", name: "Picnic" }]);
    if (what === "POST /v2/send" || what.startsWith("POST /v1/polls/"))
      return say(response, 201, { timestamp: String(this.#at++) });
    if (what.includes("/v1/remote-delete/")) return say(response, 201, { timestamp: String(this.#at++) });
    if (/^(POST|PUT|DELETE) /.test(what)) return say(response, 204);
    say(response, what.startsWith("GET /v1/devices/") ? 200 : 404, {});
  }
}

function say(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, body === undefined ? {} : { "content-type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
