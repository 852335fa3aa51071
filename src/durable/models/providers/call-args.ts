// Arguments of a call, put together from the pieces a stream brings.
import { ModelFailure } from "../../../contract/errors.ts";

/** Contract: throws a failure of kind "cut" when the text is no JSON object; running a call on half of it is worse. */
export function parseArguments(text: string, model: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  const parsed = parse(text);
  // Some models write the object into a string.
  const value = typeof parsed === "string" ? parse(parsed) : parsed;
  if (value === null) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ModelFailure({ kind: "cut", model, said: "the arguments of a call were not readable" });
}

/** Whether the pieces that came are the whole of it. */
export function isReadable(text: string): boolean {
  return parse(text) !== undefined;
}

/** An id for a call whose provider gave none. */
export function makeCallId(): string {
  return `call_${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
