// Everything that can be done on a page, in a real Chromium: mouse, keyboard, dialogs, frames, shadow trees, files, waiting.
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { BrowserInput } from "../../src/contract/home/browser.ts";
import { type HomeBrowser, openHomeBrowser } from "../support/browser-home.ts";
import { refOf } from "../support/browser-journey.ts";
import { INVOICE, type Pages, servePages } from "../support/browser-pages.ts";

// A real browser on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let pages: Pages;
let browser: HomeBrowser;
beforeAll(async () => {
  pages = await servePages();
  browser = openHomeBrowser({ allowedHosts: pages.hosts, files: { "a.txt": "aa", "b.txt": "bbb" } });
});
afterAll(async () => {
  await browser.close();
  await pages.close();
});

const act = (input: Omit<BrowserInput, "action">) => browser.act({ action: "act", ...input });
const show = async (input: Partial<BrowserInput> = {}) => (await browser.act({ action: "snapshot", ...input })).text;
const go = async (path: string) => (await browser.act({ action: "navigate", url: `${pages.origin}${path}` })).text;

describe("on a living page", () => {
  let text = "";
  beforeEach(async () => {
    text = await go("/live.html");
  });
  const ref = (words: string) => refOf(text, words);

  test("an alert is closed and told; a question is answered with no, or as was said before", async () => {
    expect((await act({ kind: "click", ref: ref('"Alert"') })).text).toContain('A dialog (alert) said "mind the gap"');
    const no = await act({ kind: "click", ref: ref('"Confirm"') });
    expect(no.text).toContain("it was dismissed. To accept it");
    expect(await show()).toContain("confirmed false");
    await browser.act({ action: "dialog", accept: true });
    await act({ kind: "click", ref: ref('"Confirm"') });
    expect(await show()).toContain("confirmed true");
    await browser.act({ action: "dialog", accept: true, text: "Ann" });
    await act({ kind: "click", ref: ref('"Prompt"') });
    expect(await show()).toContain("prompted Ann");
  });

  test("what only a script makes a button can be clicked; a double click is one", async () => {
    expect((await act({ kind: "click", ref: ref("Only a script") })).text).toContain("the div was clicked");
    expect((await act({ kind: "double", ref: ref('"Twice"') })).text).toContain("clicked twice");
  });

  test("hovering shows what only shows then", async () => {
    expect((await act({ kind: "hover", ref: ref('"Menu"') })).text).toContain("Hint shown");
  });

  test("dragging works by the page's own drag and drop, and by the mouse alone", async () => {
    const { text: own } = await browser.act({ action: "snapshot", selector: "#to" });
    expect((await act({ kind: "drag", selector: "#from", to: refOf(own, "clickable") })).text).toContain("dropped cargo");
    const { text: twice } = await browser.act({ action: "snapshot", selector: "#twice" });
    expect((await act({ kind: "drag", selector: "#knob", to: refOf(twice, '"Twice"') })).text).toMatch(/slid to/);
  });

  test("keys come as a keyboard's would", async () => {
    const keys = ref('textbox "Keys"');
    for (const [key, said] of [
      ["a", "a KeyA 65"],
      ["Control+B", "ctrl B KeyB 66"],
      ["Shift+Tab", "shift Tab Tab 9"],
      ["ArrowDown", "ArrowDown ArrowDown 40"],
      ["F5", "F5 F5 116"],
      ["é", "é"],
    ] as const) {
      expect((await act({ kind: "press", ref: keys, text: key })).text).toContain(said);
    }
    await expect(act({ kind: "press", text: "Strg+A" })).rejects.toThrow(/Strg is no key that can be held/);
    await expect(act({ kind: "press", text: "Hyper" })).rejects.toThrow(/no key that is known/);
  });

  test("an address that a script changes is told, and refs stay", async () => {
    const one = ref('link "One"');
    expect((await act({ kind: "click", ref: one })).text).toContain("/live/one");
    await act({ kind: "wait", text: "you are at One" });
    expect((await act({ kind: "click", ref: ref('link "Two"') })).text).toContain("/live/two");
    expect((await browser.act({ action: "back" })).text).toContain("/live/one");
  });

  test("words that come later are waited for, and so is what goes; what does not come is said", async () => {
    await act({ kind: "click", ref: ref('"Slow words"') });
    expect((await act({ kind: "wait", text: "here at last" })).text).toContain("It is so");
    await expect(act({ kind: "wait", text: "here at last", gone: true, seconds: 0.5 })).rejects.toThrow(/is still there/);
    await expect(act({ kind: "wait", text: "never", seconds: 0.3 })).rejects.toThrow(/did not come/);
    await expect(act({ kind: "wait", url: "/elsewhere", seconds: 0.3 })).rejects.toThrow(/did not come/);
  });

  test("a list that grows while one scrolls does so", async () => {
    expect(await show({ query: "entry 41" })).toContain("No line has these words");
    for (let round = 0; round < 3; round++) await act({ kind: "scroll", to: "bottom" });
    expect(await show({ query: "entry 41" })).toContain("entry 41");
    expect((await act({ kind: "scroll", to: "top" })).text).toMatch(/Scrolled to 0 of/);
  });

  test("what the page logs, where it fails and what it asks for can be read", async () => {
    await act({ kind: "click", ref: ref('"Fail"') });
    expect((await browser.act({ action: "errors" })).text).toContain("failed on purpose");
    expect((await browser.act({ action: "console" })).text).toContain("warning: about to fail");
    expect((await browser.act({ action: "requests" })).text).toMatch(/200 GET \S+live\.html \(Document\)/);
  });

  test("new tabs are told, found again, focused and closed", async () => {
    expect((await act({ kind: "click", ref: ref('"Popup"') })).text).toMatch(/opened a new tab: (t\d+)/);
    const popup = await vi.waitFor(async () => {
      const [, tab] = /(t\d+): .*popup/.exec((await browser.act({ action: "tabs" })).text) ?? [];
      expect(tab).toBeDefined();
      return tab ?? "";
    });
    expect((await browser.act({ action: "focus", tab: popup })).text).toContain(`${popup} (current)`);
    expect(await show()).toContain("Press me");
    await browser.act({ action: "close", tab: popup });
    await expect(browser.act({ action: "snapshot", tab: popup })).rejects.toThrow(/There is no tab/);
    expect(await show()).toContain("Only a script");
  });
});

test("frames of the same and of another origin, and shadow trees, are read and worked in", async () => {
  await go("/frames.html");
  const text = await show({ mode: "full" });
  expect(text).toContain("same");
  expect(text).toContain("other");
  const lines = text.split("\n");
  const at = (words: string) => lines.findIndex((line) => line.includes(words));
  for (const [place, said] of [
    ["Same place", "pressed there"],
    ["Other place", "pressed there"],
  ] as const) {
    const own = lines.slice(at(place)).join("\n");
    await act({ kind: "type", ref: refOf(own, 'textbox "Word"'), text: "there" });
    expect((await act({ kind: "click", ref: refOf(own, '"Press me"') })).text).toContain(said);
  }
  expect((await act({ kind: "click", ref: refOf(text, "In the shadow") })).text).toContain("shadow clicked");
  expect((await act({ kind: "click", ref: refOf(text, "Deep down") })).text).toContain("Deep clicked");
});

describe("files", () => {
  beforeAll(async () => {
    const login = await go("/login");
    await act({ kind: "type", ref: refOf(login, '"Name"'), text: "ann" });
    await act({ kind: "type", ref: refOf(login, '"Password"'), text: "tide-4711", submit: true });
  });

  test("go in through the button that would ask a person", async () => {
    const text = await go("/shop/files");
    const { text: said } = await act({ kind: "upload", ref: refOf(text, "Choose pictures"), values: ["a.txt", "b.txt"] });
    expect(said).toContain("Gave a.txt, b.txt");
    expect(await show()).toContain("a.txt text/csv 2; b.txt text/csv 3");
    await expect(act({ kind: "upload", ref: refOf(text, '"Cargo list"'), values: ["a.txt", "b.txt"] })).rejects.toThrow(
      /one file only/,
    );
    await expect(act({ kind: "upload", ref: refOf(text, '"Make a file"'), values: ["a.txt"] })).rejects.toThrow(/takes no files/);
  });

  test("come out by a link, by an address, and as a page makes them", async () => {
    const text = await go("/shop/files");
    const texts = (answer: { files: { name: string; bytes: Uint8Array }[] }) =>
      answer.files.map(({ name, bytes }) => `${name}: ${new TextDecoder().decode(bytes)}`);
    const made = await browser.act({ action: "download", ref: refOf(text, '"Make a file"') });
    expect(texts(made)).toEqual(["made.txt: made in the page\n"]);
    const named = await browser.act({ action: "download", ref: refOf(text, "Invoice as text") });
    expect(texts(named)[0]).toContain(INVOICE);
    const direct = await browser.act({ action: "download", url: `${pages.origin}/shop/invoice.csv` });
    expect(texts(direct)).toEqual([`invoice-1001.csv: ${INVOICE}`]);
    await expect(browser.act({ action: "download", ref: refOf(text, "A large file") })).rejects.toThrow(/larger than 20 MB/);
    expect(await show()).toContain("Files");
  });
});

test("scripts run only where the owner allows them; secrets of cookies are not shown", async () => {
  await go("/inner.html?x");
  await expect(browser.act({ action: "evaluate", text: "1+1" })).rejects.toThrow(/browser\.evaluate/);
  const policy = { allowedHosts: pages.hosts, allowedDomains: [], mayEvaluate: true };
  const run = async (text: string) => (await browser.act({ action: "evaluate", text }, { policy })).text;
  expect(await run("document.title")).toContain("Inner");
  expect(await run("async () => { localStorage.setItem('k', 'hidden words'); return [1, { two: 2 }] }")).toMatch(/"two": 2/);
  await expect(run("nothing.here")).rejects.toThrow(/nothing is not defined/);
  await expect(run("for (;;);")).rejects.toThrow();
  expect((await browser.act({ action: "storage" })).text).toMatch(/local: k \(12 characters\)/);
  await browser.act({ action: "cookies", op: "set", set: { taste: "sweet" } });
  expect((await browser.act({ action: "cookies" })).text).toMatch(/taste \(5 characters\)/);
  expect((await browser.act({ action: "cookies" }, { policy })).text).toMatch(/taste = sweet/);
});

test("a page is made to believe in another device, place and time", async () => {
  const policy = { allowedHosts: pages.hosts, allowedDomains: [], mayEvaluate: true };
  await go("/inner.html?emulated");
  await browser.act({ action: "emulate", set: { device: "iphone", dark: true, timeZone: "Asia/Tokyo", geo: "53.5,10.0" } });
  await go("/inner.html?again");
  const seen = `(async () => JSON.stringify([innerWidth, devicePixelRatio, matchMedia("(prefers-color-scheme: dark)").matches,
    Intl.DateTimeFormat().resolvedOptions().timeZone, /iPhone/.test(navigator.userAgent),
    await new Promise((done) => navigator.geolocation.getCurrentPosition((p) => done(p.coords.latitude), (e) => done(e.message)))]))()`;
  const { text } = await browser.act({ action: "evaluate", text: seen }, { policy });
  expect(text).toMatch(/\[\d+,3,true,"Asia\/Tokyo",true,53\.5\]/);
  // Of the origins that this tab shows alone, and only for as long.
  const may = "navigator.permissions.query({ name: 'geolocation' }).then((one) => one.state)";
  const mayHere = async () => (await browser.ask({ action: "evaluate", text: may }, { policy })).content;
  expect(await mayHere()).toBe("granted");
  const other = { policy, sessionKey: "agent:main:other" };
  await browser.ask({ action: "open", url: `${pages.otherOrigin}/inner.html?other` }, other);
  expect((await browser.ask({ action: "evaluate", text: may }, other)).content).not.toBe("granted");
  await browser.ask({ action: "close" }, other);
  await browser.act({ action: "emulate", set: { geo: "" } });
  expect(await mayHere()).not.toBe("granted");
  await browser.act({ action: "emulate", set: { device: "desktop", offline: true } });
  await expect(go("/inner.html?offline")).rejects.toThrow(/offline/);
  await browser.act({ action: "emulate", set: { offline: false } });
  await expect(browser.act({ action: "emulate", set: { device: "toaster" } })).rejects.toThrow(/Not emulated/);
  expect(await go("/inner.html?online")).toContain("Press me");
});

test("pictures: what is seen, the whole page, one element, with refs drawn; print as PDF", async () => {
  await go("/live.html");
  const sizeOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(20);
  const shot = async (input: Partial<BrowserInput>) =>
    (await browser.act({ action: "screenshot", ...input })).files[0]?.bytes ?? new Uint8Array(24);
  const seen = await shot({});
  const whole = await shot({ full: true });
  expect(sizeOf(whole)).toBeGreaterThan(sizeOf(seen));
  expect(sizeOf(await shot({ selector: "#alert" }))).toBeLessThan(60);
  const labelled = await shot({ labels: true });
  expect(labelled.length).toBeGreaterThan(seen.length);
  // Nothing of the labels stays in the page.
  expect(await show({ mode: "full" })).not.toContain("skerry");
  const [pdf] = (await browser.act({ action: "pdf" })).files;
  expect(new TextDecoder().decode(pdf?.bytes.subarray(0, 5))).toBe("%PDF-");
});

test("a download is answered with a file of its own page alone, or of a window or frame of that", async () => {
  const written = (html: string) => `${pages.origin}/written?html=${encodeURIComponent(html)}`;
  const own =
    '<a id="own" href="/shop/slow.csv">Invoice</a><a id="new" href="/shop/invoice.csv" target="_blank" rel="noopener">In a window</a>';
  // Another tab, and one of another session, which put files in the way all the time.
  const evil = written(
    `<title>Evil</title><script>setInterval(() => { const f = document.createElement("iframe"); f.src = "/attached?" + Math.random(); document.body.append(f);
      const a = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob(["EVIL"])), download: "invoice.csv" }); a.click(); }, 60)</script>`,
  );
  await go("/login");
  await browser.act({ action: "open", url: evil });
  await browser.ask({ action: "open", url: evil }, { sessionKey: "agent:main:other" });
  await browser.act({
    action: "open",
    url: written(
      `${own}<iframe src="${pages.otherOrigin}/written?html=${encodeURIComponent('<a id="inner" href="/attached">Get</a>')}"></iframe>`,
    ),
  });
  for (const [selector, said] of [
    ["#own", /^invoice-1001\.csv: item;/],
    ["#new", /^invoice-1001\.csv: item;/],
    ["#inner", /^virus\.exe: MZ/],
  ] as const) {
    const { files } = await browser.act({ action: "download", selector });
    expect(files.map(({ name, bytes }) => `${name}: ${new TextDecoder().decode(bytes)}`).join()).toMatch(said);
  }
});
