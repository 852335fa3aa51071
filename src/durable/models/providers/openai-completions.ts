// Chat Completions by the official OpenAI SDK: OpenAI itself and every service that speaks the same, with the
// quirks of its row in the catalogue. A stream without a finish reason is cut, whatever came before it.
import type { OpenAI } from "openai";
import { ModelFailure } from "../../../contract/errors.ts";
import type { ThinkingLevel } from "../../../contract/event.ts";
import type { Quirks } from "../catalogue/provider-rows.ts";
import { quirksOf } from "../catalogue.ts";
import type { ModelRequest, Provider } from "../port.ts";
import { chatMessages, chatTools } from "./chat-body.ts";
import { type ChatChunk, ChatReply } from "./chat-reply.ts";
import { openAiEffort } from "./effort.ts";
import { cacheKeyOf, openAiClient } from "./openai-client.ts";

type Body = OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;

export const askCompletions: Provider = async function* (request, deps) {
  const client = await openAiClient(request.model, deps);
  const stream = await client.chat.completions.create(completionsBody(request), { signal: request.signal });
  const reply = new ChatReply(request);
  for await (const chunk of stream) yield* reply.take(chunk as ChatChunk);
  request.signal.throwIfAborted();
  if (!reply.finishReason) throw new ModelFailure({ kind: "cut", model: request.model.ref, said: "the stream ended early" });
  return reply.finish();
};

export function completionsBody(request: ModelRequest): Body {
  const { model } = request;
  const quirks = quirksOf(model.provider);
  const maxTokens = Math.min(request.maxTokens, model.maxTokens);
  return {
    model: model.id,
    messages: chatMessages(request, quirks),
    stream: true,
    stream_options: { include_usage: true },
    [quirks.maxTokensField ?? "max_tokens"]: maxTokens,
    ...(request.tools.length > 0 ? { tools: chatTools(request.tools) } : {}),
    ...(quirks.hasCacheKey ? { prompt_cache_key: cacheKeyOf(request.cacheKey) } : {}),
    ...(canAskToThink(request, quirks) ? thinkingFields(request.thinking, model.id, quirks) : {}),
  };
}

function canAskToThink({ model }: ModelRequest, quirks: Quirks): boolean {
  return model.isReasoning && (quirks.thinkingModels?.test(model.id) ?? true);
}

function thinkingFields(level: ThinkingLevel, modelId: string, quirks: Quirks): Record<string, unknown> {
  switch (quirks.thinkingField) {
    case "reasoning_effort": {
      const effort = openAiEffort(level, modelId);
      return effort ? { reasoning_effort: effort } : {};
    }
    case "reasoning.effort":
      return { reasoning: level === "off" ? { enabled: false } : { effort: level } };
    case "thinking.type":
      return { thinking: { type: level === "off" ? "disabled" : "enabled" } };
    case undefined:
      return {};
    default:
      return quirks.thinkingField satisfies never;
  }
}
