// The skills of an agent: those in its workspace and those that came with Skerry, each offered to the model or not, with the reason.
// A skill is called by the name of its folder; one of the workspace hides a bundled one of the same name.
import type { SkillInfo } from "../../../contract/ports/workspace.ts";
import type { Sql } from "../../storage/sql.ts";
import type { Files } from "../files/files.ts";
import type { Mount } from "../files/mount.ts";
import { markOf } from "../mark.ts";
import { comparePaths } from "../paths.ts";
import type { SkillNeeds, SkillReading } from "./skill-file.ts";

const SKILLS_FOLDER = "skills";
const SKILL_FILE = "SKILL.md";
const MAX_OFFERED_SKILLS = 150;
const MAX_OFFERED_CHARS = 18_000;
/** Room that one line of the list takes beside name and description. */
const LINE_CHARS = 6;
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/i;

/** What the place offers to a skill. */
export interface SkillGround {
  /** Programs of the shell that `exec` runs. */
  commands: ReadonlySet<string>;
  hasVariable(name: string): boolean;
}

/** Skills switched on or off in the settings, by name. */
export type SkillSwitches = Readonly<Record<string, boolean>>;

interface FoundSkill {
  path: string;
  source: SkillInfo["source"];
  reading: SkillReading;
}

export class SkillShelf {
  readonly #sql: Sql;
  readonly #files: Files;
  readonly #ground: SkillGround;
  readonly #bundled: { path: string; bytes: Uint8Array; mark: string }[];

  constructor(sql: Sql, files: Files, mount: Mount, ground: SkillGround) {
    this.#sql = sql;
    this.#files = files;
    this.#ground = ground;
    this.#bundled = mount.below(SKILLS_FOLDER, true).flatMap(({ path }) => {
      const bytes = isSkillPath(path) ? mount.bytes(path) : undefined;
      return bytes ? [{ path, bytes, mark: markOf(new TextDecoder().decode(bytes)) }] : [];
    });
  }

  /** Takes note of a changed file; call it in the transaction of the change. */
  note(path: string): void {
    if (isSkillPath(path)) this.#sql.run("DELETE FROM skill_readings WHERE path = ? AND source = 'workspace'", path);
  }

  /** All skills by name. At most 150 are offered, in at most 18,000 characters; the agent's own come first. */
  async list(switches: SkillSwitches = {}): Promise<SkillInfo[]> {
    let count = 0;
    let chars = 0;
    const infos = (await this.#find()).map((skill) => {
      const info = this.#judge(skill, switches);
      if (!info.isEnabled) return info;
      chars += info.name.length + info.description.length + LINE_CHARS;
      count += 1;
      if (count <= MAX_OFFERED_SKILLS && chars <= MAX_OFFERED_CHARS) return info;
      const reason = `there is room for ${MAX_OFFERED_SKILLS} skills in ${MAX_OFFERED_CHARS} characters; remove or shorten others`;
      return { ...info, isEnabled: false, reason };
    });
    return infos.sort(comparePaths);
  }

  /** Own skills, then bundled ones. What was read before is a row: no YAML is parsed, and its parser not loaded. */
  async #find(): Promise<FoundSkill[]> {
    const read = this.#isAllRead() ? undefined : await loadReader();
    // Nothing waits from here on: what is read, kept and listed is one state of the files.
    const known = this.#readings();
    const recall = (path: string, source: SkillInfo["source"], mark: string, bytes: () => Uint8Array | undefined): FoundSkill => {
      const kept = known.get(mark + path);
      if (kept) return { path, source, reading: kept };
      const body = bytes();
      const reading: SkillReading = read && body ? read(body) : { ok: false, reason: "SKILL.md is too large" };
      this.#sql.run("INSERT OR REPLACE INTO skill_readings VALUES (?, ?, ?, ?)", path, source, mark, JSON.stringify(reading));
      return { path, source, reading };
    };
    const ownPaths = this.#files.pathsOfEach(SKILLS_FOLDER, SKILL_FILE);
    const own = ownPaths.map((path) => recall(path, "workspace", "", () => this.#files.readInline(path)));
    const bundled = this.#bundled.map(({ path, bytes, mark }) => recall(path, "bundled", mark, () => bytes));
    return [...own, ...bundled.filter(({ path }) => !ownPaths.includes(path))];
  }

  #isAllRead(): boolean {
    const known = this.#readings();
    const own = this.#files.pathsOfEach(SKILLS_FOLDER, SKILL_FILE);
    return own.every((path) => known.has(path)) && this.#bundled.every(({ path, mark }) => known.has(mark + path));
  }

  /** By mark and path; own skills have no mark. */
  #readings(): Map<string, SkillReading> {
    const rows = this.#sql.all<{ path: string; mark: string; reading: string }>("SELECT path, mark, reading FROM skill_readings");
    return new Map(rows.map((row) => [row.mark + row.path, JSON.parse(row.reading) as SkillReading]));
  }

  #judge({ path, source, reading }: FoundSkill, switches: SkillSwitches): SkillInfo {
    const name = path.split("/")[1] ?? "";
    const description = reading.ok ? reading.head.description : "";
    const reason = this.#whyNot(name, reading, switches);
    return { name, description, path, source, isEnabled: reason === undefined, ...(reason === undefined ? {} : { reason }) };
  }

  #whyNot(name: string, reading: SkillReading, switches: SkillSwitches): string | undefined {
    if (!NAME.test(name)) return "the name of its folder may only have letters, digits, - and _";
    if (!reading.ok) return reading.reason;
    if (Object.hasOwn(switches, name) && switches[name] === false) return "switched off in the settings";
    if (reading.head.isHidden) return "only used when a person asks for it (disable-model-invocation)";
    return this.#unmet(reading.head.needs);
  }

  #unmet(needs: SkillNeeds): string | undefined {
    if (needs.isAlways) return undefined;
    const { commands, hasVariable } = this.#ground;
    const bins = needs.bins.filter((bin) => !commands.has(bin));
    const env = needs.env.filter((variable) => !hasVariable(variable));
    if (needs.os.length > 0 && !needs.os.includes("linux")) return `needs ${needs.os.join(" or ")}`;
    if (bins.length > 0) return `needs a program that is not here: ${bins.join(", ")}`;
    if (needs.anyBins.length > 0 && !needs.anyBins.some((bin) => commands.has(bin))) {
      return `needs one of these programs, and none is here: ${needs.anyBins.join(", ")}`;
    }
    if (env.length > 0) return `needs a variable or secret that is not set: ${env.join(", ")}`;
    if (needs.config.length > 0) return `needs a setting that Skerry does not have: ${needs.config.join(", ")}`;
    return undefined;
  }
}

async function loadReader(): Promise<(bytes: Uint8Array) => SkillReading> {
  return (await import("./skill-file.ts")).readSkill;
}

/** Whether `path` is where a skill's text stands: skills/<name>/SKILL.md. */
export function isSkillPath(path: string): boolean {
  const names = path.split("/");
  return names.length === 3 && names[0] === SKILLS_FOLDER && names[2] === SKILL_FILE;
}
