// A scripted model server: Anthropic Messages, OpenAI Responses and Chat Completions on 127.0.0.1. Used by tests,
// crash journeys and benches: it does little per request, and remembers what it was asked.
// Control over HTTP: GET /requests, POST /script (queue), POST /default, POST /reset.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { anthropicProtocol } from "./anthropic.ts";
import { completionsProtocol } from "./completions.ts";
import { play, type Wire } from "./player.ts";
import { overflowMessage, type Protocol, type SeenRequest } from "./protocol.ts";
import { responsesProtocol } from "./responses.ts";
import { DEFAULT_SCRIPT, FaultBook, readDirective, type Script } from "./script.ts";

export interface RecordedRequest {
  /** From 1. */
  number: number;
  path: string;
  protocol: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  bytes: number;
  /** Epoch ms, with fractions. */
  receivedAt: number;
  firstTokenAt?: number;
  endedAt?: number;
  /** The other side hung up before the end. */
  isAborted?: boolean;
  status: number;
}

export type Handler = (
  request: SeenRequest & { body: Record<string, unknown>; protocol: string },
) => Script | undefined | Promise<Script | undefined>;

export interface ModelServerOptions {
  port?: number;
  /** Asked first; undefined: the queue, the directive, the default. */
  handler?: Handler;
  /** Requests kept; older ones are forgotten. */
  keep?: number;
}

const PROTOCOLS: readonly Protocol[] = [anthropicProtocol, responsesProtocol, completionsProtocol];

export class ModelServer {
  readonly requests: RecordedRequest[] = [];
  handler: Handler | undefined;
  fallback: Script = DEFAULT_SCRIPT;
  private readonly queue: Script[] = [];
  private readonly faults = new FaultBook();
  private readonly keep: number;
  private readonly server: Server;
  private count = 0;

  private constructor(options: ModelServerOptions) {
    this.handler = options.handler;
    this.keep = options.keep ?? 5_000;
    this.server = createServer((request, response) => void this.serve(request, response));
    this.server.keepAliveTimeout = 60_000;
  }

  static async start(options: ModelServerOptions = {}): Promise<ModelServer> {
    const made = new ModelServer(options);
    await new Promise<void>((resolve, reject) => {
      made.server.once("error", reject);
      made.server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    return made;
  }

  /** `http://127.0.0.1:<port>`: what ANTHROPIC_BASE_URL takes; the OpenAI ones take it with `/v1`. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Scripts for the coming requests, one each. */
  push(...scripts: Script[]): void {
    this.queue.push(...scripts);
  }

  reset(): void {
    this.requests.length = 0;
    this.queue.length = 0;
    this.faults.clear();
    this.handler = undefined;
    this.fallback = DEFAULT_SCRIPT;
  }

  /** Resolves when `count` requests have come. */
  async waitForRequests(count: number, timeoutMs = 10_000): Promise<void> {
    const until = Date.now() + timeoutMs;
    while (this.requests.length < count) {
      if (Date.now() > until) throw new Error(`${this.requests.length} requests came within ${timeoutMs} ms, not ${count}.`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const receivedAt = now();
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const text = await readBody(request);
    const protocol = request.method === "POST" ? PROTOCOLS.find((candidate) => candidate.path.test(path)) : undefined;
    if (!protocol) {
      this.control(request, path, text, response);
      return;
    }
    const body = parseObject(text);
    const recorded: RecordedRequest = {
      number: ++this.count,
      path,
      protocol: protocol.name,
      headers: request.headers as Record<string, string>,
      body: body ?? {},
      bytes: Buffer.byteLength(text),
      receivedAt,
      status: 200,
    };
    this.requests.push(recorded);
    if (this.requests.length > this.keep) this.requests.shift();
    if (!body) sendError(response, recorded, protocol, 400, "The body is no JSON object.", {});
    else await this.answer(protocol, body, text.length, recorded, response);
  }

  private async answer(
    protocol: Protocol,
    body: Record<string, unknown>,
    chars: number,
    recorded: RecordedRequest,
    response: ServerResponse,
  ): Promise<void> {
    const seen = protocol.read(body);
    if (!seen.isStream) {
      sendError(response, recorded, protocol, 400, "This server answers streams only.", {});
      return;
    }
    const script =
      (await this.handler?.({ ...seen, body, protocol: protocol.name })) ??
      this.queue.shift() ??
      readDirective(seen.said) ??
      this.fallback;
    const fault = this.faults.strike(script, chars);
    if (script.delayMs) await new Promise((resolve) => setTimeout(resolve, script.delayMs));
    if (typeof fault === "number" || fault === "overflow") {
      const message = fault === "overflow" ? overflowMessage(chars) : (script.message ?? `Scripted failure ${fault}`);
      const headers = script.retryAfter === undefined ? {} : { "retry-after": String(script.retryAfter) };
      sendError(response, recorded, protocol, fault === "overflow" ? 400 : fault, message, headers);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
    response.flushHeaders();
    const show = { script, fault, round: seen.round, hasTools: seen.hasTools, chars };
    await play(protocol.write(seen.model), httpWire(response, recorded, script.split), show);
  }

  private control(request: IncomingMessage, path: string, text: string, response: ServerResponse): void {
    const route = `${request.method} ${path}`;
    const body = parseObject(text) ?? {};
    if (route === "GET /requests") sendJson(response, 200, this.requests);
    else if (route === "POST /script") {
      this.push(body as Script);
      sendJson(response, 200, { queued: this.queue.length });
    } else if (route === "POST /default") {
      this.fallback = body as Script;
      sendJson(response, 200, { ok: true });
    } else if (route === "POST /reset") {
      this.reset();
      sendJson(response, 200, { ok: true });
    } else if (route === "GET /v1/models")
      sendJson(response, 200, { object: "list", data: [{ id: "scripted", object: "model" }] });
    else sendJson(response, 404, { error: { message: `Nothing is at ${route}.`, type: "not_found_error" } });
  }
}

function httpWire(response: ServerResponse, recorded: RecordedRequest, split: number | undefined): Wire {
  let pending: Promise<void> = Promise.resolve();
  response.on("close", () => {
    if (!response.writableFinished) recorded.isAborted = true;
  });
  const isGone = () => response.destroyed || response.writableEnded;
  return {
    send(text) {
      if (isGone()) return false;
      if (split) pending = pending.then(() => sendInPieces(response, Buffer.from(text), split));
      else response.write(text);
      return true;
    },
    drop: () => void setTimeout(() => response.destroy(), 5),
    end: () =>
      void pending.then(() => {
        recorded.endedAt = now();
        response.end();
      }),
    noteFirstToken: () => {
      recorded.firstTokenAt ??= now();
    },
    isGone,
  };
}

async function sendInPieces(response: ServerResponse, bytes: Buffer, size: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    response.write(bytes.subarray(at, at + size));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function sendError(
  response: ServerResponse,
  recorded: RecordedRequest,
  protocol: Protocol,
  status: number,
  message: string,
  headers: Record<string, string>,
): void {
  recorded.status = status;
  recorded.endedAt = now();
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(protocol.fail(status, message)));
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
