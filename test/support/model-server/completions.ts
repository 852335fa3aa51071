// OpenAI's Chat Completions, as a stream.
import { contentText, nextId, type PlayedUsage, type Protocol, records, type Writer } from "./protocol.ts";
import { codeOf, typeOf } from "./responses.ts";

export const completionsProtocol: Protocol = {
  name: "openai-completions",
  path: /\/chat\/completions$/,
  read(body) {
    const messages = records(body["messages"]);
    const last = messages.findLastIndex((message) => message["role"] === "user");
    return {
      model: String(body["model"]),
      said: contentText(messages[last]?.["content"]),
      round: messages.slice(last + 1).filter((message) => records(message["tool_calls"]).length > 0).length,
      hasTools: records(body["tools"]).length > 0,
      isStream: body["stream"] === true,
    };
  },
  write: (model) => completionsWriter(model),
  fail: (status, message) => ({ error: { message, type: typeOf(status), param: null, code: codeOf(status, message) } }),
};

export function completionsWriter(model: string): Writer {
  const head = { id: nextId("chatcmpl"), object: "chat.completion.chunk", created: 1_700_000_000, model };
  const prefix = JSON.stringify(head).slice(0, -1);
  let calls = 0;
  const chunk = (delta: Record<string, unknown>, finish: string | null = null) =>
    `data: ${prefix},"choices":[{"index":0,"delta":${JSON.stringify(delta)},"finish_reason":${JSON.stringify(finish)}}]}\n\n`;
  return {
    open: () => chunk({ role: "assistant", content: "" }),
    think: (text) => chunk({ reasoning_content: text }),
    say: (word) => chunk({ content: word }),
    call: ({ id, name, args }) => {
      const index = calls;
      calls += 1;
      const json = JSON.stringify(args);
      const half = Math.ceil(json.length / 2);
      const part = (piece: string) => chunk({ tool_calls: [{ index, function: { arguments: piece } }] });
      const start = chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] });
      return start + part(json.slice(0, half)) + part(json.slice(half));
    },
    errorEvent: (message) =>
      `data: ${JSON.stringify({ error: { message, type: "server_error", code: "server_overloaded" } })}\n\n`,
    close: (ending, usage) => {
      const usageChunk = `data: ${JSON.stringify({ ...head, choices: [], usage: usageOf(usage) })}\n\n`;
      return `${chunk({}, FINISHES[ending])}${usageChunk}data: [DONE]\n\n`;
    },
  };
}

const FINISHES = { stop: "stop", tools: "tool_calls", length: "length", refusal: "content_filter" } as const;

function usageOf(usage: PlayedUsage) {
  const input = usage.input + usage.cacheRead + usage.cacheWrite;
  return {
    prompt_tokens: input,
    completion_tokens: usage.output,
    total_tokens: input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead },
  };
}
