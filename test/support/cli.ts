// The command line as a process of its own.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const PROGRAM = resolve(dirname(fileURLToPath(import.meta.url)), "../../bin/skerry.mjs");

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
  /** What it reads; null leaves it open. */
  input?: string | null;
  /** A program that runs `skerry` in its turn; `args` are all its own. */
  command?: string;
}

/** The variables and folder of someone whose Gateway listens at `port`; all that is kept lies in `dir`. */
export function homeOf(dir: string, port: number): Required<Pick<RunOptions, "env" | "workingDir">> {
  const env = { HOME: dir, SKERRY_URL: `http://127.0.0.1:${port}`, SKERRY_TOKEN: "right", SKERRY_STATE_DIR: join(dir, "state") };
  return { env, workingDir: dir };
}

export function runCli(args: string[], { env, workingDir, input = "", command }: RunOptions): Ran {
  const child = spawn(command ?? process.execPath, command === undefined ? [PROGRAM, ...args] : args, {
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
  if (input !== null) child.stdin.end(input);
  return { child, out: () => out, err: () => err, code: new Promise((done) => child.once("close", done)) };
}
