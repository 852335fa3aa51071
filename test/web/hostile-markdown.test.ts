// Hostile Markdown in a real browser, without any policy of the server's to lean on: whole, and growing letter by letter.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openProfile } from "../support/browser.ts";
import { BOMBS, CODE_BOMBS } from "./hostile/bombs.ts";
import { CORPUS, HOSTILE } from "./hostile/corpus.ts";
import { HONEST, SPOOFS } from "./hostile/links.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const ENTRY = `
import { marked } from "marked";
import "./src/web/components/chat/markdown.ts";
globalThis.show = async (pieces) => {
  document.body.replaceChildren();
  const shown = document.createElement("sk-markdown");
  document.body.append(shown);
  let text = "";
  for (const [at, piece] of pieces.entries()) {
    text += piece;
    shown.text = text;
    shown.isLive = at < pieces.length - 1;
    await shown.updateComplete;
  }
  while (shown.classList.contains("md-plain")) await new Promise((done) => requestAnimationFrame(done));
  for (const element of shown.querySelectorAll("*")) {
    for (const type of ["mouseover", "focus", "error", "load", "toggle"]) element.dispatchEvent(new Event(type));
    if (!element.closest("a")) element.click?.();
  }
  await new Promise((done) => setTimeout(done, 5));
  return listElements();
};
const listElements = () => [...document.querySelectorAll("sk-markdown *")].map((element) => ({
    tag: element.localName,
    attributes: Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value])),
  }));
/** How long a text holds up the page: from giving it to the next frame, colours included. */
globalThis.time = async (text) => {
  document.body.replaceChildren();
  const shown = document.createElement("sk-markdown");
  await new Promise((done) => requestAnimationFrame(done));
  const startedAt = performance.now();
  document.body.append(shown);
  shown.text = text;
  await shown.updateComplete;
  do await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  while (shown.classList.contains("md-plain"));
  const tookMs = performance.now() - startedAt;
  const isThere = shown.textContent.length > 0;
  document.body.replaceChildren();
  return { tookMs, isThere };
};
/** Which of the texts run in a page without any care, each in a frame of its own. */
globalThis.showRaw = async (texts) => {
  const ran = new Set();
  globalThis.note = (at) => ran.add(at);
  const frames = texts.map((_text, at) => {
    const frame = document.createElement("iframe");
    frame.srcdoc = "<!doctype html><script>globalThis.ran = globalThis.alert = () => parent.note(" + at + ")</script><body>";
    return frame;
  });
  const isLoaded = Promise.all(frames.map((frame) => new Promise((done) => frame.addEventListener("load", done, { once: true }))));
  document.body.replaceChildren(...frames);
  await isLoaded;
  for (const [at, frame] of frames.entries()) {
    const inner = frame.contentDocument;
    try { inner.body.innerHTML = marked.parse(texts[at]); } catch { inner.body.innerHTML = texts[at]; }
    for (const script of inner.querySelectorAll("script")) {
      const again = inner.createElement("script");
      again.text = script.text;
      script.replaceWith(again);
    }
    for (const element of inner.querySelectorAll("*")) {
      for (const type of ["mouseover", "focus", "pointerover", "toggle"]) element.dispatchEvent(new Event(type));
      if (element.protocol === "javascript:") element.click();
    }
  }
  await new Promise((done) => setTimeout(done, 400));
  document.body.replaceChildren();
  return ran.size;
};`;

const TAGS = new Set(
  "p br hr h3 h4 h5 h6 strong em b i del s u mark sub sup kbd code pre blockquote ul ol li table thead tbody tr th td a span img div figure figcaption button".split(
    " ",
  ),
);
const ATTRIBUTES = new Set(
  "href title class start align alt src dir target rel loading tabindex role aria-label type data-lang".split(" "),
);

let server: Server;
let browser: Browser;
let page: Page;
let outside: string[];
const asked: string[] = [];

beforeAll(async () => {
  const bundled = await build({
    stdin: { contents: ENTRY, resolveDir: ROOT, loader: "js" },
    bundle: true,
    format: "esm",
    write: false,
    absWorkingDir: ROOT,
    tsconfig: join(ROOT, "tsconfig.json"),
  });
  const script = bundled.outputFiles[0]?.text ?? "";
  server = createServer((request, response) => {
    const path = request.url ?? "/";
    asked.push(path);
    response.setHeader("content-type", path === "/x.js" ? "text/javascript" : "text/html; charset=utf-8");
    response.end(
      path === "/x.js" ? script : '<!doctype html><title>t</title><script type="module" src="/x.js"></script><body></body>',
    );
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  browser = await launchBrowser();
  const profile = await openProfile(browser);
  outside = profile.outside;
  page = await profile.context.newPage();
  await page.addInitScript(`globalThis.ranCount = 0; globalThis.ran = globalThis.alert = () => { globalThis.ranCount++; };`);
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("typeof show === 'function'");
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await new Promise((done) => server?.close(done));
});

interface Shown {
  tag: string;
  attributes: Record<string, string>;
}

async function show(pieces: string[]): Promise<Shown[]> {
  outside.length = 0;
  asked.length = 0;
  return page.evaluate<Shown[]>(`show(${JSON.stringify(pieces)})`);
}

async function expectHarmless(shown: Shown[]): Promise<void> {
  for (const { tag, attributes } of shown) {
    expect(TAGS, tag).toContain(tag);
    for (const name of Object.keys(attributes)) expect(ATTRIBUTES, `${tag} ${name}`).toContain(name);
    if (tag === "a" && attributes["href"] !== undefined) {
      expect(attributes["href"]).toMatch(/^(https?:\/\/|mailto:)/);
      expect(attributes).toMatchObject({ target: "_blank", rel: "noopener noreferrer" });
    }
    if (tag === "img")
      expect(attributes["src"]).toMatch(/^(\/media\/[0-9a-f]{64}(\?|$)|data:image\/(png|jpeg|gif|webp);base64,)/);
  }
  expect(await page.evaluate("ranCount")).toBe(0);
  expect(outside).toEqual([]);
  expect(asked.filter((path) => !["/", "/x.js", "/favicon.ico"].includes(path))).toEqual([]);
  expect(await page.evaluate("document.querySelectorAll('body > *').length")).toBe(1);
}

describe("hostile Markdown", () => {
  it("is a corpus of more than four hundred, none twice", () => {
    expect(new Set(HOSTILE).size).toBeGreaterThanOrEqual(400);
    const twice = Object.values(CORPUS).flatMap((texts: readonly string[]) =>
      texts.filter((text, at) => texts.indexOf(text) < at),
    );
    expect(twice).toEqual([]);
  });

  describe.each(Object.entries<readonly string[]>(CORPUS))("%s", (_kind, texts) => {
    it.each(texts.map((text) => [JSON.stringify(text).slice(0, 160), text] as const))("stays text: %s", async (_name, text) => {
      await expectHarmless(await show([text]));
    });
  });

  it("stays text while it grows letter by letter", { timeout: 120_000 }, async () => {
    for (const text of HOSTILE.filter((candidate) => candidate.length < 100)) {
      await expectHarmless(await show(["Before it.\n\n", ...text]));
    }
  });

  it("stays text when all of it comes together", async () => {
    await expectHarmless(await show([HOSTILE.join("\n\n")]));
    await expectHarmless(await show([HOSTILE.join(" ")]));
  });
});

describe("a text made to cost without end", () => {
  /** With room for a machine that does other things too. */
  const MOST_MS = 8_000;

  it.each(Object.entries({ ...BOMBS, ...CODE_BOMBS }))("is shown soon: %s", { timeout: 60_000 }, async (_name, text) => {
    const { tookMs, isThere } = await page.evaluate<{ tookMs: number; isThere: boolean }>(`time(${JSON.stringify(text)})`);
    expect(isThere).toBe(true);
    expect(tookMs).toBeLessThan(MOST_MS);
  });
});

describe("a link", () => {
  const shownHosts = () => page.locator(".link-host").allTextContents();

  it.each(SPOOFS)("that misleads says where it leads: %j", async (text, host) => {
    const shown = await show([text]);
    expect(await shownHosts()).toEqual([` (${host})`]);
    // Behind the text on the screen too, whichever way the text turns.
    const ends = await page.locator(".link-host").evaluate((shownHost) => {
      const words = shownHost.previousElementSibling;
      return [words?.getBoundingClientRect().right ?? Number.NaN, shownHost.getBoundingClientRect().right];
    });
    expect(ends[1]).toBeGreaterThan(ends[0] ?? Number.NaN);
    const link = shown.find(({ tag }) => tag === "a");
    expect(link?.attributes["title"]?.split("\n")[0]).toBe(link?.attributes["href"]);
  });

  it.each(HONEST)("that is honest is left as it is: %j", async (text) => {
    expect((await show([text])).filter(({ tag }) => tag === "a")).toHaveLength(1);
    expect(await shownHosts()).toEqual([]);
  });
});

describe("the watch over all of this", () => {
  it("sees scripts run where nobody cleans", { timeout: 120_000 }, async () => {
    const { context, outside: asked } = await openProfile(browser);
    const bare = await context.newPage();
    await bare.addInitScript(`globalThis.ranCount = 0; globalThis.ran = globalThis.alert = () => { globalThis.ranCount++; };`);
    await bare.goto(page.url());
    await bare.waitForFunction("typeof showRaw === 'function'");
    let count = 0;
    for (const kind of Object.values<readonly string[]>(CORPUS)) {
      const before = bare.url();
      for (let at = 0; at < kind.length; at += 20) {
        count += await bare.evaluate<number>(`showRaw(${JSON.stringify(kind.slice(at, at + 20))})`);
        if (bare.url() !== before) await bare.goto(before);
      }
    }
    await context.close();
    const places = new Set(asked).size;
    console.log(
      `Where nobody cleans, ${count} of ${HOSTILE.length} hostile texts run, and ${places} addresses elsewhere are asked for.`,
    );
    expect(count).toBeGreaterThanOrEqual(80);
    expect(places).toBeGreaterThanOrEqual(20);
  });
});

describe("harmless Markdown", () => {
  it("keeps what it says: links, code, tables, lists, a few bare tags", async () => {
    const text = [
      "[a](https://ok.example/x?y=1&z=2) <b>bold</b> H<sub>2</sub>O `x < y`",
      "| a | b |\n|---|--:|\n| 1 | 2 |",
      "3. three\n4. four",
      "- [x] done",
      "![a cat](https://ok.example/cat.png)",
      "mail me@ok.example",
      "```ts\nconst a = '<b>';\n```",
      "![chart](data:image/png;base64,iVBORw0KGgo=)",
    ].join("\n\n");
    const shown = await show([text]);
    const find = (tag: string) => shown.filter((element) => element.tag === tag).map((element) => element.attributes);
    expect(find("a").map((link) => link["href"])).toEqual([
      "https://ok.example/x?y=1&z=2",
      "https://ok.example/cat.png",
      "mailto:me@ok.example",
    ]);
    expect(find("ol")).toMatchObject([{ start: "3" }]);
    expect(find("td")[1]).toMatchObject({ align: "right" });
    expect(find("img")).toMatchObject([{ alt: "chart" }]);
    expect(find("sub")).toHaveLength(1);
    expect(await page.locator(".code-body").textContent()).toBe("const a = '<b>';");
    expect(await page.locator("p").first().textContent()).toBe("a bold H2O x < y");
  });

  it("renders only the last block again while it grows", async () => {
    await show(["one\n\ntwo\n\nth"]);
    const kept = await page.evaluate(async () => {
      const shown = document.querySelector("sk-markdown") as HTMLElement & {
        text: string;
        isLive: boolean;
        updateComplete: Promise<void>;
      };
      shown.isLive = true;
      await shown.updateComplete;
      const before = [...shown.querySelectorAll("p")];
      shown.text += "ree and more";
      await shown.updateComplete;
      const after = [...shown.querySelectorAll("p")];
      return after.map((paragraph, at) => paragraph === before[at]);
    });
    expect(kept).toEqual([true, true, false]);
  });

  it("colours finished code without changing a letter of it", async () => {
    await show(["```js\nconst tide = '<b>'; // low\n```"]);
    await page.waitForSelector("code.is-coloured");
    expect(await page.locator("code .hljs-keyword").first().textContent()).toBe("const");
    expect(await page.locator(".code-body").textContent()).toBe("const tide = '<b>'; // low");
  });
});
