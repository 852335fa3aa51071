// What is about to begin when the bridge ends: nobody knows its number yet, and it must not go on alone. Real processes, and the small
// shell that outlives the bridge.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { Keeper } from "../../../src/bridge/places/keeper.ts";
import { MARK } from "../../../src/bridge/places/process-tree.ts";
import { isRunning, waitUntilGone } from "../../support/runtime.ts";

const begun: ChildProcess[] = [];
afterEach(() => {
  for (const child of begun.splice(0)) child.kill("SIGKILL");
});

const newMark = () => randomBytes(12).toString("hex");

/** In a group of its own, as a command of the bridge. */
async function begin(mark: string): Promise<number> {
  const child = spawn("sleep", ["300"], { detached: true, stdio: "ignore", env: { PATH: "/usr/bin:/bin", [MARK]: mark } });
  begun.push(child);
  await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  return child.pid ?? 0;
}

/** The bridge is gone: the keeper hears the end of its input, does its work and ends. */
async function endBridge(keeper: Keeper): Promise<void> {
  const { pid = 0 } = keeper;
  expect(isRunning(pid)).toBe(true);
  keeper.close();
  expect(await waitUntilGone(pid)).toBe(true);
}

// Elsewhere a process is found by its group alone, and of this one nobody knows the number.
describe.skipIf(!existsSync("/proc/self/environ"))("a bridge that ends while something begins", () => {
  it("takes along what had begun and was not told of yet, and nothing of anybody else's", async () => {
    const keeper = new Keeper();
    const mark = newMark();
    keeper.expect(mark);
    const [ours, strange] = [await begin(mark), await begin(newMark())];
    await endBridge(keeper);
    expect(await waitUntilGone(ours)).toBe(true);
    expect(isRunning(strange)).toBe(true);
  });

  it("looks for nothing under a mark that nothing began under", async () => {
    const keeper = new Keeper();
    const mark = newMark();
    keeper.expect(mark);
    keeper.dismiss(mark);
    const pid = await begin(mark);
    await endBridge(keeper);
    expect(isRunning(pid)).toBe(true);
  });

  it("takes along what was told of, and not what had ended before", async () => {
    const keeper = new Keeper();
    const marks = [newMark(), newMark()] as const;
    const [first, second] = [await begin(marks[0]), await begin(marks[1])];
    for (const [pid, mark] of [
      [first, marks[0]],
      [second, marks[1]],
    ] as const) {
      keeper.expect(mark);
      keeper.add(pid, mark);
    }
    keeper.end(second, marks[1]);
    await endBridge(keeper);
    expect(await waitUntilGone(first)).toBe(true);
    expect(isRunning(second)).toBe(true);
  });
});
