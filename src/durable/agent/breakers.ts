// When a turn is parked instead of going on, and what its person is told.
import type { Brief } from "../../contract/admission.ts";
import { countedCostUsd, type Spend } from "../../contract/entry.ts";

export const MAX_ATTEMPTS = 5;
export const MAX_STEPS = 200;
export const MAX_WAKES_PER_HOUR = 240;

export interface TurnFacts {
  /** Starts of the present step that led nowhere. */
  attempts: number;
  steps: number;
  wakesThisHour: number;
  spend: Spend;
  startedAt: number;
  timeoutMs?: number;
}

/** A sentence for the person when the turn must be parked; undefined while it may go on. */
export function findBreach(facts: TurnFacts, budget: Brief["budget"], now: number): string | undefined {
  if (facts.attempts >= MAX_ATTEMPTS) {
    return `I started this step ${MAX_ATTEMPTS} times and was cut off each time, so I stopped. Write again to let me try once more.`;
  }
  if (facts.steps >= MAX_STEPS) return `I stopped after ${MAX_STEPS} steps. Write "go on" if I should continue.`;
  if (facts.wakesThisHour >= MAX_WAKES_PER_HOUR) {
    return "I woke myself too often within an hour, so I stopped. Write again to let me go on.";
  }
  const cost = countedCostUsd(facts.spend);
  if (budget.perTurnUsd !== undefined && cost >= budget.perTurnUsd) {
    return `This turn has cost $${cost.toFixed(2)}, its limit is $${budget.perTurnUsd.toFixed(2)} (agents.defaults.budget.perTurnUsd), so I stopped.`;
  }
  if (budget.leftTodayUsd !== undefined && cost >= budget.leftTodayUsd) {
    return "Today's budget for models is used up (agents.defaults.budget.perDayUsd), so I stopped. It starts anew at midnight UTC.";
  }
  if (facts.timeoutMs !== undefined && now - facts.startedAt >= facts.timeoutMs) {
    return `The turn reached its time limit of ${Math.round(facts.timeoutMs / 1000)} s, so I stopped.`;
  }
  return undefined;
}
