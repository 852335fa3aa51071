// Every way in which a provider says no, and what it means.
import { describe, expect, it } from "vitest";
import { ModelFailure, type ModelFailureKind } from "../../../src/contract/errors.ts";
import { classifyFailure } from "../../../src/durable/models/failure.ts";

interface Case {
  status?: number;
  body?: unknown;
  message?: string;
  name?: string;
  headers?: Record<string, string>;
  hasBegun?: boolean;
  kind: ModelFailureKind;
}

const anthropic = (type: string, message: string) => ({ type: "error", error: { type, message } });
const said = (message: string): Case => ({ status: 400, body: { message, type: "invalid_request_error" }, kind: "too-long" });

const OVERFLOWS = [
  "prompt is too long: 213462 tokens > 200000 maximum",
  "input length and `max_tokens` exceed context limit: 180000 + 32000 > 200000",
  "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
  "Your input exceeds the context window of this model. Please adjust your input and try again.",
  "Requested token count exceeds the model's maximum context length of 131072 tokens.",
  "Please reduce the length of the messages or completion.",
  "Prompt contains 300000 tokens, too large for model with 262144 maximum context length",
  "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
  "request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it",
  "the request exceeds the available context size. try increasing the context size or enable context shift",
  "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens (n_ctx)",
  "This endpoint's maximum context length is 65536 tokens. However, you requested about 70000 tokens.",
  "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
  "inputs tokens + max_new_tokens must be <= 32769: the prompt is too long",
  "5021: The estimated number of input and maximum output tokens (140000) exceeded this model context window limit (131072).",
  "Total tokens of image and text exceed max message tokens",
  "Input is too long for requested model.",
  "invalid params, context window exceeds limit (2013)",
  "Your request exceeded model token limit: 262144",
];

const CASES: [what: string, test: Case][] = [
  ["Anthropic overloaded", { status: 529, body: anthropic("overloaded_error", "Overloaded"), kind: "overloaded" }],
  ["Anthropic overloaded inside a stream", { body: anthropic("overloaded_error", "Overloaded"), kind: "overloaded" }],
  [
    "Anthropic api_error inside a stream",
    { body: anthropic("api_error", "Internal server error"), hasBegun: true, kind: "unknown" },
  ],
  [
    "Anthropic rate limit",
    {
      status: 429,
      body: anthropic(
        "rate_limit_error",
        "This request would exceed your organization's rate limit of 40,000 input tokens per minute",
      ),
      kind: "limited",
    },
  ],
  [
    "Anthropic credit balance",
    {
      status: 400,
      body: anthropic("invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
      kind: "billing",
    },
  ],
  ["Anthropic bad key", { status: 401, body: anthropic("authentication_error", "invalid x-api-key"), kind: "auth" }],
  [
    "Anthropic permission",
    {
      status: 403,
      body: anthropic("permission_error", "Your API key does not have permission to use the specified resource."),
      kind: "auth",
    },
  ],
  ["Anthropic unknown model", { status: 404, body: anthropic("not_found_error", "model: claude-nothing"), kind: "not-found" }],
  [
    "Anthropic too large",
    { status: 413, body: anthropic("request_too_large", "Request exceeds the maximum size"), kind: "too-long" },
  ],
  [
    "Anthropic bad request",
    { status: 400, body: anthropic("invalid_request_error", "messages.1: tool_use ids must be unique"), kind: "bad-request" },
  ],
  [
    "Anthropic bad request inside a stream",
    { body: anthropic("invalid_request_error", "messages.1: unexpected"), kind: "bad-request" },
  ],
  [
    "OpenAI quota",
    {
      status: 429,
      body: {
        message: "You exceeded your current quota, please check your plan and billing details.",
        type: "insufficient_quota",
        code: "insufficient_quota",
      },
      kind: "billing",
    },
  ],
  [
    "OpenAI rate limit",
    {
      status: 429,
      body: {
        message: "Rate limit reached for gpt-5.4 on tokens per min (TPM): Limit 30000. Please try again in 6.2s.",
        code: "rate_limit_exceeded",
      },
      kind: "limited",
    },
  ],
  [
    "OpenAI bad key",
    { status: 401, body: { message: "Incorrect API key provided: sk-abcd*****efgh.", code: "invalid_api_key" }, kind: "auth" },
  ],
  [
    "OpenAI no model",
    {
      status: 404,
      body: { message: "The model `gpt-99` does not exist or you do not have access to it.", code: "model_not_found" },
      kind: "not-found",
    },
  ],
  [
    "OpenAI content policy",
    {
      status: 400,
      body: { message: "Your request was rejected by our safety system.", code: "content_policy_violation" },
      kind: "refused",
    },
  ],
  [
    "OpenAI server error",
    { status: 500, body: { message: "The server had an error while processing your request." }, kind: "unknown" },
  ],
  [
    "OpenAI busy",
    { status: 503, body: { message: "The engine is currently overloaded, please try again later" }, kind: "overloaded" },
  ],
  [
    "Groq request too large for the minute",
    {
      status: 413,
      body: {
        message: "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000",
        code: "rate_limit_exceeded",
      },
      kind: "limited",
    },
  ],
  ["DeepSeek balance", { status: 402, body: { message: "Insufficient Balance" }, kind: "billing" }],
  ["DeepSeek busy", { status: 503, body: { message: "Service is too busy" }, kind: "overloaded" }],
  [
    "OpenRouter credits",
    { status: 402, body: { message: "This request requires more credits, or fewer max_tokens.", code: 402 }, kind: "billing" },
  ],
  ["OpenRouter error inside a stream", { body: { message: "Provider returned error", code: 502 }, kind: "overloaded" }],
  [
    "OpenRouter upstream limit",
    {
      status: 429,
      body: { message: "Provider returned error", metadata: { raw: "model is temporarily rate-limited upstream" } },
      kind: "limited",
    },
  ],
  ["Mistral too many", { status: 429, body: { message: "Requests rate limit exceeded" }, kind: "limited" }],
  [
    "Moonshot suspended",
    {
      status: 429,
      body: { message: "Your account is suspended, please check your plan: insufficient balance" },
      kind: "billing",
    },
  ],
  ["xAI wrong key", { status: 400, body: { message: "Incorrect API key provided" }, kind: "auth" }],
  [
    "Gemini exhausted",
    { status: 429, body: { message: "Resource has been exhausted", status: "RESOURCE_EXHAUSTED" }, kind: "limited" },
  ],
  ["Ollama without the model", { status: 404, body: { message: "model 'llama9' not found" }, kind: "not-found" }],
  ["llama.cpp loading", { status: 503, body: { message: "Loading model", type: "unavailable_error" }, kind: "overloaded" }],
  [
    "Workers AI capacity",
    { name: "InferenceUpstreamError", message: "3040: Capacity temporarily exceeded, please try again.", kind: "overloaded" },
  ],
  ["Workers AI allowance", { message: "3036: You have used up your daily free allocation of 10,000 neurons", kind: "billing" }],
  ["Workers AI no model", { message: "5007: No such model @cf/nobody or task", kind: "not-found" }],
  ["a gateway's page", { status: 502, body: "<html><body>Bad gateway</body></html>", kind: "overloaded" }],
  ["a gateway's timeout", { status: 504, body: "<html>Gateway Time-out</html>", kind: "timeout" }],
  ["Cloudflare 524", { status: 524, kind: "timeout" }],
  ["408", { status: 408, kind: "timeout" }],
  ["an SDK's timeout", { name: "APIConnectionTimeoutError", message: "Request timed out.", kind: "timeout" }],
  ["a timeout signal", { name: "TimeoutError", message: "The operation was aborted due to timeout", kind: "timeout" }],
  ["no connection", { name: "TypeError", message: "fetch failed", kind: "unknown" }],
  ["a connection lost in mid-stream", { name: "TypeError", message: "terminated", hasBegun: true, kind: "cut" }],
  ["workerd's lost connection", { message: "Network connection lost.", hasBegun: true, kind: "cut" }],
  ["unreadable JSON", { name: "SyntaxError", message: "Unexpected token 'd', \"data\" is not valid JSON", kind: "cut" }],
  ["something else", { message: "the moon is in the wrong phase", kind: "unknown" }],
];

function classify(test: Omit<Case, "kind">, secrets: string[] = []): ModelFailure {
  const error = Object.assign(new Error(test.message ?? `${test.status} failed`), {
    ...(test.name ? { name: test.name } : {}),
    ...(test.status ? { status: test.status } : {}),
    ...(test.body === undefined ? {} : { error: test.body }),
    headers: new Headers(test.headers),
  });
  return classifyFailure(error, {
    model: "p/m",
    secrets,
    hasBegun: test.hasBegun === true,
    now: Date.parse("2026-01-01T00:00:00Z"),
  });
}

describe("classifyFailure", () => {
  it.each(CASES)("%s", (_what, test) => {
    expect(classify(test).data.kind).toBe(test.kind);
  });

  it.each(OVERFLOWS)("too long: %s", (message) => {
    expect(classify(said(message)).data.kind).toBe("too-long");
  });

  it("leaves a failure as it is", () => {
    const failure = new ModelFailure({ kind: "cut", model: "p/m" });
    expect(classifyFailure(failure, { model: "q/n" })).toBe(failure);
  });

  it.each([
    ["seconds", { "retry-after": "12" }, "", 12_000],
    ["a fraction", { "retry-after": "1.5" }, "", 1_500],
    ["a date", { "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }, "", 30_000],
    ["a date gone by", { "retry-after": "Wed, 31 Dec 2025 00:00:30 GMT" }, "", 0],
    ["milliseconds", { "retry-after-ms": "250", "retry-after": "9" }, "", 250],
    ["words", {}, "Rate limit reached. Please try again in 6m0.5s.", 360_500],
    ["words in ms", {}, "Please try again in 320ms.", 320],
    ["nothing", {}, "slow down", undefined],
    ["nonsense", { "retry-after": "soon" }, "", undefined],
  ])("reads a wait given as %s", (_how, headers, message, expected) => {
    expect(classify({ status: 429, headers, body: { message } }).data.retryAfterMs).toBe(expected);
  });

  it.each([
    "Incorrect API key provided: sk-proj-abcdefghijklmnop1234.",
    "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.abc",
    "bad url https://api.test/v1?api_key=verysecretvalue&x=1",
    "my-own-secret-key was refused",
    "key gsk_abcdefghijkl is not valid",
  ])("repeats no key: %s", (message) => {
    const failure = classify({ status: 401, body: { message } }, ["my-own-secret-key"]);
    const all = `${failure.message} ${JSON.stringify(failure.data)} ${String((failure.cause as Error | undefined)?.message)}`;
    for (const secret of ["abcdefghijkl", "eyJhbGci", "verysecretvalue", "my-own-secret-key"]) expect(all).not.toContain(secret);
    expect(failure.data.said).toContain("[key]");
  });

  it("cuts long words short", () => {
    expect(classify({ status: 400, body: { message: "x".repeat(5_000) } }).data.said?.length).toBeLessThanOrEqual(240);
  });

  it("says which model and what to do", () => {
    expect(classify({ status: 529, body: anthropic("overloaded_error", "Overloaded") }).message).toBe(
      "p/m is overloaded; try again in a moment or choose another model with /model (Overloaded).",
    );
  });
});
