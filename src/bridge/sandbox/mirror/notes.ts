// What somebody should know of a comparison of an agent's files, as lines among the output of the command.

import { codeOf } from "./tree.ts";

const MAX_NAMED = 10;

export class Notes {
  readonly #conflicts: string[] = [];
  readonly #restored: string[] = [];
  readonly #left = new Map<string, string[]>();
  readonly #told: Set<string>;

  /** `told`: what was said before, of things that stay as they are. */
  constructor(told: Set<string>) {
    this.#told = told;
  }

  conflict(path: string, beside: string): void {
    this.#conflicts.push(`${path} (the sandbox's version is ${beside})`);
  }

  restored(path: string): void {
    this.#restored.push(path);
  }

  /** It stays in the sandbox alone, for a reason that is a clause: "links are not passed on". */
  left(path: string, reason: string): void {
    const key = `${reason}: ${path}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#left.set(reason, [...(this.#left.get(reason) ?? []), path]);
  }

  /** Said every time. */
  say(reason: string): void {
    this.#left.set(reason, []);
  }

  lines(): string[] {
    const lines: string[] = [];
    if (this.#conflicts.length > 0) {
      lines.push(
        `Changed in the workspace, too, while the sandbox had them; the workspace's stay: ${name(this.#conflicts, "; ")}.`,
      );
    }
    if (this.#restored.length > 0) {
      lines.push(
        `Removed in the sandbox, but changed in the workspace meanwhile, so they are there again: ${name(this.#restored)}.`,
      );
    }
    for (const [reason, unsorted] of this.#left) {
      const paths = unsorted.sort();
      lines.push(paths.length === 0 ? reason : `Only in the sandbox, not in the workspace (${reason}): ${name(paths)}.`);
    }
    return lines;
  }
}

function name(paths: readonly string[], between = ", "): string {
  const plain = paths.slice(0, MAX_NAMED).map((path) => path.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\ufffd"));
  const named = plain.map((path) => (path.length > 200 ? `${path.slice(0, 199)}…` : path));
  const more = paths.length - named.length;
  return `${named.join(between)}${more > 0 ? ` and ${more} more` : ""}`;
}

/** A sentence as a part of another one. */
export function clauseOf(sentence: string): string {
  return sentence.replace(/\.$/, "");
}

/** Why a file did not pass, as a clause. */
export function explainFault(error: unknown): string {
  switch (codeOf(error)) {
    case "EACCES":
    case "EPERM":
      return "it may not be opened by the bridge";
    case "ENOTDIR":
    case "ELOOP":
      return "a part of its way is no folder in the sandbox";
    case "EISDIR":
    case "ENOTEMPTY":
      return "a folder of that name is in the sandbox";
    case "ENAMETOOLONG":
      return "its name is too long for this machine";
    default:
      return `it could not be passed on: ${error instanceof Error ? error.message : String(error)}`;
  }
}
