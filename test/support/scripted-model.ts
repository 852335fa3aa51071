// A model in the place of fetch: each request is handed to a script that says what streams back. Speaks the Chat
// Completions protocol, so the official SDK and our provider run for real above it.
import type { ProviderOverride } from "../../src/contract/admission.ts";

export interface ScriptedReply {
  text?: string;
  /** Pieces with a pause before each, ms: [["Hel", 0], ["lo", 50]]. */
  pieces?: [string, number][];
  /** Thoughts before the text, in the same way. */
  thoughts?: [string, number][];
  /** `id`: as the provider names it; else they are counted. */
  calls?: { name: string; args: Record<string, unknown>; id?: string }[];
  status?: number;
  headers?: Record<string, string>;
  /** Before the first byte, ms. */
  delayMs?: number;
  /** The stream breaks off instead of ending. */
  isCut?: boolean;
  usage?: { prompt_tokens: number; completion_tokens: number };
}

export interface SeenRequest {
  messages: { role: string; content: unknown; tool_call_id?: string; tool_calls?: unknown[] }[];
  tools?: { function: { name: string } }[];
  model: string;
}

export interface ScriptedModel {
  fetch: typeof fetch;
  requests: SeenRequest[];
  ref: string;
  providers: Record<string, ProviderOverride>;
}

export function scriptModel(
  script: (request: SeenRequest, count: number) => ScriptedReply | Promise<ScriptedReply>,
): ScriptedModel {
  const requests: SeenRequest[] = [];
  let callCount = 0;
  const answer: typeof fetch = async (input, init) => {
    const request = JSON.parse(await new Request(input, init).text()) as SeenRequest;
    requests.push(request);
    const reply = await script(request, requests.length);
    await pause(reply.delayMs ?? 0, init?.signal ?? undefined);
    if (reply.status !== undefined && reply.status !== 200) {
      return new Response(JSON.stringify({ error: { message: reply.text ?? "scripted failure" } }), {
        status: reply.status,
        headers: reply.headers ?? {},
      });
    }
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        const encoder = new TextEncoder();
        const send = (delta: unknown, finish: string | null = null, usage?: unknown) =>
          controller.enqueue(
            encoder.encode(
              `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", model: request.model, choices: [{ index: 0, delta, finish_reason: finish }], ...(usage ? { usage } : {}) })}\n\n`,
            ),
          );
        try {
          for (const [piece, wait] of reply.thoughts ?? []) {
            await pause(wait, init?.signal ?? undefined);
            send({ reasoning_content: piece });
          }
          for (const [piece, wait] of reply.pieces ?? (reply.text === undefined ? [] : [[reply.text, 0] as [string, number]])) {
            await pause(wait, init?.signal ?? undefined);
            send({ content: piece });
          }
          reply.calls?.forEach((call, index) => {
            callCount += 1;
            send({
              tool_calls: [
                {
                  index,
                  id: call.id ?? `call_${callCount}`,
                  type: "function",
                  function: { name: call.name, arguments: JSON.stringify(call.args) },
                },
              ],
            });
          });
          if (reply.isCut) {
            controller.error(new TypeError("connection lost"));
            return;
          }
          const usage = reply.usage ?? { prompt_tokens: 100, completion_tokens: 10 };
          send({}, reply.calls ? "tool_calls" : "stop", {
            ...usage,
            total_tokens: usage.prompt_tokens + usage.completion_tokens,
          });
          controller.enqueue(encoder.encode("data: [DONE]\n\n"));
          controller.close();
        } catch (error) {
          controller.error(error);
        }
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  return {
    fetch: answer,
    requests,
    ref: "scripted/model",
    providers: {
      scripted: {
        baseUrl: "http://model.test/v1",
        api: "openai-completions",
        models: [{ id: "model", contextWindow: 128_000, maxTokens: 4096, cost: { input: 1, output: 10 } }],
      },
    },
  };
}

/** Texts of the person's messages in a request, in order. */
export function personTexts(request: SeenRequest): string[] {
  return request.messages
    .filter((message) => message.role === "user")
    .map((message) =>
      typeof message.content === "string"
        ? message.content
        : (message.content as { text?: string }[]).map((part) => part.text ?? "").join(""),
    );
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) reject(signal.reason);
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
