// Which file a name of a program stands for, and what that file is: where it lies with links followed, whether only the
// system's administrator could have put it there, and its contents where others could have. Never looks at the caller's PATH.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, constants, lstat, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";

export interface Executable {
  /** Where it was found: what is run. */
  path: string;
  /** The file itself, with links followed: what is listed. */
  real: string;
  /** Nobody but the system's administrator could have put it there or can change it. */
  isSystem: boolean;
  /** Changes whenever the file does. */
  stamp: string;
  /** Of files that others can change. */
  sha256?: string;
}

export const SEARCH_PATH: readonly string[] =
  process.platform === "darwin"
    ? ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/opt/homebrew/bin"]
    : ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Names there depend on who looks: /proc/self/exe is another program for each. */
const SHIFTING = /^\/(proc|dev|sys)(\/|$)/;

const hashes = new Map<string, string>();

/** `workdir`: absent when it is not known where a relative path would lead. */
export async function findExecutable(
  name: string,
  workdir: string | undefined,
  searchPath: readonly string[],
): Promise<Executable | undefined> {
  if (name.includes("/")) {
    if (!isAbsolute(name) && workdir === undefined) return undefined;
    return look(isAbsolute(name) ? resolve(name) : resolve(workdir ?? "/", name), searchPath);
  }
  if (name === "" || name === "." || name === "..") return undefined;
  for (const folder of searchPath) {
    const found = await look(join(folder, name), searchPath);
    if (found) return found;
  }
  return undefined;
}

async function look(path: string, searchPath: readonly string[]): Promise<Executable | undefined> {
  if (SHIFTING.test(path)) return undefined;
  try {
    const real = await realpath(path);
    if (SHIFTING.test(real)) return undefined;
    const file = await stat(real, { bigint: true });
    if (!file.isFile()) return undefined;
    await access(real, constants.X_OK);
    const isSystem = (await isKept(real)) && (await isKept(path)) && (!isRoot() || (await isAmongPrograms(real, searchPath)));
    const stamp = [file.dev, file.ino, file.size, file.mtimeNs, file.ctimeNs].join(":");
    return { path, real, isSystem, stamp, ...(isSystem ? {} : { sha256: await hashFile(real, stamp) }) };
  } catch {
    return undefined;
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Where the bridge is root itself, whatever a session writes is root's: then only the places of programs are the system's. */
async function isAmongPrograms(real: string, searchPath: readonly string[]): Promise<boolean> {
  for (const folder of ["/usr", ...searchPath]) {
    const place = await realpath(folder).catch(() => folder);
    if (real.startsWith(`${place}/`)) return true;
  }
  return false;
}

/** Whether the administrator alone can change what lies at this path: it, and every folder above it. */
async function isKept(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    const entry = await lstat(at);
    const isForeign = (entry.mode & 0o002) !== 0 || ((entry.mode & 0o020) !== 0 && entry.gid !== 0);
    if (entry.uid !== 0 || (!entry.isSymbolicLink() && isForeign)) return false;
    if (at === dirname(at)) return true;
  }
}

/** `stamp`: as long as it is the same, the contents are. */
export async function hashFile(path: string, stamp: string): Promise<string> {
  const known = hashes.get(stamp);
  if (known !== undefined) return known;
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  const digest = hash.digest("hex");
  if (hashes.size >= 500) hashes.clear();
  hashes.set(stamp, digest);
  return digest;
}
