// The one place where "the model did not answer" gets its kind: from SDK errors, HTTP answers, error events inside a
// stream and lost connections. Reads shapes, not classes, because every SDK brings its own.
// Must never let a key into `said`: people and logs read it.
import { ModelFailure, type ModelFailureKind } from "../../contract/errors.ts";
import { kindOfCode, kindOfText } from "./failure-phrases.ts";
import { readRetryAfter } from "./retry-after.ts";

export interface FailureContext {
  /** Ref of the model that was asked. */
  model: string;
  /** Values that must not be repeated: the key. */
  secrets?: readonly (string | undefined)[];
  /** Whether the answer had begun: then a lost connection is a cut, not a refusal to connect. */
  hasBegun?: boolean;
  now?: number;
}

const MAX_SAID = 240;

export function classifyFailure(error: unknown, context: FailureContext): ModelFailure {
  if (error instanceof ModelFailure) return error;
  const facts = readFacts(error);
  const kind = kindOf(facts, context);
  const retryAfterMs = readRetryAfter(facts.headers, facts.message, context.now ?? Date.now());
  const said = clean(facts.message, context.secrets ?? []);
  return new ModelFailure(
    {
      kind,
      model: context.model,
      ...(facts.status === undefined ? {} : { status: facts.status }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(said ? { said } : {}),
    },
    error instanceof Error ? new Error(clean(error.message, context.secrets ?? [])) : undefined,
  );
}

interface Facts {
  status: number | undefined;
  /** Type and code words, lower case. */
  codes: string[];
  message: string;
  name: string;
  headers: Headers | undefined;
}

function readFacts(error: unknown): Facts {
  const outer = asRecord(error);
  const body = asRecord(outer["error"]);
  const inner = asRecord(body["error"]);
  const cause = asRecord(outer["cause"]);
  const upstream = asRecord(inner["metadata"] ?? body["metadata"]);
  const codes = [outer, body, inner, cause].flatMap((part) => [part["type"], part["code"], part["status"]]);
  const message =
    [inner["message"], body["message"], inner["detail"], body["detail"], outer["error"], outer["message"]].find(isText) ??
    (isText(error) ? error : "");
  const raw = isText(upstream["raw"]) ? ` ${upstream["raw"]}` : "";
  const causeText = isText(cause["message"]) ? ` ${cause["message"]}` : "";
  return {
    status: statusOf(outer["status"], inner["code"], body["code"], outer["statusCode"]),
    codes: codes.filter(isText).map((code) => code.toLowerCase()),
    message: `${message}${raw}${causeText}`,
    name: isText(outer["name"]) ? outer["name"] : "",
    headers: outer["headers"] instanceof Headers ? outer["headers"] : undefined,
  };
}

function kindOf(facts: Facts, context: FailureContext): ModelFailureKind {
  const text = facts.message.toLowerCase();
  return (
    kindOfText(text, facts.status) ??
    firstOf(facts.codes, kindOfCode) ??
    (facts.status === undefined ? kindWithoutStatus(facts, text, context.hasBegun === true) : kindOfStatus(facts.status))
  );
}

function kindOfStatus(status: number): ModelFailureKind {
  if (status === 401 || status === 403) return "auth";
  if (status === 402) return "billing";
  if (status === 404 || status === 410) return "not-found";
  if (status === 408 || status === 499 || status === 504 || status === 522 || status === 524) return "timeout";
  if (status === 413) return "too-long";
  if (status === 425 || status === 429) return "limited";
  if (status === 502 || status === 503 || status === 529) return "overloaded";
  if (status >= 500) return "unknown";
  return status >= 400 ? "bad-request" : "unknown";
}

/** An error event inside a stream, or a connection that failed. */
function kindWithoutStatus(facts: Facts, text: string, hasBegun: boolean): ModelFailureKind {
  return facts.codes.includes("invalid_request_error") ? "bad-request" : kindOfTransport(text, facts.name, hasBegun);
}

function kindOfTransport(text: string, name: string, hasBegun: boolean): ModelFailureKind {
  if (name === "TimeoutError" || /timed? ?out|etimedout/.test(text)) return "timeout";
  // A stream that cannot be read, or a connection that went away under it.
  if (name === "SyntaxError" || /malformed|unexpected (token|end)|not valid json|is not json/.test(text)) return "cut";
  const isLost = /terminated|connection (error|lost|closed|reset)|socket hang up|econnreset|premature|network|other side closed/;
  return hasBegun && isLost.test(text) ? "cut" : "unknown";
}

function statusOf(...candidates: unknown[]): number | undefined {
  return candidates.map(Number).find((status) => Number.isInteger(status) && status >= 400 && status < 600);
}

function clean(text: string, secrets: readonly (string | undefined)[]): string {
  let cleaned = text;
  for (const secret of secrets) if (secret && secret.length >= 6) cleaned = cleaned.replaceAll(secret, "[key]");
  cleaned = cleaned
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, "$1 [key]")
    .replace(/\b(?:sk|pk|rk|gsk|xai|csk|fw|tgp|hf|r8|nvapi|key)[-_][\w-]{6,}\*{0,}[\w-]*/gi, "[key]")
    .replace(/\b(api[-_ ]?key|token|secret|password)(["']?\s*[:=]\s*["']?)[^\s"'&,]+/gi, "$1$2[key]")
    .replace(/<[^>]{1,200}>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return cleaned.length > MAX_SAID ? `${cleaned.slice(0, MAX_SAID - 1)}…` : cleaned.replace(/\.$/, "");
}

function firstOf<T, R>(items: readonly T[], read: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = read(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
