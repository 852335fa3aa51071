// What became of a request to a platform, in the three ways that matter: it said no, nobody answered, it may have
// happened. A connection that breaks looks the same whether it was ever made or not, so such a send is "unknown" here;
// Delivery then asks the platform something harmless, and only if nobody answers that either, it is tried again.
import type { DeliveryOutcome } from "../../contract/channels/delivery.ts";

/** Longest wait for a platform's answer, ms. */
export const PATIENCE_MS = 20_000;

/** Nothing was done: the service was not there, or its gateway could not reach it. 52x are Cloudflare's own words for that. */
const NOT_DONE = [500, 502, 503, 521, 522, 523, 525, 526, 530];

/** From a platform's refusal. `said`: its own words, for whoever set the channel up. */
export function outcomeOfStatus(status: number, said: string, retryAfterMs?: number): DeliveryOutcome {
  const reason = `${status}: ${said.slice(0, 300)}`;
  if (status === 429) return { outcome: "unanswered", reason, retryAfterMs: retryAfterMs ?? 1000 };
  if (NOT_DONE.includes(status))
    return { outcome: "unanswered", reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  if (status >= 500) return { outcome: "unknown", reason };
  return { outcome: "refused", reason };
}

/** From a request that broke off. What may be repeated (an edit, a reaction) simply is. */
export function outcomeOfError(error: unknown, isRepeatable: boolean): DeliveryOutcome {
  const reason = error instanceof Error ? error.message : String(error);
  return isRepeatable ? { outcome: "unanswered", reason } : { outcome: "unknown", reason };
}

/** Acts that do no more when they are done twice. */
export function isRepeatable(type: string): boolean {
  return ["edit", "delete", "react", "pin", "typing"].includes(type);
}

/** `Retry-After`: seconds or a date. */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
