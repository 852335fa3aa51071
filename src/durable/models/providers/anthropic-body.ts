// A request in the words of Anthropic's Messages API. Cache marks, four at most: the tools, the stable part of the
// system prompt, and the last two messages of a person or a tool, so that each step reads what the one before wrote.
import type { Anthropic } from "@anthropic-ai/sdk";
import type { ThinkingLevel } from "../../../contract/event.ts";
import { quirksOf } from "../catalogue.ts";
import { type PreparedMessage, type PreparedResult, prepareMessages } from "../handover.ts";
import type { ModelPart, ModelRequest, ToolSpec } from "../port.ts";

type Body = Anthropic.MessageCreateParamsStreaming;
const CACHED = { cache_control: { type: "ephemeral" } } as const;

const BUDGETS: Record<Exclude<ThinkingLevel, "off">, number> = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 32_768,
};

export function anthropicBody(request: ModelRequest): Body {
  const { model } = request;
  const messages = prepareMessages(request.messages, model);
  return {
    model: model.id,
    max_tokens: Math.min(request.maxTokens, model.maxTokens),
    stream: true,
    system: systemOf(request.system),
    messages: markLast(messages.map((message) => toParam(message))),
    ...(request.tools.length > 0 ? { tools: toolsOf(request.tools, quirksOf(model.provider).hasEagerArguments === true) } : {}),
    ...thinkingOf(request, messages),
  };
}

function systemOf(system: ModelRequest["system"]): Anthropic.TextBlockParam[] {
  const blocks: Anthropic.TextBlockParam[] = [];
  if (system.stable.trim() !== "") blocks.push({ type: "text", text: system.stable, ...CACHED });
  if (system.volatile.trim() !== "") blocks.push({ type: "text", text: system.volatile });
  return blocks;
}

function toolsOf(tools: readonly ToolSpec[], isEager: boolean): Anthropic.Tool[] {
  return tools.map((tool, index) => ({
    name: tool.name,
    description: tool.description,
    input_schema: { type: "object", ...tool.parameters },
    ...(isEager ? { eager_input_streaming: true } : {}),
    ...(index === tools.length - 1 ? CACHED : {}),
  }));
}

function toParam(message: PreparedMessage): Anthropic.MessageParam {
  if (message.role === "user") {
    return {
      role: "user",
      content: message.parts.map(partOf),
    };
  }
  if (message.role === "results") return { role: "user", content: message.results.map(resultOf) };
  const content: Anthropic.ContentBlockParam[] = [];
  for (const thinking of message.thinking) {
    if (thinking.redacted !== undefined) content.push({ type: "redacted_thinking", data: thinking.redacted });
    else if (thinking.signature) content.push({ type: "thinking", thinking: thinking.text, signature: thinking.signature });
  }
  if (message.text.trim() !== "") content.push({ type: "text", text: message.text });
  for (const call of message.calls) content.push({ type: "tool_use", id: call.id, name: call.name, input: call.args });
  return { role: "assistant", content };
}

function partOf(part: ModelPart): Anthropic.ContentBlockParam {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text };
    case "image":
      return imageOf(part);
    case "document": {
      const source = { type: "base64", media_type: part.mimeType, data: part.base64 } as const;
      return { type: "document", source, title: part.name.slice(0, 200) };
    }
    default:
      return part satisfies never;
  }
}

function resultOf(result: PreparedResult): Anthropic.ToolResultBlockParam {
  return {
    type: "tool_result",
    tool_use_id: result.callId,
    content: result.images.length === 0 ? result.text : [{ type: "text", text: result.text }, ...result.images.map(imageOf)],
    ...(result.isError ? { is_error: true } : {}),
  };
}

function imageOf(image: { mimeType: string; base64: string }): Anthropic.ImageBlockParam {
  const known = (["image/png", "image/gif", "image/webp"] as const).find((type) => type === image.mimeType);
  return { type: "image", source: { type: "base64", media_type: known ?? "image/jpeg", data: image.base64 } };
}

function markLast(messages: Anthropic.MessageParam[]): Anthropic.MessageParam[] {
  let marksLeft = 2;
  for (let index = messages.length - 1; index >= 0 && marksLeft > 0; index -= 1) {
    const message = messages[index];
    if (message?.role !== "user" || typeof message.content === "string") continue;
    const last = message.content.at(-1);
    if (last && isMarkable(last)) {
      last.cache_control = { type: "ephemeral" };
      marksLeft -= 1;
    }
  }
  return messages;
}

/** Kinds of content that may carry a cache mark. */
function isMarkable(
  block: Anthropic.ContentBlockParam,
): block is Extract<Anthropic.ContentBlockParam, { type: "text" | "tool_result" | "image" | "document" }> {
  return block.type === "text" || block.type === "tool_result" || block.type === "image" || block.type === "document";
}

/** Claude from 4.6 on decides by itself how long to think; older ones get a budget. */
function thinkingOf(request: ModelRequest, messages: readonly PreparedMessage[]): Pick<Body, "thinking" | "output_config"> {
  const { model, thinking } = request;
  if (!model.isReasoning) return {};
  const version = claudeVersion(model.id);
  if (version >= 4.6) {
    // From 5 on thinking cannot be relied upon to be off; little effort comes nearest.
    if (thinking === "off") return version >= 5 ? { output_config: { effort: "low" } } : {};
    return { thinking: { type: "adaptive", display: "summarized" }, output_config: { effort: effortOf(thinking, version) } };
  }
  const budget = Math.min(thinking === "off" ? 0 : BUDGETS[thinking], Math.min(request.maxTokens, model.maxTokens) - 1_024);
  // A step in the middle of calls whose thinking is gone (another model made them) is refused with a budget.
  if (budget < 1_024 || isMidStepWithoutThinking(messages)) return {};
  return { thinking: { type: "enabled", budget_tokens: budget } };
}

function effortOf(level: Exclude<ThinkingLevel, "off">, version: number): "low" | "medium" | "high" | "xhigh" | "max" {
  if (level === "minimal") return "low";
  return level === "xhigh" && version < 4.7 ? "max" : level;
}

/** 4.6 of claude-opus-4-6; 0 for a model of somebody else; newest for a Claude whose name carries no number. */
export function claudeVersion(id: string): number {
  if (!id.includes("claude")) return 0;
  const match = /claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(id);
  if (match?.[1]) return Number(`${match[1]}.${match[2] ?? 0}`);
  return /claude-\d/.test(id) ? 3 : 5;
}

function isMidStepWithoutThinking(messages: readonly PreparedMessage[]): boolean {
  if (messages.at(-1)?.role !== "results") return false;
  const asked = messages.at(-2);
  return asked?.role === "assistant" && !asked.thinking.some((thinking) => thinking.signature ?? thinking.redacted);
}
