// Searching the text of files. Patterns come from a model, perhaps at the wish of a stranger: RE2 matches in linear time,
// globs are kept to forms that cannot explode, and a search ends at a bounded amount of work, files and lines.
// The regular expressions load at their first use.
import { Minimatch } from "minimatch";
import { GatewayError } from "../../../contract/errors.ts";
import type { WorkspacePort } from "../../../contract/ports/workspace.ts";
import { comparePaths, isWithin, normalizePath } from "../paths.ts";
import type { Files, WalkedFile } from "./files.ts";
import type { Mount } from "./mount.ts";

export type GrepRequest = Parameters<WorkspacePort["grep"]>[0];
export interface GrepLine {
  path: string;
  line: number;
  text: string;
}

interface Matcher {
  isMatch(line: string): boolean;
  /** How much work a byte is. */
  weight: number;
}

const DEFAULT_LINES = 100;
const MAX_LINES = 1000;
const MAX_CONTEXT = 10;
const MAX_PATTERN = 1000;
const MAX_GLOB = 200;
/** Wildcards in one name of a glob: matching tries every way to place them. */
const MAX_STARS = 4;
const MAX_LINE_CHARS = 500;
/** Longest part of a line that is matched against. */
const MAX_MATCHED_CHARS = 20_000;
/** Bytes times weight of the pattern: about a second, ten at the worst. The clock of the platform stands still meanwhile. */
const MAX_WORK = 200 * 1000 * 1000;
const MAX_WEIGHT = 200;
const PLAIN_WEIGHT = 3;
const MAX_LARGE_FILES = 20;
const BATCH = 50;

/** Lines that match, and the lines around them when `context` asks for it; in order, none twice. */
export async function grepFiles(files: Files, mount: Mount, request: GrepRequest): Promise<GrepLine[]> {
  const matcher = await compilePattern(request);
  const isWanted = compileGlob(request.glob);
  const folder = normalizePath(request.path ?? "");
  if (!files.isFolder(folder) && !files.isFile(folder)) {
    throw new GatewayError({
      code: "NOT_FOUND",
      message: `There is no "${folder}" in the workspace; list its folder to see what is there.`,
    });
  }
  const limit = Math.min(Math.max(request.limit ?? DEFAULT_LINES, 1), MAX_LINES);
  const context = Math.min(Math.max(request.context ?? 0, 0), MAX_CONTEXT);
  const found: GrepLine[] = [];
  let work = 0;
  let largeFiles = 0;
  for await (const file of eachFile(files, mount, folder)) {
    if (!isWanted(relativeTo(file.path, folder))) continue;
    work += file.size * matcher.weight;
    if (!file.bytes) largeFiles += 1;
    if (work > MAX_WORK || largeFiles > MAX_LARGE_FILES) throw tooMuch();
    const bytes = file.bytes ?? (await files.read(file.path)).bytes;
    const text = textOf(bytes);
    if (text === undefined) continue;
    for (const line of matchLines(text, matcher.isMatch, context)) {
      found.push({ path: file.path, ...line });
      if (found.length >= limit) return found;
    }
  }
  return found;
}

/** Whether a path (relative to where the search starts) fits the glob; without one everything does. */
export function compileGlob(glob: string | undefined): (path: string) => boolean {
  if (glob === undefined || glob === "" || glob === "**" || glob === "*") return () => true;
  const stars = glob.split("/").map((name) => (name === "**" ? 0 : (name.replace(/\*+/g, "*").match(/\*/g)?.length ?? 0)));
  if (glob.length > MAX_GLOB || Math.max(...stars) > MAX_STARS) {
    throw invalid(
      `The glob is too complex; use at most ${MAX_STARS} "*" in a name and ${MAX_GLOB} characters, such as notes/**/*.md.`,
    );
  }
  const matcher = new Minimatch(glob.replace(/^\.?\//, ""), {
    dot: true,
    noext: true,
    nonegate: true,
    nocomment: true,
    matchBase: !glob.includes("/"),
    braceExpandMax: 50,
    maxGlobstarRecursion: 5,
  });
  return (path) => matcher.match(path);
}

async function compilePattern(request: GrepRequest): Promise<Matcher> {
  const { pattern, isCaseless = false, isLiteral = false } = request;
  if (pattern === "" || pattern.length > MAX_PATTERN) {
    throw invalid(`The pattern must have 1 to ${MAX_PATTERN} characters.`);
  }
  if (isLiteral || !/[\\^$.*+?()[\]{}|]/.test(pattern)) {
    const wanted = isCaseless ? pattern.toLowerCase() : pattern;
    const isMatch = isCaseless ? (line: string) => line.toLowerCase().includes(wanted) : (line: string) => line.includes(wanted);
    return { isMatch, weight: PLAIN_WEIGHT };
  }
  const { RE2JS } = await import("re2js");
  let expression: InstanceType<typeof RE2JS>;
  try {
    expression = RE2JS.compile(pattern, isCaseless ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(
      `The pattern is not one that this search can read (${reason}). It knows RE2 syntax, without look-around and back-references; search for plain text literally.`,
    );
  }
  const weight = Math.max(expression.programSize(), PLAIN_WEIGHT);
  if (weight > MAX_WEIGHT) throw invalid("The pattern is too complex; use smaller repeat counts or fewer alternatives.");
  return { isMatch: (line) => expression.test(line), weight };
}

/** Own files and mounted ones, in order of their paths. */
async function* eachFile(files: Files, mount: Mount, folder: string): AsyncGenerator<WalkedFile> {
  const own = new Set<string>();
  let after = "";
  for (;;) {
    const batch = files.walk(folder, after, BATCH);
    for (const file of batch) {
      own.add(file.path);
      yield file;
    }
    const last = batch.at(-1);
    if (!last || batch.length < BATCH) break;
    after = last.path;
  }
  const mounted = [mount.info(folder), ...mount.below(folder, true)].flatMap((info) => info ?? []).sort(comparePaths);
  for (const info of mounted) {
    const bytes = mount.bytes(info.path);
    if (bytes && !own.has(info.path)) yield { path: info.path, size: info.size, bytes };
  }
}

/** Text of a file, or undefined when it is none. */
function textOf(bytes: Uint8Array): string | undefined {
  return bytes.subarray(0, 8192).includes(0) ? undefined : new TextDecoder().decode(bytes);
}

function* matchLines(
  text: string,
  isMatch: (line: string) => boolean,
  context: number,
): Generator<{ line: number; text: string }> {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  let shown = 0;
  for (const [index, line] of lines.entries()) {
    if (!isMatch(line.slice(0, MAX_MATCHED_CHARS))) continue;
    const last = Math.min(index + context, lines.length - 1);
    for (let at = Math.max(shown, index - context); at <= last; at++) yield { line: at + 1, text: shorten(lines[at] ?? "") };
    shown = Math.max(shown, last + 1);
  }
}

function shorten(line: string): string {
  return line.length <= MAX_LINE_CHARS ? line : `${line.slice(0, MAX_LINE_CHARS).toWellFormed()}…`;
}

function relativeTo(path: string, folder: string): string {
  if (folder === "" || !isWithin(path, folder)) return path;
  return path === folder ? path.slice(path.lastIndexOf("/") + 1) : path.slice(folder.length + 1);
}

function invalid(message: string): GatewayError {
  return new GatewayError({ code: "INVALID_REQUEST", message });
}

function tooMuch(): GatewayError {
  return invalid("That is too much text to search at once; narrow it with path or glob, or use a simpler pattern.");
}
