// Whether a provider takes a key: one tiny question, asked once, and what came of it in a sentence for a person. A failure
// that lies elsewhere (no credit, a rate limit, no such model) says that the key itself is right.
import { ModelFailure, type ModelFailureKind } from "../../contract/errors.ts";
import { ask } from "./ask.ts";
import { type Environment, listProviders, modelIdsOf, type Overrides, resolveModel, withKeys } from "./catalogue.ts";
import type { ModelInfo, ProviderDeps } from "./port.ts";

export interface KeyTest {
  /** `no-model`: there is nothing to ask. */
  outcome: "ok" | ModelFailureKind | "no-model";
  /** One sentence, and what to do next. */
  message: string;
  /** Ref of the model that was asked. */
  model?: string;
  tookMs: number;
}

export interface KeyTestRequest {
  provider: string;
  key: string;
  overrides: Overrides;
  /** Refs the settings name; one of this provider is asked rather than its first. */
  wanted: readonly string[];
}

const TIMEOUT_MS = 20_000;
/** Some protocols refuse to write fewer. */
const ANSWER_TOKENS = 32;

export function providerName(provider: string, overrides: Overrides): string | undefined {
  return listProviders(overrides).find((row) => row.id === provider)?.name;
}

export async function testKey(request: KeyTestRequest, deps: ProviderDeps): Promise<KeyTest> {
  const startedAt = deps.now();
  const env = withKeys(deps.env, { [request.provider]: request.key });
  const name = providerName(request.provider, request.overrides) ?? request.provider;
  const model = modelToAsk(request, env);
  if ("reason" in model) return { outcome: "no-model", message: model.reason, tookMs: 0 };
  const failure = await askOnce(model, { ...deps, env });
  const tookMs = deps.now() - startedAt;
  const outcome = failure === undefined || failure.data.kind === "refused" ? "ok" : failure.data.kind;
  return { outcome, message: sentenceFor(outcome, name, model, failure?.data.said), model: model.ref, tookMs };
}

function modelToAsk({ provider, overrides, wanted }: KeyTestRequest, env: Environment): ModelInfo | { reason: string } {
  const named = wanted.find((ref) => ref.startsWith(`${provider}/`)) ?? modelIdsOf(provider, overrides)[0];
  if (named === undefined) {
    return {
      reason: `No model of ${provider} is known, so the key cannot be tested. Name one in the settings (models.providers.${provider}.models), or save the key as it is.`,
    };
  }
  return resolveModel(named.startsWith(`${provider}/`) ? named : `${provider}/${named}`, overrides, env);
}

async function askOnce(model: ModelInfo, deps: ProviderDeps): Promise<ModelFailure | undefined> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    await ask(
      {
        models: [model],
        system: { stable: "Answer with one word.", volatile: "" },
        messages: [{ role: "user", parts: [{ type: "text", text: "Ready?" }] }],
        tools: [],
        thinking: "off",
        maxTokens: ANSWER_TOKENS,
        cacheKey: "key-test",
        signal,
      },
      deps,
      // No waiting: what would be tried again is told at once.
      { longestWaitMs: 0, idleMs: TIMEOUT_MS },
    );
    return undefined;
  } catch (error) {
    if (error instanceof ModelFailure) return error;
    if (signal.aborted) return new ModelFailure({ kind: "timeout", model: model.ref });
    throw error;
  }
}

function sentenceFor(outcome: Exclude<KeyTest["outcome"], "no-model">, name: string, model: ModelInfo, said?: string): string {
  const quoted = said ? ` It said: “${said}”.` : "";
  switch (outcome) {
    case "ok":
      return `${name} accepts the key; ${model.name} answered.`;
    case "auth":
      return `${name} does not accept this key. Copy it once more, whole, from your account there.${quoted}`;
    case "billing":
      return `The key is right, but the account at ${name} has no credit. Top it up, then test again.${quoted}`;
    case "limited":
      return `${name} knows the key, but its rate limit is reached just now. Wait a minute and test again.${quoted}`;
    case "not-found":
      return `${name} does not offer ${model.id} to this key. Choose another model, or save the key anyway.${quoted}`;
    case "overloaded":
      return `${name} is overloaded, so the key could not be tested. Try again in a moment.${quoted}`;
    case "timeout":
      return `${name} did not answer within ${TIMEOUT_MS / 1000} seconds, so the key could not be tested. Try again.${quoted}`;
    case "refused":
    case "too-long":
    case "bad-request":
      return `${name} could not read the test question. Check the provider's address and protocol in the settings.${quoted}`;
    case "cut":
    case "unknown":
      return `${name} could not be reached at ${model.baseUrl ?? "its address"}, so the key could not be tested. Check the address and try again.${quoted}`;
    default:
      return outcome satisfies never;
  }
}
