// A browser at a DevTools address, with a real Chromium that listens there: found by either form of the address, left with no tab of
// ours behind, and told apart from one that does not answer.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startBound } from "../../../../src/bridge/local/bound-browser.ts";
import type { BoundBrowser } from "../../../../src/bridge/local/browser-binding.ts";
import type { BrowserInput } from "../../../../src/contract/home/browser.ts";
import { fetchUpgrade } from "../../../support/bound-browser.ts";
import { findBrowser } from "../../../support/browser.ts";
import { makeBrowserBrief } from "../../../support/browser-brief.ts";
import { type Pages, servePages } from "../../../support/browser-pages.ts";
import { makeHands } from "../../../support/hands.ts";
import { openTalk, resultsOf, until } from "../../../support/talk.ts";

// A real browser on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let pages: Pages;
let chrome: BoundBrowser;
let strange: Server;
const dir = mkdtempSync(join(tmpdir(), "skerry-address-"));

beforeAll(async () => {
  pages = await servePages();
  // This browser's own way out refuses nothing on this machine: what is refused here, the guard refused.
  const policy = {
    allowedHosts: [...pages.hosts, `${pages.trap.host}:${pages.trap.port}`],
    allowedDomains: [],
    mayEvaluate: true,
  };
  const hasSandbox = process.getuid?.() !== 0;
  chrome = await startBound({ path: findBrowser(), hasSandbox, environment: process.env, dir, policy });
  strange = createServer((_request, response) => response.writeHead(200).end("{}"));
  await new Promise<void>((resolve) => strange.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await chrome?.close();
  strange?.close();
  await pages?.close();
  rmSync(dir, { recursive: true, force: true });
});

async function run(
  cdpUrl: string,
  inputs: BrowserInput[],
  resolveHost: (name: string) => Promise<string[]> = async () => ["93.184.216.34"],
) {
  const steps = [...inputs];
  const { session } = openTalk(
    () => {
      const args = steps.shift();
      return args ? { calls: [{ name: "browser", args }] } : { text: "Done." };
    },
    {
      browser: { isLocal: false, fetch: fetchUpgrade, resolveHost },
      brief: {
        hands: makeHands(),
        browser: makeBrowserBrief({
          places: ["cdp"],
          cdpUrl,
          policy: { allowedHosts: pages.hosts, allowedDomains: [], mayEvaluate: true },
        }),
      },
    },
  );
  await session.send("go");
  await session.rest();
  return resultsOf(session.entries()).map(({ text }) => text);
}

const tabs = async () => {
  const list = (await (await fetch(`http://127.0.0.1:${chrome.port}/json/list`)).json()) as { type: string; url: string }[];
  return list.filter(({ type, url }) => type === "page" && url.startsWith("http"));
};

describe("a browser at a DevTools address", () => {
  it.each(["http", "ws"])("is reached by its %s address, and left without a tab of ours", async (kind) => {
    const address = kind === "http" ? `http://127.0.0.1:${chrome.port}` : `ws://127.0.0.1:${chrome.port}${chrome.path}`;
    const [login, status] = await run(address, [{ action: "open", url: `${pages.origin}/login` }, { action: "status" }]);
    expect(login).toContain('textbox "Name"');
    expect(status).toContain("runs with profile default; open tabs: t1");
    await expect.poll(tabs).toEqual([]);
  });

  it("goes by the same rules, with names looked up before it goes there", async () => {
    const trap = `http://${pages.trap.host}:${pages.trap.port}/`;
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      return name === "inside.example.com" ? ["10.0.0.7"] : Promise.reject(new Error("nobody answers"));
    };
    const texts = await run(
      `http://127.0.0.1:${chrome.port}`,
      [
        { action: "open", url: trap },
        { action: "open", url: "http://inside.example.com/" },
        { action: "open", url: "http://unknown.example.com/" },
        { action: "open", url: `${pages.origin}/login` },
        { action: "evaluate", text: `() => fetch(${JSON.stringify(trap)}).then((r) => r.text(), () => "refused")` },
      ],
      resolve,
    );
    expect(texts[0]).toContain("not a public address");
    expect(texts[1]).toContain("has a name that leads to an address that is not public");
    expect(texts[2]).toContain("could not be checked");
    expect(texts[4]).toContain("refused");
    expect(asked).toEqual(["inside.example.com", "unknown.example.com"]);
    expect(pages.trap.calls).toEqual([]);
  });

  it("holds back what was there before the line: a worker, a frame, a socket of the page", async () => {
    const trap = `http://${pages.trap.host}:${pages.trap.port}/`;
    const worker = `onmessage = ({ data }) => fetch(data).then((r) => r.text(), () => "refused").then(postMessage)`;
    const begin = `() => { self.w = new Worker(URL.createObjectURL(new Blob([${JSON.stringify(worker)}], { type: "text/javascript" }))); self.f = document.body.appendChild(document.createElement("iframe")); return "begun"; }`;
    const tryAll = `async () => {
      const to = ${JSON.stringify(trap)};
      const byWorker = await new Promise((done) => { self.w.onmessage = ({ data }) => done(data); self.w.postMessage(to); });
      const byFrame = await self.f.contentWindow.fetch(to).then((r) => r.text(), () => "refused");
      const bySocket = await new Promise((done) => { const s = new WebSocket(to.replace("http", "ws")); s.onerror = () => done("refused"); s.onopen = () => done("open"); setTimeout(done, 2000, "silent"); });
      return [byWorker, byFrame, bySocket].join(" ");
    }`;
    const texts = await run(`http://127.0.0.1:${chrome.port}`, [
      { action: "open", url: `${pages.origin}/frames.html` },
      { action: "evaluate", text: begin },
      { action: "evaluate", text: tryAll },
    ]);
    expect(texts[1]).toContain("begun");
    expect(texts[2]).toContain("Blocked 2 requests");
    expect(texts[2]).toContain("tried to open a socket");
    expect(texts.join(" ")).not.toContain("secret");
    // A socket is seen when it is begun: its page is left at once, and learns nothing of what answered.
    expect(pages.trap.calls.filter((call) => !call.startsWith("GET / HTTP"))).toEqual([]);
    expect(pages.trap.calls.length).toBeLessThanOrEqual(1);
    pages.trap.calls.length = 0;
  });

  it("has its owner's profile and no other", async () => {
    const [text] = await run(`http://127.0.0.1:${chrome.port}`, [{ action: "open", url: pages.origin, profile: "work" }]);
    expect(text).toContain("has the one profile it runs with");
  });

  it("brings the tab to the front for a person", async () => {
    const steps: BrowserInput[] = [
      { action: "open", url: `${pages.origin}/login` },
      { action: "handoff", text: "Log in, please." },
    ];
    const { session } = openTalk(
      () => {
        const args = steps.shift();
        return args ? { calls: [{ name: "browser", args }] } : { text: "Done." };
      },
      {
        browser: { isLocal: false, fetch: fetchUpgrade, resolveHost: async () => [] },
        brief: {
          hands: makeHands(),
          browser: makeBrowserBrief({
            places: ["cdp"],
            cdpUrl: `http://127.0.0.1:${chrome.port}`,
            policy: { allowedHosts: pages.hosts, allowedDomains: [], mayEvaluate: false },
          }),
        },
      },
    );
    await session.send("go");
    await session.rest();
    const notes = session.entries().flatMap((entry) => (entry.kind === "note" ? [entry.text] : []));
    expect(notes[0]).toContain("the front tab of the browser at the DevTools address");
    await session.send("done");
    await until(() => session.parts.turns.open() === undefined);
  });

  it.each([
    ["nobody listens", () => "http://127.0.0.1:9", "Nobody answers at the DevTools address"],
    ["something else listens", () => `http://127.0.0.1:${(strange.address() as AddressInfo).port}`, "names no browser"],
    ["it is no browser's socket", () => `ws://127.0.0.1:${chrome.port}/devtools/browser/none`, "answered 404"],
  ])("says what is wrong when %s", async (_when, address, said) => {
    const [text] = await run(address(), [{ action: "open", url: `${pages.origin}/login` }]);
    expect(text).toContain(said);
    expect(text).toContain("browser.cdpUrl");
  });
});
