// What has to be done so that the folder of a sandbox and the agent's files at Skerry say the same. Pure. `known` is what both had
// when they were last compared: whoever differs from it changed. When both did, Skerry's stays and nothing is lost.
import type { FileStamp } from "../../../contract/ports/workspace.ts";
import { NONE, type ThereEntry } from "./agent-files.ts";
import type { Scan, Seen } from "./tree.ts";

export type Known =
  | ({
      kind: "file";
      /** Of its content, as both had it. */
      hash: string;
      /** Of the folder's file; "" when it has to be read to be known. */
      mark: string;
    } & FileStamp)
  | { kind: "folder" };

/** What stands in the folder, after its content was compared with what is known. */
export interface Here extends Pick<Scan, "files" | "folders"> {
  /** Files that are not as they were known. */
  changed: ReadonlySet<string>;
  /** Neither they nor what is below can be judged: links, devices, closed folders. */
  blocked: ReadonlySet<string>;
}

export type Step =
  /** Skerry's comes here; `before` is what it may replace. */
  | { do: "fetch"; path: string; size: number; before: Seen | undefined }
  /** Gone at Skerry. */
  | { do: "drop"; path: string; before: Seen }
  /** From here to Skerry; it must be `stamp` there. */
  | { do: "send"; path: string; size: number; stamp: FileStamp }
  /** Gone here. */
  | { do: "erase"; path: string; stamp: FileStamp }
  /** Both changed, or it is not known whether they are the same. */
  | { do: "settle"; path: string }
  /** Gone here, and changed at Skerry since: it comes back. */
  | { do: "restore"; path: string; size: number }
  /** Gone on both sides, or the same on both without having been known. */
  | { do: "forget"; path: string }
  | { do: "know-folder"; path: string }
  | { do: "make-folder-here" | "make-folder-there" | "drop-folder" | "erase-folder"; path: string };

export interface PlanRequest {
  known: ReadonlyMap<string, Known>;
  here: Here;
  there: ReadonlyMap<string, ThereEntry>;
  /** Nothing goes to Skerry: the folder is as Skerry says. */
  isReadOnly: boolean;
}

/** In an order in which they can be done; steps of one kind beside each other, folders the deepest first where they go. */
export function planSync(request: PlanRequest): Step[] {
  const { known, here, there } = request;
  const paths = new Set([...known.keys(), ...here.files.keys(), ...here.folders, ...there.keys()]);
  const steps: Step[] = [];
  for (const path of [...paths].sort()) {
    if (isBlocked(path, here.blocked)) continue;
    const step = planFile(path, request);
    if (step) steps.push(step);
    const folder = planFolder(path, request);
    if (folder) steps.push(folder);
  }
  return ORDER.flatMap((kind) => {
    const some = steps.filter((step) => step.do === kind);
    return kind === "drop-folder" || kind === "erase-folder" ? some.reverse() : some;
  });
}

const ORDER: readonly Step["do"][] = [
  "forget",
  "know-folder",
  "settle",
  "drop",
  "drop-folder",
  "make-folder-here",
  "fetch",
  "restore",
  "erase",
  "erase-folder",
  "send",
  "make-folder-there",
];

function planFile(path: string, { known, here, there, isReadOnly }: PlanRequest): Step | undefined {
  const was = fileOf(known.get(path));
  const now = fileOf(there.get(path));
  const seen = here.files.get(path);
  const isSame = seen !== undefined && was !== undefined && !here.changed.has(path);
  const hasMoved = now === undefined ? was !== undefined : !isStamp(was, now);
  if (isReadOnly) {
    if (now) return isSame && !hasMoved ? undefined : { do: "fetch", path, size: now.size, before: seen };
    if (seen) return { do: "drop", path, before: seen };
    return was && { do: "forget", path };
  }
  if (seen === undefined) {
    if (was === undefined) return now && { do: "fetch", path, size: now.size, before: undefined };
    if (now === undefined) return { do: "forget", path };
    return hasMoved ? { do: "restore", path, size: now.size } : { do: "erase", path, stamp: stampOf(was) };
  }
  if (isSame) {
    if (!hasMoved) return undefined;
    return now ? { do: "fetch", path, size: now.size, before: seen } : { do: "drop", path, before: seen };
  }
  if (was === undefined) return now ? { do: "settle", path } : { do: "send", path, size: seen.size, stamp: NONE };
  return hasMoved ? { do: "settle", path } : { do: "send", path, size: seen.size, stamp: stampOf(was) };
}

function planFolder(path: string, { known, here, there, isReadOnly }: PlanRequest): Step | undefined {
  const was = known.get(path)?.kind === "folder";
  const now = there.get(path)?.kind === "folder";
  const isHere = here.folders.has(path);
  if (isHere && now) return was ? undefined : { do: "know-folder", path };
  if (isHere) return was || isReadOnly ? { do: "drop-folder", path } : { do: "make-folder-there", path };
  if (now) return was && !isReadOnly ? { do: "erase-folder", path } : { do: "make-folder-here", path };
  return was ? { do: "forget", path } : undefined;
}

/** What goes to Skerry or takes from it what is not here; the rest only brings here. */
export function isOutward(step: Step): boolean {
  return ["send", "erase", "erase-folder", "make-folder-there", "settle"].includes(step.do);
}

/** The name for the sandbox's version where Skerry's stays: `plan.md` becomes `plan (from the sandbox 2026-11-23 14.05.09).md`. */
export function besideName(path: string, at: number, isTaken: (path: string) => boolean): string {
  const slash = path.lastIndexOf("/") + 1;
  const name = path.slice(slash);
  const dot = name.lastIndexOf(".");
  const ending = dot > 0 && name.length - dot <= 12 ? name.slice(dot) : "";
  const time = new Date(at).toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".");
  for (let count = 1; ; count++) {
    const added = ` (from the sandbox ${time}${count === 1 ? "" : ` ${count}`})${ending}`;
    let stem = name.slice(0, name.length - ending.length);
    while (Buffer.byteLength(stem + added) > 200) stem = [...stem].slice(0, -1).join("");
    const beside = `${path.slice(0, slash)}${stem}${added}`;
    if (!isTaken(beside)) return beside;
  }
}

export function isBlocked(path: string, blocked: ReadonlySet<string>): boolean {
  if (blocked.size === 0) return false;
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    if (blocked.has(path.slice(0, end))) return true;
  }
  return false;
}

function fileOf<T extends { kind: string }>(entry: T | undefined): Extract<T, { kind: "file" }> | undefined {
  return entry?.kind === "file" ? (entry as Extract<T, { kind: "file" }>) : undefined;
}

function isStamp(one: FileStamp | undefined, other: FileStamp): boolean {
  return one?.version === other.version && one.updatedAt === other.updatedAt;
}

function stampOf({ version, updatedAt }: FileStamp): FileStamp {
  return { version, updatedAt };
}
