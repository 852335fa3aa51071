// Files of a sandbox: /workspace on this machine's own folder where links can be kept from leading out of it (Linux), else, like
// /tmp, by a command in the container, where a link leads nowhere but into the container.
import { createReadStream, existsSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { posix } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";
import type { PlaceFiles } from "../places/place.ts";
import { type SandboxPlace, WORKSPACE } from "./container-plan.ts";
import { listFolder, type OpenFolder, openFile, writeFile } from "./folder.ts";
import { type FilesInside, listInside, readInside, writeInside } from "./inside-files.ts";

/** What can be passed on at once; the object store takes no more. */
const MAX_COPY_BYTES = 20 * 1024 * 1024;

export interface FilesHost {
  folderOf(place: SandboxPlace): Promise<OpenFolder>;
  inside(place: SandboxPlace): Promise<FilesInside>;
  /** Whether folders of this machine can be walked without being led astray. */
  isDirect?: boolean;
}

export function openFiles(host: FilesHost): PlaceFiles<SandboxPlace> {
  const isDirect = host.isDirect ?? (process.platform === "linux" && existsSync("/proc/self/fd"));
  const isOnFolder = (root: string) => isDirect && root === WORKSPACE;
  const files: PlaceFiles<SandboxPlace> = {
    async read(place, given, offset, bytes) {
      const { path, root } = locate(given);
      if (!isOnFolder(root)) return readInside(await host.inside(place), root, path, offset, bytes);
      const { handle, stat } = await openFile(await host.folderOf(place), path);
      try {
        const buffer = Buffer.alloc(Math.max(0, Math.min(bytes, stat.size - offset)));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
        return { bytes: buffer.subarray(0, bytesRead), size: stat.size, modifiedAt: Math.round(stat.mtimeMs) };
      } finally {
        await handle.close();
      }
    },
    write(place, given, bytes, ifModifiedAt) {
      const whole = async function* () {
        yield bytes;
      };
      return put(place, given, { content: whole(), size: bytes.length }, ifModifiedAt);
    },
    async list(place, given, isDeep, limit) {
      const { path, root } = locate(given);
      if (!isOnFolder(root)) return listInside(await host.inside(place), root, path, isDeep, limit);
      return listFolder(await host.folderOf(place), path, isDeep, limit);
    },
    async copyOut(place, given, to) {
      const { path, root } = locate(given);
      const name = posix.basename(path);
      if (!isOnFolder(root)) {
        const read = await readInside(await host.inside(place), root, path, 0, MAX_COPY_BYTES + 1);
        if (read.size > MAX_COPY_BYTES) throw tooLarge(path, read.size);
        await keep(to, [read.bytes]);
        return { size: read.bytes.length, name };
      }
      const { handle, stat } = await openFile(await host.folderOf(place), path);
      try {
        if (stat.size > MAX_COPY_BYTES) throw tooLarge(path, stat.size);
        const size = stat.size === 0 ? 0 : await keep(to, handle.createReadStream({ end: stat.size - 1, autoClose: false }));
        if (stat.size === 0) await keep(to, []);
        return { size, name };
      } finally {
        await handle.close();
      }
    },
    async copyIn(place, from, given) {
      const { size } = await stat(from);
      // Opened when it is read: nobody would close it where the path is refused.
      const whole = async function* () {
        yield* createReadStream(from);
      };
      return put(place, given, { content: whole(), size });
    },
  };

  async function put(
    place: SandboxPlace,
    given: string,
    { content, size }: { content: AsyncIterable<Uint8Array>; size: number },
    ifModifiedAt?: number,
  ) {
    const { path, root } = locate(given);
    if (path === root) throw new HomeRefused("INVALID_REQUEST", `${path} is a folder.`);
    if (root === WORKSPACE && place.workspace === "ro") {
      throw new HomeRefused("FORBIDDEN", "The agent's files can only be read in this sandbox; write below /tmp.");
    }
    if (!isOnFolder(root)) return writeInside(await host.inside(place), root, path, content, size, ifModifiedAt);
    return writeFile(await host.folderOf(place), path, content, ifModifiedAt);
  }
  return files;
}

/** @throws HomeRefused for what is neither below /workspace nor below /tmp. */
export function locate(given: string): { path: string; root: "/workspace" | "/tmp" } {
  if (given.includes("\0")) throw new HomeRefused("INVALID_REQUEST", "A path has no NUL in it.");
  const absolute = given === "~" || given.startsWith("~/") ? `${WORKSPACE}${given.slice(1)}` : posix.resolve(WORKSPACE, given);
  const path = posix.resolve(absolute);
  const root = (["/workspace", "/tmp"] as const).find((one) => path === one || path.startsWith(`${one}/`));
  if (root) return { path, root };
  throw new HomeRefused(
    "FORBIDDEN",
    `${given} is neither below /workspace nor below /tmp; only files there can be named in the sandbox.`,
  );
}

async function keep(to: string, content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<number> {
  const target = await open(to, "w", 0o600);
  let size = 0;
  try {
    for await (const chunk of content) {
      await target.writeFile(chunk);
      size += chunk.length;
    }
  } finally {
    await target.close();
  }
  return size;
}

function tooLarge(path: string, size: number): HomeRefused {
  return new HomeRefused("TOO_LARGE", `${path} has ${size} bytes; at most 20 MB can be passed on.`);
}
