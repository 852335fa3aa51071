// The door over HTTP and the whole way of a message: a real Worker with real objects.
import { env, reset, SELF } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { VERSION } from "../../src/contract/version.ts";
import type { Env } from "../../src/durable/env.ts";
import { app } from "../../src/worker/app.ts";
import { networkOf } from "../../src/worker/door.ts";
import { makeConnect } from "../support/device.ts";
import { TestSocket } from "../support/workers/socket.ts";

const bindings = env as unknown as Env;
const TOKEN = bindings.SKERRY_TOKEN ?? "";
const ORIGIN = "http://skerry.test";
afterEach(() => reset());

const send = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  SELF.fetch(`${ORIGIN}${path}`, { method: "POST", body: JSON.stringify(body), headers: { origin: ORIGIN, ...headers } });
const errorOf = async (response: Response) => ((await response.json()) as { error: { code: string; message: string } }).error;

async function login(): Promise<string> {
  const response = await send("/auth/login", { token: TOKEN });
  expect(response.status).toBe(200);
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

async function openSocket(headers: Record<string, string>, path = "/ws") {
  return SELF.fetch(`${ORIGIN}${path}`, { headers: { upgrade: "websocket", ...headers } });
}

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["not an address", "unknown"],
])("guesses from %s count for %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test("health says that it is well and its version, and nothing else", async () => {
  const response = await SELF.fetch(`${ORIGIN}/health`);
  expect(await response.json()).toEqual({ ok: true, version: VERSION });
});

test("the token becomes a cookie that scripts cannot read and other sites cannot send", async () => {
  const response = await send("/auth/login", { token: TOKEN });
  const cookie = response.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/^skerry_login=[\w-]{40,};/);
  expect(cookie).toMatch(/HttpOnly/);
  expect(cookie).toMatch(/SameSite=Strict/);
  expect(cookie).not.toContain(TOKEN);
});

test("logging out is the page's own affair: a request without its origin ends nothing", async () => {
  const cookie = await login();
  const headers = { cookie };
  const without = await SELF.fetch(`${ORIGIN}/auth/logout`, { method: "POST", headers });
  expect(without.status).toBe(403);
  const still = { cookie, "sec-fetch-site": "same-origin" };
  expect((await SELF.fetch(`${ORIGIN}/auth/me`, { headers: still })).status).toBe(200);
  expect((await send("/auth/logout", {}, headers)).status).toBe(200);
  expect((await SELF.fetch(`${ORIGIN}/auth/me`, { headers: still })).status).toBe(401);
});

test("behind a tunnel the page is https and the request http: it is our own all the same", async () => {
  const { host } = new URL(ORIGIN);
  const ask = (url: string, origin: string) =>
    SELF.fetch(`${url}/auth/login`, { method: "POST", body: JSON.stringify({ token: TOKEN }), headers: { origin } });
  expect((await ask(`http://${host}`, `https://${host}`)).status).toBe(200);
  expect((await ask(`https://${host}`, `http://${host}`)).status).toBe(403);
  expect((await ask("http://127.0.0.1:18789", "https://127.0.0.1:18789")).status).toBe(403);
});

test("a cookie opens the socket of our own page, and is no proof where the origin is not named", async () => {
  const cookie = await login();
  const own = new TestSocket(await openSocket({ cookie, origin: ORIGIN }));
  expect(await own.connect(() => makeConnect({ scopes: ["operator.admin"] }))).toMatchObject({
    ok: true,
    payload: { auth: { method: "login", scopes: ["operator.admin"] } },
  });
  const hidden = new TestSocket(await openSocket({ cookie }));
  expect(await hidden.connect(() => makeConnect())).toMatchObject({ error: { code: "NOT_PAIRED" } });
});

test("a client cannot hand the Gateway a login or an address by itself", async () => {
  const secret = (await login()).split("=")[1] ?? "";
  const forged = new TestSocket(await openSocket({ "x-skerry-login": secret, "x-skerry-address": "10.0.0.1" }));
  expect(await forged.connect(() => makeConnect())).toMatchObject({ error: { code: "NOT_PAIRED" } });
});

test("a page of another site gets neither socket nor login", async () => {
  const upgrade = await openSocket({ origin: "https://evil.example" });
  expect(upgrade.status).toBe(403);
  expect(await errorOf(upgrade)).toMatchObject({ code: "ORIGIN_NOT_ALLOWED" });
  for (const near of [`http://${new URL(ORIGIN).hostname}:1`, "http://localhost", `https://evil.${new URL(ORIGIN).hostname}`]) {
    expect((await send("/auth/login", { token: TOKEN }, { origin: near })).status).toBe(403);
  }
  const post = await send("/auth/login", { token: TOKEN }, { origin: "https://evil.example" });
  expect(post.status).toBe(403);
});

test("a page that the settings allow may connect", async () => {
  const socket = new TestSocket(await openSocket({}));
  await socket.connect(() => makeConnect({ auth: { token: TOKEN }, scopes: ["operator.admin"] }));
  const raw = JSON.stringify({ gateway: { controlUi: { allowedOrigins: ["https://friend.example"] } } });
  const { hash } = (await socket.request("config.get"))["payload"];
  expect(await socket.request("config.set", { raw, baseHash: hash })).toMatchObject({ ok: true });
  expect((await openSocket({ origin: "https://friend.example" })).status).toBe(101);
  expect((await openSocket({ origin: "https://foe.example" })).status).toBe(403);
});

test("ten wrong guesses over HTTP answer 429 with the time to wait, the right token too", async () => {
  for (let guess = 1; guess < 10; guess += 1) expect((await send("/auth/login", { token: `no-${guess}` })).status).toBe(401);
  const tenth = await send("/auth/login", { token: "no-10" });
  expect(tenth.status).toBe(429);
  expect(Number(tenth.headers.get("retry-after"))).toBe(300);
  expect(await errorOf(tenth)).toMatchObject({ code: "RATE_LIMITED" });
  expect((await send("/auth/login", { token: TOKEN })).status).toBe(429);
  const bearer = { headers: { authorization: `Bearer ${TOKEN}` } };
  expect((await SELF.fetch(`${ORIGIN}/auth/me`, bearer)).status).toBe(429);
});

test("the owner's token mints a link that logs in once", async () => {
  expect((await send("/auth/link", {})).status).toBe(401);
  const minted = (await (await send("/auth/link", {}, { authorization: `Bearer ${TOKEN}` })).json()) as {
    code: string;
    url: string;
  };
  expect(minted.url).toBe(`${ORIGIN}/#code=${minted.code}`);
  expect((await send("/auth/login", { code: minted.code })).status).toBe(200);
  const again = await send("/auth/login", { code: minted.code });
  expect(again.status).toBe(401);
  expect((await errorOf(again)).message).toMatch(/used before/);
});

test("after log-out the cookie is worth nothing and its sockets are closed", async () => {
  const cookie = await login();
  const socket = new TestSocket(await openSocket({ cookie, origin: ORIGIN }));
  await socket.connect(() => makeConnect());
  const me = () => SELF.fetch(`${ORIGIN}/auth/me`, { headers: { cookie, "sec-fetch-site": "same-origin" } });
  expect((await me()).status).toBe(200);
  await send("/auth/logout", {}, { cookie });
  expect((await me()).status).toBe(401);
  expect(await socket.closing()).toMatchObject({ code: 4001 });
});

test("login bodies that make no sense are refused with what to send", async () => {
  const response = await SELF.fetch(`${ORIGIN}/auth/login`, { method: "POST", body: "{{", headers: { origin: ORIGIN } });
  expect(response.status).toBe(400);
  expect((await errorOf(response)).message).toContain("token");
});

test("addresses of programs answer JSON 404, and a plain GET of the socket says what it is", async () => {
  for (const path of ["/v1/nothing", "/hooks/x", "/channels/none", "/auth/none"]) {
    const response = await SELF.fetch(`${ORIGIN}${path}`, { headers: { accept: "text/html" } });
    expect([path, response.status]).toEqual([path, 404]);
    expect(await errorOf(response)).toMatchObject({ code: "NOT_FOUND" });
  }
  expect((await SELF.fetch(`${ORIGIN}/ws`)).status).toBe(426);
});

test("without a token of the owner's nobody gets in, and the answer says what to set", async () => {
  const { SKERRY_TOKEN: _token, ...bare } = bindings;
  for (const path of ["/", "/ws", "/auth/me", "/media/x"]) {
    const response = await app.fetch(new Request(`${ORIGIN}${path}`), bare);
    expect([path, response.status]).toEqual([path, 503]);
    expect((await errorOf(response)).message).toContain("SKERRY_TOKEN");
  }
  expect((await app.fetch(new Request(`${ORIGIN}/health`), bare)).status).toBe(200);
});

test("a token that can be guessed opens nothing on the open network", async () => {
  const deployed = { ...bindings, SKERRY_RUNTIME: "", SKERRY_TOKEN: "fifteen-letters" };
  const post = (env: Env) =>
    app.fetch(new Request(`${ORIGIN}/auth/login`, { method: "POST", body: '{"token":"fifteen-letters"}' }), env);
  const response = await post(deployed);
  expect(response.status).toBe(503);
  expect(await errorOf(response)).toMatchObject({ code: "TOKEN_TOO_SHORT", message: expect.stringContaining("at least 16") });
  expect((await post({ ...deployed, SKERRY_TOKEN: TOKEN })).status).toBe(401);
});

test("a browser that comes before the token is set gets a page that says what to do, and the page's own files only", async () => {
  const { SKERRY_TOKEN: _token, ...bare } = bindings;
  const asked: string[] = [];
  const ASSETS = {
    fetch: (request: Request) => {
      asked.push(new URL(request.url).pathname);
      return Promise.resolve(new Response("<h1>closed</h1>", { headers: { "content-type": "text/html" } }));
    },
  };
  const get = (path: string) =>
    app.fetch(new Request(`${ORIGIN}${path}`, { headers: { accept: "text/html" } }), { ...bare, ASSETS });
  const page = await get("/anything");
  expect([page.status, await page.text()]).toEqual([503, "<h1>closed</h1>"]);
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(page.headers.get("cache-control")).toBe("no-store");
  expect((await get("/assets/index-AAAAAAAA.css")).status).toBe(200);
  expect((await get("/assets/main-AAAAAAAA.js")).status).toBe(503);
  expect(asked).toEqual(["/closed", "/assets/index-AAAAAAAA.css", "/closed"]);
});

// ── Media ──

const PNG = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="),
  (c) => c.charCodeAt(0),
);
const upload = async (body: Uint8Array | string, name: string, headers: Record<string, string>) =>
  SELF.fetch(`${ORIGIN}/media`, { method: "POST", body, headers: { origin: ORIGIN, "x-file-name": name, ...headers } });

test("an upload needs a login, is named by its content and typed by its bytes", async () => {
  expect((await upload(PNG, "a.png", {})).status).toBe(401);
  const cookie = await login();
  const first = (await (await upload(PNG, "a.txt", { cookie })).json()) as { key: string; type: string; url: string };
  expect(first).toMatchObject({
    key: expect.stringMatching(/^media\/[0-9a-f]{64}$/),
    type: "image/png",
    size: PNG.length,
    name: "a.txt",
  });
  const second = (await (await upload(PNG, "b.png", { cookie })).json()) as { key: string };
  expect(second.key).toBe(first.key);
});

test("a signed link opens the file for everybody, shut in; a changed or expired one opens nothing", async () => {
  const cookie = await login();
  const { url } = (await (await upload("<script>alert(1)</script>", "page.html", { cookie })).json()) as { url: string };
  const opened = await SELF.fetch(`${ORIGIN}${url}`);
  expect(opened.status).toBe(200);
  expect(opened.headers.get("x-content-type-options")).toBe("nosniff");
  expect(opened.headers.get("content-security-policy")).toContain("sandbox");
  expect(opened.headers.get("content-type")).toMatch(/^text\/plain/);
  await opened.text();
  const later = url.replace(/expires=\d+/, `expires=${Date.now() + 9e9}`);
  for (const bad of [later, url.replace(/name=[^&]+/, "name=x.exe"), url.split("?")[0]]) {
    expect((await SELF.fetch(`${ORIGIN}${bad}`)).status).toBe(403);
  }
  expect((await SELF.fetch(`${ORIGIN}/media/..%2fsecrets`)).status).toBe(404);
});

test("a file over 20 MB is refused before it is stored", async () => {
  const cookie = await login();
  const response = await upload(new Uint8Array(20 * 1024 * 1024 + 1), "big.bin", { cookie });
  expect(response.status).toBe(413);
  expect(await errorOf(response)).toMatchObject({ code: "TOO_LARGE" });
});

// ── The whole way ──

test("a message goes in by the socket, is answered by the demo model, and stands in the history", async () => {
  const socket = new TestSocket(await openSocket({}, "/"));
  await socket.connect(() => makeConnect({ auth: { token: TOKEN }, caps: ["tool-events"] }));
  await socket.request("sessions.subscribe");
  const params = { sessionKey: "main", message: "read SOUL.md", idempotencyKey: "key-1" };
  expect(await socket.request("chat.send", params)).toMatchObject({ payload: { runId: "key-1", status: "started" } });
  expect(await socket.request("chat.send", params)).toMatchObject({ payload: { runId: "key-1" } });
  const final = await socket.event("chat", (payload) => payload["state"] === "final");
  expect(final["payload"]).toMatchObject({ runId: "key-1", sessionKey: "agent:main:main" });
  await socket.event("agent", (payload) => payload["stream"] === "tool" && payload["data"].phase === "result");
  const { payload } = await socket.request("chat.history", { sessionKey: "agent:main:main" });
  const roles = payload.messages.map((message: { role: string }) => message.role);
  expect(roles).toEqual(["user", "assistant", "toolResult", "assistant"]);
  const missed = await socket.request("chat.history", { sessionKey: "main", afterSeq: payload.messages[2].__openclaw.seq });
  expect(missed["payload"].messages).toEqual([payload.messages[3]]);
});

test("agent answers twice: accepted, and what came of it", async () => {
  const socket = new TestSocket(await openSocket({}));
  await socket.connect(() => makeConnect({ auth: { token: TOKEN } }));
  const params = { message: "what time is it?", sessionKey: "agent:main:ask", idempotencyKey: "a-1" };
  socket.send({ type: "req", id: "a", method: "agent", params });
  expect(await socket.response("a", 0)).toMatchObject({
    payload: { runId: "a-1", status: "accepted", sessionKey: "agent:main:ask" },
  });
  expect(await socket.response("a", 1)).toMatchObject({
    payload: { status: "ok", result: { payloads: [{ text: expect.any(String) }] } },
  });
  expect(await socket.request("agent.wait", { runId: "a-1" })).toMatchObject({ payload: { runId: "a-1", status: "ok" } });
});
