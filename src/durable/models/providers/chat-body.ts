// Messages and tools in the words of OpenAI's Chat Completions, which many services and Workers AI speak.
import type { OpenAI } from "openai";
import type { Quirks } from "../catalogue/provider-rows.ts";
import { type PreparedMessage, prepareMessages, textOf } from "../handover.ts";
import type { ModelPart, ModelRequest, ToolSpec } from "../port.ts";

type ChatMessage = OpenAI.Chat.Completions.ChatCompletionMessageParam;
type ChatTool = OpenAI.Chat.Completions.ChatCompletionFunctionTool;

export function chatMessages(request: ModelRequest, quirks: Quirks): ChatMessage[] {
  const prepared = prepareMessages(request.messages, request.model, { hasShortCallIds: quirks.hasShortCallIds === true });
  const system = [request.system.stable, request.system.volatile].filter((text) => text.trim() !== "").join("\n\n");
  const messages: ChatMessage[] = system === "" ? [] : [{ role: "system", content: system }];
  for (const message of prepared) messages.push(...toChat(message, quirks));
  return messages;
}

export function chatTools(tools: readonly ToolSpec[]): ChatTool[] {
  return tools.map(({ name, description, parameters }) => ({ type: "function", function: { name, description, parameters } }));
}

function toChat(message: PreparedMessage, quirks: Quirks): ChatMessage[] {
  if (message.role === "user") return [userMessage(message.parts)];
  if (message.role === "assistant") return [assistantMessage(message, quirks)];
  const images = message.results.flatMap((result) => result.images);
  const answers: ChatMessage[] = message.results.map((result) => ({
    role: "tool",
    tool_call_id: result.callId,
    content: result.isError ? `Error: ${result.text}` : result.text,
  }));
  if (images.length === 0) return answers;
  // Results of this protocol carry text alone; what they show follows as a message.
  const shown: ModelPart[] = images.map((image) => ({ type: "image", ...image }));
  return [...answers, userMessage([{ type: "text", text: "(Images from the results above.)" }, ...shown])];
}

function userMessage(parts: readonly ModelPart[]): ChatMessage {
  if (parts.every((part) => part.type === "text")) return { role: "user", content: textOf(parts) };
  return {
    role: "user",
    content: parts.map(toContent),
  };
}

function toContent(part: ModelPart): OpenAI.Chat.Completions.ChatCompletionContentPart {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text };
    case "image":
      return { type: "image_url", image_url: { url: dataUrl(part) } };
    case "document":
      return { type: "file", file: { filename: part.name, file_data: dataUrl(part) } };
    default:
      return part satisfies never;
  }
}

function dataUrl({ mimeType, base64 }: { mimeType: string; base64: string }): string {
  return `data:${mimeType};base64,${base64}`;
}

function assistantMessage(message: Extract<PreparedMessage, { role: "assistant" }>, quirks: Quirks): ChatMessage {
  const reasoning = message.thinking.map((thinking) => thinking.text).join("\n");
  const isTagged = quirks.echoesReasoning === "think-tag" && reasoning !== "";
  const text = isTagged ? `<think>\n${reasoning}\n</think>\n${message.text}` : message.text;
  const calls = message.calls.map((call) => ({
    type: "function" as const,
    id: call.id,
    function: { name: call.name, arguments: JSON.stringify(call.args) },
  }));
  return {
    role: "assistant",
    content: text,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    // Asked for by services whose models go on thinking between calls.
    ...(quirks.echoesReasoning === "reasoning_content" && calls.length > 0 ? { reasoning_content: reasoning } : {}),
  };
}
