// The official OpenAI SDK, loaded once and on demand, and one client for each address and key.
import type { OpenAI } from "openai";
import type { ModelInfo, ProviderDeps } from "../port.ts";
import { clientCache, keyOf } from "./credentials.ts";

let clients: ((model: ModelInfo, deps: ProviderDeps) => OpenAI) | undefined;

export async function openAiClient(model: ModelInfo, deps: ProviderDeps): Promise<OpenAI> {
  keyOf(model, deps);
  if (!clients) {
    const { OpenAI } = await import("openai");
    clients = clientCache(
      (options) => new OpenAI({ ...options, organization: null, project: null, maxRetries: 0, logLevel: "off" }),
    );
  }
  return clients(model, deps);
}

/** Cache keys have at most 64 characters; session keys may have more. The end tells sessions apart best. */
export function cacheKeyOf(key: string): string {
  return key.length <= 64 ? key : key.slice(-64);
}
