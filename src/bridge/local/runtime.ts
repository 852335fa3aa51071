// Runs the built Worker on workerd: configuration, process, watchdog, readiness, end. One process and a shell of a
// megabyte; no development server. The watchdog ends workerd when this process dies without saying goodbye.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { StartRefused } from "../../contract/errors.ts";
import { writeConfig } from "./config.ts";
import type { Variables } from "./variables.ts";

const READY_TIMEOUT_MS = 20_000;
/** What open requests get to finish; whatever matters is on disk by then. */
const GRACE_MS = 400;

export interface RuntimeRequest {
  distDir: string;
  stateDir: string;
  host: string;
  port: number;
  variables: Variables;
  /** Where the browser binding is served. */
  browser?: { address: string; secret: string } | undefined;
  /** Lines that workerd and the Worker's console print. */
  onLine?(line: string): void;
}

export interface Runtime {
  url: string;
  port: number;
  pid: number;
  /** Resolves when workerd has ended, for whatever reason. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** Starts workerd and answers when `/health` does. */
export async function startRuntime(request: RuntimeRequest): Promise<Runtime> {
  const runDir = join(request.stateDir, "run");
  const objectsDir = join(request.stateDir, "objects");
  const mediaDir = join(request.stateDir, "media");
  for (const dir of [runDir, objectsDir, mediaDir]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  const configPath = join(runDir, "workerd.capnp");
  const config = writeConfig({
    configDir: runDir,
    distDir: request.distDir,
    objectsDir,
    mediaDir,
    host: request.host,
    port: request.port,
    variables: Object.keys(request.variables),
    browser: request.browser,
    certificates: readCertificates(),
  });
  writeFileSync(configPath, config, { mode: 0o600 });

  const said: string[] = [];
  const child = spawn(findWorkerd(), ["serve", configPath, "config", "--experimental", "--control-fd=3"], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // A group of its own: Ctrl-C reaches this process alone, which then ends the runtime in order.
    detached: true,
    env: { ...request.variables, PATH: process.env["PATH"], HOME: process.env["HOME"] },
  });
  const hear = (line: string) => {
    said.push(line);
    if (said.length > 20) said.shift();
    request.onLine?.(line);
  };
  for (const stream of [child.stdout, child.stderr]) readLines(stream, hear);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      said.push(error.message);
      resolve();
    });
  });
  const watchdog = child.pid === undefined ? undefined : watch(child.pid);
  const dismissed = ended.then(() => dismiss(watchdog));

  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    await dismissed;
    clearTimeout(timer);
  };
  const url = `http://${request.host}:${request.port}`;
  try {
    await Promise.race([waitUntilReady(child, url), ended.then(() => Promise.reject(new Error("ended")))]);
  } catch {
    await stop();
    throw new StartRefused({ kind: "runtime", said: said.slice(-3).join(" ") || "It ended without a word." });
  }
  return { url, port: request.port, pid: child.pid ?? 0, ended, stop };
}

/** Waits until workerd says that it listens, then until the Worker answers. */
async function waitUntilReady(child: ChildProcess, url: string): Promise<void> {
  const deadline = AbortSignal.timeout(READY_TIMEOUT_MS);
  await new Promise<void>((resolve, reject) => {
    child.stdio[3]?.once("data", () => resolve());
    deadline.addEventListener("abort", () => reject(deadline.reason));
  });
  const answer = await fetch(`${url}/health`, { signal: deadline });
  if (!answer.ok) throw new Error(`/health answered ${answer.status}`);
  await answer.arrayBuffer();
}

/** A shell that waits on a pipe from this process and kills `pid` when the pipe breaks. */
function watch(pid: number): ChildProcess {
  const shell = spawn("/bin/sh", ["-c", 'read -r _; kill -9 "$0"', String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  shell.on("error", () => undefined);
  shell.unref();
  return shell;
}

function dismiss(watchdog: ChildProcess | undefined): Promise<void> {
  if (!watchdog || watchdog.exitCode !== null || watchdog.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    watchdog.ref();
    watchdog.once("exit", () => resolve());
    if (!watchdog.kill("SIGKILL")) resolve();
  });
}

/** The binary of this machine's kind, without the package's JavaScript launcher in between. */
function findWorkerd(): string {
  const require = createRequire(import.meta.url);
  const path: unknown = require("workerd").default;
  if (typeof path !== "string") throw new StartRefused({ kind: "runtime", said: "workerd is not installed; run npm ci." });
  return path;
}

/** Certificates of a private authority, by Node's usual variable. */
function readCertificates(): string[] {
  const path = process.env["NODE_EXTRA_CA_CERTS"];
  if (!path || !existsSync(path)) return [];
  return readFileSync(path, "utf8").match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g) ?? [];
}

function readLines(stream: NodeJS.ReadableStream | null, hear: (line: string) => void): void {
  let rest = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") hear(line);
  });
}
