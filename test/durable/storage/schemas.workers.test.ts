// Code of an older version over rows of a newer one, in real objects: it refuses with a sentence, and touches nothing.
import { env, reset, runInDurableObject, SELF } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import type { Env } from "../../../src/durable/env.ts";
import { SCHEMAS } from "../../../src/durable/storage/schemas.ts";
import { makeConnect } from "../../support/device.ts";
import { TestSocket } from "../../support/workers/socket.ts";

const bindings = env as unknown as Env;
const TOKEN = bindings.SKERRY_TOKEN ?? "";
const ORIGIN = "http://skerry.test";
afterEach(() => reset());

/** As if a newer version had been here: one step further than this one knows. Then the object starts anew. */
async function age(stub: DurableObjectStub, store: string): Promise<void> {
  await runInDurableObject(stub, (_object, state) => {
    state.storage.sql.exec("UPDATE schema_version SET version = version + 1 WHERE store = ?", store);
  });
  await runInDurableObject(stub, (_object, state) => state.abort("starts anew")).catch(() => undefined);
}

async function openSocket(): Promise<TestSocket> {
  return new TestSocket(await SELF.fetch(`${ORIGIN}/ws`, { headers: { upgrade: "websocket" } }));
}
const connect = (socket: TestSocket) => socket.connect(() => makeConnect({ auth: { token: TOKEN }, scopes: ["operator.admin"] }));

test("the stores of all objects are those that are told", async () => {
  const socket = await openSocket();
  await connect(socket);
  await socket.request("chat.send", { sessionKey: "main", message: "list the files", idempotencyKey: "s-1" });
  await socket.event("chat", (payload) => payload["state"] === "final").catch(() => undefined);
  const stubs = [
    bindings.DIRECTORY.getByName("directory"),
    bindings.GATEWAY.getByName("gateway"),
    bindings.SESSION.getByName("agent:main:main"),
    bindings.WORKSPACE.getByName("main"),
  ];
  const found: Record<string, number> = {};
  for (const stub of stubs) {
    const rows = await runInDurableObject(stub, (_object, state) =>
      state.storage.sql.exec<{ store: string; version: number }>("SELECT * FROM schema_version").toArray(),
    );
    for (const { store, version } of rows) found[store] = version;
  }
  expect(found).toEqual(SCHEMAS);
});

test("a session that is too new answers with what to do", async () => {
  const socket = await openSocket();
  await connect(socket);
  await socket.request("chat.history", { sessionKey: "main" });
  await age(bindings.SESSION.getByName("agent:main:main"), "session");
  expect(await socket.request("chat.history", { sessionKey: "main" })).toMatchObject({
    ok: false,
    error: { details: { code: "STATE_TOO_NEW" }, message: expect.stringMatching(/stored session .*npm run upgrade/) },
  });
});

test("a Directory that is too new lets nobody in, and says why", async () => {
  await age(bindings.DIRECTORY.getByName("directory"), "directory");
  expect(await connect(await openSocket())).toMatchObject({
    ok: false,
    error: { message: expect.stringMatching(/stored directory .*npm run upgrade/) },
  });
});

test("a Gateway that is too new answers every door with what to do", async () => {
  await connect(await openSocket());
  await age(bindings.GATEWAY.getByName("gateway"), "logins");
  const answer = await SELF.fetch(`${ORIGIN}/auth/me`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    error: { code: "STATE_TOO_NEW", message: expect.stringMatching(/stored logins .*npm run upgrade/) },
  });
});
