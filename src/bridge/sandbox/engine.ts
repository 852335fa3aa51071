// A container engine by its HTTP interface over a socket of this machine: one request, one reply; a stream of lines; and the
// raw line of a running command. Knows nothing of Skerry's containers. Docker and Podman both speak it. No library: the one there
// is brings gRPC, SSH and a native build along, for a dozen requests.
import { Agent, type IncomingMessage, type RequestOptions, request } from "node:http";
import type { Duplex } from "node:stream";
import { HomeRefused } from "../../contract/errors.ts";

const ASK_TIMEOUT_MS = 30_000;
const LATE = "it did not answer in time";
/** A reply is a few kilobytes; a listing of hundreds of containers stays below this. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;

export interface EngineFacts {
  name: "Docker" | "Podman";
  version: string;
  isRootless: boolean;
  socket: string;
  /** Of its interface, such as `v1.41`; "" while it is not known. */
  api: string;
  hasSeccomp: boolean;
  hasSelinux: boolean;
  /** Limits that it can hold containers to. */
  limits: { memory: boolean; pids: boolean; cpu: boolean };
}

export interface EngineReply {
  status: number;
  body: unknown;
  /** What it says of a refusal; "" when all went well. */
  message: string;
}

export interface Ask {
  query?: Record<string, string>;
  body?: unknown;
  timeoutMs?: number;
  signal?: AbortSignal;
}

type Method = "GET" | "POST" | "DELETE" | "HEAD";

/** Contract: @throws HomeRefused NO_ENGINE when nobody answers. A refusal is a reply, not a throw. */
export class Engine {
  readonly facts: EngineFacts;
  readonly #agent = new Agent({ keepAlive: false });

  constructor(facts: EngineFacts) {
    this.facts = facts;
  }

  async ask(method: Method, path: string, ask: Ask = {}): Promise<EngineReply> {
    const reply = await this.#send(method, path, ask);
    return { status: reply.statusCode ?? 0, ...(await readBody(reply, this.facts.socket)) };
  }

  /** JSON documents, one after the other, as they come. */
  async *follow(
    method: Method,
    path: string,
    ask: { query: Record<string, string>; bytes: Uint8Array; type: string; signal?: AbortSignal | undefined },
  ): AsyncGenerator<Record<string, unknown>> {
    const reply = await this.#send(method, path, {
      query: ask.query,
      raw: { bytes: ask.bytes, type: ask.type },
      timeoutMs: 0,
      ...(ask.signal ? { signal: ask.signal } : {}),
    });
    if ((reply.statusCode ?? 0) >= 300) {
      yield { error: (await readBody(reply, this.facts.socket)).message };
      return;
    }
    let rest = "";
    try {
      for await (const chunk of reply.setEncoding("utf8")) {
        const lines = `${rest}${chunk}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") yield parseLine(line);
      }
    } catch (error) {
      throw noEngine(this.facts.socket, error);
    }
    if (rest.trim() !== "") yield parseLine(rest);
  }

  /** Takes over the line of the request: what a command reads and writes. Ended on this side, the command's input ends. */
  attach(path: string, body: unknown, timeoutMs = ASK_TIMEOUT_MS): Promise<Duplex | EngineReply> {
    return new Promise((resolve, reject) => {
      const text = Buffer.from(JSON.stringify(body));
      const asked = request({
        ...this.#options("POST", path, {}),
        headers: {
          host: "engine",
          "content-type": "application/json",
          "content-length": text.length,
          connection: "Upgrade",
          upgrade: "tcp",
        },
      });
      asked.once("upgrade", (_reply, socket, head) => {
        // What runs may be silent for as long as it likes.
        asked.setTimeout(0);
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      asked.once("response", (reply) => {
        readBody(reply, this.facts.socket).then((read) => resolve({ status: reply.statusCode ?? 0, ...read }), reject);
      });
      asked.once("error", (error) => reject(noEngine(this.facts.socket, error)));
      asked.setTimeout(timeoutMs, () => asked.destroy(new Error(LATE)));
      asked.end(text);
    });
  }

  #send(
    method: Method,
    path: string,
    { query, body, raw, timeoutMs = ASK_TIMEOUT_MS, signal }: Ask & { raw?: { bytes: Uint8Array; type: string } },
  ): Promise<IncomingMessage> {
    const bytes = raw?.bytes ?? (body === undefined ? undefined : Buffer.from(JSON.stringify(body)));
    return new Promise((resolve, reject) => {
      const asked = request({
        ...this.#options(method, path, query ?? {}),
        headers: {
          host: "engine",
          ...(bytes ? { "content-type": raw?.type ?? "application/json", "content-length": bytes.length } : {}),
        },
        ...(signal ? { signal } : {}),
      });
      asked.once("response", resolve);
      asked.once("error", (error) => reject(noEngine(this.facts.socket, error)));
      if (timeoutMs > 0) asked.setTimeout(timeoutMs, () => asked.destroy(new Error(LATE)));
      asked.end(bytes);
    });
  }

  #options(method: Method, path: string, query: Record<string, string>): RequestOptions {
    const words = new URLSearchParams(query).toString();
    return {
      socketPath: this.facts.socket,
      agent: this.#agent,
      method,
      path: `${this.facts.api === "" ? "" : `/${this.facts.api}`}${path}${words === "" ? "" : `?${words}`}`,
    };
  }
}

/** What an engine that was asked on an open line answered instead. */
export function isReply(answer: Duplex | EngineReply): answer is EngineReply {
  return "status" in answer;
}

/** Whether this is no more than a bad moment: it took too long or could not, but it is there. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof HomeRefused) || error.code !== "NO_ENGINE") return true;
  return error.cause instanceof Error && error.cause.message === LATE;
}

export function noEngine(socket: string, cause: unknown): HomeRefused {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "EACCES" || code === "EPERM") {
    return new HomeRefused(
      "NO_ENGINE",
      `The container engine at ${socket} may not be used by this user: add the user to the group docker, or use a rootless engine.`,
      cause,
    );
  }
  const reason = code === "" && cause instanceof Error ? ` (${cause.message})` : "";
  return new HomeRefused(
    "NO_ENGINE",
    `No container engine answers at ${socket}${reason}: install Docker or Podman, or start it.`,
    cause,
  );
}

/** What to throw for a refusal. `wish`: what it was asked, as "start the sandbox's container". */
export function refuse(reply: EngineReply, wish: string): HomeRefused {
  if (/no space left|disk quota exceeded/i.test(reply.message)) {
    return new HomeRefused("DISK_FULL", `The disk of this machine is full, so the engine could not ${wish}: ${reply.message}.`);
  }
  return new HomeRefused("UNAVAILABLE", `The container engine would not ${wish}: ${reply.message || `status ${reply.status}`}.`);
}

async function readBody(reply: IncomingMessage, socket: string): Promise<{ body: unknown; message: string }> {
  let text = "";
  try {
    for await (const chunk of reply.setEncoding("utf8")) {
      text += chunk;
      if (text.length > MAX_REPLY_BYTES) throw new Error("its answer is longer than any it should give");
    }
  } catch (error) {
    throw noEngine(socket, error);
  }
  const body = parse(text);
  const isBad = (reply.statusCode ?? 0) >= 300;
  const said = typeof body === "object" && body !== null && "message" in body ? String(body.message) : text.trim();
  return { body, message: isBad ? said.replace(/\.$/, "") || `status ${reply.statusCode}` : "" };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseLine(line: string): Record<string, unknown> {
  const read = parse(line);
  return typeof read === "object" && read !== null ? { ...read } : { stream: `${line}\n` };
}
