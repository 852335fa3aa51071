// What every turn starts from: the files that shape the agent, and its skills. Asked once a turn, so "unchanged" costs one row.
// `note` is told of every change inside its transaction; the fingerprint is the count of changes that matter to the prompt.
import { newSecret } from "../../contract/id.ts";
import type { Bootstrap } from "../../contract/ports/workspace.ts";
import type { Sql } from "../storage/sql.ts";
import type { Files } from "./files/files.ts";
import { markOf } from "./mark.ts";
import { capText } from "./prompt-text.ts";
import { isSkillPath, type SkillShelf, type SkillSwitches } from "./skills/skill-shelf.ts";

/** In prompt order. */
export const PROMPT_FILES = ["AGENTS.md", "SOUL.md", "TOOLS.md", "IDENTITY.md", "USER.md", "MEMORY.md"] as const;
/** There while the agent does not know yet who it is and whom it serves. */
export const FIRST_RUN_FILE = "BOOTSTRAP.md";
const MAX_FILE_CHARS = 20_000;
const MAX_USER_CHARS = 4000;
const MAX_TOTAL_CHARS = 60_000;

const PROMPT_PATHS: ReadonlySet<string> = new Set([...PROMPT_FILES, FIRST_RUN_FILE]);

interface State {
  origin: string;
  revision: number;
}

export class PromptSource {
  readonly #sql: Sql;
  readonly #shelf: SkillShelf;
  readonly #files: Files;
  /** Stands for everything that comes with the code: bundled skills and what they find here. */
  readonly #codeMark: string;
  #made: Bootstrap | undefined;

  constructor(sql: Sql, files: Files, shelf: SkillShelf, codeMark: string) {
    this.#sql = sql;
    this.#files = files;
    this.#shelf = shelf;
    this.#codeMark = codeMark;
  }

  /** Writes the templates into a workspace that was never used; one row read otherwise. */
  settle(writeTemplates: () => void): void {
    if (this.#state()) return;
    this.#sql.transaction(() => {
      writeTemplates();
      this.#sql.run("INSERT INTO prompt_state (only, origin, revision) VALUES (1, ?, 1)", newSecret(6));
    });
  }

  /** Takes note of a changed path; call it in the transaction of the change. */
  note(path: string): void {
    if (PROMPT_PATHS.has(path) || isSkillPath(path))
      this.#sql.run("UPDATE prompt_state SET revision = revision + 1 WHERE only = 1");
  }

  async read(
    knownFingerprint?: string,
    switches: SkillSwitches = {},
  ): Promise<Bootstrap | { fingerprint: string; unchanged: true }> {
    const fingerprint = this.#fingerprint(switches);
    if (fingerprint === knownFingerprint) return { fingerprint, unchanged: true };
    if (this.#made?.fingerprint === fingerprint) return this.#made;
    const made = await this.#make(fingerprint, switches);
    this.#made = made;
    return made;
  }

  async #make(fingerprint: string, switches: SkillSwitches): Promise<Bootstrap> {
    const skills = await this.#shelf.list(switches);
    const files: Bootstrap["files"] = [];
    let left = MAX_TOTAL_CHARS;
    const decoder = new TextDecoder();
    const isFirstRun = this.#files.isFile(FIRST_RUN_FILE);
    for (const name of isFirstRun ? [...PROMPT_FILES, FIRST_RUN_FILE] : PROMPT_FILES) {
      const isMissing = !this.#files.isFile(name);
      const bytes = this.#files.readInline(name);
      // A body in R2 is hundreds of kilobytes: never for the prompt. Say so instead of waiting for it.
      const whole = bytes
        ? decoder.decode(bytes)
        : isMissing
          ? ""
          : `[${name} is too large to be shown here; read it in parts, then shorten it.]`;
      const text = capText(name, whole, Math.min(left, name === "USER.md" ? MAX_USER_CHARS : MAX_FILE_CHARS));
      left = Math.max(0, left - text.length);
      files.push({ name, text, isMissing });
    }
    return { fingerprint, files, skills, isFirstRun };
  }

  #fingerprint(switches: SkillSwitches): string {
    const state = this.#state();
    const off = Object.keys(switches)
      .filter((name) => switches[name] === false)
      .sort();
    return [state?.origin, state?.revision, this.#codeMark, ...(off.length > 0 ? [markOf(off.join())] : [])].join("-");
  }

  #state(): State | undefined {
    return this.#sql.one<State>("SELECT origin, revision FROM prompt_state WHERE only = 1");
  }
}
