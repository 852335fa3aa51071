// `npm start` as a person meets it: what it prints, how fast it is ready, what it refuses, and that it leaves nothing.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openOperator } from "../support/operator.ts";
import { findPort, isRunning, launchSkerry, type Skerry, startSkerry, waitUntilGone } from "../support/runtime.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const parent = mkdtempSync(join(tmpdir(), "skerry-start-"));
let count = 0;
const freshDir = () => join(parent, `state-${count++}`);

afterAll(() => rmSync(parent, { recursive: true, force: true }));

async function refuse(options: { stateDir: string; port?: number; env?: Record<string, string> }) {
  const launch = launchSkerry({ workingDir: parent, ...options, port: options.port ?? (await findPort()) });
  const { code } = await launch.exited;
  return { code, errors: launch.errors(), output: launch.output() };
}

/** Processes whose command line names the folder. */
function findProcesses(dir: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && isRunning(Number(name)))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        return command.includes(dir) ? [command] : [];
      } catch {
        return [];
      }
    });
}

describe("a first start", () => {
  let skerry: Skerry;
  beforeAll(async () => {
    skerry = await startSkerry({ stateDir: freshDir(), workingDir: parent, checksBuild: true });
  });
  afterAll(() => skerry.stop());

  it("is ready within 1.5 seconds on a warm disk", () => {
    const [, seconds] = skerry.output().match(/ready in ([\d.]+) s/) ?? [];
    expect(Number(seconds)).toBeLessThanOrEqual(1.5);
    expect(skerry.announcedMs).toBeLessThan(2500);
  });

  it("prints version, address, login link, QR code, model and what to set for a better one", () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const output = skerry.output();
    expect(output).toContain(`Skerry ${version}`);
    expect(output).toContain(`Address http://127.0.0.1:${skerry.port}`);
    expect(skerry.loginLink).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#code=\S{10,}$/);
    expect(output).toMatch(/Model\s+demo\/\S+ \(no key is set\)/);
    expect(output).toContain("ANTHROPIC_API_KEY");
    expect(output).toMatch(/[█▀▄]{5}/);
    expect(output).not.toContain("\u001b[");
  });

  it("says nothing on the error output", () => {
    expect(skerry.errors()).toBe("");
  });

  it("answers /health with its version and nothing else", async () => {
    const health = await (await fetch(`${skerry.url}/health`)).json();
    expect(Object.keys(health as object).sort()).toEqual(["ok", "version"]);
  });

  it("serves the page and its hashed parts", async () => {
    const page = await (await fetch(skerry.url)).text();
    const [, script] = page.match(/src="(\/assets\/main-[A-Z0-9]+\.js)"/) ?? [];
    const answer = await fetch(`${skerry.url}${script}`, { headers: { "accept-encoding": "br" } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toContain("javascript");
    expect(answer.headers.get("cache-control")).toContain("immutable");
    expect(answer.headers.get("content-encoding")).toBe("br");
    expect(await answer.text()).toBe(readFileSync(join(ROOT, "dist/web", script ?? ""), "utf8"));
    const plain = await fetch(`${skerry.url}${script}`, { headers: { "accept-encoding": "identity" } });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect((await fetch(`${skerry.url}/assets/none-AAAAAAAA.js`)).status).toBe(404);
    expect((await fetch(`${skerry.url}/..%2f..%2fbuild.json`)).status).toBe(404);
  });

  it("keeps the folder and the token from other people", () => {
    expect(statSync(skerry.stateDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(skerry.stateDir, "token")).mode & 0o777).toBe(0o600);
    const config = readFileSync(join(skerry.stateDir, "run/workerd.capnp"), "utf8");
    expect(config).not.toContain(skerry.token);
  });

  it("refuses a second Skerry on the same folder and names the first one's address", async () => {
    const second = await refuse({ stateDir: skerry.stateDir });
    expect(second.code).toBe(1);
    expect(second.errors).toContain(`already runs on this state folder at ${skerry.url}`);
    expect((await fetch(`${skerry.url}/health`)).ok).toBe(true);
  });

  it("stays within 320 MiB, idle, all processes together", () => {
    const kib = skerry.pids.map((pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)?.[1]));
    expect(kib.reduce((sum, one) => sum + one, 0) / 1024).toBeLessThan(320);
  });
});

describe("the port", () => {
  it("moves to the next free one when the wanted one is taken, and says so", async () => {
    const server = createServer((_request, response) => response.end("other"));
    const port = await findPort();
    await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
    const skerry = await startSkerry({ stateDir: freshDir(), port, workingDir: parent });
    try {
      expect(skerry.port).toBeGreaterThan(port);
      expect(skerry.output()).toContain(`port ${port} is taken`);
    } finally {
      await skerry.stop();
      server.close();
    }
  });

  it("is refused when it is no port", async () => {
    const refused = await refuse({ stateDir: freshDir(), port: 70_000 });
    expect(refused).toMatchObject({ code: 1, output: "" });
    expect(refused.errors).toBe('PORT is "70000", which is no port. Use a number from 1 to 65535, or leave it out.\n');
  });
});

describe("the end", () => {
  it("comes within two seconds of Ctrl-C, with an open socket, and leaves no process", async () => {
    const skerry = await startSkerry({ stateDir: freshDir(), workingDir: parent, checksBuild: true });
    const socket = new WebSocket(`${skerry.url.replace("http", "ws")}/ws`);
    await new Promise((done) => socket.addEventListener("open", done));
    expect(await skerry.stop()).toBeLessThan(2000);
    expect(skerry.pids.filter(isRunning)).toEqual([]);
    expect(findProcesses(skerry.stateDir)).toEqual([]);
    socket.close();
  });

  it("takes the runtime along when the starter is killed", async () => {
    const skerry = await startSkerry({ stateDir: freshDir(), workingDir: parent, checksBuild: true });
    const [starter, runtime] = skerry.pids;
    process.kill(starter ?? 0, "SIGKILL");
    expect(await waitUntilGone(runtime ?? 0)).toBe(true);
    const again = await startSkerry({ stateDir: skerry.stateDir, workingDir: parent });
    expect(await again.stop()).toBeLessThan(2000);
  });

  it("follows when npm is told to stop", async () => {
    const stateDir = freshDir();
    const npm = spawn("npm", ["start"], {
      cwd: ROOT,
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], SKERRY_STATE_DIR: stateDir, PORT: String(await findPort()) },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const exited = new Promise((done) => npm.once("close", done));
    await new Promise<void>((done) => {
      npm.stdout.on("data", (text) => String(text).includes("Login") && done());
    });
    npm.kill("SIGTERM");
    await exited;
    for (let waited = 0; findProcesses(stateDir).length > 0 && waited < 2000; waited += 20) {
      await new Promise((done) => setTimeout(done, 20));
    }
    expect(findProcesses(stateDir)).toEqual([]);
  });

  it("does not lose the runtime for good: it is started again when it dies", async () => {
    const skerry = await startSkerry({ stateDir: freshDir(), workingDir: parent, checksBuild: true });
    process.kill(skerry.pids[1] ?? 0, "SIGKILL");
    let isBack = false;
    for (let tries = 0; tries < 300 && !isBack; tries++) {
      await new Promise((done) => setTimeout(done, 20));
      const note = JSON.parse(readFileSync(join(skerry.stateDir, "runtime.json"), "utf8"));
      isBack = note.runtimePid !== skerry.pids[1] && (await fetch(`${skerry.url}/health`).catch(() => undefined))?.ok === true;
    }
    expect(isBack).toBe(true);
    expect(skerry.errors()).toContain("starting it again");
    await skerry.stop();
    expect(findProcesses(skerry.stateDir)).toEqual([]);
  });
});

describe("a state folder that will not do", () => {
  it("is refused when it cannot be written", async () => {
    const file = join(parent, "a-file");
    writeFileSync(file, "");
    const refused = await refuse({ stateDir: join(file, "state") });
    expect(refused.code).toBe(1);
    expect(refused.errors).toMatch(
      /^The state folder .*a-file\/state cannot be written \(\w+\)\. Make it writable, or set SKERRY_STATE_DIR/,
    );
    expect(refused.errors.trim().split("\n")).toHaveLength(1);
  });

  it("is refused, untouched, when a newer version wrote it", async () => {
    const stateDir = freshDir();
    mkdirSync(stateDir, { mode: 0o700 });
    const stamp = JSON.stringify({ schema: 99, version: "9.0.0" });
    writeFileSync(join(stateDir, "version.json"), stamp);
    const refused = await refuse({ stateDir });
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain("has schema 99, but this version of Skerry knows up to 1. Install the newer version again");
    expect(readFileSync(join(stateDir, "version.json"), "utf8")).toBe(stamp);
    expect(readdirSync(stateDir)).toEqual(["version.json"]);
  });
});

describe("variables", () => {
  it("come from .dev.vars and the environment, the environment first", async () => {
    const workingDir = join(parent, "with-vars");
    mkdirSync(workingDir);
    writeFileSync(
      join(workingDir, ".dev.vars"),
      'OPENAI_API_KEY="from-file"\nSKERRY_MODEL=openai/gpt-5\nSKERRY_TOKEN=token-from-the-file-0123456789\n',
    );
    const skerry = await startSkerry({
      stateDir: freshDir(),
      workingDir,
      env: { SKERRY_MODEL: "anthropic/claude-opus-4-6", SKERRY_TOKEN: "token-from-env-0123456789abcdef" },
    });
    try {
      expect(skerry.output()).toContain("anthropic/claude-opus-4-6 (SKERRY_MODEL names it)");
      expect(skerry.output()).toContain("ANTHROPIC_API_KEY is not set");
      expect(readdirSync(skerry.stateDir)).not.toContain("token");
    } finally {
      await skerry.stop();
    }
  });
});

it("tells screens that it is about to stop, so that they know it is no failure", async () => {
  const skerry = await startSkerry();
  const operator = await openOperator(skerry);
  await skerry.stop();
  expect(operator.frames.find((frame) => frame.event === "shutdown")?.payload).toMatchObject({ reason: "stopped by its owner" });
  operator.close();
});
