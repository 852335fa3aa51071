// Keys through the Gateway in real workerd: they come in and never go out, in frames, logs or rows.
import { env, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { DirectoryPort } from "../../../src/contract/ports/directory.ts";
import type { Env } from "../../../src/durable/env.ts";
import { makeConnect } from "../../support/device.ts";
import { TestSocket } from "../../support/workers/socket.ts";

const bindings = env as unknown as Env;
const KEY = "sk-typed-0123456789-wxyz";
let count = 0;

async function login(scopes = ["operator.admin", "operator.read"]) {
  const stub = bindings.GATEWAY.getByName(`keys-test-${++count}`);
  const headers = { upgrade: "websocket", "x-skerry-address": "192.0.2.1" };
  const socket = new TestSocket(await stub.fetch("http://skerry/ws", { headers }));
  await socket.connect(() => makeConnect({ auth: { token: bindings.SKERRY_TOKEN ?? "" }, scopes, caps: [] }));
  return socket;
}

function directory() {
  return bindings.DIRECTORY.getByName("directory");
}

interface Provider {
  provider: string;
  state: string;
  masked?: string;
}

async function stateOf(socket: TestSocket, provider: string): Promise<Provider | undefined> {
  const answer = await socket.request("models.auth.list");
  return answer["payload"].providers.find((row: Provider) => row.provider === provider);
}

test("a key is listed by its end alone, makes the models available, and survives sleep", async () => {
  const socket = await login();
  expect(await stateOf(socket, "mistral")).toMatchObject({ state: "none", variable: "MISTRAL_API_KEY" });
  const given = await socket.request("models.auth.set", { provider: "mistral", key: `  ${KEY}\n`, force: true });
  expect(given).toMatchObject({ ok: true, payload: { saved: true, state: "set", masked: "••••wxyz" } });
  await evictDurableObject(directory());
  expect(await stateOf(socket, "mistral")).toMatchObject({ state: "set", masked: "••••wxyz" });
  const models = (await socket.request("models.list"))["payload"].models as { provider: string; available: boolean }[];
  expect(models.filter((model) => model.provider === "mistral").every((model) => model.available)).toBe(true);
  expect(JSON.stringify(socket.frames)).not.toContain(KEY);
});

test("no row of the Directory and no line of the log holds it", async () => {
  const socket = await login();
  await socket.request("models.auth.set", { provider: "groq", key: KEY, force: true });
  const held = await runInDurableObject(directory(), (_object, state) => {
    const tables = state.storage.sql.exec(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    );
    return tables.toArray().flatMap(({ name }) =>
      state.storage.sql
        .exec(`SELECT * FROM "${String(name)}"`)
        .toArray()
        .flatMap((row) =>
          Object.values(row).map((value) =>
            value instanceof ArrayBuffer ? new TextDecoder("latin1").decode(value) : String(value),
          ),
        ),
    );
  });
  expect(held.length).toBeGreaterThan(3);
  expect(held.join("\n")).not.toContain(KEY);
  const log = await socket.request("logs.tail", { limit: 500 });
  expect(JSON.stringify(log)).not.toContain(KEY);
});

test("a session's brief names the provider and the version, not the key", async () => {
  const socket = await login();
  await socket.request("models.auth.set", { provider: "xai", key: KEY, force: true });
  const brief = await (directory() as unknown as DirectoryPort).brief("agent:main:main");
  expect(brief.keyedProviders).toContain("xai");
  expect(brief.keysVersion).toBeGreaterThan(0);
  expect(JSON.stringify(brief)).not.toContain(KEY);
});

test("a removed key is gone", async () => {
  const socket = await login();
  await socket.request("models.auth.set", { provider: "zai", key: KEY, force: true });
  expect(await socket.request("models.auth.remove", { provider: "zai" })).toMatchObject({ ok: true });
  expect(await stateOf(socket, "zai")).toMatchObject({ state: "none" });
  expect(await socket.request("models.auth.remove", { provider: "zai" })).toMatchObject({ error: { code: "NOT_FOUND" } });
});

test.each([
  [{ provider: "nowhere", key: KEY, force: true }, "There is no provider"],
  [{ provider: "openai", key: "two words here", force: true }, "one word of plain letters"],
  [{ provider: "openai", key: "ключ-ключ-ключ", force: true }, "one word of plain letters"],
  [{ provider: "__proto__", key: KEY, force: true }, "provider's id"],
])("%o is refused with the reason and without the key", async (params, words) => {
  const socket = await login();
  const answer = await socket.request("models.auth.set", params);
  expect(answer).toMatchObject({ ok: false, error: { message: expect.stringContaining(words) } });
  expect(JSON.stringify(answer)).not.toContain(params.key);
});

test("who may only read gets nothing of it", async () => {
  const socket = await login(["operator.read"]);
  for (const method of ["models.auth.list", "models.auth.set", "models.auth.remove", "models.auth.test"]) {
    expect(await socket.request(method, { provider: "openai", key: KEY })).toMatchObject({ error: { code: "FORBIDDEN" } });
  }
});

test("an agent's file has its earlier versions, each to be read", async () => {
  const socket = await login();
  const write = (content: string, expectedVersion?: number) =>
    socket.request("agents.files.set", {
      name: "SOUL.md",
      content,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    });
  await write("first");
  const second = await write("second");
  const { versions } = (await socket.request("agents.files.versions", { name: "SOUL.md" }))["payload"];
  expect(versions[0]).toMatchObject({ version: second["payload"].file.version - 1, size: 5 });
  const old = await socket.request("agents.files.version", { name: "SOUL.md", version: versions[0].version });
  expect(old["payload"].content).toBe("first");
  expect(await write("third", versions[0].version)).toMatchObject({ error: { code: "CONFLICT" } });
});

test("a skill that is switched off says so, and that it is a choice", async () => {
  const socket = await login();
  const { skills } = (await socket.request("skills.status"))["payload"];
  const { skillKey } = skills[0];
  await socket.request("config.patch", { patch: { skills: { entries: { [skillKey]: { enabled: false } } } } });
  const after = (await socket.request("skills.status"))["payload"].skills.find(
    (skill: { skillKey: string }) => skill.skillKey === skillKey,
  );
  expect(after).toMatchObject({ disabled: true, eligible: false });
  await socket.request("config.patch", { patch: { skills: { entries: { [skillKey]: null } } } });
});

test("the model of a session is told with what it reads and how it can think, chosen or not", async () => {
  const socket = await login();
  const sessionKey = `agent:main:own-model-${count}`;
  const own = async () => (await socket.request("chat.metadata", { sessionKey }))["payload"].sessionModel;
  await socket.request("sessions.patch", { key: sessionKey, model: "deepseek/deepseek-chat" });
  expect(await own()).toMatchObject({ ref: "deepseek/deepseek-chat", input: ["text"], thinkingLevels: [{ id: "off" }] });
  await socket.request("sessions.patch", { key: sessionKey, model: "anthropic/claude-opus-4-6" });
  expect(await own()).toMatchObject({ input: ["text", "image", "document"] });
  expect((await own()).thinkingLevels.length).toBeGreaterThan(3);
  const history = await socket.request("chat.history", { sessionKey });
  expect(history["payload"].sessionModel).toMatchObject({ ref: "anthropic/claude-opus-4-6" });
  await socket.request("sessions.patch", { key: sessionKey, model: null });
  expect((await own()).ref).toBe(`${history["payload"].defaults.modelProvider}/${history["payload"].defaults.model}`);
});

test("status names the model that a stored key makes ready, and asks for no key any more", async () => {
  const socket = await login();
  await socket.request("models.auth.set", { provider: "anthropic", key: KEY, force: true });
  const { model } = (await socket.request("status"))["payload"];
  expect(model).toMatchObject({ ref: "anthropic/claude-opus-4-6", why: expect.stringContaining("given in the page") });
  expect(model.advice).toBeUndefined();
  await socket.request("models.auth.remove", { provider: "anthropic" });
});
