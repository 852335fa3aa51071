// A request in the words of OpenAI's Responses API. Prefixes are cached by OpenAI itself: the stable part comes
// first, and the cache key sends a session to the same cache again.
import type { OpenAI } from "openai";
import { type PreparedMessage, type PreparedResult, prepareMessages } from "../handover.ts";
import type { ModelPart, ModelRequest } from "../port.ts";
import { openAiEffort } from "./effort.ts";
import { cacheKeyOf } from "./openai-client.ts";

type Body = OpenAI.Responses.ResponseCreateParamsStreaming;
type Input = OpenAI.Responses.ResponseInputItem;

export function responsesBody(request: ModelRequest): Body {
  const { model, system } = request;
  return {
    model: model.id,
    instructions: [system.stable, system.volatile].filter((text) => text.trim() !== "").join("\n\n"),
    input: prepareMessages(request.messages, model).flatMap(toInput),
    stream: true,
    store: false,
    max_output_tokens: Math.min(request.maxTokens, model.maxTokens),
    prompt_cache_key: cacheKeyOf(request.cacheKey),
    ...(request.tools.length > 0 ? { tools: request.tools.map(toTool) } : {}),
    ...reasoningOf(request),
  };
}

function toTool(tool: ModelRequest["tools"][number]): OpenAI.Responses.FunctionTool {
  return { type: "function", name: tool.name, description: tool.description, parameters: tool.parameters, strict: false };
}

function reasoningOf({ model, thinking }: ModelRequest): Pick<Body, "reasoning" | "include"> {
  if (!model.isReasoning) return {};
  const effort = openAiEffort(thinking, model.id);
  return {
    reasoning: { ...(effort ? { effort } : {}), ...(thinking === "off" ? {} : { summary: "auto" }) },
    include: ["reasoning.encrypted_content"],
  };
}

function toInput(message: PreparedMessage): Input[] {
  if (message.role === "results") return message.results.map(toOutput);
  if (message.role === "user") {
    return [
      {
        role: "user",
        content: message.parts.map(partOf),
      },
    ];
  }
  // Reasoning that did not come encrypted cannot be read back by a service that stores nothing.
  const reasoning: Input[] = message.thinking.flatMap((thinking) =>
    thinking.redacted && thinking.signature
      ? [
          {
            type: "reasoning",
            id: thinking.signature,
            summary: thinking.text === "" ? [] : [{ type: "summary_text", text: thinking.text }],
            encrypted_content: thinking.redacted,
          },
        ]
      : [],
  );
  const text: Input[] = message.text.trim() === "" ? [] : [{ role: "assistant", content: message.text }];
  const calls: Input[] = message.calls.map((call) => ({
    type: "function_call",
    call_id: call.id,
    name: call.name,
    arguments: JSON.stringify(call.args),
  }));
  return [...reasoning, ...text, ...calls];
}

function toOutput(result: PreparedResult): Input {
  const text = result.isError ? `Error: ${result.text}` : result.text;
  return {
    type: "function_call_output",
    call_id: result.callId,
    output:
      result.images.length === 0
        ? text
        : [{ type: "input_text", text }, ...result.images.map((image) => imageOf(image.mimeType, image.base64))],
  };
}

function partOf(part: ModelPart): OpenAI.Responses.ResponseInputContent {
  switch (part.type) {
    case "text":
      return { type: "input_text", text: part.text };
    case "image":
      return imageOf(part.mimeType, part.base64);
    case "document":
      return { type: "input_file", filename: part.name, file_data: `data:${part.mimeType};base64,${part.base64}` };
    default:
      return part satisfies never;
  }
}

function imageOf(mimeType: string, base64: string) {
  return { type: "input_image" as const, detail: "auto" as const, image_url: `data:${mimeType};base64,${base64}` };
}
