// Processes of every place: begun once by their id, looked at by the session that began them alone, kept for half an hour after
// their end. What is known of one is a row of the ledger too, so that asking again after a crash of the bridge begins nothing anew.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";
import type { Place, ProcessState } from "../../contract/home/commands.ts";
import type { Ended, PlaceHost, RunningProcess } from "../places/place.ts";
import type { ExecLedger, ProcessRow } from "./ledger.ts";
import { type LogPart, Output } from "./output.ts";

export const MAX_RUNNING = 50;
const SHOWN_MS = 30 * 60_000;
/** How long an id is known, so that it does not begin a second process. */
const KNOWN_MS = 7 * 24 * 3_600_000;
/** All output of ended processes together; the oldest goes first. */
const MAX_KEPT_BYTES = 1024 * 1024 * 1024;
const SWEEP_MS = 60_000;
/** Between a polite word and the end. */
const GRACE_MS = 5_000;
const TOLD_TAIL_BYTES = 4_000;

export type Hosts = { [K in Place["kind"]]?: PlaceHost<Extract<Place, { kind: K }>> };
export type Signal = "TERM" | "KILL" | "INT" | "HUP";

export interface Launch {
  sessionKey: string;
  processId: string;
  place: Place;
  /** As it was asked for, for people. */
  command: string;
  /** What the shell gets. */
  text: string;
  workdir?: string | undefined;
  env: Record<string, string>;
  isPty: boolean;
  timeoutMs: number;
  /** Nothing will be written to it. */
  isInputClosed: boolean;
  /** Row of the audit log that hears of its end. */
  auditId: number;
}

export interface EndNotice {
  sessionKey: string;
  processId: string;
  command: string;
  exitCode?: number;
  signal?: string;
  endedBy?: string;
  tail: string;
}

export interface ProcessesOptions {
  /** For output; of the bridge alone. */
  folder: string;
  ledger: ExecLedger;
  hosts: Hosts;
  now(): number;
  log(text: string, isBad?: boolean): void;
  /** A process ended of which its session was told that it runs. */
  tell(key: string, notice: EndNotice): void;
}

export class Processes {
  readonly #options: ProcessesOptions;
  readonly #known = new Map<string, Kept>();
  readonly #starting = new Map<string, Promise<Kept>>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: ProcessesOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#recall();
    this.#sweep();
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** The process of that id, when there is or was one. */
  find(sessionKey: string, processId: string): Promise<Kept> | undefined {
    const key = keyOf(sessionKey, processId);
    const known = this.#known.get(key);
    return known ? Promise.resolve(known) : this.#starting.get(key);
  }

  /** @throws HomeRefused when this session knows none of that id. */
  async need(sessionKey: string, processId: string): Promise<Kept> {
    const found = await this.find(sessionKey, processId);
    if (found) return found;
    throw new HomeRefused("NOT_FOUND", `There is no process ${processId} of this session on this machine.`);
  }

  /** Running ones first, then the latest that ended. */
  list(sessionKey: string): Kept[] {
    const since = this.#options.now() - SHOWN_MS;
    return [...this.#known.values()]
      .filter(({ row }) => row.sessionKey === sessionKey && (row.endedAt === undefined || row.endedAt >= since))
      .sort((one, other) => rank(one) - rank(other) || other.row.startedAt - one.row.startedAt);
  }

  /** @throws HomeRefused when it cannot be started. */
  start(launch: Launch): Promise<Kept> {
    const { sessionKey, processId } = launch;
    const there = this.find(sessionKey, processId);
    if (there) return there;
    const key = keyOf(sessionKey, processId);
    const starting = this.#start(key, launch).finally(() => this.#starting.delete(key));
    this.#starting.set(key, starting);
    return starting;
  }

  /** Nothing can be done with them afterwards. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const running = [...this.#known.values()].filter(({ isRunning }) => isRunning);
    await Promise.all(running.map((kept) => kept.end("The bridge was ended, and it with it.")));
    for (const kept of this.#known.values()) kept.output?.close();
  }

  async #start(key: string, launch: Launch): Promise<Kept> {
    const { folder, ledger, now } = this.#options;
    const { sessionKey, processId, place, text, workdir, env, isPty } = launch;
    const running = [...this.#known.values()].filter(({ isRunning }) => isRunning).length + this.#starting.size;
    if (running >= MAX_RUNNING) {
      throw new HomeRefused("UNAVAILABLE", `${MAX_RUNNING} processes run on this machine already; end one of them first.`);
    }
    const path = join(folder, key);
    const row: ProcessRow = { key, sessionKey, processId, command: launch.command.slice(0, 1000), startedAt: now(), log: path };
    const kept = new Kept(row, Output.create(path), now);
    ledger.keepProcess(row);
    try {
      const request = { processId, command: text, workdir, env, isPty, onOutput: (chunk: Uint8Array) => kept.hear(chunk) };
      const process = await this.#launch(place, request);
      this.#known.set(key, kept);
      kept.begin(process, launch, (ended) => this.#end(kept, launch, ended));
      if (launch.isInputClosed) await process.endInput().catch(() => undefined);
      return kept;
    } catch (error) {
      // It never ran: the same id may try again.
      if (!this.#known.has(key)) {
        kept.output?.remove();
        ledger.dropProcess(key);
      }
      ledger.auditEnd(launch.auditId, "not started", now());
      throw error;
    }
  }

  #launch(place: Place, rest: Omit<Parameters<PlaceHost["launch"]>[0], "place">): Promise<RunningProcess> {
    const { hosts } = this.#options;
    switch (place.kind) {
      case "home":
        if (hosts.home) return hosts.home.launch({ ...rest, place });
        break;
      case "sandbox":
        if (hosts.sandbox) return hosts.sandbox.launch({ ...rest, place });
        break;
      default:
        return place satisfies never;
    }
    throw new HomeRefused("UNAVAILABLE", `This machine runs nothing in the place ${place.kind}.`);
  }

  #end(kept: Kept, launch: Launch, ended: Ended): void {
    const { ledger, now, log, tell } = this.#options;
    const { row } = kept;
    try {
      ledger.keepProcess(row);
      ledger.auditEnd(launch.auditId, describeEnd(ended), now());
    } catch (error) {
      log(`The end of process ${row.processId} was not written down: ${String(error)}`, true);
    }
    if (!kept.isAwaited && kept.wasToldRunning) tell(row.key, kept.notice());
  }

  /** What an earlier bridge left: its processes ended with it. */
  #recall(): void {
    const { folder, ledger, now, tell } = this.#options;
    const rows = ledger.processes();
    for (const row of rows) {
      const kept = new Kept(row, row.log === "" ? undefined : Output.open(row.log), now);
      this.#known.set(row.key, kept);
      if (row.endedAt !== undefined) continue;
      row.endedAt = now();
      row.endedBy = "The bridge ended while it ran, and it with it.";
      ledger.keepProcess(row);
      tell(row.key, kept.notice());
    }
    ledger.closeAudit("the bridge ended while it ran", now());
    const known = new Set(rows.map(({ key }) => key));
    for (const name of readdirSync(folder)) {
      const key = name.split(".")[0] ?? "";
      if (!known.has(key)) Output.open(join(folder, key)).remove();
    }
  }

  #sweep(): void {
    const { ledger, now } = this.#options;
    const ended = [...this.#known.values()]
      .filter(({ row }) => row.endedAt !== undefined)
      .sort((one, other) => (other.row.endedAt ?? 0) - (one.row.endedAt ?? 0));
    let bytes = 0;
    for (const kept of ended) {
      const age = now() - (kept.row.endedAt ?? 0);
      bytes += kept.output?.keptBytes ?? 0;
      if (age > KNOWN_MS) {
        kept.forget();
        this.#known.delete(kept.row.key);
        ledger.dropProcess(kept.row.key);
      } else if (kept.output && (age > SHOWN_MS || bytes > MAX_KEPT_BYTES)) {
        kept.forget();
        ledger.keepProcess(kept.row);
      }
    }
  }
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
    { timeoutMs, isInputClosed }: Pick<Launch, "timeoutMs" | "isInputClosed">,
    onEnd: (ended: Ended) => void,
  ): void {
    this.#process = process;
    this.isInputClosed = isInputClosed;
    if (timeoutMs > 0) {
      const seconds = Math.round(timeoutMs / 100) / 10;
      const late = () => void this.end(`It ran longer than the ${seconds} seconds that it was given, so it was ended.`);
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
    await process.kill(signal);
    await this.wait(signal === "KILL" ? GRACE_MS : 2_000, () => false);
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

function rank({ isRunning }: Kept): number {
  return isRunning ? 0 : 1;
}

/** Ids are chosen by sessions: those of two never meet. */
export function keyOf(sessionKey: string, processId: string): string {
  return createHash("sha256").update(`${sessionKey}\0${processId}`).digest("hex").slice(0, 40);
}

function describeEnd({ exitCode, signal, endedBy }: Ended): string {
  const how = exitCode === undefined ? (signal ?? "unknown") : `exit ${exitCode}`;
  return endedBy === undefined ? how : `${how}: ${endedBy}`;
}
