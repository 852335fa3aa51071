// What it cost: by day, by model, by agent, by session; and the day's budgets.
import { addSpend, countedCostUsd, NO_SPEND, type Spend } from "../../../contract/entry.ts";
import type { UsageRow } from "../../../contract/ports/directory.ts";
import { agentSettings } from "../../directory/briefs.ts";
import { type View, type viewSession, viewSpend } from "../live/views.ts";
import { type Call, type Handlers, nameSession } from "./method.ts";

const DAY_MS = 86_400_000;

export const usage: Handlers<"usage.cost" | "usage.status" | "sessions.usage"> = {
  "usage.cost": async (params, call) => {
    const days = params.days ?? 30;
    const rows = await readDays(call, days);
    return {
      updatedAt: call.house.now(),
      days,
      daily: groupBy(rows, (row) => row.day).map(([date, some]) => ({ date, ...viewRows(some) })),
      models: groupBy(rows, (row) => row.model).map(([model, some]) => ({ model, ...viewRows(some) })),
      agents: groupBy(rows, (row) => row.agentId).map(([agentId, some]) => ({ agentId, ...viewRows(some) })),
      budgets: await readBudgets(call, rows),
      totals: viewRows(rows),
    };
  },

  /** Quota windows of providers: none is known, so none is claimed. */
  "usage.status": (_params, call) => ({ updatedAt: call.house.now(), providers: [] }),

  "sessions.usage": async (params, call) => {
    const { house } = call;
    if (params.key !== undefined) {
      const row = await house.session(nameSession(params.key, undefined).key).row();
      return { updatedAt: house.now(), sessions: row ? [viewRow(row)] : [], totals: viewCost(row?.spend ?? NO_SPEND) };
    }
    const { rows } = await house.directory.sessions({ limit: 1000 });
    const totals = rows.reduce((spend, row) => addSpend(spend, row.spend), NO_SPEND);
    return { updatedAt: house.now(), sessions: rows.map(viewRow), totals: viewCost(totals) };
  },
};

function viewRow(row: Parameters<typeof viewSession>[0]): View {
  return {
    key: row.key,
    label: row.label ?? row.title ?? null,
    model: row.model ?? null,
    updatedAt: row.updatedAt,
    usage: viewCost(row.spend),
  };
}

async function readDays(call: Call, days: number): Promise<UsageRow[]> {
  const today = call.house.now();
  return call.house.directory.usage(dayOf(today - (days - 1) * DAY_MS), dayOf(today));
}

/** Each agent's limit of the day, and what counts against it: unknown prices at an assumed one. Days are UTC. */
async function readBudgets(call: Call, rows: readonly UsageRow[]): Promise<View[]> {
  const { house } = call;
  const [agents, { settings }] = await Promise.all([house.directory.agents(), house.directory.settings()]);
  const today = dayOf(house.now());
  return agents.map(({ id, name }) => ({
    agentId: id,
    name,
    perDayUsd: agentSettings(settings, id).budget?.perDayUsd ?? null,
    countedTodayUsd: rows
      .filter((row) => row.day === today && row.agentId === id)
      .reduce((sum, row) => sum + countedCostUsd(row.spend), 0),
  }));
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function groupBy(rows: readonly UsageRow[], keyOf: (row: UsageRow) => string): [string, UsageRow[]][] {
  return [...Map.groupBy(rows, keyOf)];
}

/** `totalCost` is null as soon as one price is not known; `knownCost` sums those that are. */
function viewRows(rows: readonly UsageRow[]): View {
  const turnsOf = (some: readonly UsageRow[]) => some.reduce((sum, row) => sum + row.turns, 0);
  return {
    ...viewCost(rows.reduce((spend, row) => addSpend(spend, row.spend), NO_SPEND)),
    knownCost: rows.reduce((sum, row) => sum + (row.spend.costUsd ?? 0), 0),
    turns: turnsOf(rows),
    unpricedTurns: turnsOf(rows.filter((row) => row.spend.costUsd === undefined)),
  };
}

function viewCost(spend: Spend): View {
  return { ...viewSpend(spend), totalCost: spend.costUsd ?? null };
}
