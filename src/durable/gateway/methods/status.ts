// How it is: health, status, who is here, the log. And the lists of features that hold nothing yet.
import type { View } from "../live/views.ts";
import { viewSession } from "../live/views.ts";
import { nameAccount, readChannelHealth, viewChannelHealth } from "./channels.ts";
import type { Call, Handlers, StoredCounts } from "./method.ts";

const GB = 1_000_000_000;
/** Published by Cloudflare: one object's database, all databases of a Free account, R2 before it costs. */
const STORAGE_LIMITS = { objectDatabaseBytes: 10 * GB, freeDatabaseBytes: 5 * GB, freeObjectBytes: 10 * GB };
const NEAR = 0.8;

type StatusMethod =
  | "health"
  | "status"
  | "system-presence"
  | "logs.tail"
  | "question.list"
  | "plugin.approval.list"
  | "taskSuggestions.list"
  | "cron.list";

export const status: Handlers<StatusMethod> = {
  health: async (params, call) => ({
    ...(await readHealth(call)),
    ...(params.probe ? { storage: viewStored(await call.house.countStored()) } : {}),
  }),

  status: async (_params, call) => {
    const { house } = call;
    const [{ rows, total }, agents, states] = await Promise.all([
      house.directory.sessions({ limit: 10, kind: "talks" }),
      house.directory.agents(),
      house.directory.channelStates(),
    ]);
    const channels = readChannelHealth(house, states);
    const main = agents.find((agent) => agent.isDefault)?.id ?? "main";
    const choice = house.chooseModels(await house.directory.brief(`agent:${main}:main`));
    const model = choice.models[0];
    return {
      runtimeVersion: house.version,
      version: house.version,
      uptimeMs: house.now() - house.startedAt,
      connections: house.screenCount(),
      model: { ref: model?.ref ?? null, why: choice.why, ...(choice.advice === undefined ? {} : { advice: choice.advice }) },
      channels,
      channelSummary: channels.map((one) => `${nameAccount(one)}: ${one.said}`),
      queuedSystemEvents: [],
      heartbeat: { defaultAgentId: main, agents: [] },
      tasks: { total: 0, active: 0, terminal: 0, failures: 0 },
      sessions: {
        paths: [],
        count: total,
        defaults: { model: model?.id ?? null, contextTokens: model?.contextWindow ?? null },
        recent: rows.map(viewSession),
        byAgent: agents.map((agent) => ({ agentId: agent.id, count: rows.filter((row) => row.agentId === agent.id).length })),
      },
    };
  },

  "system-presence": (_params, { house }) => house.presence.list(house.now()),

  "logs.tail": (params, { house }) => ({
    file: "gateway",
    ...house.log.tail(params.cursor, params.limit ?? 500, params.maxBytes ?? 250_000),
  }),

  "question.list": () => ({ questions: [] }),
  "plugin.approval.list": () => [],
  "taskSuggestions.list": () => ({ suggestions: [] }),
  "cron.list": () => ({ jobs: [], total: 0, offset: 0, limit: 0, hasMore: false, nextOffset: null }),
};

/** Sums, their limits, and advice once one is near. */
function viewStored(stored: StoredCounts): View {
  const { directory, gateway, workspaces, objects, isLocal } = stored;
  const databaseBytes =
    (directory?.bytes ?? 0) +
    (directory?.sessionBytes ?? 0) +
    gateway.bytes +
    workspaces.reduce((sum, workspace) => sum + workspace.bytes, 0);
  const largest = [
    { name: "the index of sessions", bytes: directory?.bytes ?? 0 },
    { name: "the Gateway", bytes: gateway.bytes },
    ...workspaces.map(({ agentId, bytes }) => ({ name: `the files of ${agentId}`, bytes })),
    ...(directory?.largestSession
      ? [{ name: `the session ${directory.largestSession.key}`, bytes: directory.largestSession.bytes }]
      : []),
  ].reduce((a, b) => (b.bytes > a.bytes ? b : a));
  const advice = isLocal ? undefined : adviseOn(databaseBytes, largest, objects.bytes);
  return {
    databases: { bytes: databaseBytes, largest },
    directory: directory ?? null,
    gateway,
    workspaces,
    objects,
    limits: isLocal ? null : STORAGE_LIMITS,
    ...(advice === undefined ? {} : { advice }),
  };
}

function adviseOn(bytes: number, largest: { name: string; bytes: number }, objectBytes: number): string | undefined {
  const { objectDatabaseBytes, freeDatabaseBytes, freeObjectBytes } = STORAGE_LIMITS;
  if (largest.bytes > NEAR * objectDatabaseBytes) {
    return `${largest.name} is near the 10 GB that one database may hold: export what you want to keep, then delete or begin anew.`;
  }
  if (bytes > NEAR * freeDatabaseBytes) {
    return "The databases are near the 5 GB of the Free plan: delete sessions you no longer need, or move to the Paid plan.";
  }
  return objectBytes > NEAR * freeObjectBytes
    ? "The stored files are near the 10 GB that cost nothing: delete old sessions and files, or let R2 charge for more."
    : undefined;
}

export async function readHealth(call: Pick<Call, "house">): Promise<View> {
  const { house } = call;
  const startedAt = house.now();
  const [{ rows, total }, agents, states] = await Promise.all([
    house.directory.sessions({ limit: 5, kind: "talks" }),
    house.directory.agents(),
    house.directory.channelStates(),
  ]);
  const now = house.now();
  const recent = rows.map((row) => ({ key: row.key, updatedAt: row.updatedAt, age: Math.max(0, now - row.updatedAt) }));
  return {
    ok: true,
    ts: now,
    durationMs: now - startedAt,
    version: house.version,
    ...viewChannelHealth(house, states),
    defaultAgentId: agents.find((agent) => agent.isDefault)?.id ?? "main",
    agents: agents.map((agent) => ({ agentId: agent.id, name: agent.name, isDefault: agent.isDefault })),
    sessions: { count: total, recent },
  };
}
