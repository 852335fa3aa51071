// What is measured: something that starts as a process, speaks the Gateway protocol, and asks the scripted model.
// Whatever was started ends with this program, also when it fails.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endTree, killTree } from "../process-tree.ts";
import { Talker } from "../talker.ts";

const READY_TIMEOUT_MS = 120_000;
const STOP_GRACE_MS = 8_000;
export const TOKEN = "bench-token-0123456789abcdef0123456789abcdef";

export interface Subject {
  name: string;
  /** Starts on a state folder and answers when the gateway said hello. `variables`: further ones of its environment. */
  start(stateDir: string, variables?: Record<string, string>): Promise<Started>;
}

export interface Started {
  url: string;
  talker: Talker;
  /** Root of the process tree. */
  pid: number;
  /** From the command to the hello. */
  readyMs: number;
  startedAt: number;
  stop(): Promise<void>;
  /** SIGKILL to the whole tree. */
  kill(): Promise<void>;
}

export interface Launch {
  command: string;
  args: string[];
  cwd: string;
  environment: NodeJS.ProcessEnv;
  port: number;
}

const running = new Set<number>();
const folders = new Set<string>();

process.on("exit", () => {
  for (const pid of running) killTree(pid);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => process.exit(130));

/** A folder that goes when this program ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "skerry-bench-"));
  folders.add(folder);
  return folder;
}

export async function launch(what: Launch): Promise<Started> {
  const startedAt = performance.now();
  const child = spawn(what.command, what.args, {
    cwd: what.cwd,
    env: what.environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const said = collectTail(child);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${what.command} could not be started.`);
  running.add(pid);
  const url = `http://127.0.0.1:${what.port}`;
  const isGone = ended.then(() => Promise.reject(new Error(`It ended before it was ready. It said: ${said()}`)));
  const talker = await Promise.race([Talker.connectSoon(url, TOKEN, READY_TIMEOUT_MS), isGone]).catch(async (error: unknown) => {
    await endTree(pid, 1000);
    throw new Error(`${what.command} did not get ready: ${error instanceof Error ? error.message : error} ${said()}`);
  });
  const readyMs = performance.now() - startedAt;
  const after = async () => {
    await ended;
    running.delete(pid);
  };
  return {
    url,
    talker,
    pid,
    readyMs,
    startedAt,
    stop: async () => {
      talker.close();
      await endTree(pid, STOP_GRACE_MS);
      await after();
    },
    kill: async () => {
      killTree(pid);
      talker.close();
      await after();
    },
  };
}

/** A port that was free a moment ago. */
export function pickPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** The environment without anything that would steer what is measured. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const steers = /^(SKERRY_|OPENCLAW_|NODE_OPTIONS|npm_|INIT_CWD|.*_(API_KEY|BASE_URL|BOT_TOKEN)$)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !steers.test(name)));
}

function collectTail(child: ChildProcess): () => string {
  let tail = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => {
      tail = (tail + text).slice(-2000);
    });
  }
  return () => tail.trim();
}
