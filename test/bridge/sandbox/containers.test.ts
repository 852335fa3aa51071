// Containers beside an engine that is slow, and with commands that come at a bad moment; and what is left of sandboxes that nobody
// uses any more.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openTestSandbox, type TestSandbox } from "../../support/sandbox.ts";
import { openScriptedEngine, type ScriptedEngine } from "../../support/scripted-engine.ts";

const DAY_MS = 24 * 3_600_000;
let engine: ScriptedEngine;
let stateDir: string;
const boxes: TestSandbox[] = [];
const open = (now = Date.now) => {
  const box = openTestSandbox(engine, { stateDir, minFreeBytes: 1, now });
  boxes.push(box);
  return box;
};

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "skc-"));
  engine = await openScriptedEngine();
});

afterEach(async () => {
  engine.before = () => undefined;
  await Promise.all(boxes.splice(0).map((box) => box.leave()));
  await engine.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe("when the bridge starts", () => {
  const leftBehind = async () => {
    const first = open();
    const running = await first.begin(first.place("k"), "left behind");
    engine.end("left behind", 0);
    await running.ended;
    engine.processes = 5;
  };

  test("a container with what an earlier run left behind is removed", async () => {
    await leftBehind();
    await open().start();
    expect(engine.containers.size).toBe(0);
  });

  test("one in which a command began meanwhile stays, and the command with it", async () => {
    await leftBehind();
    const box = open();
    const looked = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    engine.before = async (what) => {
      if (!what.endsWith("/top")) return undefined;
      looked.resolve();
      await Promise.race([begun.promise, pause(1_000)]);
      return undefined;
    };
    const started = box.start();
    await looked.promise;
    const running = await box.begin(box.place("k"), "important");
    begun.resolve();
    await started;
    expect(engine.running()).toEqual(["important"]);
    engine.end("important", 0);
    expect(await running.ended).toEqual({ exitCode: 0 });
  });
});

describe("what a container was made from changed", () => {
  test("while a command ran in it: the command is told that, and not that somebody removed its sandbox", async () => {
    const box = open();
    const running = await box.begin(box.place("shared"), "long");
    const other = await box.begin(box.place("shared", { memoryMb: 128 }), "other");
    expect((await running.ended).endedBy).toMatch(/made anew .* other settings/);
    engine.end("other", 0);
    expect(await other.ended).toEqual({ exitCode: 0 });
  });

  test("by somebody who removed it: that is said as before", async () => {
    const box = open();
    const running = await box.begin(box.place("k"), "long");
    const [one] = engine.containers.values();
    await engine.engine.ask("DELETE", `/containers/${one?.id}`);
    expect((await running.ended).endedBy).toContain("removed by somebody");
  });

  test("when its folder was taken away: it would go on seeing the old one", async () => {
    const box = open();
    const run = async (command: string) => {
      const running = await box.begin(box.place("k"), command);
      engine.end(command, 0);
      await running.ended;
      return [...engine.containers.values()].map(({ id }) => id);
    };
    const before = await run("one");
    expect(await run("two")).toEqual(before);
    const [name = ""] = engine.containers.keys();
    renameSync(join(stateDir, "sandbox", name, "workspace"), join(stateDir, "elsewhere"));
    expect(await run("three")).not.toEqual(before);
  });
});

describe("what is left of a sandbox", () => {
  let time: number;
  let box: TestSandbox;
  let folder: string;
  beforeEach(async () => {
    time = Date.now();
    box = open(() => time);
    const running = await box.begin(box.place("k"), "work");
    engine.end("work", 0);
    await running.ended;
    const [name = ""] = engine.containers.keys();
    folder = join(stateDir, "sandbox", name);
    writeFileSync(join(folder, "workspace/result"), "kept");
  });

  test("stays for a month, and goes with what is in it when nobody used it for so long; links lead nowhere", async () => {
    const outside = join(stateDir, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "precious"), "x");
    symlinkSync(outside, join(folder, "workspace/link"));
    time += 29 * DAY_MS;
    await box.prune();
    expect(engine.containers.size).toBe(0);
    expect(existsSync(join(folder, "workspace/result"))).toBe(true);
    time += 2 * DAY_MS;
    await box.prune();
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(outside)).toEqual(["precious"]);
    expect(box.logged.join("\n")).toMatch(/1 .*month/);
  });

  test("is used as long as its files are looked at, and while something runs", async () => {
    time += 29 * DAY_MS;
    await box.prune();
    await box.host.files.list(box.place("k"), "/workspace", false, 10);
    time += 29 * DAY_MS;
    await box.prune();
    const running = await box.begin(box.place("k"), "for ever");
    time += 40 * DAY_MS;
    await box.prune();
    expect(existsSync(join(folder, "workspace/result"))).toBe(true);
    engine.end("for ever", 0);
    await running.ended;
  });

  test("nothing else in the state folder is touched", async () => {
    for (const name of ["files", "skerry-notes", "mine"]) {
      mkdirSync(join(stateDir, "sandbox", name), { recursive: true });
      writeFileSync(join(stateDir, "sandbox", name, "x"), "x");
      utimesSync(join(stateDir, "sandbox", name), 1, 1);
    }
    time += 400 * DAY_MS;
    await box.prune();
    expect(readdirSync(join(stateDir, "sandbox")).sort()).toEqual(["files", "installation", "mine", "skerry-notes"]);
  });
});

test("an engine that lacks a guard is told as such with its image there, and used once it has it", async () => {
  const guards = { OSType: "linux", SecurityOptions: ["name=seccomp,profile=default", "name=rootless"] };
  engine.before = (what) => (what.endsWith("/info") ? { status: 200, body: guards } : undefined);
  const box = open();
  const reason = expect.stringMatching(/^Docker, rootless, cannot limit the memory and processes of containers here/);
  expect(await box.status()).toMatchObject({ engine: { isRootless: true }, hasImage: true, reason });
  await expect(box.run(box.place("k"), "true")).rejects.toMatchObject({ code: "UNAVAILABLE", message: reason });
  expect(engine.containers.size).toBe(0);
  engine.before = () => undefined;
  expect((await box.status()).reason).toBeUndefined();
  const running = await box.begin(box.place("k"), "work");
  engine.end("work", 0);
  expect(await running.ended).toEqual({ exitCode: 0 });
});
