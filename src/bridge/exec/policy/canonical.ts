// Writes a judged command line anew: every word a literal in single quotes, every program by its absolute path. This text is
// what runs, so that where our reading and the shell's differ, only what was judged can happen.
import type { Assignment, Redirect } from "./line.ts";

export interface WrittenCommand {
  assignments: readonly Assignment[];
  words: readonly string[];
  redirects: readonly Redirect[];
}

export interface WrittenChain {
  pipes: readonly { isNegated: boolean; commands: readonly WrittenCommand[] }[];
  operators: readonly ("&&" | "||")[];
}

export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

export function writeCommand({ assignments, words, redirects }: WrittenCommand): string {
  return [
    ...assignments.map(({ name, value }) => `${name}=${quote(value)}`),
    ...words.map(quote),
    ...redirects.map(writeRedirect),
  ].join(" ");
}

export function writeLine(chains: readonly WrittenChain[]): string {
  return chains.map(writeChain).join("; ");
}

function writeChain({ pipes, operators }: WrittenChain): string {
  return pipes
    .map(({ isNegated, commands }, index) => {
      const joint = index === 0 ? "" : ` ${operators[index - 1] ?? "&&"} `;
      return `${joint}${isNegated ? "! " : ""}${commands.map(writeCommand).join(" | ")}`;
    })
    .join("");
}

function writeRedirect({ fd, operator, target }: Redirect): string {
  const isDescriptor = operator === ">&" || operator === "<&";
  return `${fd}${operator}${isDescriptor ? target : quote(target)}`;
}
