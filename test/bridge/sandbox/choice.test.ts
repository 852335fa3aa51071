// What of the planned steps is done at once, of trees of any size.
import { expect, test } from "vitest";
import { NONE } from "../../../src/bridge/sandbox/mirror/agent-files.ts";
import { chooseSteps, FOLDER_MARK } from "../../../src/bridge/sandbox/mirror/choice.ts";
import { Notes } from "../../../src/bridge/sandbox/mirror/notes.ts";
import type { Step } from "../../../src/bridge/sandbox/mirror/plan.ts";

function choose(planned: Step[], left: [string, string][] = []) {
  const notes = new Notes(new Set());
  const steps = chooseSteps({
    planned,
    here: { files: new Map(), folders: new Set(), changed: new Set(), blocked: new Set() },
    state: { known: new Map(), left: new Map(left), told: new Set(), save: () => undefined },
    notes,
    isOutward: true,
    isEnd: true,
    waiting: new Map(),
    now: 0,
    leave: () => undefined,
  });
  return { paths: steps.map(({ path }) => path), said: notes.all().map(({ text }) => text) };
}
const folder = (path: string): Step => ({ do: "make-folder-there", path });
const file = (path: string): Step => ({ do: "send", path, size: 1, stamp: NONE });

test("a folder goes with the files in it, an empty one by itself", () => {
  const { paths } = choose([file("a/b/c.md"), folder("a"), folder("a/b"), folder("a/empty"), folder("ab")]);
  expect(paths).toEqual(["a/b/c.md", "a/empty", "ab"]);
});

test("new folders count as new files do", () => {
  const many = Array.from({ length: 3_000 }, (_, at) => [folder(`d${at}`), file(`f${at}`)]).flat();
  const { paths, said } = choose([...many, { do: "send", path: "known", size: 1, stamp: { version: 1, updatedAt: 1 } }]);
  expect(paths).toEqual(["known"]);
  expect(said.join()).toContain("6000 new files and folders");
});

test("a folder that Skerry refused is not tried again", () => {
  expect(choose([folder("bad"), folder("good")], [["bad", FOLDER_MARK]]).paths).toEqual(["good"]);
});

test("a tree as large as there may be is no work", () => {
  const many = Array.from({ length: 50_000 }, (_, at) => [folder(`d${at}`), file(`e${at}/x`)]).flat();
  const startedAt = performance.now();
  expect(choose(many).paths).toEqual([]);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
