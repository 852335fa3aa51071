// The installed OpenClaw, where there is one: OPENCLAW_BIN names its program. It is large, and no dependency.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export function canRun(program: string, args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** How to run it: a script by this Node, or a program by itself. */
export function findOpenClaw(): string[] | undefined {
  const named = process.env["OPENCLAW_BIN"];
  if (named && existsSync(named)) return /\.[cm]?js$/.test(named) ? [process.execPath, named] : [named];
  return canRun("openclaw", ["--version"]) ? ["openclaw"] : undefined;
}

export interface NodeHost {
  output(): string;
  /** `openclaw <words>` on that machine. */
  say(...words: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** `openclaw node run` in the foreground, with a home of its own. */
export function startNodeHost(openclaw: readonly string[], port: number, name: string): NodeHost {
  const [program = "", ...first] = openclaw;
  const home = mkdtempSync(join(tmpdir(), "openclaw-node-"));
  const env = {
    PATH: process.env["PATH"],
    HOME: home,
    LANG: "C.UTF-8",
    OPENCLAW_STATE_DIR: join(home, "state"),
    OPENCLAW_NO_AUTO_UPDATE: "1",
  };
  const words = ["node", "run", "--host", "127.0.0.1", "--port", String(port), "--display-name", name];
  const child = spawn(program, [...first, ...words], { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return {
    output: () => output,
    say: async (...said) => (await run(program, [...first, ...said], { env, cwd: home, timeout: 120_000 })).stdout,
    async stop() {
      await end(child);
      rmSync(home, { recursive: true, force: true, maxRetries: 3, retryDelay: 200 });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(timer);
}
