// How it is: health, status, who is here, the log. And the lists of features that hold nothing yet.
import type { View } from "../live/views.ts";
import { viewSession } from "../live/views.ts";
import type { Call, Handlers } from "./method.ts";

type StatusMethod =
  | "health"
  | "status"
  | "system-presence"
  | "logs.tail"
  | "question.list"
  | "plugin.approval.list"
  | "exec.approval.list"
  | "taskSuggestions.list"
  | "cron.list";

export const status: Handlers<StatusMethod> = {
  health: (_params, call) => readHealth(call),

  status: async (_params, call) => {
    const { house } = call;
    const [{ rows, total }, agents] = await Promise.all([house.directory.sessions({ limit: 10 }), house.directory.agents()]);
    const main = agents.find((agent) => agent.isDefault)?.id ?? "main";
    const choice = house.chooseModels(await house.directory.brief(`agent:${main}:main`));
    const model = choice.models[0];
    return {
      runtimeVersion: house.version,
      version: house.version,
      uptimeMs: house.now() - house.startedAt,
      connections: house.screenCount(),
      model: { ref: model?.ref ?? null, why: choice.why, ...(choice.advice === undefined ? {} : { advice: choice.advice }) },
      channelSummary: [],
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
  "exec.approval.list": () => [],
  "taskSuggestions.list": () => ({ suggestions: [] }),
  "cron.list": () => ({ jobs: [], total: 0, offset: 0, limit: 0, hasMore: false, nextOffset: null }),
};

export async function readHealth(call: Pick<Call, "house">): Promise<View> {
  const { house } = call;
  const startedAt = house.now();
  const [{ rows, total }, agents] = await Promise.all([house.directory.sessions({ limit: 5 }), house.directory.agents()]);
  const now = house.now();
  const recent = rows.map((row) => ({ key: row.key, updatedAt: row.updatedAt, age: Math.max(0, now - row.updatedAt) }));
  return {
    ok: true,
    ts: now,
    durationMs: now - startedAt,
    version: house.version,
    channels: {},
    channelOrder: [],
    channelLabels: {},
    defaultAgentId: agents.find((agent) => agent.isDefault)?.id ?? "main",
    agents: agents.map((agent) => ({ agentId: agent.id, name: agent.name, isDefault: agent.isDefault })),
    sessions: { count: total, recent },
  };
}
