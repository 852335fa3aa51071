// The life of a browser of this machine: started at its first use, apart for each session, closed, crashed, killed with its bridge.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { demandChrome, findChrome } from "../../../src/bridge/browser/chrome-search.ts";
import { findBrowser } from "../../support/browser.ts";
import { type HomeBrowser, type HomeBrowserChoices, openHomeBrowser } from "../../support/browser-home.ts";
import { refOf } from "../../support/browser-journey.ts";
import { type Pages, SHOP_LOGIN, servePages } from "../../support/browser-pages.ts";

const ROOT = join(import.meta.dirname, "../../..");
// A real browser on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let pages: Pages;
const opened: HomeBrowser[] = [];
const folders: string[] = [];

beforeAll(async () => {
  pages = await servePages();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((browser) => browser.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
afterAll(() => pages.close());

function openHome(choices: Partial<HomeBrowserChoices> = {}): HomeBrowser {
  const browser = openHomeBrowser({ allowedHosts: pages.hosts, ...choices });
  opened.push(browser);
  return browser;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "skerry-browser-"));
  folders.push(folder);
  return folder;
}

/** Browsers that use a folder below this one; each is the first process of its group. */
function processesOf(stateDir: string): number[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid)) return [];
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const isIts =
        words.some((word) => word.startsWith(`--user-data-dir=${stateDir}`)) && !words.some((word) => word.startsWith("--type="));
      // What has ended and was not fetched by its parent has no words any more.
      return isIts ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}

async function until(isSo: () => boolean, forMs = 15_000): Promise<void> {
  const end = Date.now() + forMs;
  while (!isSo()) {
    if (Date.now() > end) throw new Error("it did not come to be");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const inner = () => `${pages.origin}/inner.html?here`;

describe("a browser of this machine", () => {
  test("does not start before a page is wanted, opens no port, and keeps its folder to its owner", async () => {
    const browser = openHome();
    expect((await browser.ask({ action: "status" })).notes.join(" ")).toMatch(/starts without a window/);
    expect(processesOf(browser.stateDir)).toEqual([]);
    await browser.act({ action: "open", url: inner() });
    expect(processesOf(browser.stateDir)).toHaveLength(1);
    expect((await browser.ask({ action: "status" })).notes.join(" ")).toMatch(/Chrom\S* runs without a window.*Tabs: t1/s);
    const profile = join(browser.stateDir, "browser/profiles/main");
    expect(statSync(profile).mode & 0o777).toBe(0o700);
    // A browser that listens writes down its port.
    expect(readdirSync(profile)).not.toContain("DevToolsActivePort");
    const files = readdirSync(join(browser.stateDir, "browser"));
    expect(files).toEqual(["profiles"]);
  });

  test("keeps no word of the bridge's own environment", async () => {
    const browser = openHome({
      environment: { ...process.env, SKERRY_TOKEN: "secret-0123", CF_ACCESS_CLIENT_SECRET: "secret-4567" },
    });
    await browser.act({ action: "open", url: inner() });
    const [pid] = processesOf(browser.stateDir);
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    expect(environment).toContain("PATH=");
    expect(environment).not.toContain("secret-");
  });

  test("shows no session the tabs of another, and shares a profile's logins between them", async () => {
    const browser = openHome();
    const [ann, bo] = [{ sessionKey: "ann" }, { sessionKey: "bo" }];
    const page = await browser.act({ action: "open", url: `${pages.origin}/shop/orders` }, ann);
    await browser.act({ action: "act", kind: "type", ref: refOf(page.text, 'textbox "Name"'), text: SHOP_LOGIN.name }, ann);
    await browser.act(
      { action: "act", kind: "type", ref: refOf(page.text, 'textbox "Password"'), text: SHOP_LOGIN.password, submit: true },
      ann,
    );
    expect((await browser.act({ action: "tabs" }, bo)).text).toContain("No page is open");
    await expect(browser.act({ action: "snapshot", tab: "t1" }, bo)).rejects.toThrow(/No page is open/);
    expect((await browser.act({ action: "open", url: `${pages.origin}/shop/orders` }, bo)).text).toContain("New order");
    // Another profile knows nothing of it.
    const apart = await browser.act({ action: "open", url: `${pages.origin}/shop/orders` }, { ...bo, profile: "apart" });
    expect(apart.text).toContain("Sign in");
  });

  test("keeps a profile's logins when it is closed, and forgets them when it is cleared", async () => {
    const stateDir = newFolder();
    const first = openHome({ stateDir });
    const page = await first.act({ action: "open", url: `${pages.origin}/login` });
    await first.act({ action: "act", kind: "type", ref: refOf(page.text, 'textbox "Name"'), text: SHOP_LOGIN.name });
    await first.act({
      action: "act",
      kind: "type",
      ref: refOf(page.text, 'textbox "Password"'),
      text: SHOP_LOGIN.password,
      submit: true,
    });
    await first.close();
    expect(processesOf(stateDir)).toEqual([]);
    const second = openHome({ stateDir });
    expect((await second.act({ action: "open", url: `${pages.origin}/shop/orders` })).text).toContain("New order");
    expect((await second.ask({ action: "profiles", op: "get" })).notes).toEqual(["main: in use"]);
    await second.ask({ action: "profiles", op: "set" }, { profile: "other" });
    expect((await second.ask({ action: "profiles" }, { mayManageProfiles: true })).notes).toHaveLength(2);
    expect((await second.ask({ action: "profiles", op: "clear" })).notes.join()).toContain("its logins are gone");
    const after = await second.act({ action: "open", url: `${pages.origin}/shop/orders` });
    expect(after.text).toContain("Profile main was cleared");
    expect(after.text).toContain("Sign in");
  });

  test("is closed when nobody used it for a while; whoever had pages in it is told", async () => {
    const browser = openHome({ idleMs: 600 });
    await browser.act({ action: "open", url: inner() });
    await until(() => processesOf(browser.stateDir).length === 0);
    await expect(browser.act({ action: "snapshot" })).rejects.toThrow(/closed after .* without use.* No page is open/);
    expect((await browser.act({ action: "open", url: inner() })).text).toContain("Press me");
  });

  test("that crashed is told once and started anew", async () => {
    const browser = openHome();
    await browser.act({ action: "open", url: inner() });
    process.kill(processesOf(browser.stateDir)[0] ?? 0, "SIGKILL");
    await until(() => browser.logged.some((line) => line.includes("crashed")));
    const again = await browser.act({ action: "open", url: inner() });
    expect(again.text).toMatch(/The browser crashed \(it was ended by SIGKILL\)/);
    expect(again.text).toContain("Press me");
    expect((await browser.act({ action: "tabs" })).text).not.toContain("crashed");
  });

  test("that crashes in the middle of a call says so with that call", async () => {
    const browser = openHome();
    await browser.act({ action: "open", url: inner() });
    const waiting = browser.act({ action: "act", kind: "wait", text: "never", seconds: 30 });
    waiting.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(processesOf(browser.stateDir)[0] ?? 0, "SIGKILL");
    await expect(waiting).rejects.toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("crashed") });
    await expect(browser.act({ action: "tabs" })).resolves.toMatchObject({ text: expect.not.stringContaining("crashed") });
  });

  test("is handed over in a window, with its logins and its page; where there is no display, by Skerry's own page", async () => {
    // It is told to have a window; for want of one on this machine, the program puts it out of sight again.
    const path = join(newFolder(), "chrome");
    writeFileSync(path, `#!/bin/sh\nexec ${findBrowser()} --headless=new "$@"\n`, { mode: 0o755 });
    const config = { path, sandbox: process.getuid?.() !== 0 };
    const { DISPLAY: _none, WAYLAND_DISPLAY: _neither, ...blind } = process.env;
    const dark = openHome({ config, environment: blind });
    await dark.act({ action: "open", url: inner() });
    expect(await dark.ask({ action: "handoff" })).toMatchObject({ notes: [], handed: { tab: "t1", nextTab: 2 } });
    expect((await dark.ask({ action: "status" })).notes.join(" ")).toContain("runs without a window");

    const browser = openHome({ config, environment: { ...blind, DISPLAY: ":7" }, idleMs: 3000 });
    await expect(browser.act({ action: "handoff" })).rejects.toThrow(/No page is open/);
    await browser.act({ action: "open", url: inner() });
    await browser.act({ action: "cookies", op: "set", set: { visit: "until-the-end" } });
    const [before] = processesOf(browser.stateDir);
    expect((await browser.act({ action: "handoff", seconds: 60 })).text).toMatch(/opened anew, as t1, in a window/);
    expect((await browser.ask({ action: "status" })).notes.join(" ")).toMatch(/runs with a window.*Tabs: t1/s);
    expect(processesOf(browser.stateDir)).not.toContain(before);
    expect((await browser.act({ action: "cookies" })).text).toContain("visit (13 characters)");
    expect((await browser.act({ action: "snapshot" })).text).toContain("Press me");
    expect((await browser.act({ action: "handoff", seconds: 60 })).text).toContain("The page is in the window");
    // Somebody works in it by hand: it stays for as long.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect(processesOf(browser.stateDir)).toHaveLength(1);
  });

  test("starts once for two calls at the same time", async () => {
    const browser = openHome();
    await Promise.all([1, 2, 3].map((n) => browser.act({ action: "open", url: inner() }, { sessionKey: `s${n}` })));
    expect(processesOf(browser.stateDir)).toHaveLength(1);
  });

  test("lets go of whoever does not wait any more", async () => {
    const browser = openHome();
    await browser.act({ action: "open", url: inner() });
    const controller = new AbortController();
    const waiting = browser.ask({ action: "act", kind: "wait", text: "never", seconds: 3 }, {}, controller.signal);
    setTimeout(() => controller.abort(), 100);
    const before = Date.now();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    expect(Date.now() - before).toBeLessThan(2500);
  });

  test("ends with a bridge that was killed", async () => {
    const stateDir = newFolder();
    const program = join(stateDir, "bridge.ts");
    writeFileSync(
      program,
      `import { openHomeBrowser } from ${JSON.stringify(join(ROOT, "test/support/browser-home.ts"))};
      const browser = openHomeBrowser({ stateDir: ${JSON.stringify(stateDir)}, allowedHosts: ${JSON.stringify(pages.hosts)} });
      await browser.act({ action: "open", url: ${JSON.stringify(inner())} });
      console.log("open");`,
    );
    const bridge: ChildProcess = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve, reject) => {
      bridge.stdout?.once("data", resolve);
      bridge.once("exit", () => reject(new Error("it ended")));
    });
    expect(processesOf(stateDir)).toHaveLength(1);
    bridge.kill("SIGKILL");
    await until(() => processesOf(stateDir).length === 0);
  });
});

describe("a machine on which it cannot be", () => {
  const url = "https://example.com/";

  const nowhere = mkdtempSync(join(tmpdir(), "skerry-nothing-"));
  afterAll(() => rmSync(nowhere, { recursive: true }));

  test("has none, and how to install one is said", () => {
    const search = { environment: { PATH: nowhere }, platform: "freebsd" as const };
    expect(findChrome(search)).toBeUndefined();
    expect(() => demandChrome(search)).toThrow(/There is no Chrome or Chromium on this machine. Install/);
  });

  test.skipIf(findChrome({ environment: {} }) !== undefined)("offers no browser where there is none", async () => {
    const browser = openHome({ config: { sandbox: true }, environment: { PATH: nowhere } });
    await expect(browser.ask({ action: "status" })).rejects.toThrow("no browser is offered");
    expect(browser.logged.join()).toContain("Install one");
  });

  test("says which one is not there where its owner named one", async () => {
    const browser = openHome({ config: { path: "/opt/nothing/chrome", sandbox: true } });
    await expect(browser.act({ action: "open", url })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("/opt/nothing/chrome"),
    });
  });

  test("says what a program that is no browser said, and tries again with the next call", async () => {
    const folder = newFolder();
    const path = join(folder, "chrome");
    writeFileSync(path, "#!/bin/sh\necho 'cannot open shared object file' >&2\nexit 127\n", { mode: 0o755 });
    const browser = openHome({ config: { path, sandbox: true } });
    await expect(browser.act({ action: "open", url })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("cannot open shared object file"),
    });
    writeFileSync(path, `#!/bin/sh\nexec ${findBrowser()} --no-sandbox "$@"\n`, { mode: 0o755 });
    expect((await browser.act({ action: "open", url: inner() })).text).toContain("Press me");
  });

  test.runIf(process.getuid?.() === 0)("does not give up the browser's own sandbox by itself", async () => {
    const browser = openHome({ config: { path: findBrowser(), sandbox: true } });
    await expect(browser.act({ action: "open", url: inner() })).rejects.toThrow(/Run the bridge as an ordinary user/);
  });

  test("does not mix two browsers in one profile", async () => {
    const stateDir = newFolder();
    const browser = openHome({ stateDir });
    await browser.act({ action: "open", url: inner() });
    const other = openHome({ stateDir });
    await expect(other.act({ action: "open", url: inner() })).rejects.toThrow(/is used by another browser/);
    // A folder that a browser left behind when its machine lost power is no such thing.
    mkdirSync(join(stateDir, "browser/profiles/stale"), { recursive: true });
    expect((await other.act({ action: "open", url: inner() }, { profile: "stale" })).text).toContain("Press me");
  });
});
