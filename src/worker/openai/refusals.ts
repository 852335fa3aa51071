// Refusals in OpenAI's shape, `{error:{message,type,param,code}}`, so that its clients show the sentence. What Skerry
// tried again already is marked, so that a client does not ask for a second turn by itself.
import type { Context } from "hono";
import { ApiRefused, type ApiRefusedData } from "../../contract/errors.ts";
import type { TurnError } from "../../contract/live.ts";
import type { DoorAnswer } from "../../contract/ports/gateway.ts";
import type { Door } from "../door.ts";

export function invalid(message: string, param?: string, code = "invalid_value"): ApiRefused {
  return new ApiRefused({ status: 400, code, message, ...(param === undefined ? {} : { param }) });
}

export function unsupported(message: string, param: string): ApiRefused {
  return invalid(message, param, "unsupported_parameter");
}

/** The body of an error; in a stream it is a chunk. */
export function errorBody({ status, code, message, param }: ApiRefusedData) {
  return { error: { message, type: typeOf(status), param: param ?? null, code } };
}

function typeOf(status: ApiRefusedData["status"]): string {
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

export function answerRefusal(c: Context<Door>, refused: ApiRefused): Response {
  c.header("cache-control", "no-store");
  c.header("x-should-retry", "false");
  return c.json(errorBody(refused.data), refused.data.status);
}

export function answerProof(c: Context<Door>, answer: Exclude<DoorAnswer<object>, { outcome: "welcome" }>): Response {
  if (answer.outcome === "refused") {
    c.header("www-authenticate", "Bearer");
    const message = "Wrong or missing key: use the owner's token (SKERRY_TOKEN) or a paired device's token as the API key.";
    return answerRefusal(c, new ApiRefused({ status: 401, code: "invalid_api_key", message }));
  }
  const seconds = Math.ceil(answer.retryAfterMs / 1000);
  c.header("retry-after", String(seconds));
  const message = `Too many wrong keys. Wait ${seconds} seconds, then try again with the right one.`;
  return answerRefusal(c, new ApiRefused({ status: 429, code: "rate_limit_exceeded", message }));
}

/** Why a turn did not end well, as a client of OpenAI would hear it. */
export function refusalOf(error: TurnError | undefined): ApiRefused {
  const message = error?.text ?? "The turn was stopped before it answered; ask again.";
  return new ApiRefused({ ...kindOf(error?.kind), message });
}

function kindOf(kind: TurnError["kind"] | undefined): Pick<ApiRefusedData, "status" | "code"> {
  switch (kind) {
    case "limited":
      return { status: 429, code: "rate_limit_exceeded" };
    case "billing":
      return { status: 429, code: "insufficient_quota" };
    case "too-long":
      return { status: 400, code: "context_length_exceeded" };
    case "refused":
      return { status: 400, code: "content_filter" };
    case "overloaded":
    case "timeout":
    case "cut":
    case "unknown":
    case "breaker":
    case undefined:
      return { status: 503, code: kind === undefined ? "stopped" : kind };
    case "auth":
    case "not-found":
    case "bad-request":
    case "fault":
      return { status: 500, code: kind === "fault" ? "server_error" : `model_${kind.replace("-", "_")}` };
    default:
      return kind satisfies never;
  }
}
