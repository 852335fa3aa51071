// The files of a workspace as rows: content in the row up to INLINE_BYTES, in R2 above. Folders are rows too, made on the way.
// Every change goes through `#put` or `#drop` inside one transaction, which also tells `onChange` (memory index, prompt).
// Refusals are thrown as GatewayError; the caller makes Outcomes of them.
import { GatewayError, type GatewayErrorCode } from "../../../contract/errors.ts";
import type { FileChange, FileInfo, FileStamp, WorkspaceStorage } from "../../../contract/ports/workspace.ts";
import type { Sql } from "../../storage/sql.ts";
import { comparePaths, normalizePath, parentOf } from "../paths.ts";
import type { FileHistory } from "./file-history.ts";
import type { LargeBodies } from "./large-bodies.ts";
import type { Mount } from "./mount.ts";

const INLINE_BYTES = 512 * 1024;
const MAX_FILE_BYTES = 25 * 1024 * 1024;
const MAX_CHANGES = 5000;

const INFO = "path, is_folder, size, updated_at, version";
const BELOW = "path > ? || '/' AND path < ? || '0'";

interface InfoRow {
  path: string;
  is_folder: number;
  size: number;
  updated_at: number;
  version: number;
}
interface FileRow extends InfoRow {
  object_key: string | null;
  body: ArrayBuffer | null;
}

/** A file met on a walk; `bytes` is undefined when the body is in R2. */
export interface WalkedFile {
  path: string;
  size: number;
  bytes?: Uint8Array;
}

/** A stored object and where it is to be found; `size` in bytes. */
export interface AttachedFile {
  path: string;
  key: string;
  size: number;
}

export interface FilesDeps {
  sql: Sql;
  large: LargeBodies;
  history: FileHistory;
  mount: Mount;
  now(): number;
  /** Told of every changed file inside the transaction; `bytes` is absent when it was removed. */
  onChange(path: string, bytes?: Uint8Array): void;
}

export class Files {
  readonly #deps: FilesDeps;
  readonly #sql: Sql;

  constructor(deps: FilesDeps) {
    this.#deps = deps;
    this.#sql = deps.sql;
  }

  async read(path: string): Promise<{ info: FileInfo; bytes: Uint8Array }> {
    const canonical = normalizePath(path);
    // A large body can be replaced between the look at the row and the answer of R2: look once more.
    for (let look = 0; look < 2; look++) {
      const row = this.#row(canonical);
      if (!row || row.is_folder) break;
      const bytes = row.object_key
        ? await this.#deps.large.fetch(row.object_key)
        : new Uint8Array(row.body ?? new ArrayBuffer(0));
      if (bytes) return { info: infoOf(row), bytes };
      if (this.#row(canonical)?.object_key === row.object_key) throw lost(canonical);
    }
    const bytes = this.#deps.mount.bytes(canonical);
    const info = this.#deps.mount.info(canonical);
    if (bytes && info) return { info, bytes };
    if (this.isFolder(canonical)) throw refuse("INVALID_REQUEST", `${name(canonical)} is a folder; list it instead.`);
    throw notFound(canonical);
  }

  /** The text of a small file, read without waiting. */
  readInline(path: string): Uint8Array | undefined {
    const row = this.#row(path);
    return row?.body ? new Uint8Array(row.body) : undefined;
  }

  async write(path: string, bytes: Uint8Array, expected?: number | FileStamp): Promise<FileInfo> {
    const canonical = normalizePath(path);
    checkSize(canonical, bytes);
    if (bytes.byteLength <= INLINE_BYTES) {
      const info = this.#sql.transaction(() => this.#put(canonical, bytes, undefined, expected));
      await this.#deps.large.sweep();
      return info;
    }
    this.#checkVersion(canonical, this.#row(canonical), expected);
    return this.#withStaged([bytes], ([key]) => this.#put(canonical, bytes, key, expected));
  }

  /** Writes small files without waiting; call it in a transaction. */
  plant(texts: Readonly<Record<string, string>>): void {
    const encoder = new TextEncoder();
    for (const [path, text] of Object.entries(texts)) this.#put(normalizePath(path), encoder.encode(text), undefined);
  }

  async remove(path: string, expected?: FileStamp): Promise<{ removed: number }> {
    const canonical = normalizePath(path);
    const removed = this.#sql.transaction(() => {
      if (expected !== undefined) this.#checkRemovable(canonical, expected);
      return this.#drop(canonical);
    });
    if (removed === 0) throw notFound(canonical);
    await this.#deps.large.sweep();
    return { removed };
  }

  /** All changes or none. Removing what is already gone is no error: a folder may have gone before its files. */
  async apply(changes: FileChange[]): Promise<{ changed: number }> {
    if (changes.length > MAX_CHANGES) {
      throw refuse(
        "INVALID_REQUEST",
        `More than ${MAX_CHANGES} files would change at once; nothing was changed. Do it in parts.`,
      );
    }
    const steps = changes.map((change) => ({ ...change, path: normalizePath(change.path) }));
    for (const step of steps) if (step.type === "write") checkSize(step.path, step.bytes);
    const large = steps.flatMap((step) => (step.type === "write" && step.bytes.byteLength > INLINE_BYTES ? [step.bytes] : []));
    return this.#withStaged(large, (keys) => {
      const unused = [...keys];
      for (const step of steps) {
        if (step.type === "mkdir") this.#makeFolder(step.path);
        else if (step.type === "remove") this.#drop(step.path);
        else this.#put(step.path, step.bytes, step.bytes.byteLength > INLINE_BYTES ? unused.shift() : undefined);
      }
      return { changed: steps.length };
    });
  }

  /** Lays objects that are stored elsewhere into the workspace; they stay when their file goes. */
  attach(attached: readonly AttachedFile[]): { attached: number } {
    const missing = attached
      .map((file) => ({ ...file, path: normalizePath(file.path) }))
      .filter((file) => !this.#row(file.path, INFO));
    this.#sql.transaction(() => {
      for (const { path, key, size } of missing) {
        this.#makeFolder(parentOf(path));
        this.#sql.run(
          "INSERT INTO files (path, parent, is_folder, size, updated_at, version, object_key) VALUES (?, ?, 0, ?, ?, ?, ?)",
          path,
          parentOf(path),
          size,
          this.#deps.now(),
          this.#deps.history.lastVersion(path) + 1,
          key,
        );
      }
    });
    return { attached: missing.length };
  }

  /**
   * Writes what is stored elsewhere, as if it came in person; a large body is not copied. False: another file is there, and is not to be
   * replaced. The same again changes nothing.
   */
  async take({ path, key, size }: AttachedFile, isReplacing: boolean): Promise<{ isTaken: boolean }> {
    const canonical = normalizePath(path);
    const bytes = size === 0 ? new Uint8Array(0) : await this.#deps.large.fetch(key);
    if (!bytes) throw refuse("NOT_FOUND", `What was to become ${name(canonical)} is not stored any more; copy it again.`);
    checkSize(canonical, bytes);
    const isTaken = this.#sql.transaction(() => {
      const old = this.#row(canonical);
      if (old && !old.is_folder && isSame(old, key, bytes)) return true;
      if (old && !old.is_folder && !isReplacing) return false;
      this.#put(canonical, bytes, bytes.byteLength > INLINE_BYTES ? key : undefined);
      return true;
    });
    await this.#deps.large.sweep();
    return { isTaken };
  }

  async list(path: string, isDeep: boolean): Promise<FileInfo[]> {
    const folder = normalizePath(path);
    if (folder !== "" && !this.isFolder(folder)) {
      if (this.isFile(folder)) throw refuse("INVALID_REQUEST", `${name(folder)} is a file; read it instead.`);
      throw notFound(folder);
    }
    const rows = isDeep
      ? folder === ""
        ? this.#sql.all<InfoRow>(`SELECT ${INFO} FROM files ORDER BY path`)
        : this.#sql.all<InfoRow>(`SELECT ${INFO} FROM files WHERE ${BELOW} ORDER BY path`, folder, folder)
      : this.#sql.all<InfoRow>(`SELECT ${INFO} FROM files WHERE parent = ? ORDER BY path`, folder);
    const own = new Set(rows.map((row) => row.path));
    const mounted = this.#deps.mount.below(folder, isDeep).filter((info) => !own.has(info.path));
    const infos = rows.map(infoOf);
    return mounted.length === 0 ? infos : [...infos, ...mounted].sort(comparePaths);
  }

  measure(): WorkspaceStorage {
    const counts = this.#sql.one<{ files: number; large: number }>(
      "SELECT count(*) AS files, count(object_key) AS large FROM files WHERE is_folder = 0",
    );
    return { bytes: this.#sql.size(), files: counts?.files ?? 0, largeFiles: counts?.large ?? 0 };
  }

  isFolder(path: string): boolean {
    return path === "" || this.#row(path, INFO)?.is_folder === 1 || this.#deps.mount.isFolder(path);
  }

  isFile(path: string): boolean {
    return this.#row(path, INFO)?.is_folder === 0 || this.#deps.mount.has(path);
  }

  /** The next files below `folder` (or the file itself) after the path `after`, with the bytes that are in the rows. */
  walk(folder: string, after: string, count: number): WalkedFile[] {
    const where = folder === "" ? "" : `AND (path = ? OR (${BELOW}))`;
    const bindings = folder === "" ? [] : [folder, folder, folder];
    return this.#sql
      .all<FileRow>(
        `SELECT * FROM files WHERE is_folder = 0 AND path > ? ${where} ORDER BY path LIMIT ?`,
        after,
        ...bindings,
        count,
      )
      .map((row) => ({ path: row.path, size: row.size, ...(row.body ? { bytes: new Uint8Array(row.body) } : {}) }));
  }

  /** The files called `fileName` in the folders directly below `folder`: `<folder>/<any>/<fileName>`. */
  pathsOfEach(folder: string, fileName: string): string[] {
    return this.#sql
      .all<{ path: string }>(
        `SELECT file.path FROM files AS folder JOIN files AS file ON file.path = folder.path || '/' || ?
         WHERE folder.parent = ? AND folder.is_folder = 1 AND file.is_folder = 0 ORDER BY file.path`,
        fileName,
        folder,
      )
      .map((row) => row.path);
  }

  async #withStaged<T>(bodies: Uint8Array[], work: (keys: string[]) => T): Promise<T> {
    const keys: string[] = [];
    try {
      for (const body of bodies) keys.push(await this.#deps.large.stage(body));
      return this.#sql.transaction(() => work(keys));
    } catch (error) {
      for (const key of keys) this.#deps.large.release(key);
      throw error;
    } finally {
      await this.#deps.large.sweep();
    }
  }

  #put(path: string, bytes: Uint8Array, key: string | undefined, expected?: number | FileStamp): FileInfo {
    if (path === "") throw refuse("INVALID_REQUEST", "The path names no file.");
    if (this.isFolder(path)) throw refuse("CONFLICT", `${name(path)} is a folder; choose another name.`);
    const old = this.#row(path);
    this.#checkVersion(path, old, expected);
    this.#makeFolder(parentOf(path));
    if (old) this.#retire(old);
    const version = (old?.version ?? this.#deps.history.lastVersion(path)) + 1;
    const now = this.#deps.now();
    this.#sql.run(
      `INSERT INTO files (path, parent, is_folder, size, updated_at, version, object_key, body) VALUES (?, ?, 0, ?, ?, ?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET size = excluded.size, updated_at = excluded.updated_at, version = excluded.version,
       object_key = excluded.object_key, body = excluded.body`,
      path,
      parentOf(path),
      bytes.byteLength,
      now,
      version,
      key ?? null,
      key === undefined ? bytes.slice().buffer : null,
    );
    if (key !== undefined) this.#deps.large.adopt(key);
    this.#deps.onChange(path, bytes);
    return { path, size: bytes.byteLength, updatedAt: now, version, isDirectory: false };
  }

  /** Removes a file, or a folder with all in it; answers how many rows went. */
  #drop(path: string): number {
    if (path === "") throw refuse("FORBIDDEN", "The workspace itself cannot be removed; name a file or folder in it.");
    const old = this.#row(path);
    if (!old) {
      if (this.#deps.mount.info(path)) {
        throw refuse(
          "FORBIDDEN",
          `${name(path)} came with Skerry and cannot be removed; nothing was changed. Write your own file there to replace it.`,
        );
      }
      return 0;
    }
    const below = this.#sql.all<InfoRow & { object_key: string | null }>(
      `SELECT ${INFO}, object_key FROM files WHERE ${BELOW}`,
      path,
      path,
    );
    this.#retire(old);
    for (const row of below) if (row.object_key) this.#deps.large.release(row.object_key);
    this.#sql.run(`DELETE FROM files WHERE path = ? OR (${BELOW})`, path, path, path);
    for (const row of [old, ...below]) if (!row.is_folder) this.#deps.onChange(row.path);
    return below.length + 1;
  }

  #makeFolder(path: string): void {
    if (path === "") return;
    const row = this.#row(path, INFO);
    if (row?.is_folder) return;
    if (row || this.#deps.mount.has(path))
      throw refuse("CONFLICT", `${name(path)} is a file, not a folder; choose another name.`);
    this.#makeFolder(parentOf(path));
    this.#sql.run(
      "INSERT INTO files (path, parent, is_folder, size, updated_at, version) VALUES (?, ?, 1, 0, ?, 1)",
      path,
      parentOf(path),
      this.#deps.now(),
    );
  }

  /** What an old body leaves behind: an earlier version, or a loose object. */
  #retire(old: FileRow): void {
    if (old.object_key) this.#deps.large.release(old.object_key);
    this.#deps.history.keep(old.path, { version: old.version, size: old.size, updatedAt: old.updated_at, body: old.body });
  }

  #checkVersion(path: string, row: InfoRow | undefined, expected?: number | FileStamp): void {
    const found = row?.version ?? 0;
    const wanted = typeof expected === "object" ? expected.version : expected;
    const isSameTime = typeof expected !== "object" || found === 0 || expected.updatedAt === row?.updated_at;
    if (wanted === undefined || (wanted === found && isSameTime)) return;
    const instead = wanted === found ? "written anew" : `not ${wanted}`;
    const message = `${name(path)} has changed since it was read (version ${found}, ${instead}); read it again, then repeat the change.`;
    throw new GatewayError({ code: "CONFLICT", message, details: { path, version: found, expectedVersion: wanted } });
  }

  #checkRemovable(path: string, expected: FileStamp): void {
    const row = this.#row(path, INFO);
    if (!row) return;
    if (!row.is_folder) {
      this.#checkVersion(path, row, expected);
      return;
    }
    const inside = this.#sql.one<{ path: string }>("SELECT path FROM files WHERE parent = ? LIMIT 1", path);
    if (inside) throw refuse("CONFLICT", `${name(path)} is a folder with files in it; nothing was removed.`);
  }

  #row(path: string, columns = "*"): FileRow | undefined {
    return this.#sql.one<FileRow>(`SELECT ${columns} FROM files WHERE path = ?`, path);
  }
}

function infoOf(row: InfoRow): FileInfo {
  return { path: row.path, size: row.size, updatedAt: row.updated_at, version: row.version, isDirectory: row.is_folder === 1 };
}

function isSame(row: FileRow, key: string, bytes: Uint8Array): boolean {
  if (row.object_key) return row.object_key === key;
  const body = new Uint8Array(row.body ?? new ArrayBuffer(0));
  return body.byteLength === bytes.byteLength && body.every((byte, at) => byte === bytes[at]);
}

function checkSize(path: string, bytes: Uint8Array): void {
  if (bytes.byteLength <= MAX_FILE_BYTES) return;
  const size = (bytes.byteLength / 1024 / 1024).toFixed(1);
  throw refuse(
    "INVALID_REQUEST",
    `${name(path)} would have ${size} MB; a file of the workspace has at most 25 MB. Split it or shorten it.`,
  );
}

function name(path: string): string {
  return path === "" ? "The workspace" : `"${path}"`;
}

function notFound(path: string): GatewayError {
  return refuse("NOT_FOUND", `There is no ${name(path)} in the workspace; list its folder to see what is there.`);
}

function lost(path: string): GatewayError {
  return refuse("UNAVAILABLE", `The content of ${name(path)} is missing from the store for large files; write the file again.`);
}

function refuse(code: GatewayErrorCode, message: string): GatewayError {
  return new GatewayError({ code, message });
}
