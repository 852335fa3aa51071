// Tokens and money of a turn, from what the messages of its steps say.
export interface TurnUsage {
  input: number;
  output: number;
  /** US dollars; undefined when the price is not known. */
  costUsd: number | undefined;
}

export function readUsage(usage: Record<string, unknown> | undefined): TurnUsage | undefined {
  if (usage === undefined) return undefined;
  const cost = usage["cost"];
  const total = typeof cost === "object" && cost !== null && "total" in cost ? Number(cost.total) : Number.NaN;
  return {
    input: count(usage["input"]) + count(usage["cacheRead"]) + count(usage["cacheWrite"]),
    output: count(usage["output"]),
    costUsd: Number.isFinite(total) ? total : undefined,
  };
}

export function sumUsage(a: TurnUsage | undefined, b: TurnUsage): TurnUsage {
  if (a === undefined) return b;
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    costUsd: a.costUsd === undefined || b.costUsd === undefined ? undefined : a.costUsd + b.costUsd,
  };
}

export function describeUsage({ input, output, costUsd }: TurnUsage): string {
  const tokens = `${shorten(input)} in, ${shorten(output)} out`;
  return costUsd === undefined || costUsd === 0 ? tokens : `${tokens}, ${describeCost(costUsd)}`;
}

export function describeCost(usd: number): string {
  if (usd < 0.0001) return "under $0.0001";
  return `$${usd < 0.01 ? usd.toFixed(4) : usd.toFixed(2)}`;
}

export function shorten(tokens: number): string {
  return tokens < 10_000 ? groupDigits(tokens) : `${(tokens / 1000).toFixed(tokens < 100_000 ? 1 : 0)}k`;
}

/** 12,345. Asking the browser's own number formats for it would hold up the page's start. */
export function groupDigits(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
