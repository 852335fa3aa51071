// Runs `skerry` as a process of its own, as a person or a script does, against a Gateway on this machine.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const PROGRAM = join(ROOT, "bin/skerry.mjs");

export interface Ran {
  child: ChildProcessWithoutNullStreams;
  out(): string;
  err(): string;
  code: Promise<number | null>;
}

/** `input` is piped in and closed; undefined leaves it open. `command`: a program that runs `skerry` in its turn. */
export function runCommand(
  args: string[],
  { port, dir }: { port: number; dir: string },
  input: string | undefined,
  env: Record<string, string>,
  command: string = process.execPath,
): Ran {
  const child = spawn(command, command === process.execPath ? [PROGRAM, ...args] : args, {
    cwd: dir,
    env: {
      PATH: process.env["PATH"],
      HOME: dir,
      SKERRY_URL: `http://127.0.0.1:${port}`,
      SKERRY_TOKEN: "right",
      SKERRY_STATE_DIR: join(dir, "state"),
      ...env,
    },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (data) => {
    out += data;
  });
  child.stderr.on("data", (data) => {
    err += data;
  });
  if (input !== undefined) child.stdin.end(input);
  return { child, out: () => out, err: () => err, code: new Promise((done) => child.once("close", done)) };
}
