// A screen for windows where there is none: Xvfb, and xdotool for a person's mouse and keys, installed where that is possible without
// asking. Ends with whoever opened it.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";

const PROGRAMS = { Xvfb: "xvfb", xdotool: "xdotool" } as const;

export interface Display {
  /** `:7`. */
  name: string;
  /** As a person at the screen: xdotool's words. */
  do(...words: string[]): string;
  close(): void;
}

/** Why tests of windows are left out here, said loudly; undefined: they run. @throws where they have to run. */
export function skipWindows(): string | undefined {
  const reason = whyNone();
  if (reason === undefined) return undefined;
  const text = `NOT TESTED: a window needs a screen, and ${reason}.`;
  if (process.env["CI"] !== undefined) throw new Error(text);
  console.error(text);
  return reason;
}

function whyNone(): string | undefined {
  if (process.platform !== "linux") return "tests make one only on Linux";
  if (Object.keys(PROGRAMS).every(hasCommand)) return undefined;
  if (process.getuid?.() !== 0 || !hasCommand("apt-get")) return "xvfb and xdotool are not installed";
  return undefined;
}

export async function openDisplay(): Promise<Display> {
  install();
  const server = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const name = `:${await numberOf(server)}`;
  const close = () => void server.kill("SIGTERM");
  process.once("exit", close);
  return {
    name,
    do: (...words) =>
      execFileSync("xdotool", words, { encoding: "utf8", env: { ...process.env, DISPLAY: name }, timeout: 20_000 }),
    close() {
      process.off("exit", close);
      close();
    },
  };
}

function install(): void {
  const missing = Object.entries(PROGRAMS).flatMap(([program, name]) => (hasCommand(program) ? [] : [name]));
  if (missing.length === 0) return;
  console.log(`Installing ${missing.join(", ")} for tests of windows …`);
  const options = ["-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];
  execFileSync("apt-get", ["update", "-qq"], { stdio: "inherit" });
  execFileSync("apt-get", ["install", ...options, ...missing], {
    stdio: "inherit",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}

/** It chooses a number that is free, and says so when it can be used. */
function numberOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`Xvfb ended with ${code}.`)));
    server.stdio[3]?.once("data", (text: Buffer) => resolve(text.toString().trim()));
  });
}

function hasCommand(name: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
}
