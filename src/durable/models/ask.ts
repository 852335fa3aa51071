// One question to a list of models: retries what can pass, goes on to the next model when it cannot, and gives up
// with the failure that matters. A wait longer than `longestWaitMs` is not slept through: it is thrown with
// `retryAfterMs`, so that the caller can keep it as a row.
// Never retried here: a conversation that is too long (the caller compacts) and a refusal (asking again is no answer).
import { addSpend, NO_SPEND, type Spend } from "../../contract/entry.ts";
import { ModelFailure } from "../../contract/errors.ts";
import type { ThinkingLevel } from "../../contract/event.ts";
import type { ModelDelta, ModelInfo, ModelMessage, ModelReply, ModelRequest, Provider, ProviderDeps, ToolSpec } from "./port.ts";
import { askProvider } from "./providers/list.ts";
import { DEFAULT_STALL_LIMITS, watchStalls } from "./stall.ts";

export interface Question {
  /** First choice first. One alone is asked strictly: nothing stands in for it. */
  models: readonly ModelInfo[];
  system: { stable: string; volatile: string };
  messages: ModelMessage[];
  tools: ToolSpec[];
  /** Absent: little for models that think. */
  thinking?: ThinkingLevel | undefined;
  /** Absent: what an answer may need; at most the model's own. */
  maxTokens?: number;
  cacheKey: string;
  signal: AbortSignal;
}

export interface Retry {
  failure: ModelFailure;
  /** Ref of the model that failed, and of the one that is asked next: the same, or a fallback. */
  model: string;
  nextModel: string;
  /** Failed attempts at `model` so far. */
  attempt: number;
  waitMs: number;
}

export interface AskOptions {
  onDelta?(delta: ModelDelta): void;
  /** What was told by onDelta is withdrawn: the attempt failed. Not called when nothing was told. */
  onReset?(): void;
  onRetry?(retry: Retry): void;
  /** How many more requests this wake may make. */
  requestsLeft?(): number;
  /** A request is about to be made. */
  onRequest?(): void;
  /** Longest silence of a stream, ms. */
  idleMs?: number;
  longestWaitMs?: number;
  /** Stand-ins for tests. */
  provider?: Provider;
  sleep?(ms: number, signal: AbortSignal): Promise<void>;
  random?(): number;
}

export interface Answer {
  reply: ModelReply;
  model: ModelInfo;
  attempts: number;
  /** Said to people: the answer is there, but something is odd about it. */
  note?: string;
}

const WINDOW_MS = 90_000;
const MOST_ATTEMPTS = { limited: 10, other: 8 };
/** With another model at hand, people should not wait long for the first. */
const MOST_ATTEMPTS_BEFORE_FALLBACK = 3;
const MOST_EMPTY = 3;
const LONGEST_BACKOFF_MS = 20_000;
const LONGEST_WAIT_MS = 25_000;
/** Whoever asks for a longer pause is not waited for. */
export const LONGEST_HONOURED_MS = 60_000;
/** Some services count the cap against the minute's allowance: no more than an answer may need. */
const DEFAULT_MAX_TOKENS = 16_384;
const DEEP_MAX_TOKENS = 64_000;

export async function ask(question: Question, deps: ProviderDeps, options: AskOptions = {}): Promise<Answer> {
  const failures: ModelFailure[] = [];
  let attempts = 0;
  let wasted: Spend = NO_SPEND;
  for (const [position, model] of question.models.entries()) {
    const next = question.models[position + 1];
    const startedAt = deps.now();
    let empty = 0;
    for (let attempt = 1; ; attempt += 1) {
      if ((options.requestsLeft?.() ?? 1) < 1) throw asPark(failures.at(-1), model, 0);
      attempts += 1;
      options.onRequest?.();
      const outcome = await attemptOnce(requestFor(question, model), deps, options);
      if (!(outcome instanceof ModelFailure)) {
        if (!isEmpty(outcome)) return { reply: withSpend(outcome, wasted), model, attempts };
        empty += 1;
        if (empty >= MOST_EMPTY || outcome.stopReason !== "stop") return emptyAnswer(outcome, model, attempts, wasted);
        wasted = addSpend(wasted, outcome.spend);
      }
      const failure =
        outcome instanceof ModelFailure
          ? outcome
          : new ModelFailure({ kind: "cut", model: model.ref, said: "the answer was empty" });
      const { kind } = failure.data;
      if (kind === "too-long" || kind === "refused") throw failure;
      const plan = planRetry(failure, attempt, deps.now() - startedAt, next !== undefined, options);
      if (plan.outcome === "park") throw asPark(failure, model, plan.waitMs);
      if (plan.outcome === "give-up") {
        failures.push(failure);
        if (next) options.onRetry?.({ failure, model: model.ref, nextModel: next.ref, attempt, waitMs: 0 });
        break;
      }
      options.onRetry?.({ failure, model: model.ref, nextModel: model.ref, attempt, waitMs: plan.waitMs });
      await (options.sleep ?? sleepUntil)(plan.waitMs, question.signal);
      question.signal.throwIfAborted();
    }
  }
  throw summarise(failures);
}

async function attemptOnce(request: ModelRequest, deps: ProviderDeps, options: AskOptions): Promise<ModelReply | ModelFailure> {
  const idleMs = options.idleMs ?? DEFAULT_STALL_LIMITS.idleMs;
  const limits = { idleMs, flowingIdleMs: Math.min(idleMs, DEFAULT_STALL_LIMITS.flowingIdleMs) };
  const stream = watchStalls(options.provider ?? askProvider, request, deps, limits);
  let hasTold = false;
  try {
    while (true) {
      const step = await stream.next();
      if (step.done) {
        if (hasTold && isEmpty(step.value)) options.onReset?.();
        return step.value;
      }
      if ("delta" in step.value && step.value.delta === "") continue;
      hasTold = true;
      options.onDelta?.(step.value);
    }
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    if (!(error instanceof ModelFailure)) throw error;
    if (hasTold) options.onReset?.();
    return error;
  }
}

function requestFor(question: Question, model: ModelInfo): ModelRequest {
  const { models: _models, maxTokens, ...rest } = question;
  const thinking = question.thinking ?? (model.isReasoning ? "low" : "off");
  const most = model.isReasoning && (thinking === "high" || thinking === "xhigh") ? DEEP_MAX_TOKENS : DEFAULT_MAX_TOKENS;
  return { ...rest, model, thinking, maxTokens: Math.min(maxTokens ?? most, model.maxTokens) };
}

type RetryPlan = { outcome: "retry" | "park"; waitMs: number } | { outcome: "give-up" };

function planRetry(failure: ModelFailure, attempt: number, elapsedMs: number, hasNext: boolean, options: AskOptions): RetryPlan {
  if (!failure.isRetryable) return { outcome: "give-up" };
  const isLimited = failure.data.kind === "limited";
  const most = hasNext ? MOST_ATTEMPTS_BEFORE_FALLBACK : isLimited ? MOST_ATTEMPTS.limited : MOST_ATTEMPTS.other;
  if (attempt >= most) return { outcome: "give-up" };
  const asked = failure.data.retryAfterMs ?? 0;
  const waitMs = Math.max(asked, backoff(attempt, isLimited, options.random ?? Math.random));
  const longest = options.longestWaitMs ?? LONGEST_WAIT_MS;
  if (hasNext && waitMs > longest) return { outcome: "give-up" };
  // Longer than that is no pause any more: the person is told, and decides.
  if (asked > LONGEST_HONOURED_MS) return { outcome: "give-up" };
  if (waitMs > longest) return { outcome: "park", waitMs };
  return elapsedMs + waitMs > WINDOW_MS ? { outcome: "give-up" } : { outcome: "retry", waitMs };
}

/** 0.5, 1, 2, 4 … seconds, a quarter more or less, so that many sessions do not come back at once. */
function backoff(attempt: number, isLimited: boolean, random: () => number): number {
  const base = (isLimited ? 1_000 : 500) * 2 ** (attempt - 1);
  return Math.round(Math.min(LONGEST_BACKOFF_MS, base) * (0.75 + random() / 2));
}

function asPark(failure: ModelFailure | undefined, model: ModelInfo, waitMs: number): ModelFailure {
  const data = failure?.data ?? { kind: "unknown" as const, model: model.ref, said: "no more requests fit into this wake" };
  return new ModelFailure({ ...data, retryAfterMs: Math.max(waitMs, data.retryAfterMs ?? 0) }, failure);
}

/** What the first choice said matters most; the others are named. */
function summarise(failures: ModelFailure[]): ModelFailure {
  const [first, ...others] = failures;
  if (!first) return new ModelFailure({ kind: "not-found", model: "the model", said: "none is set" });
  if (others.length === 0) return first;
  const also = others.map((failure) => `${failure.data.model}: ${failure.data.kind}`).join(", ");
  return new ModelFailure({ ...first.data, said: [first.data.said, `also tried ${also}`].filter(Boolean).join("; ") }, first);
}

function isEmpty(reply: ModelReply): boolean {
  return reply.text.trim() === "" && reply.calls.length === 0;
}

function emptyAnswer(reply: ModelReply, model: ModelInfo, attempts: number, wasted: Spend): Answer {
  const note =
    reply.stopReason === "length"
      ? `${model.ref} used up its answer with thinking; ask for less thinking with /think or choose another model with /model.`
      : `${model.ref} answered with nothing; rephrase the message or choose another model with /model.`;
  return { reply: withSpend(reply, wasted), model, attempts, note };
}

function withSpend(reply: ModelReply, wasted: Spend): ModelReply {
  return wasted === NO_SPEND ? reply : { ...reply, spend: addSpend(wasted, reply.spend) };
}

function sleepUntil(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
