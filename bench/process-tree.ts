// Reads Linux's /proc: which processes a process has started, what memory they hold, what CPU they used. Ends a tree.
import { readdirSync, readFileSync } from "node:fs";

/** The process and everything below it, parents first. */
export function listTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = readParent(Number(name));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree.filter(isAlive);
}

/** Resident memory of all of them, MiB. Pages that two share count twice. */
export function measureMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + readStatusKb(pid, "VmRSS"), 0) / 1024;
}

/** CPU that all of them have used since they began, ms. Counted by the scheduler, finer than clock ticks. */
export function measureCpu(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + readThreads(pid), 0);
}

/** Asks the root to stop, waits, and kills what is left. */
export async function endTree(root: number, graceMs: number): Promise<void> {
  const pids = listTree(root);
  signal(root, "SIGTERM");
  const until = performance.now() + graceMs;
  while (pids.some(isAlive) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
  for (const pid of pids.filter(isAlive)) signal(pid, "SIGKILL");
}

/** All at once, without a chance to say goodbye. */
export function killTree(root: number): void {
  for (const pid of listTree(root)) signal(pid, "SIGKILL");
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}

function isAlive(pid: number): boolean {
  const state = readText(`/proc/${pid}/stat`)?.split(") ").at(-1)?.[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

function readParent(pid: number): number | undefined {
  // The name in brackets may hold blanks and brackets of its own.
  const parent = readText(`/proc/${pid}/stat`)?.split(") ").at(-1)?.split(" ")[1];
  return parent === undefined ? undefined : Number(parent);
}

function readStatusKb(pid: number, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readText(`/proc/${pid}/status`) ?? "");
  return Number(found?.[1] ?? 0);
}

/** Threads that have ended are counted in the ticks of the process alone, so the larger of both counts. */
function readThreads(pid: number): number {
  const tasks = listTasks(pid).map((task) => Number(readText(`/proc/${pid}/task/${task}/schedstat`)?.split(" ")[0] ?? 0) / 1e6);
  const fields = readText(`/proc/${pid}/stat`)?.split(") ").at(-1)?.split(" ");
  const ticks = (Number(fields?.[11] ?? 0) + Number(fields?.[12] ?? 0)) * 10;
  return Math.max(
    ticks - 10,
    tasks.reduce((sum, ms) => sum + ms, 0),
  );
}

function listTasks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
