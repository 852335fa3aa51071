// Which model answers, why, and what is told about models nobody knows.
import { describe, expect, it } from "vitest";
import { MODEL_ROWS } from "../../../src/durable/models/catalogue/model-rows.ts";
import { PROVIDER_ROWS } from "../../../src/durable/models/catalogue/provider-rows.ts";
import { resolveModel } from "../../../src/durable/models/catalogue.ts";
import { type ChoiceFacts, chooseModels, listModels } from "../../../src/durable/models/choice.ts";
import { modelOf } from "./rig.ts";

function choose(facts: Partial<ChoiceFacts>) {
  const choice = chooseModels({ env: {}, models: [], overrides: {}, hasWorkersAi: false, ...facts });
  return { ...choice, refs: choice.models.map((model) => model.ref) };
}

describe("chooseModels", () => {
  it("takes SKERRY_MODEL before all else", () => {
    const env = { SKERRY_MODEL: "openai/gpt-5.4", ANTHROPIC_API_KEY: "a", OPENAI_API_KEY: "o" };
    expect(choose({ env, models: ["groq/openai/gpt-oss-120b"] })).toMatchObject({
      refs: ["openai/gpt-5.4"],
      why: "SKERRY_MODEL names it",
    });
  });

  it("takes the settings before keys, with their fallbacks", () => {
    const models = ["openai/gpt-5.4", "deepseek/deepseek-chat"];
    expect(choose({ env: { ANTHROPIC_API_KEY: "a" }, models })).toMatchObject({ refs: models, why: "the settings name it" });
  });

  it("chooses by key in catalogue order, the others as fallbacks", () => {
    const choice = choose({ env: { OPENAI_API_KEY: "o", ANTHROPIC_API_KEY: "a", GROQ_API_KEY: "g" } });
    expect(choice.refs[0]).toBe("anthropic/claude-opus-4-6");
    expect(choice.refs.map((ref) => ref.split("/")[0])).toEqual(["anthropic", "openai", "groq"]);
    expect(choice.why).toBe("ANTHROPIC_API_KEY is set");
    expect(choice.advice).toBeUndefined();
  });

  it("takes Workers AI when no key is there but the binding is", () => {
    const choice = choose({ hasWorkersAi: true });
    expect(choice.refs).toEqual(["workers-ai/@cf/zai-org/glm-4.7-flash"]);
    expect(choice.advice).toMatch(/ANTHROPIC_API_KEY/);
  });

  it("takes the demo when nothing is there, and says what to set", () => {
    const choice = choose({});
    expect(choice).toMatchObject({ refs: ["demo/demo"], why: "no key is set" });
    expect(choice.advice).toMatch(/in the page under Control.*ANTHROPIC_API_KEY or OPENAI_API_KEY/);
  });

  it("says which key a named model lacks", () => {
    expect(choose({ env: { SKERRY_MODEL: "mistral/mistral-large-latest" } }).advice).toMatch(/MISTRAL_API_KEY is not set/);
  });

  it("never puts another model in place of a name that leads nowhere", () => {
    const choice = choose({ env: { SKERRY_MODEL: "nobody/nothing", ANTHROPIC_API_KEY: "a" } });
    expect(choice.models).toEqual([]);
    expect(choice.why).toMatch(/No provider is known for "nobody\/nothing"/);
  });

  it("skips a fallback that leads nowhere and tells it", () => {
    const choice = choose({ models: ["openai/gpt-5.4", "nobody/nothing"] });
    expect(choice.refs).toEqual(["openai/gpt-5.4"]);
    expect(choice.problems).toHaveLength(1);
  });

  it("chooses a provider of the settings by its address", () => {
    const overrides = { home: { baseUrl: "http://127.0.0.1:9000/v1", models: [{ id: "tiny" }] } };
    expect(choose({ overrides })).toMatchObject({ refs: ["home/tiny"], why: "the settings give its address" });
  });
});

describe("resolveModel", () => {
  it("knows Claude Opus 4.6", () => {
    expect(modelOf("anthropic/claude-opus-4-6")).toMatchObject({
      api: "anthropic-messages",
      baseUrl: "https://api.anthropic.com",
      apiKeyEnv: "ANTHROPIC_API_KEY",
      isKnown: true,
      isReasoning: true,
      acceptsImages: true,
      price: { input: 5, output: 25, cacheRead: 0.5, cacheWrite: 6.25 },
    });
  });

  it("lets a model it does not know work with stated defaults", () => {
    const model = modelOf("groq/some/new-model:free");
    expect(model).toMatchObject({
      id: "some/new-model:free",
      isKnown: false,
      contextWindow: 128_000,
      maxTokens: 8_192,
      isReasoning: false,
    });
    expect(model.price).toBeUndefined();
  });

  it("guesses what the next Claude and GPT can do", () => {
    expect(modelOf("anthropic/claude-opus-9")).toMatchObject({
      isKnown: false,
      isReasoning: true,
      acceptsImages: true,
      contextWindow: 200_000,
    });
    expect(modelOf("openai/gpt-9")).toMatchObject({ isReasoning: true });
    expect(modelOf("openai/gpt-5-chat-latest")).toMatchObject({ isReasoning: false });
  });

  it.each([
    ["openai", "openai/gpt-5.5"],
    ["claude-opus-4-6", "anthropic/claude-opus-4-6"],
    ["Anthropic/claude-opus-4-6", "anthropic/claude-opus-4-6"],
    ["moonshotai/kimi-k2.6", "moonshot/kimi-k2.6"],
    ["demo", "demo/demo"],
    ["workers-ai/@cf/zai-org/glm-4.7-flash", "workers-ai/@cf/zai-org/glm-4.7-flash"],
  ])("reads %s", (written, ref) => {
    expect(modelOf(written).ref).toBe(ref);
  });

  it.each(["", "gibberish", "nobody/x"])("says why %j leads nowhere", (written) => {
    expect(resolveModel(written, {}, {})).toMatchObject({ reason: expect.stringContaining("provider/model") });
  });

  it("asks for a model where a provider has none in the catalogue", () => {
    expect(resolveModel("ollama", {}, {})).toEqual({ reason: '"ollama" names no model; write ollama/<model>.' });
  });

  it.each([
    ["anthropic/claude-opus-4-6", { ANTHROPIC_BASE_URL: "http://127.0.0.1:1/v1/" }, "http://127.0.0.1:1"],
    ["openai/gpt-5.4", { OPENAI_BASE_URL: "http://127.0.0.1:1" }, "http://127.0.0.1:1/v1"],
    ["openai/gpt-5.4", { OPENAI_BASE_URL: "http://127.0.0.1:1/v1/" }, "http://127.0.0.1:1/v1"],
    ["deepseek/deepseek-chat", { DEEPSEEK_BASE_URL: "https://proxy.test/deep" }, "https://proxy.test/deep"],
    ["ollama/llama3", {}, "http://127.0.0.1:11434/v1"],
  ])("takes the address of %s from %j", (ref, env, baseUrl) => {
    expect(modelOf(ref, env).baseUrl).toBe(baseUrl);
  });

  it("lets the settings override facts, price, address and key", () => {
    const overrides = {
      openai: {
        baseUrl: "https://gateway.test/openai",
        api: "openai-completions" as const,
        apiKeyEnv: "GATEWAY_KEY",
        models: [{ id: "gpt-5.4", contextWindow: 5_000, cost: { input: 1, output: 2 }, input: ["text" as const] }],
      },
    };
    expect(resolveModel("openai/gpt-5.4", overrides, { OPENAI_BASE_URL: "http://ignored.test" })).toMatchObject({
      api: "openai-completions",
      baseUrl: "https://gateway.test/openai",
      apiKeyEnv: "GATEWAY_KEY",
      contextWindow: 5_000,
      acceptsImages: false,
      price: { input: 1, output: 2, cacheRead: 0.25 },
    });
  });

  it("costs nothing at home", () => {
    expect(modelOf("ollama/llama3").price).toEqual({ input: 0, output: 0, cacheRead: 0, cacheWrite: 0 });
  });

  it("asks for the address of a provider that only the settings know", () => {
    expect(resolveModel("mine/x", { mine: {} }, {})).toEqual({
      reason: expect.stringContaining("models.providers.mine.baseUrl"),
    });
  });
});

describe("the catalogue", () => {
  it("lists those that can answer first", () => {
    const listed = listModels({ env: { DEEPSEEK_API_KEY: "d" }, overrides: {}, hasWorkersAi: false });
    const available = listed.filter((model) => model.isAvailable).map((model) => model.provider);
    expect(new Set(available)).toEqual(new Set(["deepseek", "demo"]));
    expect(listed.slice(0, available.length).every((model) => model.isAvailable)).toBe(true);
    expect(listed.length).toBe(MODEL_ROWS.length);
  });

  it("names each model once, of a provider it knows, with facts that make sense", () => {
    const providers = new Set(PROVIDER_ROWS.map((row) => row.id));
    const refs = MODEL_ROWS.map(([provider, id]) => `${provider}/${id}`);
    expect(new Set(refs).size).toBe(refs.length);
    for (const [provider, id, , window, most] of MODEL_ROWS) {
      expect(providers.has(provider), id).toBe(true);
      expect(window, id).toBeGreaterThanOrEqual(24_000);
      expect(most, id).toBeGreaterThanOrEqual(8_192);
    }
  });
});
