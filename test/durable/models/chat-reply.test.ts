// Chunks of Chat Completions as services bend them.
import { describe, expect, it } from "vitest";
import type { ModelDelta } from "../../../src/durable/models/port.ts";
import { type ChatChunk, ChatReply } from "../../../src/durable/models/providers/chat-reply.ts";
import { ThinkTags } from "../../../src/durable/models/providers/think-tags.ts";
import { modelOf, requestFor } from "./rig.ts";

const MODEL = modelOf("ollama/llama3");

function put(...chunks: ChatChunk[]) {
  const reply = new ChatReply(requestFor(MODEL));
  const deltas = chunks.flatMap((chunk) => reply.take(chunk));
  return { deltas, finish: () => reply.finish() };
}

const delta = (
  part: NonNullable<NonNullable<ChatChunk["choices"]>[number]["delta"]>,
  finish: string | null = null,
): ChatChunk => ({
  choices: [{ delta: part, finish_reason: finish }],
});

describe("ChatReply", () => {
  it("makes up an id where a service gives none", () => {
    const { finish } = put(
      delta(
        { tool_calls: [{ function: { name: "read", arguments: "{}" } }, { function: { name: "ls", arguments: "" } }] },
        "stop",
      ),
    );
    const { calls, stopReason } = finish();
    expect(calls.map((call) => call.name)).toEqual(["read", "ls"]);
    expect(new Set(calls.map((call) => call.id)).size).toBe(2);
    expect(stopReason).toBe("tools");
  });

  it("tells two calls apart that came under one index", () => {
    const { finish } = put(
      delta({ tool_calls: [{ index: 0, id: "a", function: { name: "read", arguments: '{"p":1}' } }] }),
      delta({ tool_calls: [{ index: 0, id: "b", function: { name: "read", arguments: '{"p":2}' } }] }, "tool_calls"),
    );
    expect(finish().calls).toEqual([
      { id: "a", name: "read", args: { p: 1 } },
      { id: "b", name: "read", args: { p: 2 } },
    ]);
  });

  it("reads arguments that are an object, or JSON inside a string", () => {
    const { finish } = put(
      delta({ tool_calls: [{ index: 0, id: "a", function: { name: "read", arguments: { p: 1 } } }] }),
      delta({ tool_calls: [{ index: 1, id: "b", function: { name: "read", arguments: JSON.stringify('{"p":2}') } }] }, "stop"),
    );
    expect(finish().calls.map((call) => call.args)).toEqual([{ p: 1 }, { p: 2 }]);
  });

  it("runs nothing on arguments it cannot read", () => {
    const { finish } = put(
      delta({ tool_calls: [{ index: 0, id: "a", function: { name: "read", arguments: '{"p":' } }] }, "stop"),
    );
    expect(finish).toThrow(expect.objectContaining({ data: expect.objectContaining({ kind: "cut" }) }));
  });

  it("leaves out a call that the cap cut in half", () => {
    const { finish } = put(
      delta({ content: "t", tool_calls: [{ index: 0, id: "a", function: { name: "read", arguments: '{"p":' } }] }, "length"),
    );
    expect(finish()).toMatchObject({ text: "t", calls: [], stopReason: "length" });
  });

  it("says what a refusal says", () => {
    expect(put(delta({ refusal: "I cannot help with that." }, "stop")).finish()).toMatchObject({
      text: "I cannot help with that.",
      stopReason: "refused",
    });
  });

  it("estimates where a service does not count", () => {
    const { spend } = put(delta({ content: "four words are here" }, "stop")).finish();
    expect(spend.input).toBeGreaterThan(0);
    expect(spend.output).toBe(5);
    expect(spend.costUsd).toBe(0);
  });

  it("reads DeepSeek's and OpenAI's counts of cached tokens", () => {
    const usage = (more: ChatChunk["usage"]) =>
      put(delta({ content: "x" }, "stop"), { usage: { prompt_tokens: 100, completion_tokens: 5, ...more } }).finish().spend;
    expect(usage({ prompt_cache_hit_tokens: 60 })).toMatchObject({ input: 40, cacheRead: 60 });
    expect(usage({ prompt_tokens_details: { cached_tokens: 70 } })).toMatchObject({ input: 30, cacheRead: 70 });
  });
});

describe("ThinkTags", () => {
  const run = (text: string, size: number) => {
    const tags = new ThinkTags();
    const deltas: ModelDelta[] = [];
    for (let at = 0; at < text.length; at += size) deltas.push(...tags.take(text.slice(at, at + size)));
    deltas.push(...tags.end());
    const join = (type: string) => deltas.flatMap((part) => (part.type === type && "delta" in part ? [part.delta] : [])).join("");
    return [join("thinking"), join("text")];
  };

  it.each([
    ["<think>why</think>\n\nbecause", "why", "because"],
    ["\n<think>\nwhy < how</th?</think>because", "\nwhy < how</th?", "because"],
    ["plain <think>text</think>", "", "plain <think>text</think>"],
    ["<thin ice", "", "<thin ice"],
    ["<think>never ends", "never ends", ""],
  ])("splits %j", (text, thinking, answer) => {
    for (const size of [1, 2, 3, 7, 100]) expect(run(text, size)).toEqual([thinking, answer]);
  });
});
