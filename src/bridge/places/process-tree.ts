// Ends a process with all that it started: its group, its session, its descendants, and on Linux also what left all of these but
// still carries the mark in its environment. On other systems the group is all that can be found.
import { readdir, readFile } from "node:fs/promises";

/** The variable that holds the mark. */
export const MARK = "SKERRY_EXEC";
const PASSES = 5;
const PASS_MS = 20;

export type TreeSignal = "TERM" | "KILL" | "INT" | "HUP";

/** `leader`: a process that leads a group of its own. */
export async function signalTree(leader: number, mark: string, signal: TreeSignal): Promise<void> {
  for (let pass = 0; pass < (signal === "KILL" ? PASSES : 1); pass++) {
    const members = await findMembers(leader, mark);
    const isGroupThere = send(-leader, signal);
    for (const pid of members) send(pid, signal);
    // What was forking meanwhile is found in the next pass.
    if (!isGroupThere && members.length === 0) return;
    if (signal === "KILL") await new Promise((resolve) => setTimeout(resolve, PASS_MS));
  }
}

async function findMembers(leader: number, mark: string): Promise<number[]> {
  if (process.platform !== "linux") return [];
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const facts = (await Promise.all(pids.map((pid) => readFacts(pid, mark)))).filter((one) => one !== undefined);
  const found = new Set(
    facts
      .filter(({ pid, group, session, isMarked }) => pid === leader || group === leader || session === leader || isMarked)
      .map(({ pid }) => pid),
  );
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of facts) if (found.has(parent)) found.add(pid);
  }
  found.delete(process.pid);
  return [...found];
}

async function readFacts(pid: number, mark: string) {
  try {
    const [status, environment] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "latin1"),
      readFile(`/proc/${pid}/environ`, "latin1").catch(() => ""),
    ]);
    // The name in brackets may hold anything, brackets too.
    const [state, parent, group, session] = status.slice(status.lastIndexOf(")") + 2).split(" ");
    if (state === "Z") return undefined;
    return {
      pid,
      parent: Number(parent),
      group: Number(group),
      session: Number(session),
      isMarked: environment.split("\0").includes(`${MARK}=${mark}`),
    };
  } catch {
    return undefined;
  }
}

function send(pid: number, signal: TreeSignal): boolean {
  try {
    process.kill(pid, `SIG${signal}`);
    return true;
  } catch {
    return false;
  }
}
