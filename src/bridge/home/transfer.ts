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
import { type DoorOptions, openDoor, reasonOf } from "./door.ts";

const MAX_BYTES = 20 * 1024 * 1024;

export function openTransfer(options: DoorOptions): Transfer {
  const door = openDoor(options);
  const ask: typeof door = async (path, init) => {
    const answer = await door(path, init);
    if (answer.ok) return answer;
    throw new HomeRefused(answer.status === 404 ? "NOT_FOUND" : "UNAVAILABLE", (await reasonOf(answer)).message);
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

function explain(error: unknown, path: string): HomeRefused {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC") return new HomeRefused("DISK_FULL", `The disk of this machine is full: ${path} was not written.`, error);
  return new HomeRefused("UNAVAILABLE", "The file broke off on its way; try again.", error);
}
