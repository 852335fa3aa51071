// Starts what `npm start` starts, on a port and a state folder of its own, and ends it. For journeys and measurements.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const START_TIMEOUT_MS = 45_000;

export interface SkerryOptions {
  /** Kept after the end when given; else a fresh one that goes with `stop`. */
  stateDir?: string;
  port?: number;
  /** Variables besides the path and home: keys, base addresses, SKERRY_MODEL. Nothing else is handed down. */
  env?: Record<string, string>;
  /** Looks for changed sources at the start, as `npm start` does; else one build serves a whole test file. */
  checksBuild?: boolean;
  /** The Skerry to start, with a build of its own; else this one. */
  root?: string;
  /** Folder to start in; `.dev.vars` is read from it. */
  workingDir?: string;
}

export interface Skerry {
  url: string;
  token: string;
  loginLink: string;
  stateDir: string;
  port: number;
  /** The starter, then workerd. */
  pids: number[];
  /** From spawning to the announcement. */
  announcedMs: number;
  output(): string;
  errors(): string;
  /** Ctrl-C; answers how long it took. */
  stop(): Promise<number>;
  /** SIGKILL to every process at once, as a power cut would. The state stays. */
  kill(): Promise<void>;
}

export interface Launch {
  child: ChildProcess;
  output(): string;
  errors(): string;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

let isBuilt = false;

function buildOnce(): void {
  if (!isBuilt) execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], { stdio: "inherit" });
  isBuilt = true;
}

/** Spawns `npm start`'s program without waiting for anything. */
export function launchSkerry(options: SkerryOptions & { stateDir: string; port: number }): Launch {
  if (!options.root) buildOnce();
  const flags = options.checksBuild ? [] : ["--no-build"];
  const child = spawn(process.execPath, [join(options.root ?? ROOT, "scripts/start.mjs"), ...flags], {
    cwd: options.workingDir ?? options.stateDir.replace(/\/[^/]*$/, ""),
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      // Where packages come from may be signed by somebody that only this machine knows.
      // Packages of channels are fetched once for all journeys; the registry is asked for what is not there yet.
      npm_config_cache: join(ROOT, ".cache/npm"),
      npm_config_prefer_offline: "true",
      NODE_EXTRA_CA_CERTS: process.env["NODE_EXTRA_CA_CERTS"],
      // Journeys that are not about it have no machine beside Skerry.
      SKERRY_BRIDGE: "off",
      SKERRY_BROWSER: "off",
      ...options.env,
      SKERRY_STATE_DIR: options.stateDir,
      PORT: String(options.port),
    },
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) => {
    child.once("close", (code, signal) => done({ code, signal }));
  });
  return { child, output: () => output, errors: () => errors, exited };
}

/** Starts Skerry and waits for its announcement. */
export async function startSkerry(options: SkerryOptions = {}): Promise<Skerry> {
  const parent = options.stateDir === undefined ? mkdtempSync(join(tmpdir(), "skerry-")) : undefined;
  const stateDir = options.stateDir ?? join(parent ?? "", "state");
  const port = options.port ?? (await findPort());
  if (!options.root) buildOnce();
  const startedAt = performance.now();
  const launch = launchSkerry({ ...options, stateDir, port });
  const clean = () => parent !== undefined && rmSync(parent, { recursive: true, force: true });

  const [, link] = await waitForLine(launch, /Login\s+(\S+)/);
  const announcedMs = performance.now() - startedAt;
  const note: { pid: number; runtimePid: number; url: string; port: number } = JSON.parse(
    readFileSync(join(stateDir, "runtime.json"), "utf8"),
  );
  const token = options.env?.["SKERRY_TOKEN"] ?? readFileSync(join(stateDir, "token"), "utf8").trim();
  return {
    url: note.url,
    token,
    loginLink: link ?? "",
    stateDir,
    port: note.port,
    pids: [note.pid, note.runtimePid],
    announcedMs,
    output: launch.output,
    errors: launch.errors,
    async stop() {
      const stoppedAt = performance.now();
      launch.child.kill("SIGINT");
      await launch.exited;
      const took = performance.now() - stoppedAt;
      clean();
      return took;
    },
    async kill() {
      for (const pid of [note.pid, note.runtimePid]) killNow(pid);
      await launch.exited;
      await waitUntilGone(note.runtimePid);
    },
  };
}

/** A port that was free a moment ago. */
export function findPort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address ? done(address.port) : fail(new Error("no port"))));
    });
  });
}

/** Whether the process exists and is no mere entry of one that ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

export async function waitUntilGone(pid: number, timeoutMs = 3000): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; ) {
    if (!isRunning(pid)) return true;
    await new Promise((done) => setTimeout(done, 10));
  }
  return !isRunning(pid);
}

async function waitForLine(launch: Launch, wanted: RegExp): Promise<RegExpMatchArray> {
  let hasExited = false;
  void launch.exited.then(() => {
    hasExited = true;
  });
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; ) {
    const found = launch.output().match(wanted);
    if (found) return found;
    if (hasExited) break;
    await new Promise((done) => setTimeout(done, 5));
  }
  launch.child.kill("SIGKILL");
  throw new Error(`Skerry did not start.\n${launch.output()}\n${launch.errors()}`);
}

function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
