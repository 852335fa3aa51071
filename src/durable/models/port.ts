// What the agent asks of a model, and what comes back. One shape for every provider.
// Imports nothing of Cloudflare: tested in plain Node.
import type { Spend, StopReason, Thinking, ToolCall } from "../../contract/entry.ts";
import type { ThinkingLevel } from "../../contract/event.ts";

/** The wire protocol; a provider is whoever serves it. */
export type ModelApi = "anthropic-messages" | "openai-responses" | "openai-completions" | "workers-ai" | "demo";

/** A model, ready to be asked. Prices in US dollars per million tokens; absent: not known. */
export interface ModelInfo {
  provider: string;
  id: string;
  /** `provider/id`. */
  ref: string;
  name: string;
  api: ModelApi;
  baseUrl?: string;
  /** Environment variable that holds the key. */
  apiKeyEnv?: string;
  contextWindow: number;
  maxTokens: number;
  isReasoning: boolean;
  acceptsImages: boolean;
  /** PDF files. */
  acceptsDocuments: boolean;
  price?: { input: number; output: number; cacheRead: number; cacheWrite: number };
  /** False when the catalogue does not know the model and stated defaults stand in. */
  isKnown: boolean;
}

/** `label` names the file and its place in a line: said beside it, or in its stead to models that cannot take it. */
export type ModelPart =
  | { type: "text"; text: string }
  | { type: "image"; mimeType: string; base64: string; label?: string }
  | { type: "document"; mimeType: "application/pdf"; base64: string; name: string; label?: string };

export type ModelMessage =
  | { role: "user"; parts: ModelPart[] }
  /** `model` is the ref that said it: thinking goes back only to the same one. */
  | { role: "assistant"; text: string; thinking: Thinking[]; calls: ToolCall[]; model: string }
  | {
      role: "tool";
      callId: string;
      name: string;
      text: string;
      isError: boolean;
      images: { mimeType: string; base64: string }[];
    };

export interface ToolSpec {
  name: string;
  description: string;
  /** JSON Schema of the arguments: an object, without $ref, oneOf or allOf. */
  parameters: Record<string, unknown>;
}

export interface ModelRequest {
  model: ModelInfo;
  /** `stable` comes first and is cached where the provider can; `volatile` follows the cache boundary. */
  system: { stable: string; volatile: string };
  messages: ModelMessage[];
  tools: ToolSpec[];
  thinking: ThinkingLevel;
  /** Most tokens of the answer; at most the model's own. */
  maxTokens: number;
  /** Same for every request of one session: routes it to the same prompt cache. */
  cacheKey: string;
  signal: AbortSignal;
}

export type ModelDelta =
  | { type: "text"; delta: string }
  | { type: "thinking"; delta: string }
  | { type: "call-start"; index: number; id: string; name: string }
  | { type: "call-args"; index: number; delta: string };

export interface ModelReply {
  text: string;
  thinking: Thinking[];
  calls: ToolCall[];
  stopReason: StopReason;
  spend: Spend;
}

/**
 * Asks once. Contract: yields deltas as they come and returns the whole reply; throws ModelFailure (and nothing
 * else) when there is none. A stream that ends without its end mark is a failure of kind "cut", never a reply.
 * Does not retry: that is the caller's (models/ask.ts). When `signal` aborts it throws the signal's reason.
 */
export type Provider = (request: ModelRequest, deps: ProviderDeps) => AsyncGenerator<ModelDelta, ModelReply>;

export interface ProviderDeps {
  /** Variables and secrets by name. */
  env: Readonly<Record<string, string | undefined>>;
  fetch: typeof fetch;
  /** The Workers AI binding, where there is one. */
  ai?: WorkersAi;
  now(): number;
}

/** The part of the Workers AI binding that is used. */
export interface WorkersAi {
  run(
    model: string,
    inputs: Record<string, unknown>,
    options?: { signal?: AbortSignal; returnRawResponse?: boolean },
  ): Promise<unknown>;
}
