// Key and address of a model, and one SDK client for each pair: making one costs more than a request.
// A key leaves this file only inside a client.
import { ModelFailure } from "../../../contract/errors.ts";
import type { ModelInfo, ProviderDeps } from "../port.ts";

/** SDKs insist on a key; servers that need none get this word. */
const NO_KEY = "none";

export function keyOf(model: ModelInfo, deps: ProviderDeps): string {
  if (!model.apiKeyEnv) return NO_KEY;
  const key = deps.env[model.apiKeyEnv]?.trim();
  if (key) return key;
  throw new ModelFailure({ kind: "auth", model: model.ref, said: `${model.apiKeyEnv} is not set` });
}

/** Remembers what `make` made for the same fetch, address and key. */
export function clientCache<Client>(make: (options: { apiKey: string; baseURL: string; fetch: typeof fetch }) => Client) {
  const byFetch = new WeakMap<typeof fetch, Map<string, Client>>();
  return (model: ModelInfo, deps: ProviderDeps): Client => {
    const apiKey = keyOf(model, deps);
    const baseURL = model.baseUrl ?? "";
    const clients = byFetch.get(deps.fetch) ?? new Map<string, Client>();
    byFetch.set(deps.fetch, clients);
    const name = `${baseURL} ${apiKey}`;
    const known = clients.get(name);
    if (known) return known;
    const made = make({ apiKey, baseURL, fetch: deps.fetch });
    clients.set(name, made);
    return made;
  };
}
