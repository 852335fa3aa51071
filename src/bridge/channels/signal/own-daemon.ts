// signal-cli as this line's own program: in a folder of its own, on a port nobody else knows, ended with the line. A shell stands between:
// it ends the program when its standard input ends, which it does also when this process is killed.
import { spawn } from "node:child_process";
import { readdir, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { HomeRefused } from "../../../contract/errors.ts";
import { findProgram } from "../program.ts";

const START_MS = 120_000;
const END_MS = 8_000;
/** As long as a message may wait at home, its files are there; then, or when they are more than this together, the oldest go. */
const FILES_LIFE_MS = 14 * 24 * 3_600_000;
const MOST_FILES_BYTES = 1024 * 1024 * 1024;
const GUARD = 'exec 3<&0; signal-cli "$@" & p=$!; (cat <&3 >/dev/null; kill $p 2>/dev/null) & wait $p';

export interface OwnDaemon {
  url: string;
  pid: number | undefined;
  /** Why it ended. */
  gone: Promise<string>;
  isRunning(): boolean;
  end(): Promise<void>;
}

/** Resolves when it answers. @throws Error with why it does not. */
export async function startDaemon(dir: string, signal: AbortSignal): Promise<OwnDaemon> {
  if (findProgram("signal-cli") === undefined) {
    const how = "install it (with Java 25), or give SIGNAL_HTTP_URL, where one runs already";
    throw new HomeRefused("UNAVAILABLE", `signal-cli is not on this machine's PATH: ${how}.`);
  }
  await dropOldFiles(join(dir, "attachments"), Date.now());
  const port = await freePort();
  const args = [
    ...["--config", dir, "daemon", "--http", `127.0.0.1:${port}`],
    // What comes while nobody listens stays at Signal.
    ...["--receive-mode", "on-connection", "--no-receive-stdout", "--ignore-stories"],
  ];
  const child = spawn("sh", ["-c", GUARD, "sh", ...args], { stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
  });
  child.stdin.on("error", () => undefined);
  let isRunning = true;
  const { promise: gone, resolve } = Promise.withResolvers<string>();
  child.once("error", ({ message }) => resolve(`signal-cli could not be started: ${message}.`));
  child.once("exit", () => {
    isRunning = false;
    child.stdin.end();
    resolve(whyEnded(said));
  });
  const daemon: OwnDaemon = {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    gone,
    isRunning: () => isRunning,
    async end() {
      child.stdin.end();
      const late = new Promise<void>((done) => setTimeout(done, END_MS).unref());
      await Promise.race([gone, late]);
      if (isRunning) child.kill("SIGKILL");
    },
  };
  for (const endAt = Date.now() + START_MS; isRunning && !signal.aborted && Date.now() < endAt; ) {
    const answer = await fetch(`${daemon.url}/api/v1/check`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return daemon;
    await Promise.race([gone, new Promise((done) => setTimeout(done, 200))]);
  }
  await daemon.end();
  throw new Error(isRunning ? "signal-cli did not answer after it was started." : await gone);
}

function whyEnded(said: string): string {
  if (said.includes("UnsupportedClassVersionError")) {
    return "signal-cli needs a newer Java than this machine has; see its page of releases for which.";
  }
  if (/JAVA_HOME|no 'java' command/i.test(said)) return "signal-cli found no Java; install a Java runtime.";
  // With an account it asks Signal first, and without an answer it does not start.
  const unchecked = /Error while checking account [^:]*: ([^\n]*)/.exec(said)?.[1];
  if (unchecked !== undefined) {
    const words = unchecked
      .replace(/\p{Cc}/gu, " ")
      .trim()
      .slice(0, 200);
    return `signal-cli does not reach Signal just now, and does not start before it does: ${words}`;
  }
  const last = said.trim().split("\n").at(-1)?.trim().slice(0, 200);
  return `signal-cli ended${last ? `: ${last}` : "."}`;
}

function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => (typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port"))));
  });
  return promise;
}

export async function dropOldFiles(dir: string, now: number): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  const files = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(dir, name)).catch(() => undefined);
      return found?.isFile() ? [{ path: join(dir, name), at: found.mtimeMs, size: found.size }] : [];
    }),
  );
  let bytes = 0;
  for (const { path, at, size } of files.flat().toSorted((a, b) => b.at - a.at)) {
    bytes += size;
    if (now - at > FILES_LIFE_MS || bytes > MOST_FILES_BYTES) await rm(path, { force: true });
  }
}
