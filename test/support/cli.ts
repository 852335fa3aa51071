// The command line as a process of its own.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

export interface Ran {
  child: ChildProcessWithoutNullStreams;
  /** What it has written so far. */
  out(): string;
  err(): string;
  code: Promise<number | null>;
}

export interface RunOptions {
  /** Its variables besides the path; nothing else is handed down. */
  env: Record<string, string>;
  workingDir?: string;
  /** What it reads. */
  input?: string;
}

export function runCli(args: string[], { env, workingDir, input = "" }: RunOptions): Ran {
  const child = spawn(process.execPath, [join(ROOT, "bin/skerry.mjs"), ...args], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    ...(workingDir === undefined ? {} : { cwd: workingDir }),
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  child.stdin.end(input);
  return { child, out: () => out, err: () => err, code: new Promise((done) => child.once("close", done)) };
}
