// The plan of a command: what would run, which of it the owner allowed before, and a hash that holds all of it together. Made
// again before an approved command starts: with another hash it is another command, and asked for anew.
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { ExecPlan, ExecSegment } from "../../../contract/home/commands.ts";
import type { AllowDraft, AllowEntry } from "./allowlist.ts";
import { isHarmlessVariable } from "./environment.ts";
import { findExecutable, hashFile } from "./executables.ts";
import { judgeLine } from "./judge.ts";
import { openReader } from "./line.ts";
import { mayReadCode } from "./programs.ts";
import type { Locate } from "./redirects.ts";

export interface PlanRequest {
  command: string;
  workdir: string;
  env: Readonly<Record<string, string>>;
  isPty: boolean;
  entries: readonly AllowEntry[];
  searchPath: readonly string[];
  /** For files that are read and written by < and >; absent: none may be. */
  locate?: Locate | undefined;
}

export interface JudgedPlan extends ExecPlan {
  /** Every part of it is allowed. */
  isProved: boolean;
  /** The shell text to run once it is allowed: written by us where the line could be read, else the line as it was given. */
  text: string;
  drafts: AllowDraft[];
  usedEntries: number[];
}

/** A word may name a script; of larger files the size and the times are enough. */
const MAX_HASHED = 16 * 1024 * 1024;
const MAX_WORDS = 500;
const MAX_FOLDERS = 8;
/** Marks that are not seen, or turn the direction of what is read. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u115f\u1160\u3164\uffa0]/gu;

/** Why a line is never run, whoever asks. */
export function findDefect(command: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\0-\x08\x0b-\x1f\x7f-\x9f]/.test(command)) {
    return "The command has control characters in it, which nobody would see; write it without them.";
  }
  return command.isWellFormed() ? undefined : "The command has broken characters in it; write it anew.";
}

export async function makePlan(request: PlanRequest): Promise<JudgedPlan> {
  const { command, workdir, env, isPty, entries, searchPath, locate } = request;
  const read = await openReader();
  const judgement = await judgeLine(command, workdir, { read, entries, searchPath, locate });
  const segments = judgement.segments.map(visibly);
  const doubts = [...findDoubts(command, env)];
  for (const reason of doubts) segments.push({ text: visible(command.slice(0, 200)), verdict: "unprovable", reason });
  const { canonical } = judgement;
  const isReadable = canonical !== undefined && doubts.length === 0;
  const isProved = isReadable && segments.length > 0 && segments.every(({ verdict }) => verdict === "allowed");
  const bound = await bind(judgement.mentioned, workdir, searchPath);
  const held = {
    command,
    canonical: isReadable ? canonical : null,
    workdir,
    env: Object.entries(env).sort(),
    isPty,
    searchPath,
    executables: judgement.executables.map(({ path, real, stamp, sha256 }) => [path, real, stamp, sha256]),
    bound,
  };
  return {
    hash: createHash("sha256").update(JSON.stringify(held)).digest("hex"),
    command: visible(command),
    workdir,
    segments,
    reason: explain(segments),
    isProved,
    text: isReadable ? canonical : command,
    drafts: isReadable ? judgement.drafts : [],
    usedEntries: judgement.usedEntries,
  };
}

function* findDoubts(command: string, env: Readonly<Record<string, string>>): Generator<string> {
  INVISIBLE.lastIndex = 0;
  if (INVISIBLE.test(command)) yield "It has characters that cannot be seen, shown as \\u{…}.";
  // Bytes that are no text come out of these differently than we would write them.
  if (/\$'[^']*\\[0-7xuUc]/.test(command)) yield "It has characters written as numbers.";
  for (const [name, value] of Object.entries(env)) {
    if (!isHarmlessVariable(name, value)) yield `It is to run with ${name}=${visible(value.slice(0, 100))}.`;
  }
}

/** Files that the words of the line name, in every folder that it may go to: programs, and scripts where something in it runs scripts. */
async function bind(mentioned: readonly string[][], workdir: string, searchPath: readonly string[]): Promise<string[][]> {
  // What one command prints may be what the next one runs.
  const runsScripts = mentioned.some(mayReadCode);
  const bound: string[][] = [];
  const words = [...new Set(mentioned.flat())].slice(0, MAX_WORDS);
  for (const folder of foldersOf(mentioned, workdir)) {
    for (const word of words) {
      if (word === "" || word.length > 4096 || word.includes("\0")) continue;
      const found = await findExecutable(word, folder, searchPath);
      if (found) bound.push([found.path, found.real, found.stamp, found.sha256 ?? ""]);
      else if (runsScripts) bound.push(...(await bindFile(resolve(folder, word))));
    }
  }
  return bound;
}

function foldersOf(mentioned: readonly string[][], workdir: string): string[] {
  const folders = new Set([workdir]);
  for (const words of mentioned) {
    const target = words.at(-1);
    if (!/^(cd|pushd)$/.test(words[0] ?? "") || !target || target.includes("\0")) continue;
    for (const folder of [...folders]) if (folders.size < MAX_FOLDERS) folders.add(resolve(folder, target));
  }
  return [...folders];
}

async function bindFile(path: string): Promise<string[][]> {
  if (/^\/(proc|dev|sys)\//.test(path)) return [];
  const file = await stat(path, { bigint: true }).catch(() => undefined);
  if (!file?.isFile()) return [];
  const stamp = [file.dev, file.ino, file.size, file.mtimeNs, file.ctimeNs].join(":");
  return [[path, file.size <= MAX_HASHED ? await hashFile(path, stamp).catch(() => stamp) : stamp]];
}

function explain(segments: readonly ExecSegment[]): string {
  const open = segments.filter(({ verdict }) => verdict !== "allowed");
  const [first] = open;
  if (!first) return "Every part of it is allowed on this machine.";
  const more = open.length > 1 ? ` (and ${open.length - 1} more)` : "";
  switch (first.verdict) {
    case "unprovable":
      return `What it would run cannot be proved. ${first.reason ?? ""}${more}`;
    case "not-found":
    case "not-listed":
      return `${first.reason ?? "It is not allowed yet."}${more}`;
    default:
      return "It is asked for every time.";
  }
}

function visibly(segment: ExecSegment): ExecSegment {
  const { text, reason } = segment;
  return { ...segment, text: visible(text), ...(reason === undefined ? {} : { reason: visible(reason) }) };
}

function visible(text: string): string {
  return text.replace(INVISIBLE, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`);
}
