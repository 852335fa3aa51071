// Reads a command line into the few shapes that can be judged: words that are known to the letter, joined by | && || and ;.
// Whatever else the shell's grammar has is named as a reason why it cannot be. Reads only; decides nothing.
import type * as Shell from "just-bash";

export interface Redirect {
  fd: number;
  operator: "<" | ">" | ">>" | ">&" | "<&";
  target: string;
}

export interface Assignment {
  name: string;
  value: string;
}

/** One program with its arguments, each known to the letter. */
export interface Simple {
  assignments: Assignment[];
  words: string[];
  redirects: Redirect[];
}

/** `text`: as well as it can be told, for people. */
export type Part = { outcome: "read"; simple: Simple } | { outcome: "unreadable"; reason: string; text: string };

export interface Pipe {
  isNegated: boolean;
  parts: Part[];
}

/** Pipes joined by && and ||: one operator fewer than pipes. */
export interface Chain {
  pipes: Pipe[];
  operators: ("&&" | "||")[];
}

export type Line =
  | { outcome: "read"; chains: Chain[]; mentioned: string[][] }
  /** Not even the shell's grammar fits. */
  | { outcome: "broken"; reason: string };

type Statement = Shell.StatementNode;
type Word = NonNullable<Shell.SimpleCommandNode["name"]>;
type WordPart = Word["parts"][number];

let parser: Promise<typeof import("just-bash")> | undefined;

/** The parser costs 24 MiB, so it is loaded when the first line is to be judged. */
export async function openReader(): Promise<(text: string) => Line> {
  parser ??= import("just-bash");
  const { parse } = await parser;
  return (text) => {
    try {
      const { statements } = parse(text);
      if (statements.length === 0) return { outcome: "broken", reason: "There is no command in it." };
      return { outcome: "read", chains: statements.map(readStatement), mentioned: findMentioned(statements) };
    } catch (error) {
      // Also a stack that ran out on a line nested thousands deep.
      const detail = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "";
      return { outcome: "broken", reason: `The shell's grammar does not fit: ${detail.slice(0, 200)}.` };
    }
  };
}

function readStatement(statement: Statement): Chain {
  const trouble = statement.deferredError
    ? "is not written as the shell's grammar wants it"
    : statement.background
      ? "is sent to the background with &"
      : statement.operators.includes(";")
        ? "joins commands in a way that is not known"
        : undefined;
  const pipes = statement.pipelines.map((pipeline): Pipe => {
    const spoilt = trouble ?? (pipeline.timed ? "is timed by the shell" : undefined);
    const parts = pipeline.commands.map((command, index) => {
      const part = readCommand(command);
      if (part.outcome === "unreadable") return part;
      if (spoilt !== undefined) return unreadable(spoilt, part.simple.words.join(" "));
      // cmd |& next is cmd 2>&1 | next.
      if (pipeline.pipeStderr?.[index]) part.simple.redirects.push({ fd: 2, operator: ">&", target: "1" });
      return part;
    });
    return { isNegated: pipeline.negated, parts };
  });
  return { pipes, operators: statement.operators.filter((operator) => operator !== ";") };
}

function readCommand(command: Shell.CommandNode): Part {
  if (command.type !== "SimpleCommand") {
    return unreadable(`uses ${CONSTRUCTS[command.type] ?? "a construct of the shell"}`, `${command.type} …`);
  }
  const all = command.name ? [command.name, ...command.args] : command.args;
  const text = all.map(describeWord).join(" ");
  const assignments: Assignment[] = [];
  for (const { name, value, append, array } of command.assignments) {
    const known = value === null ? { outcome: "read" as const, text: "" } : readWord(value);
    if (append || array || !/^[A-Za-z_]\w*$/.test(name))
      return unreadable("sets a variable in a way that cannot be judged", text);
    if (known.outcome !== "read") return unreadable(known.reason, `${name}=… ${text}`);
    assignments.push({ name, value: known.text });
  }
  if (!command.name) return unreadable(assignments.length > 0 ? "sets a variable of the shell" : "names no program", text);
  const words: string[] = [];
  for (const word of all) {
    const known = readWord(word);
    if (known.outcome !== "read") return unreadable(known.reason, text);
    words.push(known.text);
  }
  if (words[0] === "") return unreadable("names no program", text);
  const redirects: Redirect[] = [];
  for (const redirection of command.redirections) {
    const known = readRedirect(redirection);
    if ("reason" in known) return unreadable(known.reason, text);
    redirects.push(known);
  }
  return { outcome: "read", simple: { assignments, words, redirects } };
}

type Redirection = Shell.SimpleCommandNode["redirections"][number];

function readRedirect({ operator, fd, fdVariable, target }: Redirection): Redirect | { reason: string } {
  if (operator === "<<" || operator === "<<-" || operator === "<<<") return { reason: "has a here-document" };
  // Of two digits or more, to some shells a number before > is a word, or a part of one.
  if (fdVariable !== undefined || target.type !== "Word" || (fd !== null && !(fd <= 9)))
    return { reason: "redirects in a way that cannot be judged" };
  const known = readWord(target);
  if (known.outcome !== "read") return { reason: known.reason };
  const { text } = known;
  switch (operator) {
    case "<":
      return { fd: fd ?? 0, operator, target: text };
    case ">":
    case ">>":
      return { fd: fd ?? 1, operator, target: text };
    case ">&":
    case "<&":
      // `>& name` writes a file, `>& 3-` moves a descriptor: only the plain numbers are meant here.
      if (!/^[012]$/.test(text)) return { reason: "redirects in a way that cannot be judged" };
      return { fd: fd ?? (operator === ">&" ? 1 : 0), operator, target: text };
    default:
      return { reason: `redirects by ${operator}` };
  }
}

type KnownWord = { outcome: "read"; text: string } | { outcome: "unknown"; reason: string };

function readWord(word: Word): KnownWord {
  let text = "";
  for (const part of word.parts) {
    const known = readPart(part);
    if (known.outcome !== "read") return known;
    text += known.text;
  }
  // A NUL ends a word for the kernel, so what follows would not be what was judged.
  return text.includes("\0") ? { outcome: "unknown", reason: "has a NUL in a word" } : { outcome: "read", text };
}

function readPart(part: WordPart): KnownWord {
  switch (part.type) {
    case "Literal":
    case "SingleQuoted":
    case "Escaped":
      return { outcome: "read", text: part.value };
    case "DoubleQuoted":
      return readWord({ type: "Word", parts: part.parts });
    default:
      return { outcome: "unknown", reason: EXPANSIONS[part.type] ?? "has an expansion" };
  }
}

const EXPANSIONS: Record<string, string> = {
  ParameterExpansion: "uses a variable, whose value is not known",
  CommandSubstitution: "uses the output of another command",
  ArithmeticExpansion: "has arithmetic of the shell",
  ProcessSubstitution: "uses another command as a file",
  BraceExpansion: "has braces that expand",
  TildeExpansion: "has a ~ that expands; write the folder out",
  Glob: "has a pattern for file names",
};

const CONSTRUCTS: Record<string, string> = {
  If: "if",
  For: "a loop",
  CStyleFor: "a loop",
  While: "a loop",
  Until: "a loop",
  Case: "case",
  Subshell: "a subshell",
  Group: "a group",
  ArithmeticCommand: "arithmetic of the shell",
  ConditionalCommand: "a condition of the shell",
  FunctionDef: "a function",
};

function describeWord(word: Word): string {
  return word.parts.map(describePart).join("");
}

function describePart(part: WordPart): string {
  switch (part.type) {
    case "Literal":
    case "SingleQuoted":
    case "Escaped":
      return part.value;
    case "DoubleQuoted":
      return part.parts.map(describePart).join("");
    case "ParameterExpansion":
      return `$${part.parameter}`;
    case "CommandSubstitution":
      return "$(…)";
    case "ProcessSubstitution":
      return "<(…)";
    case "Glob":
      return part.pattern;
    case "TildeExpansion":
      return `~${part.user ?? ""}`;
    default:
      return "…";
  }
}

function unreadable(reason: string, text: string): Part {
  return { outcome: "unreadable", reason, text };
}

/** Every simple command anywhere in it, with the files that it reads by <; a word that is not known is empty: what a plan is bound to also when it cannot be judged. */
function findMentioned(statements: unknown): string[][] {
  const found: string[][] = [];
  const visit = (node: unknown, depth: number): void => {
    if (typeof node !== "object" || node === null || depth > 200 || found.length >= 500) return;
    if (Array.isArray(node)) {
      for (const one of node) visit(one, depth + 1);
      return;
    }
    if ("type" in node && node.type === "SimpleCommand") found.push(wordsOf(node));
    for (const value of Object.values(node)) visit(value, depth + 1);
  };
  visit(statements, 0);
  return found;
}

function wordsOf(node: object): string[] {
  const { name, args, redirections } = node as Shell.SimpleCommandNode;
  const read = redirections.flatMap(({ operator, target }) => (operator === "<" && target.type === "Word" ? [target] : []));
  return [...(name ? [name] : []), ...args, ...read].map((word) => {
    const known = readWord(word);
    return known.outcome === "read" ? known.text : "";
  });
}
