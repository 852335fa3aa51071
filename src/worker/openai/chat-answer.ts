// Answers of /v1/chat/completions: whole, or in chunks with `[DONE]` behind the last.
import type { Spend } from "../../contract/entry.ts";
import { ApiRefused } from "../../contract/errors.ts";
import type { Ended } from "./answer.ts";
import type { ChatAsked } from "./chat-request.ts";
import { errorBody } from "./refusals.ts";
import { formatEvent } from "./sse.ts";

export async function completeChat(pieces: AsyncGenerator<string, Ended>, asked: ChatAsked, id: string) {
  const { text, finish, spend } = await drain(pieces);
  return {
    ...head(asked, id),
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: text, refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: finish,
      },
    ],
    usage: viewUsage(spend),
  };
}

/** Throws what fails before the first piece; later failures are a chunk. */
export async function* streamChat(pieces: AsyncGenerator<string, Ended>, asked: ChatAsked, id: string): AsyncGenerator<string> {
  const chunkHead = { ...head(asked, id), object: "chat.completion.chunk" };
  const chunk = (choices: unknown[], usage: unknown = null) =>
    formatEvent({ ...chunkHead, choices, ...(asked.wantsUsage ? { usage } : {}) });
  const choice = (delta: object, finish: string | null = null) => [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  let hasBegun = false;
  const begin = () => {
    if (hasBegun) return "";
    hasBegun = true;
    return chunk(choice({ role: "assistant", content: "", refusal: null }));
  };
  try {
    let step = await pieces.next();
    for (; !step.done; step = await pieces.next()) yield begin() + chunk(choice({ content: step.value }));
    const { finish, spend } = step.value;
    yield begin() + chunk(choice({}, finish)) + (asked.wantsUsage ? chunk([], viewUsage(spend)) : "") + formatEvent("[DONE]");
  } catch (error) {
    if (!hasBegun) throw error;
    yield formatEvent(errorBody(asRefused(error).data));
  } finally {
    await pieces.return(NOTHING);
  }
}

const NOTHING: Ended = { text: "", finish: "stop", spend: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } };

/** The end of an answer that nobody reads piece by piece. */
export async function drain(pieces: AsyncGenerator<string, Ended>): Promise<Ended> {
  for (let step = await pieces.next(); ; step = await pieces.next()) if (step.done) return step.value;
}

export function asRefused(error: unknown): ApiRefused {
  if (error instanceof ApiRefused) return error;
  console.error("an answer broke", error);
  return new ApiRefused({ status: 500, code: "server_error", message: "Something broke inside; try again in a moment." });
}

function head(asked: ChatAsked, id: string) {
  return {
    id: `chatcmpl-${id}`,
    created: Math.floor(Date.now() / 1000),
    model: asked.model,
    service_tier: "default",
    system_fingerprint: null,
  };
}

function viewUsage(spend: Spend) {
  const prompt = spend.input + spend.cacheRead + spend.cacheWrite;
  return {
    prompt_tokens: prompt,
    completion_tokens: spend.output,
    total_tokens: prompt + spend.output,
    prompt_tokens_details: { cached_tokens: spend.cacheRead, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
