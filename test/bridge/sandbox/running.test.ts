// A command in a sandbox whose engine has a bad day: it answers late, or not, or would not take a container away.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunningProcess } from "../../../src/bridge/places/place.ts";
import { openTestSandbox, type TestSandbox } from "../../support/sandbox.ts";
import { openScriptedEngine, type ScriptedEngine } from "../../support/scripted-engine.ts";

let engine: ScriptedEngine;
let box: TestSandbox;
let stateDir: string;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "skr-"));
  engine = await openScriptedEngine();
  box = openTestSandbox(engine, { stateDir, minFreeBytes: 1 });
});

afterEach(async () => {
  engine.before = () => undefined;
  await box.leave();
  await engine.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
const hasEnded = (running: RunningProcess) => Promise.race([running.ended.then(() => true), pause(50).then(() => false)]);

test("an engine that answers nothing for a while loses no command: it is heard, and ends as it ends", async () => {
  const running = await box.begin(box.place("k"), "make");
  let isSlow = true;
  engine.before = async () => {
    while (isSlow) await pause(50);
    return undefined;
  };
  // Longer than one question waits.
  await pause(7_500);
  engine.say("make", "still here\n");
  await expect.poll(() => running.output()).toContain("still here");
  expect(await hasEnded(running)).toBe(false);
  isSlow = false;
  await pause(1_500);
  expect(await hasEnded(running)).toBe(false);
  engine.end("make", 3);
  expect(await running.ended).toEqual({ exitCode: 3 });
});

test("a command that ends while the engine answers nothing is told with its own end", async () => {
  const running = await box.begin(box.place("k"), "make");
  let isSlow = true;
  engine.before = async (what) => {
    while (isSlow && what.startsWith("GET /exec")) await pause(50);
    return undefined;
  };
  engine.end("make", 3);
  await pause(6_000);
  isSlow = false;
  expect(await running.ended).toEqual({ exitCode: 3 });
});

test("an engine that says that it cannot answer just now has not forgotten the command", async () => {
  const running = await box.begin(box.place("k"), "make");
  let isBusy = true;
  engine.before = (what) => (isBusy && what.startsWith("GET /exec") ? { status: 500, body: { message: "too busy" } } : undefined);
  await pause(2_500);
  expect(await hasEnded(running)).toBe(false);
  isBusy = false;
  engine.end("make", 0);
  expect(await running.ended).toEqual({ exitCode: 0 });
});

test("a container that the engine would not remove is told in the log and removed as soon as it can be; nothing is thrown", async () => {
  const running = await box.begin(box.place("k"), "stubborn");
  let isStuck = true;
  engine.before = (what) =>
    isStuck && what.startsWith("DELETE") ? { status: 500, body: { message: "could not kill" } } : undefined;
  await running.kill("KILL");
  expect(await hasEnded(running)).toBe(false);
  expect(box.logged.join("\n")).toContain("could not kill");
  isStuck = false;
  expect((await running.ended).endedBy).toContain("its sandbox was taken away");
  expect(engine.containers.size).toBe(0);
}, 40_000);

test("a command that ends by itself meanwhile is not said to have lost its sandbox", async () => {
  const running = await box.begin(box.place("k"), "stubborn");
  engine.before = (what) => (what.startsWith("DELETE") ? { status: 500, body: { message: "could not kill" } } : undefined);
  await running.kill("KILL");
  engine.end("stubborn", 137);
  expect(await running.ended).toEqual({ signal: "SIGKILL" });
});
