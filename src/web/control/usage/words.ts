// The numbers of the usage room in words.
import { describeCost, shorten } from "../../state/usage.ts";
import type { Measure, Spent } from "./figures.ts";

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

export function describeDay(date: string): string {
  return day.format(Date.parse(date));
}

/** An amount on a scale. */
export function describeAmount(amount: number, measure: Measure): string {
  if (measure === "tokens") return amount >= 1_000_000 ? `${Number((amount / 1_000_000).toFixed(2))}M` : compact(amount);
  return amount >= 10 ? `$${Number(amount.toFixed(0)).toLocaleString("en")}` : `$${Number(amount.toPrecision(2))}`;
}

export function describeTokens(tokens: number): string {
  return tokens < 1_000_000 ? shorten(tokens) : `${Number((tokens / 1_000_000).toFixed(2))}M`;
}

export function describeMoney({ knownCost, unpricedTurns, turns }: Spent): string {
  if (turns > 0 && unpricedTurns === turns) return "not known";
  const cost = knownCost === 0 ? "$0" : describeCost(knownCost);
  return unpricedTurns > 0 ? `at least ${cost}` : cost;
}

export function describeSpent(date: string, spent: Spent): string {
  if (spent.turns === 0) return `${describeDay(date)}: nothing`;
  const turns = `${spent.turns.toLocaleString("en")} ${spent.turns === 1 ? "turn" : "turns"}`;
  return `${describeDay(date)}: ${describeMoney(spent)}, ${describeTokens(spent.totalTokens)} tokens, ${turns}`;
}

function compact(amount: number): string {
  return amount >= 1000 ? `${Number((amount / 1000).toFixed(1))}k` : String(Number(amount.toPrecision(3)));
}
