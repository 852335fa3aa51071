// A request to /v1/chat/completions, read.
import * as z from "zod";
import { type Asked, effort, format, message, readBody, refuseTools, sayFormat, splitTalk, wishesOf } from "./fields.ts";
import { unsupported } from "./refusals.ts";

const schema = z.looseObject({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  n: z.int().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  max_tokens: z.int().positive().nullish(),
  max_completion_tokens: z.int().positive().nullish(),
  reasoning_effort: effort,
  response_format: format,
  tools: z.array(z.unknown()).nullish(),
  functions: z.array(z.unknown()).nullish(),
  tool_choice: z.unknown().optional(),
  function_call: z.unknown().optional(),
  user: z.string().max(256).nullish(),
});

export interface ChatAsked extends Asked {
  /** A last chunk with the usage is wanted. */
  wantsUsage: boolean;
}

export function readChatRequest(value: unknown): ChatAsked {
  const body = readBody(schema, value);
  if ((body.n ?? 1) !== 1) throw unsupported("Only one answer is given: leave `n` out or set it to 1.", "n");
  refuseTools(body.tools, body.tool_choice);
  refuseTools(body.functions, body.function_call);
  const talk = splitTalk(body.messages, "messages");
  const stop = typeof body.stop === "string" ? [body.stop] : (body.stop ?? []);
  return {
    ...talk,
    system: [...talk.system, ...sayFormat(body.response_format)],
    model: body.model,
    ...(body.user ? { user: body.user } : {}),
    isStream: body.stream === true,
    wantsUsage: body.stream_options?.include_usage === true,
    stop: stop.filter((text) => text !== ""),
    wishes: wishesOf(body.reasoning_effort, body.max_completion_tokens ?? body.max_tokens),
  };
}
