// signal-cli as the line's own program: started in its folder, ended with the line and with the bridge, whatever way that ends. Run with a
// program of the same manners; the real one is in real-signal-cli.test.ts.
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findProgram } from "../../../../src/bridge/channels/program.ts";
import { signalDriver } from "../../../../src/bridge/channels/signal/signal.ts";
import { type HostedLine, hostLine } from "../../../support/channels/home/line-host.ts";

const ROOT = resolve(import.meta.dirname, "../../../..");
const MAIN = join(ROOT, "test/support/channels/home/signal-cli-main.ts");
const OWN = "+15550001111";
const PATIENCE = { timeout: 20_000, interval: 20 };

let dir: string;
let state: string;
let line: HostedLine | undefined;
const path = process.env["PATH"] ?? "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "skerry-signal-"));
  state = join(dir, "signal-cli");
  mkdirSync(state);
  mkdirSync(join(dir, "bin"));
  const program = join(dir, "bin/signal-cli");
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(program, 0o755);
  process.env["PATH"] = `${join(dir, "bin")}:${path}`;
});
afterEach(async () => {
  process.env["PATH"] = path;
  await line?.close();
  line = undefined;
  rmSync(dir, { recursive: true, force: true });
});

async function open(): Promise<HostedLine> {
  line = await hostLine(signalDriver({ firstPauseMs: 50, lookAgainMs: 300 }), { keys: { SIGNAL_NUMBER: OWN }, dir });
  return line;
}
const started = () => (existsSync(join(state, "started")) ? readFileSync(join(state, "started"), "utf8").trim().split("\n") : []);
const pidOf = (start: string | undefined) => Number(start?.split(" ")[0]);
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("it is started so that what comes while nobody listens stays at Signal, begun anew when it dies, and ended with the line", async () => {
  writeFileSync(join(state, "account"), OWN);
  const hosted = await open();
  await hosted.reach("open");
  expect(started()[0]).toMatch(
    /daemon --http 127\.0\.0\.1:\d+ --receive-mode on-connection --no-receive-stdout --ignore-stories$/,
  );
  process.kill(pidOf(started()[0]), "SIGKILL");
  await vi.waitFor(() => expect(started()).toHaveLength(2), PATIENCE);
  await hosted.reach("open");
  expect(hosted.news.some(({ phase }) => phase === "down")).toBe(true);
  const last = pidOf(started()[1]);
  await hosted.close();
  line = undefined;
  await vi.waitFor(() => expect(isRunning(last)).toBe(false), PATIENCE);
});

test("it does not outlive a bridge that was killed", async () => {
  const code = `import("${join(ROOT, "src/bridge/channels/signal/own-daemon.ts")}").then((it) => it.startDaemon("${state}", new AbortController().signal))`;
  const bridge = spawn(process.execPath, ["-e", code], { stdio: "ignore" });
  await vi.waitFor(() => expect(started()).toHaveLength(1), PATIENCE);
  const pid = pidOf(started()[0]);
  await vi.waitFor(() => expect(isRunning(pid)).toBe(true), PATIENCE);
  bridge.kill("SIGKILL");
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), PATIENCE);
});

test("where it cannot ask Signal about its account it does not start; that is said, and tried more slowly each time", async () => {
  writeFileSync(join(state, "account"), OWN);
  writeFileSync(join(state, "offline"), "");
  const hosted = await open();
  expect((await hosted.reach("down")).said).toContain("does not reach Signal just now");
  await vi.waitFor(() => expect(started().length).toBeGreaterThan(2), PATIENCE);
  rmSync(join(state, "offline"));
  await hosted.reach("open");
});

test("where it is not there, or its Java is too old, that is said", async () => {
  writeFileSync(join(state, "old-java"), "");
  const hosted = await open();
  expect((await hosted.reach("down")).said).toContain("newer Java");
  rmSync(join(dir, "bin/signal-cli"));
  if (findProgram("signal-cli", [], path) !== undefined) return;
  expect((await hosted.reach("refused")).said).toContain("not on this machine's PATH");
});
