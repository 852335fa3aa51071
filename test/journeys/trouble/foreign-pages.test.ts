// Pages of others in the owner's own browser, cookie and all: on another port of this machine (the same site to a browser, so
// the cookie goes along), under another name, under a name that begins like ours, and without an origin. Whatever they try
// is refused, nothing changes, and they learn nothing.
import type { Browser, BrowserContext, Page, Request } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../support/browser.ts";
import { ForeignPage } from "../../support/foreign-page.ts";
import { type Operator, openOperator } from "../../support/operator.ts";
import { mintLink, openVisit, startTaughtModel, type TaughtModel, type Visit } from "../../support/visit.ts";
import { openChat, openSession, waitForAnswer, write } from "../../support/webchat.ts";

/** Everything that takes a POST, and what it would take. */
const TARGETS: [path: string, body: string][] = [
  ["/auth/login", '{"token":"guessed-by-somebody"}'],
  ["/auth/logout", "{}"],
  ["/auth/link", "{}"],
  ["/auth/shutdown", "{}"],
  ["/media", "a file of somebody else"],
  ["/v1/chat/completions", '{"model":"skerry","messages":[{"role":"user","content":"planted"}]}'],
  ["/v1/responses", '{"model":"skerry","input":"planted"}'],
  ["/ws", "{}"],
  ["/", "{}"],
];
const PLACES = ["another port", "another name", "a name that begins like ours", "no origin"] as const;
type Place = (typeof PLACES)[number];

let visit: Visit;
let teach: TaughtModel["teach"];
let operator: Operator;
let foreign: ForeignPage;
let browser: Browser;
let context: BrowserContext;
let own: Page;
/** What Skerry answered to foreign pages: path and status. */
let answered: { method: string; path: string; status: number }[] = [];

beforeAll(async () => {
  const taught = await startTaughtModel();
  ({ teach } = taught);
  visit = await openVisit({ model: taught.model });
  operator = await openOperator(visit.skerry);
  foreign = await ForeignPage.start();
  browser = await launchBrowser({ ownNames: "*.test" });
  context = await browser.newContext();
  ({ page: own } = await openChat(context, await mintLink(visit.skerry)));
  await openSession(own, "mine");
  await write(own, teach("my own words", { say: "Yours." }));
  await waitForAnswer(own, 1);
});
afterAll(async () => {
  operator?.close();
  await browser?.close();
  await foreign?.stop();
  await visit?.close();
});

/** Where a foreign page's scripts run. */
async function openForeign(place: Place): Promise<{ run: Page["evaluate"]; page: Page }> {
  const names = { "another name": "evil.test", "a name that begins like ours": "127.0.0.1.evil.test" } as const;
  const host = place in names ? names[place as keyof typeof names] : "127.0.0.1";
  const page = await context.newPage();
  page.on("response", (response) => {
    const url = new URL(response.url());
    if (url.host !== new URL(visit.skerry.url).host) return;
    answered.push({ method: response.request().method(), path: url.pathname, status: response.status() });
  });
  await page.goto(`http://${host}:${foreign.port}/`);
  if (place !== "no origin") return { run: page.evaluate.bind(page), page };
  const boxed = page.waitForEvent("frameattached");
  await page.evaluate(() => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts allow-forms");
    frame.srcdoc = "<body></body>";
    document.body.append(frame);
  });
  const frame = await boxed;
  await frame.waitForLoadState();
  expect(await frame.evaluate(() => self.origin)).toBe("null");
  return { run: frame.evaluate.bind(frame) as Page["evaluate"], page };
}

/** Everything that a stranger could change, in one comparable piece. */
async function readHouse() {
  const { sessions } = await operator.client.request<{ sessions: { key: string; messageCount?: number }[] }>("sessions.list", {});
  const { hash } = await operator.client.request<{ hash: string }>("config.get", {});
  const { messages } = await operator.history("agent:main:mine");
  return { keys: sessions.map(({ key, messageCount }) => `${key} ${messageCount}`), hash, texts: messages.length };
}

/** Whether the owner's own page is still logged in and connected. */
async function expectUnharmed(before: Awaited<ReturnType<typeof readHouse>>): Promise<void> {
  expect(await readHouse()).toEqual(before);
  expect(await own.evaluate(async () => (await fetch("/auth/me")).status)).toBe(200);
  expect(await own.locator(".link-state").first().innerText()).toContain("Connected");
}

describe.each(PLACES)("a page under %s", (place) => {
  it("opens no socket", async () => {
    const { run, page } = await openForeign(place);
    const outcomes = await run(
      (url) =>
        Promise.all(
          ["/ws", "/"].map(
            (path) =>
              new Promise<string>((done) => {
                const socket = new WebSocket(url.replace("http", "ws") + path);
                socket.onmessage = () => done("message");
                socket.onclose = () => done("closed");
              }),
          ),
        ),
      visit.skerry.url,
    );
    expect(outcomes).toEqual(["closed", "closed"]);
    await page.close();
  });

  it("changes nothing by fetch, with the cookie and in every manner that needs no leave", async () => {
    const before = await readHouse();
    const { run, page } = await openForeign(place);
    answered = [];
    const read = await run(
      async ({ url, targets }) => {
        const seen: string[] = [];
        for (const [path, body] of targets) {
          for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json"]) {
            for (const mode of ["no-cors", "cors"] as const) {
              const headers = { "content-type": type };
              const answer = await fetch(url + path, { method: "POST", mode, credentials: "include", headers, body }).catch(
                () => undefined,
              );
              const text = (await answer?.text().catch(() => "")) ?? "";
              if (text !== "") seen.push(`${path}: ${text}`);
            }
          }
          navigator.sendBeacon?.(url + path, body);
        }
        return seen;
      },
      { url: visit.skerry.url, targets: TARGETS },
    );
    expect(read).toEqual([]);
    await expect.poll(() => answered.length).toBeGreaterThanOrEqual(TARGETS.length * 3);
    expect(answered.filter(({ status }) => status !== 403)).toEqual([]);
    await page.close();
    await expectUnharmed(before);
  });

  it("changes nothing by forms of any kind", async () => {
    const before = await readHouse();
    const { run, page } = await openForeign(place);
    answered = [];
    await run(
      async ({ url, targets }) => {
        const kinds = ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"];
        for (const [path, body] of targets) {
          for (const kind of kinds) {
            const frame = document.createElement("iframe");
            frame.name = `${path} ${kind}`;
            const form = document.createElement("form");
            Object.assign(form, { action: url + path, method: "post", enctype: kind, target: frame.name });
            const field = document.createElement("input");
            Object.assign(field, { name: body, value: "" });
            form.append(field);
            document.body.append(frame, form);
            const done = new Promise((resolve) => {
              frame.addEventListener("load", resolve, { once: true });
              setTimeout(resolve, 2_000);
            });
            form.submit();
            await done;
          }
        }
      },
      { url: visit.skerry.url, targets: TARGETS },
    );
    await expect.poll(() => answered.filter(({ method }) => method === "POST").length).toBe(TARGETS.length * 3);
    expect(answered.filter(({ method, status }) => method === "POST" && status !== 403)).toEqual([]);
    await page.close();
    await expectUnharmed(before);
  });

  it("learns nothing by asking, and cannot frame the page", async () => {
    const stored = await own.evaluate(async () => {
      const answer = await fetch("/media", { method: "POST", headers: { "x-file-name": "note.txt" }, body: "a private note" });
      return ((await answer.json()) as { key: string }).key;
    });
    const { run, page } = await openForeign(place);
    answered = [];
    const paths = ["/auth/me", "/v1/models", `/${stored}`];
    const read = await run(
      async ({ url, paths }) => {
        const seen: string[] = [];
        for (const path of paths) {
          const answer = await fetch(url + path, { credentials: "include" }).catch(() => undefined);
          if (answer) seen.push(path);
          const picture = new Image();
          const isShown = await new Promise<boolean>((done) => {
            picture.onload = () => done(true);
            picture.onerror = () => done(false);
            picture.src = url + path;
          });
          if (isShown) seen.push(`${path} as a picture`);
        }
        const frame = document.createElement("iframe");
        frame.src = `${url}/`;
        document.body.append(frame);
        await new Promise((done) => {
          frame.addEventListener("load", done, { once: true });
          setTimeout(done, 2_000);
        });
        return seen;
      },
      { url: visit.skerry.url, paths },
    );
    expect(read).toEqual([]);
    for (const { path, status } of answered) if (path !== "/") expect([401, 403]).toContain(status);
    const framed = page.frames().filter((frame) => frame.url().startsWith(visit.skerry.url));
    const shown = await Promise.all(framed.map((frame) => frame.locator("sk-app").count()));
    expect(shown.filter((count) => count > 0)).toEqual([]);
    await page.close();
  });
});

describe("a page that opens ours", () => {
  it("has no hold on it, and ours none on the other", async () => {
    const { page } = await openForeign("another port");
    const opened = context.waitForEvent("page");
    await page.evaluate((url) => {
      Object.assign(window, { held: window.open(url) });
    }, visit.skerry.url);
    const ours = await opened;
    await ours.locator("#message").waitFor();
    expect(await ours.evaluate(() => window.opener === null)).toBe(true);
    expect(await page.evaluate(() => (window as Window & { held?: Window }).held?.closed)).toBe(true);
    await ours.close();
    await page.close();
  });

  it("that was opened from an answer knows neither who opened it nor from where", async () => {
    await openSession(own, "links");
    const address = `http://127.0.0.1:${foreign.port}/from-an-answer`;
    await write(own, teach("give me a link", { say: `See [the harbour](${address}) and ${address}.` }));
    await waitForAnswer(own, 1);
    foreign.seen.length = 0;
    for (const at of [0, 1]) {
      const opened = context.waitForEvent("page");
      await own.locator(".answer a").nth(at).click();
      const other = await opened;
      await other.waitForLoadState();
      expect(await other.evaluate(() => [window.opener === null, document.referrer])).toEqual([true, ""]);
      await other.close();
    }
    expect(foreign.seen.filter(({ url }) => url === "/from-an-answer").map(({ referer }) => referer)).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe("proofs", () => {
  it("stand in no address, in no Referer and in nothing that the page keeps", async () => {
    const noted: Promise<{ url: string; referer: string | undefined }>[] = [];
    const stranger = await browser.newContext();
    const note = (request: Request) => noted.push(request.allHeaders().then(({ referer }) => ({ url: request.url(), referer })));
    stranger.on("request", note);
    const link = await mintLink(visit.skerry);
    const code = link.split("#code=")[1] ?? "";
    const { page } = await openChat(stranger, link);
    await page.reload();
    await page.locator("#message").waitFor();
    const [cookie] = await stranger.cookies();
    const secrets = [code, cookie?.value ?? "", visit.skerry.token];
    const kept = await page.evaluate(() =>
      JSON.stringify([location.href, localStorage, sessionStorage, history.state, document.cookie]),
    );
    stranger.off("request", note);
    const asked = await Promise.all(noted);
    expect(asked.length).toBeGreaterThan(10);
    const told = JSON.stringify(asked.filter(({ url }) => !url.includes("#code=")));
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(10);
      expect(kept).not.toContain(secret);
      expect(told).not.toContain(secret);
    }
    expect(asked.filter(({ referer }) => referer)).toEqual([]);
    await stranger.close();
  });

  it("are not locked by what foreign pages guess", async () => {
    const { run, page } = await openForeign("another port");
    await run(async (url) => {
      for (let guess = 0; guess < 15; guess++) {
        await fetch(`${url}/auth/login`, { method: "POST", mode: "no-cors", body: `{"token":"guess-${guess}"}` }).catch(
          () => undefined,
        );
      }
    }, visit.skerry.url);
    await page.close();
    const answer = await fetch(`${visit.skerry.url}/auth/login`, {
      method: "POST",
      headers: { origin: visit.skerry.url, "content-type": "application/json" },
      body: JSON.stringify({ token: visit.skerry.token }),
    });
    expect(answer.status).toBe(200);
  });
});

describe("an origin", () => {
  const knock = async (origin: string) =>
    (await fetch(`${visit.skerry.url}/auth/logout`, { method: "POST", headers: { origin } })).status;

  it("that only looks like ours is another one", async () => {
    const { port } = visit.skerry;
    const origins = [
      `http://127.0.0.1.evil.test:${port}`,
      `http://127.0.0.1:${port}.evil.test`,
      `http://127.0.0.1:${port}0`,
      `https://127.0.0.1:${port}`,
      "http://127.0.0.1",
      `http://localhost:${port}`,
      `http://127.0.0.1:${port}@evil.test`,
      `http://127.0.0.1:${port}/`,
      `HTTP://127.0.0.1:${port}`,
      ` http://evil.test http://127.0.0.1:${port}`,
      "null",
      "file://",
    ];
    for (const origin of origins) expect(await knock(origin), origin).toBe(403);
    expect(await knock(`http://127.0.0.1:${port}`)).toBe(200);
  });

  it("that is missing makes the cookie worth nothing", async () => {
    const headers = { cookie: await cookieOf() };
    const statuses = await Promise.all(
      ["/auth/link", "/auth/logout", "/media", "/v1/responses"].map(
        async (path) => (await fetch(visit.skerry.url + path, { method: "POST", headers, body: "{}" })).status,
      ),
    );
    expect(statuses).toEqual([401, 403, 401, 401]);
    expect(await own.evaluate(async () => (await fetch("/auth/me")).status)).toBe(200);
  });

  it("that the settings allow gets in with the cookie alone: nothing but the origin kept it out", async () => {
    const origin = `http://127.0.0.1:${foreign.port}`;
    await operator.client.request("config.patch", {
      patch: { gateway: { controlUi: { allowedOrigins: [origin, "file:///"] } } },
    });
    const connect = (place: Place) => openForeign(place).then(({ run }) => run(sayHello, visit.skerry.url));
    expect(await connect("another port")).toContain('"ok":true');
    // A cookie knows no ports: the other program was even told it (docs/security.md).
    expect(foreign.seen.some(({ cookie }) => cookie?.includes("skerry_login="))).toBe(true);
    expect(await connect("another name")).toBe("closed");
    expect(await connect("no origin")).toBe("closed");
  });
});

async function cookieOf(): Promise<string> {
  const [cookie] = await context.cookies(visit.skerry.url);
  return `${cookie?.name}=${cookie?.value}`;
}

/** Runs in a page: connects as the page of Skerry does, with whatever the browser sends along. */
function sayHello(address: string): Promise<string> {
  return new Promise((done) => {
    const socket = new WebSocket(`${address.replace("http", "ws")}/ws`);
    const client = { id: "foreign", version: "1", platform: "web", mode: "webchat" };
    const params = { minProtocol: 4, maxProtocol: 4, client, role: "operator", scopes: ["operator.read"], caps: [] };
    socket.onmessage = ({ data }) => {
      if (JSON.parse(String(data)).event === "connect.challenge") {
        socket.send(JSON.stringify({ type: "req", id: "1", method: "connect", params }));
      } else done(String(data));
    };
    socket.onclose = () => done("closed");
  });
}
