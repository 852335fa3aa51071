// What is known about providers and models, and how a name becomes a model ready to be asked.
// Settings may add providers and models or override them; a model nobody knows works with FALLBACK_FACTS.
// Holds no keys: a key stays in its environment variable until a provider asks.
import type { ModelOverride, ProviderOverride } from "../../contract/admission.ts";
import { MODEL_ROWS, type ModelRow } from "./catalogue/model-rows.ts";
import { PROVIDER_ROWS, type ProviderRow, type Quirks } from "./catalogue/provider-rows.ts";
import type { ModelInfo } from "./port.ts";

export type Environment = Readonly<Record<string, string | undefined>>;
export type Overrides = Readonly<Record<string, ProviderOverride>>;

export const DEMO_REF = "demo/demo";
export const WORKERS_AI_REF = "workers-ai/@cf/zai-org/glm-4.7-flash";

/** Stand in for what is not known of a model. */
const FALLBACK_FACTS = { contextWindow: 128_000, maxTokens: 8_192 };
/** Servers at home usually load a model with a small window. */
const LOCAL_FACTS = { contextWindow: 32_768, maxTokens: 4_096 };
const FREE = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

const PROVIDERS = new Map(PROVIDER_ROWS.map((row) => [row.id, row]));
const MODELS = new Map(MODEL_ROWS.map((row) => [`${row[0]}/${row[1]}`, row]));
const OTHER_NAMES: Readonly<Record<string, string>> = {
  moonshotai: "moonshot",
  togetherai: "together",
  "z.ai": "zai",
  "lm-studio": "lmstudio",
  "llama.cpp": "llamacpp",
  "llama-cpp": "llamacpp",
  cloudflare: "workers-ai",
};

const STORED_KEY = "key of ";

/**
 * The environment with keys that were given in the page. Each gets a name that no variable can have, and wins over the
 * variable: whoever has just given a key expects it to be used.
 */
export function withKeys(env: Environment, keys: Readonly<Record<string, string>>): Environment {
  const named = Object.entries(keys).map(([provider, key]) => [STORED_KEY + provider, key]);
  return named.length === 0 ? env : { ...env, ...Object.fromEntries(named) };
}

/** Whether the model's key is one that was given in the page. */
export function hasStoredKey(model: ModelInfo): boolean {
  return model.apiKeyEnv?.startsWith(STORED_KEY) === true;
}

export function quirksOf(providerId: string): Quirks {
  return PROVIDERS.get(providerId)?.quirks ?? {};
}

/** Rows of the catalogue and, after them, the providers that only the settings know. */
export function listProviders(overrides: Overrides): ProviderRow[] {
  const added = Object.keys(overrides).filter((id) => !PROVIDERS.has(id));
  return [...PROVIDER_ROWS, ...added.map((id) => ({ id, name: id, api: "openai-completions" as const }))];
}

/** Ids of a provider's models, first choice first: what the settings name, then the catalogue. */
export function modelIdsOf(providerId: string, overrides: Overrides): string[] {
  const named = overrides[providerId]?.models?.map((model) => model.id) ?? [];
  const known = MODEL_ROWS.filter((row) => row[0] === providerId).map((row) => row[1]);
  return [...new Set([...named, ...known])];
}

/**
 * A model by its ref `provider/model`. Also read: a provider alone (its first model) and the bare id of a model in the
 * catalogue. Answers the reason, as a sentence for people, when the name leads nowhere.
 */
export function resolveModel(ref: string, overrides: Overrides, env: Environment): ModelInfo | { reason: string } {
  const wanted = ref.trim();
  const slash = wanted.indexOf("/");
  const head = (slash < 0 ? wanted : wanted.slice(0, slash)).toLowerCase();
  const providerId = OTHER_NAMES[head] ?? head;
  const override = overrides[providerId];
  const row = PROVIDERS.get(providerId) ?? (override && addedProvider(providerId));
  if (!row) return resolveBareId(wanted, overrides, env);
  const modelId = slash < 0 ? modelIdsOf(providerId, overrides)[0] : wanted.slice(slash + 1);
  if (!modelId) return { reason: `"${wanted}" names no model; write ${providerId}/<model>.` };
  const baseUrl = baseUrlOf(row, override, env);
  if (!baseUrl && row.api !== "workers-ai" && row.api !== "demo") {
    return { reason: `The provider "${providerId}" has no baseUrl in the settings (models.providers.${providerId}.baseUrl).` };
  }
  const model = describe(row, modelId, MODELS.get(`${providerId}/${modelId}`), override, baseUrl);
  const stored = STORED_KEY + providerId;
  return env[stored] ? { ...model, apiKeyEnv: stored } : model;
}

/** Whether what the model needs is there: a key, an address at home, a binding. */
export function isAvailable(model: ModelInfo, env: Environment, hasWorkersAi: boolean, overrides: Overrides = {}): boolean {
  const row = PROVIDERS.get(model.provider);
  if (model.api === "demo") return true;
  if (model.api === "workers-ai") return hasWorkersAi;
  if (model.apiKeyEnv) return Boolean(env[model.apiKeyEnv]);
  return Boolean(overrides[model.provider]?.baseUrl || (row?.baseUrlEnv && env[row.baseUrlEnv]));
}

function resolveBareId(wanted: string, overrides: Overrides, env: Environment): ModelInfo | { reason: string } {
  const found = MODEL_ROWS.find((row) => row[1].toLowerCase() === wanted.toLowerCase());
  if (found) return resolveModel(`${found[0]}/${found[1]}`, overrides, env);
  const known = PROVIDER_ROWS.map((row) => row.id).join(", ");
  return { reason: `No provider is known for "${wanted}". Write provider/model; providers: ${known}.` };
}

function addedProvider(id: string): ProviderRow {
  return { id, name: id, api: "openai-completions" };
}

function baseUrlOf(row: ProviderRow, override: ProviderOverride | undefined, env: Environment): string | undefined {
  const given = override?.baseUrl ?? (row.baseUrlEnv ? env[row.baseUrlEnv]?.trim() : undefined);
  if (!given) return row.baseUrl;
  const url = given.replace(/\/+$/, "");
  const api = override?.api ?? row.api;
  // The SDK of Anthropic adds /v1 itself; the one of OpenAI expects it in the address. People write either.
  if (api === "anthropic-messages") return url.replace(/\/v1$/, "");
  return isBareOrigin(url) ? `${url}/v1` : url;
}

function isBareOrigin(url: string): boolean {
  return /^https?:\/\/[^/]+$/.test(url);
}

function describe(
  row: ProviderRow,
  id: string,
  known: ModelRow | undefined,
  override: ProviderOverride | undefined,
  baseUrl: string | undefined,
): ModelInfo {
  const own: ModelOverride | undefined = override?.models?.find((model) => model.id === id);
  const standIn = { ...(row.isLocal ? LOCAL_FACTS : FALLBACK_FACTS), ...row.unknownModel };
  const apiKeyEnv = override?.apiKeyEnv ?? row.apiKeyEnv;
  const price = priceOf(row, known, own);
  return {
    provider: row.id,
    id,
    ref: `${row.id}/${id}`,
    name: own?.name ?? known?.[2] ?? id,
    api: override?.api ?? row.api,
    ...(baseUrl ? { baseUrl } : {}),
    ...(apiKeyEnv ? { apiKeyEnv } : {}),
    contextWindow: own?.contextWindow ?? known?.[3] ?? standIn.contextWindow,
    maxTokens: own?.maxTokens ?? known?.[4] ?? standIn.maxTokens,
    isReasoning: own?.reasoning ?? (known ? known[5].includes("r") : (row.unknownModel?.isReasoning?.test(id) ?? false)),
    acceptsImages: own?.input?.includes("image") ?? known?.[5].includes("i") ?? standIn.acceptsImages ?? false,
    acceptsDocuments: own?.input?.includes("document") ?? row.quirks?.documentModels?.test(id) ?? false,
    ...(price ? { price } : {}),
    isKnown: known !== undefined || own !== undefined,
  };
}

function priceOf(row: ProviderRow, known: ModelRow | undefined, own: ModelOverride | undefined): ModelInfo["price"] {
  const [input, output, cacheRead, cacheWrite] = known?.[6] ?? [];
  const cost = own?.cost;
  const price = {
    input: cost?.input ?? input,
    output: cost?.output ?? output,
    cacheRead: cost?.cacheRead ?? cacheRead ?? cost?.input ?? input,
    cacheWrite: cost?.cacheWrite ?? cacheWrite ?? cost?.input ?? input,
  };
  if (isPriced(price)) return price;
  return row.isLocal ? FREE : undefined;
}

function isPriced(price: Record<keyof typeof FREE, number | undefined>): price is typeof FREE {
  return Object.values(price).every((value) => value !== undefined);
}
