// What a request of either API comes down to, the fields that both share, and what a body that does not fit is told.
// Unknown fields are left alone.
import * as z from "zod";
import type { TurnWishes } from "../../contract/event.ts";
import { content, type RawPart, readParts, textOf } from "./content.ts";
import { invalid, unsupported } from "./refusals.ts";

export interface RawMessage {
  role: "user" | "assistant";
  parts: RawPart[];
}

export interface Asked {
  model: string;
  /** System and developer messages, instructions: they hold for this turn. */
  system: string[];
  earlier: RawMessage[];
  /** Never empty. */
  last: RawPart[];
  /** Field `user`: names a session of its own. */
  user?: string;
  /** Session and run of `previous_response_id`. */
  previous?: { sessionKey: string; runId: string };
  isStream: boolean;
  /** The answer ends before the first of these. */
  stop: string[];
  wishes: Pick<TurnWishes, "thinking" | "maxTokens">;
}

export const effort = z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]).nullish().catch(undefined);

export const format = z
  .looseObject({
    type: z.string(),
    schema: z.unknown().optional(),
    json_schema: z.looseObject({ schema: z.unknown().optional() }).nullish(),
  })
  .nullish();

export const message = z.looseObject({ role: z.string(), content, tool_calls: z.array(z.unknown()).nullish() });
type Message = z.infer<typeof message>;

/** @throws ApiRefused that names the first field that does not fit. */
export function readBody<S extends z.ZodType>(schema: S, body: unknown): z.infer<S> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalid("The body is no JSON object; send one as OpenAI's reference shows it.", undefined, "invalid_json");
  }
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  const param = z.core.toDotPath(issue?.path ?? []);
  const isMissing = param !== "" && !param.includes(".") && !param.includes("[") && !(param in body);
  throw isMissing
    ? invalid(`The field ${param} is missing.`, param, "missing_required_parameter")
    : invalid(`${param}: ${issue?.message ?? "does not fit"}.`, param, "invalid_type");
}

/** The agent's tools are its own: what a client brings cannot be run from inside a turn. */
export function refuseTools(tools: readonly unknown[] | null | undefined, choice: unknown): void {
  if (!tools?.length || choice === "none") return;
  throw unsupported("Tools are the agent's own: leave `tools` out and say what you need; the agent uses what it has.", "tools");
}

/** What is said now, what was said before, and what the system says. `param` names the list. */
export function splitTalk(messages: readonly Message[], param: string): Pick<Asked, "system" | "earlier" | "last"> {
  const system: string[] = [];
  const talk: RawMessage[] = [];
  for (const [index, { role, content, tool_calls: calls }] of messages.entries()) {
    const place = `${param}[${index}]`;
    const parts = readParts(content, `${place}.content`);
    if (calls?.length || role === "tool" || role === "function") {
      throw unsupported("Calls of a client's tools and their results cannot be taken: tools are the agent's own.", place);
    }
    if (role === "system" || role === "developer") system.push(textOf(parts));
    else if (role === "user" || role === "assistant") talk.push({ role, parts });
    else throw invalid(`"${role}" is no role; use system, developer, user or assistant.`, `${place}.role`);
  }
  const last = talk.pop();
  if (last?.role !== "user" || last.parts.length === 0) {
    throw invalid("The last message must be the user's and hold a text, a picture or a file.", param);
  }
  return {
    system: system.filter((text) => text !== ""),
    earlier: talk.filter(({ parts }) => parts.length > 0),
    last: last.parts,
  };
}

/** JSON answers are asked for in words: every model understands them. */
export function sayFormat(wanted: z.infer<typeof format>): string[] {
  if (wanted?.type !== "json_object" && wanted?.type !== "json_schema") return [];
  const schema = wanted.json_schema?.schema ?? wanted.schema;
  const fitting = schema === undefined ? "" : ` that fits this JSON Schema: ${JSON.stringify(schema)}`;
  return [
    `Your whole answer is read by a program: one JSON value${fitting}. Nothing before it, nothing after it, no code fence.`,
  ];
}

export function wishesOf(wanted: z.infer<typeof effort>, maxTokens: number | null | undefined): Asked["wishes"] {
  return {
    ...(wanted ? { thinking: wanted === "none" ? "off" : wanted } : {}),
    ...(maxTokens ? { maxTokens } : {}),
  };
}
