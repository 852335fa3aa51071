// What a page in the browser of this machine can reach: nothing that the owner did not allow, by no way a page has. The trap listens
// on this machine and writes down whoever calls.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type HomeBrowser, openHomeBrowser } from "../../support/browser-home.ts";
import { refOf } from "../../support/browser-journey.ts";
import { type Pages, servePages } from "../../support/browser-pages.ts";

// Names that the tests' own resolver knows; the second leads elsewhere each time it is asked.
const NAMES: Record<string, string[][]> = {
  "shop.example.com": [["127.0.0.1"]],
  "rebind.example.com": [["93.184.215.14"], ["127.0.0.1"]],
  "mixed.example.com": [["93.184.215.14", "10.0.0.1"]],
  "metadata.example.com": [["169.254.169.254"]],
  "six.example.com": [["::ffff:127.0.0.1"]],
};
const asked = new Map<string, number>();

// A real browser on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let pages: Pages;
let browser: HomeBrowser;

beforeAll(async () => {
  pages = await servePages();
  browser = openHomeBrowser({
    allowedHosts: pages.hosts,
    async resolveHost(name) {
      const times = asked.get(name) ?? 0;
      asked.set(name, times + 1);
      const answers = NAMES[name];
      if (!answers) throw new Error(`no such name: ${name}`);
      return answers[Math.min(times, answers.length - 1)] ?? [];
    },
  });
});
// Taken away, so that one test that fails is not many.
afterEach(() => expect(pages.trap.calls.splice(0)).toEqual([]));
afterAll(async () => {
  await browser.close();
  await pages.close();
});

const open = (url: string) => browser.act({ action: "open", url });
const trap = () => `${pages.trap.host}:${pages.trap.port}`;

describe("an address that is asked for", () => {
  test.each([
    ["this machine", () => `http://${trap()}/`],
    ["this machine by name", () => `http://localhost:${pages.trap.port}/`],
    ["this machine in one number", () => `http://2130706433:${pages.trap.port}/`],
    ["this machine in IPv6", () => `http://[::1]:${pages.trap.port}/`],
    ["this machine in IPv6 that holds IPv4", () => `http://[::ffff:127.0.0.1]:${pages.trap.port}/`],
    ["no address", () => `http://0.0.0.0:${pages.trap.port}/`],
    ["metadata of a cloud", () => "http://169.254.169.254/latest/meta-data/"],
    ["a private network", () => "http://192.168.1.1/"],
    ["a name for this machine", () => `http://shop.example.com:${pages.trap.port}/`],
    ["a name with a private address among others", () => "http://mixed.example.com/"],
    ["a name for the metadata", () => "http://metadata.example.com/"],
    ["a name for IPv6 that holds IPv4", () => `http://six.example.com:${pages.trap.port}/`],
    ["a name that is known to be private", () => "http://printer.local/"],
    ["a file", () => "file:///etc/passwd"],
    ["the browser's own pages", () => "chrome://settings"],
    ["source of a file", () => "view-source:file:///etc/passwd"],
    ["a script", () => "javascript:alert(1)"],
  ])("is refused: %s", async (_what, address) => {
    await expect(open(address())).rejects.toMatchObject({ name: "HomeRefused", message: expect.stringMatching(/^Not opened: /) });
  });

  test("that leads elsewhere once it was checked is refused by the proxy", async () => {
    asked.delete("rebind.example.com");
    const page = await open(`http://rebind.example.com:${pages.trap.port}/`).catch((error: Error) => ({ text: error.message }));
    expect(asked.get("rebind.example.com")).toBeGreaterThan(1);
    expect(page.text).not.toContain("secret");
    expect(page.text).toContain("leads to an address that is not public");
  });
});

test("a redirect to this machine, or to the metadata of a cloud, is not followed, and it is said", async () => {
  for (const to of [`http://${trap()}/x`, "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"]) {
    const url = `${pages.origin}/redirect?to=${encodeURIComponent(to)}`;
    await expect(open(url)).rejects.toThrow(/was not opened|could not be opened/);
  }
});

test("a page reaches nothing by fetch, image, script, frame, worker, socket, prefetch, form, window or WebRTC", async () => {
  for (const to of [trap(), `localhost:${pages.trap.port}`, `shop.example.com:${pages.trap.port}`]) {
    const opened = await open(`${pages.origin}/reach?to=${to}`);
    const waited = await browser.act({ action: "act", kind: "wait", text: "all:done", seconds: 20 });
    expect(opened.text + waited.text).toMatch(/Blocked \d+ requests?/);
    const { text } = await browser.act({ action: "snapshot", mode: "full" });
    expect(text).toMatch(/fetch:no/);
    expect(text).toMatch(/socket:no/);
    expect(text).not.toContain("REACHED");
    await browser.act({ action: "close" });
  }
});

// Shows that the ways tried above are ways at all.
test("a host that the owner allows is reached in the same ways, but for WebRTC", async () => {
  const allowed = { allowedHosts: [...pages.hosts, trap()], allowedDomains: [], mayEvaluate: false };
  const url = `${pages.origin}/reach?to=${trap()}`;
  await browser.act({ action: "open", url }, { policy: allowed });
  await browser.act({ action: "act", kind: "wait", text: "all:done", seconds: 20 }, { policy: allowed });
  const { text } = await browser.act({ action: "snapshot", mode: "full" }, { policy: allowed });
  expect(text).toContain("fetch:REACHED secret");
  expect(text).toContain("worker:REACHED secret");
  const ways = pages.trap.calls.splice(0).map((line) => line.split(" ")[1]?.slice(1) ?? line);
  const wanted = ["fetch", "no-cors", "beacon", "image", "script", "style", "hop", "worker", "events", "socket", "frame", "form"];
  expect(wanted.filter((way) => !ways.includes(way))).toEqual([]);
  expect(ways).not.toContain("UDP");
});

test("only the owner's domains are reached where there are any", async () => {
  const policy = { allowedHosts: pages.hosts, allowedDomains: ["127.0.0.1"], mayEvaluate: false };
  const fine = await browser.act({ action: "open", url: `${pages.origin}/inner.html` }, { policy });
  expect(fine.text).toContain("Press me");
  await expect(browser.act({ action: "open", url: `${pages.otherOrigin}/inner.html` }, { policy })).rejects.toThrow(
    /not among the domains that the owner allows/,
  );
});

test("redirects without end are told as that", async () => {
  await expect(open(`${pages.origin}/endless`)).rejects.toThrow(/redirects without end/);
});

test("downloads that a page begins by itself are not kept, and are said", async () => {
  const { text } = await open(`${pages.origin}/auto-download`);
  const after = await browser.act({ action: "act", kind: "wait", seconds: 1 });
  expect(text + after.text).toContain("virus.exe");
  expect(browser.stored.size).toBe(0);
});

test("windows that a page opens are few, and those beyond are closed", async () => {
  const page = await browser.act({ action: "open", url: `${pages.origin}/popups` }, { sessionKey: "popups" });
  await browser.act({ action: "act", kind: "click", ref: refOf(page.text, "Open many") }, { sessionKey: "popups" });
  const tabs = await browser.act({ action: "tabs" }, { sessionKey: "popups" });
  expect(tabs.text.match(/^t\d+/gm)?.length).toBeLessThanOrEqual(12);
});
