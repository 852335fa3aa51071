// Which model answers: the one that is named, else the best for which a key is there, else Workers AI where the
// runtime has it, else the built-in demo. Says why, and what to set to get a better one.

import type { Overrides } from "./catalogue.ts";
import {
  DEMO_REF,
  type Environment,
  hasStoredKey,
  isAvailable,
  listProviders,
  modelIdsOf,
  resolveModel,
  WORKERS_AI_REF,
} from "./catalogue.ts";
import type { ModelInfo } from "./port.ts";

export interface ModelChoice {
  /** First choice first; the rest are asked when it cannot answer. Empty only when every name led nowhere. */
  models: ModelInfo[];
  /** For the start screen and /status: "ANTHROPIC_API_KEY is set". */
  why: string;
  /** What to set to get a better one; absent when there is nothing to say. */
  advice?: string;
  /** Names that led nowhere, as sentences. */
  problems: string[];
}

export interface ChoiceFacts {
  env: Environment;
  /** Refs from the brief, first choice first. */
  models: readonly string[];
  overrides: Overrides;
  hasWorkersAi: boolean;
}

const KEY_ADVICE = "Give a key in the page under Control, Models and keys, or start with ANTHROPIC_API_KEY or OPENAI_API_KEY set";

export function chooseModels(facts: ChoiceFacts): ModelChoice {
  const named = facts.env["SKERRY_MODEL"]?.trim();
  if (named) return resolveAll(named.split(/[\s,]+/), "SKERRY_MODEL names it", facts);
  if (facts.models.length > 0) return resolveAll(facts.models, "the settings name it", facts);
  const byKey = listAvailable(facts);
  const [first] = byKey;
  if (first) return { models: byKey, why: reasonFor(first, facts), problems: [] };
  if (facts.hasWorkersAi) {
    const advice = `${KEY_ADVICE}, for a stronger model.`;
    return { ...resolveAll([WORKERS_AI_REF], "no key is set and Workers AI is there", facts), advice };
  }
  const advice = `${KEY_ADVICE}, for a real model.`;
  return { ...resolveAll([DEMO_REF], "no key is set", facts), advice };
}

/** Every model that could be named, for `models.list`; those that can answer first, in catalogue order. */
export function listModels(facts: Omit<ChoiceFacts, "models">): (ModelInfo & { isAvailable: boolean })[] {
  const rows = listProviders(facts.overrides).flatMap((provider) =>
    modelIdsOf(provider.id, facts.overrides).flatMap((id) => {
      const model = resolveModel(`${provider.id}/${id}`, facts.overrides, facts.env);
      return "reason" in model
        ? []
        : [{ ...model, isAvailable: isAvailable(model, facts.env, facts.hasWorkersAi, facts.overrides) }];
    }),
  );
  return [...rows.filter((row) => row.isAvailable), ...rows.filter((row) => !row.isAvailable)];
}

/** The first model of each provider that has its key, or whose address at home is set. */
function listAvailable(facts: ChoiceFacts): ModelInfo[] {
  return listProviders(facts.overrides).flatMap((provider) => {
    if (provider.api === "demo" || provider.api === "workers-ai") return [];
    const id = modelIdsOf(provider.id, facts.overrides)[0];
    const model = id ? resolveModel(`${provider.id}/${id}`, facts.overrides, facts.env) : undefined;
    return model && !("reason" in model) && isAvailable(model, facts.env, false, facts.overrides) ? [model] : [];
  });
}

function resolveAll(refs: readonly string[], why: string, facts: ChoiceFacts): ModelChoice {
  const resolved = refs.filter((ref) => ref !== "").map((ref) => resolveModel(ref, facts.overrides, facts.env));
  const models = resolved.filter((model): model is ModelInfo => !("reason" in model));
  const problems = resolved.flatMap((model) => ("reason" in model ? [model.reason] : []));
  const [first] = models;
  if (!first) return { models, why: problems.join(" "), advice: `${KEY_ADVICE}.`, problems };
  const isReady = isAvailable(first, facts.env, facts.hasWorkersAi, facts.overrides);
  return { models, why, ...(isReady ? {} : adviceFor(first)), problems };
}

function adviceFor(model: ModelInfo): { advice?: string } {
  if (model.api === "workers-ai") return { advice: "Workers AI answers only when Skerry is deployed (npm run deploy)." };
  if (model.apiKeyEnv) return { advice: `${model.apiKeyEnv} is not set: ${model.ref} cannot answer without it.` };
  return {};
}

function reasonFor(model: ModelInfo, facts: ChoiceFacts): string {
  if (hasStoredKey(model)) return `a key for ${model.provider} was given in the page`;
  if (model.apiKeyEnv) return `${model.apiKeyEnv} is set`;
  return facts.overrides[model.provider]?.baseUrl ? "the settings give its address" : `the address of ${model.provider} is set`;
}
