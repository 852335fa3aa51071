// Facts of a session in words: for /status, /usage and the tool session_status.
import type { Brief } from "../../contract/admission.ts";
import type { Spend } from "../../contract/entry.ts";
import { formatNow } from "../agent/prompt.ts";
import { resolveModel } from "../models/catalogue.ts";
import { chooseModels, type ModelChoice } from "../models/choice.ts";
import type { SessionParts } from "./parts.ts";

export function describeStatus(parts: SessionParts, brief: Brief): Record<string, string> {
  const profile = parts.profile.get();
  const choice = choiceOf(parts, brief);
  const model = choice.models[0];
  const turn = parts.turns.open();
  return {
    Now: `${formatNow(parts.now(), brief.timeZone)} (${brief.timeZone})`,
    Session: profile.key,
    Agent: `${brief.agentName} (${brief.agentId})`,
    Model: model ? `${model.ref} (${choice.why})` : "none",
    ...(model && !model.isKnown
      ? { "Model facts": `not in the catalogue: ${count(model.contextWindow)} tokens of context are assumed` }
      : {}),
    Thinking: profile.thinking ?? brief.thinking ?? "the model's own",
    Queue: profile.queueMode ?? brief.queue.mode,
    Context: profile.contextTokens ? describeShare(profile.contextTokens, profile.contextWindow) : "nothing asked yet",
    Spent: describeSpend(profile.spend),
    ...(brief.budget.leftTodayUsd === undefined ? {} : { "Left today": `$${brief.budget.leftTodayUsd.toFixed(2)}` }),
    Turn: turn ? `${turn.state}, step ${turn.step + 1}` : "resting",
    Messages: String(profile.messageCount),
  };
}

/** What was used, and how full the model's window is. */
export function describeUsage(parts: SessionParts, brief: Brief): Record<string, string> {
  const { spend, contextTokens } = parts.profile.get();
  const turn = parts.turns.lastEnded();
  const window = choiceOf(parts, brief).models[0]?.contextWindow;
  const { perTurnUsd, leftTodayUsd } = brief.budget;
  return {
    "This session": describeSpend(spend),
    ...(turn ? { "Latest turn": `${describeSpend(turn.spend)}${turn.model ? `, ${turn.model}` : ""}` } : {}),
    Context: contextTokens ? describeShare(contextTokens, window) : "nothing asked since the talk began",
    ...(leftTodayUsd === undefined ? {} : { "Left today": `$${leftTodayUsd.toFixed(2)} of the agent's budget` }),
    ...(perTurnUsd === undefined ? {} : { "Most a turn may cost": `$${perTurnUsd.toFixed(2)}` }),
    "All sessions": "by day and model under “Usage” in the control rooms",
  };
}

/** "5,210 of 200,000 tokens (3 %)". */
export function describeShare(tokens: number, window: number | undefined): string {
  if (!window) return `${count(tokens)} tokens`;
  const percent = (100 * tokens) / window;
  return `${count(tokens)} of ${count(window)} tokens (${percent < 1 ? "under 1" : Math.round(percent)} %)`;
}

export function count(number: number): string {
  return Math.round(number).toLocaleString("en");
}

export function describeSpend(spend: Spend): string {
  const tokensIn = spend.input + spend.cacheRead + spend.cacheWrite;
  const cached = spend.cacheRead > 0 ? ` (${count(spend.cacheRead)} from cache)` : "";
  const tokens = `${count(tokensIn)} tokens in${cached}, ${count(spend.output)} out`;
  return spend.costUsd === undefined ? `${tokens}, price not known` : `${tokens}, $${spend.costUsd.toFixed(4)}`;
}

/** The models this session would ask now, and why. A person's own choice is strict: no other stands in for it. */
export function choiceOf(parts: SessionParts, brief: Brief, wished?: string): ModelChoice {
  const { env, ai } = parts.models;
  const chosen = wished ?? parts.profile.get().modelOverride;
  if (chosen) {
    const model = resolveModel(chosen, brief.providers, env);
    if (!("reason" in model)) return { models: [model], why: wished ? "asked for" : "chosen for this session", problems: [] };
  }
  return chooseModels({ env, models: brief.models, overrides: brief.providers, hasWorkersAi: ai !== undefined });
}
