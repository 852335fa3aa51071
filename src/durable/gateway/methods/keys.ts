// Keys of providers: which are there, giving one, taking it away, trying it. A key comes in and never goes out: answers
// say where it comes from and how it ends, nothing more.
import type { KeyNote } from "../../../contract/ports/directory.ts";
import type { View } from "../live/views.ts";
import { type Call, type Handlers, invalid, nameSession, notFound, unwrap } from "./method.ts";

type KeysMethod = "models.auth.list" | "models.auth.set" | "models.auth.remove" | "models.auth.test";

export const keys: Handlers<KeysMethod> = {
  "models.auth.list": async (params, { house }) => {
    const brief = await house.directory.brief(nameSession(undefined, params.agentId).key);
    const notes = new Map((await house.directory.keyNotes()).map((note) => [note.provider, note]));
    return {
      providers: house.listProviders(brief).map((provider) => ({
        provider: provider.id,
        name: provider.name,
        models: provider.models,
        needsKey: provider.apiKeyEnv !== undefined,
        ...(provider.apiKeyEnv === undefined ? {} : { variable: provider.apiKeyEnv, isVariableSet: provider.isVariableSet }),
        ...viewKey(notes.get(provider.id)),
      })),
    };
  },

  "models.auth.set": async (params, call) => {
    await mustKnow(call, params.provider);
    const test = params.force ? undefined : await tryKey(call, params.provider, params.key);
    if (test !== undefined && test.outcome !== "ok") return { saved: false, provider: params.provider, test };
    const note = unwrap(await call.house.directory.setProviderKey(params.provider, params.key));
    call.house.tell("config.changed", { reason: "keys" }, "readers");
    return { saved: true, provider: params.provider, ...viewKey(note), ...(test ? { test } : {}) };
  },

  "models.auth.remove": async (params, { house }) => {
    if (!(await house.directory.removeProviderKey(params.provider))) {
      throw notFound(`No key of "${params.provider}" was given here; one in a variable is taken away where it is set.`);
    }
    house.tell("config.changed", { reason: "keys" }, "readers");
    return { provider: params.provider, removed: true };
  },

  "models.auth.test": async (params, call) => {
    await mustKnow(call, params.provider);
    return { provider: params.provider, test: await tryKey(call, params.provider, params.key) };
  },
};

async function tryKey({ house }: Call, provider: string, given: string | undefined) {
  const brief = await house.directory.brief(nameSession(undefined, undefined).key);
  const key = given ?? (await house.directory.providerKeys()).keys[provider] ?? house.variableKey(provider, brief);
  if (key === undefined) throw notFound(`There is no key of "${provider}" to test. Give one first.`);
  return house.testKey(provider, key, brief);
}

async function mustKnow({ house }: Call, provider: string): Promise<void> {
  const brief = await house.directory.brief(nameSession(undefined, undefined).key);
  const known = house.listProviders(brief).map((row) => row.id);
  if (!known.includes(provider)) throw invalid(`There is no provider "${provider}". Providers: ${known.join(", ")}.`);
}

function viewKey(note: KeyNote | undefined): View {
  if (!note) return { state: "none" };
  return { state: note.state, setAtMs: note.setAt, ...(note.ending === undefined ? {} : { masked: `••••${note.ending}` }) };
}
