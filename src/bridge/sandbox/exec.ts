// One command in a running container, by the engine's exec. `openExec` gives its line; `runInside` runs a short one to its end
// and keeps what it said, up to a bound. Arguments travel as a list: no shell reads them.
import type { Duplex } from "node:stream";
import { HomeRefused } from "../../contract/errors.ts";
import { type Engine, isReply, refuse } from "./engine.ts";
import { readFrames } from "./frames.ts";

const COUNT_MS = 10_000;
const WATCH_MS = 500;
/** For what is still on its way when a command has ended. */
const DRAIN_MS = 200;
const MAX_DRAIN_MS = 5_000;

export interface ExecRequest {
  container: string;
  argv: readonly string[];
  env?: Record<string, string>;
  isPty?: boolean;
  onChunk(chunk: Uint8Array, stream: "out" | "error"): void;
}

export interface OpenExec {
  id: string;
  line: Duplex;
  /** When nothing more comes. Never rejects. */
  closed: Promise<void>;
}

export interface ExecState {
  Running?: boolean;
  ExitCode?: number | null;
}

/** @throws HomeRefused when the engine does not start it. */
export async function openExec(engine: Engine, request: ExecRequest): Promise<OpenExec> {
  const { container, argv, env = {}, isPty = false, onChunk } = request;
  const made = await engine.ask("POST", `/containers/${container}/exec`, {
    body: {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: isPty,
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      Cmd: argv,
    },
  });
  if (made.status !== 201) throw refuse(made, "run a command in the sandbox");
  const { Id: id } = made.body as { Id: string };
  const line = await engine.attach(`/exec/${id}/start`, { Detach: false, Tty: isPty });
  if (isReply(line)) throw refuse(line, "run a command in the sandbox");
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const frames = readFrames(onChunk);
  line.on("data", isPty ? (chunk: Uint8Array) => onChunk(chunk, "out") : frames);
  line.once("error", () => line.destroy());
  line.once("end", resolve);
  line.once("close", resolve);
  return { id, line, closed };
}

export interface InsideResult {
  exitCode: number;
  stdout: Buffer;
  stderr: string;
}

/** @throws HomeRefused when it cannot be run, does not end in time, or says more than `maxBytes`. */
export async function runInside(
  engine: Engine,
  request: {
    container: string;
    argv: readonly string[];
    env?: Record<string, string>;
    input?: Uint8Array | AsyncIterable<Uint8Array>;
    timeoutMs: number;
    maxBytes?: number;
    onOutput?(chunk: Uint8Array): void;
  },
): Promise<InsideResult> {
  const { container, argv, env = {}, input, timeoutMs, maxBytes = 4 * 1024 * 1024, onOutput } = request;
  const out: Uint8Array[] = [];
  const errors: Uint8Array[] = [];
  let bytes = 0;
  let fault: "late" | "long" | undefined;
  const exec = await openExec(engine, {
    container,
    argv,
    env,
    onChunk: (chunk, stream) => {
      if (onOutput && stream === "out") return onOutput(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes) {
        fault = "long";
        exec.line.destroy();
      } else (stream === "out" ? out : errors).push(chunk);
    },
  });
  const timer = setTimeout(() => {
    fault = "late";
    exec.line.destroy();
  }, timeoutMs);
  // An engine keeps the line open as long as input waits that nobody reads any more.
  const watch = setInterval(() => {
    void endWhenOver(engine, exec).catch(() => exec.line.destroy());
  }, WATCH_MS);
  try {
    const fed = feed(exec.line, input);
    await exec.closed;
    await fed;
    if (fault === "late") throw new HomeRefused("TIMEOUT", `The sandbox did not answer within ${timeoutMs / 1000} seconds.`);
    if (fault === "long") throw new HomeRefused("TOO_LARGE", "The sandbox said more than was asked for.");
    const exitCode = await readExitCode(engine, exec.id);
    return { exitCode, stdout: Buffer.concat(out), stderr: Buffer.concat(errors).toString("utf8").trim() };
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    exec.line.destroy();
  }
}

/** How many there are in a container; more than any, where that cannot be found out. */
export async function countProcesses(engine: Engine, container: string): Promise<number> {
  if (engine.facts.name === "Podman") {
    // Podman's own look is a command in the container whose input is this machine's /dev/null, and older ones of crun give that
    // to the container's user, who could then close it to everybody. Here, input is a pipe.
    const argv = ["/bin/sh", "-c", "set -- /proc/[0-9]*; echo $#"];
    const ran = await runInside(engine, { container, argv, timeoutMs: COUNT_MS }).catch(() => undefined);
    const count = ran?.exitCode === 0 ? Number(ran.stdout.toString("utf8")) : Number.NaN;
    return count > 0 ? count - 1 : Number.POSITIVE_INFINITY;
  }
  const reply = await engine.ask("GET", `/containers/${container}/top`);
  const { Processes: processes } = (reply.body ?? {}) as { Processes?: string[][] };
  return reply.status === 200 ? (processes?.length ?? 0) : Number.POSITIVE_INFINITY;
}

async function endWhenOver(engine: Engine, { id, line }: OpenExec): Promise<void> {
  const reply = await engine.ask("GET", `/exec/${id}/json`);
  if (reply.status === 200 && (reply.body as ExecState).Running !== false) return;
  await waitQuiet(line);
  line.destroy();
}

/** Until nothing came for a moment: what ended may have said more than was read yet. What a child of it says goes on for ever. */
export async function waitQuiet(line: Duplex): Promise<void> {
  const giveUpAt = performance.now() + MAX_DRAIN_MS;
  let heardAt = performance.now();
  const note = () => {
    heardAt = performance.now();
  };
  line.on("data", note);
  while (!line.destroyed && performance.now() < giveUpAt && performance.now() - heardAt < DRAIN_MS) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  line.off("data", note);
}

/** Its line is closed; the engine may need a moment to notice that it ended. */
async function readExitCode(engine: Engine, id: string): Promise<number> {
  for (let round = 0; round < 40; round++) {
    const reply = await engine.ask("GET", `/exec/${id}/json`);
    if (reply.status !== 200) throw refuse(reply, "tell how a command in the sandbox ended");
    const state = reply.body as ExecState;
    if (state.Running === false && typeof state.ExitCode === "number") return state.ExitCode;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new HomeRefused("UNAVAILABLE", "The container engine lost sight of a command in the sandbox.");
}

async function feed(line: Duplex, input: Uint8Array | AsyncIterable<Uint8Array> | undefined): Promise<void> {
  if (input !== undefined) {
    for await (const chunk of input instanceof Uint8Array ? [input] : input) {
      if (line.destroyed || line.writableEnded) return;
      await writeTo(line, chunk);
    }
  }
  if (!line.destroyed) line.end();
}

/** Resolves when there is room for more; a line that is gone takes anything. */
export function writeTo(line: Duplex, data: Uint8Array): Promise<void> {
  if (line.destroyed || line.writableEnded) return Promise.resolve();
  return new Promise((resolve) => {
    if (line.write(data)) return resolve();
    const go = () => {
      line.off("drain", go);
      line.off("close", go);
      resolve();
    };
    line.once("drain", go);
    line.once("close", go);
  });
}
