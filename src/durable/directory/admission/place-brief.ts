// How a place talks: what a session must know of it beside the agent's own brief. Pure.
import type { PlaceBrief } from "../../../contract/admission.ts";
import type { ChannelFacts } from "../../../contract/channels/channel.ts";
import type { DeliveryStyle } from "../../../contract/channels/delivery.ts";
import type { Settings } from "../../../contract/settings.ts";
import type { AccountRules, PlaceRules } from "./rules.ts";

const HISTORY_LIMIT = 50;
const THREAD_LIMIT = 20;
const NATURAL_PAUSE = { minMs: 800, maxMs: 2500 };

export function makePlaceBrief(
  settings: Settings,
  facts: ChannelFacts,
  rules: AccountRules,
  place: PlaceRules | undefined,
  isAddressed: boolean,
): PlaceBrief {
  const historyLimit = place?.historyLimit ?? settings.messages?.groupChat?.historyLimit ?? HISTORY_LIMIT;
  const threadLimit = place && facts.readsThreads ? Math.min(historyLimit, rules.thread?.initialHistoryLimit ?? THREAD_LIMIT) : 0;
  return {
    kind: place ? "group" : "direct",
    activation: place && (place.requireMention ?? true) ? "mention" : "always",
    isAddressed,
    historyLimit: place ? historyLimit : 0,
    ...(threadLimit > 0 ? { threadLimit } : {}),
    debounceMs: rules.debounceMs ?? 0,
    ...(place?.systemPrompt ? { systemPrompt: place.systemPrompt } : {}),
    style: makeStyle(settings, facts, rules, place !== undefined),
  };
}

function makeStyle(settings: Settings, facts: ChannelFacts, rules: AccountRules, isGroup: boolean): DeliveryStyle {
  const ackReaction = rules.ackReaction ?? (isGroup ? settings.messages?.ackReaction : undefined);
  const pause = readPause(rules.humanDelay);
  const streaming = readStreaming(facts, rules);
  return {
    streaming,
    textLimit: Math.min(rules.textChunkLimit ?? facts.textLimit, facts.textLimit),
    chunkMode: rules.chunkMode ?? "length",
    // In a room with several people an answer says by itself what it answers.
    replyTo: rules.replyToMode ?? (isGroup ? "first" : "off"),
    ...(ackReaction && facts.canReact ? { ackReaction } : {}),
    showsTyping: facts.showsTyping && rules.typing !== false,
    ...(!facts.showsTyping && rules.typing !== false && streaming === "partial" ? { showsWorking: true } : {}),
    ...(pause ? { pause } : {}),
    editEveryMs: facts.editEveryMs,
  };
}

/** Where messages cannot be edited, none can grow. */
function readStreaming(facts: ChannelFacts, rules: AccountRules): DeliveryStyle["streaming"] {
  const wanted = rules.streaming ?? facts.streaming;
  return wanted === "partial" && facts.streaming !== "partial" ? "off" : wanted;
}

function readPause(delay: AccountRules["humanDelay"]): DeliveryStyle["pause"] {
  if (delay === undefined || delay === "off") return undefined;
  if (delay === "natural") return NATURAL_PAUSE;
  return { minMs: Math.min(delay.minMs, delay.maxMs), maxMs: Math.max(delay.minMs, delay.maxMs) };
}
