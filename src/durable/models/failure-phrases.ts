// The words by which providers say why they did not answer. Data for failure.ts: add a phrase when a provider
// brings a new one, with a row in the test's table.
import type { ModelFailureKind } from "../../contract/errors.ts";

/** Rates and quotas that speak of tokens too: looked at before the phrases of a conversation that is too long. */
const LIMITED = [
  /rate.?limit/,
  /too many requests/,
  /too many concurrent/,
  /(requests|tokens) per (second|minute|hour|day)/,
  /\b[rt]p[mds]\b/,
  /concurrency limit/,
  /throttl/,
  /resource.?exhausted/,
];

const BILLING = [
  /insufficient.?(quota|balance|credit|fund)/,
  /credit balance/,
  /exceeded your current quota/,
  /billing.?(hard|soft)?.?limit/,
  /payment required/,
  /requires more credits/,
  /(account|balance) .{0,30}(suspended|overdue|arrears|exhausted)/,
  /out of credits?/,
  /no credits? (left|remaining)/,
  /spend(ing)? limit/,
  /top up your/,
  /purchase (more )?credits/,
  /daily free allocation/,
  /余额不足/,
];

const TOO_LONG = [
  /prompt is too long/,
  /(input|prompt|request|conversation|messages?) (is|are) too (long|large)/,
  /context.?length.?exceeded/,
  /context.?window/,
  /maximum context/,
  /max(imum)? (context|sequence|prompt|input|model) (length|size|tokens)/,
  /context (length|size|limit) .{0,40}(exceed|is only|of)/,
  /exceed(s|ed|ing)? .{0,60}(context|token limit|max_?tokens|maximum (length|number of tokens|input|allowed))/,
  /(input|prompt) .{0,30}(tokens?|length) .{0,60}exceed/,
  /too many (input |total |prompt )?tokens/,
  /token (limit|count) exceed/,
  /reduce (the length|your prompt|the number of messages|the size)/,
  /request.?too.?large|payload too large|entity too large/,
  /exceed_context_size/,
  /n_ctx|n_keep/,
  /exceeds? max message tokens/,
  /kv cache .{0,30}(full|limit)/,
  /string_above_max_length/,
  /larger than the (maximum|model)/,
  /longer than the model/,
  /model_context_window_exceeded/,
  /input length and `?max_tokens`? exceed/,
];

const AUTH = [
  /(invalid|incorrect|missing|expired|revoked|no) (api|x-api|auth\w*)[ -]?(key|token|header)/,
  /invalid.?api.?key/,
  /api key (is )?(not valid|invalid|expired|missing|not found)/,
  /authentication (failed|error|required)/,
  /invalid.?authentication/,
  /unauthori[sz]ed/,
  /permission denied/,
];

const REFUSED = [/content.?(filter|policy|management)/, /flagged (by|as|for)/, /safety system/, /usage polic/];

const NOT_FOUND = [
  /model.{0,80}(not (found|exist|available|supported)|does(n't| not) exist|is unknown|has been (deprecated|retired))/,
  /no such model/,
  /unknown model/,
  /no endpoints found/,
];

const OVERLOADED = [
  /overloaded/,
  /capacity (temporarily )?exceeded|no capacity|at capacity|over capacity/,
  /(service|server|model|engine) .{0,40}(unavailable|busy|overload)/,
  /high (demand|load|traffic)/,
  /loading model/,
  /insufficient_system_resource/,
];

const TIMEOUT = [/gateway time-?out/, /upstream (request )?time/, /deadline exceeded/];

/** What the text alone says; the status breaks ties where one phrase means two things. */
export function kindOfText(text: string, status: number | undefined): ModelFailureKind | undefined {
  if (text === "") return undefined;
  if (matches(BILLING, text)) return "billing";
  if (status === 429) return "limited";
  if ((status === undefined || status === 413 || status < 500) && matches(LIMITED, text)) return "limited";
  if (status !== 401 && status !== 403 && status !== 404 && matches(TOO_LONG, text)) return "too-long";
  if (status === undefined || status === 400 || status === 403) {
    if (matches(REFUSED, text)) return "refused";
    if (matches(AUTH, text)) return "auth";
  }
  if ((status === undefined || status === 400 || status === 422) && matches(NOT_FOUND, text)) return "not-found";
  if ((status === undefined || status >= 500) && matches(OVERLOADED, text)) return "overloaded";
  if ((status === undefined || status >= 500) && matches(TIMEOUT, text)) return "timeout";
  return undefined;
}

const CODES: Readonly<Record<string, ModelFailureKind>> = {
  overloaded_error: "overloaded",
  server_overloaded: "overloaded",
  service_unavailable: "overloaded",
  unavailable: "overloaded",
  insufficient_system_resource: "overloaded",
  rate_limit_error: "limited",
  rate_limit_exceeded: "limited",
  rate_limited: "limited",
  too_many_requests: "limited",
  resource_exhausted: "limited",
  authentication_error: "auth",
  permission_error: "auth",
  permission_denied: "auth",
  invalid_api_key: "auth",
  unauthenticated: "auth",
  billing_error: "billing",
  insufficient_quota: "billing",
  insufficient_balance: "billing",
  billing_hard_limit_reached: "billing",
  not_found_error: "not-found",
  model_not_found: "not-found",
  model_not_available: "not-found",
  context_length_exceeded: "too-long",
  request_too_large: "too-long",
  exceed_context_size_error: "too-long",
  content_filter: "refused",
  content_policy_violation: "refused",
  refusal: "refused",
  timeout_error: "timeout",
  gateway_timeout: "timeout",
  etimedout: "timeout",
  invalid_prompt: "bad-request",
};

export function kindOfCode(code: string): ModelFailureKind | undefined {
  return CODES[code];
}

function matches(phrases: readonly RegExp[], text: string): boolean {
  return phrases.some((phrase) => phrase.test(text));
}
