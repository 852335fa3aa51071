// Answers of /v1/responses: whole, or as the official sequence of events, numbered from 0.
import type { Spend } from "../../contract/entry.ts";
import type { Ended } from "./answer.ts";
import { asRefused, drain } from "./chat-answer.ts";
import { formatResponseId, type ResponsesAsked } from "./responses-request.ts";
import { formatEvent } from "./sse.ts";
import type { Turn } from "./turn.ts";

type Pieces = AsyncGenerator<string, Ended>;

export async function completeResponse(pieces: Pieces, asked: ResponsesAsked, turn: Turn) {
  const createdAt = nowInSeconds();
  const ended = await drain(pieces);
  return viewResponse(asked, turn, createdAt, ended);
}

/** Throws what fails before the first piece; later failures are `response.failed`. */
export async function* streamResponse(pieces: Pieces, asked: ResponsesAsked, turn: Turn): AsyncGenerator<string> {
  const createdAt = nowInSeconds();
  let number = 0;
  const say = (type: string, detail: object) => formatEvent({ type, sequence_number: number++, ...detail }, type);
  const place = { item_id: `msg_${turn.id}`, output_index: 0, content_index: 0 };
  let text = "";
  let hasBegun = false;
  const begin = () => {
    if (hasBegun) return "";
    hasBegun = true;
    const response = viewResponse(asked, turn, createdAt);
    const item = { ...viewMessage(turn, "", "in_progress"), content: [] };
    return (
      say("response.created", { response }) +
      say("response.in_progress", { response }) +
      say("response.output_item.added", { output_index: 0, item }) +
      say("response.content_part.added", { ...place, part: viewText("") })
    );
  };
  try {
    let step = await pieces.next();
    for (; !step.done; step = await pieces.next()) {
      text += step.value;
      yield begin() + say("response.output_text.delta", { ...place, delta: step.value, logprobs: [] });
    }
    // What was streamed is what stands at the end: its client added it up.
    const ended = { ...step.value, text };
    const response = viewResponse(asked, turn, createdAt, ended);
    yield begin() +
      say("response.output_text.done", { ...place, text, logprobs: [] }) +
      say("response.content_part.done", { ...place, part: viewText(text) }) +
      say("response.output_item.done", { output_index: 0, item: viewMessage(turn, text, response.status) }) +
      say(`response.${response.status}`, { response });
  } catch (error) {
    if (!hasBegun) throw error;
    const { code, message } = asRefused(error).data;
    const response = { ...viewResponse(asked, turn, createdAt), status: "failed", error: { code, message } };
    yield say("response.failed", { response });
  } finally {
    await pieces.return({ text, finish: "stop", spend: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } });
  }
}

function viewResponse(asked: ResponsesAsked, turn: Turn, createdAt: number, ended?: Ended) {
  const status = ended === undefined ? "in_progress" : ended.finish === "length" ? "incomplete" : "completed";
  return {
    id: formatResponseId(turn.sessionKey, turn.runId),
    object: "response",
    created_at: createdAt,
    status,
    background: false,
    error: null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    ...asked.echo,
    model: asked.model,
    output: ended === undefined ? [] : [viewMessage(turn, ended.text, status)],
    parallel_tool_calls: true,
    reasoning: { effort: null, summary: null },
    store: true,
    temperature: null,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: null,
    truncation: "disabled",
    usage: ended === undefined ? null : viewUsage(ended.spend),
  };
}

function viewMessage(turn: Turn, text: string, status: string) {
  return { id: `msg_${turn.id}`, type: "message", status, role: "assistant", content: [viewText(text)] };
}

function viewText(text: string) {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function viewUsage(spend: Spend) {
  const input = spend.input + spend.cacheRead + spend.cacheWrite;
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: spend.cacheRead },
    output_tokens: spend.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + spend.output,
  };
}

function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
