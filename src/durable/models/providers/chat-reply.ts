// Puts a reply together from the chunks of Chat Completions, as OpenAI defined them and as others bend them:
// reasoning in three different fields or in <think> tags, calls without ids, several calls under one index.
import type { StopReason, Usage } from "../../../contract/entry.ts";
import { ModelFailure } from "../../../contract/errors.ts";
import type { ModelDelta, ModelReply, ModelRequest } from "../port.ts";
import { estimateUsage, priceUsage } from "../price.ts";
import { isReadable, makeCallId, parseArguments } from "./call-args.ts";
import { ThinkTags } from "./think-tags.ts";

/** What is read of a chunk; everything may be missing. */
export interface ChatChunk {
  choices?: { delta?: ChatDelta | null; message?: ChatDelta | null; finish_reason?: string | null }[] | null;
  usage?: ChatUsage | null;
  /** Workers AI's older form. */
  response?: unknown;
  tool_calls?: ChatCall[] | null;
}

interface ChatDelta {
  content?: string | null;
  refusal?: string | null;
  reasoning_content?: string | null;
  reasoning?: string | null;
  tool_calls?: ChatCall[] | null;
}

interface ChatCall {
  index?: number;
  id?: string | null;
  name?: string;
  arguments?: unknown;
  function?: { name?: string | null; arguments?: unknown } | null;
}

interface ChatUsage {
  prompt_tokens?: number | null;
  completion_tokens?: number | null;
  prompt_tokens_details?: { cached_tokens?: number | null; cache_write_tokens?: number | null } | null;
  prompt_cache_hit_tokens?: number | null;
}

interface OpenCall {
  position: number;
  id: string;
  name: string;
  json: string;
}

export class ChatReply {
  /** The last word of the service about why it stopped; absent: not ended. */
  finishReason: string | undefined;
  private text = "";
  private thinking = "";
  private refusal = "";
  private usage: ChatUsage | undefined;
  private readonly calls: OpenCall[] = [];
  private readonly openCalls = new Map<number, OpenCall>();
  private readonly tags = new ThinkTags();
  private readonly request: ModelRequest;

  constructor(request: ModelRequest) {
    this.request = request;
  }

  take(chunk: ChatChunk): ModelDelta[] {
    if (chunk.usage) this.usage = chunk.usage;
    const choice = chunk.choices?.[0];
    if (choice?.finish_reason) this.finishReason = choice.finish_reason;
    const delta = choice?.delta ?? choice?.message;
    if (delta) return this.takeDelta(delta);
    if (chunk.response === undefined && !chunk.tool_calls) return [];
    const content = typeof chunk.response === "string" ? chunk.response : "";
    return this.takeDelta({ content, tool_calls: chunk.tool_calls ?? null });
  }

  finish(): ModelReply {
    const model = this.request.model.ref;
    this.keep(this.tags.end());
    if (this.finishReason === "content_filter" && this.text === "") throw new ModelFailure({ kind: "refused", model });
    if (this.finishReason === "insufficient_system_resource") throw new ModelFailure({ kind: "overloaded", model });
    if (this.finishReason === "error") throw new ModelFailure({ kind: "cut", model, said: "the service broke off" });
    const isShort = this.finishReason === "length";
    const calls = this.calls.flatMap((call) => {
      if (call.name === "" || (isShort && !isReadable(call.json))) return [];
      return [{ id: call.id, name: call.name, args: parseArguments(call.json, model) }];
    });
    const text = this.text || this.refusal;
    const reply = { text, calls };
    const stopReason = this.stopReasonOf(calls.length, isShort);
    const spend = priceUsage(this.request.model, this.usage ? readUsage(this.usage) : estimateUsage(this.request, reply));
    return { ...reply, thinking: this.thinking === "" ? [] : [{ text: this.thinking }], stopReason, spend };
  }

  private takeDelta(delta: ChatDelta): ModelDelta[] {
    const made: ModelDelta[] = [];
    const reasoning = delta.reasoning_content || delta.reasoning;
    if (reasoning) made.push({ type: "thinking", delta: reasoning });
    if (delta.content) made.push(...this.tags.take(delta.content));
    this.keep(made);
    if (delta.refusal) {
      this.refusal += delta.refusal;
      made.push({ type: "text", delta: delta.refusal });
    }
    for (const call of delta.tool_calls ?? []) made.push(...this.takeCall(call));
    return made;
  }

  private keep(deltas: ModelDelta[]): void {
    for (const delta of deltas) {
      if (delta.type === "text") this.text += delta.delta;
      if (delta.type === "thinking") this.thinking += delta.delta;
    }
  }

  private takeCall(part: ChatCall): ModelDelta[] {
    const made: ModelDelta[] = [];
    const index = part.index ?? (part.id || part.function?.name || part.name ? this.calls.length : this.calls.length - 1);
    const name = part.function?.name ?? part.name ?? "";
    let call = this.openCalls.get(index);
    const isAnother = call !== undefined && name !== "" && Boolean(part.id) && part.id !== call.id && call.name !== "";
    if (!call || isAnother) {
      call = { position: this.calls.length, id: part.id || makeCallId(), name, json: "" };
      this.calls.push(call);
      this.openCalls.set(index, call);
      made.push({ type: "call-start", index: call.position, id: call.id, name });
    } else if (call.name === "" && name !== "") call.name = name;
    const args = part.function?.arguments ?? part.arguments;
    const delta = typeof args === "string" ? args : args ? JSON.stringify(args) : "";
    if (delta !== "") {
      call.json += delta;
      made.push({ type: "call-args", index: call.position, delta });
    }
    return made;
  }

  private stopReasonOf(calls: number, isShort: boolean): StopReason {
    if (calls > 0) return "tools";
    if (this.finishReason === "content_filter" || (this.refusal !== "" && this.text === "")) return "refused";
    return isShort ? "length" : "stop";
  }
}

function readUsage(usage: ChatUsage): Usage {
  const cacheRead = usage.prompt_tokens_details?.cached_tokens ?? usage.prompt_cache_hit_tokens ?? 0;
  const cacheWrite = usage.prompt_tokens_details?.cache_write_tokens ?? 0;
  return {
    input: Math.max(0, (usage.prompt_tokens ?? 0) - cacheRead - cacheWrite),
    output: usage.completion_tokens ?? 0,
    cacheRead,
    cacheWrite,
  };
}
