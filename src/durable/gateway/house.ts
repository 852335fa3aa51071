// Puts together what methods work with: the other objects, the stores, and the parts of this one.
import type { Brief } from "../../contract/admission.ts";
import type { PlatformPort } from "../../contract/channels/channel.ts";
import type { DeliveryPort } from "../../contract/channels/delivery.ts";
import { VERSION } from "../../contract/version.ts";
import { type Env, textVariables } from "../env.ts";
import { intake } from "../intake.ts";
import { storeMedia } from "../media.ts";
import { listProviders, modelIdsOf, resolveModel, withKeys } from "../models/catalogue.ts";
import { chooseModels, listModels } from "../models/choice.ts";
import { testKey } from "../models/key-test.ts";
import { directoryOf, sessionOf, workspaceOf } from "../stubs.ts";
import type { House, StoredCounts } from "./methods/method.ts";

const MAX_WORKSPACES = 20;
const OBJECTS_FRESH_MS = 600_000;

type FromGateway =
  | "access"
  | "homes"
  | "presence"
  | "log"
  | "startedAt"
  | "storedBytes"
  | "screenCount"
  | "tell"
  | "tellOthers"
  | "waitFor"
  | "dropDevice"
  | "dropOthers"
  | "sessionOfRun";

/** The Worker's entry points; their types are not known to the compiler. */
interface Exported {
  Delivery: DeliveryPort;
  ChannelDesk: PlatformPort;
}

export function makeHouse(env: Env, ctx: DurableObjectState, own: Pick<House, FromGateway>): House {
  const { exports } = ctx as unknown as { exports: Exported };
  const directory = directoryOf(env);
  const session = (key: string) => sessionOf(env, key);
  const variables = textVariables(env);
  const hasWorkersAi = env.AI !== undefined && env.SKERRY_RUNTIME !== "local";
  const factsFor = (brief: Brief) => ({ env: withKeys(variables, keyWords(brief)), hasWorkersAi, overrides: brief.providers });
  const objects = countObjects(env.MEDIA);
  return {
    ...own,
    now: Date.now,
    countStored: async () => {
      const agents = (await directory.agents()).slice(0, MAX_WORKSPACES);
      const [index, stored, ...workspaces] = await Promise.all([
        directory.storage?.(),
        objects(),
        ...agents.map(async ({ id }) => {
          const counts = await workspaceOf(env, id).storage?.();
          return counts ? [{ agentId: id, ...counts }] : [];
        }),
      ]);
      return {
        directory: index,
        gateway: { bytes: own.storedBytes() },
        workspaces: workspaces.flat(),
        objects: stored,
        isLocal: env.SKERRY_RUNTIME === "local",
      };
    },
    version: typeof env["SKERRY_VERSION"] === "string" ? env["SKERRY_VERSION"] : VERSION,
    directory,
    session,
    workspace: (agentId) => workspaceOf(env, agentId),
    platform: {
      setUp: (channel, account, origin) => exports.ChannelDesk.setUp(channel, account, origin),
      takeDown: (channel, account) => exports.ChannelDesk.takeDown(channel, account),
      probe: (channel, account) => exports.ChannelDesk.probe(channel, account),
    },
    delivery: { send: (item) => exports.Delivery.send(item) },
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

/** One page of the bucket's list, asked for at most every ten minutes: a list is a billed operation. */
function countObjects(bucket: R2Bucket): () => Promise<StoredCounts["objects"]> {
  let known: { at: number; counts: Promise<StoredCounts["objects"]> } | undefined;
  const count = async () => {
    const page = await bucket.list({ limit: 1000 });
    return {
      count: page.objects.length,
      bytes: page.objects.reduce((sum, object) => sum + object.size, 0),
      isMore: page.truncated,
    };
  };
  return () => {
    if (!known || Date.now() - known.at > OBJECTS_FRESH_MS) {
      const counts = count();
      known = { at: Date.now(), counts };
      counts.catch(() => {
        known = undefined;
      });
    }
    return known.counts;
  };
}

/** The Gateway knows which keys were given, not the keys: a word stands for each. */
function keyWords(brief: Brief): Record<string, string> {
  return Object.fromEntries((brief.keyedProviders ?? []).map((provider) => [provider, "given"]));
}
