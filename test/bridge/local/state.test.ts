import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { keepToken, lockState, noteRuntime, openState, readRuntimeNote, unlockState } from "../../../src/bridge/local/state.ts";
import { StateTooNew } from "../../../src/contract/errors.ts";

const parent = mkdtempSync(join(tmpdir(), "skerry-state-"));
let count = 0;
const freshDir = () => join(parent, String(count++));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** A process id that was just in use and is no more. */
const DEAD_PID = 2 ** 22 - 3;

describe("openState", () => {
  it("makes the folder for its owner alone, and closes one that stood open", () => {
    const dir = freshDir();
    mkdirSync(dir, { mode: 0o755 });
    chmodSync(dir, 0o755);
    openState(dir, "1.0.0");
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(join(dir, "version.json"), "utf8"))).toEqual({ schema: 1, version: "1.0.0", stores: {} });
  });

  it("refuses tables that a newer version has changed, and leaves them alone", () => {
    const dir = freshDir();
    openState(dir, "2.0.0", { session: 3, directory: 1 });
    expect(() => openState(dir, "1.0.0", { session: 2, directory: 1 })).toThrow(
      /stored session has schema 3.*up to 2.*npm run upgrade/,
    );
    expect(JSON.parse(readFileSync(join(dir, "version.json"), "utf8"))).toMatchObject({
      version: "2.0.0",
      stores: { session: 3 },
    });
    openState(dir, "2.0.1", { session: 3, directory: 1, people: 1 });
    expect(JSON.parse(readFileSync(join(dir, "version.json"), "utf8")).stores).toEqual({ session: 3, directory: 1, people: 1 });
    openState(dir, "2.0.0", { session: 3, directory: 1 });
    expect(JSON.parse(readFileSync(join(dir, "version.json"), "utf8")).stores).toHaveProperty("people", 1);
  });

  it("refuses a folder of a newer layout", () => {
    const dir = freshDir();
    mkdirSync(dir);
    writeFileSync(join(dir, "version.json"), '{"schema":2,"version":"9"}');
    expect(() => openState(dir, "1.0.0")).toThrow(StateTooNew);
  });
});

describe("keepToken", () => {
  it("makes one token and keeps it", () => {
    const dir = freshDir();
    openState(dir, "1");
    const token = keepToken(dir);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(keepToken(dir)).toBe(token);
  });
});

describe("lockState", () => {
  it("notes this process, and lets go only of its own note", async () => {
    const dir = freshDir();
    openState(dir, "1");
    await lockState(dir, "1");
    expect(readRuntimeNote(dir)).toMatchObject({ pid: process.pid });
    noteRuntime(dir, { pid: DEAD_PID, startedAt: 0, version: "1" });
    unlockState(dir);
    expect(readRuntimeNote(dir)).toMatchObject({ pid: DEAD_PID });
  });

  it("takes over from a process that is gone, and from a note that is no note", async () => {
    const dir = freshDir();
    openState(dir, "1");
    noteRuntime(dir, { pid: DEAD_PID, startedAt: Date.now(), version: "1", url: "http://127.0.0.1:1", runtimePid: DEAD_PID });
    await lockState(dir, "1");
    expect(readRuntimeNote(dir)?.pid).toBe(process.pid);
    writeFileSync(join(dir, "runtime.json"), "{ half");
    await lockState(dir, "1");
    expect(readRuntimeNote(dir)?.pid).toBe(process.pid);
  });

  it("takes over when the number belongs to another program by now", async () => {
    const dir = freshDir();
    openState(dir, "1");
    noteRuntime(dir, { pid: 1, startedAt: Date.now(), version: "1" });
    await lockState(dir, "1");
    expect(readRuntimeNote(dir)?.pid).toBe(process.pid);
  });
});
