// OpenAI's Responses API by its official SDK. Nothing is stored at OpenAI: reasoning travels encrypted in our own
// transcript. A stream without `response.completed` (or `.incomplete`) is cut, whatever came before it.
import type { OpenAI } from "openai";
import type { StopReason, Thinking, ToolCall, Usage } from "../../../contract/entry.ts";
import { ModelFailure } from "../../../contract/errors.ts";
import { classifyFailure } from "../failure.ts";
import type { ModelDelta, ModelReply, ModelRequest, Provider } from "../port.ts";
import { estimateUsage, priceUsage } from "../price.ts";
import { isReadable, parseArguments } from "./call-args.ts";
import { openAiClient } from "./openai-client.ts";
import { responsesBody } from "./responses-body.ts";

type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
type Item = OpenAI.Responses.ResponseOutputItem;

interface OpenCall {
  position: number;
  id: string;
  name: string;
  json: string;
}

interface Progress {
  text: string;
  refusal: string;
  thinking: Thinking[];
  calls: Map<number, OpenCall>;
  usage: Usage | undefined;
  end: "completed" | "max_output_tokens" | "content_filter" | undefined;
}

export const askResponses: Provider = async function* (request, deps) {
  const client = await openAiClient(request.model, deps);
  const stream = await client.responses.create(responsesBody(request), { signal: request.signal });
  const progress: Progress = { text: "", refusal: "", thinking: [], calls: new Map(), usage: undefined, end: undefined };
  for await (const event of stream) {
    const delta = take(event, progress, request);
    if (delta) yield delta;
  }
  request.signal.throwIfAborted();
  if (!progress.end) throw new ModelFailure({ kind: "cut", model: request.model.ref, said: "the stream ended early" });
  return finish(progress, request);
};

function take(event: StreamEvent, progress: Progress, request: ModelRequest): ModelDelta | undefined {
  switch (event.type) {
    case "response.output_text.delta":
      progress.text += event.delta;
      return { type: "text", delta: event.delta };
    case "response.refusal.delta":
      progress.refusal += event.delta;
      return { type: "text", delta: event.delta };
    case "response.reasoning_summary_text.delta":
    case "response.reasoning_text.delta":
      return { type: "thinking", delta: event.delta };
    case "response.output_item.added":
      return startItem(event.output_index, event.item, progress);
    case "response.function_call_arguments.delta": {
      const call = progress.calls.get(event.output_index);
      if (!call) return undefined;
      call.json += event.delta;
      return { type: "call-args", index: call.position, delta: event.delta };
    }
    case "response.output_item.done":
      endItem(event.output_index, event.item, progress);
      return undefined;
    case "response.completed":
      progress.end = "completed";
      progress.usage = usageOf(event.response.usage);
      return undefined;
    case "response.incomplete":
      progress.end = event.response.incomplete_details?.reason === "content_filter" ? "content_filter" : "max_output_tokens";
      progress.usage = usageOf(event.response.usage);
      return undefined;
    case "response.failed":
      throw classifyFailure({ error: event.response.error, message: "the service failed" }, { model: request.model.ref });
    case "error":
      throw classifyFailure({ error: event }, { model: request.model.ref });
    default:
      return undefined;
  }
}

function startItem(index: number, item: Item, progress: Progress): ModelDelta | undefined {
  if (item.type === "reasoning") return { type: "thinking", delta: "" };
  if (item.type !== "function_call") return undefined;
  const call = { position: progress.calls.size, id: item.call_id, name: item.name, json: "" };
  progress.calls.set(index, call);
  return { type: "call-start", index: call.position, id: call.id, name: call.name };
}

function endItem(index: number, item: Item, progress: Progress): void {
  if (item.type === "reasoning") progress.thinking.push(thinkingOf(item));
  const call = item.type === "function_call" ? progress.calls.get(index) : undefined;
  if (call && item.type === "function_call" && item.arguments) call.json = item.arguments;
}

function thinkingOf(item: OpenAI.Responses.ResponseReasoningItem): Thinking {
  const text = [...item.summary, ...(item.content ?? [])].map((part) => part.text).join("\n\n");
  return { text, signature: item.id, ...(item.encrypted_content ? { redacted: item.encrypted_content } : {}) };
}

function usageOf(usage: OpenAI.Responses.ResponseUsage | undefined): Usage | undefined {
  if (!usage) return undefined;
  const cacheRead = usage.input_tokens_details?.cached_tokens ?? 0;
  return { input: Math.max(0, usage.input_tokens - cacheRead), output: usage.output_tokens, cacheRead, cacheWrite: 0 };
}

function finish(progress: Progress, request: ModelRequest): ModelReply {
  const model = request.model.ref;
  if (progress.end === "content_filter" && progress.text === "") throw new ModelFailure({ kind: "refused", model });
  const isShort = progress.end === "max_output_tokens";
  const calls: ToolCall[] = [];
  for (const call of progress.calls.values()) {
    // The answer ended inside this call: half of its arguments must not run.
    if (isShort && !isReadable(call.json)) continue;
    calls.push({ id: call.id, name: call.name, args: parseArguments(call.json, model) });
  }
  const text = progress.text || progress.refusal;
  const usage = progress.usage ?? estimateUsage(request, { text, calls });
  const stopReason = stopReasonOf(progress, calls.length, isShort);
  return { text, thinking: progress.thinking, calls, stopReason, spend: priceUsage(request.model, usage) };
}

function stopReasonOf(progress: Progress, calls: number, isShort: boolean): StopReason {
  if (calls > 0) return "tools";
  if (progress.end === "content_filter" || (progress.text === "" && progress.refusal !== "")) return "refused";
  return isShort ? "length" : "stop";
}
