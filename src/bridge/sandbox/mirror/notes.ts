// What somebody should know of a comparison of an agent's files, as lines among the output of the command.

import { codeOf } from "./tree.ts";

const MAX_NAMED = 10;

/** How it is said that what changed is still on this machine alone. */
export const NOT_BACK = "What changed in the sandbox is not among the agent's files yet";

export interface Note {
  text: string;
  /** Which files it is about; absent: all of them. */
  paths?: readonly string[];
  /** It was said before and is so still: it is for whoever is at these very files. */
  isOld?: boolean;
}

export type Say = (note: Note) => void;

export class Notes {
  readonly #conflicts: { path: string; beside: string }[] = [];
  readonly #restored: string[] = [];
  readonly #left = new Map<string, string[]>();
  readonly #old = new Map<string, string[]>();
  readonly #said: Note[] = [];
  readonly #told: Set<string>;

  /** `told`: what was said before, of things that stay as they are. */
  constructor(told: Set<string>) {
    this.#told = told;
  }

  conflict(path: string, beside: string): void {
    this.#conflicts.push({ path, beside });
  }

  restored(path: string): void {
    this.#restored.push(path);
  }

  /** It stays in the sandbox alone, for a reason that is a clause: "links are not passed on". */
  left(path: string, reason: string): void {
    const key = `${reason}: ${path}`;
    const found = this.#told.has(key) ? this.#old : this.#left;
    this.#told.add(key);
    const paths = found.get(reason);
    if (paths) paths.push(path);
    else found.set(reason, [path]);
  }

  /** Said every time. */
  say(note: Note): void {
    this.#said.push(note);
  }

  all(): Note[] {
    const notes: Note[] = [];
    if (this.#conflicts.length > 0) {
      const each = this.#conflicts.map(({ path, beside }) => `${path} (the sandbox's version is ${beside})`);
      notes.push({
        text: `Changed in the workspace, too, while the sandbox had them; the workspace's stay: ${name(each, "; ")}.`,
        paths: this.#conflicts.flatMap(({ path, beside }) => [path, beside]),
      });
    }
    if (this.#restored.length > 0) {
      notes.push({
        text: `Removed in the sandbox, but changed in the workspace meanwhile, so they are there again: ${name(this.#restored)}.`,
        paths: this.#restored,
      });
    }
    const leftOf = (found: ReadonlyMap<string, string[]>) =>
      [...found].map(([reason, unsorted]) => {
        const paths = unsorted.sort();
        return { text: `Only in the sandbox, not in the workspace (${reason}): ${name(paths)}.`, paths };
      });
    const old = leftOf(this.#old).map((note) => ({ ...note, isOld: true }));
    return [...notes, ...this.#said, ...leftOf(this.#left), ...old];
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
