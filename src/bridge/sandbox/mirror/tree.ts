// The folder of this machine that a container sees as the agent's files. Whoever works in the container may swap anything for
// anything while we look: a path is gone part by part, each opened below the folder that is open already, and no link is ever
// followed, at the end neither. What arrives is written outside of the folder and moved in.
import { randomUUID } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, opendir, rename, rm, rmdir, unlink } from "node:fs/promises";
import { HomeRefused } from "../../../contract/errors.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
const MAX_DEPTH = 40;
const MAX_ENTRIES = 100_000;
const LOOKED_AT_ONCE = 64;
/** A file that changed this short ago may change again without its times telling, and may not be on the disk itself yet. */
const UNSETTLED_MS = 60_000;
/** What the bridge's own writing leaves for a moment. */
const DRAFT = /^\.skerry-[0-9a-f-]{36}$/;

export interface Seen {
  size: number;
  /** Another one: it was changed. The times in it cannot be set at will. */
  mark: string;
  /** It changed so short ago that its mark proves nothing yet. */
  isFresh: boolean;
}

export interface Scan {
  files: Map<string, Seen>;
  folders: Set<string>;
  /** Neither file nor folder, by what they are. */
  others: Map<string, "link" | "other">;
  /** Folders that may not be looked into, or lie too deep. */
  blind: Set<string>;
  /** Entries whose names are no text. */
  nameless: number;
  /** There is more than can be looked at. */
  isCut: boolean;
}

export interface Tree {
  readonly root: string;
  scan(): Promise<Scan>;
  /** Undefined: there is no such plain file. `isSettled`: it did not change while it was read. Longer than `max` is cut. */
  read(path: string, max: number): Promise<(Seen & { bytes: Uint8Array; isSettled: boolean }) | undefined>;
  /** Puts a file there whole; `before` is what may be replaced. False: what is there is something else. @throws HomeRefused DISK_FULL */
  place(path: string, bytes: Uint8Array, before: Seen | undefined): Promise<boolean>;
  /** False: it is something else by now. */
  remove(path: string, before: Seen): Promise<boolean>;
  /** Gives a file another name beside its own. False: it is not there, or the name is taken. */
  rename(path: string, to: string): Promise<boolean>;
  makeFolder(path: string): Promise<void>;
  /** Only when nothing is in it. */
  removeFolder(path: string): Promise<boolean>;
}

export interface TreeOptions {
  root: string;
  /** Folder outside of `root` on the same disk, for what is on its way in. */
  arriving: string;
  /** Whom new files belong to, where this program may give files away. */
  owner: { uid: number; gid: number };
  /** The time by the disk's clock. */
  now(): number;
}

export function openTree({ root, arriving, owner, now }: TreeOptions): Tree {
  /** Does something in the folder of a path. @throws as the system does; ELOOP or ENOTDIR where a part is no folder. */
  const within = async <T>(path: string, makes: boolean, work: (at: string) => Promise<T>): Promise<T> => {
    const parts = path.split("/");
    const last = parts.pop() ?? "";
    let here = await open(root, FOLDER);
    try {
      for (const part of parts) {
        const next = await enter(here, part, makes);
        await here.close();
        here = next;
      }
      return await work(spot(here, last));
    } finally {
      await here.close();
    }
  };
  const enter = async (here: FileHandle, part: string, makes: boolean): Promise<FileHandle> => {
    const at = spot(here, part);
    try {
      return await open(at, FOLDER);
    } catch (error) {
      if (!makes || codeOf(error) !== "ENOENT") throw error;
    }
    const isOurs = await mkdir(at, 0o755).then(
      () => true,
      (error: unknown) => {
        if (codeOf(error) === "EEXIST") return false;
        throw error;
      },
    );
    const made = await open(at, FOLDER);
    if (isOurs) await giveAway(made);
    return made;
  };
  const giveAway = async (handle: FileHandle) => {
    if (process.getuid?.() === 0) await handle.chown(owner.uid, owner.gid);
  };
  const isStill = (stat: BigIntStats | undefined, before: Seen) => stat?.isFile() === true && markOf(stat) === before.mark;

  return {
    root,
    scan: () => scanTree(root, now),

    async read(path, max) {
      try {
        return await within(path, false, async (at) => {
          const handle = await open(at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
          try {
            const before = await handle.stat({ bigint: true });
            if (!before.isFile()) return undefined;
            const bytes = await readUpTo(handle, Math.min(max, Number(before.size)));
            const after = await handle.stat({ bigint: true });
            return { bytes, ...seenOf(before, now()), isSettled: markOf(before) === markOf(after) };
          } finally {
            await handle.close();
          }
        });
      } catch (error) {
        if (isAbsence(error)) return undefined;
        throw error;
      }
    },

    async place(path, bytes, before) {
      const draft = `${arriving}/${randomUUID()}`;
      try {
        const isProgram = bytes[0] === 0x23 && bytes[1] === 0x21;
        const handle = await open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
        try {
          await handle.writeFile(bytes);
          await giveAway(handle);
          return await within(path, true, async (at) => {
            const stat = await lookAt(at);
            if (before === undefined ? stat !== undefined : stat === undefined ? false : !isStill(stat, before)) return false;
            await handle.chmod(stat ? Number(stat.mode & 0o777n) : isProgram ? 0o755 : 0o644);
            await rename(draft, at);
            return true;
          });
        } finally {
          await handle.close();
        }
      } catch (error) {
        throw explainFull(error);
      } finally {
        await rm(draft, { force: true });
      }
    },

    async remove(path, before) {
      return orFalse(
        within(path, false, async (at) => {
          if (!isStill(await lookAt(at), before)) return false;
          await unlink(at);
          return true;
        }),
      );
    },

    async rename(path, to) {
      const name = to.slice(to.lastIndexOf("/") + 1);
      return orFalse(
        within(path, false, async (at) => {
          const beside = `${at.slice(0, at.lastIndexOf("/"))}/${name}`;
          if (!(await lookAt(at))?.isFile() || (await lookAt(beside))) return false;
          await rename(at, beside);
          return true;
        }),
      );
    },

    async makeFolder(path) {
      try {
        await within(`${path}/x`, true, async () => undefined);
      } catch (error) {
        throw explainFull(error);
      }
    },

    removeFolder: (path) =>
      orFalse(
        within(path, false, async (at) => {
          await rmdir(at);
          return true;
        }),
      ),
  };
}

async function scanTree(root: string, now: () => number): Promise<Scan> {
  const scan: Scan = { files: new Map(), folders: new Set(), others: new Map(), blind: new Set(), nameless: 0, isCut: false };
  let count = 0;
  const enter = async (here: FileHandle, name: string, path: string, depth: number): Promise<void> => {
    scan.folders.add(path);
    const next = depth < MAX_DEPTH ? await open(spot(here, name), FOLDER).catch(() => undefined) : undefined;
    if (!next) {
      scan.blind.add(path);
      return;
    }
    await read(next, `${path}/`, depth + 1).finally(() => next.close());
  };
  const read = async (here: FileHandle, prefix: string, depth: number): Promise<void> => {
    let batch: [name: string, path: string][] = [];
    const look = async () => {
      // Folders one after the other: each holds one open.
      const folders: [string, string][] = [];
      await Promise.all(
        batch.map(async ([name, path]) => {
          const stat = await lookAt(spot(here, name)).catch((error: unknown) => {
            // Its names may be read, but nothing in it be looked at.
            if (prefix === "" || !isClosed(error)) throw error;
            scan.blind.add(prefix.slice(0, -1));
          });
          if (stat?.isDirectory()) folders.push([name, path]);
          else if (stat?.isFile()) scan.files.set(path, seenOf(stat, now()));
          else if (stat) scan.others.set(path, stat.isSymbolicLink() ? "link" : "other");
        }),
      );
      batch = [];
      for (const [name, path] of folders) await enter(here, name, path, depth);
    };
    // Byte by byte: names need not be text.
    for await (const { name: raw } of await opendir(spot(here, ""), { encoding: "latin1" })) {
      count += 1;
      if (count > MAX_ENTRIES) {
        scan.isCut = true;
        return;
      }
      const bytes = Buffer.from(raw, "latin1");
      const name = bytes.toString("utf8");
      if (!Buffer.from(name).equals(bytes)) scan.nameless += 1;
      else if (!DRAFT.test(name)) batch.push([name, `${prefix}${name}`]);
      if (batch.length >= LOOKED_AT_ONCE) await look();
    }
    await look();
  };
  const top = await open(root, FOLDER);
  await read(top, "", 0).finally(() => top.close());
  return scan;
}

async function readUpTo(handle: FileHandle, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const { bytesRead } = await handle.read(bytes, at, length - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

async function lookAt(at: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(at, { bigint: true });
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

async function orFalse(work: Promise<boolean>): Promise<boolean> {
  try {
    return await work;
  } catch (error) {
    if (isAbsence(error) || isClosed(error) || ["ENOTEMPTY", "EEXIST", "EISDIR"].includes(codeOf(error) ?? "")) return false;
    throw error;
  }
}

function seenOf(stat: BigIntStats, now: number): Seen {
  return { size: Number(stat.size), mark: markOf(stat), isFresh: now - Number(stat.ctimeMs) <= UNSETTLED_MS };
}

function markOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return `${size}-${mtimeNs}-${ctimeNs}-${ino}`;
}

function spot(folder: FileHandle, name: string): string {
  return `/proc/self/fd/${folder.fd}/${name}`;
}

/** Nothing is there, or a part of the way is no folder. */
function isAbsence(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"].includes(codeOf(error) ?? "");
}

function isClosed(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes(codeOf(error) ?? "");
}

/** Files of such names are never looked at, so none is brought here either. */
export function isDraft(path: string): boolean {
  return path.split("/").some((name) => DRAFT.test(name));
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function explainFull(error: unknown): unknown {
  const code = codeOf(error);
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new HomeRefused(
    "DISK_FULL",
    "The disk of this machine is full, so the agent's files could not be brought into the sandbox. Free some space first.",
    error,
  );
}
