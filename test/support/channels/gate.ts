// A gate in the way of HTTP requests to a server on this machine: it keeps what passes, and can do to it what networks and
// platforms do: refuse, break off, be away. It knows no platform, and changes nothing of what it lets through.
import {
  request as ask,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface Passed {
  /** Epoch ms. */
  at: number;
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Of the answer; absent while there is none. */
  status?: number;
}

/** Which requests are meant: by "METHOD /path", or by all that is known of them. */
export type What = RegExp | ((asked: Passed) => boolean);

export interface Trouble {
  on: What;
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** How often; once unless said. */
  times?: number;
  /** The server does it all the same, but its answer is lost. */
  isDone?: boolean;
}

export interface Answered {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export class Gate {
  readonly passed: Passed[] = [];
  readonly #stead: { on: What; answer: (asked: Passed) => Answered | undefined }[] = [];
  readonly #target: string;
  readonly #troubles: (Trouble & { left: number })[] = [];
  #server: Server | undefined;
  #port = 0;

  private constructor(target: string) {
    this.#target = target;
  }

  static async start(target: string): Promise<Gate> {
    const gate = new Gate(target);
    await gate.comeUp();
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  of(what: What): Passed[] {
    return this.passed.filter((one) => isMeant(what, one));
  }

  /** Without a status and without `isDone` the connection breaks before anything is done. */
  trouble(trouble: Trouble): void {
    this.#troubles.push({ ...trouble, left: trouble.times ?? 1 });
  }

  /** Answers in the server's stead what it has not; undefined lets the request through. */
  instead(on: What, answer: (asked: Passed) => Answered | undefined): void {
    this.#stead.push({ on, answer });
  }

  /** Connections are refused until it comes up again, at the same address. */
  async goDown(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }

  async comeUp(): Promise<void> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen(this.#port, "127.0.0.1", done);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** The same bytes once more, as a platform sends what it believes was not heard. */
  async again({ method, path, headers, body }: Passed, more: Record<string, string> = {}): Promise<number> {
    const { status } = await this.#hand({ method, path, headers: { ...headers, ...more }, body });
    return status;
  }

  stop(): Promise<void> {
    return this.goDown();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    const one: Passed = { at: Date.now(), method, path: url, headers, body: Buffer.concat(chunks) };
    this.passed.push(one);
    const trouble = this.#troubles.find(({ on, left }) => left > 0 && isMeant(on, one));
    if (trouble) trouble.left -= 1;
    if (trouble?.status !== undefined) {
      one.status = trouble.status;
      response.writeHead(trouble.status, trouble.headers).end(trouble.body ?? "");
      return;
    }
    if (trouble && !trouble.isDone) {
      response.destroy();
      return;
    }
    const own = this.#stead.filter(({ on }) => isMeant(on, one)).flatMap(({ answer }) => answer(one) ?? []);
    const { status = 200, headers: said = {}, body = "" } = own[0] ?? (await this.#hand(one));
    one.status = status;
    if (trouble) response.destroy();
    else response.writeHead(status, said).end(body);
  }

  /** Over a connection of its own: one that is kept would tell the server of nobody's leaving. */
  #hand({ method, path, headers, body }: Pick<Passed, "method" | "path" | "headers" | "body">) {
    return new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>((done, fail) => {
      const { connection: _near, "transfer-encoding": _chunked, ...kept } = headers;
      const asked = ask(`${this.#target}${path}`, { method, headers: { ...kept, "content-length": body.length }, agent: false });
      asked.once("error", fail);
      asked.once("response", (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.once("error", fail);
        answer.once("end", () => {
          const { connection: _far, "transfer-encoding": _pieces, ...rest } = answer.headers;
          done({ status: answer.statusCode ?? 0, headers: rest, body: Buffer.concat(chunks) });
        });
      });
      asked.end(body);
    });
  }
}

function isMeant(what: What, one: Passed): boolean {
  return typeof what === "function" ? what(one) : what.test(`${one.method} ${one.path}`);
}
