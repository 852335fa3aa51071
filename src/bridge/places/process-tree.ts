// Ends a process with all that it started: its group, its session, its descendants, and on Linux also what left all of these but
// still carries the mark in its environment. On other systems the group is all that can be found.
import { readdirSync, readFileSync } from "node:fs";

/** The variable that holds the mark. */
export const MARK = "SKERRY_EXEC";
const PASSES = 5;
const PASS_MS = 20;

export type TreeSignal = "TERM" | "KILL" | "INT" | "HUP";

/** `leader`: a process that leads a group of its own. */
export async function signalTree(leader: number, mark: string, signal: TreeSignal): Promise<void> {
  for (let pass = 0; pass < (signal === "KILL" ? PASSES : 1); pass++) {
    // Looked for before anything dies: an orphan has lost its parents.
    const members = findMembers(leader, mark);
    const isGroupThere = send(-leader, signal);
    // Nobody hears it twice: to some programs a second one means something else.
    const others = members.filter(({ group }) => group !== leader);
    for (const { pid } of others) send(pid, signal);
    // What was forking meanwhile is found in the next pass.
    if (!isGroupThere && others.length === 0) return;
    if (signal === "KILL") await new Promise((resolve) => setTimeout(resolve, PASS_MS));
  }
}

/** Read at once: hundreds of small files that are no disk's take a few ms this way, and many times that one by one. */
function findMembers(leader: number, mark: string): Facts[] {
  if (process.platform !== "linux") return [];
  const facts = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readFacts(Number(name), mark))
    .filter((one) => one !== undefined);
  const found = new Set(
    facts.filter(({ pid, group, session, isMarked }) => pid === leader || group === leader || session === leader || isMarked),
  );
  const pids = new Set([...found].map(({ pid }) => pid));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const one of facts) {
      if (!pids.has(one.parent) || pids.has(one.pid)) continue;
      found.add(one);
      pids.add(one.pid);
    }
  }
  return [...found].filter(({ pid }) => pid !== process.pid);
}

interface Facts {
  pid: number;
  parent: number;
  group: number;
  session: number;
  isMarked: boolean;
}

function readFacts(pid: number, mark: string): Facts | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name in brackets may hold anything, brackets too.
    const [state, parent, group, session] = status.slice(status.lastIndexOf(")") + 2).split(" ");
    if (state === "Z") return undefined;
    const isMarked = readEnvironment(pid).split("\0").includes(`${MARK}=${mark}`);
    return { pid, parent: Number(parent), group: Number(group), session: Number(session), isMarked };
  } catch {
    return undefined;
  }
}

/** Of others' processes it cannot be read: those are not ours either. */
function readEnvironment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
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
