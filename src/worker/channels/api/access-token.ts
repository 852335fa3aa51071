// Access tokens for platforms that hand them out for an hour (OAuth 2.0, RFC 6749): kept in the isolate's memory until
// shortly before they end, never stored. Only the answer's meaning is here; what is asked for is the platform's.
import type { Line } from "../channel.ts";
import { PATIENCE_MS, retryAfterMs } from "../outcome.ts";
import type { Refusal } from "./call.ts";

/** A token is renewed this long before it ends. */
const EARLY_MS = 120_000;
const MAX_KEPT = 50;

interface Kept {
  token: string;
  until: number;
}
const kept = new Map<string, Kept>();

export type Token = { ok: true; token: string; isKept: boolean } | Refusal;

export interface TokenRequest {
  /** What the token depends on: account, keys and address. */
  name: string;
  address: string;
  form(): Promise<Record<string, string>> | Record<string, string>;
}

/** `isFresh`: the platform did not take the one we had. */
export async function accessToken(request: TokenRequest, line: Line, isFresh = false): Promise<Token> {
  const known = isFresh ? undefined : kept.get(request.name);
  if (known && line.now() < known.until) return { ok: true, token: known.token, isKept: true };
  try {
    const answer = await line.fetch(request.address, {
      method: "POST",
      body: new URLSearchParams(await request.form()),
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const said = await answer.text();
    if (!answer.ok) return tokenRefused(answer, said, line.now());
    const { access_token: token, expires_in: lastsS } = JSON.parse(said) as Record<string, unknown>;
    if (typeof token !== "string" || token === "") throw new Error("no token in the answer");
    keep(request.name, { token, until: line.now() + (Number(lastsS) || 0) * 1000 - EARLY_MS });
    return { ok: true, token, isKept: false };
  } catch (error) {
    // Nothing was sent to the platform yet: whatever it was for may be tried again.
    const said = `no access token: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, said, outcome: { outcome: "unanswered", reason: said } };
  }
}

function tokenRefused(answer: Response, text: string, now: number): Refusal {
  const said = `no access token (${answer.status}): ${explain(text)}`;
  if (answer.status < 500 && answer.status !== 429) {
    return { ok: false, status: 401, said, outcome: { outcome: "refused", reason: said } };
  }
  const wait = retryAfterMs(answer.headers, now);
  const outcome = { outcome: "unanswered" as const, reason: said, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
  return { ok: false, status: answer.status, said, outcome };
}

function explain(text: string): string {
  try {
    const { error, error_description: description } = JSON.parse(text) as Record<string, unknown>;
    return String(description ?? error).slice(0, 300);
  } catch {
    return text.slice(0, 100);
  }
}

function keep(name: string, token: Kept): void {
  kept.delete(name);
  kept.set(name, token);
  for (const oldest of kept.keys()) {
    if (kept.size <= MAX_KEPT) break;
    kept.delete(oldest);
  }
}
