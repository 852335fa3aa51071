// Files of a sandbox by commands in its container, for what lies on no folder of this machine. Arguments go as a list; what a
// script refuses comes back as a word, and is told here.
import { HomeRefused } from "../../contract/errors.ts";
import type { FileEntry } from "../places/place.ts";
import type { Engine } from "./engine.ts";
import { type InsideResult, runInside } from "./exec.ts";
import { LIST, READ, WRITE } from "./inside.ts";

const TIMEOUT_MS = 60_000;
const MAX_DEPTH = 40;
const MAX_LIST_BYTES = 16 * 1024 * 1024;
const KINDS: Record<string, FileEntry["kind"]> = {
  "regular file": "file",
  "regular empty file": "file",
  directory: "folder",
  "symbolic link": "link",
};

export interface FilesInside {
  engine: Engine;
  container: string;
}

export async function readInside(inside: FilesInside, root: string, path: string, offset: number, bytes: number) {
  const result = await run(inside, READ, [root, path, String(offset), String(bytes)], path, bytes + 1024);
  const end = result.stdout.indexOf(10);
  const [size, modifiedAt] = numbersOf(result.stdout.subarray(0, end).toString("utf8"));
  return { bytes: result.stdout.subarray(end + 1), size, modifiedAt: modifiedAt * 1000 };
}

export async function writeInside(
  inside: FilesInside,
  root: string,
  path: string,
  content: AsyncIterable<Uint8Array>,
  bytes: number,
  ifModifiedAt?: number,
) {
  const at = ifModifiedAt === undefined ? "" : String(Math.round(ifModifiedAt / 1000));
  const { stdout } = await run(inside, WRITE, [root, path, at, String(bytes)], path, 1024, content);
  const [isNew, size, modifiedAt] = numbersOf(stdout.toString("utf8"));
  return { size, modifiedAt: modifiedAt * 1000, isNew: isNew === 1 };
}

export async function listInside(inside: FilesInside, root: string, path: string, isDeep: boolean, limit: number) {
  const args = [root, path, String(isDeep ? MAX_DEPTH : 1), String(MAX_LIST_BYTES)];
  const { stdout } = await run(inside, LIST, args, path, MAX_LIST_BYTES + 1024);
  return readListing(stdout, MAX_LIST_BYTES, limit);
}

/** `maxBytes`: with so many it was cut, maybe within an entry. */
export function readListing(said: Buffer, maxBytes: number, limit: number): { entries: FileEntry[]; isCut: boolean } {
  const all = said
    .subarray(0, said.lastIndexOf(0) + 1)
    .toString("utf8")
    .split("\0")
    .flatMap((entry): FileEntry[] => {
      const match = /^([^|\n]+)\|(\d+)\|(\d+)\n([\s\S]+)$/.exec(entry);
      if (!match) return [];
      const [, kind = "", size, at, name = ""] = match;
      return [{ path: name, kind: KINDS[kind] ?? "other", size: Number(size), modifiedAt: Number(at) * 1000 }];
    });
  const sorted = all.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { entries: sorted.slice(0, limit), isCut: all.length > limit || said.length >= maxBytes };
}

async function run(
  { engine, container }: FilesInside,
  script: string,
  args: string[],
  path: string,
  maxBytes: number,
  input?: AsyncIterable<Uint8Array>,
): Promise<InsideResult> {
  const result = await runInside(engine, {
    container,
    argv: ["/bin/sh", "-c", script, "skerry", ...args],
    timeoutMs: TIMEOUT_MS,
    maxBytes,
    ...(input ? { input } : {}),
  });
  if (result.exitCode === 0) return result;
  throw explain(result.stderr, path);
}

function explain(said: string, path: string): HomeRefused {
  if (/no space left/i.test(said)) return new HomeRefused("DISK_FULL", `There is no space left for ${path} in the sandbox.`);
  if (/permission denied|read-only/i.test(said)) return new HomeRefused("FORBIDDEN", `${path} may not be opened in the sandbox.`);
  switch (said.split("\n").at(-1)) {
    case "outside":
      return new HomeRefused("FORBIDDEN", `${path} leads out of its folder by a link; it is not followed.`);
    case "missing":
      return new HomeRefused("NOT_FOUND", `There is no ${path} in the sandbox.`);
    case "nofile":
      return new HomeRefused("INVALID_REQUEST", `${path} is a folder or no plain file.`);
    case "nofolder":
      return new HomeRefused("NOT_FOUND", `${path} is no folder, or a part of it is none.`);
    case "partial":
      return new HomeRefused("UNAVAILABLE", `${path} broke off on its way into the sandbox, so it was not written; try again.`);
    case "changed":
      return new HomeRefused("CONFLICT", `${path} was changed since it was read; read it again.`);
    default:
      return new HomeRefused(
        "UNAVAILABLE",
        `${path} could not be worked on in the sandbox: ${said.slice(-200) || "it did not say why"}.`,
      );
  }
}

function numbersOf(text: string): [number, number, number] {
  const [one = 0, two = 0, three = 0] = text.trim().split(/\s+/).map(Number);
  return [one, two, three];
}
