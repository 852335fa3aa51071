// Cloudflare's browser binding on this machine: the requests that a session makes of it (start one, a line to it, end it), answered
// with the Chrome or Chromium that is installed. Each browser begins empty and is forgotten at its end. Only the local runtime, which
// knows the secret, is answered; a line is passed through as it is.
import { randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { findChrome } from "../browser/chrome-search.ts";

export interface BrowserBinding {
  /** `host:port`, and what every request to it carries. */
  address: string;
  secret: string;
  close(): Promise<void>;
}

/** A browser that runs for the binding. */
export interface BoundBrowser {
  /** Of its DevTools. */
  port: number;
  path: string;
  ended: Promise<unknown>;
  close(): Promise<void>;
}

export interface BindingRequest {
  stateDir: string;
  environment: NodeJS.ProcessEnv;
  complain(text: string): void;
}

interface Held {
  browser: BoundBrowser;
  lines: Set<Duplex>;
  idleMs: number;
  timer?: NodeJS.Timeout;
}

const MOST = 3;
const IDLE_MS = 60_000;
const LONGEST_IDLE_MS = 600_000;
const ROUTE = /^\/v1\/devtools\/browser(?:\/([\w-]{1,64}))?$/;

/** Undefined: there is no browser on this machine. */
export async function openBrowserBinding(request: BindingRequest): Promise<BrowserBinding | undefined> {
  const { environment, complain } = request;
  const config = await readConfig(environment);
  const path = findChrome({ path: config.path, environment });
  if (path === undefined) return undefined;
  const desk = new Desk({ ...request, path, hasSandbox: config.sandbox });
  const secret = randomBytes(32).toString("hex");
  const server = createServer((asked, answer) => {
    desk.answer(asked, answer, isAllowed(asked, secret)).catch((error: unknown) => {
      complain(`browser binding: ${error instanceof Error ? error.message : String(error)}`);
      if (!answer.headersSent) answer.writeHead(500);
      answer.end(error instanceof Error ? error.message : undefined);
    });
  });
  server.on("upgrade", (asked, socket, head) => desk.pass(asked, socket, head, isAllowed(asked, secret)));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    secret,
    async close() {
      server.close();
      server.closeAllConnections();
      await desk.close();
    },
  };
}

class Desk {
  readonly #request: BindingRequest & { path: string; hasSandbox: boolean };
  readonly #held = new Map<string, Held>();
  #starting = 0;

  constructor(request: BindingRequest & { path: string; hasSandbox: boolean }) {
    this.#request = request;
  }

  async answer(asked: IncomingMessage, answer: ServerResponse, mayAsk: boolean): Promise<void> {
    const url = mayAsk ? URL.parse(asked.url ?? "/", "http://binding") : null;
    const route = ROUTE.exec(url?.pathname ?? "");
    if (!url || !route) return void answer.writeHead(mayAsk ? 404 : 403).end();
    const [, id] = route;
    if (asked.method === "POST" && id === undefined)
      return this.#start(asked, answer, Number(url.searchParams.get("keep_alive")));
    if (asked.method !== "DELETE" || id === undefined || !this.#held.has(id)) return void answer.writeHead(404).end();
    await this.#forget(id);
    answer.writeHead(200, { "content-type": "application/json" }).end('{"status":"closed"}');
  }

  /** A WebSocket of the session's is one of the browser's: nothing between reads it. */
  pass(asked: IncomingMessage, socket: Duplex, head: Buffer, mayAsk: boolean): void {
    // Whoever reaches the port may break off, or ask for what is no address.
    socket.on("error", () => socket.destroy());
    const [, id = ""] = mayAsk ? (ROUTE.exec(URL.parse(asked.url ?? "/", "http://binding")?.pathname ?? "") ?? []) : [];
    const held = this.#held.get(id);
    if (!mayAsk || !held) {
      socket.end(`HTTP/1.1 ${mayAsk ? "404 Not Found" : "403 Forbidden"}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const { port, path } = held.browser;
    const line = connect(port, "127.0.0.1");
    const kept = ["sec-websocket-key", "sec-websocket-version"].map((name) => `${name}: ${String(asked.headers[name] ?? "")}`);
    const lines = [`GET ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`, "upgrade: websocket", "connection: Upgrade", ...kept];
    line.write(`${lines.join("\r\n")}\r\n\r\n`);
    line.write(head);
    socket.pipe(line).pipe(socket);
    held.lines.add(socket);
    clearTimeout(held.timer);
    const over = () => {
      socket.destroy();
      line.destroy();
      if (held.lines.delete(socket)) this.#rest(id, held);
    };
    for (const end of [socket, line]) end.on("close", over).on("error", over);
  }

  async close(): Promise<void> {
    const all = [...this.#held.values()];
    this.#held.clear();
    await Promise.all(all.map((held) => this.#end(held)));
  }

  async #start(asked: IncomingMessage, answer: ServerResponse, keepAlive: number): Promise<void> {
    if (this.#held.size + this.#starting >= MOST) return void answer.writeHead(429).end("There are too many browsers already.");
    this.#starting++;
    try {
      const { readBody, readRules } = await import("./browser-request.ts");
      const rules = readRules(await readBody(asked));
      if (!rules) return void answer.writeHead(400).end("The request cannot be read.");
      const { startBound } = await import("./bound-browser.ts");
      const { stateDir, environment, path, hasSandbox } = this.#request;
      const dir = join(stateDir, "run", "browsers");
      const browser = await startBound({ path, hasSandbox, environment, dir, policy: { ...rules, mayEvaluate: true } });
      const id = randomUUID();
      const held: Held = { browser, lines: new Set(), idleMs: Math.min(keepAlive || IDLE_MS, LONGEST_IDLE_MS) };
      this.#held.set(id, held);
      void browser.ended.then(() => this.#forget(id));
      this.#rest(id, held);
      answer.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ sessionId: id }));
    } finally {
      this.#starting--;
    }
  }

  /** Nobody at the line for long enough: it ends. */
  #rest(id: string, held: Held): void {
    clearTimeout(held.timer);
    if (held.lines.size > 0 || !this.#held.has(id)) return;
    held.timer = setTimeout(() => void this.#forget(id), held.idleMs);
    held.timer.unref();
  }

  async #forget(id: string): Promise<void> {
    const held = this.#held.get(id);
    this.#held.delete(id);
    if (held) await this.#end(held);
  }

  async #end(held: Held): Promise<void> {
    clearTimeout(held.timer);
    for (const socket of held.lines) socket.destroy();
    await held.browser.close();
  }
}

/** The bridge's, which is about the same machine. What is not needed at every start is not read at every start. */
async function readConfig(environment: NodeJS.ProcessEnv): Promise<{ path?: string | undefined; sandbox: boolean }> {
  const path = environment["SKERRY_BRIDGE_CONFIG"];
  if (!path) return { sandbox: true };
  const { readBridgeConfig } = await import("../home/config.ts");
  return readBridgeConfig(path).browser;
}

function isAllowed(asked: IncomingMessage, secret: string): boolean {
  const given = Buffer.from(String(asked.headers.authorization ?? ""));
  const wanted = Buffer.from(`Bearer ${secret}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
