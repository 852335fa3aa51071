import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, test } from "vitest";
import type { ConnectParams } from "../../../../src/contract/gateway.ts";
import { Access, satisfies } from "../../../../src/durable/gateway/access/access.ts";
import { GUESS_LIMIT } from "../../../../src/durable/gateway/access/guess-limit.ts";
import { makeConnect, makeDevice } from "../../../support/device.ts";
import { openTestSql } from "../../../support/sqlite.ts";

const TOKEN = "owner-token";
const NONCE = "nonce-1";
let now: number;
let ownerToken: string;
let access: Access;

beforeEach(() => {
  now = Date.now();
  ownerToken = TOKEN;
  access = new Access(openTestSql(new DatabaseSync(":memory:")), () => ownerToken);
});

const enter = (params: ConnectParams, loginId?: string, client = "1.2.3.4") =>
  access.enter({ params, nonce: NONCE, client, loginId }, now);
const codeOf = (entry: Awaited<ReturnType<typeof enter>>) =>
  entry.outcome === "refused" ? entry.error.details?.["code"] : "welcome";

async function pair() {
  const device = await makeDevice();
  const entry = await enter(await device.sign(makeConnect({ auth: { token: TOKEN } }), NONCE));
  if (entry.outcome !== "welcome") throw new Error("not let in");
  return { device, token: entry.authority.deviceToken ?? "" };
}

test("the owner's token gives what was asked for, and unknown scopes are left out", async () => {
  const entry = await enter(makeConnect({ auth: { token: TOKEN }, scopes: ["operator.read", "operator.everything"] }));
  expect(entry).toEqual({ outcome: "welcome", authority: { role: "operator", scopes: ["operator.read"], method: "token" } });
});

test("no scopes asked for means none; no list at all means all that the token gives", async () => {
  expect(await enter(makeConnect({ auth: { token: TOKEN }, scopes: [] }))).toMatchObject({ authority: { scopes: [] } });
  const { scopes: _scopes, ...silent } = makeConnect({ auth: { token: TOKEN } });
  expect(await enter(silent)).toMatchObject({ authority: { scopes: expect.arrayContaining(["operator.admin"]) } });
});

test("without a token of the owner's in the environment nobody gets in, not even with an empty one", async () => {
  ownerToken = "";
  expect(codeOf(await enter(makeConnect({ auth: { token: "" } })))).toBe("AUTH_TOKEN_NOT_CONFIGURED");
  expect(await access.login({ token: "", client: "x" }, now)).toMatchObject({ outcome: "refused" });
});

test("neither token nor device is refused as unknown", async () => {
  expect(await enter(makeConnect())).toMatchObject({
    error: { code: "NOT_PAIRED", details: { code: "DEVICE_IDENTITY_REQUIRED" } },
  });
});

test("a device that came with the owner's token comes back with its own token alone", async () => {
  const { device, token } = await pair();
  const back = await enter(await device.sign(makeConnect({ auth: { token } }), NONCE));
  expect(back).toMatchObject({ authority: { method: "device-token", deviceId: device.id, deviceToken: token } });
});

test("a paired device comes back by its signature alone", async () => {
  const { device } = await pair();
  expect(await enter(await device.sign(makeConnect(), NONCE))).toMatchObject({ authority: { method: "device" } });
});

test("another device's token is worth nothing", async () => {
  const { token } = await pair();
  const other = await makeDevice();
  expect(codeOf(await enter(await other.sign(makeConnect({ auth: { token } }), NONCE)))).toBe("AUTH_TOKEN_MISMATCH");
});

test("after revocation neither token nor signature lets the device in; the owner's token does, with a new one", async () => {
  const { device, token } = await pair();
  expect(access.devices.revoke(device.id, "operator")).toBe(true);
  expect(codeOf(await enter(await device.sign(makeConnect({ auth: { token } }), NONCE)))).toBe("AUTH_TOKEN_MISMATCH");
  expect(codeOf(await enter(await device.sign(makeConnect(), NONCE)))).toBe("PAIRING_REQUIRED");
  const again = await enter(await device.sign(makeConnect({ auth: { token: TOKEN } }), NONCE));
  expect(again).toMatchObject({ outcome: "welcome" });
  expect(again.outcome === "welcome" && again.authority.deviceToken).not.toBe(token);
});

test("a rotated token replaces the old one", async () => {
  const { device, token } = await pair();
  access.devices.rotate(device.id, "operator", now);
  expect(await access.devices.isToken(device.id, "operator", token)).toBe(false);
  expect(await access.devices.isToken(device.id, "operator", (await access.devices.token(device.id, "operator")) ?? "")).toBe(
    true,
  );
});

test("an unknown device becomes one request, however often it knocks, and enters once approved", async () => {
  const device = await makeDevice();
  const first = await enter(await device.sign(makeConnect(), NONCE));
  const second = await enter(await device.sign(makeConnect(), NONCE));
  expect(first).toMatchObject({
    error: { code: "NOT_PAIRED", details: { code: "PAIRING_REQUIRED" } },
    asked: { deviceId: device.id },
  });
  expect(second).not.toHaveProperty("asked");
  const [request, ...others] = access.devices.pending(now);
  expect(others).toEqual([]);
  expect(request).toMatchObject({ scopes: ["operator.read", "operator.write"] });
  if (request) await access.devices.pair({ ...request, id: request.deviceId }, now);
  expect(await enter(await device.sign(makeConnect(), NONCE))).toMatchObject({ outcome: "welcome" });
  expect(access.devices.pending(now)).toEqual([]);
});

test("a device that asks for something else meanwhile is another request: nobody approves what they have not seen", async () => {
  const device = await makeDevice();
  const ask = async (commands: string[], displayName = "nas") => {
    const client = { id: "test", version: "1", platform: "linux", mode: "node", displayName };
    await enter(await device.sign(makeConnect({ role: "node", scopes: [], client, commands }), NONCE));
    const [request, ...others] = access.devices.pending(now);
    expect(others).toEqual([]);
    return request?.id;
  };
  const seen = await ask(["files.read", "files.list"]);
  expect(await ask(["files.list", "files.read"])).toBe(seen);
  const more = await ask(["files.read", "files.list", "exec.start"]);
  expect(more).not.toBe(seen);
  expect(await ask(["files.read", "files.list", "exec.start"], "Ada's phone")).not.toBe(more);
  expect(access.devices.reject(seen ?? "", now)).toBeUndefined();
});

test("a device that was turned away is not heard again within its hour, however often it knocks, and then asks anew", async () => {
  const device = await makeDevice();
  await enter(await device.sign(makeConnect(), NONCE));
  const [request] = access.devices.pending(now);
  expect(access.devices.reject(request?.id ?? "", now)).toMatchObject({ deviceId: device.id });
  expect(access.devices.reject(request?.id ?? "", now)).toBeUndefined();
  for (let knocks = 0; knocks < 3; knocks++) {
    const entry = await enter(await device.sign(makeConnect(), NONCE));
    expect(entry).toMatchObject({ outcome: "refused", error: { code: "NOT_PAIRED", details: { code: "PAIRING_REJECTED" } } });
    expect(entry).not.toHaveProperty("asked");
  }
  expect(access.devices.pending(now)).toEqual([]);
  const other = await makeDevice();
  expect(codeOf(await enter(await other.sign(makeConnect(), NONCE)))).toBe("PAIRING_REQUIRED");
  now += 3_600_001;
  expect(await enter(await device.sign(makeConnect(), NONCE, { signedAt: now }))).toHaveProperty("asked");
  // The owner's token is a word of the owner's, too.
  access.devices.reject(access.devices.pending(now)[0]?.id ?? "", now);
  const owned = await device.sign(makeConnect({ auth: { token: TOKEN } }), NONCE, { signedAt: now });
  expect(await enter(owned)).toMatchObject({ outcome: "welcome" });
});

test("a paired device's bare signature counts only under the owner's token it was paired under", async () => {
  const { device } = await pair();
  expect(await enter(await device.sign(makeConnect(), NONCE))).toMatchObject({ outcome: "welcome" });
  ownerToken = "another";
  expect(await enter(await device.sign(makeConnect(), NONCE))).toMatchObject({ error: { code: "NOT_PAIRED" } });
});

test("a paired device that asks for more than was approved must be approved again", async () => {
  const { device, token } = await pair();
  const entry = await enter(await device.sign(makeConnect({ auth: { token }, scopes: ["operator.admin"] }), NONCE));
  expect(entry).toMatchObject({ error: { details: { code: "PAIRING_REQUIRED", reason: "scope-upgrade" } } });
});

test("a login is as good as the token, until the owner's token changes", async () => {
  const login = await access.login({ token: TOKEN, client: "x" }, now);
  if (login.outcome !== "welcome") throw new Error("not logged in");
  const found = await access.logins.find(login.secret, now);
  expect(await enter(makeConnect(), found?.id)).toMatchObject({ authority: { method: "login", loginId: found?.id } });
  ownerToken = "another";
  expect(await access.logins.find(login.secret, now)).toBeUndefined();
});

test("logins are listed with where they are from and when they were seen, and each can be ended", async () => {
  const first = await access.login({ token: TOKEN, client: "192.0.2.7", userAgent: "Firefox/142" }, now);
  const second = await access.login({ token: TOKEN, client: "192.0.2.8" }, now + 1000);
  if (first.outcome !== "welcome" || second.outcome !== "welcome") throw new Error("not logged in");
  const found = await access.logins.find(first.secret, now + 600_000, "192.0.2.9");
  const list = await access.logins.list(now + 600_000);
  expect(list).toMatchObject([
    { createdAt: now + 1000, seenAt: now + 1000, address: "192.0.2.8", userAgent: "" },
    { id: found?.id, createdAt: now, seenAt: now + 600_000, address: "192.0.2.9", userAgent: "Firefox/142" },
  ]);
  expect(JSON.stringify(list)).not.toContain(first.secret);
  expect(access.logins.remove(found?.id ?? "")).toBe(true);
  expect(access.logins.remove(found?.id ?? "")).toBe(false);
  expect(await access.logins.find(first.secret, now)).toBeUndefined();
  expect(await access.logins.find(second.secret, now)).toBeDefined();
  ownerToken = "another";
  expect(await access.logins.list(now)).toEqual([]);
});

test("a login link opens once", async () => {
  const { code } = await access.logins.createCode(now);
  const both = await Promise.all([access.login({ code, client: "a" }, now), access.login({ code, client: "b" }, now)]);
  expect(both.map((answer) => answer.outcome).sort()).toEqual(["refused", "welcome"]);
});

test("a login link is too old after fifteen minutes", async () => {
  const { code } = await access.logins.createCode(now);
  expect(await access.login({ code, client: "a" }, now + 15 * 60_000)).toMatchObject({ outcome: "refused" });
});

test("ten wrong guesses lock the address out, the right token too, and only this address", async () => {
  for (let guess = 1; guess < GUESS_LIMIT.failures; guess += 1) {
    expect(codeOf(await enter(makeConnect({ auth: { token: `guess-${guess}` } })))).toBe("AUTH_TOKEN_MISMATCH");
  }
  const tenth = await enter(makeConnect({ auth: { token: "guess-10" } }));
  expect(tenth).toMatchObject({ error: { details: { code: "AUTH_RATE_LIMITED" }, retryAfterMs: GUESS_LIMIT.lockMs } });
  expect(codeOf(await enter(makeConnect({ auth: { token: TOKEN } })))).toBe("AUTH_RATE_LIMITED");
  expect(await access.login({ token: TOKEN, client: "1.2.3.4" }, now)).toMatchObject({ outcome: "locked" });
  expect(await access.login({ token: TOKEN, client: "5.6.7.8" }, now)).toMatchObject({ outcome: "welcome" });
  now += GUESS_LIMIT.lockMs;
  expect(codeOf(await enter(makeConnect({ auth: { token: TOKEN } })))).toBe("welcome");
});

test("guesses that are slow enough never lock", async () => {
  for (let guess = 0; guess < 30; guess += 1) {
    expect(codeOf(await enter(makeConnect({ auth: { token: "wrong" } })))).toBe("AUTH_TOKEN_MISMATCH");
    now += 7_000;
  }
});

test("admin satisfies every scope, write satisfies read, nothing else follows", () => {
  expect(satisfies(["operator.admin"], "operator.pairing")).toBe(true);
  expect(satisfies(["operator.write"], "operator.read")).toBe(true);
  expect(satisfies(["operator.read"], "operator.write")).toBe(false);
  expect(satisfies(["operator.write"], "operator.pairing")).toBe(false);
});

test("one address lets five devices wait, and no more, so that others can still ask", async () => {
  const codes: unknown[] = [];
  for (let count = 0; count < 7; count++) codes.push(await enter(await (await makeDevice()).sign(makeConnect(), NONCE)));
  expect(access.devices.pending(now)).toHaveLength(5);
  expect(codes.at(-1)).toMatchObject({ error: { message: expect.stringContaining("too many devices are waiting") } });
  const own = await makeDevice();
  const params = await own.sign(makeConnect(), NONCE);
  expect(await enter(params, undefined, "5.6.7.8")).toMatchObject({ error: { details: { requestId: expect.any(String) } } });
  // Whoever waits may ask again, also under another name.
  const waiting = access.devices.pending(now).find(({ address }) => address === "1.2.3.4");
  access.devices.reject(waiting?.id ?? "", now);
  expect(await enter(await (await makeDevice()).sign(makeConnect(), NONCE))).toMatchObject({
    error: { details: { requestId: expect.any(String) } },
  });
});

test("a key that a page shows along with its login is not paired by it", async () => {
  const login = await access.login({ token: TOKEN, client: "1.2.3.4" }, now);
  if (login.outcome !== "welcome") throw new Error("not logged in");
  const { loginId } = await access.atUpgrade(login.secret, undefined, "1.2.3.4", now);
  const device = await makeDevice();
  const params = await device.sign(makeConnect(), NONCE);
  const entry = await enter(params, loginId);
  expect(entry).toEqual({
    outcome: "welcome",
    authority: { role: "operator", scopes: ["operator.read", "operator.write"], method: "login", loginId },
  });
  expect(access.devices.list()).toEqual([]);
  // Logged out, its key is worth nothing.
  expect(codeOf(await enter(params))).toBe("PAIRING_REQUIRED");
});
