// The built-in model: needs no key and no network, says what it is, and drives the loop for real, with the tools it is
// offered. It understands a fixed set of plain requests (intents.ts) and tells the results (telling.ts).
// Deterministic: the same talk gets the same answer.
import type { ModelDelta, ModelMessage, ModelReply, ModelRequest, Provider } from "../port.ts";
import { estimateUsage, priceUsage } from "../price.ts";
import { planTurn } from "./intents.ts";
import type { DemoResult, DemoTurn } from "./talk.ts";
import { tellResults } from "./telling.ts";

/** Words leave in small groups: it reads like a stream and costs next to no time. */
const WORDS_PER_DELTA = 3;
const PAUSE_EVERY = 8;

export const askDemo: Provider = async function* (request): AsyncGenerator<ModelDelta, ModelReply> {
  const turn = readTurn(request);
  const plan = planTurn(turn);
  const batch = plan.steps[turn.batches.length];
  const text = batch ? (turn.batches.length === 0 ? (plan.opening ?? "") : "") : tellResults(turn, plan);
  yield* speak(text, request.signal);
  const calls = (batch ?? []).map((call, index) => ({ ...call, id: callId(request, index) }));
  for (const [index, call] of calls.entries()) {
    yield { type: "call-start", index, id: call.id, name: call.name };
    yield { type: "call-args", index, delta: JSON.stringify(call.args) };
  }
  const spend = priceUsage(request.model, estimateUsage(request, { text, calls }));
  return { text, thinking: [], calls, stopReason: calls.length > 0 ? "tools" : "stop", spend };
};

async function* speak(text: string, signal: AbortSignal): AsyncGenerator<ModelDelta, void> {
  const words = text.match(/\S+\s*|\s+/g) ?? [];
  for (let at = 0; at < words.length; at += WORDS_PER_DELTA) {
    if ((at / WORDS_PER_DELTA) % PAUSE_EVERY === PAUSE_EVERY - 1) await new Promise((resolve) => setTimeout(resolve, 1));
    signal.throwIfAborted();
    yield { type: "text", delta: words.slice(at, at + WORDS_PER_DELTA).join("") };
  }
}

function callId(request: ModelRequest, index: number): string {
  return `demo_${request.messages.length}_${index}`;
}

function readTurn(request: ModelRequest): DemoTurn {
  const { messages } = request;
  const start = messages.findLastIndex((message) => message.role === "user");
  const names = new Set(request.tools.map((tool) => tool.name));
  return {
    said: textOfUser(messages[start]),
    batches: messages.slice(start + 1).flatMap((message) => (message.role === "assistant" ? [batchOf(message, messages)] : [])),
    hasTool: (name) => names.has(name),
    isFirstRun: request.system.stable.includes("BOOTSTRAP.md"),
    system: request.system,
  };
}

function batchOf(message: Extract<ModelMessage, { role: "assistant" }>, messages: readonly ModelMessage[]) {
  const results = message.calls.flatMap((call): DemoResult[] => {
    const found = messages.findLast((other) => other.role === "tool" && other.callId === call.id);
    return found?.role === "tool" ? [{ name: call.name, args: call.args, text: found.text, isError: found.isError }] : [];
  });
  return { calls: message.calls, results };
}

function textOfUser(message: ModelMessage | undefined): string {
  if (message?.role !== "user") return "";
  const text = message.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
  // Channels put "[who, when]" in front of a message.
  return text.replace(/^\s*(\[[^\]\n]{1,200}\]\s*)+/, "").trim();
}
