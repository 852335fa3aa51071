// Files of the machine itself. Links are followed, and what they lead to is judged; only plain files are read and written, never
// devices, pipes, or what the kernel shows as files. A file is written beside its place and moved there, whole or not at all.

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, lstat, mkdir, open, opendir, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";
import type { Place } from "../../contract/home/commands.ts";
import type { FileEntry, PlaceFiles } from "./place.ts";

type HomeKind = Extract<Place, { kind: "home" }>;

export interface HomeFilesOptions {
  homeFolder: string;
  closedFolders: readonly string[];
  /** Folders that may be read, and written to, without a question; `~` is the home folder. */
  openFolders: { read: readonly string[]; write: readonly string[] };
  /** Programs lie there; they are read, but not written. */
  searchPath: readonly string[];
}

export type FilePurpose = "read" | "write";

export interface Located {
  /** With links followed. */
  real: string;
  /** For words to people: as it was given, and where it leads. */
  shown: string;
  isOpen: boolean;
  /** For this purpose. */
  openFolders: string[];
}

const MAX_DEPTH = 20;
/** What can be passed on at once; the object store takes no more. */
const MAX_COPY_BYTES = 20 * 1024 * 1024;
const KERNEL = /^\/(proc|sys|dev)(\/|$)/;
/** Keys and logins of the owner, below the home folder. */
const SECRET =
  /^(\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.docker|\.config\/(gcloud|gh|op)|\.password-store|\.netrc|\.pgpass|\.git-credentials|\.npmrc|\.pypirc|\.local\/share\/keyrings|Library\/Keychains)(\/|$)/;
/** What is written there runs by itself sooner or later. */
const STARTS_BY_ITSELF =
  /^(\.bash\w*|\.zsh\w*|\.z(login|logout|profile|env)|\.profile|\.login|\.xprofile|\.xsession\w*|\.inputrc|\.gitconfig|\.vimrc|\.vim|\.emacs(\.d)?|\.config\/(autostart|systemd|fish|git|nvim|environment\.d)|\.local\/bin|\.local\/share\/systemd|bin|Library\/Launch(Agents|Daemons))(\/|$)/;

/** `~` is the home folder, and so is what a relative path begins from. */
export function resolveHomePath(path: string, homeFolder: string): string {
  if (path.includes("\0")) throw new HomeRefused("INVALID_REQUEST", "A path cannot have a NUL in it.");
  if (path === "~") return homeFolder;
  if (path.startsWith("~/")) return resolve(homeFolder, path.slice(2));
  if (path.startsWith("~"))
    throw new HomeRefused("INVALID_REQUEST", `${path} is the home of somebody else; give the whole path.`);
  return isAbsolute(path) ? resolve(path) : resolve(homeFolder, path);
}

/** Who can change what lies somewhere without being asked. */
export interface Exposure {
  /** With links followed. */
  real: string;
  /** It lies in a folder that may be written to. */
  isOpen: boolean;
  /** Such a folder lies in it. */
  holdsOpen: boolean;
}

export class HomeFiles implements PlaceFiles<HomeKind> {
  readonly #options: HomeFilesOptions;

  constructor(options: HomeFilesOptions) {
    this.#options = options;
  }

  async read(_place: HomeKind, path: string, offset: number, bytes: number) {
    const file = await this.#openFile(path);
    try {
      const { size, mtimeMs } = await file.stat();
      const buffer = Buffer.alloc(Math.max(0, Math.min(bytes, size - offset)));
      const { bytesRead } = buffer.length > 0 ? await file.read(buffer, 0, buffer.length, offset) : { bytesRead: 0 };
      return { bytes: new Uint8Array(buffer.subarray(0, bytesRead)), size, modifiedAt: Math.floor(mtimeMs) };
    } finally {
      await file.close();
    }
  }

  async write(_place: HomeKind, path: string, bytes: Uint8Array, ifModifiedAt?: number) {
    return this.#put(path, ifModifiedAt, async (beside) => {
      const file = await open(beside, "wx", 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    });
  }

  async list(_place: HomeKind, path: string, isDeep: boolean, limit: number) {
    const folder = await this.#find(path, "read");
    const entries: FileEntry[] = [];
    const isCut = await this.#listInto(entries, folder, isDeep, limit, 0);
    return { entries, isCut };
  }

  async copyOut(_place: HomeKind, path: string, to: string) {
    const file = await this.#openFile(path);
    try {
      const { size } = await file.stat();
      if (size > MAX_COPY_BYTES) throw new HomeRefused("TOO_LARGE", `${path} has ${size} bytes; at most 20 MB can be passed on.`);
      const copy = await open(to, "wx", 0o600);
      try {
        for await (const chunk of file.createReadStream({ autoClose: false, ...(size > 0 ? { end: size - 1 } : {}) }))
          await copy.write(chunk);
      } catch (error) {
        throw explain(error, to);
      } finally {
        await copy.close();
      }
      return { size, name: basename(path) };
    } finally {
      await file.close();
    }
  }

  async copyIn(_place: HomeKind, from: string, path: string) {
    return this.#put(path, undefined, (beside) => copyFile(from, beside, constants.COPYFILE_EXCL));
  }

  async #openFile(path: string) {
    const real = await this.#find(path, "read");
    try {
      // A pipe that nobody writes to would be waited for without O_NONBLOCK.
      const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const { isFile, place } = await describeOpen(file);
      if (isFile && (place === undefined || place === real)) return file;
      await file.close();
      throw new HomeRefused("FORBIDDEN", `${path} is no plain file.`);
    } catch (error) {
      throw explain(error, path);
    }
  }

  async #put(path: string, ifModifiedAt: number | undefined, fill: (beside: string) => Promise<void>) {
    const target = await this.#find(path, "write");
    const beside = join(dirname(target), `.${basename(target).slice(0, 100)}.${randomBytes(6).toString("hex")}.arriving`);
    try {
      const before = await lstat(target).catch(() => undefined);
      if (before && !before.isFile()) throw new HomeRefused("FORBIDDEN", `${path} is no plain file, so it was not written.`);
      const isChanged = ifModifiedAt !== undefined && (before === undefined || Math.floor(before.mtimeMs) !== ifModifiedAt);
      if (isChanged) throw new HomeRefused("CONFLICT", `${path} was changed since it was read; read it again.`);
      await mkdir(dirname(target), { recursive: true });
      await fill(beside);
      const file = await open(beside, "r+");
      try {
        await file.chmod(before ? before.mode & 0o777 : 0o644);
      } finally {
        await file.close();
      }
      await rename(beside, target);
      const { size, mtimeMs } = await stat(target);
      return { size, modifiedAt: Math.floor(mtimeMs), isNew: before === undefined };
    } catch (error) {
      await rm(beside, { force: true }).catch(() => undefined);
      throw explain(error, path);
    }
  }

  /** Where a path leads, and whether it is open to everybody who may use this machine. @throws HomeRefused where nobody may go. */
  async locate(path: string, purpose: FilePurpose): Promise<Located> {
    const wanted = resolveHomePath(path, this.#options.homeFolder);
    const real = KERNEL.test(wanted)
      ? wanted
      : await follow(wanted).catch((error: unknown) => {
          throw explain(error, path);
        });
    const shown = real === wanted ? path : `${path} (it leads to ${real})`;
    if (KERNEL.test(real)) throw new HomeRefused("FORBIDDEN", `${shown} is no file on the disk of this machine.`);
    for (const folder of this.#options.closedFolders) {
      if (isWithin(real, await follow(folder).catch(() => folder)))
        throw new HomeRefused("FORBIDDEN", `${shown} belongs to Skerry itself and stays closed.`);
    }
    const home = await follow(this.#options.homeFolder);
    const fromHome = isWithin(real, home) ? real.slice(home.length + 1) : undefined;
    if (fromHome !== undefined && SECRET.test(fromHome)) {
      throw new HomeRefused("FORBIDDEN", `${shown} holds keys or logins of the owner and stays closed.`);
    }
    if (purpose === "write") {
      const runs = (fromHome !== undefined && STARTS_BY_ITSELF.test(fromHome)) || (await this.#isProgram(real));
      if (runs)
        throw new HomeRefused("FORBIDDEN", `${shown} would run by itself or in place of a program; the owner has to change it.`);
    }
    return { real, shown, ...(await this.#openness(real, purpose)) };
  }

  async expose(path: string): Promise<Exposure> {
    const { homeFolder, openFolders } = this.#options;
    const real = await follow(resolveHomePath(path, homeFolder)).catch(() => path);
    const open = await followAll(openFolders.write, homeFolder);
    return {
      real,
      isOpen: open.some((folder) => isWithin(real, folder)),
      holdsOpen: open.some((folder) => isWithin(folder, real)),
    };
  }

  /** The same files, with this one, or this folder, open as well. */
  opened(real: string): HomeFiles {
    const { read, write } = this.#options.openFolders;
    return new HomeFiles({ ...this.#options, openFolders: { read: [...read, real], write: [...write, real] } });
  }

  async #find(path: string, purpose: FilePurpose): Promise<string> {
    const { real, shown, isOpen, openFolders } = await this.locate(path, purpose);
    if (isOpen) return real;
    const open = openFolders.length === 0 ? "no folder is" : `open are ${openFolders.join(", ")}`;
    const what = purpose === "write" ? "be written to" : "be read";
    throw new HomeRefused("FORBIDDEN", `${shown} may not ${what} without a question (${open}).`);
  }

  async #openness(real: string, purpose: FilePurpose): Promise<{ isOpen: boolean; openFolders: string[] }> {
    const { homeFolder, openFolders } = this.#options;
    const folders = purpose === "write" ? openFolders.write : [...openFolders.read, ...openFolders.write];
    const isOpen = (await followAll(folders, homeFolder)).some((folder) => isWithin(real, folder));
    return { isOpen, openFolders: [...new Set(folders)] };
  }

  async #isProgram(real: string): Promise<boolean> {
    if (/^\/(etc|boot|usr|bin|sbin|lib\w*|opt|Library|System|Applications)\//.test(real)) return true;
    for (const folder of this.#options.searchPath) if (isWithin(real, await follow(folder).catch(() => folder))) return true;
    // A file that can be run keeps that right when it is written anew.
    const file = await stat(real).catch(() => undefined);
    return file?.isFile() === true && (file.mode & 0o111) !== 0;
  }

  async #listInto(entries: FileEntry[], folder: string, isDeep: boolean, limit: number, depth: number): Promise<boolean> {
    const below: string[] = [];
    try {
      for await (const { name } of await opendir(folder)) {
        if (entries.length >= limit) return true;
        const path = join(folder, name);
        const found = await lstat(path).catch(() => undefined);
        if (!found) continue;
        const kind = found.isFile() ? "file" : found.isDirectory() ? "folder" : found.isSymbolicLink() ? "link" : "other";
        entries.push({ path, kind, size: found.size, modifiedAt: Math.floor(found.mtimeMs) });
        if (kind === "folder") below.push(path);
      }
    } catch (error) {
      // Below the folder that was asked for, one that is closed to us is passed over.
      if (depth === 0) throw explain(error, folder);
      return false;
    }
    if (!isDeep) return false;
    if (depth >= MAX_DEPTH) return below.length > 0;
    for (const path of below.sort()) {
      const mayEnter = await this.#find(path, "read").then(
        () => true,
        () => false,
      );
      if (mayEnter && (await this.#listInto(entries, path, isDeep, limit, depth + 1))) return true;
    }
    return false;
  }
}

/** The real path, also of what is not there yet: its folders are followed as far as they are. */
async function follow(path: string, hops = 0): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    if (path === "/" || hops > 40) return path;
    // A link to what is not there leads there all the same.
    const leads = await readlink(path).catch(() => undefined);
    if (leads !== undefined) return follow(resolve(dirname(path), leads), hops + 1);
    return join(await follow(dirname(path), hops + 1), basename(path));
  }
}

/** Of folders that are to be open: one that cannot be reached (a file stands in its way) opens nothing, and stops nothing. */
async function followAll(folders: readonly string[], homeFolder: string): Promise<string[]> {
  const followed = await Promise.all(folders.map((folder) => follow(resolveHomePath(folder, homeFolder)).catch(() => undefined)));
  return followed.filter((folder) => folder !== undefined);
}

async function describeOpen(file: Awaited<ReturnType<typeof open>>): Promise<{ isFile: boolean; place?: string }> {
  const isFile = (await file.stat()).isFile();
  if (process.platform !== "linux") return { isFile };
  return { isFile, place: await readlink(`/proc/self/fd/${file.fd}`) };
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

function explain(error: unknown, path: string): unknown {
  if (error instanceof HomeRefused || !(error instanceof Error) || !("code" in error)) return error;
  switch (error.code) {
    case "ENOENT":
      return new HomeRefused("NOT_FOUND", `There is no ${path} on this machine.`, error);
    case "EACCES":
    case "EPERM":
      return new HomeRefused("FORBIDDEN", `This machine does not let the bridge touch ${path}.`, error);
    case "EISDIR":
      return new HomeRefused("INVALID_REQUEST", `${path} is a folder.`, error);
    case "ENOTDIR":
      return new HomeRefused("INVALID_REQUEST", `${path} is no folder, or a part of it is none.`, error);
    case "ELOOP":
      return new HomeRefused("INVALID_REQUEST", `${path} is a link that leads in a circle, or was changed meanwhile.`, error);
    case "ENAMETOOLONG":
      return new HomeRefused("INVALID_REQUEST", `${path.slice(0, 100)}… is too long a name.`, error);
    case "ENOSPC":
    case "EDQUOT":
      return new HomeRefused("DISK_FULL", `The disk of this machine is full: ${path} was not written.`, error);
    case "EROFS":
      return new HomeRefused("FORBIDDEN", `${path} lies on a disk that cannot be written to.`, error);
    default:
      return new HomeRefused("UNAVAILABLE", `${path} could not be used (${String(error.code)}).`, error);
  }
}
