// The Gateway object in real workerd: handshake, bad input, scopes, pairing, limits, sleep.
import { env, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { MAX_BUFFERED_BYTES } from "../../../src/contract/gateway.ts";
import type { LiveDetail, LiveParcel } from "../../../src/contract/live.ts";
import type { DoorPort, GatewayPort } from "../../../src/contract/ports/gateway.ts";
import type { Env } from "../../../src/durable/env.ts";
import { makeConnect, makeDevice } from "../../support/device.ts";
import { TestSocket } from "../../support/workers/socket.ts";

const bindings = env as unknown as Env;
const TOKEN = bindings.SKERRY_TOKEN ?? "";
const ADMIN = ["operator.admin"];
let count = 0;

/** A Gateway of its own for each test. */
function openGateway() {
  const stub = bindings.GATEWAY.getByName(`gateway-test-${++count}`);
  const gateway = stub as unknown as GatewayPort & DoorPort;
  const open = async (address = "192.0.2.1") => {
    const headers = { upgrade: "websocket", "x-skerry-address": address };
    return new TestSocket(await stub.fetch("http://skerry/ws", { headers }));
  };
  const login = async (scopes = ADMIN, caps: string[] = []) => {
    const socket = await open();
    const hello = await socket.connect(() => makeConnect({ auth: { token: TOKEN }, scopes, caps }));
    expect(hello).toMatchObject({ ok: true });
    return socket;
  };
  return { stub, gateway, open, login };
}

function parcel(...details: LiveDetail[]): LiveParcel {
  const events = details.map((detail, index) => ({ ...detail, runId: "run-1", seq: index + 1, at: Date.now() }));
  return { sessionKey: "agent:main:main", agentId: "main", events };
}

// ── Handshake ──

test("hello-ok says protocol, methods, snapshot, authority and limits", async () => {
  const { open } = openGateway();
  const socket = await open();
  const hello = await socket.connect(() => makeConnect({ auth: { token: TOKEN }, scopes: ["operator.read"] }));
  expect(hello["payload"]).toMatchObject({
    type: "hello-ok",
    protocol: 4,
    server: { connId: expect.stringMatching(/^conn_/) },
    features: { methods: expect.arrayContaining(["chat.send", "health"]), events: expect.arrayContaining(["chat", "tick"]) },
    snapshot: { presence: expect.any(Array), health: { ok: true }, sessionDefaults: { mainSessionKey: "agent:main:main" } },
    auth: { role: "operator", scopes: ["operator.read"] },
    policy: { maxPayload: 26214400, tickIntervalMs: 30000, attachments: { maxBytes: 20971520 } },
  });
});

test.each([
  ["text that is no JSON", "hello", 1000],
  ["more than 64 KiB", `{"x":"${"y".repeat(70_000)}"}`, 1009],
  ["JSON that is no frame", `{"a":1}`, 1008],
  ["a frame of unknown type", `{"type":"shout","id":"1"}`, 1008],
])("before connect, %s closes the socket", async (_what, text, code) => {
  const socket = await openGateway().open();
  socket.sendText(text);
  expect(await socket.closing()).toMatchObject({ code });
});

test("before connect, another request is refused and the socket closed", async () => {
  const socket = await openGateway().open();
  socket.send({ type: "req", id: "1", method: "health" });
  const message = "invalid handshake: first request must be connect";
  expect(await socket.response("1")).toMatchObject({ ok: false, error: { code: "INVALID_REQUEST", message } });
  expect(await socket.closing()).toEqual({ code: 1008, reason: message });
});

test("a client of another protocol is told which one is spoken", async () => {
  const socket = await openGateway().open();
  const answer = await socket.connect(() => makeConnect({ minProtocol: 1, maxProtocol: 2, auth: { token: TOKEN } }));
  expect(answer).toMatchObject({ error: { details: { code: "PROTOCOL_MISMATCH", expectedProtocol: 4 } } });
  expect(await socket.closing()).toMatchObject({ code: 1002 });
});

test("connect parameters that do not fit are refused with path and reason", async () => {
  const socket = await openGateway().open();
  await socket.event("connect.challenge");
  socket.send({ type: "req", id: "hello", method: "connect", params: { minProtocol: 4, maxProtocol: 4 } });
  expect((await socket.response("hello"))["error"].message).toMatch(/^invalid connect params: at \/client: /);
  expect(await socket.closing()).toMatchObject({ code: 1008 });
});

test("a wrong token is refused, and the tenth locks the address for five minutes", async () => {
  const { open } = openGateway();
  const guess = async (token: string, address: string) => {
    const socket = await open(address);
    const answer = await socket.connect(() => makeConnect({ auth: { token } }));
    return answer["ok"] ? "in" : answer["error"].details.code;
  };
  for (let tried = 1; tried <= 9; tried += 1) expect(await guess("wrong", "198.51.100.7")).toBe("AUTH_TOKEN_MISMATCH");
  expect(await guess("wrong", "198.51.100.7")).toBe("AUTH_RATE_LIMITED");
  expect(await guess(TOKEN, "198.51.100.7")).toBe("AUTH_RATE_LIMITED");
  expect(await guess(TOKEN, "198.51.100.8")).toBe("in");
});

test("whoever says nothing for fifteen seconds is closed by the alarm", async () => {
  const { stub, open } = openGateway();
  const socket = await open();
  await socket.event("connect.challenge");
  await runInDurableObject(stub, (_instance, state) => {
    for (const ws of state.getWebSockets())
      ws.serializeAttachment({ ...ws.deserializeAttachment(), openedAt: Date.now() - 16_000 });
  });
  await evictDurableObject(stub, { webSockets: "hibernate" });
  await runDurableObjectAlarm(stub);
  expect(await socket.closing()).toMatchObject({ code: 1008, reason: expect.stringContaining("handshake timeout") });
});

// ── Requests ──

test("an unknown method answers an error and the socket stays open", async () => {
  const socket = await openGateway().login();
  const error = { code: "INVALID_REQUEST", message: "unknown method: no.such" };
  expect(await socket.request("no.such")).toMatchObject({ ok: false, error });
  expect(await socket.request("system-presence")).toMatchObject({ ok: true });
});

test("after hello, what is no JSON is passed over, and a frame of unknown type is refused", async () => {
  const socket = await openGateway().login();
  socket.sendText("{{{");
  socket.send({ type: "shout", id: "s1" });
  expect(await socket.response("s1")).toMatchObject({ ok: false, error: { code: "INVALID_REQUEST" } });
  expect(await socket.request("system-presence")).toMatchObject({ ok: true });
});

test("parameters that do not fit are refused with path and reason", async () => {
  const socket = await openGateway().login();
  const answer = await socket.request("chat.history", { sessionKey: "main", limit: 5000 });
  expect(answer).toMatchObject({ error: { code: "INVALID_REQUEST", details: { issues: [{ path: "limit" }] } } });
  expect(answer["error"].message).toMatch(/^invalid chat\.history params: at \/limit: /);
});

test("a missing scope is named", async () => {
  const socket = await openGateway().login(["operator.read"]);
  expect(await socket.request("chat.send", { sessionKey: "main", message: "hi", idempotencyKey: "k" })).toMatchObject({
    error: {
      code: "FORBIDDEN",
      details: { code: "MISSING_SCOPE", missingScope: "operator.write", requiredScopes: ["operator.write"] },
    },
  });
  expect(await socket.request("config.set", { raw: "{}" })).toMatchObject({
    error: { details: { missingScope: "operator.admin" } },
  });
  expect(await socket.request("device.pair.list")).toMatchObject({ error: { details: { missingScope: "operator.pairing" } } });
});

test("a request id that still waits for its answer is refused a second time", async () => {
  const socket = await openGateway().login();
  socket.send({ type: "req", id: "same", method: "status" });
  socket.send({ type: "req", id: "same", method: "status" });
  const answers = [await socket.response("same", 0), await socket.response("same", 1)];
  const refused = answers.find((answer) => !answer["ok"]);
  expect(refused).toMatchObject({ error: { code: "INVALID_REQUEST", message: expect.stringContaining("is in use") } });
  expect(answers.find((answer) => answer["ok"])).toMatchObject({ payload: { sessions: { count: 0 } } });
});

test("a session key that can name none is refused", async () => {
  const socket = await openGateway().login();
  expect(await socket.request("chat.history", { sessionKey: "agent:Bad Agent!:x" })).toMatchObject({
    error: { code: "INVALID_REQUEST", message: expect.stringContaining("session key") },
  });
});

// ── Devices ──

test("an unknown device asks, an operator approves, and it gets in without a token until it is revoked", async () => {
  const { open, login } = openGateway();
  const operator = await login();
  const device = await makeDevice();
  const knock = async () => {
    const socket = await open("203.0.113.5");
    return { socket, answer: await socket.connect((nonce) => device.sign(makeConnect(), nonce)) };
  };
  const first = await knock();
  expect(first.answer).toMatchObject({ error: { code: "NOT_PAIRED", details: { code: "PAIRING_REQUIRED" } } });
  expect(await first.socket.closing()).toMatchObject({ code: 1008 });
  const requestId = first.answer["error"].details.requestId;
  await operator.event(
    "device.pair.requested",
    (payload) => payload["requestId"] === requestId && payload["deviceId"] === device.id,
  );

  expect(await operator.request("device.pair.approve", { requestId })).toMatchObject({ ok: true });
  const second = await knock();
  expect(second.answer).toMatchObject({ ok: true, payload: { auth: { deviceToken: expect.any(String) } } });
  expect(await operator.request("device.pair.list")).toMatchObject({
    payload: { pending: [], paired: [{ deviceId: device.id }] },
  });

  expect(await operator.request("device.token.revoke", { deviceId: device.id })).toMatchObject({ ok: true });
  expect(await second.socket.closing()).toMatchObject({ code: 4001 });
  const third = await knock();
  expect(third.answer).toMatchObject({ error: { details: { code: "PAIRING_REQUIRED" } } });
});

test("a device may not manage another one", async () => {
  const { open } = openGateway();
  const [device, other] = await Promise.all([makeDevice(), makeDevice()]);
  const scopes = ["operator.read", "operator.pairing"];
  for (const one of [device, other]) {
    const socket = await open();
    await socket.connect((nonce) => one.sign(makeConnect({ auth: { token: TOKEN }, scopes }), nonce));
  }
  const socket = await open();
  await socket.connect((nonce) => device.sign(makeConnect({ scopes }), nonce));
  expect(await socket.request("device.token.revoke", { deviceId: other.id })).toMatchObject({ error: { code: "FORBIDDEN" } });
  expect(await socket.request("device.token.rotate", { deviceId: device.id })).toMatchObject({
    payload: { token: expect.any(String) },
  });
});

// ── Live events ──

test("events are numbered without a gap, also over a sleep, and the socket stays", async () => {
  const { stub, gateway, login } = openGateway();
  const socket = await login();
  await gateway.publish(parcel({ type: "turn-started", startedAt: 1 }));
  await socket.event("agent");
  await evictDurableObject(stub, { webSockets: "hibernate" });
  await gateway.publish(parcel({ type: "model", model: "demo/demo" }, { type: "status", phase: "asking" }));
  await socket.event("chat", (payload) => payload["state"] === "status");
  const numbers = socket.frames.filter((frame) => frame["seq"] !== undefined).map((frame) => frame["seq"]);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect(await socket.request("system-presence")).toMatchObject({ ok: true, payload: [{ clientId: "test" }] });
});

test("only clients that join deltas themselves get them without the whole text", async () => {
  const { gateway, login } = openGateway();
  const [short, whole] = [await login(ADMIN, ["delta-text"]), await login(ADMIN)];
  await gateway.publish(parcel({ type: "text", step: 0, offset: 0, delta: "Hel" }));
  await gateway.publish(parcel({ type: "text", step: 0, offset: 3, delta: "lo" }, { type: "status", phase: "waiting" }));
  const isLast = (payload: Record<string, unknown>) => payload["deltaText"] === "lo";
  expect((await short.event("chat", isLast))["payload"]).not.toHaveProperty("message");
  expect((await whole.event("chat", isLast))["payload"].message.content[0].text).toBe("Hello");
  expect(short.frames.filter((frame) => frame["payload"]?.stream === "assistant")).toEqual([]);
});

test("who may not read hears nothing of it", async () => {
  const { gateway, login } = openGateway();
  const [reader, pairer] = [await login(["operator.read"]), await login(["operator.pairing"])];
  await gateway.publish(parcel({ type: "turn-started", startedAt: 1 }));
  await reader.event("agent");
  await gateway.announceShutdown("test over");
  await pairer.event("shutdown");
  expect(pairer.frames.some((frame) => frame["event"] === "agent")).toBe(false);
  expect(await pairer.closing()).toMatchObject({ code: 1012 });
});

test("a screen that shows no life while too much is on its way is dropped, and the next one is served", async () => {
  const { gateway, login } = openGateway();
  const stuck = await login(ADMIN, ["delta-text"]);
  const size = 1024 * 1024;
  for (let sent = 0; sent <= MAX_BUFFERED_BYTES; sent += size) {
    await gateway.publish(
      parcel({ type: "text", step: 0, offset: sent, delta: "x".repeat(size) }, { type: "status", phase: "waiting" }),
    );
  }
  expect(await stuck.closing()).toEqual({ code: 1008, reason: "slow consumer" });
  const fresh = await login();
  expect(await fresh.request("system-presence")).toMatchObject({ ok: true });
});

test("a tick comes with the alarm while somebody listens, and no alarm is left when nobody does", async () => {
  const { stub, login } = openGateway();
  const socket = await login();
  await runDurableObjectAlarm(stub);
  await socket.event("tick", (payload) => typeof payload["ts"] === "number");
  socket.close();
  const isLeft = () => runInDurableObject(stub, (_instance, state) => state.getWebSockets().length === 0);
  await vi.waitFor(async () => expect(await isLeft()).toBe(true), { timeout: 5000 });
  await runDurableObjectAlarm(stub);
  expect(await runInDurableObject(stub, (_instance, state) => state.storage.getAlarm())).toBeNull();
});

test("agent.wait times out without touching the run", async () => {
  const { stub, login } = openGateway();
  const socket = await login();
  socket.send({ type: "req", id: "w", method: "agent.wait", params: { runId: "never", timeoutMs: 0 } });
  await socket.request("system-presence");
  await runDurableObjectAlarm(stub);
  expect(await socket.response("w")).toMatchObject({ ok: true, payload: { runId: "never", status: "timeout" } });
});

test("who writes is told to the others who follow the session, and to nobody else", async () => {
  const { login } = openGateway();
  const [writer, follower, stranger] = await Promise.all([login(), login(), login()]);
  for (const socket of [writer, follower]) await socket.request("sessions.messages.subscribe", { key: "agent:main:main" });
  const answer = await writer.request("session.typing", { sessionKey: "agent:main:main", typing: true });
  expect(answer).toMatchObject({ ok: true, payload: { broadcast: true } });
  const told = await follower.event("session.typing");
  expect(told["payload"]).toMatchObject({ sessionKey: "agent:main:main", typing: true, actor: { label: "test" } });
  for (const socket of [writer, stranger]) {
    await socket.request("health");
    expect(socket.frames.filter((frame) => frame["event"] === "session.typing")).toEqual([]);
  }
});

test("the bare text ping is offered", async () => {
  const socket = await openGateway().open();
  const hello = await socket.connect(() => makeConnect({ auth: { token: TOKEN }, scopes: ADMIN }));
  expect(hello["payload"].features.capabilities).toContain("bare-ping");
});

test("health counts what is stored when it is asked to, and only then", async () => {
  const socket = await openGateway().login(["operator.read"]);
  expect((await socket.request("health"))["payload"].storage).toBeUndefined();
  await bindings.MEDIA.put("media/counted", "0123456789");
  const { storage } = (await socket.request("health", { probe: true }))["payload"];
  expect(storage.objects.count).toBeGreaterThan(0);
  expect(storage.objects.bytes).toBeGreaterThanOrEqual(10);
  expect(storage.directory).toMatchObject({ sessions: expect.any(Number), outboxWaiting: 0 });
  expect(storage.workspaces).toMatchObject([{ agentId: "main", files: expect.any(Number) }]);
  expect(storage.databases.bytes).toBeGreaterThan(storage.gateway.bytes);
  expect(storage.databases.largest.bytes).toBeGreaterThan(0);
});

test("a login that another ends loses its socket at once and opens none again", async () => {
  const { stub, gateway, login } = openGateway();
  const entered = await gateway.login({ token: TOKEN, client: "192.0.2.50", userAgent: "Firefox/142" });
  if (entered.outcome !== "welcome") throw new Error("not logged in");
  const headers = { upgrade: "websocket", "x-skerry-address": "192.0.2.50", "x-skerry-login": entered.secret };
  const browser = new TestSocket(await stub.fetch("http://skerry/ws", { headers }));
  expect(await browser.connect(() => makeConnect({ scopes: ADMIN }))).toMatchObject({ ok: true });
  const own = (await browser.request("device.pair.list"))["payload"].logins;
  expect(own).toMatchObject([{ isCurrent: true, remoteIp: "192.0.2.50", userAgent: "Firefox/142" }]);
  const admin = await login();
  expect((await admin.request("device.pair.list"))["payload"].logins).toMatchObject([{ isCurrent: false }]);
  expect(await admin.request("device.token.revoke", { deviceId: own[0].deviceId })).toMatchObject({ ok: true });
  expect(await browser.closing()).toMatchObject({ code: 4001 });
  expect(await gateway.check({ login: entered.secret, client: "192.0.2.50" })).toMatchObject({ outcome: "refused" });
});
