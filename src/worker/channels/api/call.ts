// One request to a platform's REST interface, and what became of it; with an access token, one that is not taken is asked
// for once more. Nothing here follows a redirect: a key goes to the address that was meant and nowhere else.
import type { DeliveryOutcome } from "../../../contract/channels/delivery.ts";
import type { Line } from "../channel.ts";
import { outcomeOfError, outcomeOfStatus, PATIENCE_MS, retryAfterMs } from "../outcome.ts";
import { accessToken, type TokenRequest } from "./access-token.ts";

/** It was not done, or we cannot know. `status`: the platform's own answer, when there was one. */
export interface Refusal {
  ok: false;
  status?: number;
  said: string;
  outcome: Exclude<DeliveryOutcome, { outcome: "sent" }>;
}

export type Answer = { ok: true; response: Response } | Refusal;

export interface Call {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  address: string;
  json?: unknown;
  /** Whether doing it twice does no more than once. */
  mayRepeat: boolean;
}

/** An answer of any status, its body read as a JSON object. */
export interface Asked {
  status: number;
  isOk: boolean;
  headers: Headers;
  /** Undefined when it is no JSON object. */
  json: Record<string, unknown> | undefined;
}

/** Throws when nobody answers in time. */
export function ask(line: Line, address: string, init: RequestInit = {}): Promise<Response> {
  return line.fetch(address, { ...init, redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS) });
}

export async function askPlatform(line: Line, address: string, init: RequestInit): Promise<Asked> {
  const response = await ask(line, address, init);
  return { status: response.status, isOk: response.ok, headers: response.headers, json: await readJson(response) };
}

export async function callApi(call: Call, token: TokenRequest, line: Line): Promise<Answer> {
  const first = await accessToken(token, line);
  if (!first.ok) return first;
  const answer = await request(call, first.token, line);
  if (answer.ok || answer.status !== 401 || !first.isKept) return answer;
  const second = await accessToken(token, line, true);
  return second.ok ? request(call, second.token, line) : second;
}

/** Without a token: for addresses that are good by themselves. */
export function callPlainly(call: Call, line: Line): Promise<Answer> {
  return request(call, undefined, line);
}

async function request({ method, address, json, mayRepeat }: Call, token: string | undefined, line: Line): Promise<Answer> {
  try {
    const response = await ask(line, address, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(json === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    if (response.ok) return { ok: true, response };
    const said = explain(await response.text());
    const outcome = outcomeOfStatus(response.status, said, retryAfterMs(response.headers, line.now()));
    return { ok: false, status: response.status, said, outcome: asRefusal(outcome, mayRepeat) };
  } catch (error) {
    const outcome = asRefusal(outcomeOfError(error, mayRepeat), mayRepeat);
    return { ok: false, said: outcome.reason, outcome };
  }
}

function asRefusal(outcome: DeliveryOutcome, mayRepeat: boolean): Refusal["outcome"] {
  if (outcome.outcome === "sent") return { outcome: "unknown", reason: "the platform's answer makes no sense" };
  return outcome.outcome === "unknown" && mayRepeat ? { ...outcome, outcome: "unanswered" } : outcome;
}

/** The platform's sentence: Google and Microsoft both answer {"error":{"message":…}}. */
function explain(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } };
    return typeof error?.message === "string" ? error.message.slice(0, 500) : text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}

/** The JSON object of an answer; undefined when it is none. */
export async function readJson(response: Response): Promise<Record<string, unknown> | undefined> {
  const json: unknown = await response.json().catch(() => undefined);
  return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Record<string, unknown>) : undefined;
}
