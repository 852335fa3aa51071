// Makes a history fit for the model that reads it next, whoever wrote it. All providers go through here.
// Foreign thinking is dropped, call ids fit the protocol and are unique, every call has exactly one result right
// after it, turns alternate, empty parts are gone. Deterministic, so that a cached prefix stays the same.
import type { Thinking, ToolCall } from "../../contract/entry.ts";
import type { ModelInfo, ModelMessage, ModelPart } from "./port.ts";

export interface PreparedResult {
  callId: string;
  name: string;
  text: string;
  isError: boolean;
  images: { mimeType: string; base64: string }[];
}

export type PreparedMessage =
  | { role: "user"; parts: ModelPart[] }
  | { role: "assistant"; text: string; thinking: Thinking[]; calls: ToolCall[] }
  | { role: "results"; results: PreparedResult[] };

export interface HandoverRules {
  /** Nine letters and digits, no more and no less. */
  hasShortCallIds?: boolean;
}

export const INTERRUPTED_RESULT = "Interrupted: the outcome of this call is unknown. It may have taken effect.";
const EARLIER = "(The conversation begins earlier.)";
const GO_ON = "Continue.";
const MAX_ID_LENGTH = 40;

export function prepareMessages(
  messages: readonly ModelMessage[],
  model: ModelInfo,
  rules: HandoverRules = {},
): PreparedMessage[] {
  const results = indexResults(messages);
  const ids = new IdBook(rules.hasShortCallIds === true);
  const prepared: PreparedMessage[] = [];
  messages.forEach((message, position) => {
    if (message.role === "user") addUser(prepared, userParts(message.parts, model));
    else if (message.role === "assistant") {
      const thinking = message.model === model.ref ? message.thinking.filter(hasSubstance) : [];
      const names = message.calls.map((call) => ({ call, id: ids.place(call.id) }));
      const calls = names.map(({ call, id }) => ({ id, name: safeName(call.name), args: call.args }));
      if (message.text.trim() === "" && calls.length === 0) return;
      addAssistant(prepared, { role: "assistant", text: wellFormed(message.text), thinking, calls });
      if (calls.length > 0) {
        const found = names.map(({ call, id }) => resultFor(call, id, results.take(call.id, position), model));
        prepared.push({ role: "results", results: found });
      }
    }
  });
  if (prepared[0]?.role !== "user") prepared.unshift({ role: "user", parts: [{ type: "text", text: EARLIER }] });
  if (prepared.at(-1)?.role === "assistant") prepared.push({ role: "user", parts: [{ type: "text", text: GO_ON }] });
  return prepared;
}

/** Text of a user message, for protocols that take a string. */
export function textOf(parts: readonly ModelPart[]): string {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}

function resultFor(
  call: ToolCall,
  callId: string,
  found: Extract<ModelMessage, { role: "tool" }> | undefined,
  model: ModelInfo,
): PreparedResult {
  const name = safeName(call.name);
  if (!found) return { callId, name, text: INTERRUPTED_RESULT, isError: true, images: [] };
  const text = wellFormed(found.text).trim() === "" ? "(no output)" : wellFormed(found.text);
  if (model.acceptsImages) return { callId, name, text, isError: found.isError, images: found.images };
  const markers = found.images.map((image) => unseen(image.mimeType));
  return { callId, name, text: [text, ...markers].join("\n"), isError: found.isError, images: [] };
}

function userParts(parts: readonly ModelPart[], model: ModelInfo): ModelPart[] {
  const kept = parts.flatMap((part): ModelPart[] => {
    if (part.type === "text") return part.text.trim() === "" ? [] : [{ type: "text", text: wellFormed(part.text) }];
    if (part.type === "image" && !model.acceptsImages) return [{ type: "text", text: unseen(part.mimeType, part.label) }];
    if (part.type === "document" && !model.acceptsDocuments) return [{ type: "text", text: unread(part) }];
    // The file itself says neither its name nor where it is kept.
    return part.label === undefined ? [part] : [{ type: "text", text: wellFormed(part.label) }, part];
  });
  return kept.length > 0 ? kept : [{ type: "text", text: "(empty message)" }];
}

function unseen(mimeType: string, label?: string): string {
  return label
    ? `${label} (This model cannot see images; say so when it matters.)`
    : `[An image (${mimeType}) is here that this model cannot see.]`;
}

function unread(part: Extract<ModelPart, { type: "document" }>): string {
  return `${part.label ?? `[file: ${part.name}]`} (This PDF could not be read by this model; say so when it matters.)`;
}

/** Turns alternate: several messages in a row become one of several parts. */
function addUser(prepared: PreparedMessage[], parts: ModelPart[]): void {
  const last = prepared.at(-1);
  if (last?.role === "user") last.parts.push(...parts);
  else prepared.push({ role: "user", parts });
}

function addAssistant(prepared: PreparedMessage[], message: Extract<PreparedMessage, { role: "assistant" }>): void {
  const last = prepared.at(-1);
  if (last?.role !== "assistant") {
    prepared.push(message);
    return;
  }
  last.text = [last.text, message.text].filter((text) => text.trim() !== "").join("\n\n");
  last.thinking.push(...message.thinking);
  last.calls.push(...message.calls);
}

/** Finds the result of a call although messages stand between, and although some providers use an id again. */
function indexResults(messages: readonly ModelMessage[]) {
  const positions = new Map<string, number[]>();
  const declared = new Map<string, number[]>();
  messages.forEach((message, position) => {
    if (message.role === "tool") append(positions, message.callId, position);
    if (message.role === "assistant") for (const call of message.calls) append(declared, call.id, position);
  });
  return {
    take(callId: string, after: number): Extract<ModelMessage, { role: "tool" }> | undefined {
      const before = declared.get(callId)?.find((position) => position > after) ?? Number.POSITIVE_INFINITY;
      const found = positions.get(callId)?.find((position) => position > after && position < before);
      const message = found === undefined ? undefined : messages[found];
      return message?.role === "tool" ? message : undefined;
    },
  };
}

function append(map: Map<string, number[]>, key: string, value: number): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** Call ids as the protocol wants them, each used once. */
class IdBook {
  private readonly used = new Set<string>();
  private readonly isShort: boolean;

  constructor(isShort: boolean) {
    this.isShort = isShort;
  }

  place(id: string): string {
    for (let round = 0; ; round += 1) {
      const candidate = this.fit(round === 0 ? id : `${id}#${round}`);
      if (this.used.has(candidate)) continue;
      this.used.add(candidate);
      return candidate;
    }
  }

  private fit(id: string): string {
    if (this.isShort) return /^[a-zA-Z0-9]{9}$/.test(id) ? id : digest(id, 9);
    if (id.length > 0 && id.length <= MAX_ID_LENGTH && /^[a-zA-Z0-9_-]+$/.test(id)) return id;
    return `call_${digest(id, 16)}`;
  }
}

/** `length` letters and digits that stand for the text (FNV-1a, run on). */
function digest(text: string, length: number): string {
  let made = "";
  for (let seed = 0; made.length < length; seed += 1) {
    let hash = 0x811c9dc5 ^ seed;
    for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    made += (hash >>> 0).toString(36);
  }
  return made.slice(0, length);
}

function safeName(name: string): string {
  return /^[a-zA-Z0-9_-]{1,64}$/.test(name) ? name : name.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64) || "tool";
}

function hasSubstance(thinking: Thinking): boolean {
  return thinking.text !== "" || thinking.signature !== undefined || thinking.redacted !== undefined;
}

/** Half a surrogate pair makes some services refuse the whole request. */
function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}
