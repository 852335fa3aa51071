// Files between this machine and Skerry's object store, over HTTP with the machine's own token. A file arrives whole or not at
// all: it is written beside its place and moved there.
import { createWriteStream, openAsBlob } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { HomeRefused } from "../../contract/errors.ts";
import type { MediaRef } from "../../contract/message.ts";
import type { Transfer } from "../home-command.ts";

const MAX_BYTES = 20 * 1024 * 1024;
const TIMEOUT_MS = 120_000;

export interface TransferOptions {
  url: string;
  /** Absent: Skerry did not let this machine in yet. */
  token(): string | undefined;
  /** For whatever stands in front of Skerry. */
  headers: Record<string, string>;
}

export function openTransfer({ url, token, headers }: TransferOptions): Transfer {
  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const proof = token();
    if (proof === undefined) throw new HomeRefused("UNAVAILABLE", "This machine is not connected to Skerry just now.");
    let answer: Response;
    try {
      answer = await fetch(`${url}/home${path}`, {
        ...init,
        headers: { ...headers, authorization: `Bearer ${proof}`, ...init.headers },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new HomeRefused("UNAVAILABLE", "Skerry could not be reached to pass the file on; try again.", error);
    }
    if (answer.ok) return answer;
    throw new HomeRefused(answer.status === 404 ? "NOT_FOUND" : "UNAVAILABLE", await reasonOf(answer));
  };
  return {
    async give(path, name) {
      const { size } = await stat(path);
      if (size > MAX_BYTES) {
        throw new HomeRefused("TOO_LARGE", `${name} has ${size} bytes; at most 20 MB can be passed on.`);
      }
      const body = await openAsBlob(path);
      const answer = await ask("/media", { method: "POST", body, headers: { "x-file-name": encodeURIComponent(name) } });
      const { url: _link, ...ref } = (await answer.json()) as MediaRef & { url?: string };
      return ref;
    },
    async take(key, path) {
      const answer = await ask(`/${key}`, { method: "GET" });
      const whole = `${path}.arriving`;
      try {
        // The two libraries name the same stream by types of their own.
        const body = Readable.fromWeb((answer.body ?? new Blob([]).stream()) as ReadableStream<Uint8Array>);
        await pipeline(body, createWriteStream(whole, { mode: 0o600 }));
        await rename(whole, path);
      } catch (error) {
        await rm(whole, { force: true });
        throw explain(error, path);
      }
      return { size: (await stat(path)).size };
    },
  };
}

async function reasonOf(answer: Response): Promise<string> {
  const body: unknown = await answer.json().catch(() => undefined);
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  const message = typeof error === "object" && error !== null && "message" in error ? String(error.message) : undefined;
  return message ?? `Skerry answered ${answer.status} when a file was passed on.`;
}

function explain(error: unknown, path: string): HomeRefused {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC") return new HomeRefused("DISK_FULL", `The disk of this machine is full: ${path} was not written.`, error);
  return new HomeRefused("UNAVAILABLE", "The file broke off on its way; try again.", error);
}
