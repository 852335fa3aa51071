// The Directory's answer to "may this one speak, and to whom?", and the brief that goes with it.
// A brief is all that a session must know to serve one event: no settings look-up happens inside a turn.
import type { DeliveryStyle } from "./channels/delivery.ts";
import type { QueueMode, ThinkingLevel } from "./event.ts";
import type { BrowserBrief } from "./home/browser-settings.ts";
import type { HandsBrief } from "./home/hands.ts";
import type { Sender } from "./message.ts";

export type Admission =
  /** `sender`: who it is, in the Directory's words; replaces what the door wrote. */
  | { outcome: "accept"; sessionKey: string; brief: Brief; sender: Sender; reason: string }
  /** A stranger. `reply` is absent when they were answered within the hour. */
  | { outcome: "pair"; code: string; reply?: string; reason: string }
  /** `isOutdated`: the account changed since the request was proved; to be proved again. */
  | { outcome: "ignore"; reason: string; isOutdated?: true };

/** How the place of a message talks; absent for screens and programs. */
export interface PlaceBrief {
  kind: "direct" | "group";
  /** Groups: what is answered unless the session's own choice (/activation) says otherwise. */
  activation: "mention" | "always";
  /** Whether this message speaks to the assistant: a mention, an answer to it, its name. Always true in a direct talk. */
  isAddressed: boolean;
  /** How many messages that were not for the assistant are kept for its next answer. */
  historyLimit: number;
  /** A thread that is new to the assistant: how many of its latest messages its first answer knows; absent: none. */
  threadLimit?: number;
  /** Joins messages of one sender that come within this time, ms; 0: none waits. */
  debounceMs: number;
  /** What the settings add to the system prompt in this place. */
  systemPrompt?: string;
  style: DeliveryStyle;
  /** The Directory knows of trouble here, or has not heard for a while that something went out: it wants to, once. */
  wantsNews?: boolean;
}

/** Tool names or groups; deny wins. */
export interface ToolPolicy {
  allow?: string[];
  deny?: string[];
  /** A second `allow`, of the place a talk is in: a tool must be named by both. */
  within?: string[];
}

/** A provider that the settings add to the catalogue, or an override of one. The key itself never travels here. */
export interface ProviderOverride {
  baseUrl?: string;
  api?: "anthropic-messages" | "openai-responses" | "openai-completions";
  /** Name of the environment variable or secret that holds the key. */
  apiKeyEnv?: string;
  models?: ModelOverride[];
}

export interface ModelOverride {
  id: string;
  name?: string;
  /** Tokens. */
  contextWindow?: number;
  /** Tokens of one answer. */
  maxTokens?: number;
  reasoning?: boolean;
  /** `document`: reads PDF files as they are. */
  input?: ("text" | "image" | "document")[];
  /** US dollars per million tokens. */
  cost?: { input?: number; output?: number; cacheRead?: number; cacheWrite?: number };
}

export interface Brief {
  sessionKey: string;
  agentId: string;
  agentName: string;
  /** `provider/model` refs, first choice first; empty: the session chooses by which key is there. */
  models: string[];
  providers: Record<string, ProviderOverride>;
  thinking?: ThinkingLevel;
  queue: { mode: QueueMode; debounceMs: number; cap: number; drop: "summarize" | "old" | "new" };
  tools: ToolPolicy;
  /** Skills switched on or off by name; absent: as they come. */
  skills?: Record<string, boolean>;
  /** IANA name. */
  timeZone: string;
  budget: { perTurnUsd?: number; leftTodayUsd?: number };
  compaction: { enabled: boolean; keepRecentTokens: number; reserveTokens: number };
  /** Longest silence of a model stream, ms. */
  modelIdleMs: number;
  place?: PlaceBrief;
  /** Whether any channel is configured, so that there is somebody to write to. A brief with a place implies it. */
  hasChannels?: boolean;
  /** Where commands run and what needs the owner's word; absent in briefs of earlier versions: nothing but the shell at the edge. */
  hands?: HandsBrief;
  /** Absent: there is no browser, or this session may not use one. */
  browser?: BrowserBrief;
  /** Slash commands that this sender may use; absent: all. */
  commands?: string[];
  /** Hash of the settings the brief was made from. */
  settingsHash: string;
  /** Counts up whenever a provider's key is given or taken away. Absent: none was ever given. */
  keysVersion?: number;
  /** Providers whose key was given in the page and can be read; names only. */
  keyedProviders?: string[];
}
