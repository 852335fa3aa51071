// Files of a folder whose inhabitants may swap anything for a link while one looks. A path is gone part by part, each opened
// below the folder that is already open (Linux: /proc/self/fd/<n>/<part>, without following): what was opened cannot be swapped
// any more. Links are followed by hand, inside the folder alone; one that leads out is refused.
import { randomUUID } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, mkdir, open, opendir, readlink, rename, unlink } from "node:fs/promises";
import { HomeRefused } from "../../contract/errors.ts";
import type { FileEntry } from "../places/place.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const MAX_LINKS = 20;
const MAX_DEPTH = 40;

export interface OpenFolder {
  /** On this machine. */
  root: string;
  /** What its inhabitants call it. */
  name: string;
  /** Whom new files belong to, where this program may give files away. */
  owner: { uid: number; gid: number };
}

/** Contract: `path` starts with the folder's name and has no `.` or `..` in it. The handle is a plain file's, opened for reading. */
export async function openFile(folder: OpenFolder, path: string): Promise<{ handle: FileHandle; stat: Stats }> {
  const walk = new Walk(folder, path);
  try {
    const handle = await walk.openLast(O_RDONLY | O_NONBLOCK);
    const stat = await handle.stat();
    if (stat.isFile()) return { handle, stat };
    await handle.close();
    throw stat.isDirectory()
      ? new HomeRefused("INVALID_REQUEST", `${path} is a folder.`)
      : new HomeRefused("FORBIDDEN", `${path} is no plain file.`);
  } finally {
    await walk.close();
  }
}

/** Whole or not at all: written beside its place and moved there. */
export async function writeFile(
  folder: OpenFolder,
  path: string,
  content: AsyncIterable<Uint8Array>,
  ifModifiedAt?: number,
): Promise<{ size: number; modifiedAt: number; isNew: boolean }> {
  const walk = new Walk(folder, path);
  let draft: string | undefined;
  try {
    const { at, stat: before } = await walk.reachLast();
    if (before && !before.isFile()) {
      throw new HomeRefused("INVALID_REQUEST", `${path} is ${before.isDirectory() ? "a folder" : "no plain file"}.`);
    }
    if (ifModifiedAt !== undefined && (!before || Math.round(before.mtimeMs) !== ifModifiedAt)) {
      throw new HomeRefused("CONFLICT", `${path} was changed since it was read; read it again.`);
    }
    const beside = `${at.slice(0, at.lastIndexOf("/"))}/.skerry-${randomUUID()}`;
    const handle = await open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
    draft = beside;
    try {
      // A single write may take only a part of it, without a word: of a disk that is nearly full.
      for await (const chunk of content) await handle.writeFile(chunk);
      if (before) await handle.chmod(before.mode & 0o777);
      await giveAway(handle, folder);
      const { size, mtimeMs } = await handle.stat();
      await rename(beside, at);
      draft = undefined;
      return { size, modifiedAt: Math.round(mtimeMs), isNew: before === undefined };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explain(error, path);
  } finally {
    if (draft !== undefined) await unlink(draft).catch(() => undefined);
    await walk.close();
  }
}

/** By path; links are named, never followed. */
export async function listFolder(
  folder: OpenFolder,
  path: string,
  isDeep: boolean,
  limit: number,
): Promise<{ entries: FileEntry[]; isCut: boolean }> {
  const walk = new Walk(folder, path);
  const entries: FileEntry[] = [];
  let isCut = false;
  const read = async (here: FileHandle, name: string, depth: number): Promise<void> => {
    for await (const { name: one } of await opendir(spot(here, ""))) {
      if (entries.length >= limit) {
        isCut = true;
        return;
      }
      const stat = await lstat(spot(here, one)).catch(() => undefined);
      // Gone since, or of a name that is no text.
      if (!stat) continue;
      entries.push({ path: `${name}/${one}`, kind: kindOf(stat), size: stat.size, modifiedAt: Math.round(stat.mtimeMs) });
      if (!isDeep || !stat.isDirectory()) continue;
      if (depth >= MAX_DEPTH) isCut = true;
      else {
        const next = await open(spot(here, one), O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch(() => undefined);
        if (next) await read(next, `${name}/${one}`, depth + 1).finally(() => next.close());
      }
    }
  };
  try {
    await read(await walk.enterAll(), path, 0);
  } catch (error) {
    throw explain(error, path);
  } finally {
    await walk.close();
  }
  return { entries: entries.sort((one, other) => (one.path < other.path ? -1 : 1)), isCut };
}

/** The way from the folder to a path: open folders, the last of them the one reached. */
class Walk {
  readonly #folder: OpenFolder;
  readonly #path: string;
  readonly #stack: FileHandle[] = [];
  #rest: string[];
  #links = 0;

  constructor(folder: OpenFolder, path: string) {
    this.#folder = folder;
    this.#path = path;
    this.#rest = partsOf(path.slice(folder.name.length));
  }

  /** Opens what the path names. */
  async openLast(flags: number): Promise<FileHandle> {
    try {
      for (;;) {
        const last = await this.#approach(false);
        if (last === undefined) return await open(spot(this.#here(), ""), flags | O_DIRECTORY);
        try {
          return await open(spot(this.#here(), last), flags | O_NOFOLLOW);
        } catch (error) {
          if (codeOf(error) !== "ELOOP") throw error;
          await this.#follow(last);
        }
      }
    } catch (error) {
      throw explain(error, this.#path);
    }
  }

  /** The place of what the path names, its folders made on the way. Links at the end are followed, so `at` is none by itself. */
  async reachLast(): Promise<{ at: string; stat: Stats | undefined }> {
    for (;;) {
      const last = await this.#approach(true);
      if (last === undefined) throw new HomeRefused("INVALID_REQUEST", `${this.#path} is a folder.`);
      const at = spot(this.#here(), last);
      const stat = await lstat(at).catch((error: unknown) => {
        if (codeOf(error) === "ENOENT") return undefined;
        throw error;
      });
      if (!stat?.isSymbolicLink()) return { at, stat };
      await this.#follow(last);
    }
  }

  async enterAll(): Promise<FileHandle> {
    const last = await this.#approach(false);
    if (last !== undefined) {
      this.#rest = [last, "."];
      await this.#approach(false);
    }
    return this.#here();
  }

  async close(): Promise<void> {
    await Promise.all(this.#stack.splice(0).map((handle) => handle.close()));
  }

  /** Goes all folders of the path but its last part, which is answered; undefined: the folder reached is what was named. */
  async #approach(makes: boolean): Promise<string | undefined> {
    if (this.#stack.length === 0) await this.#start();
    for (;;) {
      const part = this.#rest.shift();
      if (part === undefined) return undefined;
      if (part === ".") continue;
      if (part === "..") {
        if (this.#stack.length === 1) throw this.#outside();
        await this.#stack.pop()?.close();
        continue;
      }
      if (this.#rest.length === 0) return part;
      await this.#enter(part, makes);
    }
  }

  async #start(): Promise<void> {
    this.#stack.push(await open(this.#folder.root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }

  async #enter(part: string, makes: boolean): Promise<void> {
    const at = spot(this.#here(), part);
    for (let round = 0; ; round++) {
      try {
        this.#stack.push(await open(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        if (round > 0) await giveAway(this.#here(), this.#folder);
        return;
      } catch (error) {
        const code = codeOf(error);
        if (code === "ELOOP" || code === "ENOTDIR") return this.#follow(part);
        if (code !== "ENOENT" || !makes || round > 0) throw error;
        await mkdir(at, 0o755).catch((fault: unknown) => {
          if (codeOf(fault) !== "EEXIST") throw fault;
        });
      }
    }
  }

  /** Puts what a link says in its place. @throws when it is none, leads out, or in circles. */
  async #follow(part: string): Promise<void> {
    this.#links += 1;
    if (this.#links > MAX_LINKS) throw new HomeRefused("INVALID_REQUEST", `${this.#path} goes through too many links.`);
    const target = await readlink(spot(this.#here(), part));
    const { name } = this.#folder;
    if (!target.startsWith("/")) {
      this.#rest.unshift(...partsOf(target));
      return;
    }
    if (target !== name && !target.startsWith(`${name}/`)) throw this.#outside();
    await this.close();
    await this.#start();
    this.#rest.unshift(...partsOf(target.slice(name.length)));
  }

  #here(): FileHandle {
    const here = this.#stack.at(-1);
    if (!here) throw new Error("a walk has not begun");
    return here;
  }

  #outside(): HomeRefused {
    return new HomeRefused("FORBIDDEN", `${this.#path} leads out of ${this.#folder.name} by a link; it is not followed.`);
  }
}

function spot(folder: FileHandle, name: string): string {
  return `/proc/self/fd/${folder.fd}/${name}`;
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

/** What a program with all rights makes would belong to root, and be closed to whoever works in the folder. */
async function giveAway(handle: FileHandle, { owner }: OpenFolder): Promise<void> {
  if (process.getuid?.() === 0) await handle.chown(owner.uid, owner.gid);
}

function kindOf(stat: Stats): FileEntry["kind"] {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "folder";
  return stat.isSymbolicLink() ? "link" : "other";
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function explain(error: unknown, path: string): unknown {
  switch (codeOf(error)) {
    case "ENOENT":
      return new HomeRefused("NOT_FOUND", `There is no ${path} in the sandbox.`, error);
    case "EINVAL":
    case "ENOTDIR":
      return new HomeRefused("NOT_FOUND", `A part of ${path} is no folder.`, error);
    case "ENXIO":
    case "ENODEV":
      return new HomeRefused("FORBIDDEN", `${path} is no plain file.`, error);
    case "EACCES":
    case "EPERM":
      return new HomeRefused("FORBIDDEN", `${path} may not be opened by the bridge; a command in the sandbox can.`, error);
    case "ENAMETOOLONG":
      return new HomeRefused("INVALID_REQUEST", `${path} is too long a name.`, error);
    case "EFBIG":
      return new HomeRefused("TOO_LARGE", `${path} would be larger than this machine lets a file be; it was not written.`, error);
    case "ENOSPC":
    case "EDQUOT":
      return new HomeRefused("DISK_FULL", `The disk of this machine is full: ${path} was not written.`, error);
    default:
      return error;
  }
}
