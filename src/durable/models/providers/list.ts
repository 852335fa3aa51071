// Every protocol and its code, loaded when first used: an SDK costs start-up time that nobody pays who does not use it.
// A new protocol: one file and one line here.
import { classifyFailure } from "../failure.ts";
import type { ModelApi, Provider } from "../port.ts";

const LOADERS: Record<ModelApi, () => Promise<Provider>> = {
  "anthropic-messages": async () => (await import("./anthropic.ts")).askAnthropic,
  "openai-responses": async () => (await import("./openai-responses.ts")).askResponses,
  "openai-completions": async () => (await import("./openai-completions.ts")).askCompletions,
  "workers-ai": async () => (await import("./workers-ai.ts")).askWorkersAi,
  demo: async () => (await import("../demo/demo.ts")).askDemo,
};

/** Loads a protocol's code ahead of its first use. */
export async function loadProvider(api: ModelApi): Promise<void> {
  await LOADERS[api]();
}

/** Asks by the model's protocol and holds the contract of Provider: only ModelFailure or the signal's reason comes out. */
export const askProvider: Provider = async function* (request, deps) {
  let hasBegun = false;
  try {
    request.signal.throwIfAborted();
    const provider = await LOADERS[request.model.api]();
    const stream = provider(request, deps);
    while (true) {
      const step = await stream.next();
      if (step.done) {
        request.signal.throwIfAborted();
        return step.value;
      }
      hasBegun = true;
      yield step.value;
    }
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    const key = request.model.apiKeyEnv ? deps.env[request.model.apiKeyEnv] : undefined;
    throw classifyFailure(error, { model: request.model.ref, secrets: [key], hasBegun, now: deps.now() });
  }
};
