// The Gateway client against a real WebSocket server: proof, requests, events, gaps, and coming back.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ClientListeners, type ClientOptions, type ClientState, GatewayClient } from "../../src/client/gateway-client.ts";
import { backoffMs, isFinalRefusal } from "../../src/client/reconnection.ts";
import { GatewayError } from "../../src/contract/errors.ts";
import type { EventFrame } from "../../src/contract/gateway.ts";
import { GatewayServer } from "../support/gateway-server.ts";

let server: GatewayServer;
const clients: GatewayClient[] = [];

beforeEach(async () => {
  server = await GatewayServer.start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.stop();
});

function create(options: Partial<ClientOptions> = {}, listeners: ClientListeners = {}): GatewayClient {
  const client = new GatewayClient(
    {
      url: server.url,
      client: { id: "test", version: "1", platform: "test", mode: "test" },
      auth: { token: "right" },
      random: () => 0,
      ...options,
    },
    listeners,
  );
  clients.push(client);
  return client;
}

async function failureOf(promise: Promise<unknown>): Promise<GatewayError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GatewayError)) throw new Error(`expected a GatewayError, got ${String(error)}`);
  return error;
}

describe("connecting", () => {
  it("waits for the challenge and proves itself with protocol, capabilities and token", async () => {
    const hello = await create().connect();
    expect(hello.server.version).toBe("test");
    expect(server.requests[0]).toMatchObject({
      method: "connect",
      params: { minProtocol: 4, maxProtocol: 4, role: "operator", caps: ["delta-text", "tool-events"], auth: { token: "right" } },
    });
  });

  it("sends no auth at all when the cookie speaks, and signs the nonce when there is a device", async () => {
    server.answer("connect", () => ({ ok: true, payload: { type: "hello-ok", protocol: 4, server: { version: "test" } } }));
    const device = (nonce: string) =>
      Promise.resolve({ id: "d", publicKey: "k", signature: `signed ${nonce}`, signedAt: 1, nonce });
    const client = new GatewayClient({ url: server.url, client: { id: "t", version: "1", platform: "t", mode: "t" }, device });
    clients.push(client);
    await client.connect();
    expect(server.requests[0]?.params).not.toHaveProperty("auth");
    expect(server.requests[0]?.params["device"]).toMatchObject({ signature: "signed nonce" });
  });

  it("gives up for good when the proof is refused", async () => {
    const states: ClientState["phase"][] = [];
    const client = create({ auth: { token: "wrong" } }, { onState: ({ phase }) => states.push(phase) });
    const error = await failureOf(client.connect());
    expect(error.message).toContain("token mismatch");
    await new Promise((done) => setTimeout(done, 400));
    expect(server.connections).toBe(1);
    expect(states.at(-1)).toBe("refused");
  });

  it("waits as long as a lock-out says, and then tries again", async () => {
    let isLocked = true;
    server.answer("connect", () =>
      isLocked
        ? { ok: false, error: { code: "UNAVAILABLE", message: "too many attempts", retryAfterMs: 500 } }
        : { ok: true, payload: { type: "hello-ok", protocol: 4, server: { version: "test" } } },
    );
    const startedAt = Date.now();
    const client = create();
    await failureOf(client.connect());
    isLocked = false;
    await vi.waitFor(() => expect(client.state.phase).toBe("ready"), { timeout: 3000 });
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(500);
  });

  it("fails at once, and stays closed, when nobody listens and it is not to last", async () => {
    const { port } = server;
    await server.stop();
    const client = create({ url: `ws://127.0.0.1:${port}/ws`, isLasting: false });
    expect((await failureOf(client.connect())).data.code).toBe("UNAVAILABLE");
    expect(client.state.phase).toBe("closed");
    server = await GatewayServer.start();
  });
});

describe("requests", () => {
  it("answer with the payload, or fail with the Gateway's own error", async () => {
    server.answer("status", () => ({ ok: true, payload: { version: "7" } }));
    server.answer("models.list", () => ({ ok: false, error: { code: "FORBIDDEN", message: "missing scope" } }));
    const client = create();
    await client.connect();
    expect(await client.request("status", {})).toEqual({ version: "7" });
    expect((await failureOf(client.request("models.list", {}))).data).toEqual({ code: "FORBIDDEN", message: "missing scope" });
  });

  it("fail after their time limit, and a late answer hurts nobody", async () => {
    server.answer("status", () => "silence");
    const client = create();
    await client.connect();
    const error = await failureOf(client.request("status", {}, { timeoutMs: 60 }));
    expect(error.message).toContain("did not answer status");
    const late = server.requests.at(-1);
    server.sendRaw(JSON.stringify({ type: "res", id: late?.id, ok: true, payload: {} }));
    expect(await client.request("health", {})).toEqual({ ok: true });
  });

  it("fail when the connection breaks, unless they may be repeated: those are sent again", async () => {
    server.answer("status", () => "silence");
    server.answer("chat.send", () => (server.connections === 1 ? "silence" : { ok: true, payload: { runId: "r" } }));
    const client = create();
    await client.connect();
    const plain = failureOf(client.request("status", {}));
    const send = client.request(
      "chat.send",
      { sessionKey: "main", message: "hi", idempotencyKey: "key-1" },
      { isRepeatable: true },
    );
    await vi.waitFor(() => expect(server.methods()).toContain("chat.send"));
    server.cut();
    expect((await plain).data.retryable).toBe(true);
    expect(await send).toEqual({ runId: "r" });
    const sent = server.requests.filter((request) => request.method === "chat.send");
    expect(sent.map((request) => request.params["idempotencyKey"])).toEqual(["key-1", "key-1"]);
  });

  it("asked in the moment it becomes ready are sent once", async () => {
    const asked: Promise<unknown>[] = [];
    const client = create(
      {},
      {
        onState: ({ phase }) => {
          if (phase === "ready") asked.push(client.request("health", {}, { isRepeatable: true }));
        },
      },
    );
    await client.connect();
    await Promise.all(asked);
    expect(server.methods().filter((method) => method === "health")).toHaveLength(1);
  });

  it("fail at once after the client was closed", async () => {
    const client = create();
    await client.connect();
    client.close();
    expect((await failureOf(client.request("status", {}, { isRepeatable: true }))).data.code).toBe("UNAVAILABLE");
  });
});

describe("events", () => {
  it("reach the listener in order; what is no frame is passed over", async () => {
    const seen: EventFrame[] = [];
    const client = create({}, { onEvent: (frame) => seen.push(frame) });
    await client.connect();
    server.sendRaw("no json");
    server.sendRaw("[1,2]");
    server.sendRaw('{"type":"event"}');
    server.tell("tick", { ts: 1 });
    server.tell("tick", { ts: 2 });
    await client.request("health", {});
    expect(seen.map((frame) => frame.payload)).toEqual([{ ts: 1 }, { ts: 2 }]);
  });

  it("tell of a gap when numbers are missing", async () => {
    const gaps: unknown[] = [];
    const client = create({}, { onGap: (gap) => gaps.push(gap) });
    await client.connect();
    server.tell("tick", {});
    server.tell("tick", {}, 3);
    server.tell("tick", {});
    await client.request("health", {});
    expect(gaps).toEqual([{ expected: 2, received: 5 }]);
  });
});

describe("coming back", () => {
  it("happens by itself after a break, and says that it is a return", async () => {
    const hellos: boolean[] = [];
    const client = create({}, { onHello: (_hello, isReturn) => hellos.push(isReturn) });
    await client.connect();
    server.cut();
    await vi.waitFor(() => expect(hellos).toEqual([false, true]), { timeout: 3000 });
    expect(client.state.phase).toBe("ready");
  });

  it("outlasts a Gateway that is away for a while", async () => {
    const { port } = server;
    const client = create();
    await client.connect();
    await server.stop();
    await vi.waitFor(() => expect(client.state.phase).toBe("waiting"));
    await new Promise((done) => setTimeout(done, 300));
    server = await GatewayServer.start(port);
    await vi.waitFor(() => expect(client.state.phase).toBe("ready"), { timeout: 5000 });
  });

  it("can be hurried", async () => {
    const { port } = server;
    const client = create({ random: () => 1 });
    await client.connect();
    await server.stop();
    await vi.waitFor(() => expect(client.state).toMatchObject({ phase: "waiting", attempt: 3 }), { timeout: 5000 });
    server = await GatewayServer.start(port);
    const hurriedAt = Date.now();
    client.hurry();
    await vi.waitFor(() => expect(client.state.phase).toBe("ready"), { interval: 10 });
    expect(Date.now() - hurriedAt).toBeLessThan(300);
  });

  it("begins when a living connection falls silent and does not answer", async () => {
    server.tickIntervalMs = 50;
    const client = create({ pingTimeoutMs: 80 });
    await client.connect();
    server.answer("health", () => "silence");
    await vi.waitFor(() => expect(server.connections).toBeGreaterThan(1), { timeout: 3000 });
  });

  it("begins at once when a hurried connection does not answer, though it seemed to stand", async () => {
    const client = create({ pingTimeoutMs: 80 });
    await client.connect();
    server.answer("health", () => "silence");
    client.hurry();
    await vi.waitFor(() => expect(server.connections).toBe(2), { timeout: 2000 });
  });

  it("leaves a connection alone that answers, by the bare text where the Gateway offers that", async () => {
    const client = create({ pingTimeoutMs: 80 });
    await client.connect();
    client.hurry();
    await vi.waitFor(() => expect(server.methods()).toContain("health"));
    server.capabilities = ["bare-ping"];
    server.cut();
    await vi.waitFor(() => expect(server.connections).toBe(2), { timeout: 2000 });
    await client.connect();
    client.hurry();
    await vi.waitFor(() => expect(server.pings).toBe(1));
    await new Promise((done) => setTimeout(done, 200));
    expect(server.connections).toBe(2);
    expect(server.methods().filter((method) => method === "health")).toHaveLength(1);
  });

  it("doubles its pauses up to a limit, half of each by chance", () => {
    expect([0, 1, 2].map((attempt) => backoffMs(attempt, () => 0))).toEqual([125, 250, 500]);
    expect([0, 1, 2].map((attempt) => backoffMs(attempt, () => 1))).toEqual([250, 500, 1000]);
    expect(backoffMs(1000, () => 1)).toBe(15_000);
  });

  it("is not tried when the same proof would be refused again", () => {
    expect(isFinalRefusal({ code: "NOT_PAIRED", message: "" })).toBe(true);
    expect(isFinalRefusal({ code: "INVALID_REQUEST", message: "" })).toBe(true);
    expect(isFinalRefusal({ code: "INVALID_REQUEST", message: "", retryAfterMs: 5 })).toBe(false);
    expect(isFinalRefusal({ code: "UNAVAILABLE", message: "" })).toBe(false);
  });
});
