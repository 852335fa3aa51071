// What it cost: by day, by model, by session.
import { addSpend, NO_SPEND, type Spend } from "../../../contract/entry.ts";
import type { UsageRow } from "../../../contract/ports.ts";
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
      daily: groupBy(rows, (row) => row.day).map(([date, spend]) => ({ date, ...viewCost(spend) })),
      models: groupBy(rows, (row) => row.model).map(([model, spend]) => ({ model, ...viewCost(spend) })),
      totals: viewCost(sum(rows)),
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
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  return call.house.directory.usage(day(today - (days - 1) * DAY_MS), day(today));
}

function sum(rows: readonly UsageRow[]): Spend {
  return rows.reduce((spend, row) => addSpend(spend, row.spend), NO_SPEND);
}

function groupBy(rows: readonly UsageRow[], keyOf: (row: UsageRow) => string): [string, Spend][] {
  const groups = new Map<string, Spend>();
  for (const row of rows) groups.set(keyOf(row), addSpend(groups.get(keyOf(row)) ?? NO_SPEND, row.spend));
  return [...groups];
}

function viewCost(spend: Spend): View {
  return { ...viewSpend(spend), totalCost: spend.costUsd ?? null };
}
