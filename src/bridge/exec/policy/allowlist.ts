// What the owner of this machine lets run without being asked: programs by the file that they are, perhaps with arguments.
import { basename } from "node:path";
import { minimatch } from "minimatch";
import type { Executable } from "./executables.ts";
import { isManyInOne, needsArguments } from "./programs.ts";

export interface AllowEntry {
  id: number;
  /** The file with links followed; a pattern such as /usr/bin/* fits files of the system alone. */
  path: string;
  /** The name it is called by, where one file is many programs. */
  name?: string;
  /** One pattern for each argument, where * is any text; ** at the end is any further ones. Absent: any arguments. */
  args?: string[];
  /** `args` are no patterns, but the words themselves. */
  isExact?: boolean;
  /** Only in this folder. */
  workdir?: string;
  /** Contents of a file that others than the system's administrator can change. */
  sha256?: string;
  addedAt: number;
  /** Who allowed it. */
  by: string;
  usedAt?: number;
}

export type AllowDraft = Omit<AllowEntry, "id" | "addedAt" | "by" | "usedAt">;

/** The entry that lets this very program run with any arguments. */
export function draftOf({ path, real, sha256 }: Executable): AllowDraft {
  const called = basename(path);
  return { path: real, ...(called === basename(real) ? {} : { name: called }), ...(sha256 === undefined ? {} : { sha256 }) };
}

export interface Use {
  executable: Executable;
  called: string;
  args: readonly string[];
  /** Arguments are added that nobody knows before. */
  hasUnknownArguments: boolean;
  workdir: string | undefined;
}

export type Listing = { outcome: "listed"; entry: AllowEntry } | { outcome: "not-listed"; reason: string };

export function findEntry(entries: readonly AllowEntry[], use: Use): Listing {
  const { executable, args, hasUnknownArguments } = use;
  const ofFile = entries.filter((entry) => fitsFile(entry, use));
  if (ofFile.length === 0) return { outcome: "not-listed", reason: "is not on this machine's list of allowed programs" };
  const same = ofFile.filter((entry) => executable.isSystem || entry.sha256 === executable.sha256);
  if (same.length === 0) return { outcome: "not-listed", reason: "was changed since it was allowed" };
  const mustSayArguments = needsArguments(executable, args);
  const entry = same.find((one) => fitsArguments(one, use, mustSayArguments));
  if (entry) return { outcome: "listed", entry };
  if (hasUnknownArguments) return { outcome: "not-listed", reason: "gets arguments that nobody knows before" };
  return {
    outcome: "not-listed",
    reason: mustSayArguments
      ? "can run other programs or change files, and is not allowed with these arguments"
      : "is not allowed with these arguments",
  };
}

function fitsFile(entry: AllowEntry, { executable, called, workdir }: Use): boolean {
  if (entry.workdir !== undefined && entry.workdir !== workdir) return false;
  if (entry.name !== undefined ? entry.name !== called : isManyInOne(executable)) return false;
  if (entry.path === executable.real) return true;
  // A pattern says nothing of a file's contents: it counts where contents are the system's.
  const options = { nocomment: true, nonegate: true, noext: true, nobrace: true, dot: true, platform: "linux" } as const;
  return executable.isSystem && entry.path.includes("*") && minimatch(executable.real, entry.path, options);
}

function fitsArguments(entry: AllowEntry, { args, hasUnknownArguments }: Use, mustSay: boolean): boolean {
  const patterns = entry.args;
  if (patterns === undefined) return !mustSay;
  if (entry.isExact)
    return !hasUnknownArguments && patterns.length === args.length && patterns.every((one, at) => one === args[at]);
  // "Any arguments" in other words says no more than no arguments at all.
  if (mustSay && (patterns[0] === undefined ? args.length > 0 : patterns[0].startsWith("*"))) return false;
  const isOpen = patterns.at(-1) === "**";
  if (hasUnknownArguments && (!isOpen || mustSay)) return false;
  const fixed = isOpen ? patterns.slice(0, -1) : patterns;
  if (isOpen ? args.length < fixed.length : args.length !== fixed.length) return false;
  return fixed.every((pattern, at) => fits(pattern, args[at] ?? ""));
}

/** `*` is any text. Walks once through both, so that no pattern can take for ever. */
function fits(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === text;
  const last = rest.pop() ?? "";
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > text.length - last.length) return false;
    at = found + piece.length;
  }
  return true;
}
