// The state folder: made readable by its owner alone, stamped with the version of its layout, and held by one running
// Skerry at a time. `runtime.json` is both the lock and the note where to find the one that runs.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { StartRefused, StateTooNew } from "../../contract/errors.ts";
import { newSecret } from "../../contract/id.ts";

/** Layout of the folder. Raise it when an older version could no longer read what a newer one wrote. */
const STATE_SCHEMA = 1;
const PROBE_TIMEOUT_MS = 1000;
/** How long a start may take before its lock, still without an address, counts as left behind. */
const START_TIMEOUT_MS = 60_000;

export interface RuntimeNote {
  pid: number;
  startedAt: number;
  version: string;
  /** Absent while it is starting. */
  runtimePid?: number;
  port?: number;
  url?: string;
}

/** The folder named by SKERRY_STATE_DIR, else `.skerry` of the working folder. */
export function findStateDir(environment: NodeJS.ProcessEnv): string {
  return resolve(environment["SKERRY_STATE_DIR"] || ".skerry");
}

/**
 * Makes the folder ready, or refuses with what to do: before anything runs, when a newer version has been at work in it.
 * `schemas`: how far this version knows each store.
 */
export function openState(dir: string, version: string, schemas: Readonly<Record<string, number>> = {}): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    if ((statSync(dir).mode & 0o077) !== 0) chmodSync(dir, 0o700);
    const probe = join(dir, `.probe-${process.pid}`);
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    throw new StartRefused({ kind: "unwritable", dir, reason: codeOf(error) });
  }
  const stamp = readJson(join(dir, "version.json"));
  const schema = isRecord(stamp) && typeof stamp["schema"] === "number" ? stamp["schema"] : undefined;
  if (schema !== undefined && schema > STATE_SCHEMA) throw new StateTooNew("state folder", schema, STATE_SCHEMA);
  const stores = isRecord(stamp) && isRecord(stamp["stores"]) ? stamp["stores"] : {};
  for (const [store, known] of Object.entries(schemas)) {
    const found = stores[store];
    if (typeof found === "number" && found > known) throw new StateTooNew(store, found, known);
  }
  const text = JSON.stringify({ schema: STATE_SCHEMA, version, stores: { ...stores, ...schemas } });
  writeWhole(join(dir, "version.json"), `${text}\n`);
}

/** Takes the folder for this process. Refuses when another Skerry holds it; takes over what a dead one left. */
export async function lockState(dir: string, version: string): Promise<void> {
  const path = join(dir, "runtime.json");
  for (;;) {
    const note: RuntimeNote = { pid: process.pid, startedAt: Date.now(), version };
    try {
      writeFileSync(path, `${JSON.stringify(note)}\n`, { flag: "wx", mode: 0o600 });
      return;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw new StartRefused({ kind: "unwritable", dir, reason: codeOf(error) });
    }
    const holder = readRuntimeNote(dir);
    if (holder && (await isHolding(holder))) {
      throw new StartRefused({ kind: "running", dir, url: holder.url, pid: holder.pid });
    }
    if (holder?.runtimePid !== undefined) await endOrphan(holder.runtimePid, dir);
    rmSync(path, { force: true });
  }
}

/** Says where this process can be found. */
export function noteRuntime(dir: string, note: RuntimeNote): void {
  writeWhole(join(dir, "runtime.json"), `${JSON.stringify(note)}\n`);
}

export function unlockState(dir: string): void {
  if (readRuntimeNote(dir)?.pid === process.pid) rmSync(join(dir, "runtime.json"), { force: true });
}

export function readRuntimeNote(dir: string): RuntimeNote | undefined {
  const note = readJson(join(dir, "runtime.json"));
  if (!isRecord(note) || typeof note["pid"] !== "number" || typeof note["startedAt"] !== "number") return undefined;
  return {
    pid: note["pid"],
    startedAt: note["startedAt"],
    version: typeof note["version"] === "string" ? note["version"] : "",
    ...(typeof note["runtimePid"] === "number" ? { runtimePid: note["runtimePid"] } : {}),
    ...(typeof note["port"] === "number" ? { port: note["port"] } : {}),
    ...(typeof note["url"] === "string" ? { url: note["url"] } : {}),
  };
}

/** The owner's token kept in the folder; undefined before the first start. */
export function readToken(dir: string): string | undefined {
  try {
    return readFileSync(join(dir, "token"), "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The kept token, made on first use. */
export function keepToken(dir: string): string {
  const kept = readToken(dir);
  if (kept) return kept;
  const token = newSecret();
  writeFileSync(join(dir, "token"), `${token}\n`, { mode: 0o600 });
  return token;
}

/** Whether the process in the note is alive, is Skerry, and answers at its address (or is just starting). */
async function isHolding(note: RuntimeNote): Promise<boolean> {
  if (note.pid === process.pid || !isAlive(note.pid)) return false;
  const command = commandOf(note.pid);
  if (command !== undefined && !/scripts\/start\.mjs/.test(command)) return false;
  if (note.url === undefined) return Date.now() - note.startedAt < START_TIMEOUT_MS;
  try {
    return (await fetch(`${note.url}/health`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })).ok;
  } catch (error) {
    return error instanceof Error && error.name === "TimeoutError";
  }
}

/** Ends a runtime whose starter was killed, and waits until its databases are free. */
async function endOrphan(pid: number, dir: string): Promise<void> {
  const isOurs = () => isAlive(pid) && (commandOf(pid)?.includes(dir) ?? false);
  if (!isOurs()) return;
  process.kill(pid, "SIGKILL");
  for (let waited = 0; isOurs() && waited < 2000; waited += 10) await new Promise((done) => setTimeout(done, 10));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // No /proc on this system, or the process just ended.
  }
  try {
    return execFileSync("ps", ["-p", String(pid), "-o", "command="], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}

/** A reader sees the old file or the new one, never half of it. */
function writeWhole(path: string, text: string): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error);
}
