// What the tests of the models share: one rig a provider, all playing the same scripts.
import { resolveModel } from "../../../src/durable/models/catalogue.ts";
import type {
  ModelDelta,
  ModelInfo,
  ModelMessage,
  ModelReply,
  ModelRequest,
  ProviderDeps,
} from "../../../src/durable/models/port.ts";
import { askProvider } from "../../../src/durable/models/providers/list.ts";
import type { Script } from "../../support/model-server/script.ts";
import type { ModelServer } from "../../support/model-server/server.ts";
import { FakeWorkersAi } from "../../support/model-server/workers-ai.ts";

export const KEY = "sk-test-0123456789abcdef";

export function modelOf(ref: string, env: Record<string, string | undefined> = {}): ModelInfo {
  const model = resolveModel(ref, {}, env);
  if ("reason" in model) throw new Error(model.reason);
  return model;
}

export function userSays(...texts: string[]): ModelMessage {
  return { role: "user", parts: texts.map((text) => ({ type: "text", text })) };
}

export const READ_TOOL = {
  name: "read",
  description: "Read a file.",
  parameters: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
};

export function requestFor(model: ModelInfo, more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model,
    system: { stable: "You are Kelp.", volatile: "Today is Sunday." },
    messages: [userSays("hello")],
    tools: [READ_TOOL],
    thinking: "low",
    maxTokens: 4_096,
    cacheKey: "session-1",
    signal: new AbortController().signal,
    ...more,
  };
}

export interface Rig {
  name: string;
  model: ModelInfo;
  deps: ProviderDeps;
  push(...scripts: Script[]): void;
  /** Bodies of the requests so far. */
  bodies(): Record<string, unknown>[];
  isAborted(): boolean;
}

export function httpRig(name: string, ref: string, server: ModelServer): Rig {
  const env = {
    ANTHROPIC_API_KEY: KEY,
    OPENAI_API_KEY: KEY,
    DEEPSEEK_API_KEY: KEY,
    ANTHROPIC_BASE_URL: server.url,
    OPENAI_BASE_URL: `${server.url}/v1`,
    DEEPSEEK_BASE_URL: server.url,
  };
  return {
    name,
    model: modelOf(ref, env),
    deps: { env, fetch: globalThis.fetch, now: Date.now },
    push: (...scripts) => server.push(...scripts),
    bodies: () => server.requests.map((request) => request.body),
    isAborted: () => server.requests.some((request) => request.isAborted === true),
  };
}

export function bindingRig(form: "new" | "old"): Rig & { ai: FakeWorkersAi } {
  const ai = new FakeWorkersAi(form);
  return {
    ai,
    name: form === "new" ? "workers-ai" : "workers-ai, older chunks",
    model: modelOf("workers-ai/@cf/zai-org/glm-4.7-flash"),
    deps: { env: {}, fetch: globalThis.fetch, ai, now: Date.now },
    push: (...scripts) => ai.push(...scripts),
    bodies: () => ai.runs.map((run) => run.inputs),
    isAborted: () => ai.runs.some((run) => run.isAborted),
  };
}

export interface Heard {
  deltas: ModelDelta[];
  reply: ModelReply;
}

/** Asks once, to the end. */
export async function hear(rig: Pick<Rig, "model" | "deps">, more: Partial<ModelRequest> = {}): Promise<Heard> {
  const stream = askProvider(requestFor(rig.model, more), rig.deps);
  const deltas: ModelDelta[] = [];
  while (true) {
    const step = await stream.next();
    if (step.done) return { deltas, reply: step.value };
    deltas.push(step.value);
  }
}

export function textOfDeltas(deltas: readonly ModelDelta[]): string {
  return deltas.map((delta) => (delta.type === "text" ? delta.delta : "")).join("");
}

/** The failure of a promise that must fail. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It succeeded although it should have failed.");
}
