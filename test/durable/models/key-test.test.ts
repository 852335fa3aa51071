// Trying a key: what each answer of a provider comes to, in words for a person.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { testKey } from "../../../src/durable/models/key-test.ts";
import { ModelServer } from "../../support/model-server/server.ts";

const KEY = "sk-typed-0123456789abcdef";
let server: ModelServer;
beforeAll(async () => {
  server = await ModelServer.start();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

function tryKey(provider = "anthropic", wanted: string[] = []) {
  const env = { ANTHROPIC_BASE_URL: server.url, ANTHROPIC_API_KEY: "from-the-environment", OPENAI_BASE_URL: `${server.url}/v1` };
  return testKey({ provider, key: KEY, overrides: {}, wanted }, { env, fetch, now: Date.now });
}

test("a key that works is told with the model that answered, and is the one that was sent", async () => {
  expect(await tryKey()).toMatchObject({ outcome: "ok", message: expect.stringContaining("accepts the key") });
  expect(server.requests).toHaveLength(1);
  expect(server.requests[0]?.headers["x-api-key"]).toBe(KEY);
  expect(server.requests[0]?.body["max_tokens"]).toBeLessThanOrEqual(64);
});

test("a model that the settings name is asked rather than the provider's first", async () => {
  expect(await tryKey("openai", ["anthropic/x", "openai/gpt-test"])).toMatchObject({ outcome: "ok", model: "openai/gpt-test" });
});

test.each([
  [401, "auth", "does not accept this key"],
  [402, "billing", "has no credit"],
  [429, "limited", "rate limit is reached"],
  [404, "not-found", "does not offer"],
  [529, "overloaded", "is overloaded"],
] as const)("%i is told as %s, asked once, without the key in the sentence", async (status, outcome, words) => {
  server.push({ fault: status, message: `Scripted: ${KEY}` });
  const test = await tryKey();
  expect(test).toMatchObject({ outcome, message: expect.stringContaining(words) });
  expect(test.message).not.toContain(KEY);
  expect(server.requests).toHaveLength(1);
});

test("an address where nobody answers is named", async () => {
  const env = { ANTHROPIC_BASE_URL: "http://127.0.0.1:9" };
  const test = await testKey({ provider: "anthropic", key: KEY, overrides: {}, wanted: [] }, { env, fetch, now: Date.now });
  expect(test.message).toContain("http://127.0.0.1:9");
  expect(test.outcome).not.toBe("ok");
});

test("a provider without a known model says so and asks nobody", async () => {
  expect(await tryKey("lmstudio")).toMatchObject({ outcome: "no-model" });
  expect(server.requests).toHaveLength(0);
});
