// Cloudflare Access in front: a started Skerry, a server of the team's keys, and a proxy that does what Access does. The
// page opens without a token; whoever only claims to come from Access stays outside.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { type AccessProxy, startAccessProxy } from "../support/access-proxy.ts";
import { AccessTeam, AUD, type CertsServer, type Claims, serveCerts } from "../support/access-team.ts";
import { launchBrowser, openProfile } from "../support/browser.ts";
import { makeConnect } from "../support/device.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";
import { openChat, waitForAnswer, write } from "../support/webchat.ts";

const EMAIL = "ada@example.org";
const TOKEN = "token-of-the-access-journey";

let team: AccessTeam;
let certs: CertsServer;
let skerry: Skerry;
let browser: Browser;
let proxy: AccessProxy;
/** Who is logged in at Access. */
let visitor: Claims | undefined;
/** How a socket ends whose assertion is over soon. Opened first: its end comes with a later tick. */
let brief: Promise<{ code: number; reason: string }>;

beforeAll(async () => {
  team = await AccessTeam.found();
  certs = await serveCerts(team);
  const env = {
    SKERRY_TOKEN: TOKEN,
    CF_ACCESS_TEAM_DOMAIN: "ada",
    CF_ACCESS_AUD: AUD,
    CF_ACCESS_EMAILS: EMAIL,
    CF_ACCESS_CERTS_URL: certs.url,
  };
  [skerry, browser] = await Promise.all([startSkerry({ env }), launchBrowser()]);
  proxy = await startAccessProxy(skerry.url, {
    assertion: () => (visitor ? team.sign(visitor) : Promise.resolve(undefined)),
    logOut: () => {
      visitor = undefined;
    },
  });
  const jwt = await team.sign({ email: EMAIL, lastsS: 4 });
  const socket = openSocket({ origin: skerry.url, "cf-access-jwt-assertion": jwt });
  brief = new Promise((done) => socket.on("close", (code, reason) => done({ code, reason: reason.toString() })));
  expect(await shakeHands(socket)).toMatchObject({ ok: true });
});
afterAll(async () => {
  await browser?.close();
  await proxy?.stop();
  await skerry?.stop();
  await certs?.stop();
});

interface Answer {
  ok: boolean;
  payload?: { auth: { method: string } };
  error?: { code: string; message: string; details?: { code: string } };
}

function openSocket(headers: Record<string, string>, path = "/ws"): WebSocket {
  return new WebSocket(`${skerry.url.replace("http", "ws")}${path}`, { headers });
}

/** What `connect` was told; a number is the status of a refused upgrade. */
function shakeHands(socket: WebSocket, params: object = {}): Promise<Answer | number> {
  return new Promise((done, fail) => {
    socket.on("unexpected-response", (_request, response) => done(response.statusCode ?? 0));
    socket.on("error", fail);
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data));
      if (frame.event === "connect.challenge") {
        socket.send(JSON.stringify({ type: "req", id: "1", method: "connect", params: makeConnect(params) }));
      } else if (frame.id === "1") done(frame);
    });
  });
}

async function connect(headers: Record<string, string>, path = "/ws", params: object = {}): Promise<Answer | number> {
  const socket = openSocket(headers, path);
  const answer = await shakeHands(socket, params);
  socket.close();
  return answer;
}
const codeOf = (answer: Answer | number) => (typeof answer === "number" ? answer : (answer.error?.details?.code ?? "in"));
const me = (headers: Record<string, string>, query = "") =>
  fetch(`${skerry.url}/auth/me${query}`, { headers: { "sec-fetch-site": "same-origin", ...headers } });

describe("an assertion of Cloudflare Access", () => {
  const own = () => ({ origin: skerry.url });

  it("opens the socket of our own page and the doors beside it, by header or by cookie", async () => {
    const jwt = await team.sign({ email: EMAIL });
    expect(await connect({ ...own(), "cf-access-jwt-assertion": jwt })).toMatchObject({
      ok: true,
      payload: { auth: { method: "access" } },
    });
    expect(await connect({ ...own(), cookie: `CF_Authorization=${jwt}` })).toMatchObject({ ok: true });
    expect(await (await me({ "cf-access-jwt-assertion": jwt })).json()).toMatchObject({ ok: true, by: "access" });
    const link = await fetch(`${skerry.url}/auth/link`, {
      method: "POST",
      headers: { ...own(), "cf-access-jwt-assertion": jwt },
    });
    expect(link.status).toBe(200);
  });

  it("proves nothing without an origin of our own, and gets no foreign page in", async () => {
    const jwt = await team.sign({ email: EMAIL });
    expect(codeOf(await connect({ "cf-access-jwt-assertion": jwt }))).toBe("DEVICE_IDENTITY_REQUIRED");
    expect(await connect({ origin: "https://evil.example", "cf-access-jwt-assertion": jwt })).toBe(403);
    const foreign = { origin: "https://evil.example", "cf-access-jwt-assertion": jwt };
    expect((await fetch(`${skerry.url}/auth/link`, { method: "POST", headers: foreign })).status).toBe(403);
    expect((await fetch(`${skerry.url}/auth/link`, { method: "POST", headers: { "cf-access-jwt-assertion": jwt } })).status).toBe(
      401,
    );
    expect((await me({ "cf-access-jwt-assertion": jwt, "sec-fetch-site": "cross-site" })).status).toBe(401);
  });

  it("counts in no address, in no bearer header, at no program's door, and not as the Worker's own header", async () => {
    const jwt = await team.sign({ email: EMAIL });
    for (const name of ["cf-access-jwt-assertion", "CF_Authorization", "token"]) {
      expect(codeOf(await connect(own(), `/ws?${name}=${jwt}`))).toBe("DEVICE_IDENTITY_REQUIRED");
      expect((await me({}, `?${name}=${jwt}`)).status).toBe(401);
    }
    expect(codeOf(await connect({ ...own(), "x-skerry-assertion": jwt }))).toBe("DEVICE_IDENTITY_REQUIRED");
    expect((await me({ authorization: `Bearer ${jwt}` })).status).toBe(401);
    const models = await fetch(`${skerry.url}/v1/models`, { headers: { ...own(), "cf-access-jwt-assertion": jwt } });
    expect(models.status).toBe(401);
    expect(codeOf(await connect(own(), "/ws", { auth: { token: jwt } }))).toBe("AUTH_TOKEN_MISMATCH");
  });

  it("says at the socket why it does not count, and leaves the token's way open", async () => {
    const stranger = await team.sign({ email: "eve@example.org" });
    const answer = await connect({ ...own(), "cf-access-jwt-assertion": stranger });
    expect(answer).toMatchObject({ error: { details: { code: "ACCESS_REFUSED" } } });
    expect(typeof answer === "object" && answer.error?.message).toContain("eve@example.org");
    const both = await connect({ ...own(), "cf-access-jwt-assertion": stranger }, "/ws", { auth: { token: TOKEN } });
    expect(both).toMatchObject({ ok: true, payload: { auth: { method: "token" } } });
  });
});

describe("the page behind Cloudflare Access", () => {
  it("opens without a token, talks, keeps no login, and logs out of Access too", async () => {
    visitor = { email: EMAIL };
    const { context } = await openProfile(browser);
    const { page, complaints } = await openChat(context, proxy.url);
    await write(page, "what time is it?");
    expect(await waitForAnswer(page, 1)).not.toBe("");
    expect(await context.cookies()).toEqual([]);
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain("eyJ");

    await page.reload();
    await page.locator(".answer").first().waitFor();
    expect(complaints).toEqual([]);

    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("You are logged out of Access").waitFor();
    await page.goto(proxy.url);
    await page.getByText("Log in at Access").waitFor();
    await context.close();
  });

  it("says who may not come in, and still takes the owner's token", async () => {
    visitor = { email: "eve@example.org" };
    const { context } = await openProfile(browser);
    const page = await context.newPage();
    await page.goto(proxy.url);
    await page.getByText("knows you as eve@example.org").waitFor();
    await page.getByLabel("Token").fill(TOKEN);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.locator("#message").waitFor();
    await context.close();
  });
});

it("ends the socket when the session of Access ends", async () => {
  expect(await brief).toMatchObject({ code: 4001, reason: expect.stringContaining("Cloudflare Access") });
}, 60_000);
