// The note of a hand-off holds a link that is all it takes to have the owner's tab: screens that may not approve see the note, and never
// the address, by whatever way they read.
import { env } from "cloudflare:test";
import { expect, test } from "vitest";
import type { Scope } from "../../../src/contract/gateway.ts";
import type { Env } from "../../../src/durable/env.ts";
import { makeConnect } from "../../support/device.ts";
import { TestSocket } from "../../support/workers/socket.ts";

const bindings = env as unknown as Env;
const sessionKey = "agent:main:handed";
const ADDRESS = "https://skerry.example/browser/AbC_1-2";
const NOTE = `Log in, please.\nOpen this page and finish it there: ${ADDRESS}\nPress Done there.`;

async function login(...scopes: Scope[]) {
  const gateway = bindings.GATEWAY.getByName("gateway");
  const headers = { upgrade: "websocket", "x-skerry-address": "192.0.2.9" };
  const socket = new TestSocket(await gateway.fetch("http://skerry/ws", { headers }));
  await socket.connect(() => makeConnect({ auth: { token: bindings.SKERRY_TOKEN ?? "" }, scopes }));
  expect(await socket.request("sessions.messages.subscribe", { key: sessionKey })).toMatchObject({ ok: true });
  return socket;
}

test("only a screen that may approve sees the address, live and later", async () => {
  const owner = await login("operator.admin");
  const approver = await login("operator.read", "operator.approvals");
  const reader = await login("operator.read", "operator.write");
  const told = await owner.request("chat.inject", { sessionKey, message: NOTE, label: "hand-off" });
  expect(told).toMatchObject({ ok: true });
  const messageId = String(told["payload"].messageId);
  for (const screen of [owner, approver, reader]) {
    await screen.event("session.message", (payload) => payload["messageId"] === messageId);
    expect(await screen.request("chat.history", { sessionKey })).toMatchObject({ ok: true });
    expect(await screen.request("chat.startup", { sessionKey })).toMatchObject({ ok: true });
    expect(await screen.request("chat.message.get", { sessionKey, messageId })).toMatchObject({ ok: true });
    expect(await screen.request("sessions.preview", { keys: [sessionKey] })).toMatchObject({ ok: true });
  }
  const timesIn = (screen: TestSocket, text: string) => JSON.stringify(screen.frames).split(text).length - 1;
  expect(timesIn(owner, ADDRESS)).toBe(5);
  expect(timesIn(approver, ADDRESS)).toBe(5);
  expect(timesIn(reader, "/browser/")).toBe(0);
  expect(timesIn(reader, "Log in, please.")).toBe(5);
  expect(timesIn(reader, "shown to those who may approve")).toBe(5);
});
