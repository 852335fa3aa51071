// The shell's view of the workspace: just-bash's memory file system, filled with the tree of the workspace under
// /workspace. Contents are fetched when first read; what differs at the end is handed back as changes.
// Everything outside /workspace lives for one command only.
import { type CpOptions, type FileContent, type FsStat, InMemoryFs, type RmOptions } from "just-bash/browser";
import type { FileChange, FileInfo } from "../../../contract/ports/workspace.ts";
import { normalizePath } from "../../workspace/paths.ts";
import { SHELL_ROOT } from "../workspace-path.ts";

type WriteOptions = Parameters<InMemoryFs["writeFile"]>[2];

const MAX_BYTES = 32 * 1024 * 1024;

export class ShellFiles extends InMemoryFs {
  readonly #before = new Map<string, FileInfo>();
  /** Files of which only the size is known yet, by their path in the shell. */
  readonly #unread = new Map<string, FileInfo>();
  readonly #readOnly = new Set<string>();
  /** Paths in the shell at or below which something may differ from the workspace. */
  readonly #touched = new Set<string>();

  constructor(tree: readonly FileInfo[], load: (path: string) => Promise<Uint8Array>) {
    super(undefined, { maxTotalBytes: MAX_BYTES });
    this.mkdirSync(SHELL_ROOT, { recursive: true });
    for (const info of tree) {
      const path = `${SHELL_ROOT}/${info.path}`;
      this.#before.set(info.path, info);
      if (info.isReadOnly) this.#readOnly.add(path);
      if (info.isDirectory) {
        this.mkdirSync(path, { recursive: true });
        continue;
      }
      this.#unread.set(path, info);
      const fetchContent = async () => {
        this.#unread.delete(path);
        return load(info.path);
      };
      this.writeFileLazy(path, fetchContent, { mode: info.isReadOnly ? 0o444 : 0o644, mtime: new Date(info.updatedAt) });
    }
  }

  override async stat(path: string): Promise<FsStat> {
    return this.#knownStat(path) ?? super.stat(path);
  }

  override async lstat(path: string): Promise<FsStat> {
    return this.#knownStat(path) ?? super.lstat(path);
  }

  /** Size and time of a file without fetching it: `ls` and `find` ask for every file. */
  #knownStat(path: string): FsStat | undefined {
    const known = this.#unread.get(this.resolvePath("/", path));
    if (!known) return undefined;
    const mode = known.isReadOnly ? 0o444 : 0o644;
    const mtime = new Date(known.updatedAt);
    return { isFile: true, isDirectory: false, isSymbolicLink: false, mode, size: known.size, mtime };
  }

  override async writeFile(path: string, content: FileContent, options?: WriteOptions): Promise<void> {
    const real = await this.#realPath(path);
    await this.#change([real], () => super.writeFile(real, content, options));
  }

  override async appendFile(path: string, content: FileContent, options?: WriteOptions): Promise<void> {
    const real = await this.#realPath(path);
    await this.#change([real], () => super.appendFile(real, content, options));
  }

  override async rm(path: string, options?: RmOptions): Promise<void> {
    await this.#change([path], () => super.rm(path, options), path);
  }

  override async cp(from: string, to: string, options?: CpOptions): Promise<void> {
    await this.#change([to], () => super.cp(from, to, options));
  }

  override async mv(from: string, to: string): Promise<void> {
    await this.#change([from, to], () => super.mv(from, to), from);
  }

  override async link(existing: string, added: string): Promise<void> {
    await this.#change([added], () => super.link(existing, added));
  }

  /**
   * Does what changes something at or below `paths`, and notes it when it succeeded. Refuses that `taken` goes away when
   * something in it came with Skerry (writing over it is allowed).
   */
  async #change(paths: readonly string[], work: () => Promise<void>, taken?: string): Promise<void> {
    const real = await Promise.all(paths.map((path) => this.#realPath(path)));
    const gone = taken === undefined ? undefined : await this.#realPath(taken);
    for (const fixed of this.#readOnly) {
      if (gone !== undefined && isWithin(fixed, gone)) throw new Error(`EACCES: permission denied, '${fixed}' is read-only`);
    }
    await work();
    for (const one of real) {
      this.#touched.add(one);
      for (const unread of this.#unread.keys()) if (isWithin(unread, one)) this.#unread.delete(unread);
    }
  }

  /** Follows links as far as the path exists. */
  async #realPath(path: string): Promise<string> {
    const plain = this.resolvePath("/", path);
    try {
      return await this.realpath(plain);
    } catch {
      const cut = plain.lastIndexOf("/");
      if (cut <= 0) return plain;
      const folder = await this.#realPath(plain.slice(0, cut));
      return `${folder === "/" ? "" : folder}${plain.slice(cut)}`;
    }
  }

  /** What the workspace must do to look like this: removals, then folders, then files. Links and some names have no place there. */
  async changes(): Promise<{ changes: FileChange[]; leftOut: string[] }> {
    const prefix = `${SHELL_ROOT}/`;
    const leftOut: string[] = [];
    const folders: string[] = [];
    const files = new Set<string>();
    for (const path of this.getAllPaths().filter((one) => one.startsWith(prefix))) {
      const inside = path.slice(prefix.length);
      const stat = await this.lstat(path);
      if (stat.isSymbolicLink || !canKeep(inside)) leftOut.push(inside);
      else if (stat.isDirectory) folders.push(inside);
      else files.add(inside);
    }
    const folderSet = new Set(folders);
    const removed = new Set<string>();
    const knownFolders = new Set<string>();
    for (const info of this.#before.values()) {
      if (!(info.isDirectory ? folderSet : files).has(info.path)) removed.add(info.path);
      if (info.isDirectory) knownFolders.add(info.path);
      for (const parent of parentsOf(info.path)) knownFolders.add(parent);
    }
    const changes: FileChange[] = [];
    for (const path of removed) {
      if (!parentsOf(path).some((parent) => removed.has(parent))) changes.push({ type: "remove", path });
    }
    for (const path of folders.toSorted()) if (!knownFolders.has(path)) changes.push({ type: "mkdir", path });
    for (const path of files) {
      const isKnown = this.#before.get(path)?.isDirectory === false;
      if (isKnown && !this.#isTouched(`${prefix}${path}`)) continue;
      changes.push({ type: "write", path, bytes: await this.readFileBuffer(`${prefix}${path}`) });
    }
    return { changes, leftOut };
  }

  #isTouched(path: string): boolean {
    return this.#touched.has(path) || parentsOf(path).some((parent) => this.#touched.has(parent));
  }
}

/** Whether the workspace takes such a path: no control characters, not too long or too deep. */
function canKeep(path: string): boolean {
  try {
    return normalizePath(path) !== "";
  } catch {
    return false;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** "a/b/c" → "a/b", "a". */
function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let cut = path.lastIndexOf("/"); cut > 0; cut = path.lastIndexOf("/", cut - 1)) parents.push(path.slice(0, cut));
  return parents;
}
