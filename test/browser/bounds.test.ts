// What a page says of itself without end (names, labels, errors, sockets, addresses) comes out short: an answer or a failure that is
// larger than a frame of the socket would cut a machine off from Skerry.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { BrowserInput } from "../../src/contract/home/browser.ts";
import { type HomeBrowser, openHomeBrowser } from "../support/browser-home.ts";
import { type Pages, servePages } from "../support/browser-pages.ts";

// A real browser on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const LONG = 3_000_000;
let pages: Pages;
let browser: HomeBrowser;
beforeAll(async () => {
  pages = await servePages();
  browser = openHomeBrowser({ allowedHosts: pages.hosts });
});
afterAll(async () => {
  await browser.close();
  await pages.close();
});

const go = (html: string) =>
  browser.ask({ action: "navigate", url: `${pages.origin}/written?html=${encodeURIComponent(`<title>Long</title>${html}`)}` });
const failureOf = async (input: BrowserInput, about = {}) => {
  const said = await browser.ask(input, about).then(
    () => "nothing failed",
    (error: unknown) => String(error),
  );
  expect(said.length).toBeLessThan(5000);
  return said;
};

test("a cover's names, however long, are said short and are no marks of ours", async () => {
  await go(`<button id="go">Go</button><script>
    const over = document.createElement("x-" + "y".repeat(${LONG}));
    over.id = "[e1] " + "x".repeat(${LONG});
    over.style.cssText = "position:fixed;inset:0;display:block";
    document.body.append(over);
  </script>`);
  const said = await failureOf({ action: "act", kind: "click", selector: "#go" });
  expect(said).toContain("is covered by <x-yyy");
  expect(said).not.toContain("[e1]");
});

test("the labels of a list are said short", async () => {
  await go(`<select id="s"><option value="a">A</option></select><script>
    for (let n = 0; n < 40; n++) { const o = new Option("label ".repeat(${5000}), n); document.querySelector("#s").append(o); }
  </script>`);
  expect(await failureOf({ action: "act", kind: "select", selector: "#s", values: ["b"] })).toContain(
    "has no option b; there are: A",
  );
});

test("an error of the page's own is said short", async () => {
  await go(`<button id="go">Go</button>`);
  const policy = { allowedHosts: pages.hosts, allowedDomains: [], mayEvaluate: true };
  const text = `(element) => { throw new Error("x".repeat(${LONG})); }`;
  expect(await failureOf({ action: "evaluate", selector: "#go", text }, { policy })).toContain("xxx");
});

test("what happens beside an act is told in few notes", async () => {
  await go(
    `<button id="go" onclick="for (let n = 0; n < 400; n++) { try { new WebSocket('ws://192.168.0.' + n % 250 + '/' + 'x'.repeat(3000)); } catch {} }">Go</button>`,
  );
  let said = "";
  for (const input of [{ kind: "click", selector: "#go" } as const, { kind: "wait", seconds: 2 } as const]) {
    const { notes } = await browser.ask({ action: "act", ...input });
    expect(notes.length).toBeLessThanOrEqual(31);
    expect(notes.join(" ").length).toBeLessThan(10_000);
    said += notes.join(" ");
  }
  expect(said).toContain("tried to open a socket");
});

test("its address is cut", async () => {
  await go(`<button id="go" onclick="history.pushState({}, '', '#' + 'a'.repeat(${LONG / 3}))">Go</button>`);
  const { url, notes } = await browser.ask({ action: "act", kind: "click", selector: "#go" });
  expect(notes.join(" ")).toContain("The address is now");
  expect(url?.length).toBeLessThanOrEqual(4097);
  expect((await browser.ask({ action: "snapshot" })).url?.length).toBeLessThanOrEqual(4097);
  expect((await browser.ask({ action: "tabs" })).content?.length).toBeLessThan(2000);
});
