// Workers AI by its binding: no key, no address. The stream is decoded by the OpenAI SDK, since newer models speak
// its chunks; older ones send `{response, tool_calls}`, which has no finish reason: there `[DONE]` is the end mark.
import { ModelFailure } from "../../../contract/errors.ts";
import { quirksOf } from "../catalogue.ts";
import { classifyFailure } from "../failure.ts";
import type { ModelRequest, Provider, ToolSpec } from "../port.ts";
import { chatMessages, chatTools } from "./chat-body.ts";
import { type ChatChunk, ChatReply } from "./chat-reply.ts";

/** Below this, models that think end before they answer. */
const LEAST_TOKENS = 1_024;
const DONE = "[DONE]";

export const askWorkersAi: Provider = async function* (request, deps) {
  const { model } = request;
  if (!deps.ai) {
    throw new ModelFailure({ kind: "auth", model: model.ref, said: "Workers AI is there only when Skerry is deployed" });
  }
  const answer = await deps.ai.run(model.id, workersAiInputs(request), { signal: request.signal });
  const reply = new ChatReply(request);
  if (!(answer instanceof ReadableStream)) {
    yield* reply.take(wholeAnswer(answer, model.ref));
    return reply.finish();
  }
  const tail = watchTail(answer);
  const { Stream } = await import("openai/core/streaming");
  const attempt = new AbortController();
  const chunks = Stream.fromSSEResponse<ChatChunk & { error?: unknown }>(new Response(tail.stream), attempt);
  for await (const chunk of chunks) {
    if (chunk.error) throw classifyFailure(chunk, { model: model.ref });
    yield* reply.take(chunk);
  }
  request.signal.throwIfAborted();
  if (!reply.finishReason && !tail.isDone()) {
    throw new ModelFailure({ kind: "cut", model: model.ref, said: "the stream ended early" });
  }
  return reply.finish();
};

export function workersAiInputs(request: ModelRequest): Record<string, unknown> {
  const { model } = request;
  return {
    messages: chatMessages(request, quirksOf(model.provider)),
    stream: true,
    max_tokens: Math.max(LEAST_TOKENS, Math.min(request.maxTokens, model.maxTokens)),
    ...(request.tools.length > 0 ? { tools: chatTools(request.tools.map(flatten)) } : {}),
  };
}

const flattened = new WeakMap<ToolSpec, ToolSpec>();

function flatten(tool: ToolSpec): ToolSpec {
  const known = flattened.get(tool);
  if (known) return known;
  const made = { ...tool, parameters: asObject(flattenSchema(tool.parameters)) };
  flattened.set(tool, made);
  return made;
}

/** Workers AI refuses alternatives in a schema: the first one that says something stands for all. */
export function flattenSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(flattenSchema);
  if (typeof schema !== "object" || schema === null) return schema;
  const { oneOf, anyOf, allOf, $schema: _dialect, ...rest } = schema as Record<string, unknown>;
  const alternative = [oneOf, anyOf].flatMap((list) => (Array.isArray(list) ? list : [])).find((item) => item?.type !== "null");
  const parts = Array.isArray(allOf) ? allOf : [];
  let merged: Record<string, unknown> = {};
  for (const part of [...parts, ...(alternative ? [alternative] : [])].map(flattenSchema).map(asObject))
    merged = mergeSchemas(merged, part);
  const own = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, flattenSchema(value)]));
  const whole = mergeSchemas(merged, own);
  // A list of types is an alternative too.
  const { type } = whole;
  return Array.isArray(type) ? { ...whole, type: type.find((item) => item !== "null") ?? "string" } : whole;
}

function mergeSchemas(first: Record<string, unknown>, second: Record<string, unknown>): Record<string, unknown> {
  const properties = { ...asObject(first["properties"]), ...asObject(second["properties"]) };
  const required = [...new Set([...asList(first["required"]), ...asList(second["required"])])];
  return {
    ...first,
    ...second,
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}

function wholeAnswer(answer: unknown, model: string): ChatChunk {
  const found = asObject(answer);
  if (found["choices"] === undefined && found["response"] === undefined && found["tool_calls"] === undefined) {
    throw new ModelFailure({ kind: "cut", model, said: "the answer was not readable" });
  }
  return found;
}

/** Passes bytes on and remembers whether they ended with the end mark. */
function watchTail(source: ReadableStream) {
  let tail = "";
  const decoder = new TextDecoder();
  const watch = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      tail = (tail + decoder.decode(bytes.subarray(-32), { stream: false })).slice(-64);
      controller.enqueue(bytes);
    },
  });
  return { stream: (source as ReadableStream<Uint8Array>).pipeThrough(watch), isDone: () => tail.includes(DONE) };
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
