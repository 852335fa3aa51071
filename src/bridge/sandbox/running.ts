// A command that runs in a container: what it says, what is said to it, its end. The end is told in words whenever something
// else than the command itself brought it: no memory, a full disk, a container that is gone, an engine that is gone.
import { randomUUID } from "node:crypto";
import { HomeRefused } from "../../contract/errors.ts";
import type { Ended, LaunchRequest, RunningProcess } from "../places/place.ts";
import type { SandboxPlace } from "./container-plan.ts";
import { explainLack, roomOf } from "./disk.ts";
import { type Engine, type EngineReply, isPassing, refuse } from "./engine.ts";
import { type ExecState, type OpenExec, openExec, runInside, waitQuiet, writeTo } from "./exec.ts";
import { KILL, MARK, OOM_COUNT, START } from "./inside.ts";

const WATCH_MS = 1_000;
const ASK_MS = 5_000;
/** An engine that is busy answers nothing for a while; what runs goes on. So often in a row, and it is given up. */
const MAX_MISSES = 6;
const DISCARD_AGAIN_MS = 10_000;
const START_MS = 30_000;
/** One argument of a program has at most 128 KiB. */
const MAX_COMMAND_BYTES = 120_000;
const REMOVED = "Its sandbox was removed by somebody while it ran; the next command gets a new one.";
const TAKEN_AWAY = "It could not be ended alone, so its sandbox was taken away; the next command gets a new one.";
const SIGNALS: Record<number, string> = { 1: "SIGHUP", 2: "SIGINT", 9: "SIGKILL", 15: "SIGTERM" };

export interface ContainerHandle {
  id: string;
  name: string;
  memoryMb: number;
  /** Folder of this machine whose disk it fills. */
  folder: string;
  /** Ends counted so far for want of memory. */
  oomKills: number;
  /** Why it was taken away by us while something ran in it. */
  removedFor?: string;
}

export interface RunningOptions {
  engine: Engine;
  container: ContainerHandle;
  env: Record<string, string>;
  folder: string;
  /** With less than this left on the disk, what runs is ended. */
  minFreeBytes: number;
  /** Takes the container away with all that runs in it, when nothing else stops it. */
  discard(): Promise<void>;
  log(text: string, isBad?: boolean): void;
}

/** @throws HomeRefused when it does not start. */
export async function startRunning(request: LaunchRequest<SandboxPlace>, options: RunningOptions): Promise<RunningProcess> {
  const { engine, container, env, folder } = options;
  if (Buffer.byteLength(request.command) > MAX_COMMAND_BYTES) {
    throw new HomeRefused("TOO_LARGE", "The command is longer than 120,000 bytes; write it into a file and run that.");
  }
  const mark = randomUUID();
  const greeting = new Greeting(request.onOutput);
  const exec = await openExec(engine, {
    container: container.id,
    argv: ["/bin/sh", "-c", START, "skerry", folder, request.command],
    env: { ...env, [MARK]: mark },
    isPty: request.isPty,
    onChunk: (chunk, stream) => greeting.take(chunk, stream),
  });
  const timer = setTimeout(() => exec.line.destroy(), START_MS);
  await Promise.race([greeting.heard, exec.closed]);
  clearTimeout(timer);
  const said = greeting.end();
  if (said === "nofolder") {
    exec.line.destroy();
    throw new HomeRefused("NOT_FOUND", `There is no folder ${folder} in the sandbox, or it may not be entered.`);
  }
  const pid = Number(said);
  if (said === undefined || !Number.isInteger(pid)) {
    exec.line.destroy();
    throw explainSilence(greeting.noise);
  }
  return new SandboxProcess(exec, { pid, mark, isPty: request.isPty }, options);
}

class SandboxProcess implements RunningProcess {
  readonly ended: Promise<Ended>;
  readonly #exec: OpenExec;
  readonly #who: { pid: number; mark: string; isPty: boolean };
  readonly #options: RunningOptions;
  readonly #watch: NodeJS.Timeout;
  #sent: string | undefined;
  #cause: string | undefined;
  /** When its container could not be taken away, and that is tried again. */
  #discardAgainAt: number | undefined;
  /** Questions in a row that the engine did not answer. */
  #misses = 0;
  #isWatching = false;
  #hasEnded = false;

  constructor(exec: OpenExec, who: { pid: number; mark: string; isPty: boolean }, options: RunningOptions) {
    this.#exec = exec;
    this.#who = who;
    this.#options = options;
    this.#watch = setInterval(() => void this.#look(), WATCH_MS);
    this.ended = exec.closed.then(async () => {
      clearInterval(this.#watch);
      const ended = await this.#conclude().catch(() => ({ endedBy: "Nothing is known of how it ended." }));
      this.#hasEnded = true;
      exec.line.destroy();
      return ended;
    });
  }

  write(data: Uint8Array): Promise<void> {
    return writeTo(this.#exec.line, data);
  }

  async endInput(): Promise<void> {
    const { line } = this.#exec;
    // A terminal has no end of input but the key for it.
    if (this.#who.isPty) await writeTo(line, Buffer.from([4]));
    else if (!line.destroyed && !line.writableEnded) line.end();
  }

  async kill(signal: "TERM" | "KILL" | "INT" | "HUP"): Promise<void> {
    const { engine, container } = this.#options;
    this.#sent ??= signal;
    const { pid, mark } = this.#who;
    let isDone = false;
    try {
      await runInside(engine, {
        container: container.id,
        argv: ["/bin/sh", "-c", KILL, "skerry", String(pid), mark, signal],
        timeoutMs: 10_000,
      });
      isDone = true;
    } catch {
      // No room for one more process, or no container any more.
    }
    if (signal !== "KILL" || this.#hasEnded) return;
    const end = this.ended.then(() => true);
    const isOver = isDone && (await Promise.race([end, wait(5_000).then(() => false)]));
    if (isOver || this.#hasEnded) return;
    await this.#discard();
  }

  /** Never rejects: an engine that would not do it is asked again. */
  async #discard(): Promise<void> {
    const { container, discard, log } = this.#options;
    this.#cause ??= TAKEN_AWAY;
    try {
      await discard();
      this.#discardAgainAt = undefined;
    } catch (error) {
      if (this.#cause === TAKEN_AWAY) this.#cause = undefined;
      // Said once, not at every try.
      if (this.#discardAgainAt === undefined) {
        const reason = error instanceof Error ? error.message : String(error);
        log(
          `A command could not be ended, and its sandbox ${container.name} not be taken away; it is tried again. ${reason}`,
          true,
        );
      }
      this.#discardAgainAt = performance.now() + DISCARD_AGAIN_MS;
    }
  }

  /** The line of a command stays open as long as a child of it holds it; and a disk fills without a word. */
  async #look(): Promise<void> {
    if (this.#isWatching || this.#hasEnded) return;
    this.#isWatching = true;
    try {
      if (this.#discardAgainAt !== undefined && performance.now() >= this.#discardAgainAt) await this.#discard();
      await this.#checkDisk();
      const state = await this.#ask();
      if (state === "gone" || state.Running === false) {
        await waitQuiet(this.#exec.line);
        this.#exec.line.destroy();
      }
    } catch (error) {
      if (this.#isGivenUp(error)) this.#exec.line.destroy();
    } finally {
      this.#isWatching = false;
    }
  }

  async #checkDisk(): Promise<void> {
    const { container, minFreeBytes } = this.#options;
    const lack = explainLack(await roomOf(container.folder), minFreeBytes);
    if (lack === undefined || this.#cause !== undefined) return;
    this.#cause = `${lack}, so it was ended. Free some space first.`;
    await this.kill("KILL");
  }

  async #ask(): Promise<ExecState | "gone"> {
    const reply = await this.#options.engine.ask("GET", `/exec/${this.#exec.id}/json`, { timeoutMs: ASK_MS });
    if (reply.status >= 500) throw refuse(reply, "tell how a command in the sandbox stands");
    this.#misses = 0;
    return reply.status === 200 ? (reply.body as ExecState) : "gone";
  }

  #isGivenUp(error: unknown): boolean {
    this.#misses += 1;
    return !isPassing(error) || this.#misses >= MAX_MISSES;
  }

  async #conclude(): Promise<Ended> {
    let state: ExecState | "gone" | undefined;
    for (let round = 0; round < 60; round++) {
      try {
        state = await this.#ask();
        if (state === "gone" || state.Running === false) break;
        await wait(50);
      } catch (error) {
        if (this.#isGivenUp(error)) {
          return { endedBy: "The container engine stopped answering while it ran; what became of it is not known." };
        }
        await wait(WATCH_MS);
      }
    }
    if (this.#cause !== undefined) return { ...signalOf("KILL"), endedBy: this.#cause };
    if (state === undefined || (state !== "gone" && state.Running !== false)) {
      return { endedBy: "The line to the container engine broke while it ran; what became of it is not known." };
    }
    const gone = await this.#explainGone(state === "gone" ? undefined : state.ExitCode);
    const exitCode = state === "gone" ? undefined : (state.ExitCode ?? undefined);
    if (state === "gone" || gone !== undefined) {
      return { ...(exitCode === undefined ? {} : { exitCode }), endedBy: gone ?? "The container engine lost sight of it." };
    }
    if (exitCode === undefined) return { endedBy: "The container engine does not say how it ended." };
    const signal = SIGNALS[exitCode - 128];
    if (this.#sent !== undefined && signal !== undefined) return { signal };
    if (exitCode === 137 && (await this.#hasRunOut())) return { signal: "SIGKILL", endedBy: this.#outOfMemory() };
    return { exitCode };
  }

  /** A container that is being stopped says so a moment later than what ran in it. */
  async #explainGone(exitCode: number | null | undefined): Promise<string | undefined> {
    const isAbrupt = exitCode === 137 && this.#sent === undefined;
    let gone: string | undefined;
    // One that is removed is stopped first.
    for (let round = 0; round < 6; round++) {
      if (round > 0) await wait(100);
      gone = await this.#explainContainer().catch(() => undefined);
      if (gone === undefined ? !isAbrupt : gone === REMOVED || this.#options.container.removedFor !== undefined) break;
    }
    return gone;
  }

  /** Why the container is not there any more; undefined: it is. */
  async #explainContainer(): Promise<string | undefined> {
    const reply = await this.#inspect();
    const { removedFor } = this.#options.container;
    if (reply.status === 404) return removedFor ?? REMOVED;
    const { State: state } = reply.body as { State?: { Running?: boolean; OOMKilled?: boolean } };
    if (state?.Running !== false) return undefined;
    return state.OOMKilled === true
      ? this.#outOfMemory()
      : (removedFor ?? "Its sandbox was stopped by somebody while it ran; the next command gets a new one.");
  }

  #inspect(): Promise<EngineReply> {
    return this.#options.engine.ask("GET", `/containers/${this.#options.container.id}/json`);
  }

  async #hasRunOut(): Promise<boolean> {
    const { engine, container } = this.#options;
    try {
      const { stdout } = await runInside(engine, {
        container: container.id,
        argv: ["/bin/sh", "-c", OOM_COUNT],
        timeoutMs: 5_000,
      });
      const count = Number(/^oom_kill (\d+)$/m.exec(stdout.toString("utf8"))?.[1] ?? 0);
      const hasRisen = count > container.oomKills;
      container.oomKills = count;
      return hasRisen;
    } catch {
      return false;
    }
  }

  #outOfMemory(): string {
    return `The sandbox ran out of memory (${this.#options.container.memoryMb} MB), so it was ended. Use less at once, or raise sandbox.memoryMb.`;
  }
}

/** The first line of its output is ours; the rest, and what overtook it on the other stream, is the command's. */
class Greeting {
  readonly heard: Promise<void>;
  readonly #hear: () => void;
  readonly #pass: (chunk: Uint8Array) => void;
  #kept: Buffer = Buffer.alloc(0);
  readonly #early: Buffer[] = [];
  #said: string | undefined;
  #isOver = false;
  /** What came instead of a greeting. */
  noise = "";

  constructor(pass: (chunk: Uint8Array) => void) {
    this.#pass = pass;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.heard = promise;
    this.#hear = resolve;
  }

  take(chunk: Uint8Array, stream: "out" | "error"): void {
    if (this.#isOver) {
      this.#pass(chunk);
      return;
    }
    if (stream === "error") {
      this.#early.push(Buffer.from(chunk));
      return;
    }
    this.#kept = Buffer.concat([this.#kept, chunk]);
    const end = this.#kept.indexOf(10);
    if (end < 0 && this.#kept.length < 200) return;
    this.#isOver = true;
    const line = this.#kept.subarray(0, Math.max(0, end)).toString("utf8").trim();
    this.#said = /^skerry (\w+)$/.exec(line)?.[1];
    const rest = this.#kept.subarray(end + 1);
    this.#hear();
    if (this.#said === undefined) return;
    for (const early of this.#early) this.#pass(early);
    if (rest.length > 0) this.#pass(rest);
  }

  end(): string | undefined {
    this.#isOver = true;
    if (this.#said === undefined)
      this.noise = Buffer.concat([...this.#early, this.#kept])
        .toString("utf8")
        .slice(0, 1000);
    return this.#said;
  }
}

function explainSilence(noise: string): HomeRefused {
  if (/resource temporarily unavailable|pthread_create|can't start new thread|errno 11|cannot fork/i.test(noise)) {
    return new HomeRefused(
      "UNAVAILABLE",
      "The sandbox has no room for one more process: end some of its processes first, or raise sandbox.pids.",
    );
  }
  if (/no such file|not found/i.test(noise)) {
    return new HomeRefused("UNAVAILABLE", "The image of the sandbox has no /bin/sh; choose one that has a shell.");
  }
  const reason = noise.trim().slice(0, 300);
  return new HomeRefused("UNAVAILABLE", `The command did not start in the sandbox${reason === "" ? "" : `: ${reason}`}.`);
}

function signalOf(signal: string): Ended {
  return { signal: `SIG${signal}` };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
