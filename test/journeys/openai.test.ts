// The OpenAI door as programs made for OpenAI use it: the official SDK with nothing but another address and key, and
// the habits of generic chat clients, against a started Skerry with a scripted model.
import OpenAI from "openai";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { GatewayClient } from "../../src/client/gateway-client.ts";
import { makeConnect, makeDevice } from "../support/device.ts";
import { directive } from "../support/model-server/script.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { openOperator, textsOf } from "../support/operator.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const user = (content: string) => ({ role: "user" as const, content });

let model: ModelServer;
let skerry: Skerry;
let client: OpenAI;

const start = () =>
  startSkerry({
    env: { ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: model.url, SKERRY_MODEL: "anthropic/claude-opus-4-6" },
  });
const connect = (apiKey: string, url = skerry.url) => new OpenAI({ apiKey, baseURL: `${url}/v1` });

/** As a client without an SDK asks. */
async function ask(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${skerry.url}/v1/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${skerry.token}`, "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: text.startsWith("{") ? JSON.parse(text) : undefined };
}

/** What the model was asked the last time. */
function lastBody() {
  const body = model.requests.at(-1)?.body as {
    system: { text: string }[];
    messages: { role: string; content: unknown[] }[];
    max_tokens: number;
  };
  return { ...body, systemText: body.system.map(({ text }) => text).join("\n"), messagesText: JSON.stringify(body.messages) };
}

async function failure(work: PromiseLike<unknown>) {
  const error = await Promise.resolve(work).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof OpenAI.APIError)) throw new Error(`An APIError was expected, not ${String(error)}.`);
  return error;
}

beforeAll(async () => {
  model = await ModelServer.start();
  skerry = await start();
  client = connect(skerry.token);
});
afterAll(async () => {
  await skerry.stop();
  await model.stop();
});
beforeEach(() => model.reset());

describe("chat completions by the official SDK", () => {
  test("answer with text, usage and the model's name", async () => {
    model.push({ say: "Hello from the sea.", usage: { input: 30, cacheRead: 12, output: 5 } });
    const completion = await client.chat.completions.create({ model: "skerry", messages: [user("hello")] });
    expect(completion).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: "chat.completion",
      model: "skerry",
      choices: [{ index: 0, message: { role: "assistant", content: "Hello from the sea." }, finish_reason: "stop" }],
      usage: { prompt_tokens: 42, completion_tokens: 5, total_tokens: 47, prompt_tokens_details: { cached_tokens: 12 } },
    });
  });

  test("stream word by word as the model says them", async () => {
    model.push({ say: 20, rate: 40 });
    const arrivals: number[] = [];
    const chunks = [];
    for await (const chunk of await client.chat.completions.create({
      model: "skerry/main",
      messages: [user("count")],
      stream: true,
    })) {
      chunks.push(chunk);
      arrivals.push(performance.now());
    }
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(
      Array.from({ length: 20 }, (_, at) => `w${at}`).join(" "),
    );
    expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
    expect(chunks.every((chunk) => !("usage" in chunk))).toBe(true);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(250);
  });

  test("end a stream with the usage when it is wanted, and with [DONE]", async () => {
    model.push({ say: "yes", usage: { input: 9, output: 2 } });
    const body = { model: "skerry", messages: [user("?")], stream: true, stream_options: { include_usage: true } };
    const { text, headers } = await ask("chat/completions", body);
    expect(headers.get("content-type")).toContain("text/event-stream");
    const lines = text.trim().split("\n\n");
    expect(lines.at(-1)).toBe("data: [DONE]");
    const chunks = lines.slice(0, -1).map((line) => JSON.parse(line.slice(6)));
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 } });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  });

  test("work through the SDK's own stream helper", async () => {
    model.push({ say: "put together" });
    const stream = client.chat.completions.stream({
      model: "skerry",
      messages: [user("go")],
      stream_options: { include_usage: true },
    });
    expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe("put together");
    expect((await stream.totalUsage()).total_tokens).toBeGreaterThan(0);
  });

  test("use the agent's own tools on the way and part the steps by a blank line", async () => {
    model.push({ before: "Let me look.", tool: "ls", args: {} }, { say: "Done looking." });
    const stream = await client.chat.completions.create({ model: "skerry", messages: [user("look")], stream: true });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Let me look.\n\nDone looking.");
  });

  test("say finish_reason length when the model's cap cut the answer, and hand the cap to the model", async () => {
    model.push({ say: "cut here", stop: "length" });
    const { choices } = await client.chat.completions.create({
      model: "skerry",
      messages: [user("long")],
      max_completion_tokens: 77,
    });
    expect(choices[0]).toMatchObject({ finish_reason: "length", message: { content: "cut here" } });
    expect(lastBody().max_tokens).toBe(77);
  });

  test("ask for JSON in words when a schema is given, so that parse works", async () => {
    model.push({ say: '{"name":"Petrel"}' });
    const json_schema = {
      name: "boat",
      strict: true,
      schema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
    };
    const parsed = await client.chat.completions.parse({
      model: "skerry",
      messages: [user("boat?")],
      response_format: { type: "json_schema", json_schema },
    });
    expect(parsed.choices[0]?.message.parsed).toEqual({ name: "Petrel" });
    expect(lastBody().systemText).toContain('"required":["name"]');
  });

  test("serve two at a time, each with its own answer", async () => {
    const both = ["one", "two"].map((word) =>
      client.chat.completions.create({ model: "skerry", messages: [user(directive({ say: `answer ${word}`, delayMs: 150 }))] }),
    );
    const texts = (await Promise.all(both)).map(({ choices }) => choices[0]?.message.content);
    expect(texts).toEqual(["answer one", "answer two"]);
  });

  test("take back nothing when the model breaks off and begins again", async () => {
    model.push({ say: "one two three four five", fault: "drop", at: 3, id: "again" }, { say: "one two three four five" });
    const stream = await client.chat.completions.create({ model: "skerry", messages: [user("go")], stream: true });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("one two three four five");
  });

  test("stop the turn when the client of a one-off request hangs up", async () => {
    model.push({ say: 400, rate: 40 });
    const stream = await client.chat.completions.create({ model: "skerry", messages: [user("talk on")], stream: true });
    for await (const chunk of stream) if ((chunk.choices[0]?.delta.content ?? "").includes("w3")) break;
    await expect.poll(() => model.requests[0]?.isAborted, { timeout: 5000 }).toBe(true);
  });

  test("stop the turn also when the client hangs up while the model is silent", async () => {
    model.push({ fault: "silence", at: 0 });
    const leaving = new AbortController();
    const request = { model: "skerry", messages: [user("well?")], stream: true as const };
    const reading = failure(
      client.chat.completions.create(request, { signal: leaving.signal }).then(async (stream) => {
        for await (const _chunk of stream);
      }),
    );
    await model.waitForRequests(1);
    leaving.abort();
    await reading.catch(() => undefined);
    await expect.poll(() => model.requests[0]?.isAborted, { timeout: 15_000 }).toBe(true);
  });
});

describe("what stands before the last message", () => {
  test("is given to the model as the client sent it: system, developer, earlier turns", async () => {
    const messages = [
      { role: "system" as const, content: "Speak like a sailor." },
      { role: "developer" as const, content: [{ type: "text" as const, text: "Be brief." }] },
      user("My boat is called Petrel."),
      { role: "assistant" as const, content: "A fine name." },
      {
        role: "user" as const,
        content: [
          { type: "text" as const, text: "What is" },
          { type: "text" as const, text: "its name?" },
        ],
      },
    ];
    await client.chat.completions.create({ model: "skerry", messages });
    const { systemText, messages: sent, messagesText } = lastBody();
    expect(systemText).toContain("Speak like a sailor.\n\nBe brief.");
    expect(sent.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(messagesText).toContain("My boat is called Petrel.");
    expect(messagesText).toContain("its name?");
  });

  test("may begin with the assistant's greeting", async () => {
    const messages = [{ role: "assistant" as const, content: "Ahoy!" }, user("hello")];
    const { choices } = await client.chat.completions.create({ model: "skerry", messages });
    expect(choices[0]?.message.content).toContain("w0");
    expect(lastBody().messagesText).toContain("Ahoy!");
  });
});

describe("pictures", () => {
  test("come as data: URLs and reach the model", async () => {
    const picture = { type: "image_url" as const, image_url: { url: `data:image/png;base64,${PNG}` } };
    await client.chat.completions.create({
      model: "skerry",
      messages: [{ role: "user", content: [{ type: "text", text: "what is it?" }, picture] }],
    });
    expect(lastBody().messagesText).toContain(PNG);
    expect(lastBody().messagesText).toContain("image/png");
  });

  test("from the web are refused with what to do instead", async () => {
    const picture = { type: "image_url" as const, image_url: { url: "https://example.com/a.png" } };
    const error = await failure(
      client.chat.completions.create({ model: "skerry", messages: [{ role: "user", content: [picture] }] }),
    );
    expect(error).toMatchObject({ status: 400, param: "messages[0].content[0].image_url" });
    expect(error.message).toContain("data: URL");
    expect(model.requests).toHaveLength(0);
  });

  test("that are none are refused", async () => {
    const picture = { type: "image_url" as const, image_url: { url: `data:image/png;base64,${btoa("just words")}` } };
    const error = await failure(
      client.chat.completions.create({ model: "skerry", messages: [{ role: "user", content: [picture] }] }),
    );
    expect(error).toMatchObject({ status: 400, code: "invalid_image_format" });
  });

  test("come by the responses API too", async () => {
    const picture = { type: "input_image" as const, detail: "auto" as const, image_url: `data:image/png;base64,${PNG}` };
    await client.responses.create({
      model: "skerry",
      input: [{ role: "user", content: [{ type: "input_text", text: "see" }, picture] }],
    });
    expect(lastBody().messagesText).toContain(PNG);
  });
});

describe("a session", () => {
  test("named by the field user remembers, and only the last message is sent to it", async () => {
    const talk = (messages: ReturnType<typeof user>[]) =>
      client.chat.completions.create({ model: "skerry", messages, user: "Ann" });
    await talk([user("first")]);
    await talk([user("not the first"), user("second")]);
    const { messagesText } = lastBody();
    expect(messagesText).toContain('"first"');
    expect(messagesText).toContain('"second"');
    expect(messagesText).not.toContain("not the first");
  });

  test("named by the header is the one that screens see", async () => {
    model.push({ say: "heard" });
    const { data, response } = await client.chat.completions
      .create({ model: "skerry", messages: [user("from a program")] }, { headers: { "x-session-key": "agent:main:shared" } })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe("heard");
    expect(response.headers.get("x-session-key")).toBe("agent:main:shared");
    const operator = await openOperator(skerry);
    const { messages } = await operator.history("agent:main:shared");
    operator.close();
    expect([textsOf(messages, "user"), textsOf(messages, "assistant")]).toEqual([["from a program"], ["heard"]]);
  });

  test("named by nothing is kept apart from the talks, found among those of programs, and can be gone on with", async () => {
    model.push({ say: "once" }, { say: "twice" });
    const asked = { model: "skerry", messages: [user("a lonely question")] };
    const { response } = await client.chat.completions.create(asked).withResponse();
    const key = response.headers.get("x-session-key") ?? "";
    const operator = await openOperator(skerry);
    const list = async (params: { programs?: boolean; search?: string }) =>
      operator.client.request<{ sessions: { key: string; isBackground: boolean }[]; totalCount: number; programCount: number }>(
        "sessions.list",
        params,
      );
    const [talks, programs] = [await list({}), await list({ programs: true, search: "lonely" })];
    expect(talks.sessions.map((row) => row.key)).not.toContain(key);
    expect(talks.totalCount).toBe(talks.sessions.length);
    expect(programs).toMatchObject({ totalCount: 1, sessions: [{ key, isBackground: true }] });
    expect(talks.programCount).toBeGreaterThanOrEqual(1);
    await client.chat.completions.create(asked, { headers: { "x-session-key": key } });
    expect(textsOf((await operator.history(key)).messages, "assistant")).toEqual(["once", "twice"]);
    operator.close();
  });

  test("answers two requests at once one after the other, each with its own answer", async () => {
    const both = ["a", "b"].map((word) =>
      client.chat.completions.create({
        model: "skerry",
        user: "busy",
        messages: [user(directive({ say: `for ${word}`, delayMs: 100 }))],
      }),
    );
    const texts = (await Promise.all(both)).map(({ choices }) => choices[0]?.message.content);
    expect(texts).toEqual(["for a", "for b"]);
  });

  test("goes on when its client hangs up, and keeps the answer", async () => {
    model.push({ say: 40, rate: 40 });
    const request = { model: "skerry", user: "leaver", messages: [user("talk")], stream: true as const };
    for await (const _chunk of await client.chat.completions.create(request)) break;
    const operator = await openOperator(skerry);
    const messages = await operator.ended("agent:main:openai:leaver", "any");
    operator.close();
    expect(textsOf(messages, "assistant")[0]).toContain("w39");
    expect(model.requests[0]?.isAborted).toBeUndefined();
  });

  test("of another agent than the model's is refused", async () => {
    const request = { model: "skerry/main", messages: [user("hi")] };
    const error = await failure(client.chat.completions.create(request, { headers: { "x-session-key": "agent:other:main" } }));
    expect(error).toMatchObject({ status: 400, param: "x-session-key" });
  });

  test("answers a slash command", async () => {
    const { choices } = await client.chat.completions.create({ model: "skerry", user: "cmd", messages: [user("/whoami")] });
    expect(choices[0]?.message.content).toContain("agent:main:openai:cmd");
    expect(model.requests).toHaveLength(0);
  });

  test("does not answer the same Idempotency-Key twice", async () => {
    const once = () =>
      client.chat.completions.create(
        { model: "skerry", messages: [user("only once")] },
        { headers: { "idempotency-key": "key-77" } },
      );
    const [first, second] = [await once(), await once()];
    expect(second.choices[0]?.message.content).toBe(first.choices[0]?.message.content);
    expect(model.requests).toHaveLength(1);
  });

  test("waits for whoever hung up and comes back with the same Idempotency-Key", async () => {
    model.push({ say: 40, rate: 40 });
    const request = { model: "skerry", messages: [user("talk")] };
    const options = { headers: { "idempotency-key": "key-78" } };
    for await (const _chunk of await client.chat.completions.create({ ...request, stream: true }, options)) break;
    const { choices } = await client.chat.completions.create(request, options);
    expect(choices[0]?.message.content).toContain("w39");
    expect(model.requests).toHaveLength(1);
  });

  test("may have a name of any letters, and the answer says which it was", async () => {
    const request = { model: "skerry", messages: [user("grüezi")] };
    const { response } = await client.chat.completions.create({ ...request, user: "Zoë" }).withResponse();
    const name = response.headers.get("x-session-key") ?? "";
    expect(decodeURI(name)).toBe("agent:main:openai:zoë");
    await client.chat.completions.create(request, { headers: { "x-session-key": name } });
    expect(lastBody().messages).toHaveLength(3);
  });
});

describe("responses by the official SDK", () => {
  test("answer with output_text, usage and what was asked", async () => {
    model.push({ say: "A response.", usage: { input: 20, output: 4 } });
    const response = await client.responses.create({
      model: "skerry",
      input: "hello",
      instructions: "Be kind.",
      metadata: { a: "b" },
    });
    expect(response).toMatchObject({
      id: expect.stringMatching(/^resp_/),
      object: "response",
      status: "completed",
      output_text: "A response.",
      instructions: "Be kind.",
      metadata: { a: "b" },
      usage: { input_tokens: 20, output_tokens: 4, total_tokens: 24 },
    });
    expect(lastBody().systemText).toContain("Be kind.");
  });

  test("stream the official sequence of events", async () => {
    model.push({ say: "one two three" });
    const events: ResponseStreamEvent[] = [];
    for await (const event of await client.responses.create({ model: "skerry", input: "go", stream: true })) events.push(event);
    const types = events.map(({ type }) => type);
    expect(types.filter((type, at) => type !== types[at - 1])).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_event, at) => at));
    const deltas = events.flatMap((event) => (event.type === "response.output_text.delta" ? [event.delta] : []));
    expect(deltas.join("")).toBe("one two three");
    expect(deltas.length).toBeGreaterThan(1);
  });

  test("work through the SDK's own stream helper", async () => {
    model.push({ say: "put together" });
    const final = await client.responses.stream({ model: "skerry", input: "go" }).finalResponse();
    expect(final.output_text).toBe("put together");
  });

  test("go on from previous_response_id in the same session; instructions are not carried over", async () => {
    const first = await client.responses.create({ model: "skerry", input: "I am Ann.", instructions: "Only this once." });
    await client.responses.create({ model: "skerry", input: "Who am I?", previous_response_id: first.id });
    const { messages, messagesText, systemText } = lastBody();
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(messagesText).toContain("I am Ann.");
    expect(systemText).not.toContain("Only this once.");
  });

  test("refuse a previous_response_id that is not known", async () => {
    const error = await failure(client.responses.create({ model: "skerry", input: "x", previous_response_id: "resp_nonsense" }));
    expect(error).toMatchObject({ status: 400, code: "previous_response_not_found", param: "previous_response_id" });
  });

  test("are incomplete when the cap cut them", async () => {
    model.push({ say: "cut", stop: "length" });
    const response = await client.responses.create({ model: "skerry", input: "long", max_output_tokens: 50 });
    expect(response).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
  });

  test("take a whole talk as input", async () => {
    const input = [
      { role: "system" as const, content: "Short." },
      { role: "user" as const, content: "red" },
      { role: "assistant" as const, content: "blue" },
      { role: "user" as const, content: "green" },
    ];
    await client.responses.create({ model: "skerry", input });
    expect(lastBody().messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(lastBody().systemText).toContain("Short.");
  });
});

describe("models", () => {
  test("are the agents", async () => {
    const ids = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toEqual(["skerry", "skerry/main"]);
    expect(await client.models.retrieve("skerry/main")).toMatchObject({ id: "skerry/main", object: "model", owned_by: "skerry" });
  });

  test("that are not there are said so", async () => {
    const error = await failure(client.chat.completions.create({ model: "gpt-5", messages: [user("hi")] }));
    expect(error).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
    expect(error.message).toContain("skerry/main");
    expect(await failure(client.models.retrieve("skerry/nobody"))).toMatchObject({ status: 404, code: "model_not_found" });
  });
});

describe("a request that cannot be served", () => {
  const plain = { model: "skerry", messages: [user("hi")] };

  test.each([
    ["two answers", { ...plain, n: 2 }, "n", "unsupported_parameter"],
    [
      "tools of the client",
      { ...plain, tools: [{ type: "function", function: { name: "f" } }] },
      "tools",
      "unsupported_parameter",
    ],
    [
      "results of tools",
      { ...plain, messages: [user("x"), { role: "tool", tool_call_id: "1", content: "y" }] },
      "messages[1]",
      "unsupported_parameter",
    ],
    ["no model", { messages: plain.messages }, "model", "missing_required_parameter"],
    ["no messages", { model: "skerry" }, "messages", "missing_required_parameter"],
    ["messages of the wrong kind", { ...plain, messages: "hi" }, "messages", "invalid_type"],
    ["an unknown role", { ...plain, messages: [{ role: "pirate", content: "arr" }] }, "messages[0].role", "invalid_value"],
    [
      "no word of the user at the end",
      { ...plain, messages: [user("x"), { role: "assistant", content: "y" }] },
      "messages",
      "invalid_value",
    ],
    [
      "sound",
      { ...plain, messages: [{ role: "user", content: [{ type: "input_audio", input_audio: {} }] }] },
      "messages[0].content[0]",
      "unsupported_parameter",
    ],
  ])("for %s is told which field is wrong", async (_what, body, param, code) => {
    const { status, json } = await ask("chat/completions", body);
    expect([status, json.error]).toEqual([400, { message: expect.any(String), type: "invalid_request_error", param, code }]);
    expect(model.requests).toHaveLength(0);
  });

  test.each(["{oops", "[]", '"text"', ""])("because %j is no JSON object is told so", async (body) => {
    const { status, json } = await ask("chat/completions", body);
    expect([status, json.error.code]).toEqual([400, "invalid_json"]);
  });

  test("because it is larger than 20 MB answers 413, announced or not", async () => {
    const body = JSON.stringify({ ...plain, filler: "x".repeat(20 * 1024 * 1024) });
    expect(await ask("chat/completions", body)).toMatchObject({ status: 413, json: { error: { code: "request_too_large" } } });
    const chunked = await fetch(`${skerry.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${skerry.token}` },
      body: new Blob([body]).stream(),
      duplex: "half",
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  test("because the model failed carries the right status and is not tried again by the SDK", async () => {
    model.push({ fault: 429, retryAfter: 600, message: "slow down" });
    const limited = await failure(client.chat.completions.create(plain));
    expect(limited).toMatchObject({ status: 429, code: "rate_limit_exceeded" });
    expect(limited.message).toContain("rate limit");
    model.push({ fault: 401 });
    expect(await failure(client.chat.completions.create({ ...plain, stream: true }))).toMatchObject({
      status: 500,
      code: "model_auth",
    });
    model.push({ fault: "overflow", maxChars: 1 }, { fault: "overflow", maxChars: 1 }, { fault: "overflow", maxChars: 1 });
    expect(await failure(client.responses.create({ model: "skerry", input: "x" }))).toMatchObject({
      status: 400,
      code: "context_length_exceeded",
    });
  });

  test("in the middle of a stream ends it with an error", async () => {
    const broken = { say: 60, rate: 100, fault: "401" as const, id: "mid" };
    model.push({ before: "Wait.", tool: "ls", args: {} }, broken);
    const stream = await client.chat.completions.create({ ...plain, stream: true });
    const read = async () => {
      let text = "";
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
      return text;
    };
    const error = await failure(read());
    expect(error.message).toContain("key");
    model.push({ before: "Wait.", tool: "ls", args: {} }, { ...broken, id: "mid-2" });
    const types: string[] = [];
    for await (const event of await client.responses.create({ model: "skerry", input: "x", stream: true }))
      types.push(event.type);
    expect(types.at(-1)).toBe("response.failed");
  });
});

describe("generic clients", () => {
  test("may send fields that nobody knows, and ranges that nobody checks", async () => {
    const { status, json } = await ask("chat/completions", {
      model: "skerry",
      messages: [{ role: "user", content: "hi", name: "ann", extra: 1 }],
      temperature: 0.7,
      top_p: 1,
      frequency_penalty: 0,
      presence_penalty: 0,
      logit_bias: {},
      seed: 1,
      n: 1,
      stop: null,
      max_tokens: 4096,
      tools: [],
      tool_choice: "auto",
      stream: false,
      chat_id: "abc",
      metadata: { anything: true },
      options: { num_ctx: 2048 },
    });
    expect([status, json.choices[0].message.content]).toEqual([200, expect.stringContaining("w0")]);
  });

  test("get the text up to a stop word, plain and streaming, also when it is cut between chunks", async () => {
    const request = { model: "skerry", messages: [user("go")], stop: ["ne END", "never"] };
    model.push({ say: "one two fine END and more" }, { say: "one two fine END and more", rate: 60 });
    const plain = await client.chat.completions.create(request);
    expect(plain.choices[0]).toMatchObject({ message: { content: "one two fi" }, finish_reason: "stop" });
    let text = "";
    for await (const chunk of await client.chat.completions.create({ ...request, stream: true }))
      text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("one two fi");
  });

  test("get no CORS headers, and a page of another site is refused", async () => {
    const headers = { origin: "https://evil.example" };
    const { status, headers: answered } = await ask("chat/completions", { model: "skerry", messages: [user("hi")] }, headers);
    expect([status, answered.get("access-control-allow-origin")]).toEqual([403, null]);
  });
});

describe("the key", () => {
  test("may be a paired device's token, until it is revoked", async () => {
    const device = await makeDevice();
    const params = makeConnect({ auth: { token: skerry.token }, scopes: ["operator.write"] });
    const paired = new GatewayClient({
      url: `${skerry.url.replace("http", "ws")}/ws`,
      client: params.client,
      auth: { token: skerry.token },
      scopes: ["operator.write"],
      device: async (nonce) => {
        const { device: signed } = await device.sign(params, nonce);
        if (!signed) throw new Error("A signed device is expected.");
        return signed;
      },
    });
    const { auth } = await paired.connect();
    paired.close();
    const byDevice = connect(auth?.deviceToken ?? "none");
    model.push({ say: "for a device" });
    const { choices } = await byDevice.chat.completions.create({ model: "skerry", messages: [user("hi")] });
    expect(choices[0]?.message.content).toBe("for a device");
    const operator = await openOperator(skerry);
    await operator.client.request("device.token.revoke", { deviceId: device.id, role: "operator" });
    operator.close();
    expect(await failure(byDevice.models.list())).toMatchObject({ status: 401, code: "invalid_api_key" });
  });
});

describe("the lock", () => {
  test("a cookie alone is no key; ten wrong keys lock the door for a while", async () => {
    const own = await start();
    try {
      const login = await fetch(`${own.url}/auth/login`, {
        method: "POST",
        headers: { origin: own.url, "content-type": "application/json" },
        body: JSON.stringify({ token: own.token }),
      });
      const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
      const page = { cookie, origin: own.url, "sec-fetch-site": "same-origin" };
      expect((await fetch(`${own.url}/auth/me`, { headers: page })).status).toBe(200);
      const byCookie = await fetch(`${own.url}/v1/models`, { headers: page });
      expect([byCookie.status, await byCookie.json()]).toMatchObject([
        401,
        { error: { code: "invalid_api_key", type: "invalid_request_error" } },
      ]);

      for (let guess = 1; guess < 10; guess += 1) {
        expect(await failure(connect(`wrong-${guess}`, own.url).models.list())).toMatchObject({
          status: 401,
          code: "invalid_api_key",
        });
      }
      const tenth = await failure(connect("wrong-10", own.url).models.list());
      expect(tenth).toMatchObject({ status: 429, code: "rate_limit_exceeded" });
      expect(Number(tenth.headers?.get("retry-after"))).toBeGreaterThan(200);
      expect(await failure(connect(own.token, own.url).models.list())).toMatchObject({ status: 429 });
    } finally {
      await own.stop();
    }
  });
});
