// Approvals in real objects: rows of the Directory, methods and events of the Gateway, and whose word counts at a screen.
import { env, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import type { DirectoryPort } from "../../../src/contract/ports/directory.ts";
import type { Env } from "../../../src/durable/env.ts";
import { makePlan, makeRequest } from "../../support/approval.ts";
import { makeConnect } from "../../support/device.ts";
import { TestSocket } from "../../support/workers/socket.ts";

const bindings = env as unknown as Env;
const stub = () => bindings.DIRECTORY.getByName("directory");
const directory = () => stub() as unknown as DirectoryPort;
let count = 0;

async function login(scopes: string[]) {
  const gateway = bindings.GATEWAY.getByName("gateway");
  const socket = new TestSocket(
    await gateway.fetch("http://skerry/ws", { headers: { upgrade: "websocket", "x-skerry-address": "192.0.2.9" } }),
  );
  await socket.connect(() => makeConnect({ auth: { token: bindings.SKERRY_TOKEN ?? "" }, scopes, caps: [] }));
  return socket;
}

function ask(command = "rm -r build", expiresAt = Date.now() + 60_000) {
  count += 1;
  const change = { plan: makePlan(command), sessionKey: "agent:main:approvals", expiresAt };
  return directory().askApproval(makeRequest(`call-${count}:plan`, Date.now(), change));
}

test("whoever may approve is told of a question, sees it, decides it, and finds it in the history", async () => {
  const owner = await login(["operator.read", "operator.approvals"]);
  const reader = await login(["operator.read", "operator.write"]);
  const requested = owner.event("exec.approval.requested");
  const asked = await ask();
  expect(await requested).toMatchObject({
    payload: { id: asked.id, code: asked.code, request: { command: "rm -r build", nodeName: "desk" } },
  });
  expect(await owner.request("exec.approval.list", {})).toMatchObject({ ok: true, payload: [{ id: asked.id, state: "open" }] });
  expect(await owner.request("exec.approval.get", { id: asked.code })).toMatchObject({ payload: { commandText: "rm -r build" } });
  for (const [method, params] of [
    ["exec.approval.list", {}],
    ["exec.approval.get", { id: asked.id }],
    ["exec.approval.resolve", { id: asked.id, decision: "allow-once" }],
    ["approval.history", {}],
  ] as const) {
    expect(await reader.request(method, params)).toMatchObject({
      ok: false,
      error: { details: { missingScope: "operator.approvals" } },
    });
  }
  const resolved = owner.event("exec.approval.resolved");
  expect(await owner.request("exec.approval.resolve", { id: asked.id, decision: "deny" })).toMatchObject({
    ok: true,
    payload: { approval: { state: "decided", decision: "deny" } },
  });
  expect(await resolved).toMatchObject({ payload: { id: asked.id, decision: "deny" } });
  expect(await owner.request("exec.approval.resolve", { id: asked.id, decision: "allow-once" })).toMatchObject({
    ok: false,
    error: { code: "CONFLICT", message: expect.stringContaining("denied by") },
  });
  expect(await owner.request("exec.approval.list", {})).toMatchObject({ payload: [] });
  expect(await owner.request("approval.history", { limit: 1 })).toMatchObject({ payload: { approvals: [{ id: asked.id }] } });
  expect(reader.frames.filter(({ event }) => String(event).startsWith("exec.approval."))).toEqual([]);
});

test("a decision is told by the alarm when the object ended before it was", async () => {
  const asked = await ask();
  expect(await directory().decideApproval(asked.id, "allow-once", "Ann")).toMatchObject({ ok: true });
  // As if the object had ended between the decision and the telling.
  await runInDurableObject(stub(), (_object, state) => {
    state.storage.sql.exec("UPDATE approval SET tell_at = ? WHERE id = ?", Date.now() - 1, asked.id);
  });
  await evictDurableObject(stub());
  expect(await runDurableObjectAlarm(stub())).toBe(true);
  const untold = await runInDurableObject(stub(), (_object, state) =>
    state.storage.sql.exec("SELECT id FROM approval WHERE tell_at IS NOT NULL").toArray(),
  );
  expect(untold).toEqual([]);
});

test("the alarm ends what nobody answered, and stands for the first that is due", async () => {
  const late = await ask("late", Date.now() + 400);
  const alarmAt = await runInDurableObject(stub(), (_object, state) => state.storage.getAlarm());
  expect(alarmAt).toBeLessThanOrEqual(late.expiresAt);
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(late.expiresAt), { timeout: 5000 });
  await runDurableObjectAlarm(stub());
  expect(await directory().approval(late.id)).toMatchObject({ state: "expired" });
});

describe("at a screen", () => {
  const brief = async (channel: string, mayDecide?: boolean) => {
    const message = {
      id: crypto.randomUUID(),
      from: { channel, peer: "screen" },
      sender: { id: "owner", isOwner: true },
      parts: [{ type: "text" as const, text: "hi" }],
      sentAt: Date.now(),
    };
    const admitted = await directory().admit(message, mayDecide === undefined ? {} : { mayDecide });
    return admitted.outcome === "accept" ? admitted.brief.hands : undefined;
  };

  test("only one that may approve speaks as the owner; a program never does", async () => {
    expect(await brief("webchat", true)).toMatchObject({ isOwner: true, mayElevate: true, isSandboxed: false });
    expect(await brief("webchat")).toMatchObject({ isOwner: false, mayElevate: false, isSandboxed: true });
    expect(await brief("openai")).toMatchObject({ isOwner: false, mayElevate: false, isSandboxed: true });
  });

  test("/approve, /exec and /elevated count with the scope for approvals alone", async () => {
    const asked = await ask();
    const say = async (socket: TestSocket, message: string) => {
      const params = { sessionKey: "approvals", message, idempotencyKey: crypto.randomUUID() };
      return (await socket.request("chat.send", params)).payload?.["reply"];
    };
    const writer = await login(["operator.read", "operator.write"]);
    for (const words of [`/approve ${asked.code} once`, "/elevated full", "/exec ask=off"]) {
      expect(await say(writer, words)).toBe("Only my owner decides about commands.");
    }
    expect(await directory().approval(asked.id)).toMatchObject({ state: "open" });
    const owner = await login(["operator.admin"]);
    expect(await say(owner, "/elevated on")).toContain("Elevated is on");
    expect(await owner.request("sessions.describe", { key: "approvals" })).toMatchObject({
      payload: { session: { elevatedLevel: "on", execHost: null } },
    });
    expect(await say(owner, `/approve ${asked.code} once`)).toBe("Allowed once: `rm -r build` on `desk`.");
    expect(await directory().approval(asked.id)).toMatchObject({ decision: "allow-once", by: "the owner at a screen" });
  });
});

test("whether a machine is paired is kept over a restart", async () => {
  await directory().noteHomes?.(true);
  await evictDurableObject(stub());
  expect((await directory().brief("agent:main:main")).hands).toMatchObject({ hasHomes: true, isOwner: false });
  await directory().noteHomes?.(false);
  await evictDurableObject(stub());
  expect((await directory().brief("agent:main:main")).hands).toMatchObject({ hasHomes: false });
});
