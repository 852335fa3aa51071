// Numbers of the usage room, read from `usage.cost` and made ready for drawing: every day of the span, with a scale.
export interface Spent {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  totalTokens: number;
  /** Null when one of the prices is not known. */
  totalCost: number | null;
  /** What is known of the cost. */
  knownCost: number;
  turns: number;
  unpricedTurns: number;
}
export interface Budget {
  agentId: string;
  name: string;
  perDayUsd: number | null;
  countedTodayUsd: number;
}
export interface UsageAnswer {
  updatedAt: number;
  days: number;
  daily: (Spent & { date: string })[];
  models: (Spent & { model: string })[];
  agents: (Spent & { agentId: string })[];
  budgets: Budget[];
  totals: Spent;
}

export const MEASURES = ["cost", "tokens"] as const;
export type Measure = (typeof MEASURES)[number];

const DAY_MS = 86_400_000;
export const NOTHING_SPENT: Spent = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  totalTokens: 0,
  totalCost: 0,
  knownCost: 0,
  turns: 0,
  unpricedTurns: 0,
};

export function amountOf(spent: Spent, measure: Measure): number {
  return measure === "cost" ? spent.knownCost : spent.totalTokens;
}

/** One entry a day, oldest first, ending with the answer's day (UTC); days without a turn have nothing. */
export function fillDays(answer: Pick<UsageAnswer, "updatedAt" | "days" | "daily">): (Spent & { date: string })[] {
  const known = new Map(answer.daily.map((day) => [day.date, day]));
  return Array.from({ length: answer.days }, (_, at) => {
    const date = new Date(answer.updatedAt - (answer.days - 1 - at) * DAY_MS).toISOString().slice(0, 10);
    return known.get(date) ?? { date, ...NOTHING_SPENT };
  });
}

/** A round number at or above the largest amount: 1, 2, 2.5 or 5 times a power of ten. */
export function findTop(largest: number): number {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  const step = [1, 2, 2.5, 5, 10].find((factor) => largest <= factor * power * (1 + 1e-9)) ?? 10;
  return step * power;
}

/** Largest first; those after the eighth are one line. */
export function rank<T extends Spent>(
  entries: readonly T[],
  measure: Measure,
  nameOf: (entry: T) => string,
): { name: string; spent: Spent; share: number }[] {
  const sorted = entries.toSorted((a, b) => amountOf(b, measure) - amountOf(a, measure) || b.turns - a.turns);
  const [shown, rest] = [sorted.slice(0, 8), sorted.slice(8)];
  const lines: { name: string; spent: Spent }[] = shown.map((entry) => ({ name: nameOf(entry), spent: entry }));
  if (rest.length > 0) lines.push({ name: `${rest.length} others`, spent: rest.reduce<Spent>(add, NOTHING_SPENT) });
  const largest = Math.max(0, ...lines.map(({ spent }) => amountOf(spent, measure)));
  return lines.map((line) => ({ ...line, share: largest === 0 ? 0 : amountOf(line.spent, measure) / largest }));
}

function add(a: Spent, b: Spent): Spent {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    totalTokens: a.totalTokens + b.totalTokens,
    totalCost: a.totalCost === null || b.totalCost === null ? null : a.totalCost + b.totalCost,
    knownCost: a.knownCost + b.knownCost,
    turns: a.turns + b.turns,
    unpricedTurns: a.unpricedTurns + b.unpricedTurns,
  };
}
