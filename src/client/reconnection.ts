// When to come back after a break, and when not to.
import type { GatewayErrorData } from "../contract/errors.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;

/** Doubles with each attempt; half of it is chance, so that many screens do not return in one moment. */
export function backoffMs(attempt: number, random: () => number): number {
  const whole = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10));
  return Math.round(whole / 2 + (whole / 2) * random());
}

/** Whether the same proof would be refused again. A lock-out names when to try, and an unavailable Gateway may return. */
export function isFinalRefusal(error: GatewayErrorData): boolean {
  return error.retryable !== true && error.retryAfterMs === undefined && error.code !== "UNAVAILABLE";
}
