// A thinking step: absorb what came in meanwhile, build the request, ask, and commit the reply together with what it
// leads to (calls, or the end of the turn). Told to screens as it streams; stored in blocks, never a row a token.
import type { Brief } from "../../contract/admission.ts";
import type { Entry } from "../../contract/entry.ts";
import { ModelFailure, type ModelFailureKind } from "../../contract/errors.ts";
import type { Bootstrap } from "../../contract/ports/workspace.ts";
import { buildMessages } from "../agent/context.ts";
import { channelLabel, plainName } from "../agent/envelope.ts";
import { buildSystemPrompt, type PlaceFacts } from "../agent/prompt.ts";
import { estimateMessageTokens, estimateTokens } from "../agent/tokens.ts";
import { type Answer, ask } from "../models/ask.ts";
import type { ModelInfo, ModelMessage, ToolSpec } from "../models/port.ts";
import { toolSpecs, toolsFor } from "../tools/list.ts";
import { compactNow } from "./compacting.ts";
import { choiceOf } from "./describing.ts";
import { endTurn, failTurn } from "./ending.ts";
import { loadCounted, noteUnseen, placeFiles } from "./media/files.ts";
import { queueStepRest } from "./outgoing/answering.ts";
import { presentTarget } from "./outgoing/places.ts";
import type { SessionParts } from "./parts.ts";
import { absorbSteered } from "./receiving.ts";
import type { Turn } from "./rows/turns.ts";

/** A wait at least this long is a row, not a promise held in memory. */
const LONGEST_WAIT_MS = 25_000;
const SAY_RETRY_AFTER_MS = 10_000;

/** Shared by the sessions that live in this isolate: asked afresh by fingerprint each step. */
const knownBootstraps = new Map<string, Bootstrap>();

export async function think(parts: SessionParts, turn: Turn): Promise<void> {
  absorbSteered(parts, turn);
  parts.showing.follow(turn);
  parts.showing.reset();
  const bootstrap = await readBootstrap(parts, turn.brief);
  await parts.keys.renew(turn.brief);
  const choice = choiceOf(parts, turn.brief, "wishes" in turn.event ? turn.event.wishes.model : undefined);
  const { models } = choice;
  const tools = toolsFor(turn.brief);
  const specs = toolSpecs(tools);
  const system = buildSystemPrompt(bootstrap, {
    agentName: turn.brief.agentName,
    sessionKey: turn.brief.sessionKey,
    channel: channelOf(turn),
    timeZone: turn.brief.timeZone,
    now: parts.now(),
    toolNames: tools.map((tool) => tool.name),
    ...placeFacts(parts, turn),
    ...("wishes" in turn.event && turn.event.wishes.extraSystemPrompt ? { extra: turn.event.wishes.extraSystemPrompt } : {}),
  });
  const first = models[0];
  if (!first)
    throw new ModelFailure({ kind: "not-found", model: turn.brief.models[0] ?? "the model", said: choice.problems.join(" ") });

  noteUnseen(parts, turn, first);
  await placeFiles(parts, turn);
  const read = (isShort = false) => readMessages(parts, turn.brief, first, isShort);
  let messages = await read();
  const reserve = Math.min(turn.brief.compaction.reserveTokens, Math.floor(first.contextWindow / 4));
  if (turn.brief.compaction.enabled && countTokens(system, messages, specs) > first.contextWindow - reserve) {
    await compactNow(parts, turn.brief, models, {});
    messages = await read();
  }
  let answer: Answer;
  try {
    answer = await askModel(parts, turn, { models, system, messages, specs });
  } catch (error) {
    if (!(error instanceof ModelFailure) || error.data.kind !== "too-long" || parts.abort.signal.aborted) throw error;
    // The provider's count is the one that matters: summarise harder, shorten old results, and ask once more.
    parts.publisher.tell({
      type: "status",
      phase: "compacting",
      text: "The talk has outgrown the model's window: summarising the older part.",
    });
    await compactNow(parts, turn.brief, models, { isForced: true });
    answer = await askModel(parts, turn, { models, system, messages: await read(true), specs });
  }
  if (answer.note !== undefined) failTurn(parts, turn, "failed", { kind: "unknown", text: answer.note });
  else commitAnswer(parts, turn, answer);
}

async function readBootstrap(parts: SessionParts, brief: Brief): Promise<Bootstrap> {
  const known = knownBootstraps.get(parts.ports.agentId);
  parts.wake.countInside();
  const read = await parts.ports.workspace.bootstrap(known?.fingerprint, brief.skills);
  if (!("unchanged" in read)) {
    knownBootstraps.set(parts.ports.agentId, read);
    return read;
  }
  if (known) return known;
  throw new Error("The workspace answered that nothing changed to a session that knows nothing.");
}

function readMessages(
  parts: SessionParts,
  { timeZone }: Brief,
  { contextWindow }: ModelInfo,
  isShort: boolean,
): Promise<ModelMessage[]> {
  const entries = parts.transcript.window(parts.profile.get().windowSeq);
  return buildMessages(entries, (media) => loadCounted(parts, media), { contextWindow, timeZone, isShort });
}

/** Where the latest message came from, for the system prompt. */
function placeFacts(parts: SessionParts, turn: Turn): { channel?: string; place?: PlaceFacts } {
  const target = presentTarget(parts, turn);
  if (!target?.place) return {};
  const { from, placeName } = target.message;
  const { kind, systemPrompt } = target.place;
  return {
    channel: from.channel,
    place: {
      label: channelLabel(from.channel),
      kind,
      ...(placeName === undefined ? {} : { name: plainName(placeName) }),
      ...(systemPrompt === undefined ? {} : { systemPrompt }),
    },
  };
}

function countTokens(
  system: { stable: string; volatile: string },
  messages: readonly ModelMessage[],
  specs: readonly ToolSpec[],
): number {
  const fixed = estimateTokens(system.stable) + specs.reduce((sum, spec) => sum + estimateTokens(spec.description) + 60, 0);
  return messages.reduce((sum, message) => sum + estimateMessageTokens(message), fixed);
}

interface Question {
  models: ModelInfo[];
  system: { stable: string; volatile: string };
  messages: ModelMessage[];
  specs: ToolSpec[];
}

async function askModel(parts: SessionParts, turn: Turn, question: Question): Promise<Answer> {
  const { publisher, blocks } = parts;
  const { step } = turn;
  let shown = 0;
  let firstFailureAt: number | undefined;
  blocks.begin(turn.id, parts.now());
  publisher.tell({ type: "status", phase: "asking" });
  const { thinking: wished, maxTokens } = "wishes" in turn.event ? turn.event.wishes : {};
  return ask(
    {
      models: question.models,
      system: question.system,
      messages: question.messages,
      tools: question.specs,
      ...(maxTokens === undefined ? {} : { maxTokens }),
      thinking: wished ?? thinkingOf(parts.profile.get().thinking) ?? turn.brief.thinking,
      cacheKey: parts.profile.get().sessionId,
      signal: parts.abort.signal,
    },
    parts.models,
    {
      idleMs: turn.brief.modelIdleMs,
      longestWaitMs: LONGEST_WAIT_MS,
      requestsLeft: () => parts.wake.outsideLeft(),
      onRequest: () => parts.wake.countOutside(),
      onDelta: (delta) => {
        if (delta.type === "text") {
          publisher.tell({ type: "text", step, offset: shown, delta: delta.delta });
          shown += delta.delta.length;
          blocks.add(turn.id, "text", delta.delta, parts.now());
          parts.showing.add(delta.delta);
        } else if (delta.type === "thinking") {
          publisher.tell({ type: "thinking", step, delta: delta.delta });
          blocks.add(turn.id, "thinking", delta.delta, parts.now());
        }
      },
      onReset: () => {
        if (shown > 0) publisher.tell({ type: "text-reset", step });
        shown = 0;
        parts.showing.reset();
        blocks.begin(turn.id, parts.now());
      },
      onRetry: (retry) => {
        firstFailureAt ??= parts.now();
        const isSaid = parts.now() - firstFailureAt + retry.waitMs >= SAY_RETRY_AFTER_MS;
        publisher.tell({
          type: "status",
          phase: "retrying",
          ...(isSaid || retry.model !== retry.nextModel ? { text: sayRetry(retry) } : {}),
        });
      },
    },
  );
}

const RETRIED: Partial<Record<ModelFailureKind, string>> = {
  limited: "has reached its rate limit",
  overloaded: "is overloaded",
  timeout: "did not answer in time",
  cut: "broke off its answer",
};

function sayRetry(retry: { failure: ModelFailure; model: string; nextModel: string; waitMs: number }): string {
  const what = RETRIED[retry.failure.data.kind] ?? "failed";
  const next =
    retry.model === retry.nextModel
      ? `Trying again in ${Math.max(1, Math.round(retry.waitMs / 1000))} s.`
      : `Asking ${retry.nextModel} instead.`;
  return `${retry.model} ${what}. ${next}`;
}

function commitAnswer(parts: SessionParts, turn: Turn, answer: Answer): void {
  const { reply, model } = answer;
  const now = parts.now();
  const entry = parts.commit((): Entry => {
    const added = parts.transcript.add(
      {
        kind: "assistant",
        turnId: turn.id,
        step: turn.step,
        text: reply.text,
        thinking: reply.thinking,
        calls: reply.calls,
        model: model.ref,
        stopReason: reply.stopReason,
        spend: reply.spend,
      },
      now,
    );
    parts.blocks.clear(turn.id);
    const read = reply.spend.input + reply.spend.cacheRead + reply.spend.cacheWrite;
    parts.profile.noteSpend(reply.spend, model.ref, read + reply.spend.output, model.contextWindow, now);
    if (reply.calls.length > 0) {
      queueStepRest(parts, turn, reply.text);
      parts.calls.plan(turn.id, turn.step, reply.calls);
      parts.turns.advance(turn.id, { state: "acting", model: model.ref, text: reply.text, spend: reply.spend });
    } else {
      endTurn(parts, turn, { outcome: "done", text: reply.text, model: model.ref, spend: reply.spend });
    }
    return added;
  });
  parts.publisher.tell({ type: "entry", entry });
}

function channelOf(turn: Turn): string {
  return turn.event.kind === "message" ? turn.event.message.from.channel : turn.event.kind;
}

function thinkingOf(level: string | undefined): Turn["brief"]["thinking"] {
  return level === undefined ? undefined : (level as Turn["brief"]["thinking"]);
}
