// One request to a platform's REST interface with an access token, and what became of it. A token that is not taken is
// asked for once more. Nothing here follows a redirect: the token goes to the address that was meant and nowhere else.
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
    const response = await line.fetch(address, {
      method,
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
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

/** The JSON of an answer; undefined when it is none. */
export async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}
