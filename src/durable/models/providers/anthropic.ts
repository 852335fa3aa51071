// Anthropic's Messages API by its official SDK: stream in, deltas out, blocks put together at the end.
// A stream without `message_stop` is cut, whatever came before it.
import type { Anthropic } from "@anthropic-ai/sdk";
import type { StopReason, Thinking, ToolCall, Usage } from "../../../contract/entry.ts";
import { ModelFailure } from "../../../contract/errors.ts";
import { classifyFailure } from "../failure.ts";
import type { ModelDelta, ModelReply, ModelRequest, Provider, ProviderDeps } from "../port.ts";
import { priceUsage } from "../price.ts";
import { anthropicBody } from "./anthropic-body.ts";
import { parseArguments } from "./call-args.ts";
import { clientCache, keyOf } from "./credentials.ts";

type Block =
  | { type: "text"; text: string }
  | { type: "thinking"; thinking: Thinking }
  | { type: "call"; index: number; id: string; name: string; json: string };

interface Progress {
  blocks: Map<number, Block>;
  usage: Usage;
  stopReason: string | undefined;
  refusal: string | undefined;
  hasEnded: boolean;
}

const ANTHROPIC_URL = "https://api.anthropic.com";

let clients: ((model: ModelRequest["model"], deps: ProviderDeps) => Anthropic) | undefined;

export const askAnthropic: Provider = async function* (request, deps) {
  keyOf(request.model, deps);
  const client = (await loadClients())(request.model, deps);
  const stream = await open(client, request);
  const progress: Progress = {
    blocks: new Map(),
    usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    stopReason: undefined,
    refusal: undefined,
    hasEnded: false,
  };
  for await (const event of stream) {
    const delta = take(event, progress);
    if (delta) yield delta;
  }
  request.signal.throwIfAborted();
  if (!progress.hasEnded) throw new ModelFailure({ kind: "cut", model: request.model.ref, said: "the stream ended early" });
  return finish(progress, request);
};

async function loadClients() {
  if (clients) return clients;
  const { Anthropic } = await import("@anthropic-ai/sdk");
  clients = clientCache((options) => {
    // Anthropic itself takes the key as a bearer token; others who speak its protocol look for the older header.
    const defaultHeaders = options.baseURL === ANTHROPIC_URL ? {} : { "x-api-key": options.apiKey };
    return new Anthropic({ ...options, defaultHeaders, authToken: null, maxRetries: 0, logLevel: "off", openTelemetry: false });
  });
  return clients;
}

async function open(client: Anthropic, request: ModelRequest) {
  const body = anthropicBody(request);
  try {
    return await client.messages.create(body, { signal: request.signal });
  } catch (error) {
    const failure = classifyFailure(error, { model: request.model.ref });
    // Thinking of earlier steps that the service no longer takes (cut, reordered, another account) is worth less than an answer.
    if (failure.data.kind !== "bad-request" || !/thinking|signature/i.test(failure.data.said ?? "")) throw error;
    const plain = request.messages.map((message) => (message.role === "assistant" ? { ...message, thinking: [] } : message));
    const { thinking: _thinking, ...rest } = anthropicBody({ ...request, messages: plain });
    return await client.messages.create(rest, { signal: request.signal });
  }
}

function take(event: Anthropic.RawMessageStreamEvent, progress: Progress): ModelDelta | undefined {
  switch (event.type) {
    case "message_start":
      addUsage(progress.usage, event.message.usage);
      return undefined;
    case "content_block_start":
      return startBlock(event, progress);
    case "content_block_delta":
      return extendBlock(event, progress);
    case "message_delta":
      addUsage(progress.usage, event.usage);
      progress.stopReason = event.delta.stop_reason ?? progress.stopReason;
      progress.refusal = event.delta.stop_details?.explanation ?? progress.refusal;
      return undefined;
    case "message_stop":
      progress.hasEnded = true;
      return undefined;
    default:
      return undefined;
  }
}

function startBlock(
  { index, content_block: block }: Anthropic.RawContentBlockStartEvent,
  progress: Progress,
): ModelDelta | undefined {
  if (block.type === "text") {
    progress.blocks.set(index, { type: "text", text: block.text });
    return block.text === "" ? undefined : { type: "text", delta: block.text };
  }
  if (block.type === "thinking") {
    progress.blocks.set(index, { type: "thinking", thinking: { text: block.thinking } });
    return { type: "thinking", delta: block.thinking };
  }
  if (block.type === "redacted_thinking") {
    progress.blocks.set(index, { type: "thinking", thinking: { text: "", redacted: block.data } });
    return undefined;
  }
  if (block.type !== "tool_use") return undefined;
  const callIndex = [...progress.blocks.values()].filter((made) => made.type === "call").length;
  progress.blocks.set(index, { type: "call", index: callIndex, id: block.id, name: block.name, json: "" });
  return { type: "call-start", index: callIndex, id: block.id, name: block.name };
}

function extendBlock({ index, delta }: Anthropic.RawContentBlockDeltaEvent, progress: Progress): ModelDelta | undefined {
  const block = progress.blocks.get(index);
  if (block?.type === "text" && delta.type === "text_delta") {
    block.text += delta.text;
    return { type: "text", delta: delta.text };
  }
  if (block?.type === "thinking" && delta.type === "thinking_delta") {
    block.thinking.text += delta.thinking;
    return { type: "thinking", delta: delta.thinking };
  }
  if (block?.type === "thinking" && delta.type === "signature_delta") {
    block.thinking.signature = (block.thinking.signature ?? "") + delta.signature;
  }
  if (block?.type === "call" && delta.type === "input_json_delta") {
    block.json += delta.partial_json;
    return { type: "call-args", index: block.index, delta: delta.partial_json };
  }
  return undefined;
}

/** Counts are running totals: a later event replaces an earlier one. */
function addUsage(usage: Usage, seen: Partial<Anthropic.MessageDeltaUsage>): void {
  usage.input = seen.input_tokens ?? usage.input;
  usage.output = seen.output_tokens ?? usage.output;
  usage.cacheRead = seen.cache_read_input_tokens ?? usage.cacheRead;
  usage.cacheWrite = seen.cache_creation_input_tokens ?? usage.cacheWrite;
}

function finish(progress: Progress, request: ModelRequest): ModelReply {
  const model = request.model.ref;
  const blocks = [...progress.blocks.values()];
  const text = blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("");
  const hasWords = text !== "" || blocks.some((block) => block.type === "call");
  if (progress.stopReason === "refusal") {
    throw new ModelFailure({ kind: "refused", model, ...(progress.refusal ? { said: progress.refusal } : {}) });
  }
  if (progress.stopReason === "model_context_window_exceeded" && !hasWords) throw new ModelFailure({ kind: "too-long", model });
  const isShort = progress.stopReason === "max_tokens" || progress.stopReason === "model_context_window_exceeded";
  const calls: ToolCall[] = [];
  for (const block of blocks) {
    if (block.type !== "call") continue;
    // The answer ended inside this call: half of its arguments must not run.
    if (isShort && !isObject(block.json)) continue;
    calls.push({ id: block.id, name: block.name, args: parseArguments(block.json, model) });
  }
  return {
    text,
    thinking: blocks.flatMap((block) => (block.type === "thinking" ? [block.thinking] : [])),
    calls,
    stopReason: stopReasonOf(isShort, calls),
    spend: priceUsage(request.model, progress.usage),
  };
}

function stopReasonOf(isShort: boolean, calls: ToolCall[]): StopReason {
  if (calls.length > 0) return "tools";
  return isShort ? "length" : "stop";
}

function isObject(json: string): boolean {
  try {
    return typeof JSON.parse(json) === "object";
  } catch {
    return false;
  }
}
