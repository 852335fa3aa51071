// Puts together what methods work with: the other objects, the stores, and the parts of this one.
import type { Brief } from "../../contract/admission.ts";
import { VERSION } from "../../contract/version.ts";
import { type Env, textVariables } from "../env.ts";
import { intake } from "../intake.ts";
import { storeMedia } from "../media.ts";
import { listProviders, modelIdsOf, resolveModel, withKeys } from "../models/catalogue.ts";
import { chooseModels, listModels } from "../models/choice.ts";
import { testKey } from "../models/key-test.ts";
import { directoryOf, sessionOf, workspaceOf } from "../stubs.ts";
import type { House } from "./methods/method.ts";

type FromGateway =
  | "access"
  | "presence"
  | "log"
  | "startedAt"
  | "screenCount"
  | "tell"
  | "waitFor"
  | "dropDevice"
  | "sessionOfRun";

export function makeHouse(env: Env, own: Pick<House, FromGateway>): House {
  const directory = directoryOf(env);
  const session = (key: string) => sessionOf(env, key);
  const variables = textVariables(env);
  const hasWorkersAi = env.AI !== undefined && env.SKERRY_RUNTIME !== "local";
  const factsFor = (brief: Brief) => ({ env: withKeys(variables, keyWords(brief)), hasWorkersAi, overrides: brief.providers });
  return {
    ...own,
    now: Date.now,
    version: typeof env["SKERRY_VERSION"] === "string" ? env["SKERRY_VERSION"] : VERSION,
    directory,
    session,
    workspace: (agentId) => workspaceOf(env, agentId),
    intake: (message, wishes, wanted) => intake({ directory, session }, message, wishes, wanted),
    storeMedia: (bytes, name) => storeMedia(env.MEDIA, bytes, name),
    chooseModels: (brief) => chooseModels({ ...factsFor(brief), models: brief.models }),
    sessionModel: (brief, override) => {
      const facts = factsFor(brief);
      const own = override === undefined ? undefined : resolveModel(override, facts.overrides, facts.env);
      return own && !("reason" in own) ? own : chooseModels({ ...facts, models: brief.models }).models[0];
    },
    listModels: (brief) => listModels(factsFor(brief)),
    listProviders: (brief) =>
      listProviders(brief.providers)
        .filter((row) => row.api !== "demo" && row.api !== "workers-ai")
        .map((row) => {
          const apiKeyEnv = brief.providers[row.id]?.apiKeyEnv ?? row.apiKeyEnv;
          return {
            id: row.id,
            name: row.name,
            models: modelIdsOf(row.id, brief.providers).length,
            ...(apiKeyEnv ? { apiKeyEnv } : {}),
            isVariableSet: Boolean(apiKeyEnv && variables[apiKeyEnv]),
          };
        }),
    variableKey: (provider, brief) => {
      const row = listProviders(brief.providers).find((candidate) => candidate.id === provider);
      const name = brief.providers[provider]?.apiKeyEnv ?? row?.apiKeyEnv;
      return name ? variables[name]?.trim() || undefined : undefined;
    },
    testKey: (provider, key, brief) =>
      testKey(
        { provider, key, overrides: brief.providers, wanted: brief.models },
        { env: variables, fetch: (input, init) => fetch(input, init), now: Date.now },
      ),
  };
}

/** The Gateway knows which keys were given, not the keys: a word stands for each. */
function keyWords(brief: Brief): Record<string, string> {
  return Object.fromEntries((brief.keyedProviders ?? []).map((provider) => [provider, "given"]));
}
