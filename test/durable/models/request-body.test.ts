// What goes over the wire: cache marks, thinking, token caps, quirks of services, and how little it weighs.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ModelFailure } from "../../../src/contract/errors.ts";
import type { ModelMessage, ModelRequest } from "../../../src/durable/models/port.ts";
import { anthropicBody, claudeVersion } from "../../../src/durable/models/providers/anthropic-body.ts";
import { openAiEffort } from "../../../src/durable/models/providers/effort.ts";
import { completionsBody } from "../../../src/durable/models/providers/openai-completions.ts";
import { responsesBody } from "../../../src/durable/models/providers/responses-body.ts";
import { flattenSchema, workersAiInputs } from "../../../src/durable/models/providers/workers-ai.ts";
import { ModelServer } from "../../support/model-server/server.ts";
import { failureOf, hear, httpRig, KEY, modelOf, READ_TOOL, requestFor, userSays } from "./rig.ts";

const ask = (ref: string, more: Partial<ModelRequest> = {}) => requestFor(modelOf(ref), more);

const PDF_MESSAGE: ModelMessage = {
  role: "user",
  parts: [
    { type: "text", text: "read this" },
    { type: "document", mimeType: "application/pdf", base64: "JVBERg==", name: "plan.pdf", label: "[file: plan.pdf]" },
  ],
};

describe("a PDF", () => {
  const url = "data:application/pdf;base64,JVBERg==";

  it("is a file part for OpenAI, in either protocol", () => {
    expect(JSON.stringify(responsesBody(ask("openai/gpt-5.4", { messages: [PDF_MESSAGE] })).input)).toContain(
      JSON.stringify({ type: "input_file", filename: "plan.pdf", file_data: url }),
    );
    const chat = completionsBody(ask("openrouter/google/gemini-2.5-pro", { messages: [PDF_MESSAGE] }));
    expect(JSON.stringify(chat.messages)).toContain(
      JSON.stringify({ type: "file", file: { filename: "plan.pdf", file_data: url } }),
    );
  });

  it("is only named to a model that does not read it", () => {
    for (const ref of ["deepseek/deepseek-chat", "openrouter/deepseek/deepseek-v4-flash"]) {
      const body = JSON.stringify(completionsBody(ask(ref, { messages: [PDF_MESSAGE] })));
      expect(body).toContain("[file: plan.pdf] (This PDF could not be read by this model");
      expect(body).not.toContain("JVBERg");
    }
  });
});

function conversation(turns: number, model: string): ModelMessage[] {
  return Array.from({ length: turns }, (_unused, at): ModelMessage[] => [
    userSays(`question ${at}`),
    { role: "assistant", text: `answer ${at}`, thinking: [], calls: [], model },
  ])
    .flat()
    .concat(userSays("last"));
}

describe("Anthropic", () => {
  it("marks tools, the stable system prompt and the last two messages for the cache, and nothing volatile", () => {
    const body = anthropicBody(
      ask("anthropic/claude-opus-4-6", { messages: conversation(3, "x"), tools: [READ_TOOL, { ...READ_TOOL, name: "ls" }] }),
    );
    expect(body.system).toEqual([
      { type: "text", text: "You are Kelp.", cache_control: { type: "ephemeral" } },
      { type: "text", text: "Today is Sunday." },
    ]);
    const tools = body.tools as { name: string; cache_control?: unknown }[];
    expect(tools.map((tool) => tool.cache_control !== undefined)).toEqual([false, true]);
    const marked = body.messages.map((message) => JSON.stringify(message).includes("cache_control"));
    expect(marked).toEqual([false, false, false, false, true, false, true]);
    expect(JSON.stringify(body).split("cache_control")).toHaveLength(5);
  });

  it("sends a PDF as a document, marked for the cache like any last part", () => {
    const body = anthropicBody(ask("anthropic/claude-opus-4-6", { messages: [PDF_MESSAGE] }));
    expect(body.messages[0]?.content).toEqual([
      { type: "text", text: "read this" },
      { type: "text", text: "[file: plan.pdf]" },
      {
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: "JVBERg==" },
        title: "plan.pdf",
        cache_control: { type: "ephemeral" },
      },
    ]);
  });

  it("marks the results of the running step", () => {
    const messages: ModelMessage[] = [
      userSays("go"),
      { role: "assistant", text: "", thinking: [], calls: [{ id: "c1", name: "read", args: {} }], model: "x" },
      { role: "tool", callId: "c1", name: "read", text: "done", isError: true, images: [] },
    ];
    const body = anthropicBody(ask("anthropic/claude-opus-4-6", { messages }));
    expect(body.messages.at(-1)?.content).toEqual([
      { type: "tool_result", tool_use_id: "c1", content: "done", is_error: true, cache_control: { type: "ephemeral" } },
    ]);
  });

  it("sends thinking back with its signature, redacted thinking as it came", () => {
    const ref = "anthropic/claude-opus-4-6";
    const thinking = [{ text: "hm", signature: "sig" }, { text: "", redacted: "sealed" }, { text: "no signature" }];
    const messages: ModelMessage[] = [
      userSays("a"),
      { role: "assistant", text: "b", thinking, calls: [], model: ref },
      userSays("c"),
    ];
    expect(anthropicBody(ask(ref, { messages })).messages[1]?.content).toEqual([
      { type: "thinking", thinking: "hm", signature: "sig" },
      { type: "redacted_thinking", data: "sealed" },
      { type: "text", text: "b" },
    ]);
  });

  it.each([
    ["claude-opus-4-6", "high", { thinking: { type: "adaptive", display: "summarized" }, output_config: { effort: "high" } }],
    ["claude-opus-4-6", "xhigh", { thinking: { type: "adaptive", display: "summarized" }, output_config: { effort: "max" } }],
    ["claude-opus-4-7", "xhigh", { thinking: { type: "adaptive", display: "summarized" }, output_config: { effort: "xhigh" } }],
    ["claude-opus-4-6", "off", {}],
    ["claude-sonnet-5", "off", { output_config: { effort: "low" } }],
    ["claude-haiku-4-5", "medium", { thinking: { type: "enabled", budget_tokens: 8_192 } }],
    ["claude-haiku-4-5", "off", {}],
  ] as const)("%s thinks %s", (id, thinking, expected) => {
    const { thinking: sent, output_config } = anthropicBody(ask(`anthropic/${id}`, { thinking, maxTokens: 64_000 }));
    expect({ ...(sent ? { thinking: sent } : {}), ...(output_config ? { output_config } : {}) }).toEqual(expected);
  });

  it("keeps a budget below the cap of the answer", () => {
    expect(anthropicBody(ask("anthropic/claude-haiku-4-5", { thinking: "high", maxTokens: 3_000 })).thinking).toEqual({
      type: "enabled",
      budget_tokens: 1_976,
    });
    expect(anthropicBody(ask("anthropic/claude-haiku-4-5", { thinking: "high", maxTokens: 1_500 })).thinking).toBeUndefined();
  });

  it("does without a budget in the middle of calls that another model began", () => {
    const messages: ModelMessage[] = [
      userSays("go"),
      { role: "assistant", text: "", thinking: [], calls: [{ id: "c", name: "read", args: {} }], model: "other/x" },
    ];
    expect(
      anthropicBody(ask("anthropic/claude-haiku-4-5", { thinking: "high", maxTokens: 30_000, messages })).thinking,
    ).toBeUndefined();
  });

  it.each([
    ["claude-opus-4-6", 4.6],
    ["claude-haiku-4-5-20251001", 4.5],
    ["claude-opus-4-20250514", 4],
    ["claude-3-5-sonnet-latest", 3],
    ["claude-sonnet-5", 5],
    ["claude-next", 5],
    ["MiniMax-M3", 0],
  ])("reads the version of %s", (id, version) => {
    expect(claudeVersion(id)).toBe(version);
  });
});

describe("OpenAI", () => {
  it("stores nothing, keeps to one cache, and asks for reasoning it can send back", () => {
    const body = responsesBody(ask("openai/gpt-5.4", { thinking: "medium", cacheKey: `agent:main:${"x".repeat(100)}` }));
    expect(body).toMatchObject({
      store: false,
      include: ["reasoning.encrypted_content"],
      reasoning: { effort: "medium", summary: "auto" },
    });
    expect(body.instructions).toBe("You are Kelp.\n\nToday is Sunday.");
    expect(body.prompt_cache_key).toHaveLength(64);
  });

  it("sends reasoning back only sealed", () => {
    const ref = "openai/gpt-5.4";
    const thinking = [
      { text: "plan", signature: "rs_1", redacted: "sealed" },
      { text: "open", signature: "rs_2" },
    ];
    const messages: ModelMessage[] = [
      userSays("a"),
      { role: "assistant", text: "b", thinking, calls: [], model: ref },
      userSays("c"),
    ];
    const input = responsesBody(ask(ref, { messages })).input as { type?: string }[];
    expect(input.filter((item) => item.type === "reasoning")).toEqual([
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "plan" }], encrypted_content: "sealed" },
    ]);
  });

  it.each([
    ["gpt-5.4", "off", "none"],
    ["gpt-5.4", "minimal", "low"],
    ["gpt-5.4", "xhigh", "xhigh"],
    ["gpt-5.1", "xhigh", "high"],
    ["gpt-5", "off", "minimal"],
    ["gpt-5", "xhigh", "high"],
    ["o3", "off", "low"],
    ["o3", "high", "high"],
    ["gpt-6-sol", "off", "none"],
  ] as const)("%s thinks %s as %s", (id, level, effort) => {
    expect(openAiEffort(level, id)).toBe(effort);
  });

  it("asks a model that does not think for no thinking", () => {
    expect(responsesBody(ask("openai/gpt-4o", { thinking: "high" }))).not.toHaveProperty("reasoning");
  });
});

describe("services that speak Chat Completions", () => {
  it.each([
    ["deepseek/deepseek-v4-pro", { max_tokens: 4_096, thinking: { type: "enabled" } }],
    ["groq/openai/gpt-oss-120b", { max_completion_tokens: 4_096, reasoning_effort: "low" }],
    ["openrouter/openai/gpt-5.5", { max_tokens: 4_096, reasoning: { effort: "low" } }],
    ["ollama/llama3", { max_tokens: 4_096, stream_options: { include_usage: true } }],
  ])("%s", (ref, expected) => {
    expect(completionsBody(ask(ref))).toMatchObject(expected);
  });

  it.each(["groq/qwen/qwen3-32b", "mistral/mistral-large-latest", "ollama/llama3"])("sends %s no field it may refuse", (ref) => {
    const body = completionsBody(ask(ref, { thinking: "high" }));
    for (const field of ["reasoning_effort", "reasoning", "thinking", "prompt_cache_key", "store"])
      expect(body).not.toHaveProperty(field);
  });

  it("shortens call ids for Mistral", () => {
    const messages: ModelMessage[] = [
      userSays("a"),
      { role: "assistant", text: "", thinking: [], calls: [{ id: "toolu_0123456789", name: "read", args: {} }], model: "x" },
    ];
    expect(JSON.stringify(completionsBody(ask("mistral/mistral-large-latest", { messages })).messages)).toMatch(
      /"tool_call_id":"[a-zA-Z0-9]{9}"/,
    );
  });

  it("gives DeepSeek its reasoning back between calls, and MiniMax in tags", () => {
    const history = (ref: string): ModelMessage[] => [
      userSays("a"),
      { role: "assistant", text: "t", thinking: [{ text: "because" }], calls: [{ id: "c", name: "read", args: {} }], model: ref },
    ];
    const deepseek = "deepseek/deepseek-v4-pro";
    const minimax = "minimax/MiniMax-M3";
    expect(JSON.stringify(completionsBody(ask(deepseek, { messages: history(deepseek) })).messages)).toContain(
      '"reasoning_content":"because"',
    );
    expect(JSON.stringify(completionsBody(ask(minimax, { messages: history(minimax) })).messages)).toContain(
      "<think>\\nbecause\\n</think>\\nt",
    );
  });

  it("shows images of results in a message of their own", () => {
    const messages: ModelMessage[] = [
      userSays("a"),
      { role: "assistant", text: "", thinking: [], calls: [{ id: "c", name: "read", args: {} }], model: "x" },
      {
        role: "tool",
        callId: "c",
        name: "read",
        text: "shot",
        isError: false,
        images: [{ mimeType: "image/png", base64: "AAAA" }],
      },
    ];
    const sent = completionsBody(ask("openrouter/openai/gpt-5.5", { messages })).messages;
    expect(sent.map((message) => message.role)).toEqual(["system", "user", "assistant", "tool", "user"]);
    expect(JSON.stringify(sent.at(-1))).toContain("data:image/png;base64,AAAA");
  });
});

describe("Workers AI", () => {
  it("gets at least 1,024 tokens and no alternatives in a schema", () => {
    const parameters = {
      type: "object",
      properties: { a: { anyOf: [{ type: "null" }, { type: "string", maxLength: 3 }] }, b: { type: ["integer", "null"] } },
      oneOf: [{ required: ["a"] }, { required: ["b"] }],
      allOf: [{ properties: { c: { type: "boolean" } }, required: ["c"] }],
    };
    const inputs = workersAiInputs(
      ask("workers-ai/@cf/zai-org/glm-4.7-flash", { maxTokens: 10, tools: [{ name: "t", description: "d", parameters }] }),
    );
    expect(inputs["max_tokens"]).toBe(1_024);
    expect(JSON.stringify(inputs)).not.toMatch(/oneOf|anyOf|allOf/);
    expect(flattenSchema(parameters)).toEqual({
      type: "object",
      properties: { a: { type: "string", maxLength: 3 }, b: { type: "integer" }, c: { type: "boolean" } },
      required: ["c", "a"],
    });
  });

  it("says that it is there only when deployed", async () => {
    const model = modelOf("workers-ai/@cf/zai-org/glm-4.7-flash");
    const failure = await failureOf(hear({ model, deps: { env: {}, fetch, now: Date.now } }));
    expect(failure).toMatchObject({ data: { kind: "auth", said: expect.stringContaining("deployed") } });
  });
});

describe("over the wire", () => {
  let server: ModelServer;
  beforeAll(async () => {
    server = await ModelServer.start();
  });
  afterEach(() => server.reset());
  afterAll(() => server.stop());

  it.each([
    ["anthropic/claude-opus-4-6", "/v1/messages", "authorization", `Bearer ${KEY}`],
    ["anthropic/claude-opus-4-6", "/v1/messages", "x-api-key", KEY],
    ["openai/gpt-5.4", "/v1/responses", "authorization", `Bearer ${KEY}`],
    ["deepseek/deepseek-chat", "/v1/chat/completions", "authorization", `Bearer ${KEY}`],
  ])("%s asks %s with its key", async (ref, path, header, value) => {
    await hear(httpRig("", ref, server));
    expect(server.requests[0]).toMatchObject({ path, headers: { [header]: value } });
  });

  it.each(["anthropic/claude-opus-4-6", "openai/gpt-5.4", "deepseek/deepseek-chat"])(
    "%s adds less than 1 KB to prompt and tools",
    async (ref) => {
      const tools = Array.from({ length: 12 }, (_unused, at) => ({ ...READ_TOOL, name: `tool_${at}` }));
      await hear(httpRig("", ref, server), { tools });
      expect(server.requests[0]?.bytes).toBeLessThan(JSON.stringify(tools).length + 1_900);
    },
  );

  it("asks nothing without the key, and says which is missing", async () => {
    const rig = httpRig("", "openai/gpt-5.4", server);
    const failure = (await failureOf(hear({ ...rig, deps: { ...rig.deps, env: {} } }))) as ModelFailure;
    expect(failure.data).toMatchObject({ kind: "auth", said: "OPENAI_API_KEY is not set" });
    expect(server.requests).toHaveLength(0);
  });

  it("asks once more without thinking when Anthropic refuses the thinking of earlier steps", async () => {
    const rig = httpRig("", "anthropic/claude-opus-4-6", server);
    const message = "messages.1.content.0: Invalid `signature` in `thinking` block";
    rig.push({ fault: 400, message, times: 1, id: "sig" }, { say: "still here" });
    const messages: ModelMessage[] = [
      userSays("a"),
      { role: "assistant", text: "b", thinking: [{ text: "hm", signature: "old" }], calls: [], model: rig.model.ref },
      userSays("c"),
    ];
    expect((await hear(rig, { messages })).reply.text).toBe("still here");
    expect(JSON.stringify(rig.bodies()[1])).not.toContain("thinking");
  });
});
