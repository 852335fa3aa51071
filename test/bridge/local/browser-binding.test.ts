// The browser binding of `npm start`: who is answered, how many there may be, and that none outlives what it was started for.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type BrowserBinding, openBrowserBinding } from "../../../src/bridge/local/browser-binding.ts";
import { readRules } from "../../../src/bridge/local/browser-request.ts";
import { findBrowser } from "../../support/browser.ts";

// A real browser on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const ROOT = resolve(import.meta.dirname, "../../..");
const dirs: string[] = [];
let open: BrowserBinding | undefined;

afterEach(async () => {
  await open?.close();
  open = undefined;
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

function makeState(browser: Record<string, unknown> = {}): { dir: string; environment: NodeJS.ProcessEnv } {
  const dir = mkdtempSync(join(tmpdir(), "skerry-binding-"));
  dirs.push(dir);
  const config = join(dir, "bridge.json");
  // Tests may run as root, where Chromium has no sandbox of its own.
  writeFileSync(config, JSON.stringify({ browser: { path: findBrowser(), sandbox: process.getuid?.() !== 0, ...browser } }));
  return { dir, environment: { ...process.env, SKERRY_BRIDGE_CONFIG: config } };
}

async function openBinding(browser?: Record<string, unknown>) {
  const { dir, environment } = makeState(browser);
  const complaints: string[] = [];
  open = await openBrowserBinding({ stateDir: dir, environment, complain: (text) => complaints.push(text) });
  if (!open) throw new Error("There is no browser on this machine.");
  const { address, secret } = open;
  const ask = (path: string, method = "POST", authorization = `Bearer ${secret}`, body?: string) =>
    fetch(`http://${address}/v1/devtools/browser${path}`, {
      method,
      headers: { authorization },
      ...(body === undefined ? {} : { body }),
    });
  const start = async (query = "") => ((await (await ask(query)).json()) as { sessionId: string }).sessionId;
  return { dir, address, ask, start, complaints };
}

const folders = (dir: string) => (existsSync(join(dir, "run/browsers")) ? readdirSync(join(dir, "run/browsers")) : []);

describe("the browser binding of this machine", () => {
  it("outlives whoever knows no secret, whatever they send and however they leave", async () => {
    const { address, ask } = await openBinding();
    const [host = "", port = ""] = address.split(":");
    const upgrade = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`;
    for (const path of ["//", "/x", "http://[", "/v1/devtools/browser/x"]) {
      for (let round = 0; round < 40; round++) {
        const socket = connect(Number(port), host, () => {
          socket.write(upgrade(path));
          setTimeout(() => socket.resetAndDestroy(), round % 5);
        });
        await once(
          socket.on("error", () => undefined),
          "close",
        );
      }
    }
    // What is thrown in a listener ends the process, and this test with it.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await ask("", "POST", "")).status).toBe(403);
  });

  it("answers nobody without its secret, and nothing but what it knows", async () => {
    const { ask, dir } = await openBinding();
    for (const wrong of ["", "Bearer ", "Bearer 0", `Bearer ${"0".repeat(64)}`]) {
      expect((await ask("", "POST", wrong)).status).toBe(403);
    }
    expect((await ask("/nobody", "DELETE")).status).toBe(404);
    expect((await ask("/nobody", "GET")).status).toBe(404);
    expect((await ask("", "PUT")).status).toBe(404);
    expect((await ask("", "POST", undefined, "{")).status).toBe(400);
    expect(folders(dir)).toEqual([]);
  });

  it("starts at most three at once, each with a folder of its own that goes with it", async () => {
    const { ask, start, dir } = await openBinding();
    const ids = [await start(), await start(), await start()];
    expect(new Set(ids).size).toBe(3);
    expect((await ask("")).status).toBe(429);
    expect(folders(dir)).toHaveLength(3);
    for (const id of ids) expect((await ask(`/${id}`, "DELETE")).status).toBe(200);
    expect(folders(dir)).toEqual([]);
    expect((await ask(`/${ids[0]}`, "DELETE")).status).toBe(404);
  });

  it("ends one that nobody speaks to", async () => {
    const { start, dir } = await openBinding();
    await start("?keep_alive=300");
    await expect.poll(() => folders(dir), { timeout: 15_000 }).toEqual([]);
  });

  it("says why one does not start", async () => {
    const { ask, complaints } = await openBinding({ path: "/bin/false" });
    const answer = await ask("");
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain("/bin/false did not start");
    expect(complaints[0]).toContain("/bin/false did not start");
  });

  it("is not there without a browser", async () => {
    const { dir, environment } = makeState({ path: join(tmpdir(), "no-such-browser") });
    expect(await openBrowserBinding({ stateDir: dir, environment, complain: () => {} })).toBeUndefined();
  });

  it("leaves no browser behind when the program is killed", async () => {
    const { dir, environment } = makeState();
    const script = `
      const { openBrowserBinding } = await import(${JSON.stringify(join(ROOT, "src/bridge/local/browser-binding.ts"))});
      const { address, secret } = await openBrowserBinding({ stateDir: ${JSON.stringify(dir)}, environment: process.env, complain: console.error });
      await fetch("http://" + address + "/v1/devtools/browser", { method: "POST", headers: { authorization: "Bearer " + secret } });
      console.log("started");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      env: environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise<void>((done) => child.stdout.once("data", () => done()));
    const ofThisState = () =>
      readdirSync("/proc").filter((pid) => {
        try {
          return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`--user-data-dir=${dir}`);
        } catch {
          return false;
        }
      });
    expect(ofThisState().length).toBeGreaterThan(0);
    child.kill("SIGKILL");
    await expect.poll(ofThisState, { timeout: 15_000 }).toEqual([]);
  });
});

describe("what a session asks of a new browser", () => {
  it("is which domains and private hosts it may reach", () => {
    const body = { guardrails: { allowedDomains: ["example.com", "*.example.com"] }, allowedHosts: ["router.lan"] };
    expect(readRules(JSON.stringify(body))).toEqual({ allowedDomains: ["example.com"], allowedHosts: ["router.lan"] });
    expect(readRules("")).toEqual({ allowedDomains: [], allowedHosts: [] });
  });

  it.each(["null", "[]", '{"allowedHosts":"*"}', '{"guardrails":{"allowedDomains":[1]}}', "{"])("is nothing as %s", (text) => {
    expect(readRules(text)).toBeUndefined();
  });
});
