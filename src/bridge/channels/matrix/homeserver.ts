// The homeserver's client-server API over HTTP. A question that gets no answer ends by its time; a "no" is told apart from "nobody
// answered". The access token goes to the homeserver alone: redirects are not followed.
import { createWriteStream, openAsBlob } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HomeRefused } from "../../../contract/errors.ts";
import { inside, type Json, numberIn, objectIn, textIn } from "./wire.ts";

const ANSWER_MS = 30_000;
const FILE_MS = 10 * 60_000;
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/** The homeserver said no. */
export class MatrixNo extends Error {
  override readonly name = "MatrixNo";
  readonly status: number;
  /** M_FORBIDDEN, … */
  readonly code: string;
  readonly retryAfterMs: number | undefined;
  readonly body: Json;
  constructor(status: number, body: Json, retryAfterMs?: number) {
    const said = textIn(body, "error");
    super(said ? said.slice(0, 300) : `it answered ${status}`);
    this.status = status;
    this.code = textIn(body, "errcode") ?? "";
    this.retryAfterMs = numberIn(body, "retry_after_ms") ?? retryAfterMs;
    this.body = body;
  }
  /** It may go well another time. */
  get isPassing(): boolean {
    return this.status === 429 || this.status >= 500 || this.code === "M_LIMIT_EXCEEDED";
  }
  /** The login is no more. */
  get isSignedOut(): boolean {
    return this.code === "M_UNKNOWN_TOKEN" || this.code === "M_MISSING_TOKEN" || this.code === "M_USER_DEACTIVATED";
  }
  /** The device still exists: the same login may be renewed. */
  get isSoft(): boolean {
    return inside(this.body, "soft_logout") === true;
  }
}

export interface Question {
  method?: "GET" | "POST" | "PUT";
  query?: Record<string, string | undefined>;
  body?: Json | string;
  waitMs?: number;
  signal?: AbortSignal;
}

export class Homeserver {
  readonly url: string;
  #token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  set token(token: string) {
    this.#token = token;
  }

  /** @throws MatrixNo, or what fetch throws. */
  async ask(path: string, { method = "GET", query = {}, body, waitMs = ANSWER_MS, signal }: Question = {}): Promise<Json> {
    const answer = await this.#fetch(path, query, waitMs, signal, {
      method,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      headers: { "content-type": "application/json" },
    });
    const text = await readText(answer);
    const read = parse(text);
    if (!answer.ok) throw new MatrixNo(answer.status, read ?? {}, retryAfter(answer));
    if (!read) throw new MatrixNo(502, { error: "its answer is no JSON" });
    return read;
  }

  /** Answers the file's mxc address. */
  async upload(path: string, type: string, name: string | undefined): Promise<string> {
    const answer = await this.#fetch("/_matrix/media/v3/upload", { filename: name }, FILE_MS, undefined, {
      method: "POST",
      body: await openAsBlob(path),
      headers: { "content-type": type },
    });
    const read = parse(await readText(answer)) ?? {};
    if (!answer.ok) throw new MatrixNo(answer.status, read, retryAfter(answer));
    const address = textIn(read, "content_uri");
    if (!address) throw new MatrixNo(502, { error: "it took the file and named no address" });
    return address;
  }

  /** Writes the file to `path`, through `through`. @throws HomeRefused when it is gone, or larger. */
  async download(mxc: string, path: string, maxBytes: number, through: Transform[] = []): Promise<void> {
    const [, server = "", id = ""] = /^mxc:\/\/([^/?#]{1,255})\/([\w-]{1,255})$/.exec(mxc) ?? [];
    if (id === "") throw new HomeRefused("NOT_FOUND", "The file's address cannot be read.");
    const file = `${encodeURIComponent(server)}/${id}`;
    let answer = await this.#fetch(`/_matrix/client/v1/media/download/${file}`, {}, FILE_MS);
    // Homeservers before Matrix 1.11 know the other address alone.
    if (answer.status === 404 && textIn(parse(await readText(answer)), "errcode") === "M_UNRECOGNIZED") {
      answer = await this.#fetch(`/_matrix/media/v3/download/${file}`, {}, FILE_MS);
    }
    if (!answer.ok || !answer.body) {
      await answer.body?.cancel().catch(() => undefined);
      if (answer.status === 429 || answer.status >= 500) {
        throw new HomeRefused("UNAVAILABLE", "The homeserver does not give out the file just now; try again.");
      }
      throw new HomeRefused("NOT_FOUND", "The file is gone at the homeserver.");
    }
    await pipeline(Readable.from(answer.body), bounded(maxBytes), ...through, createWriteStream(path, { mode: 0o600 }));
  }

  async #fetch(
    path: string,
    query: Record<string, string | undefined>,
    waitMs: number,
    signal?: AbortSignal,
    init: RequestInit = {},
  ): Promise<Response> {
    const url = new URL(`${this.url}${path}`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const ends = AbortSignal.timeout(waitMs);
    return fetch(url, {
      ...init,
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, ends]) : ends,
      headers: { ...init.headers, ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }) },
    });
  }
}

/**
 * Where the API is, for the address its owner gave: there, or where it says so under .well-known.
 * @throws HomeRefused when it is no address at all.
 */
export async function findHomeserver(address: string, signal: AbortSignal): Promise<string> {
  const given = readAddress(address);
  try {
    const server = new Homeserver(given);
    if (objectOrList(await server.ask("/_matrix/client/versions", { signal, waitMs: 15_000 }))) return given;
  } catch (error) {
    if (!(error instanceof MatrixNo) || error.isPassing) throw error;
  }
  const known = await new Homeserver(given).ask("/.well-known/matrix/client", { signal, waitMs: 15_000 }).catch(() => undefined);
  const named = textIn(objectIn(known, "m.homeserver"), "base_url");
  if (named === undefined) {
    throw new HomeRefused("NOT_FOUND", `There is no Matrix homeserver at ${given}; check MATRIX_HOMESERVER_URL.`);
  }
  return readAddress(named);
}

/** A token is not shown to the wire: without TLS only to this machine or its network. */
function readAddress(address: string): string {
  const text = /^https?:\/\//.test(address) ? address : `https://${address}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || `${url.username}${url.search}${url.hash}` !== "") {
    throw new HomeRefused("INVALID_REQUEST", "MATRIX_HOMESERVER_URL is no address; it looks like https://matrix.org.");
  }
  if (url.protocol === "http:" && !isNear(url.hostname)) {
    throw new HomeRefused(
      "INVALID_REQUEST",
      `The homeserver's address must begin with https://, since ${url.hostname} is not of this network.`,
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function isNear(host: string): boolean {
  return (
    !host.includes(".") ||
    /\.(local|lan|internal|home\.arpa)$/.test(host) ||
    /^(127|10)\.\d+\.\d+\.\d+$|^192\.168\.\d+\.\d+$|^172\.(1[6-9]|2\d|3[01])\.\d+\.\d+$/.test(host) ||
    host === "[::1]"
  );
}

function objectOrList(answer: Json): boolean {
  return Array.isArray(inside(answer, "versions"));
}

function parse(text: string): Json | undefined {
  try {
    return objectIn({ it: JSON.parse(text) }, "it");
  } catch {
    return undefined;
  }
}

async function readText(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body ?? []) {
    size += part.byteLength;
    if (size > MOST_ANSWER_BYTES) throw new Error("the homeserver's answer is too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function retryAfter(answer: Response): number | undefined {
  const seconds = Number(answer.headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

function bounded(maxBytes: number): Transform {
  let size = 0;
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      size += part.byteLength;
      if (size > maxBytes)
        done(new HomeRefused("TOO_LARGE", `The file is larger than ${Math.floor(maxBytes / 1024 / 1024)} MB.`));
      else done(null, part);
    },
  });
}
