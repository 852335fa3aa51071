// The bridge as a person starts it: `skerry bridge` against a Skerry that runs, on a state folder of its own.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { endTree } from "../process-tree.ts";
import { ROOT } from "./skerry.ts";
import { plainEnvironment, TOKEN } from "./subject.ts";

const READY_TIMEOUT_MS = 30_000;

export interface StartedBridge {
  pid: number;
  /** From the command to the line that says it is connected. */
  readyMs: number;
  stop(): Promise<void>;
}

export interface BridgeStart {
  url: string;
  stateDir: string;
  name: string;
  /** Socket of a container engine; absent: it looks for none. */
  engine?: string;
}

export async function startBridgeProgram({ url, stateDir, name, engine }: BridgeStart): Promise<StartedBridge> {
  const config = join(stateDir, "bench.json");
  writeFileSync(config, JSON.stringify({ sandbox: { socket: engine ?? join(stateDir, "no-engine.sock") } }));
  const startedAt = performance.now();
  const words = ["bridge", "--url", url, "--state-dir", join(stateDir, "state"), "--name", name, "--config", config];
  const child = spawn(process.execPath, [join(ROOT, "bin/skerry.mjs"), ...words], {
    env: { ...plainEnvironment(), SKERRY_TOKEN: TOKEN },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("The bridge could not be started.");
  const stop = () => endTree(pid, 5000);
  let said = "";
  const ready = Promise.withResolvers<number>();
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
    if (/ Connected to /.test(said)) ready.resolve(performance.now() - startedAt);
  });
  child.once("exit", () => ready.reject(new Error(`The bridge ended before it was connected: ${said}`)));
  const late = setTimeout(() => ready.reject(new Error(`The bridge did not connect: ${said}`)), READY_TIMEOUT_MS);
  try {
    return { pid, readyMs: await ready.promise, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(late);
  }
}
