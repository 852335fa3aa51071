// Processes of every place: begun once by their id, looked at by the session that began them alone, kept for half an hour after
// their end. What is known of one is a row of the ledger too, so that asking again after a crash of the bridge begins nothing anew.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";
import type { Place } from "../../contract/home/commands.ts";
import type { Ended, PlaceHost, RunningProcess } from "../places/place.ts";
import { type EndNotice, Kept } from "./kept.ts";
import type { ExecLedger, ProcessRow } from "./ledger.ts";
import { Output } from "./output.ts";

export const MAX_RUNNING = 50;
const SHOWN_MS = 30 * 60_000;
/** How long an id is known, so that it does not begin a second process. */
const KNOWN_MS = 7 * 24 * 3_600_000;
/** All output of ended processes together; the oldest goes first. */
const MAX_KEPT_BYTES = 1024 * 1024 * 1024;
const SWEEP_MS = 60_000;
const RETELL_MS = 30_000;

export type Hosts = { [K in Place["kind"]]?: PlaceHost<Extract<Place, { kind: K }>> };

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

/** Who asks, and whether they may have anything done on the machine itself. */
export interface Whose {
  sessionKey: string;
  mayReachHome: boolean;
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
  /** Between tries to tell what could not be told. */
  retellMs?: number;
}

export class Processes {
  readonly #options: ProcessesOptions;
  readonly #known = new Map<string, Kept>();
  readonly #starting = new Map<string, Promise<Kept>>();
  readonly #timer: NodeJS.Timeout;
  /** Ends that could not be told yet: a full disk takes no notice. */
  readonly #untold = new Map<string, EndNotice>();
  #retelling: NodeJS.Timeout | undefined;

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

  /** @throws HomeRefused when this session knows none of that id, or may not reach the machine that it runs on. */
  async need({ sessionKey, processId, mayReachHome }: { processId: string } & Whose): Promise<Kept> {
    const found = await this.find(sessionKey, processId);
    if (found && isReached(found, mayReachHome)) return found;
    throw new HomeRefused("NOT_FOUND", `There is no process ${processId} of this session on this machine.`);
  }

  /** Running ones first, then the latest that ended. */
  list({ sessionKey, mayReachHome }: Whose): Kept[] {
    const since = this.#options.now() - SHOWN_MS;
    return [...this.#known.values()]
      .filter(({ row }) => row.sessionKey === sessionKey && (row.endedAt === undefined || row.endedAt >= since))
      .filter((kept) => isReached(kept, mayReachHome))
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
    clearTimeout(this.#retelling);
    const ends = await Promise.allSettled(running.map((kept) => kept.end("The bridge was ended, and it with it.")));
    for (const end of ends)
      if (end.status === "rejected") this.#options.log(`A process was not ended: ${String(end.reason)}`, true);
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
    const row: ProcessRow = {
      key,
      sessionKey,
      processId,
      place: place.kind,
      command: launch.command.slice(0, 1000),
      startedAt: now(),
      log: path,
    };
    const kept = new Kept(row, Output.create(path), now);
    try {
      ledger.keepProcess(row);
      const request = { processId, command: text, workdir, env, isPty, onOutput: (chunk: Uint8Array) => kept.hear(chunk) };
      const process = await this.#launch(place, request);
      this.#known.set(key, kept);
      kept.begin(process, launch, {
        onEnd: (ended) => this.#end(kept, launch, ended),
        onTrouble: (error) => this.#options.log(`Process ${processId} was not ended in time: ${String(error)}`, true),
      });
      if (launch.isInputClosed) await process.endInput().catch(() => undefined);
      return kept;
    } catch (error) {
      // It never ran: the same id may try again.
      if (!this.#known.has(key)) {
        kept.output?.remove();
        this.#write(() => ledger.dropProcess(key));
      }
      this.#write(() => ledger.auditEnd(launch.auditId, "not started", now()));
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
    const { ledger, now } = this.#options;
    const { row } = kept;
    this.#write(() => {
      ledger.keepProcess(row);
      ledger.auditEnd(launch.auditId, describeEnd(ended), now());
    });
    if (!kept.isAwaited && kept.wasToldRunning) this.tell(row.key, kept.notice());
  }

  /** What cannot be written down ends nothing: the process has ended, or never ran, all the same. */
  #write(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log(`What became of a process was not written down: ${String(error)}`, true);
    }
  }

  /** What cannot be told now is told later. */
  tell(key: string, notice: EndNotice): void {
    try {
      this.#options.tell(key, notice);
      this.#untold.delete(key);
    } catch (error) {
      if (!this.#untold.has(key))
        this.#options.log(`The end of process ${notice.processId} cannot be told yet: ${String(error)}`, true);
      this.#untold.set(key, notice);
      this.#retelling ??= setTimeout(() => {
        this.#retelling = undefined;
        for (const [one, untold] of [...this.#untold]) this.tell(one, untold);
      }, this.#options.retellMs ?? RETELL_MS).unref();
    }
  }

  /** What an earlier bridge left: its processes ended with it. */
  #recall(): void {
    const { folder, ledger, now } = this.#options;
    const rows = ledger.processes();
    for (const row of rows) {
      const kept = new Kept(row, row.log === "" ? undefined : Output.open(row.log), now);
      this.#known.set(row.key, kept);
      if (row.endedAt !== undefined) continue;
      row.endedAt = now();
      row.endedBy = "The bridge ended while it ran, and it with it.";
      ledger.keepProcess(row);
      this.tell(row.key, kept.notice());
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

function isReached({ row }: Kept, mayReachHome: boolean): boolean {
  return mayReachHome || row.place !== "home";
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
