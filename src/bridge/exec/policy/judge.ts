// Judges a command line part by part: finds each program's file, looks through wrappers, compares with the list, and writes the
// line anew. What it cannot prove it says; it never guesses in favour.
import { realpath, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { ExecSegment } from "../../../contract/home/commands.ts";
import { type AllowDraft, type AllowEntry, draftOf, findEntry } from "./allowlist.ts";
import { quote, type WrittenChain, type WrittenCommand, writeLine } from "./canonical.ts";
import { isHarmlessVariable } from "./environment.ts";
import { type Executable, findExecutable } from "./executables.ts";
import { isHarmless } from "./filters.ts";
import type { Chain, Line, Part, Simple } from "./line.ts";
import { isLauncher, isManyInOne, isRepeatable, isShellOwn, namesOf, needsArguments, showsOnly } from "./programs.ts";
import { judgeRedirect, type Locate } from "./redirects.ts";
import { lookThrough, type Wrapping } from "./wrappers.ts";

export interface JudgeRules {
  read(text: string): Line;
  entries: readonly AllowEntry[];
  searchPath: readonly string[];
  /** For files that are read and written by < and >; absent: none may be. */
  locate?: Locate | undefined;
}

export interface Judgement {
  segments: ExecSegment[];
  /** The line as it was judged; absent when a part of it could not be read. */
  canonical?: string;
  executables: Executable[];
  /** What would have to be listed for it to be allowed; absent where that cannot be, or may not be, remembered. */
  drafts: AllowDraft[];
  usedEntries: number[];
  /** All simple commands in it as far as they are known. */
  mentioned: string[][];
}

interface Situation {
  workdir: string | undefined;
  hasUnknownArguments: boolean;
  depth: number;
}

const MAX_DEPTH = 6;
const MAX_SEGMENTS = 200;

export async function judgeLine(text: string, workdir: string, rules: JudgeRules): Promise<Judgement> {
  const judge = new Judge(rules);
  const canonical = await judge.line(text, { workdir, hasUnknownArguments: false, depth: 0 });
  const isReadable = canonical !== undefined && judge.segments.every(({ verdict }) => verdict !== "unprovable");
  return {
    segments: judge.segments,
    ...(isReadable ? { canonical } : {}),
    executables: judge.executables,
    drafts: judge.drafts,
    usedEntries: judge.usedEntries,
    mentioned: judge.mentioned,
  };
}

class Judge {
  readonly segments: ExecSegment[] = [];
  readonly executables: Executable[] = [];
  readonly drafts: AllowDraft[] = [];
  readonly usedEntries: number[] = [];
  readonly mentioned: string[][] = [];
  readonly #rules: JudgeRules;

  constructor(rules: JudgeRules) {
    this.#rules = rules;
  }

  /** The line written anew; undefined when something in it cannot be read. */
  async line(text: string, situation: Situation): Promise<string | undefined> {
    if (situation.depth > MAX_DEPTH) return this.#cannot(text.slice(0, 200), "is wrapped too often to be judged");
    const line = this.#rules.read(text);
    if (line.outcome === "broken") return this.#cannot(text.slice(0, 200), line.reason);
    this.mentioned.push(...line.mentioned);
    const written: WrittenChain[] = [];
    let { workdir } = situation;
    let isWhole = true;
    for (const chain of line.chains) {
      const judged = await this.#chain(chain, { ...situation, workdir });
      if (judged.written) written.push(judged.written);
      else isWhole = false;
      // Whether a cd of an earlier chain worked is not known here.
      if (judged.hasMoved) workdir = undefined;
    }
    return isWhole ? writeLine(written) : undefined;
  }

  async #chain(chain: Chain, situation: Situation): Promise<{ written?: WrittenChain; hasMoved: boolean }> {
    let { workdir } = situation;
    let hasMoved = false;
    let isWhole = true;
    const pipes: { isNegated: boolean; commands: WrittenCommand[] }[] = [];
    for (const [index, pipe] of chain.pipes.entries()) {
      if (hasMoved && chain.operators[index - 1] === "||") workdir = undefined;
      if (index === 0 && !pipe.isNegated && chain.operators[0] === "&&" && pipe.parts.length === 1) {
        const folder = await movesTo(pipe.parts[0], workdir);
        if (folder !== undefined) {
          hasMoved = true;
          workdir = folder;
          pipes.push({ isNegated: false, commands: [{ assignments: [], words: ["cd", "--", folder], redirects: [] }] });
          continue;
        }
      }
      const commands: WrittenCommand[] = [];
      for (const part of pipe.parts) {
        if (this.segments.length >= MAX_SEGMENTS) {
          this.#cannot("…", `has more than ${MAX_SEGMENTS} parts`);
          return { hasMoved };
        }
        if (part.outcome === "unreadable") {
          this.#cannot(part.text, part.reason);
          isWhole = false;
          continue;
        }
        const command = await this.#simple(part.simple, { ...situation, workdir });
        if (command) commands.push(command);
        else isWhole = false;
      }
      pipes.push({ isNegated: pipe.isNegated, commands });
    }
    return isWhole ? { written: { pipes, operators: chain.operators }, hasMoved } : { hasMoved };
  }

  async #simple(simple: Simple, situation: Situation): Promise<WrittenCommand | undefined> {
    const text = show(simple.words);
    for (const { name, value } of simple.assignments) {
      if (!isHarmlessVariable(name, value))
        return this.#cannot(`${name}=… ${text}`, `sets ${name}, which may change what the program does`);
    }
    const redirects = [];
    for (const redirect of simple.redirects) {
      const judged = await judgeRedirect(redirect, situation.workdir, this.#rules.locate);
      if (judged.outcome === "not") return this.#cannot(text, judged.reason);
      redirects.push(judged.redirect);
    }
    const words = await this.#words(simple.words, situation);
    return words && { assignments: simple.assignments, words, redirects };
  }

  /** One program with its arguments: the words to run instead, with the program's whole path. */
  async #words(words: readonly string[], situation: Situation): Promise<string[] | undefined> {
    const [name = "", ...args] = words;
    const text = show(words);
    if (situation.depth > MAX_DEPTH) return this.#cannot(text, "is wrapped too often to be judged");
    if (name === "command" && args[0] !== undefined && !args[0].startsWith("-")) {
      return this.#words(args, { ...situation, depth: situation.depth + 1 });
    }
    if (!name.includes("/") && isShellOwn(name)) return this.#cannot(text, `uses ${name}, a command of the shell itself`);
    const executable = await findExecutable(name, situation.workdir, this.#rules.searchPath);
    if (!executable) {
      const reason = /^\/(proc|dev|sys)\//.test(name)
        ? "names a file that is another one for everybody"
        : "was not found on this machine";
      this.segments.push({
        text,
        verdict: name.startsWith("/") && reason.startsWith("names") ? "unprovable" : "not-found",
        reason: `${name} ${reason}.`,
      });
      return [name, ...args];
    }
    this.executables.push(executable);
    const wrapping = this.#wrapping(executable, args);
    switch (wrapping.outcome) {
      case "none":
        this.#compare(executable, args, situation);
        return [executable.path, ...args];
      case "cannot":
        return this.#cannot(text, wrapping.reason, executable);
      case "wraps":
        return this.#wrapped(executable, wrapping, situation);
      case "script":
        return this.#script(executable, wrapping, text, situation);
      case "holds":
        return this.#held(executable, args, wrapping.commands, situation);
      default:
        return wrapping satisfies never;
    }
  }

  /** A wrapper is one only when it is the system's own: anybody's file may call itself env. */
  #wrapping(executable: Executable, args: readonly string[]): Wrapping {
    if (!executable.isSystem || isManyInOne(executable)) return { outcome: "none" };
    const called = basename(executable.path);
    return namesOf(executable).includes(called) ? lookThrough(called, args) : { outcome: "none" };
  }

  async #wrapped(
    executable: Executable,
    { own, inner, addsArguments, variables, isRaised }: Extract<Wrapping, { outcome: "wraps" }>,
    situation: Situation,
  ): Promise<string[] | undefined> {
    const bad = variables.find(([name, value]) => !isHarmlessVariable(name, value));
    if (bad)
      return this.#cannot(
        show([basename(executable.path), ...own, ...inner]),
        `sets ${bad[0]}, which may change what the program does`,
      );
    if (isRaised) {
      const reason = "Runs with the rights of another user, which is always asked for.";
      this.segments.push({
        text: show([executable.path, ...own, "…"]),
        executable: executable.real,
        verdict: "not-listed",
        reason,
      });
    }
    const before = this.drafts.length;
    const words = await this.#words(inner, {
      ...situation,
      hasUnknownArguments: situation.hasUnknownArguments || addsArguments,
      depth: situation.depth + 1,
    });
    // What was allowed for another user says nothing of this one.
    if (isRaised) this.drafts.splice(before);
    return words && [executable.path, ...own, ...words];
  }

  async #script(
    executable: Executable,
    { own, script, rest }: Extract<Wrapping, { outcome: "script" }>,
    text: string,
    situation: Situation,
  ): Promise<string[] | undefined> {
    if (situation.hasUnknownArguments) return this.#cannot(text, "gives a shell arguments that nobody knows before", executable);
    const canonical = await this.line(script, { ...situation, depth: situation.depth + 1 });
    return canonical === undefined ? undefined : [executable.path, ...own, canonical, ...rest];
  }

  async #held(
    executable: Executable,
    args: readonly string[],
    commands: readonly { from: number; to: number }[],
    situation: Situation,
  ): Promise<string[] | undefined> {
    const words = [...args];
    const outside = args.filter((_, at) => !commands.some(({ from, to }) => at >= from && at < to));
    this.#compare(executable, outside, situation, [executable.path, ...args]);
    for (const { from, to } of commands) {
      const inner = args.slice(from, to);
      const text = show(inner);
      if (inner[0]?.includes("{}")) return this.#cannot(text, "takes the name of the program from what find finds");
      const isMoving = args[from - 1] === "-execdir";
      const judged = await this.#words(inner, {
        workdir: isMoving ? undefined : situation.workdir,
        hasUnknownArguments: situation.hasUnknownArguments || inner.some((word) => word.includes("{}")),
        depth: situation.depth + 1,
      });
      if (!judged) return undefined;
      // A wrapper written anew may have other words: they would have to be moved, and find has no need of wrappers.
      if (judged.length !== inner.length) return this.#cannot(text, "wraps a program within an -exec of find");
      words.splice(from, judged.length, ...judged);
    }
    return [executable.path, ...words];
  }

  #compare(executable: Executable, args: readonly string[], situation: Situation, whole?: readonly string[]): void {
    const { workdir, hasUnknownArguments } = situation;
    const called = basename(executable.path);
    const segment = { text: show(whole ?? [executable.path, ...args]), executable: executable.real };
    const isOwnFilter = executable.isSystem && (isManyInOne(executable) || !isLauncher(executable));
    if (isOwnFilter && isHarmless(called, args, hasUnknownArguments)) {
      this.segments.push({ ...segment, verdict: "allowed" });
      return;
    }
    const listing = findEntry(this.#rules.entries, { executable, called, args, hasUnknownArguments, workdir });
    if (listing.outcome === "listed") {
      this.usedEntries.push(listing.entry.id);
      this.segments.push({ ...segment, verdict: "allowed" });
      return;
    }
    this.segments.push({ ...segment, verdict: "not-listed", reason: `${executable.real} ${listing.reason}.` });
    const base = draftOf(executable);
    const mustSay = needsArguments(executable, args);
    if (!mustSay && showsOnly(executable)) this.drafts.push(base);
    else if ((!mustSay || isRepeatable(executable, args)) && !hasUnknownArguments && workdir !== undefined) {
      this.drafts.push({ ...base, args: [...args], isExact: true, workdir });
    }
  }

  #cannot(text: string, reason: string, executable?: Executable): undefined {
    const sentence = /[.]$/.test(reason) ? reason : `It ${reason}.`;
    this.segments.push({
      text: text.slice(0, 2000),
      ...(executable ? { executable: executable.real } : {}),
      verdict: "unprovable",
      reason: sentence,
    });
    return undefined;
  }
}

/** `cd folder &&` at the beginning of a chain: where what follows runs. */
async function movesTo(part: Part | undefined, workdir: string | undefined): Promise<string | undefined> {
  if (part?.outcome !== "read") return undefined;
  const { words, assignments, redirects } = part.simple;
  const [name, ...rest] = words;
  const args = rest[0] === "--" ? rest.slice(1) : rest;
  const [folder] = args;
  if (name !== "cd" || args.length !== 1 || !folder || folder.startsWith("-") || assignments.length > 0 || redirects.length > 0)
    return undefined;
  if (!folder.startsWith("/") && workdir === undefined) return undefined;
  try {
    const real = await realpath(resolve(workdir ?? "/", folder));
    return (await stat(real)).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}

/** As a person would write it: quotes only where they are needed. */
export function show(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quote(word))).join(" ");
}
