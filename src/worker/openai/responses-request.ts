// A request to /v1/responses, read. The id of a response names its session and its run, so that nothing has to be
// kept to go on from it.
import * as z from "zod";
import type { ApiRefused } from "../../contract/errors.ts";
import { parseSessionKey } from "../../contract/session-key.ts";
import { fromBase64Url, toBase64Url } from "../../durable/gateway/access/secrets.ts";
import { content } from "./content.ts";
import { type Asked, effort, format, readBody, refuseTools, sayFormat, splitTalk, wishesOf } from "./fields.ts";
import { invalid, unsupported } from "./refusals.ts";

const inputItem = z.looseObject({ type: z.string().nullish(), role: z.string().nullish(), content: z.unknown().optional() });

const schema = z.looseObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(inputItem)]),
  instructions: z.string().nullish(),
  previous_response_id: z.string().nullish(),
  stream: z.boolean().nullish(),
  background: z.boolean().nullish(),
  conversation: z.unknown().optional(),
  prompt: z.unknown().optional(),
  max_output_tokens: z.int().positive().nullish(),
  reasoning: z.looseObject({ effort }).nullish(),
  text: z.looseObject({ format }).nullish(),
  tools: z.array(z.unknown()).nullish(),
  tool_choice: z.unknown().optional(),
  user: z.string().max(256).nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});

export interface ResponsesAsked extends Asked {
  /** What the response repeats of its request. */
  echo: {
    instructions: string | null;
    previous_response_id: string | null;
    max_output_tokens: number | null;
    metadata: Record<string, unknown>;
    user?: string;
  };
}

export function readResponsesRequest(value: unknown): ResponsesAsked {
  const body = readBody(schema, value);
  refuseTools(body.tools, body.tool_choice);
  if (body.background) throw unsupported("Answers are not made in the background; leave `background` out.", "background");
  if (body.conversation)
    throw unsupported(
      "Name a session with the header x-session-key or the field user instead of `conversation`.",
      "conversation",
    );
  if (body.prompt) throw unsupported("There are no stored prompts; say it in `instructions` and `input`.", "prompt");
  const talk = splitTalk(readInput(body.input), "input");
  const instructions = body.instructions ?? "";
  const previous = body.previous_response_id ? readResponseId(body.previous_response_id) : undefined;
  return {
    ...talk,
    // With a talk to go on with, all that comes is new.
    ...(previous
      ? { earlier: [], last: [...talk.earlier.flatMap(({ role, parts }) => (role === "user" ? parts : [])), ...talk.last] }
      : {}),
    system: [...(instructions === "" ? [] : [instructions]), ...talk.system, ...sayFormat(body.text?.format)],
    model: body.model,
    ...(body.user ? { user: body.user } : {}),
    ...(previous ? { previous } : {}),
    isStream: body.stream === true,
    stop: [],
    wishes: wishesOf(body.reasoning?.effort, body.max_output_tokens),
    echo: {
      instructions: body.instructions ?? null,
      previous_response_id: body.previous_response_id ?? null,
      max_output_tokens: body.max_output_tokens ?? null,
      metadata: body.metadata ?? {},
      ...(body.user ? { user: body.user } : {}),
    },
  };
}

function readInput(input: z.infer<typeof schema>["input"]) {
  if (typeof input === "string") return [{ role: "user", content: input }];
  return input.flatMap((item, index) => {
    if (item.type === "reasoning") return [];
    if ((item.type ?? "message") !== "message") {
      throw unsupported(`An input item of type "${item.type}" cannot be taken; send messages.`, `input[${index}]`);
    }
    const read = content.safeParse(item.content);
    if (!read.success) throw invalid("content must be a text or a list of parts.", `input[${index}].content`, "invalid_type");
    return [{ role: item.role ?? "user", content: read.data }];
  });
}

export function formatResponseId(sessionKey: string, runId: string): string {
  return `resp_${toBase64Url(new TextEncoder().encode(`${sessionKey}\n${runId}`))}`;
}

function readResponseId(id: string): { sessionKey: string; runId: string } {
  const bytes = id.startsWith("resp_") ? fromBase64Url(id.slice(5)) : undefined;
  const [sessionKey = "", runId = ""] = bytes ? new TextDecoder().decode(bytes).split("\n") : [];
  if (!sessionKey.startsWith("agent:") || !parseSessionKey(sessionKey) || runId === "") throw unknownResponse(id);
  return { sessionKey, runId };
}

export function unknownResponse(id: string): ApiRefused {
  const message = `There is no response "${id}" any more; leave previous_response_id out to begin anew.`;
  return invalid(message, "previous_response_id", "previous_response_not_found");
}
