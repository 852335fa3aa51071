// The watchdog over one attempt.
import { describe, expect, it } from "vitest";
import type { ModelDelta, ModelReply, Provider } from "../../../src/durable/models/port.ts";
import { watchStalls } from "../../../src/durable/models/stall.ts";
import { failureOf, modelOf, requestFor } from "./rig.ts";

const MODEL = modelOf("demo/demo");
const DEPS = { env: {}, fetch, now: Date.now };
const REPLY: ModelReply = {
  text: "done",
  thinking: [],
  calls: [],
  stopReason: "stop",
  spend: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
};

/** Sends each delta after its pause. */
function paced(...steps: [pauseMs: number, delta?: ModelDelta][]): Provider & { signal?: AbortSignal } {
  const provider: Provider & { signal?: AbortSignal } = async function* (request) {
    provider.signal = request.signal;
    for (const [pauseMs, delta] of steps) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (delta) yield delta;
    }
    return REPLY;
  };
  return provider;
}

async function watch(provider: Provider, idleMs: number, flowingIdleMs: number): Promise<ModelReply> {
  const stream = watchStalls(provider, requestFor(MODEL), DEPS, { idleMs, flowingIdleMs });
  while (true) {
    const step = await stream.next();
    if (step.done) return step.value;
  }
}

const text: ModelDelta = { type: "text", delta: "a" };
const thinking: ModelDelta = { type: "thinking", delta: "hm" };

describe("watchStalls", () => {
  it("is patient before the first word", async () => {
    expect(await watch(paced([120, text], [1]), 400, 50)).toBe(REPLY);
  });

  it("is patient while a model thinks, also after it spoke", async () => {
    expect(await watch(paced([1, text], [1, thinking], [120, text]), 400, 50)).toBe(REPLY);
  });

  it("is patient between the start of a call and its arguments", async () => {
    expect(await watch(paced([1, text], [1, { type: "call-start", index: 0, id: "c", name: "write" }], [120]), 400, 50)).toBe(
      REPLY,
    );
  });

  it("cuts sooner once text was flowing, says how long it was silent, and aborts the request", async () => {
    const provider = paced([1, text], [5_000, text]);
    const startedAt = Date.now();
    expect(await failureOf(watch(provider, 5_000, 200))).toMatchObject({ data: { kind: "timeout", said: "silent for 0.2 s" } });
    expect(Date.now() - startedAt).toBeLessThan(1_000);
    expect(provider.signal?.aborted).toBe(true);
  });

  it("aborts the request when nobody reads on", async () => {
    const provider = paced([1, text], [1, text], [1, text]);
    const stream = watchStalls(provider, requestFor(MODEL), DEPS);
    await stream.next();
    await stream.return(REPLY);
    expect(provider.signal?.aborted).toBe(true);
  });
});
