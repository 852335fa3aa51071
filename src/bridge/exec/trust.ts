// Which of what the owner allowed for always counts now. What a launcher runs lies in the folder it stands in and in the files
// and folders that its arguments name: where one of these can be changed without a question, so can what it would run.
import { resolve } from "node:path";
import type { Exposure } from "../places/home-files.ts";
import type { AllowDraft } from "./policy/allowlist.ts";
import { looksBelow } from "./policy/programs.ts";

export interface TrustOptions {
  /** Absolute, links followed: files that may always be written to. */
  writableFiles: readonly string[];
  expose(path: string): Promise<Exposure>;
}

export async function keepTrusted<Entry extends AllowDraft>(entries: readonly Entry[], options: TrustOptions): Promise<Entry[]> {
  const kept: Entry[] = [];
  for (const entry of entries) if (await isTrusted(entry, options)) kept.push(entry);
  return kept;
}

async function isTrusted({ path, args = [], isExact, workdir }: AllowDraft, options: TrustOptions): Promise<boolean> {
  if (workdir === undefined) return true;
  if (await isExposed(workdir, options, looksBelow(path))) return false;
  if (!isExact) return true;
  for (const place of new Set(args.flatMap(piecesOf))) if (await isExposed(resolve(workdir, place), options, true)) return false;
  return true;
}

/** `isDeep`: what lies anywhere below counts as well. */
async function isExposed(path: string, { writableFiles, expose }: TrustOptions, isDeep: boolean): Promise<boolean> {
  const { real, isOpen, holdsOpen } = await expose(path);
  return isOpen || (isDeep && holdsOpen) || writableFiles.some((file) => file === real || file.startsWith(`${real}/`));
}

/** What of an argument may be a path: -Cfolder, --prefix=folder, file:folder, one,two. */
function piecesOf(arg: string): string[] {
  const pieces = [arg, ...arg.split(/[=:,@]/)];
  if (/^-[^-]/.test(arg)) pieces.push(arg.slice(2));
  return pieces.filter((piece) => piece !== "");
}
