// One table of behaviours, run over every provider: what holds for one holds for all.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ModelFailure, type ModelFailureKind } from "../../../src/contract/errors.ts";
import { INTERRUPTED_RESULT } from "../../../src/durable/models/handover.ts";
import type { ModelMessage } from "../../../src/durable/models/port.ts";
import { askProvider } from "../../../src/durable/models/providers/list.ts";
import { watchStalls } from "../../../src/durable/models/stall.ts";
import type { Script } from "../../support/model-server/script.ts";
import { ModelServer } from "../../support/model-server/server.ts";
import { bindingRig, failureOf, hear, httpRig, KEY, type Rig, requestFor, textOfDeltas, userSays } from "./rig.ts";

let server: ModelServer;
beforeAll(async () => {
  server = await ModelServer.start();
});
afterEach(() => server.reset());
afterAll(() => server.stop());

const RIGS: [name: string, make: () => Rig][] = [
  ["anthropic", () => httpRig("anthropic", "anthropic/claude-opus-4-6", server)],
  ["openai responses", () => httpRig("openai responses", "openai/gpt-5.4", server)],
  ["openai completions", () => httpRig("openai completions", "deepseek/deepseek-v4-pro", server)],
  ["workers-ai", () => bindingRig("new")],
  ["workers-ai, older chunks", () => bindingRig("old")],
];

const UNICODE = "Grüße, 世界! 🦭🪸 naïve café — fertig";

async function failureKind(rig: Rig, script: Script): Promise<ModelFailure> {
  rig.push(script);
  const failure = await failureOf(hear(rig));
  expect(failure).toBeInstanceOf(ModelFailure);
  return failure as ModelFailure;
}

describe.each(RIGS)("%s", (name, make) => {
  const isOld = name.includes("older");
  const isBinding = name.startsWith("workers-ai");

  it("streams text and returns the whole of it", async () => {
    const rig = make();
    rig.push({ say: 20 });
    const { deltas, reply } = await hear(rig);
    expect(reply.text).toMatch(/^w0 w1 .* w19$/);
    expect(textOfDeltas(deltas)).toBe(reply.text);
    expect(deltas.filter((delta) => delta.type === "text").length).toBeGreaterThan(10);
    expect(reply).toMatchObject({ calls: [], stopReason: "stop" });
  });

  it("counts and prices what was used", async () => {
    const rig = make();
    rig.push({ say: 5, usage: { input: 1000, output: 200 } });
    const { spend } = (await hear(rig)).reply;
    expect(spend).toMatchObject({ input: 1000, output: 200, cacheRead: 0 });
    const { price } = rig.model;
    expect(spend.costUsd).toBeCloseTo((1000 * (price?.input ?? 0) + 200 * (price?.output ?? 0)) / 1e6, 10);
    expect(spend.costUsd).toBeGreaterThan(0);
  });

  it.skipIf(isOld)("tells cached tokens from fresh ones", async () => {
    const rig = make();
    rig.push({ say: 5, usage: { input: 100, output: 10, cacheRead: 900 } });
    const { spend } = (await hear(rig)).reply;
    expect(spend).toMatchObject({ input: 100, cacheRead: 900 });
  });

  it("calls a tool, arguments streamed", async () => {
    const rig = make();
    rig.push({ tool: "read", args: { path: "a/ü.md", deep: { list: [1, 2] } } });
    const { deltas, reply } = await hear(rig);
    expect(reply.stopReason).toBe("tools");
    expect(reply.calls).toEqual([{ id: expect.any(String), name: "read", args: { path: "a/ü.md", deep: { list: [1, 2] } } }]);
    expect(deltas.find((delta) => delta.type === "call-start")).toMatchObject({ index: 0, name: "read", id: reply.calls[0]?.id });
    const streamed = deltas.map((delta) => (delta.type === "call-args" ? delta.delta : "")).join("");
    expect(JSON.parse(streamed)).toEqual(reply.calls[0]?.args);
  });

  it("calls three tools side by side", async () => {
    const rig = make();
    rig.push({ tool: "read", args: { path: "a" }, calls: 3, parallel: true, before: "I look." });
    const { deltas, reply } = await hear(rig);
    expect(reply.text).toBe("I look.");
    expect(reply.calls).toHaveLength(3);
    expect(new Set(reply.calls.map((call) => call.id)).size).toBe(3);
    expect(deltas.flatMap((delta) => (delta.type === "call-start" ? [delta.index] : []))).toEqual([0, 1, 2]);
  });

  it("hands a result back under the id of its call", async () => {
    const rig = make();
    rig.push({ tool: "read", args: { path: "a" } }, { say: "read it" });
    const first = await hear(rig);
    const call = first.reply.calls[0];
    if (!call) throw new Error("no call");
    const messages: ModelMessage[] = [
      userSays("read a"),
      { role: "assistant", text: "", thinking: [], calls: [call], model: rig.model.ref },
      { role: "tool", callId: call.id, name: "read", text: "content of a", isError: false, images: [] },
    ];
    expect((await hear(rig, { messages })).reply.text).toBe("read it");
    const sent = JSON.stringify(rig.bodies().at(-1));
    expect(sent).toContain("content of a");
    expect(sent.split(call.id)).toHaveLength(3);
  });

  it.skipIf(isOld)("keeps thinking apart from the answer", async () => {
    const rig = make();
    rig.push({ think: "They greet me.", say: "Hello there" });
    const { deltas, reply } = await hear(rig);
    expect(reply.text).toBe("Hello there");
    expect(reply.thinking.map((thinking) => thinking.text)).toEqual(["They greet me."]);
    expect(deltas.some((delta) => delta.type === "thinking" && delta.delta.includes("greet"))).toBe(true);
  });

  it("shows an image to a model that sees, and a note to one that does not", async () => {
    const rig = make();
    rig.push({ say: 1 });
    await hear(rig, {
      messages: [
        {
          role: "user",
          parts: [
            { type: "text", text: "look" },
            { type: "image", mimeType: "image/png", base64: "aGFsbG8=" },
          ],
        },
      ],
    });
    const sent = JSON.stringify(rig.bodies()[0]);
    if (rig.model.acceptsImages) expect(sent).toContain("aGFsbG8=");
    else {
      expect(sent).not.toContain("aGFsbG8=");
      expect(sent).toContain("cannot see");
    }
  });

  it("stops at once when aborted, with the signal's reason, and hangs up", async () => {
    const rig = make();
    rig.push({ say: 500, rate: 50 });
    const abort = new AbortController();
    const stream = askProvider(requestFor(rig.model, { signal: abort.signal }), rig.deps);
    for (let step = await stream.next(); !step.done; step = await stream.next()) if (step.value.type === "text") break;
    const reason = new Error("the person said stop");
    const startedAt = Date.now();
    abort.abort(reason);
    const failure = await failureOf(
      (async () => {
        while (!(await stream.next()).done);
      })(),
    );
    expect(failure).toBe(reason);
    expect(Date.now() - startedAt).toBeLessThan(500);
    await expect.poll(() => rig.isAborted()).toBe(true);
  });

  it("asks nothing when aborted before", async () => {
    const rig = make();
    const reason = new Error("too late");
    expect(await failureOf(hear(rig, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(rig.bodies()).toHaveLength(0);
  });

  it("returns an empty answer as it is", async () => {
    const rig = make();
    rig.push({ fault: "empty" });
    expect((await hear(rig)).reply).toMatchObject({ text: "", calls: [], stopReason: "stop" });
  });

  it("puts characters together that were cut in two", async () => {
    const rig = make();
    rig.push({ say: UNICODE, split: 3 });
    const { deltas, reply } = await hear(rig);
    expect(reply.text).toBe(UNICODE);
    expect(textOfDeltas(deltas)).toBe(UNICODE);
  });

  it("gives a call without a result a stand-in, and drops a result without a call", async () => {
    const rig = make();
    rig.push({ say: "fine" });
    const messages: ModelMessage[] = [
      userSays("go"),
      { role: "assistant", text: "", thinking: [], calls: [{ id: "call_lost", name: "read", args: {} }], model: rig.model.ref },
      { role: "tool", callId: "call_nobody", name: "read", text: "from nowhere", isError: false, images: [] },
      userSays("and?"),
    ];
    await hear(rig, { messages });
    const sent = JSON.stringify(rig.bodies()[0]);
    expect(sent).toContain(INTERRUPTED_RESULT);
    expect(sent).not.toContain("from nowhere");
  });

  const FAULTS: [what: string, script: Script, kind: ModelFailureKind][] = [
    ["a conversation that is too long", { fault: "overflow" }, "too-long"],
    ["a connection dropped in mid-stream", { say: 40, fault: "drop", at: 4 }, "cut"],
    ["a stream without its end mark", { say: 40, fault: "end", at: 4 }, "cut"],
    ["a stream that ends before it begins", { say: 40, fault: "end", at: 0 }, "cut"],
    ["a garbled stream", { say: 40, fault: "garbled", at: 4 }, "cut"],
    ["an error inside the stream", { say: 40, fault: "error-event", at: 4 }, "overloaded"],
    ["429", { fault: 429 }, "limited"],
    ["529", { fault: 529 }, "overloaded"],
    ["503", { fault: 503, message: "Service unavailable" }, "overloaded"],
    ["500", { fault: 500, message: "Internal server error" }, "unknown"],
    ["402", { fault: 402, message: "Payment required" }, "billing"],
    ["404", { fault: 404, message: "no such model" }, "not-found"],
    ["401", { fault: 401, message: `Incorrect API key provided: ${KEY}` }, "auth"],
  ];
  it.each(FAULTS)("classifies %s", async (_what, script, kind) => {
    const rig = make();
    const failure = await failureKind(rig, script);
    expect(failure.data).toMatchObject({ kind, model: rig.model.ref });
    expect(JSON.stringify(failure.data) + failure.message).not.toContain(KEY);
    // No SDK retries behind our back.
    expect(rig.bodies()).toHaveLength(1);
  });

  it.skipIf(isOld)("classifies a refusal", async () => {
    const failure = await failureKind(make(), { fault: "refusal" });
    expect(failure.data.kind).toBe("refused");
  });

  it.skipIf(isBinding)("reads Retry-After", async () => {
    expect((await failureKind(make(), { fault: 429, retryAfter: 7 })).data.retryAfterMs).toBe(7_000);
  });

  it.each([
    ["from the start", { fault: "silence" } as Script],
    ["after some words", { fault: "silence", at: 5, say: 40 } as Script],
  ])("is cut when silent %s", async (_when, script) => {
    const rig = make();
    rig.push(script);
    const stream = watchStalls(askProvider, requestFor(rig.model), rig.deps, { idleMs: 150, flowingIdleMs: 60 });
    const startedAt = Date.now();
    const failure = await failureOf(
      (async () => {
        while (!(await stream.next()).done);
      })(),
    );
    expect(failure).toBeInstanceOf(ModelFailure);
    expect((failure as ModelFailure).data.kind).toBe("timeout");
    expect(Date.now() - startedAt).toBeLessThan(1_000);
    await expect.poll(() => rig.isAborted()).toBe(true);
  });

  it("drops a call that the answer's cap cut in half, and says so", async () => {
    const rig = make();
    rig.push({ say: 5, stop: "length" });
    const { reply } = await hear(rig);
    expect(reply.stopReason).toBe(isOld ? "stop" : "length");
  });
});
