// From settings to a brief: all that a session must know to serve one event. Pure.
import type { Brief } from "../../contract/admission.ts";
import type { AgentRow } from "../../contract/ports/directory.ts";
import { DEFAULT_AGENT_ID } from "../../contract/session-key.ts";
import type { AgentSettings, Settings } from "../../contract/settings.ts";

const QUEUE_DEFAULTS = { mode: "steer", debounceMs: 500, cap: 20, drop: "summarize" } as const;
const COMPACTION_DEFAULTS = { enabled: true, keepRecentTokens: 20_000, reserveTokens: 20_000 } as const;
const MODEL_IDLE_MS = 60_000;

export function makeBrief(
  document: { settings: Settings; hash: string },
  place: { sessionKey: string; agentId: string },
  spentTodayUsd: number,
): Brief {
  const { settings } = document;
  const agent = agentSettings(settings, place.agentId);
  const perDay = agent.budget?.perDayUsd;
  return {
    ...place,
    agentName: agentName(settings, place.agentId),
    models: modelsOf(agent),
    providers: providersOf(settings),
    ...(agent.thinking ? { thinking: agent.thinking } : {}),
    queue: { ...QUEUE_DEFAULTS, ...defined(settings.messages?.queue ?? {}) },
    tools: defined(agent.tools ?? {}),
    ...(settings.skills?.entries ? { skills: switchesOf(settings.skills.entries) } : {}),
    timeZone: agent.timeZone ?? "UTC",
    budget: {
      ...(agent.budget?.perTurnUsd === undefined ? {} : { perTurnUsd: agent.budget.perTurnUsd }),
      ...(perDay === undefined ? {} : { leftTodayUsd: Math.max(0, perDay - spentTodayUsd) }),
    },
    compaction: { ...COMPACTION_DEFAULTS, ...defined(agent.compaction ?? {}) },
    modelIdleMs: settings.gateway?.modelIdleMs ?? MODEL_IDLE_MS,
    settingsHash: document.hash,
  };
}

/** The agents there are: main always, and those the settings name. */
export function listAgents(settings: Settings): AgentRow[] {
  const ids = new Set([DEFAULT_AGENT_ID, ...Object.keys(settings.agents?.entries ?? {})]);
  return [...ids].map((id) => {
    const agent = agentSettings(settings, id);
    const model = modelsOf(agent)[0];
    return {
      id,
      name: agentName(settings, id),
      isDefault: id === DEFAULT_AGENT_ID,
      ...(model ? { model } : {}),
    };
  });
}

export function agentName(settings: Settings, agentId: string): string {
  return agentSettings(settings, agentId).name ?? (agentId === DEFAULT_AGENT_ID ? "Skerry" : agentId);
}

export function hasDailyBudget(settings: Settings, agentId: string): boolean {
  return agentSettings(settings, agentId).budget?.perDayUsd !== undefined;
}

export function hasAgent(settings: Settings, agentId: string): boolean {
  return agentId === DEFAULT_AGENT_ID || Object.hasOwn(settings.agents?.entries ?? {}, agentId);
}

export function agentSettings(settings: Settings, agentId: string): AgentSettings {
  const defaults = settings.agents?.defaults ?? {};
  const own = settings.agents?.entries?.[agentId] ?? {};
  // Deny is a sum, never a replacement: an agent cannot be allowed what the defaults forbid.
  const deny = [...(defaults.tools?.deny ?? []), ...(own.tools?.deny ?? [])];
  const allow = own.tools?.allow ?? defaults.tools?.allow;
  return { ...defaults, ...own, tools: { ...(allow ? { allow } : {}), ...(deny.length > 0 ? { deny } : {}) } };
}

function modelsOf(agent: AgentSettings): string[] {
  if (agent.model === undefined) return [];
  return typeof agent.model === "string" ? [agent.model] : [agent.model.primary, ...(agent.model.fallbacks ?? [])];
}

function providersOf(settings: Settings): Brief["providers"] {
  const rows = Object.entries(settings.models?.providers ?? {});
  return Object.fromEntries(
    rows.map(([id, row]) => {
      const models = row.models?.map((model) => ({
        ...defined(model),
        id: model.id,
        ...(model.cost ? { cost: defined(model.cost) } : {}),
      }));
      const { models: _models, ...rest } = row;
      return [id, { ...defined(rest), ...(models ? { models } : {}) }];
    }),
  ) as Brief["providers"];
}

function switchesOf(entries: Record<string, { enabled?: boolean | undefined }>): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([name, entry]) => (entry.enabled === undefined ? [] : [[name, entry.enabled]])),
  );
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys that are there but undefined. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>;
}
