// Refusals over HTTP: one shape, `{error:{code,message}}`, with a sentence that says what to do.
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { DoorAnswer } from "../contract/ports/gateway.ts";
import type { Door } from "./door.ts";

export function refuse(c: Context<Door>, status: ContentfulStatusCode, code: string, message: string): Response {
  c.header("cache-control", "no-store");
  return c.json({ error: { code, message } }, status);
}

/** The refusal for whoever could not prove to be the owner. */
export function refuseProof(c: Context<Door>, answer: Exclude<DoorAnswer<object>, { outcome: "welcome" }>): Response {
  if (answer.outcome === "refused") return refuse(c, 401, "UNAUTHORIZED", answer.reason);
  const seconds = Math.ceil(answer.retryAfterMs / 1000);
  c.header("retry-after", String(seconds));
  return refuse(c, 429, "RATE_LIMITED", `Too many wrong tries. Wait ${seconds} seconds, then try again.`);
}
