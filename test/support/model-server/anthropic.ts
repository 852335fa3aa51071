// Anthropic's Messages API, as a stream.
import { contentText, nextId, type PlayedUsage, type Protocol, records, type Writer } from "./protocol.ts";

const event = (type: string, data: Record<string, unknown>) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

const KINDS: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

export const anthropicProtocol: Protocol = {
  name: "anthropic-messages",
  path: /\/messages$/,
  read(body) {
    const messages = records(body["messages"]);
    const isSpoken = (message: Record<string, unknown>) =>
      message["role"] === "user" && !records(message["content"]).some((part) => part["type"] === "tool_result");
    const last = messages.findLastIndex(isSpoken);
    const hasCalls = (message: Record<string, unknown>) =>
      message["role"] === "assistant" && records(message["content"]).some((part) => part["type"] === "tool_use");
    return {
      model: String(body["model"]),
      said: contentText(messages[last]?.["content"]),
      round: messages.slice(last + 1).filter(hasCalls).length,
      hasTools: records(body["tools"]).length > 0,
      isStream: body["stream"] === true,
    };
  },
  write: (model) => writer(model),
  fail: (status, message) => ({
    type: "error",
    error: { type: KINDS[status] ?? "api_error", message },
    request_id: nextId("req"),
  }),
};

function writer(model: string): Writer {
  let index = -1;
  let open: string | undefined;
  const stopBlock = () => {
    if (!open) return "";
    open = undefined;
    return event("content_block_stop", { index });
  };
  const startBlock = (kind: string, block: Record<string, unknown>) => {
    if (open === kind && kind !== "call") return "";
    const stopped = stopBlock();
    open = kind;
    index += 1;
    return stopped + event("content_block_start", { index, content_block: block });
  };
  const delta = (data: Record<string, unknown>) => event("content_block_delta", { index, delta: data });
  return {
    open: (usage) =>
      event("message_start", {
        message: {
          id: nextId("msg"),
          type: "message",
          role: "assistant",
          model,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: usageOf(usage, 1),
        },
      }) + event("ping", {}),
    think: (text) =>
      startBlock("thinking", { type: "thinking", thinking: "", signature: "" }) +
      delta({ type: "thinking_delta", thinking: text }) +
      delta({ type: "signature_delta", signature: `sig:${text.length}` }),
    say: (word) => startBlock("text", { type: "text", text: "" }) + delta({ type: "text_delta", text: word }),
    call: ({ id, name, args }) => {
      const json = JSON.stringify(args);
      const half = Math.ceil(json.length / 2);
      return (
        startBlock("call", { type: "tool_use", id, name, input: {} }) +
        delta({ type: "input_json_delta", partial_json: "" }) +
        delta({ type: "input_json_delta", partial_json: json.slice(0, half) }) +
        delta({ type: "input_json_delta", partial_json: json.slice(half) }) +
        stopBlock()
      );
    },
    errorEvent: (message) => event("error", { error: { type: "overloaded_error", message } }),
    close: (ending, usage) =>
      stopBlock() +
      event("message_delta", {
        delta: { stop_reason: STOPS[ending], stop_sequence: null },
        usage: { output_tokens: usage.output },
      }) +
      event("message_stop", {}),
  };
}

const STOPS = { stop: "end_turn", tools: "tool_use", length: "max_tokens", refusal: "refusal" } as const;

function usageOf(usage: PlayedUsage, output: number) {
  return {
    input_tokens: usage.input,
    output_tokens: output,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation_input_tokens: usage.cacheWrite,
  };
}
