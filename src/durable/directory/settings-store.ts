// The settings document: one row now, earlier ones kept for the way back. What does not fit the schema is refused with
// path and reason, and the old document stays.
import type { GatewayErrorData, Outcome } from "../../contract/errors.ts";
import { SettingsRefused } from "../../contract/errors.ts";
import type { SettingsDocument } from "../../contract/ports/directory.ts";
import { DEFAULT_SETTINGS, type Settings, settingsSchema } from "../../contract/settings.ts";
import type { Sql } from "../storage/sql.ts";
import { refusePattern } from "./admission/mention.ts";

const MAX_CHARS = 500_000;
const KEPT_VERSIONS = 50;

export class SettingsStore {
  readonly #sql: Sql;
  #document: SettingsDocument | undefined;
  #version: number | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get(): SettingsDocument {
    if (!this.#document) {
      const row = this.#sql.one<{ raw: string; hash: string; at: number }>(
        "SELECT raw, hash, at FROM settings ORDER BY id DESC LIMIT 1",
      );
      this.#document = row
        ? { settings: JSON.parse(row.raw) as Settings, raw: row.raw, hash: row.hash, updatedAt: row.at }
        : { settings: DEFAULT_SETTINGS, raw: "{}", hash: "empty", updatedAt: 0 };
    }
    return this.#document;
  }

  /** Counts up with every change. */
  version(): number {
    this.#version ??= this.#sql.one<{ id: number | null }>("SELECT max(id) AS id FROM settings")?.id ?? 0;
    return this.#version;
  }

  async set(raw: string, baseHash: string | undefined, now: number): Promise<Outcome<SettingsDocument>> {
    const parsed = parseSettings(raw);
    if (!parsed.ok) return parsed;
    const issues = await refusePatterns(parsed.value);
    if (issues.length > 0) return refuse(issues);
    const hash = await hashOf(raw);
    const current = this.get();
    if (baseHash !== undefined && baseHash !== current.hash) {
      const message = "The settings were changed by someone else meanwhile. Read them again, then repeat your change.";
      return { ok: false, error: { code: "CONFLICT", message, details: { currentHash: current.hash } } };
    }
    this.#sql.run("INSERT INTO settings (raw, hash, at) VALUES (?, ?, ?)", raw, hash, now);
    this.#sql.run("DELETE FROM settings WHERE id <= (SELECT max(id) FROM settings) - ?", KEPT_VERSIONS);
    this.#document = { settings: parsed.value, raw, hash, updatedAt: now };
    this.#version = undefined;
    return { ok: true, value: this.#document };
  }

  async patch(patch: unknown, baseHash: string | undefined, now: number): Promise<Outcome<SettingsDocument>> {
    const merged = mergePatch(this.get().settings, patch);
    return this.set(JSON.stringify(merged, null, 2), baseHash, now);
  }
}

export function parseSettings(raw: string): Outcome<Settings> {
  if (raw.length > MAX_CHARS) return refuse([{ path: "", reason: `is longer than ${MAX_CHARS} characters` }]);
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch (error) {
    return refuse([{ path: "", reason: `is no JSON: ${error instanceof Error ? error.message : "cannot be read"}` }]);
  }
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return refuse(
    parsed.error.issues.slice(0, 20).map((issue) => ({
      path: issue.path.map(String).join("."),
      reason: issue.code === "unrecognized_keys" ? `has unknown keys: ${issue.keys.join(", ")}` : issue.message,
    })),
  );
}

/** What the schema cannot see: whether a pattern can be read and is not too heavy. */
async function refusePatterns(settings: Settings): Promise<{ path: string; reason: string }[]> {
  const patterns = settings.messages?.groupChat?.mentionPatterns ?? [];
  const refused = await Promise.all(
    patterns.map(async (pattern, index) => ({
      path: `messages.groupChat.mentionPatterns.${index}`,
      reason: await refusePattern(pattern),
    })),
  );
  return refused.flatMap(({ path, reason }) => (reason === undefined ? [] : [{ path, reason }]));
}

/** RFC 7396: null removes, objects merge, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    // A patch is JSON from outside: names that reach an object's prototype are dropped.
    if (name === "__proto__" || name === "constructor" || name === "prototype") continue;
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(issues: { path: string; reason: string }[]): { ok: false; error: GatewayErrorData } {
  return { ok: false, error: { code: "INVALID_REQUEST", message: new SettingsRefused(issues).message, details: { issues } } };
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest).slice(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
