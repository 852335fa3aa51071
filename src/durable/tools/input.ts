// What a model may pass to a tool: the JSON Schemas it is told, made once, and the check of what it passed.
// The answer to a wrong argument names every mistake, so that the model's next try can be right.
import * as z from "zod";
import { ToolFailure } from "../../contract/errors.ts";
import type { ToolSpec } from "../models/port.ts";
import type { AnyTool, Tool, ToolResult, ToolWait } from "./port.ts";

const specs = new Map<AnyTool, ToolSpec>();

export function toolSpecs(tools: readonly AnyTool[]): ToolSpec[] {
  return tools.map((tool) => {
    const known = specs.get(tool);
    if (known) return known;
    const parameters = trimSchema(z.toJSONSchema(tool.input, { io: "input" }));
    const made: ToolSpec = { name: tool.name, description: tool.description, parameters };
    specs.set(tool, made);
    return made;
  });
}

// What tells a model nothing that its next try would not: each costs on every request.
const UNTOLD = ["$schema", "propertyNames", "pattern", "minimum", "minLength", "maxLength", "minItems", "maxItems"];

/** Drops the untold, closed objects and the bounds that every integer has. */
function trimSchema(schema: Record<string, unknown>): Record<string, unknown> {
  const trimmed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (UNTOLD.includes(key)) continue;
    if (key === "additionalProperties" && !(isPlainObject(value) && Object.keys(value).length > 0)) continue;
    if ((key === "minimum" || key === "maximum") && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER) continue;
    trimmed[key] = trimValue(value);
  }
  return trimmed;
}

function trimValue(value: unknown): unknown {
  return isPlainObject(value) ? trimSchema(value) : value;
}

/**
 * The arguments as the tool takes them. Numbers, flags and lists that a model wrote as text are read as what they mean.
 * @throws ToolFailure that names each wrong argument.
 */
export function validateInput<Input extends z.ZodObject>(
  tool: Tool<Input, ToolResult | ToolWait>,
  args: unknown,
): z.infer<Input> {
  const first = tool.input.safeParse(args);
  if (first.success) return first.data;
  const second = tool.input.safeParse(readTexts(args, first.error.issues));
  if (second.success) return second.data;
  const taken = Object.keys(tool.input.shape);
  const unknown = isPlainObject(args) ? Object.keys(args).filter((name) => !taken.includes(name)) : [];
  const mistakes = second.error.issues.map((issue) => `${issue.path.join(".") || "arguments"}: ${issue.message}`);
  const hint = unknown.length > 0 ? ` There is no ${unknown.slice(0, 5).join(", ")}.` : "";
  throw new ToolFailure(
    `${tool.name} was not run. ${mistakes.slice(0, 8).join("; ")}.${hint} It takes ${taken.join(", ") || "no arguments"}.`,
  );
}

/** Copies `args` and, where something other than text was expected, reads the text as JSON. */
function readTexts(args: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  if (!isPlainObject(args)) return args;
  const copy = { ...args };
  for (const issue of issues) {
    const name = issue.path[0];
    if (issue.code !== "invalid_type" || typeof name !== "string") continue;
    const written = copy[name];
    if (typeof written !== "string") continue;
    try {
      copy[name] = JSON.parse(written);
    } catch {
      // Not JSON: the mistake is told as it was.
    }
  }
  return copy;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
