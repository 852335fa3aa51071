// A session and its transcript in the words of the Gateway protocol. Pure.
import type { Entry, Spend } from "../../../contract/entry.ts";
import type { SessionRow } from "../../../contract/live.ts";
import type { MediaRef, Part } from "../../../contract/message.ts";
import { sessionKind } from "../../../contract/session-key.ts";
import { HAND_OFF, hideAddress } from "../../hand-off-link.ts";

export type View = Record<string, unknown>;

export function splitModel(ref: string | undefined): { provider?: string; model?: string } {
  if (ref === undefined) return {};
  const cut = ref.indexOf("/");
  return cut < 0 ? { model: ref } : { provider: ref.slice(0, cut), model: ref.slice(cut + 1) };
}

export function viewSpend(spend: Spend): View {
  const total = spend.input + spend.output + spend.cacheRead + spend.cacheWrite;
  return {
    input: spend.input,
    output: spend.output,
    cacheRead: spend.cacheRead,
    cacheWrite: spend.cacheWrite,
    totalTokens: total,
    ...(spend.costUsd === undefined ? {} : { cost: { total: spend.costUsd } }),
  };
}

export function viewSession(row: SessionRow): View {
  const kind = sessionKind(row.key);
  const { provider, model } = splitModel(row.modelOverride ?? row.model);
  return {
    key: row.key,
    agentId: row.agentId,
    sessionId: row.sessionId,
    kind: kind === "group" ? "group" : "direct",
    classification: kind,
    chatType: kind === "group" ? "group" : "direct",
    isMain: kind === "main",
    isBackground: kind === "program",
    label: row.label ?? null,
    displayName: row.label ?? row.title ?? null,
    derivedTitle: row.title ?? null,
    lastMessagePreview: row.lastMessage ?? null,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    lastInteractionAt: row.updatedAt,
    status: row.status === "idle" ? "done" : row.status === "waiting" ? "running" : row.status,
    state: row.status,
    hasActiveRun: row.activeRunIds.length > 0,
    activeRunIds: row.activeRunIds,
    modelProvider: provider ?? null,
    model: model ?? null,
    modelOverride: row.modelOverride ?? null,
    modelOverrideSource: row.modelOverride === undefined ? null : "user",
    thinkingLevel: row.thinking ?? null,
    verboseLevel: row.verbose ?? null,
    reasoningLevel: row.reasoning ?? null,
    elevatedLevel: row.hands?.elevation ?? null,
    execHost: row.hands?.host ?? null,
    execSecurity: row.hands?.security ?? null,
    execAsk: row.hands?.ask ?? null,
    execNode: row.hands?.home ?? null,
    queueMode: row.queueMode ?? null,
    effectiveQueueMode: row.queueMode ?? "steer",
    effectiveResponseUsage: "off",
    inputTokens: row.spend.input + row.spend.cacheRead + row.spend.cacheWrite,
    outputTokens: row.spend.output,
    estimatedCostUsd: row.spend.costUsd ?? null,
    totalTokens: row.contextTokens ?? 0,
    totalTokensFresh: row.contextTokens !== undefined,
    contextTokens: row.contextWindow ?? null,
    messageCount: row.messageCount,
    systemSent: row.messageCount > 0,
    archived: false,
    pinned: false,
    unread: false,
  };
}

/** A session that nobody wrote to yet. */
export function viewEmptySession(key: string, agentId: string): View {
  const kind = sessionKind(key);
  return {
    key,
    agentId,
    kind: kind === "group" ? "group" : "direct",
    classification: kind,
    isMain: kind === "main",
    updatedAt: null,
    hasActiveRun: false,
    activeRunIds: [],
    effectiveQueueMode: "steer",
    effectiveResponseUsage: "off",
    totalTokensFresh: false,
    archived: false,
    pinned: false,
    unread: false,
  };
}

function cut(text: string, maxChars: number | undefined): { text: string; isCut: boolean } {
  return maxChars === undefined || text.length <= maxChars
    ? { text, isCut: false }
    : { text: `${text.slice(0, maxChars)}\n…(cut; the whole text: chat.message.get)`, isCut: true };
}

function viewMedia(media: MediaRef): View {
  return { type: media.type.startsWith("image/") ? "image" : "file", mimeType: media.type, media };
}

function viewParts(parts: readonly Part[], maxChars: number | undefined): string | View[] {
  const [first] = parts;
  if (parts.length === 1 && first?.type === "text") return cut(first.text, maxChars).text;
  return parts.map((part) =>
    part.type === "text" ? { type: "text", text: cut(part.text, maxChars).text } : viewMedia(part.media),
  );
}

const STOP_REASONS = { stop: "stop", tools: "toolUse", length: "length", refused: "error", aborted: "aborted" } as const;

/** Whether a screen that may not approve sees less of it. */
export function isHandOff(entry: Entry): boolean {
  return entry.kind === "note" && entry.label === HAND_OFF;
}

/** The text of an entry; of a hand-off without its address, unless the screen may approve. */
export function textFor(entry: Exclude<Entry, { kind: "user" }>, mayApprove: boolean): string {
  return isHandOff(entry) && !mayApprove ? hideAddress(entry.text) : entry.text;
}

interface Viewer {
  /** Cuts long texts; what was cut can be had by chat.message.get. */
  maxChars?: number | undefined;
  mayApprove: boolean;
}

/** An entry as clients show it. */
export function viewEntry(entry: Entry, { maxChars, mayApprove }: Viewer): View {
  const mark = { id: entry.id, seq: entry.seq, recordTimestampMs: entry.at };
  switch (entry.kind) {
    case "user": {
      const idempotencyKey = `${entry.inboxId}:user`;
      return {
        role: "user",
        content: viewParts(entry.parts, maxChars),
        timestamp: entry.at,
        idempotencyKey,
        __openclaw: {
          ...mark,
          kind: "user",
          idempotencyKey,
          runId: entry.inboxId,
          ...(entry.sender ? { senderIsOwner: entry.sender.isOwner, senderId: entry.sender.id } : {}),
          ...(entry.sender?.name === undefined ? {} : { senderName: entry.sender.name }),
          ...(entry.from ? { channel: entry.from.channel } : {}),
        },
      };
    }
    case "assistant": {
      const body = cut(entry.text, maxChars);
      const { provider, model } = splitModel(entry.model);
      return {
        role: "assistant",
        content: [
          ...entry.thinking
            .filter((thinking) => thinking.text !== "")
            .map((thinking) => ({ type: "thinking", thinking: cut(thinking.text, maxChars).text })),
          ...(entry.text === "" ? [] : [{ type: "text", text: body.text }]),
          ...entry.calls.map((call) => ({ type: "toolCall", id: call.id, name: call.name, arguments: call.args })),
        ],
        provider,
        model,
        usage: viewSpend(entry.spend),
        stopReason: STOP_REASONS[entry.stopReason],
        timestamp: entry.at,
        __openclaw: {
          ...mark,
          kind: "assistant",
          turnId: entry.turnId,
          step: entry.step,
          ...(body.isCut ? { truncated: true } : {}),
        },
      };
    }
    case "result": {
      const body = cut(entry.text, maxChars);
      return {
        role: "toolResult",
        toolCallId: entry.callId,
        toolName: entry.name,
        content: [{ type: "text", text: body.text }, ...(entry.media ?? []).map(viewMedia)],
        isError: entry.outcome !== "done",
        timestamp: entry.at,
        __openclaw: {
          ...mark,
          kind: "result",
          turnId: entry.turnId,
          outcome: entry.outcome,
          ...(body.isCut ? { truncated: true } : {}),
        },
      };
    }
    case "note":
      return {
        role: "assistant",
        content: [{ type: "text", text: cut(textFor(entry, mayApprove), maxChars).text }],
        timestamp: entry.at,
        stopReason: "stop",
        model: "gateway-injected",
        __openclaw: {
          ...mark,
          kind: "note",
          isForModel: entry.isForModel,
          ...(entry.label === undefined ? {} : { label: entry.label }),
        },
      };
    case "summary":
      return {
        role: "system",
        content: [{ type: "text", text: "Earlier messages were summarised." }],
        timestamp: entry.at,
        __openclaw: { ...mark, kind: "compaction", summary: cut(entry.text, maxChars).text, tokensBefore: entry.tokensBefore },
      };
    default:
      return entry satisfies never;
  }
}
