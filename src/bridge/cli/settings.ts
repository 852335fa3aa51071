// `skerry config get|set|schema`: the settings document, by dotted path. A value that does not fit is refused by Skerry
// with path and reason, and the old document stays.
import { GatewayError } from "../../contract/errors.ts";
import { EXIT } from "./exit-code.ts";
import { type Question, withClient } from "./question.ts";

interface SettingsAnswer {
  parsed: unknown;
  hash: string;
}

export async function getSetting(question: Question, path: string | undefined): Promise<number> {
  const { parsed } = await withClient(question, (client) => client.request<SettingsAnswer>("config.get", {}));
  const value = path === undefined ? parsed : lookUp(parsed, path);
  if (value === undefined) {
    question.terminal.remark(`${path} is not set. skerry config schema says what can be.`);
    return EXIT.failed;
  }
  question.terminal.print(
    question.isJson ? JSON.stringify(value) : typeof value === "string" ? value : JSON.stringify(value, null, 2),
  );
  return EXIT.ok;
}

/** Sets one key; `null` removes it. What is no JSON is taken as text. */
export async function setSetting(question: Question, path: string, text: string): Promise<number> {
  const names = path.split(".").filter((name) => name !== "");
  if (names.length === 0)
    throw new GatewayError({ code: "INVALID_REQUEST", message: "Say which setting, like agents.defaults.model." });
  const patch = names.reduceRight<unknown>((value, name) => ({ [name]: value }), readValue(text));
  const changed = await withClient(question, async (client) => {
    const { hash } = await client.request<SettingsAnswer>("config.get", {});
    return client.request<SettingsAnswer>("config.patch", { patch: patch as Record<string, unknown>, baseHash: hash });
  });
  const value = lookUp(changed.parsed, path);
  if (question.isJson) question.terminal.print(JSON.stringify(changed.parsed));
  else question.terminal.print(value === undefined ? `${path} is no longer set.` : `${path} is now ${JSON.stringify(value)}.`);
  return EXIT.ok;
}

export async function showSchema(question: Question, path: string | undefined): Promise<number> {
  const { schema } = await withClient(question, (client) =>
    path === undefined
      ? client.request<{ schema: unknown }>("config.schema", {})
      : client.request<{ schema: unknown }>("config.schema.lookup", { path }),
  );
  question.terminal.print(JSON.stringify(schema, null, question.isJson ? 0 : 2));
  return EXIT.ok;
}

function lookUp(value: unknown, path: string): unknown {
  return path
    .split(".")
    .filter((name) => name !== "")
    .reduce<unknown>((found, name) => (isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined), value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
