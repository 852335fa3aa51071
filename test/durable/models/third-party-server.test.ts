// The same providers against a model server written by others (aimock), so that our own server's idea of the protocols
// is not the only one they are tested with.
import { LLMock } from "@copilotkit/aimock";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { failureOf, hear, httpRig, type Rig, userSays } from "./rig.ts";

const mock = new LLMock({ port: 0, host: "127.0.0.1" });
let url = "";
beforeAll(async () => {
  await mock.start();
  url = mock.url;
});
afterEach(() => mock.reset());
afterAll(() => mock.stop());

const REFS = ["anthropic/claude-opus-4-6", "openai/gpt-5.4", "deepseek/deepseek-v4-pro"];
// The rig wants only the address of a server.
const rigFor = (ref: string): Rig => httpRig(ref, ref, { url, requests: [], push: () => undefined } as never);

describe.each(REFS)("%s", (ref) => {
  it("streams text", async () => {
    mock.onMessage("hello", { content: "Grüße aus dem Norden 🦭" });
    const { reply, deltas } = await hear(rigFor(ref));
    expect(reply).toMatchObject({ text: "Grüße aus dem Norden 🦭", stopReason: "stop", calls: [] });
    expect(deltas.length).toBeGreaterThan(0);
  });

  it("calls tools, and takes their results", async () => {
    mock.on(
      { predicate: (request) => JSON.stringify(request.messages).includes("secret of a.md") },
      { content: "It is in there." },
    );
    mock.on(
      { predicate: () => true },
      {
        toolCalls: [
          { name: "read", arguments: '{"path":"a.md"}' },
          { name: "read", arguments: '{"path":"b.md"}' },
        ],
      },
    );
    const rig = rigFor(ref);
    const { reply } = await hear(rig, { messages: [userSays("what is in the files?")] });
    expect(reply.stopReason).toBe("tools");
    expect(reply.calls.map((call) => call.args)).toEqual([{ path: "a.md" }, { path: "b.md" }]);
    const second = await hear(rig, {
      messages: [
        userSays("what is in the files?"),
        { role: "assistant", text: reply.text, thinking: reply.thinking, calls: reply.calls, model: ref },
        ...reply.calls.map((call, at) => ({
          role: "tool" as const,
          callId: call.id,
          name: call.name,
          text: at === 0 ? "the secret of a.md" : "nothing",
          isError: false,
          images: [],
        })),
      ],
    });
    expect(second.reply.text).toBe("It is in there.");
  });

  it.each([
    [429, "rate_limit_error", "Rate limit exceeded", "limited"],
    [529, "overloaded_error", "Overloaded", "overloaded"],
    [401, "authentication_error", "invalid key", "auth"],
    [400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum", "too-long"],
  ] as const)("classifies %i", async (status, type, message, kind) => {
    mock.onMessage("hello", { error: { message, type }, status });
    expect(await failureOf(hear(rigFor(ref)))).toMatchObject({ data: { kind, status } });
  });

  it("finds a connection dropped in mid-stream cut", async () => {
    mock.on(
      { userMessage: "hello" },
      { content: "a rather long answer that never comes to its end ".repeat(20) },
      { chunkSize: 5, latency: 5, disconnectAfterMs: 60 },
    );
    expect(await failureOf(hear(rigFor(ref)))).toMatchObject({ data: { kind: "cut" } });
  });
});
