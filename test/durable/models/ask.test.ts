// Retries, fallbacks and giving up: with a provider that does what it is told, and no real waiting.
import { describe, expect, it } from "vitest";
import { ModelFailure, type ModelFailureKind } from "../../../src/contract/errors.ts";
import { type AskOptions, ask, type Question, type Retry } from "../../../src/durable/models/ask.ts";
import type { ModelReply, ModelRequest, Provider } from "../../../src/durable/models/port.ts";
import { failureOf, modelOf, userSays } from "./rig.ts";

type Move = ModelFailureKind | { kind: ModelFailureKind; retryAfterMs?: number; after?: string } | { say: string } | "empty";

function reply(text: string): ModelReply {
  return {
    text,
    thinking: [],
    calls: [],
    stopReason: "stop",
    spend: { input: 10, output: 1, cacheRead: 0, cacheWrite: 0, costUsd: 0.5 },
  };
}

/** Plays moves in order, the last one for ever; and a clock that only sleeping moves. */
function stage(...moves: Move[]) {
  const asked: ModelRequest[] = [];
  const sleeps: number[] = [];
  const told: string[] = [];
  const retries: Retry[] = [];
  let clock = 1_000;
  const provider: Provider = async function* (request) {
    asked.push(request);
    const move = moves[Math.min(asked.length, moves.length) - 1] ?? "unknown";
    if (move === "empty") return reply("");
    if (typeof move === "object" && "say" in move) {
      yield { type: "text", delta: move.say };
      return reply(move.say);
    }
    const { kind, after, ...more } = typeof move === "string" ? { kind: move, after: undefined } : { after: undefined, ...move };
    if (after) yield { type: "text", delta: after };
    throw new ModelFailure({ kind, model: request.model.ref, ...more });
  };
  const options: AskOptions = {
    provider,
    random: () => 0.5,
    sleep: async (ms) => {
      sleeps.push(ms);
      clock += ms;
    },
    onDelta: (delta) => void told.push("delta" in delta ? delta.delta : delta.type),
    onReset: () => void told.push("RESET"),
    onRetry: (retry) => void retries.push(retry),
  };
  const run = (models: string[] = ["anthropic/claude-opus-4-6"], more: AskOptions = {}, question: Partial<Question> = {}) =>
    ask(
      {
        models: models.map((ref) => modelOf(ref)),
        system: { stable: "", volatile: "" },
        messages: [userSays("hi")],
        tools: [],
        cacheKey: "k",
        signal: new AbortController().signal,
        ...question,
      },
      { env: {}, fetch: globalThis.fetch, now: () => clock },
      { ...options, ...more },
    );
  return { run, asked, sleeps, told, retries };
}

const TWO = ["anthropic/claude-opus-4-6", "openai/gpt-5.4"];

describe("ask", () => {
  it("answers with the first model when it can", async () => {
    const { run, told, retries } = stage({ say: "hello" });
    const answer = await run(TWO);
    expect(answer).toMatchObject({ attempts: 1, model: { ref: TWO[0] }, reply: { text: "hello" } });
    expect({ told, retries }).toEqual({ told: ["hello"], retries: [] });
  });

  it.each(["overloaded", "limited", "timeout", "cut", "unknown"] as const)("asks the same model again after %s", async (kind) => {
    const { run, sleeps, retries } = stage(kind, kind, { say: "there" });
    expect(await run()).toMatchObject({ attempts: 3, reply: { text: "there" } });
    expect(sleeps).toHaveLength(2);
    expect(sleeps[1]).toBe((sleeps[0] ?? 0) * 2);
    expect(retries.map((retry) => [retry.failure.data.kind, retry.attempt, retry.nextModel])).toEqual([
      [kind, 1, "anthropic/claude-opus-4-6"],
      [kind, 2, "anthropic/claude-opus-4-6"],
    ]);
  });

  it.each(["auth", "billing", "not-found", "bad-request"] as const)("goes to the next model at once after %s", async (kind) => {
    const { run, sleeps, asked } = stage(kind, { say: "I can" });
    expect(await run(TWO)).toMatchObject({ model: { ref: TWO[1] }, reply: { text: "I can" } });
    expect(sleeps).toEqual([]);
    expect(asked.map((request) => request.model.ref)).toEqual(TWO);
  });

  it("gives up at once when there is no next model", async () => {
    const { run, asked } = stage("auth");
    expect(await failureOf(run())).toMatchObject({ data: { kind: "auth" } });
    expect(asked).toHaveLength(1);
  });

  it.each(["too-long", "refused"] as const)("throws %s at once, whatever else could be asked", async (kind) => {
    const { run, asked } = stage(kind);
    expect(await failureOf(run(TWO))).toMatchObject({ data: { kind } });
    expect(asked).toHaveLength(1);
  });

  it("tries a fallback after three attempts, and says so", async () => {
    const { run, retries } = stage("overloaded", "overloaded", "overloaded", { say: "second" });
    expect(await run(TWO)).toMatchObject({ model: { ref: TWO[1] }, attempts: 4 });
    expect(retries.at(-1)).toMatchObject({ model: TWO[0], nextModel: TWO[1], waitMs: 0 });
  });

  it("stops after eight attempts at one model, ten when it is limited", async () => {
    const overloaded = stage("overloaded");
    expect(await failureOf(overloaded.run())).toMatchObject({ data: { kind: "overloaded" } });
    expect(overloaded.asked.length).toBeLessThanOrEqual(8);
    expect(overloaded.asked.length).toBeGreaterThanOrEqual(6);
    const limited = stage({ kind: "limited", retryAfterMs: 1 });
    await failureOf(limited.run());
    expect(limited.asked.length).toBeLessThanOrEqual(10);
  });

  it("keeps all its waits within ninety seconds", async () => {
    const { run, sleeps } = stage({ kind: "limited", retryAfterMs: 24_000 });
    await failureOf(run());
    expect(sleeps.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(90_000);
    expect(sleeps.length).toBeGreaterThan(1);
  });

  it("waits as long as the provider asks", async () => {
    const { run, sleeps } = stage({ kind: "limited", retryAfterMs: 20_000 }, { say: "ok" });
    await run();
    expect(sleeps).toEqual([20_000]);
  });

  it("does not sleep through a long wait but throws it, for the caller to keep", async () => {
    const { run, sleeps } = stage({ kind: "limited", retryAfterMs: 40_000 });
    expect(await failureOf(run())).toMatchObject({ data: { kind: "limited", retryAfterMs: 40_000 } });
    expect(sleeps).toEqual([]);
  });

  it("asks a fallback rather than wait long", async () => {
    const { run, sleeps } = stage({ kind: "limited", retryAfterMs: 40_000 }, { say: "now" });
    expect(await run(TWO)).toMatchObject({ model: { ref: TWO[1] } });
    expect(sleeps).toEqual([]);
  });

  it("names every model it tried when all fail", async () => {
    const { run } = stage("auth", "billing");
    const failure = (await failureOf(run(TWO))) as ModelFailure;
    expect(failure.data).toMatchObject({ kind: "auth", model: TWO[0] });
    expect(failure.message).toContain("also tried openai/gpt-5.4: billing");
  });

  it("withdraws what was told when an attempt fails, and only then", async () => {
    const { run, told } = stage({ kind: "cut", after: "half an ans" }, "overloaded", { say: "the whole answer" });
    await run();
    expect(told).toEqual(["half an ans", "RESET", "the whole answer"]);
  });

  it("asks again after an empty answer, twice, and then says that it was empty", async () => {
    const { run, asked } = stage("empty");
    const answer = await run();
    expect(asked).toHaveLength(3);
    expect(answer.note).toMatch(/answered with nothing; rephrase/);
    expect(answer.reply.spend).toMatchObject({ input: 30, costUsd: 1.5 });
  });

  it("takes an answer after an empty one and counts both", async () => {
    const answer = await stage("empty", { say: "yes" }).run();
    expect(answer).toMatchObject({ reply: { text: "yes", spend: { input: 20, costUsd: 1 } } });
    expect(answer.note).toBeUndefined();
  });

  it("stops asking when the wake has no requests left, with a wait the caller can keep", async () => {
    let left = 2;
    const onRequest = () => {
      left -= 1;
    };
    const { run, asked } = stage("overloaded");
    const failure = await failureOf(run(undefined, { requestsLeft: () => left, onRequest }));
    expect(asked).toHaveLength(2);
    expect((failure as ModelFailure).data.retryAfterMs).toBeGreaterThanOrEqual(0);
  });

  it("ends while it waits when the signal aborts", async () => {
    const abort = new AbortController();
    const reason = new Error("stop");
    const { run, asked } = stage("overloaded");
    const asking = run(
      undefined,
      {
        sleep: (_ms, signal) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      },
      { signal: abort.signal },
    );
    setTimeout(() => abort.abort(reason), 10);
    expect(await failureOf(asking)).toBe(reason);
    expect(asked).toHaveLength(1);
  });

  it("asks for no more tokens than the model gives, and for little thinking unless told", async () => {
    const { run, asked } = stage({ say: "ok" });
    await run(["workers-ai/@cf/google/gemma-4-26b-a4b-it"], {}, { maxTokens: 100_000 });
    await run(["openai/gpt-4o"], {}, {});
    expect(asked.map((request) => [request.maxTokens, request.thinking])).toEqual([
      [16_384, "low"],
      [16_384, "off"],
    ]);
  });

  it("says that no model is set", async () => {
    expect(await failureOf(stage().run([]))).toMatchObject({ data: { kind: "not-found" } });
  });
});
