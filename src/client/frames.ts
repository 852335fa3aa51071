// What the Gateway sends, as far as screens read it. Everything is optional that a client can do without, because
// gateways of other versions answer too. Types only: nothing here reaches a bundle.
import type { InboxState } from "../contract/event.ts";
import type { ActiveRun } from "../contract/ports/session.ts";

export interface Hello {
  protocol: number;
  server: { version: string; connId?: string; bootId?: string };
  features?: { methods?: string[]; events?: string[]; capabilities?: string[] };
  snapshot?: { sessionDefaults?: { defaultAgentId?: string; mainSessionKey?: string } & Record<string, unknown> } & Record<
    string,
    unknown
  >;
  auth?: { role?: string; scopes?: string[]; deviceToken?: string };
  policy?: { maxPayload?: number; tickIntervalMs?: number };
}

export type ContentPart =
  | { type: "text"; text: string }
  | { type: "thinking"; thinking?: string; text?: string }
  | { type: "toolCall"; id: string; name: string; arguments?: Record<string, unknown>; title?: string }
  | {
      type: "image" | "file";
      media?: { key: string; type: string; size: number; name?: string };
      url?: string;
      mimeType?: string;
    };

/** One transcript entry on the wire. */
export interface WireMessage {
  role: string;
  content?: string | ContentPart[];
  timestamp?: number;
  toolCallId?: string;
  toolName?: string;
  isError?: boolean;
  provider?: string;
  model?: string;
  stopReason?: string;
  usage?: Record<string, unknown>;
  idempotencyKey?: string;
  errorMessage?: string;
  [extra: string]: unknown;
}

export interface ChatFrame {
  runId: string;
  sessionKey: string;
  seq?: number;
  state: "status" | "delta" | "final" | "aborted" | "error";
  phase?: string;
  text?: string;
  deltaText?: string;
  /** Of the turn; with `offset`, the length of the text before this delta. */
  step?: number;
  offset?: number;
  /** The delta replaces the text so far instead of adding to it. */
  replace?: boolean;
  message?: WireMessage;
  errorMessage?: string;
  stopReason?: string;
  usage?: Record<string, unknown>;
}

export interface AgentFrame {
  runId: string;
  sessionKey?: string;
  seq?: number;
  ts?: number;
  stream: string;
  data: Record<string, unknown>;
}

export interface MessageFrame {
  sessionKey: string;
  message: WireMessage;
  messageId?: string;
  messageSeq?: number;
}

export interface InboxFrame {
  sessionKey: string;
  inboxId?: string;
  runId?: string;
  state: InboxState;
  reason?: string;
}

/** The model a session would ask now. */
export interface SessionModel {
  ref: string;
  name?: string;
  /** What it reads: `text`, `image`, `document`. */
  input?: string[];
  thinkingLevels?: { id: string }[];
}

/** The answer to `chat.metadata`. */
export interface ChatMetadata {
  defaults?: ChatHistory["defaults"];
  sessionModel?: SessionModel | null;
}

export interface ChatHistory {
  sessionKey: string;
  messages: WireMessage[];
  hasMore?: boolean;
  totalMessages?: number;
  pendingInputs?: { items?: { id?: string; text?: string; state?: InboxState; createdAt?: number }[] };
  /** The run under way, when there is one. */
  active?: ActiveRun;
  lastSeq?: number;
  defaults?: {
    modelProvider?: string;
    model?: string;
    thinkingLevels?: { id: string }[];
    thinkingDefault?: string;
  } & Record<string, unknown>;
  sessionModel?: SessionModel | null;
  sessionInfo?: Record<string, unknown>;
}

export type { ActiveRun };

/** The answer to `status`, as far as it is shown. */
export interface StatusAnswer {
  version: string;
  uptimeMs?: number;
  connections?: number;
  model?: { ref: string | null; why?: string; advice?: string };
  sessions?: { count?: number; recent?: SessionSummary[] };
  /** Accounts of channels that are set up or half set up. */
  channels?: { channel: string; label: string; accountId: string; isWell: boolean; said: string }[];
}

/** A session in a list. */
export interface SessionSummary {
  key: string;
  agentId?: string;
  label?: string | null;
  displayName?: string | null;
  lastMessagePreview?: string | null;
  createdAt?: number;
  updatedAt?: number | null;
  hasActiveRun?: boolean;
  /** `idle`, `running`, `waiting`, `failed` … as the session says it. */
  state?: string;
  inputTokens?: number;
  outputTokens?: number;
  model?: string | null;
  modelProvider?: string | null;
  /** `provider/model` that its person chose for it. */
  modelOverride?: string | null;
  totalTokens?: number;
  contextTokens?: number | null;
  estimatedCostUsd?: number | null;
  messageCount?: number;
  /** Of a program that named no session: not in the list of talks. */
  isBackground?: boolean;
  thinkingLevel?: string | null;
  /** How much is shown of tools: `off`, `on`, `full`. */
  verboseLevel?: string | null;
  /** Whether the model's thinking is shown: `off`, `on`, `stream`. */
  reasoningLevel?: string | null;
  /** What the owner chose by /elevated and /exec; null: what the settings say. */
  elevatedLevel?: string | null;
  execHost?: string | null;
  execSecurity?: string | null;
  execAsk?: string | null;
  execNode?: string | null;
}

/** The answer to `chat.send`. */
export interface SendAnswer {
  runId: string;
  status: string;
  state?: InboxState;
  /** What a slash command says. */
  reply?: string;
}
