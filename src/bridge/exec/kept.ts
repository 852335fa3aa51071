// One process as long as it is known: what it said, whether it still runs, who waits for its end, and how it is ended.
import { HomeRefused } from "../../contract/errors.ts";
import type { ProcessState } from "../../contract/home/commands.ts";
import type { Ended, RunningProcess } from "../places/place.ts";
import type { ProcessRow } from "./ledger.ts";
import type { LogPart, Output } from "./output.ts";

/** Between a polite word and the end. */
const GRACE_MS = 5_000;
const TOLD_TAIL_BYTES = 4_000;

export type Signal = "TERM" | "KILL" | "INT" | "HUP";

export interface EndNotice {
  sessionKey: string;
  processId: string;
  command: string;
  exitCode?: number;
  signal?: string;
  endedBy?: string;
  tail: string;
}

/** One process, running or not. */
export class Kept {
  readonly row: ProcessRow;
  /** Absent: it is not kept any more. */
  output: Output | undefined;
  /** Its session was told that it runs, and would wait for its end in vain. */
  wasToldRunning = false;
  isInputClosed = false;
  readonly #now: () => number;
  readonly #waiters = new Set<() => void>();
  #process: RunningProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #cause: string | undefined;

  constructor(row: ProcessRow, output: Output | undefined, now: () => number) {
    this.row = row;
    this.output = output;
    this.#now = now;
  }

  get isRunning(): boolean {
    return this.row.endedAt === undefined;
  }

  /** Somebody waits for its end, and gets it as an answer. */
  get isAwaited(): boolean {
    return this.#waiters.size > 0;
  }

  /** The process that can be written to. @throws HomeRefused when it has ended. */
  get process(): RunningProcess {
    if (this.isRunning && this.#process) return this.#process;
    throw new HomeRefused("CONFLICT", `The process ${this.row.processId} has ended already.`);
  }

  begin(
    process: RunningProcess,
    { timeoutMs, isInputClosed }: { timeoutMs: number; isInputClosed: boolean },
    { onEnd, onTrouble }: { onEnd(ended: Ended): void; onTrouble(error: unknown): void },
  ): void {
    this.#process = process;
    this.isInputClosed = isInputClosed;
    if (timeoutMs > 0) {
      const seconds = Math.round(timeoutMs / 100) / 10;
      const cause = `It ran longer than the ${seconds} seconds that it was given, so it was ended.`;
      const late = () => void this.end(cause).catch(onTrouble);
      this.#timer = setTimeout(late, timeoutMs).unref();
    }
    void process.ended.then((ended) => {
      clearTimeout(this.#timer);
      const endedBy = ended.endedBy ?? this.#cause;
      const whole = { ...ended, ...(endedBy === undefined ? {} : { endedBy }) };
      Object.assign(this.row, whole, { endedAt: this.#now() });
      this.output?.close();
      onEnd(whole);
      this.#wake();
    });
  }

  hear(chunk: Uint8Array): void {
    this.output?.add(chunk);
    this.#wake();
  }

  /** Until `isEnough`, its end, the time, or the signal. */
  async wait(ms: number, isEnough: () => boolean, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || !this.isRunning || isEnough() || signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (!this.isRunning || isEnough()) resolve();
    };
    this.#waiters.add(look);
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    this.#waiters.delete(look);
  }

  /** With a reason and, where a polite word does not help, by force. */
  async end(cause: string): Promise<void> {
    const process = this.#process;
    if (!this.isRunning || !process) return;
    this.#cause ??= cause;
    await process.kill("TERM");
    await Promise.race([process.ended, pause(GRACE_MS)]);
    if (!this.isRunning) return;
    await process.kill("KILL");
    await Promise.race([process.ended, pause(GRACE_MS)]);
  }

  async signal(signal: Signal): Promise<void> {
    const { process } = this;
    if (signal === "TERM" || signal === "KILL") this.#cause ??= "It was ended by process kill.";
    // The end may come while it is being sent, and belongs to this answer then.
    const ended = this.wait(signal === "KILL" ? GRACE_MS : 2_000, () => false);
    await Promise.all([process.kill(signal), ended]);
    // It did not listen: what ends it later is something else.
    if (this.isRunning) this.#cause = undefined;
  }

  /** `since`: bytes that are known already. */
  state(since = 0): ProcessState {
    const { processId, startedAt, endedAt, exitCode, signal, endedBy } = this.row;
    const output = this.output ? this.output.tailSince(since) : "[Its output is not kept any more.]";
    const outputBytes = this.output?.bytes ?? 0;
    if (endedAt === undefined) {
      this.wasToldRunning = true;
      return { state: "running", processId, startedAt, output, outputBytes };
    }
    return {
      state: "exited",
      processId,
      startedAt,
      endedAt,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(signal === undefined ? {} : { signal }),
      ...(endedBy === undefined ? {} : { endedBy }),
      output,
      outputBytes,
    };
  }

  notice(): EndNotice {
    const { sessionKey, processId, command, exitCode, signal, endedBy } = this.row;
    return {
      sessionKey,
      processId,
      command,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(signal === undefined ? {} : { signal }),
      ...(endedBy === undefined ? {} : { endedBy }),
      tail: this.output?.tail(TOLD_TAIL_BYTES) ?? "",
    };
  }

  log(from: number, lines: number): LogPart {
    if (this.output) return this.output.log(from, lines);
    return { text: "[Its output is not kept any more.]", from: 0, totalLines: 0, totalBytes: 0 };
  }

  forget(): void {
    this.output?.remove();
    this.output = undefined;
    this.row.log = "";
  }

  #wake(): void {
    for (const look of [...this.#waiters]) look();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
