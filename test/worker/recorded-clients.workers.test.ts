// Clients of the protocol that others wrote find every field they read, and events come in the order they rely on.
import { env, reset, SELF } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import type { Env } from "../../src/durable/env.ts";
import { AFTERWARDS, HELLO, TERMINAL_CONNECT, TERMINAL_SEND, TERMINAL_START, TURN_EVENTS } from "../fixtures/gateway-frames.ts";
import { makeConnect, makeDevice } from "../support/device.ts";
import { TestSocket } from "../support/workers/socket.ts";

const token = (env as unknown as Env).SKERRY_TOKEN ?? "";
afterEach(() => reset());

test.each(["/ws", "/"])("a recorded terminal works at %s from hello to good-bye", async (path) => {
  const socket = new TestSocket(await SELF.fetch(`http://skerry.test${path}`, { headers: { upgrade: "websocket" } }));
  const challenge = await socket.event("connect.challenge");
  expect(challenge["payload"]).toMatchObject({ nonce: expect.any(String), ts: expect.any(Number) });
  const device = await makeDevice();
  const hello = await socket.connect((nonce) =>
    device.sign(makeConnect({ ...TERMINAL_CONNECT, auth: { token } }), nonce, { signedAt: challenge["payload"].ts }),
  );
  expect(hello).toMatchObject({ ok: true, payload: HELLO });

  for (const { method, params, reads } of [...TERMINAL_START, TERMINAL_SEND]) {
    expect({ method, ...(await socket.request(method, params)) }).toMatchObject({ method, ok: true, payload: reads });
  }
  await socket.event("chat", (payload) => payload["state"] === "final");
  let from = 0;
  for (const wanted of TURN_EVENTS) {
    const at = socket.frames.findIndex((frame, index) => index >= from && fits(frame, wanted));
    expect(at, `no ${wanted.event} ${JSON.stringify(wanted.payload).slice(0, 200)} after frame ${from}`).toBeGreaterThanOrEqual(
      0,
    );
    from = at + 1;
  }
  const numbers = socket.frames.filter((frame) => frame["seq"] !== undefined).map((frame) => frame["seq"]);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));

  for (const { method, params, reads } of AFTERWARDS) {
    expect({ method, ...(await socket.request(method, params)) }).toMatchObject({ method, ok: true, payload: reads });
  }
});

function fits(frame: unknown, wanted: object): boolean {
  try {
    expect(frame).toMatchObject(wanted);
    return true;
  } catch {
    return false;
  }
}
