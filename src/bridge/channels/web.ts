// Requests to a program at home that speaks for us: where it is, a limit of time for each, and answers of a bounded size. Its address may hold a
// name and a password: they go into a header, and are never said.
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HomeRefused } from "../../contract/errors.ts";

const MOST_ANSWER_BYTES = 16 * 1024 * 1024;

export interface Web {
  url(path: string): URL;
  headers: Record<string, string>;
  fetch(path: string, init?: RequestInit & { timeoutMs?: number }): Promise<Response>;
}

/** @throws HomeRefused */
export function webAt(address: string, variable: string): Web {
  const url = URL.parse(address);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new HomeRefused("INVALID_REQUEST", `${variable} is no address; it looks like http://127.0.0.1:8080.`);
  }
  const { username, password } = url;
  url.username = "";
  url.password = "";
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const headers: Record<string, string> = username === "" ? {} : { authorization: `Basic ${btoa(pair)}` };
  const at = (path: string) => new URL(`${url.pathname.replace(/\/$/, "")}${path}`, url);
  return {
    url: at,
    headers,
    fetch: (path, { timeoutMs = 30_000, signal, ...init } = {}) =>
      fetch(at(path), {
        ...init,
        redirect: "error",
        headers: { ...headers, ...(init.headers as Record<string, string> | undefined) },
        signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) : AbortSignal.timeout(timeoutMs),
      }),
  };
}

/** @throws Error when it is larger. */
export async function readBytes(answer: Response, most = MOST_ANSWER_BYTES): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > most) throw new Error("The answer is larger than it can be.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What is no JSON is undefined. */
export async function readJson(answer: Response, most?: number): Promise<unknown> {
  const text = (await readBytes(answer, most)).toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** False: it is larger. */
export async function writeTo(path: string, answer: Response, maxBytes: number): Promise<boolean> {
  let size = 0;
  const bytes = Readable.from(answer.body ?? []).map((chunk: Uint8Array) => {
    size += chunk.length;
    if (size > maxBytes) throw new Error("larger than wanted");
    return chunk;
  });
  try {
    await pipeline(bytes, createWriteStream(path));
    return true;
  } catch (error) {
    if (size > maxBytes) return false;
    throw error;
  }
}

const NEVER_SENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"];

/** Whether a request broke before it left: nothing can have come of it. */
export function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string" && NEVER_SENT.includes(error.code)) return true;
  if (error instanceof AggregateError && error.errors.some(wasNeverSent)) return true;
  return wasNeverSent(error.cause);
}
