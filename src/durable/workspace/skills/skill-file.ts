// Reads a SKILL.md: the front matter in OpenClaw's words, and what the skill asks of the place it runs in.
// A skill that cannot be read is still listed, with the reason, so that its writer learns what to mend.
import { parse } from "yaml";

export interface SkillNeeds {
  isAlways: boolean;
  os: string[];
  bins: string[];
  anyBins: string[];
  env: string[];
  config: string[];
}

export interface SkillHead {
  description: string;
  /** Offered only when a person asks for it by name. */
  isHidden: boolean;
  needs: SkillNeeds;
}

export type SkillReading = { ok: true; head: SkillHead } | { ok: false; reason: string };

const MAX_SKILL_BYTES = 256_000;
const MAX_DESCRIPTION_CHARS = 400;
const FRONT_MATTER = /^\ufeff?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/;

export function readSkill(bytes: Uint8Array): SkillReading {
  if (bytes.byteLength > MAX_SKILL_BYTES) {
    return {
      ok: false,
      reason: `SKILL.md is larger than ${MAX_SKILL_BYTES / 1000} KB; move details to other files of the skill`,
    };
  }
  const front = FRONT_MATTER.exec(new TextDecoder().decode(bytes))?.[1];
  if (front === undefined) return { ok: false, reason: 'SKILL.md does not start with front matter between two "---" lines' };
  let fields: unknown;
  try {
    fields = parse(front, { maxAliasCount: 10, logLevel: "error" });
  } catch (cause) {
    const said = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
    return { ok: false, reason: `the front matter of SKILL.md is not valid YAML: ${said}` };
  }
  const head = asMap(fields);
  const description = typeof head["description"] === "string" ? head["description"].replace(/\s+/g, " ").trim() : "";
  if (description === "") return { ok: false, reason: 'the front matter of SKILL.md has no "description"' };
  return {
    ok: true,
    head: {
      description: shorten(description),
      isHidden: head["disable-model-invocation"] === true,
      needs: readNeeds(head["metadata"]),
    },
  };
}

function readNeeds(metadata: unknown): SkillNeeds {
  const all = asMap(typeof metadata === "string" ? parseJson(metadata) : metadata);
  const own = asMap(all["openclaw"] ?? all["clawdbot"] ?? all["clawdis"]);
  const requires = asMap(own["requires"]);
  return {
    isAlways: own["always"] === true,
    os: asNames(own["os"]),
    bins: asNames(requires["bins"]),
    anyBins: asNames(requires["anyBins"]),
    env: asNames(requires["env"]),
    config: asNames(requires["config"]),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asMap(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}

function asNames(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((item): item is string => typeof item === "string" && item !== "");
}

function shorten(text: string): string {
  return text.length <= MAX_DESCRIPTION_CHARS ? text : `${text.slice(0, MAX_DESCRIPTION_CHARS - 1).toWellFormed()}…`;
}
