// The settings document: read, replace, merge, and its schema. What does not fit is refused by the Directory with
// path and reason, and the old document is kept.
import * as z from "zod";
import type { SettingsDocument } from "../../../contract/ports/directory.ts";
import { settingsSchema } from "../../../contract/settings.ts";
import type { View } from "../live/views.ts";
import { refreshLines } from "./home/lines.ts";
import { type Handlers, invalid, notFound, unwrap } from "./method.ts";

type SettingsMethod = "config.get" | "config.schema" | "config.schema.lookup" | "config.set" | "config.patch";

export const settings: Handlers<SettingsMethod> = {
  "config.get": async (_params, { house }) => viewDocument(await house.directory.settings()),

  "config.schema": (_params, { house }) => ({ schema: readSchema(), uiHints: {}, version: house.version }),

  "config.schema.lookup": (params) => {
    const found = lookUp(readSchema(), params.path.split(".").filter(Boolean));
    if (!found) throw notFound(`There is no setting "${params.path}".`);
    return { path: params.path, schema: found };
  },

  "config.set": async (params, { house }) => {
    const document = unwrap(await house.directory.setSettings(params.raw, params.baseHash));
    await refreshLines(house);
    house.tell("config.changed", { hash: document.hash }, "readers");
    return { ok: true, ...viewDocument(document) };
  },

  "config.patch": async (params, { house }) => {
    const patch = params.patch ?? parsePatch(params.raw);
    const document = unwrap(await house.directory.patchSettings(patch, params.baseHash));
    await refreshLines(house);
    house.tell("config.changed", { hash: document.hash }, "readers");
    return { ok: true, ...viewDocument(document) };
  },
};

/** No secret can be in it: keys are named there, never written. */
function viewDocument(document: SettingsDocument): View {
  const { raw, settings: parsed, hash, updatedAt } = document;
  return {
    path: "settings",
    exists: true,
    valid: true,
    raw,
    parsed,
    config: parsed,
    runtimeConfig: parsed,
    resolved: parsed,
    sourceConfig: parsed,
    hash,
    configRevisionHash: hash,
    updatedAt,
    issues: [],
    warnings: [],
  };
}

function parsePatch(raw: string | undefined): unknown {
  try {
    return JSON.parse(raw ?? "");
  } catch {
    throw invalid("invalid config.patch params: raw must be a JSON object (a merge patch; null removes a key)");
  }
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

function readSchema(): JsonSchema {
  return z.toJSONSchema(settingsSchema, { unrepresentable: "any" });
}

function lookUp(schema: JsonSchema, path: readonly string[]): JsonSchema | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return schema;
  const next =
    schema.properties?.[name] ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
  return typeof next === "object" ? lookUp(next, rest) : undefined;
}
