// What a screen shows of a session, one item a thing, and how a committed message becomes items. Pure.
import type { InboxState } from "../contract/event.ts";
import type { MediaRef } from "../contract/message.ts";
import type { ContentPart, WireMessage } from "./frames.ts";

/** `sending`: not yet acknowledged. `unsent`: it could not be handed over. */
export type MessageState = InboxState | "sending" | "unsent";
export type CallState = "running" | "done" | "failed" | "interrupted" | "stopped";

export interface MessageItem {
  kind: "message";
  /** Stays the same while an item lives on a screen. */
  key: string;
  role: "user" | "assistant";
  text: string;
  media: MediaRef[];
  at: number;
  isStreaming: boolean;
  /** Of the transcript; absent while it is not committed. */
  seq?: number;
  entryId?: string;
  /** The run this message began, or that wrote it. */
  runId?: string;
  state?: MessageState;
  reason?: string;
  model?: string;
  stopReason?: string;
  usage?: Record<string, unknown>;
  /** The Gateway cut the text; the whole is at chat.message.get. */
  isCut?: boolean;
}

export interface CallItem {
  kind: "call";
  key: string;
  callId: string;
  /** Of the message that asked for it; absent while that is not committed. */
  seq?: number;
  name: string;
  title?: string;
  args: Record<string, unknown>;
  state: CallState;
  progress?: string;
  result?: string;
  media?: MediaRef[];
  details?: Record<string, unknown>;
  startedAt?: number;
  endedAt?: number;
}

export interface ThinkingItem {
  kind: "thinking";
  key: string;
  text: string;
  isStreaming: boolean;
}

export interface NoteItem {
  kind: "note";
  key: string;
  tone: "info" | "error" | "summary";
  text: string;
  label?: string;
  at: number;
  seq?: number;
}

export type ViewItem = MessageItem | CallItem | ThinkingItem | NoteItem;

export interface RunView {
  runId: string;
  startedAt: number | undefined;
  /** What is going on when nothing streams: "retrying", with its sentence. */
  phase: string | undefined;
  phaseText: string | undefined;
  model: string | undefined;
}

/** A committed message and the items it shows as. */
export interface Block {
  /** Absent: told at the end of a run, and not yet seen as an entry. */
  seq?: number;
  id: string;
  runId?: string;
  role: string;
  items: ViewItem[];
}

interface Mark {
  id?: string;
  seq?: number;
  kind?: string;
  step?: number;
  runId?: string;
  outcome?: string;
  label?: string;
  summary?: string;
  truncated?: boolean;
}

/** Where the message stands in the transcript, and what kind of entry it is. */
export function markOf(message: WireMessage): Mark {
  const mark = message["__openclaw"];
  return typeof mark === "object" && mark !== null ? mark : {};
}

export function textOfContent(content: WireMessage["content"]): string {
  if (typeof content === "string") return content;
  return (content ?? []).flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
}

/** Builds the block of a committed message that is no tool result. `key` names the item it replaces on the screen. */
export function blockOf(message: WireMessage, place: { id?: string; seq?: number; runId?: string; key?: string }): Block {
  const mark = markOf(message);
  const seq = place.seq ?? mark.seq;
  const id = place.id ?? mark.id ?? `seq:${seq ?? message.timestamp ?? 0}`;
  const runId = place.runId ?? mark.runId;
  const base = { id, role: message.role, ...(seq === undefined ? {} : { seq }), ...(runId === undefined ? {} : { runId }) };
  return { ...base, items: itemsOf(message, mark, base, place.key ?? id) };
}

function itemsOf(message: WireMessage, mark: Mark, base: Omit<Block, "items">, key: string): ViewItem[] {
  const at = message.timestamp ?? 0;
  const text = textOfContent(message.content);
  const place = base.seq === undefined ? {} : { seq: base.seq };
  if (mark.kind === "note") {
    return [{ kind: "note", key, tone: "info", text, at, ...place, ...(mark.label ? { label: mark.label } : {}) }];
  }
  if (mark.kind === "compaction" || message.role === "system") {
    return [{ kind: "note", key, tone: "summary", text: mark.summary ?? text, at, ...place }];
  }
  const parts = typeof message.content === "string" ? [] : (message.content ?? []);
  const media = mediaOf(parts);
  const items: ViewItem[] = [];
  const thinking = parts.flatMap((part) => (part.type === "thinking" ? [part.thinking ?? part.text ?? ""] : [])).join("\n\n");
  if (thinking !== "") items.push({ kind: "thinking", key: `${key}:thinking`, text: thinking, isStreaming: false });
  if (text !== "" || media.length > 0 || message.role === "user") {
    const model = modelOf(message);
    items.push({
      kind: "message",
      key,
      role: message.role === "user" ? "user" : "assistant",
      text,
      media,
      at,
      isStreaming: false,
      entryId: base.id,
      ...place,
      ...(base.runId === undefined ? {} : { runId: base.runId }),
      ...(model === undefined ? {} : { model }),
      ...(message.stopReason === undefined ? {} : { stopReason: message.stopReason }),
      ...(message.usage === undefined ? {} : { usage: message.usage }),
      ...(mark.truncated ? { isCut: true } : {}),
    });
  }
  for (const part of parts) {
    if (part.type !== "toolCall") continue;
    items.push({
      kind: "call",
      key: `call:${part.id}`,
      callId: part.id,
      name: part.name,
      args: part.arguments ?? {},
      state: "running",
      ...place,
      ...(part.title === undefined ? {} : { title: part.title }),
    });
  }
  return items;
}

/** What a committed tool result says about its call. */
export function resultOf(message: WireMessage): { callId: string; name: string; change: Partial<CallItem> } {
  const parts = typeof message.content === "string" ? [] : (message.content ?? []);
  const media = mediaOf(parts);
  return {
    callId: message.toolCallId ?? "",
    name: message.toolName ?? "tool",
    change: {
      state: callState(markOf(message).outcome, message.isError === true),
      result: textOfContent(message.content),
      ...(media.length > 0 ? { media } : {}),
    },
  };
}

export function callState(outcome: unknown, isError: boolean): CallState {
  if (outcome === "done" || outcome === "failed" || outcome === "interrupted" || outcome === "stopped") return outcome;
  return isError ? "failed" : "done";
}

function mediaOf(parts: ContentPart[]): MediaRef[] {
  return parts.flatMap((part) => ((part.type === "image" || part.type === "file") && part.media ? [part.media] : []));
}

function modelOf(message: WireMessage): string | undefined {
  if (message.model === undefined) return undefined;
  return message.provider === undefined ? message.model : `${message.provider}/${message.model}`;
}
