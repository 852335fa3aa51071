// Compaction carried out: a summary is asked for, added as an entry, and the window begins behind it. Should no model
// be able to write one, the talk's own first lines stand in. Nothing is deleted.
import type { Brief } from "../../contract/admission.ts";
import { plainSummary, planCompaction, summaryRequest } from "../agent/compaction.ts";
import { ask } from "../models/ask.ts";
import type { ModelInfo } from "../models/port.ts";
import type { SessionParts } from "./parts.ts";

export interface Compacted {
  compacted: boolean;
  tokensBefore: number;
  tokensAfter: number;
  reason?: string;
}

const SUMMARY_TOKENS = 4000;

export async function compactNow(
  parts: SessionParts,
  brief: Brief,
  models: ModelInfo[],
  options: { focus?: string; isForced?: boolean },
): Promise<Compacted> {
  const entries = parts.transcript.window(parts.profile.get().windowSeq);
  const tokensBefore = parts.profile.get().contextTokens ?? 0;
  const window = models[0]?.contextWindow ?? 100_000;
  const keep = Math.min(brief.compaction.keepRecentTokens, Math.floor(window * (options.isForced ? 0.15 : 0.4)));
  const plan = planCompaction(entries, keep);
  if (!plan)
    return { compacted: false, tokensBefore, tokensAfter: tokensBefore, reason: "There is nothing older to summarise yet." };
  parts.publisher.tell({ type: "status", phase: "compacting" });
  const request = summaryRequest(plan, options.focus);
  let text: string;
  try {
    const answer = await ask(
      {
        models,
        system: { stable: request.system, volatile: "" },
        messages: request.messages,
        tools: [],
        thinking: "off",
        maxTokens: SUMMARY_TOKENS,
        cacheKey: `${parts.profile.get().sessionId}-summary`,
        signal: parts.abort.signal,
      },
      parts.models,
      { idleMs: brief.modelIdleMs, requestsLeft: () => parts.wake.outsideLeft(), onRequest: () => parts.wake.countOutside() },
    );
    text = answer.reply.text.trim() || plainSummary(plan);
    parts.profile.noteSpend(answer.reply.spend, answer.model.ref, tokensBefore, window, parts.now());
  } catch (error) {
    if (parts.abort.signal.aborted) throw error;
    text = plainSummary(plan);
  }
  const turn = parts.turns.open();
  const tokensAfter = Math.min(tokensBefore, keep + Math.ceil(text.length / 4));
  const entry = parts.commit(() => {
    const added = parts.transcript.add(
      { kind: "summary", text, firstKeptSeq: plan.firstKeptSeq, tokensBefore, ...(turn ? { turnId: turn.id } : {}) },
      parts.now(),
    );
    parts.profile.change({ windowSeq: plan.firstKeptSeq, contextTokens: tokensAfter }, parts.now());
    return added;
  });
  parts.publisher.tell({ type: "entry", entry });
  return { compacted: true, tokensBefore, tokensAfter };
}
