// Files that come with Skerry and appear in every workspace: read-only, and hidden by a file of the workspace with the same path.
// Held in memory; costs no row.
import type { FileInfo } from "../../../contract/ports/workspace.ts";
import { ancestorsOf, isWithin, parentOf } from "../paths.ts";

export interface Mount {
  has(path: string): boolean;
  isFolder(path: string): boolean;
  /** The info of a mounted file or folder. */
  info(path: string): FileInfo | undefined;
  bytes(path: string): Uint8Array | undefined;
  /** Files and folders directly in `folder`, or all below it. */
  below(folder: string, isDeep: boolean): FileInfo[];
}

/** Mounts `files`, path to text. */
export function openMount(files: Readonly<Record<string, string>>): Mount {
  const encoder = new TextEncoder();
  const bodies = new Map(Object.entries(files).map(([path, text]) => [path, encoder.encode(text)]));
  const folders = new Set([...bodies.keys()].flatMap(ancestorsOf));
  const info = (path: string): FileInfo | undefined => {
    const body = bodies.get(path);
    if (!body && !folders.has(path)) return undefined;
    return { path, size: body?.byteLength ?? 0, updatedAt: 0, version: 0, isDirectory: !body, isReadOnly: true };
  };
  return {
    has: (path) => bodies.has(path),
    isFolder: (path) => folders.has(path),
    info,
    bytes: (path) => bodies.get(path)?.slice(),
    below: (folder, isDeep) =>
      [...folders, ...bodies.keys()]
        .filter((path) => path !== folder && (isDeep ? isWithin(path, folder) : parentOf(path) === folder))
        .flatMap((path) => info(path) ?? []),
  };
}
