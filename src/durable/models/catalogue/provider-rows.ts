// Who serves models: one row a provider, in the order in which a key decides. A new OpenAI-compatible service is
// one row here and, when its models are worth naming, rows in model-rows.ts.
import type { ModelApi } from "../port.ts";

/** Where a service differs from the protocol it speaks. */
export interface Quirks {
  /** Name of the field that caps the answer. Default `max_tokens`. */
  maxTokensField?: "max_completion_tokens";
  /** Takes `prompt_cache_key`, so that a session keeps hitting the same cache. */
  hasCacheKey?: boolean;
  /** How thinking is asked for; absent: the service decides. */
  thinkingField?: "reasoning_effort" | "reasoning.effort" | "thinking.type";
  /** Only models whose id fits may be asked to think. */
  thinkingModels?: RegExp;
  /** Reasoning goes back with the assistant message, in this form. */
  echoesReasoning?: "reasoning_content" | "think-tag";
  /** Call ids must be exactly nine letters and digits. */
  hasShortCallIds?: boolean;
  /** Models that read PDF files as they are. Absent: none. */
  documentModels?: RegExp;
  /** Tool arguments can stream as they are written. */
  hasEagerArguments?: boolean;
}

export interface ProviderRow {
  id: string;
  name: string;
  api: ModelApi;
  baseUrl?: string;
  /** Variable that replaces `baseUrl`. */
  baseUrlEnv?: string;
  /** Variable that holds the key. Absent: none is needed. */
  apiKeyEnv?: string;
  /** Runs on the owner's machine: costs nothing, and is there when its address is set. */
  isLocal?: boolean;
  /** Stand-ins for models that the catalogue does not know; see FALLBACK_FACTS in catalogue.ts. */
  unknownModel?: { contextWindow?: number; maxTokens?: number; acceptsImages?: boolean; isReasoning?: RegExp };
  quirks?: Quirks;
}

export const PROVIDER_ROWS: readonly ProviderRow[] = [
  {
    id: "anthropic",
    name: "Anthropic",
    api: "anthropic-messages",
    baseUrl: "https://api.anthropic.com",
    baseUrlEnv: "ANTHROPIC_BASE_URL",
    apiKeyEnv: "ANTHROPIC_API_KEY",
    unknownModel: { contextWindow: 200_000, maxTokens: 32_000, acceptsImages: true, isReasoning: /^claude-/ },
    quirks: { hasEagerArguments: true, documentModels: /^claude-/ },
  },
  {
    id: "openai",
    name: "OpenAI",
    api: "openai-responses",
    baseUrl: "https://api.openai.com/v1",
    baseUrlEnv: "OPENAI_BASE_URL",
    apiKeyEnv: "OPENAI_API_KEY",
    unknownModel: { contextWindow: 128_000, maxTokens: 16_384, acceptsImages: true, isReasoning: /^(gpt-[5-9](?!.*chat)|o\d)/ },
    quirks: {
      maxTokensField: "max_completion_tokens",
      hasCacheKey: true,
      thinkingField: "reasoning_effort",
      documentModels: /^(gpt-(4o|4\.1|[5-9])|o\d)/,
    },
  },
  {
    id: "deepseek",
    name: "DeepSeek",
    api: "openai-completions",
    baseUrl: "https://api.deepseek.com/v1",
    baseUrlEnv: "DEEPSEEK_BASE_URL",
    apiKeyEnv: "DEEPSEEK_API_KEY",
    quirks: { thinkingField: "thinking.type", thinkingModels: /v4/, echoesReasoning: "reasoning_content" },
  },
  {
    id: "minimax",
    name: "MiniMax",
    api: "openai-completions",
    baseUrl: "https://api.minimax.io/v1",
    baseUrlEnv: "MINIMAX_BASE_URL",
    apiKeyEnv: "MINIMAX_API_KEY",
    quirks: { echoesReasoning: "think-tag" },
  },
  {
    id: "openrouter",
    name: "OpenRouter",
    api: "openai-completions",
    baseUrl: "https://openrouter.ai/api/v1",
    baseUrlEnv: "OPENROUTER_BASE_URL",
    apiKeyEnv: "OPENROUTER_API_KEY",
    // For other models OpenRouter would have the pages read by a service that costs extra.
    quirks: { thinkingField: "reasoning.effort", documentModels: /^(anthropic|openai|google)\// },
  },
  {
    id: "groq",
    name: "Groq",
    api: "openai-completions",
    baseUrl: "https://api.groq.com/openai/v1",
    baseUrlEnv: "GROQ_BASE_URL",
    apiKeyEnv: "GROQ_API_KEY",
    quirks: { maxTokensField: "max_completion_tokens", thinkingField: "reasoning_effort", thinkingModels: /gpt-oss/ },
  },
  {
    id: "mistral",
    name: "Mistral",
    api: "openai-completions",
    baseUrl: "https://api.mistral.ai/v1",
    baseUrlEnv: "MISTRAL_BASE_URL",
    apiKeyEnv: "MISTRAL_API_KEY",
    quirks: { hasShortCallIds: true },
  },
  {
    id: "xai",
    name: "xAI",
    api: "openai-completions",
    baseUrl: "https://api.x.ai/v1",
    baseUrlEnv: "XAI_BASE_URL",
    apiKeyEnv: "XAI_API_KEY",
  },
  {
    id: "moonshot",
    name: "Moonshot AI",
    api: "openai-completions",
    baseUrl: "https://api.moonshot.ai/v1",
    baseUrlEnv: "MOONSHOT_BASE_URL",
    apiKeyEnv: "MOONSHOT_API_KEY",
    quirks: { thinkingField: "thinking.type", thinkingModels: /k2\.[56]$/, echoesReasoning: "reasoning_content" },
  },
  {
    id: "together",
    name: "Together AI",
    api: "openai-completions",
    baseUrl: "https://api.together.xyz/v1",
    baseUrlEnv: "TOGETHER_BASE_URL",
    apiKeyEnv: "TOGETHER_API_KEY",
    quirks: { thinkingField: "reasoning_effort", thinkingModels: /gpt-oss/ },
  },
  {
    id: "fireworks",
    name: "Fireworks AI",
    api: "openai-completions",
    baseUrl: "https://api.fireworks.ai/inference/v1",
    baseUrlEnv: "FIREWORKS_BASE_URL",
    apiKeyEnv: "FIREWORKS_API_KEY",
    quirks: { thinkingField: "reasoning_effort", thinkingModels: /gpt-oss/ },
  },
  {
    id: "cerebras",
    name: "Cerebras",
    api: "openai-completions",
    baseUrl: "https://api.cerebras.ai/v1",
    baseUrlEnv: "CEREBRAS_BASE_URL",
    apiKeyEnv: "CEREBRAS_API_KEY",
    quirks: { maxTokensField: "max_completion_tokens", thinkingField: "reasoning_effort", thinkingModels: /gpt-oss/ },
  },
  {
    id: "zai",
    name: "Z.AI",
    api: "openai-completions",
    baseUrl: "https://api.z.ai/api/paas/v4",
    baseUrlEnv: "ZAI_BASE_URL",
    apiKeyEnv: "ZAI_API_KEY",
    quirks: { thinkingField: "thinking.type", echoesReasoning: "reasoning_content" },
  },
  {
    id: "ollama",
    name: "Ollama",
    api: "openai-completions",
    baseUrl: "http://127.0.0.1:11434/v1",
    baseUrlEnv: "OLLAMA_BASE_URL",
    isLocal: true,
  },
  {
    id: "lmstudio",
    name: "LM Studio",
    api: "openai-completions",
    baseUrl: "http://127.0.0.1:1234/v1",
    baseUrlEnv: "LMSTUDIO_BASE_URL",
    isLocal: true,
  },
  {
    id: "vllm",
    name: "vLLM",
    api: "openai-completions",
    baseUrl: "http://127.0.0.1:8000/v1",
    baseUrlEnv: "VLLM_BASE_URL",
    isLocal: true,
  },
  {
    id: "llamacpp",
    name: "llama.cpp",
    api: "openai-completions",
    baseUrl: "http://127.0.0.1:8080/v1",
    baseUrlEnv: "LLAMACPP_BASE_URL",
    isLocal: true,
  },
  { id: "workers-ai", name: "Workers AI", api: "workers-ai" },
  { id: "demo", name: "Demo", api: "demo" },
];
