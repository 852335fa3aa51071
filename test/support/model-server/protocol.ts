// What the three wire protocols have in common: reading a request, and turning a script into a stream.

export interface SeenRequest {
  model: string;
  /** Text of the last message a person wrote. */
  said: string;
  /** Rounds of calls since then. */
  round: number;
  hasTools: boolean;
  isStream: boolean;
}

export interface PlayedUsage {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

interface PlayedCall {
  id: string;
  name: string;
  args: Record<string, unknown>;
}

export type Ending = "stop" | "tools" | "length" | "refusal";

/** One answer being written. Every method returns bytes of the stream, as text. */
export interface Writer {
  open(usage: PlayedUsage): string;
  think(text: string): string;
  say(word: string): string;
  call(call: PlayedCall): string;
  errorEvent(message: string): string;
  close(ending: Ending, usage: PlayedUsage): string;
}

export interface Protocol {
  name: string;
  path: RegExp;
  read(body: Record<string, unknown>): SeenRequest;
  write(model: string): Writer;
  /** Body of an HTTP error. */
  fail(status: number, message: string): unknown;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** Text of a content field: a string or a list of parts. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  return records(content)
    .map((part) => (typeof part["text"] === "string" ? part["text"] : ""))
    .join("\n");
}

export function overflowMessage(chars: number): string {
  const tokens = Math.ceil(chars / 4);
  return `prompt is too long: ${tokens} tokens > ${Math.max(1, tokens - 1)} maximum context length`;
}

let lastId = 0;

export function nextId(prefix: string): string {
  lastId += 1;
  return `${prefix}_${lastId.toString(36).padStart(8, "0")}`;
}
