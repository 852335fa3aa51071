// Sockets whose other side does not answer when it is told to close, in real workerd: the runtime keeps them and goes on
// delivering what they send. For Skerry they are gone at once, before and after a sleep.
import { env, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import type { HomePort } from "../../../src/contract/home/port.ts";
import type { DoorPort, GatewayPort } from "../../../src/contract/ports/gateway.ts";
import type { Env } from "../../../src/durable/env.ts";
import { makeConnect, makeDevice, type TestDevice } from "../../support/device.ts";
import { TestSocket } from "../../support/workers/socket.ts";

const bindings = env as unknown as Env;
const TOKEN = bindings.SKERRY_TOKEN ?? "";
const HALF_OPEN = { allowHalfOpen: true };
let count = 0;

function openGateway() {
  const stub = bindings.GATEWAY.getByName(`closing-test-${++count}`);
  const gateway = stub as unknown as GatewayPort & DoorPort & HomePort;
  const open = async (options = {}) =>
    new TestSocket(
      await stub.fetch("http://skerry/ws", { headers: { upgrade: "websocket", "x-skerry-address": "192.0.2.9" } }),
      options,
    );
  const enter = async (device: TestDevice, auth?: { token: string }) => {
    const socket = await open(HALF_OPEN);
    const params = makeConnect({ scopes: ["operator.admin"], ...(auth ? { auth } : {}) });
    return { socket, hello: await socket.connect((nonce) => device.sign(params, nonce)) };
  };
  const come = async (device: TestDevice, caps = ["resume"]) => {
    const socket = await open(HALF_OPEN);
    const client = { id: "skerry-bridge", displayName: "nas", version: "1", platform: "linux", mode: "node", instanceId: "1" };
    const commands = ["sandbox.status"];
    const params = makeConnect({ role: "node", scopes: [], client, caps, commands, auth: { token: TOKEN } });
    expect(await socket.connect((nonce) => device.sign(params, nonce))).toMatchObject({ ok: true });
    return socket;
  };
  return { stub, gateway, open, enter, come };
}

const isHere = async ({ homes }: HomePort) => (await homes()).map(({ isConnected }) => isConnected);
const nap = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test.each(["at once", "after a sleep"])("a device that was removed does nothing more on its old socket, %s", async (when) => {
  const { stub, enter } = openGateway();
  const owner = (await enter(await makeDevice(), { token: TOKEN })).socket;
  const stolen = await makeDevice();
  const { socket } = await enter(stolen, { token: TOKEN });
  await owner.request("device.pair.remove", { deviceId: stolen.id });
  expect(await socket.closing()).toMatchObject({ code: 4001 });
  const next = await makeDevice();
  const asked = (await enter(next)).hello["error"].details;
  expect(asked.code).toBe("PAIRING_REQUIRED");
  if (when === "after a sleep") await evictDurableObject(stub);
  socket.send({ type: "req", id: "late", method: "device.pair.approve", params: { requestId: asked.requestId } });
  await nap(300);
  expect((await enter(next)).hello).toMatchObject({ ok: false, error: { details: { code: "PAIRING_REQUIRED" } } });
  expect(
    (await (await enter(await makeDevice(), { token: TOKEN })).socket.request("device.pair.list"))["payload"].pending,
  ).toHaveLength(1);
});

test("a machine that was removed is not connected any more, at once and after a sleep", async () => {
  const { stub, gateway, enter, come } = openGateway();
  const owner = (await enter(await makeDevice(), { token: TOKEN })).socket;
  const device = await makeDevice();
  const socket = await come(device);
  expect(await isHere(gateway)).toEqual([true]);
  await owner.request("device.token.revoke", { deviceId: device.id, role: "node" });
  expect(await socket.closing()).toMatchObject({ code: 4001 });
  expect(await isHere(gateway)).toEqual([false]);
  await evictDurableObject(stub);
  expect(await isHere(gateway)).toEqual([false]);
  expect(
    await gateway.callHome({ id: "late", command: "sandbox.status", params: {}, timeoutMs: 1000, waitMs: 1000 }),
  ).toMatchObject({
    outcome: "unreachable",
  });
});

test("a socket that takes in nothing does not count as a machine that is there", async () => {
  const { gateway, come } = openGateway();
  const socket = await come(await makeDevice());
  socket.sendText("x".repeat(26_300_000));
  expect(await socket.closing()).toMatchObject({ code: 1009 });
  expect(await isHere(gateway)).toEqual([false]);
});

test("a stranger that does not go when it is late keeps no alarm and no place", async () => {
  const { stub, open } = openGateway();
  const stranger = await open(HALF_OPEN);
  await stranger.event("connect.challenge");
  const alarmAt = () => runInDurableObject(stub, (_object, { storage }) => storage.getAlarm());
  const armed = await alarmAt();
  expect(armed).toBeGreaterThan(Date.now());
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 16_000 });
  try {
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await stranger.closing()).toMatchObject({ code: 1008 });
    expect(await alarmAt()).toBeNull();
    expect(await runInDurableObject(stub, (_object, state) => state.getWebSockets().length)).toBe(1);
  } finally {
    vi.useRealTimers();
  }
  // What it says now is not heard.
  const challenge = await stranger.event("connect.challenge");
  const device = await makeDevice();
  const params = await device.sign(makeConnect({ auth: { token: TOKEN } }), challenge["payload"].nonce);
  stranger.send({ type: "req", id: "late", method: "connect", params });
  await nap(300);
  expect(await runInDurableObject(stub, (_object, { storage }) => storage.sql.exec("SELECT 1 FROM devices").toArray())).toEqual(
    [],
  );
});

test("a program with one key for both roles keeps its screen when its machine connects again", async () => {
  const { gateway, enter, come } = openGateway();
  const device = await makeDevice();
  const { socket: screen } = await enter(device, { token: TOKEN });
  const first = await come(device);
  await come(device);
  expect(await first.closing()).toMatchObject({ code: 4000 });
  expect(await screen.request("system-presence")).toMatchObject({ ok: true });
  expect(screen.closed).toBeUndefined();
  expect(await isHere(gateway)).toEqual([true]);
});

test("a machine that cannot resume and is back by another socket loses what it was asked by the old one", async () => {
  const { gateway, come } = openGateway();
  const device = await makeDevice();
  const socket = await come(device, []);
  const answer = gateway.callHome({ id: "cut", command: "sandbox.status", params: {}, timeoutMs: 60_000, waitMs: 8000 });
  await socket.event("node.invoke.request");
  await come(device, []);
  expect(await answer).toMatchObject({
    outcome: "interrupted",
    reason: "nas was working on it when it was restarted meanwhile.",
  });
});

test("a machine that is locked out leaves nobody waiting for what it was asked", async () => {
  const { gateway, enter, come } = openGateway();
  const { socket: owner } = await enter(await makeDevice(), { token: TOKEN });
  const device = await makeDevice();
  const socket = await come(device);
  const answer = gateway.callHome({ id: "out", command: "sandbox.status", params: {}, timeoutMs: 60_000, waitMs: 8000 });
  await socket.event("node.invoke.request");
  await owner.request("device.token.revoke", { deviceId: device.id, role: "node" });
  expect(await answer).toMatchObject({ outcome: "interrupted" });
});
