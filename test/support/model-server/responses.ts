// OpenAI's Responses API, as a stream.
import { contentText, nextId, type PlayedUsage, type Protocol, records, type Writer } from "./protocol.ts";

export const responsesProtocol: Protocol = {
  name: "openai-responses",
  path: /\/responses$/,
  read(body) {
    const input = typeof body["input"] === "string" ? [{ role: "user", content: body["input"] }] : records(body["input"]);
    const last = input.findLastIndex((item) => item["role"] === "user");
    // Calls of one step stand together: a round begins where a call follows something else.
    const round = input
      .slice(last + 1)
      .filter((item, at, rest) => item["type"] === "function_call" && rest[at - 1]?.["type"] !== "function_call").length;
    return {
      model: String(body["model"]),
      said: contentText(input[last]?.["content"]),
      round,
      hasTools: records(body["tools"]).length > 0,
      isStream: body["stream"] === true,
    };
  },
  write: (model) => writer(model),
  fail: (status, message) => ({ error: { message, type: typeOf(status), param: null, code: codeOf(status, message) } }),
};

export function typeOf(status: number): string {
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

export function codeOf(status: number, message: string): string | null {
  if (/context length|too long/.test(message)) return "context_length_exceeded";
  if (status === 401) return "invalid_api_key";
  if (status === 402) return "insufficient_quota";
  if (status === 404) return "model_not_found";
  return status === 429 ? "rate_limit_exceeded" : null;
}

function writer(model: string): Writer {
  const id = nextId("resp");
  const output: Record<string, unknown>[] = [];
  let sequence = 0;
  let text: { id: string; index: number; said: string } | undefined;
  const event = (type: string, data: Record<string, unknown>) => {
    sequence += 1;
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence - 1, ...data })}\n\n`;
  };
  const response = (status: string, more: Record<string, unknown> = {}) => ({
    id,
    object: "response",
    model,
    status,
    output,
    ...more,
  });
  const endText = () => {
    if (!text) return "";
    const item = {
      type: "message",
      id: text.id,
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: text.said, annotations: [] }],
    };
    const { index, said } = text;
    output.push(item);
    text = undefined;
    return (
      event("response.output_text.done", { item_id: item.id, output_index: index, content_index: 0, text: said }) +
      event("response.output_item.done", { output_index: index, item })
    );
  };
  return {
    open: () =>
      event("response.created", { response: response("in_progress") }) +
      event("response.in_progress", { response: response("in_progress") }),
    think: (thought) => {
      const index = output.length;
      const item = {
        type: "reasoning",
        id: nextId("rs"),
        summary: [{ type: "summary_text", text: thought }],
        encrypted_content: `sealed:${thought.length}`,
      };
      output.push(item);
      return (
        event("response.output_item.added", { output_index: index, item: { ...item, summary: [], encrypted_content: "" } }) +
        event("response.reasoning_summary_text.delta", {
          item_id: item.id,
          output_index: index,
          summary_index: 0,
          delta: thought,
        }) +
        event("response.output_item.done", { output_index: index, item })
      );
    },
    say: (word) => {
      let started = "";
      if (!text) {
        text = { id: nextId("msg"), index: output.length, said: "" };
        const item = { type: "message", id: text.id, role: "assistant", status: "in_progress", content: [] };
        started =
          event("response.output_item.added", { output_index: text.index, item }) +
          event("response.content_part.added", {
            item_id: text.id,
            output_index: text.index,
            content_index: 0,
            part: { type: "output_text", text: "", annotations: [] },
          });
      }
      text.said += word;
      const place = { item_id: text.id, output_index: text.index, content_index: 0 };
      return started + event("response.output_text.delta", { ...place, delta: word });
    },
    call: ({ id: callId, name, args }) => {
      const before = endText();
      const index = output.length;
      const json = JSON.stringify(args);
      const half = Math.ceil(json.length / 2);
      const item = { type: "function_call", id: nextId("fc"), call_id: callId, name, arguments: json, status: "completed" };
      output.push(item);
      const part = (delta: string) =>
        event("response.function_call_arguments.delta", { item_id: item.id, output_index: index, delta });
      return (
        before +
        event("response.output_item.added", { output_index: index, item: { ...item, arguments: "", status: "in_progress" } }) +
        part(json.slice(0, half)) +
        part(json.slice(half)) +
        event("response.function_call_arguments.done", { item_id: item.id, output_index: index, name, arguments: json }) +
        event("response.output_item.done", { output_index: index, item })
      );
    },
    errorEvent: (message) =>
      event("response.failed", { response: response("failed", { error: { code: "server_overloaded", message } }) }),
    close: (ending, usage) => {
      const before = endText();
      if (ending === "stop" || ending === "tools") {
        return before + event("response.completed", { response: response("completed", { usage: usageOf(usage) }) });
      }
      const reason = ending === "length" ? "max_output_tokens" : "content_filter";
      const details = { incomplete_details: { reason }, usage: usageOf(usage) };
      return before + event("response.incomplete", { response: response("incomplete", details) });
    },
  };
}

function usageOf(usage: PlayedUsage) {
  const input = usage.input + usage.cacheRead + usage.cacheWrite;
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cacheRead },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + usage.output,
  };
}
