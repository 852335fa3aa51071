// Hostile text in every place of the running page that shows what others wrote, and in what can be downloaded. The
// policy of the server is on, and is not to be needed: what it had to stop counts as harm too.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayClient } from "../../src/client/gateway-client.ts";
import { launchBrowser, openProfile } from "../support/browser.ts";
import { makeConnect, makeDevice } from "../support/device.ts";
import { type HarmWatch, watchForHarm } from "../support/harm.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { type Operator, openOperator } from "../support/operator.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";
import { openChat } from "../support/webchat.ts";
import { CORPUS } from "../web/hostile/corpus.ts";
import { NAMES } from "../web/hostile/names.ts";
import { TOOL_RESULTS } from "../web/hostile/tool-results.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const ALL = Object.values(CORPUS).map((texts: readonly string[]) => texts.join("\n\n"));
const home = mkdtempSync(join(tmpdir(), "skerry-hostile-"));
let model: ModelServer;
let skerry: Skerry;
let browser: Browser;
let context: BrowserContext;
let watch: HarmWatch;
let page: Page;
let operator: Operator;

beforeAll(async () => {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], { stdio: "inherit" });
  model = await ModelServer.start();
  const env = { ANTHROPIC_API_KEY: "key", ANTHROPIC_BASE_URL: model.url };
  [skerry, browser] = await Promise.all([startSkerry({ env, workingDir: home }), launchBrowser()]);
  operator = await openOperator(skerry);
  const profile = await openProfile(browser, { acceptDownloads: true });
  context = profile.context;
  watch = await watchForHarm(context, profile.outside);
  ({ page } = await openChat(context, skerry.loginLink));
});
afterAll(async () => {
  operator?.close();
  await browser?.close();
  await skerry?.stop();
  await model?.stop();
  rmSync(home, { recursive: true, force: true });
});

const keyOf = (name: string) => `agent:main:${name}`;

/** Opens a place of the page as by an address typed anew. */
async function open(place: string, wanted: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`${skerry.url}/#/${place}`);
  await page.locator(wanted).first().waitFor();
}

async function expectNoHarm(): Promise<void> {
  // Handlers of pictures, focus and animation come a moment later.
  await page.waitForTimeout(150);
  expect(await watch.find(page)).toEqual([]);
}

async function say(name: string, text: string): Promise<void> {
  await operator.ended(keyOf(name), await operator.send(keyOf(name), text));
}

describe("the talk", () => {
  it("shows what a person said and what the model answered and thought as text", async () => {
    const answers = [...ALL];
    model.handler = () => {
      const said = answers.shift() ?? "";
      return { say: said, think: said };
    };
    for (const text of ALL) await say("talk", text);
    await operator.client.request("sessions.patch", { key: keyOf("talk"), label: null });
    await open("chat/agent:main:talk", ".answer sk-markdown > div");
    expect(await page.locator(".said-text").count()).toBe(ALL.length);
    for (const thought of await page.locator(".thought > summary").all()) await thought.click();
    expect(await page.locator(".said-text").first().textContent()).toBe(ALL[0]?.trim());
    await expectNoHarm();
  });

  it("streams an answer into the open page as text", async () => {
    model.handler = () => ({ say: CORPUS.elements.slice(0, 40).join("\n\n"), rate: 400 });
    await open("chat/agent:main:stream", "#message");
    await page.locator("#message").fill("go on");
    await page.locator("#message").press("Enter");
    await page.locator(".turn-foot").waitFor({ timeout: 30_000 });
    await expectNoHarm();
  });

  it("shows calls of tools, with their arguments and results, as text", async () => {
    const texts = [...TOOL_RESULTS.slice(0, 12), ...NAMES.slice(0, 12)];
    let round = 0;
    model.handler = () => {
      const text = texts[round++];
      if (text === undefined) return { say: "Done." };
      const tools = [
        { tool: "exec", args: { command: `echo ${JSON.stringify(text)}`, "<img src=x onerror=ran()>": text } },
        { tool: "read", args: { path: text } },
        { tool: "<svg onload=ran()>", args: { html: text, nested: { [text]: [text] } } },
      ];
      const next = tools[round % tools.length];
      return next && { ...next, calls: texts.length + 1 };
    };
    await say("tools", "use every tool");
    expect(round).toBeGreaterThan(texts.length);
    await open("chat/agent:main:tools", ".call");
    for (const call of await page.locator(".call > summary").all()) await call.click();
    expect(await page.locator(".call-text").count()).toBeGreaterThan(10);
    await expectNoHarm();
  });

  it("shows what a provider's error says as text", async () => {
    for (const [at, text] of NAMES.slice(0, 3).entries()) {
      model.handler = () => ({ fault: 400, message: text });
      await say(`error-${at}`, "fail, please");
      await open(`chat/${keyOf(`error-${at}`)}`, ".note, .said-state");
      await expectNoHarm();
    }
    model.handler = undefined;
  });

  it("repeats hostile commands, searches and addresses as text", async () => {
    await open("chat/agent:main:commands", "#message");
    for (const command of ["/model", "/queue", "/", "/think"]) {
      for (const text of NAMES.slice(0, 2)) await say("commands", `${command} ${text}`);
    }
    await page.locator(".note").first().waitFor();
    await expectNoHarm();
    await open("chat/agent:main:talk", ".said-text");
    await page.getByRole("button", { name: "Search this session" }).click();
    for (const text of ["<img src=x onerror=ran()>", ...NAMES.slice(1, 12)]) {
      await page.locator("#search").fill(text);
      await page.waitForTimeout(180);
    }
    await expectNoHarm();
    for (const text of NAMES) {
      for (const place of ["chat", "control/sessions", "control/files"]) {
        await page.evaluate(
          (hash) => {
            location.hash = hash;
          },
          `#/${place}/${encodeURIComponent(text)}`,
        );
        await page.waitForTimeout(20);
      }
    }
    await page.locator("sk-control h1").waitFor();
    await expectNoHarm();
  });
});

describe("names from outside", () => {
  it("of sessions are text in the list, the room, the questions and the title", async () => {
    for (const [at, label] of NAMES.entries()) {
      await operator.client.request("sessions.create", { key: keyOf(`name-${at}`), label });
    }
    await open("chat/agent:main:name-0", ".side-item");
    await expectNoHarm();
    expect(await page.title()).toContain(NAMES[0]);
    await page.locator(".side-item.is-open").hover();
    await page.locator(".side-item.is-open .side-remove").click();
    await expectNoHarm();
    await open("control/sessions", ".session-row");
    expect(await page.locator(".session-row").count()).toBeGreaterThanOrEqual(NAMES.length);
    await expectNoHarm();
    await open("control/sessions/agent:main:name-1", "#session-label");
    await page.getByRole("button", { name: "Rename" }).click();
    await page.locator(".toast").waitFor();
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByRole("dialog").waitFor();
    await expectNoHarm();
  });

  it("of devices and programs are text among devices, in health and in the log", async () => {
    for (const [at, name] of NAMES.slice(0, 8).entries()) {
      const device = await makeDevice();
      const about = { id: name, displayName: name, version: name, platform: name, mode: "test" };
      const scopes = ["operator.read", `operator.write`, name];
      const client = new GatewayClient({
        url: `${skerry.url.replace("http", "ws")}/ws`,
        client: about,
        scopes,
        isLasting: false,
        ...(at % 2 === 0 ? { auth: { token: skerry.token } } : {}),
        async device(nonce) {
          const auth = at % 2 === 0 ? { auth: { token: skerry.token } } : {};
          const connect = makeConnect({ client: about, scopes, caps: ["delta-text", "tool-events"], ...auth });
          const { device: signed } = await device.sign(connect, nonce);
          if (!signed) throw new Error("nothing signed");
          return signed;
        },
      });
      await client.connect().catch(() => undefined);
      client.close();
    }
    await open("control/devices", ".row-title");
    await expect.poll(() => page.getByRole("button", { name: /^Approve/ }).count()).toBeGreaterThan(0);
    await expectNoHarm();
    await page
      .getByRole("button", { name: /^Reject/ })
      .first()
      .click();
    await page.locator(".toast").first().waitFor();
    await expectNoHarm();
    await open("control/health", ".log-line");
    expect(await page.locator("sk-health-room").innerText()).toContain("onerror=ran()");
    await page.getByLabel("Find in the log").fill("<img src=x onerror=ran()>");
    await expectNoHarm();
  });

  it("of agents, models, skills and settings are text in their rooms", async () => {
    const entries = Object.fromEntries(
      NAMES.filter((name) => !["__proto__", "constructor"].includes(name)).map((name) => [name, { enabled: false }]),
    );
    await operator.client.request("config.patch", {
      patch: {
        agents: { defaults: { tools: { deny: NAMES } }, entries: { main: { name: NAMES[0] }, other: { name: NAMES[1] } } },
        models: { providers: { odd: { baseUrl: model.url, models: NAMES.map((name) => ({ id: name, name })) } } },
        skills: { entries },
      },
    });
    for (const [at, name] of NAMES.slice(0, 8).entries()) {
      const content = `---\nname: ${JSON.stringify(name)}\ndescription: ${JSON.stringify(name)}\nhomepage: "javascript:ran()"\n---\n\n${name}\n`;
      await operator.client.request("agents.files.set", { name: `skills/odd-${at}/SKILL.md`, content });
    }
    await operator.client
      .request("agents.files.set", { name: "notes/<img src=x onerror=ran()>.md", content: ALL.join("\n") })
      .catch(() => undefined);
    for (const room of ["models", "skills", "settings", "files", "files/skills/odd-0/SKILL.md", "usage"]) {
      await open(`control/${room}`, "sk-control h1");
      await page.waitForTimeout(600);
      await page.evaluate(() => {
        for (const fold of document.querySelectorAll("details")) fold.open = true;
      });
      await expectNoHarm();
    }
    await expect(operator.client.request("config.patch", { patch: { "<img src=x onerror=ran()>": 1 } })).rejects.toThrow();
    await operator.client.request("config.set", { raw: "{}" });
  });

  it("of files are text before and after they are sent", async () => {
    model.handler = () => ({ say: "Seen." });
    await open("chat/agent:main:files", "#message");
    const files = NAMES.slice(0, 8).map((name) => ({
      name: name.replaceAll("/", "\u2215"),
      mimeType: "text/html",
      buffer: Buffer.from(`<script>ran()</script>${name}`),
    }));
    await page.locator("#files").setInputFiles(files);
    await expect.poll(() => page.locator(".tray-item.is-ready").count(), { timeout: 10_000 }).toBe(files.length);
    await expectNoHarm();
    await page.locator("#message").fill("files");
    await page.locator("#message").press("Enter");
    await page.locator(".turn-foot").waitFor({ timeout: 30_000 });
    expect(await page.locator("a.file").count()).toBe(files.length);
    await expectNoHarm();
  });
});

describe("what can be downloaded", () => {
  const ACTIVE = {
    "x.svg": "<svg xmlns='http://www.w3.org/2000/svg' onload='ran()'><script>ran()</script></svg>",
    "x.html": "<!doctype html><html><body><script>ran(); parent.ran()</script><img src=https://evil.example/p></body></html>",
    "x.xml": "<?xml version='1.0'?><x:script xmlns:x='http://www.w3.org/1999/xhtml'>ran()</x:script>",
    "x.xhtml": "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><script>ran()</script></html>",
    "x.mht": "MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<script>ran()</script>",
    "x.pdf": "%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
    "x.gif": "GIF89a/*<svg/onload=ran()>*/=1;<script>ran()</script>",
    "x.js": "ran()",
  };

  it.each(Object.entries(ACTIVE))("is never active in place: %s", async (name, content) => {
    const stored = await fetch(`${skerry.url}/media`, {
      method: "POST",
      headers: { authorization: `Bearer ${skerry.token}`, "x-file-name": encodeURIComponent(name), "content-type": "text/html" },
      body: content,
    });
    const { url } = (await stored.json()) as { url: string };
    const answer = await fetch(`${skerry.url}${url}`);
    const { headers } = answer;
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    const isShown = headers.get("content-disposition")?.startsWith("inline");
    if (isShown) expect(headers.get("content-type")).toMatch(/^(text\/plain|image\/(png|jpeg|gif|webp))/);
    else expect(headers.get("content-disposition")).toMatch(/^attachment/);
    await answer.body?.cancel();

    // Seen in a profile of its own: going there is no harm, running is.
    const { context: other, outside } = await openProfile(browser, { storageState: await context.storageState() });
    await other.addInitScript("globalThis.ranCount = 0; globalThis.ran = globalThis.alert = () => { globalThis.ranCount++; };");
    const tab = await other.newPage();
    await tab.goto(`${skerry.url}${url}`).catch((error: Error) => {
      if (isShown) throw error;
    });
    expect(await tab.evaluate("globalThis.ranCount ?? 0")).toBe(0);
    expect(outside).toEqual([]);
    await other.close();
    // Not even as a script of our own page, whose policy allows scripts of our own.
    await open("chat/agent:main:files", "#message");
    const outcome = await page.evaluate(async (address) => {
      const script = document.createElement("link");
      script.rel = "modulepreload";
      script.href = address;
      const ended = new Promise((done) => {
        script.addEventListener("load", () => done("loaded"));
        script.addEventListener("error", () => done("refused"));
      });
      document.head.append(script);
      const said = await ended;
      script.remove();
      return said;
    }, url);
    expect(outcome).toBe("refused");
    expect(await page.evaluate("ranCount")).toBe(0);
  });

  it("of a session is a file with a plain name, and text when it is read back", async () => {
    await operator.client.request("sessions.patch", { key: keyOf("talk"), label: NAMES[1] });
    await open("control/sessions/agent:main:talk", ".sheet-tools");
    for (const form of ["Markdown", "JSON"]) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: `Export ${form}` }).click(),
      ]);
      expect(download.suggestedFilename()).toMatch(/^[\p{L}\p{N}-]+\.(md|json)$/u);
      const text = readFileSync(await download.path(), "utf8");
      expect(text).toContain("<img src=x onerror=ran()>");
      if (form === "JSON") expect(JSON.parse(text)).toMatchObject({ format: "skerry-transcript", title: NAMES[1] });
      model.handler = () => ({ say: text.slice(0, 60_000) });
      await say(`exported-${form}`, "read it back");
      await open(`chat/${keyOf(`exported-${form}`)}`, ".answer sk-markdown > div");
      await expectNoHarm();
      await open("control/sessions/agent:main:talk", ".sheet-tools");
    }
  });
});

describe("the watch over all of this", () => {
  it("sees a handler, a frame, a script, a request to elsewhere and a dialog", async () => {
    const { context: other, outside } = await openProfile(browser);
    const trap = await watchForHarm(other, outside);
    const ours = await other.newPage();
    await ours.goto(skerry.url);
    await ours.getByLabel("Token").waitFor();
    expect(await trap.find(ours)).toEqual([]);
    await ours.evaluate(() => document.body.append(document.createElement("iframe")));
    await ours.evaluate(() => {
      const picture = new Image();
      picture.src = "https://evil.example/held-back.png";
      document.body.append(picture);
    });
    await expect.poll(async () => (await trap.find(ours)).join("\n")).toMatch(/policy: img-src[\s\S]*<iframe/);
    const bare = await other.newPage();
    await bare.goto("about:blank");
    await bare.evaluate(() => {
      const add = (tag: string, attributes: Record<string, string>) => {
        const made = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
        document.body.append(made);
      };
      add("p", { onclick: "ran()" });
      add("a", { href: "javascript:ran()" });
      add("img", { src: "https://evil.example/p.png", onerror: "ran()" });
    });
    await bare.evaluate("void setTimeout(() => confirm('x'))");
    const signs = ["onclick", "javascript:", "evil.example/p.png", "a script ran", "dialog: x"];
    const missing = async () => {
      const found = (await trap.find(bare)).join("\n");
      return signs.filter((sign) => !found.includes(sign));
    };
    await expect.poll(missing).toEqual([]);
    await other.close();
  });
});
