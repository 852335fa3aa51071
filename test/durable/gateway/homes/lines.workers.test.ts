// The lines of channels at the Gateway, in real workerd: how a machine's lines are is seen by the owner, an account is linked with
// what the machine shows, and who has no business with it learns and changes nothing.
import { env, runInDurableObject } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import type { DirectoryPort } from "../../../../src/contract/ports/directory.ts";
import type { Env } from "../../../../src/durable/env.ts";
import { makeConnect, makeDevice } from "../../../support/device.ts";
import { TestSocket } from "../../../support/workers/socket.ts";

const bindings = env as unknown as Env;
const TOKEN = bindings.SKERRY_TOKEN ?? "";
const directory = () => bindings.DIRECTORY.getByName("directory") as unknown as DirectoryPort;
const COMMANDS = ["channel.send", "channel.link", "channel.look", "channel.unlink"];
let count = 0;

function openGateway() {
  const stub = bindings.GATEWAY.getByName(`lines-test-${++count}`);
  const open = async () =>
    new TestSocket(await stub.fetch("http://skerry/ws", { headers: { upgrade: "websocket", "x-skerry-address": "192.0.2.7" } }));
  const come = async (name: string, commands = COMMANDS) => {
    const device = await makeDevice();
    const socket = await open();
    const client = { id: "skerry-bridge", displayName: name, version: "1", platform: "linux", mode: "node", instanceId: name };
    const params = makeConnect({ role: "node", scopes: [], client, caps: ["channels"], commands, auth: { token: TOKEN } });
    expect(await socket.connect((nonce) => device.sign(params, nonce))).toMatchObject({ ok: true });
    return socket;
  };
  const watch = async (scopes: string[]) => {
    const socket = await open();
    expect(await socket.connect(() => makeConnect({ scopes, auth: { token: TOKEN } }))).toMatchObject({ ok: true });
    return socket;
  };
  const rows = () =>
    runInDurableObject(stub, (_object, { storage }) =>
      storage.sql.exec("SELECT home, channel, account, state FROM home_line").toArray(),
    );
  return { come, watch, rows };
}

const line = (phase: string, more: object = {}) => ({
  channel: "whatsapp",
  account: "default",
  phase,
  since: 1000,
  waiting: 0,
  ...more,
});
const tell = (machine: TestSocket, ...lines: object[]) =>
  machine.request("node.event", { event: "channel.lines", payload: { lines } });

async function lineOf(owner: TestSocket): Promise<Record<string, unknown> | undefined> {
  const { payload } = await owner.request("channels.status", {});
  return payload.channelAccounts.whatsapp?.[0]?.line;
}

beforeEach(async () => {
  await directory().setChannelKeys("whatsapp", "default", { WHATSAPP_NUMBER: "+15550001" });
});

test("how a line is, is said to the owner in words, and goes with its machine", async () => {
  const { come, watch } = openGateway();
  const owner = await watch(["operator.admin", "operator.read"]);
  expect(await lineOf(owner)).toMatchObject({ phase: "off", said: expect.stringContaining("skerry bridge") });
  const attic = await come("attic");
  expect(await lineOf(owner)).toMatchObject({ phase: "off", said: expect.stringContaining("No machine holds this line yet") });
  await tell(attic, line("open", { who: "+15550001", waiting: 3, lastInAt: 5 }));
  await owner.event("channels.changed", ({ phase }) => phase === "open");
  expect(await lineOf(owner)).toEqual({
    machine: "attic",
    phase: "open",
    sinceMs: 1000,
    who: "+15550001",
    waiting: 3,
    lastInboundAt: 5,
  });
  await tell(attic, line("refused", { said: "The phone took this device away; link it again." }));
  await owner.event("channels.changed", ({ phase }) => phase === "refused");
  expect(await lineOf(owner)).toMatchObject({ phase: "refused", said: "The phone took this device away; link it again." });
  attic.close();
  await expect.poll(() => lineOf(owner)).toMatchObject({ phase: "away", said: "attic is not connected just now." });
});

test("what is the same is not written again, what is gone is, and a code that links is kept nowhere", async () => {
  const { come, rows } = openGateway();
  const attic = await come("attic");
  const link = { kind: "qr", text: "SECRET-CODE", until: 9000 };
  await tell(attic, line("linking", { link }), { ...line("open"), channel: "signal" });
  const before = await rows();
  expect(before.map(({ channel }) => channel).toSorted()).toEqual(["signal", "whatsapp"]);
  expect(JSON.stringify(before)).not.toContain("SECRET-CODE");
  await tell(attic, line("linking", { link: { ...link, text: "SECRET-CODE-2" } }), { ...line("open"), channel: "signal" });
  expect(await rows()).toEqual(before);
  await tell(attic, line("linking"));
  expect((await rows()).map(({ channel }) => channel)).toEqual(["whatsapp"]);
});

test("a machine that holds no lines says nothing of them, and what cannot be read changes nothing", async () => {
  const { come, rows } = openGateway();
  const other = await come("other", ["exec.start"]);
  expect(await tell(other, line("open"))).toMatchObject({ ok: true, payload: { handled: false } });
  const attic = await come("attic");
  await tell(attic, line("open"));
  const before = await rows();
  for (const bad of [line("flying"), line("open", { waiting: -1 }), { ...line("open"), channel: "../x" }, {}]) {
    expect(await tell(attic, bad)).toMatchObject({ ok: true, payload: { handled: false } });
  }
  expect(await tell(attic, ...Array.from({ length: 65 }, () => line("open")))).toMatchObject({ payload: { handled: false } });
  expect(await rows()).toEqual(before);
});

test("an account is linked with what the machine shows, until it is open; and its link is ended", async () => {
  const { come, watch } = openGateway();
  const owner = await watch(["operator.admin"]);
  const attic = await come("attic");
  const answer = async (command: string, payload: object) => {
    const asked = await attic.event("node.invoke.request", (one) => one["command"] === command);
    await attic.request("node.invoke.result", { id: asked["payload"].id, ok: true, payloadJSON: JSON.stringify(payload) });
    return JSON.parse(String(asked["payload"].paramsJSON)) as unknown;
  };
  const begun = owner.request("web.login.start", { channel: "whatsapp" });
  const link = { kind: "qr", text: "2@abc,def", until: 60_000 };
  expect(await answer("channel.link", line("linking", { link }))).toEqual({
    channel: "whatsapp",
    account: "default",
    isAnew: false,
  });
  const { payload } = await begun;
  expect(payload).toMatchObject({ connected: false, phase: "linking", qr: "2@abc,def", expiresAtMs: 60_000 });
  expect(atob(payload.qrDataUrl.replace("data:image/svg+xml;base64,", ""))).toMatch(/^<svg .*<path/s);
  const waited = owner.request("web.login.wait", { channel: "whatsapp", since: payload.since });
  expect(await answer("channel.look", line("open", { since: 2000, who: "+15550001" }))).toMatchObject({ since: 1000 });
  expect((await waited).payload).toMatchObject({ connected: true, message: "Linked as +15550001." });
  const ended = owner.request("channels.logout", { channel: "whatsapp" });
  await answer("channel.unlink", {});
  expect(await ended).toMatchObject({ ok: true, payload: { loggedOut: true } });
});

test("linking is the owner's alone, and says what is missing", async () => {
  const { come, watch } = openGateway();
  const reader = await watch(["operator.read"]);
  for (const method of ["web.login.start", "web.login.wait", "channels.logout"]) {
    expect(await reader.request(method, { channel: "whatsapp" })).toMatchObject({
      ok: false,
      error: { code: "FORBIDDEN" },
    });
  }
  const owner = await watch(["operator.admin"]);
  const attempt = (params: object) => owner.request("web.login.start", params);
  expect(await attempt({ channel: "whatsapp" })).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
  expect(await attempt({ channel: "signal" })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining("skerry channels add signal") },
  });
  await come("attic");
  expect(await attempt({ channel: "whatsapp", phone: "0151 23" })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining("country code") },
  });
});
