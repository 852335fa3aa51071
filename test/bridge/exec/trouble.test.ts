// Processes where something around them fails: a notice that cannot be kept, an engine that cannot end what it runs, a ledger
// that cannot be written. None of it ends the bridge: an unhandled rejection would fail these tests.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { EndNotice } from "../../../src/bridge/exec/kept.ts";
import { ExecLedger } from "../../../src/bridge/exec/ledger.ts";
import { type Launch, Processes } from "../../../src/bridge/exec/processes.ts";
import type { Ended, RunningProcess } from "../../../src/bridge/places/place.ts";
import { openTestExec, type TestExec } from "../../support/exec-room.ts";

let dir = "";
let ledger: ExecLedger;
let logged: string[] = [];
const rooms: TestExec[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "skerry-trouble-"));
  ledger = new ExecLedger(join(dir, "exec.db"));
  logged = [];
});
afterEach(async () => {
  await Promise.all(rooms.splice(0).map((room) => room.close()));
  ledger.close();
  rmSync(dir, { recursive: true, force: true });
});

const launch: Launch = {
  sessionKey: "one",
  processId: "p",
  place: { kind: "home" },
  command: "sleep",
  text: "sleep",
  env: {},
  isPty: false,
  timeoutMs: 0,
  isInputClosed: true,
  auditId: 1,
};

function open(kill: RunningProcess["kill"], told: (notice: EndNotice) => void = () => undefined) {
  const ending = Promise.withResolvers<Ended>();
  const running: RunningProcess = { write: async () => {}, endInput: async () => {}, kill, ended: ending.promise };
  const processes = new Processes({
    folder: join(dir, "output"),
    ledger,
    hosts: { home: { launch: async () => running, files: undefined as never } },
    now: Date.now,
    log: (text) => void logged.push(text),
    tell: (_key, notice) => told(notice),
    retellMs: 50,
  });
  return { processes, end: ending.resolve };
}

it("an end that cannot be told is told later", async () => {
  const told: EndNotice[] = [];
  let isFull = true;
  const { processes, end } = open(
    async () => {},
    (notice) => {
      if (isFull) throw new Error("database or disk is full");
      told.push(notice);
    },
  );
  const kept = await processes.start(launch);
  kept.state();
  end({ exitCode: 0 });
  await expect.poll(() => logged.join()).toContain("cannot be told yet");
  isFull = false;
  await expect.poll(() => told.length).toBe(1);
  expect(told[0]).toMatchObject({ processId: "p", exitCode: 0 });
  await processes.close();
});

it("what cannot be ended in time is told to whoever reads the log, and the bridge closes all the same", async () => {
  const { processes } = open(() => Promise.reject(new Error("the engine answers 500")));
  await processes.start({ ...launch, timeoutMs: 20 });
  await expect.poll(() => logged.join()).toContain("the engine answers 500");
  await processes.close();
  expect(logged.join()).toContain("was not ended");
});

it("a process that the ledger cannot take is not begun, and leaves no file", async () => {
  const { processes } = open(async () => {});
  ledger.close();
  await expect(processes.start(launch)).rejects.toThrow("not open");
  expect(readdirSync(join(dir, "output"))).toEqual([]);
  ledger = new ExecLedger(join(dir, "exec.db"));
  await processes.close();
});

it("what a process does not read is not waited for, and not to be written again", async () => {
  const room = openTestExec();
  rooms.push(room);
  await room.run("sleep 4; wc -c", { processId: "w", yieldMs: 0 });
  const data = "x".repeat(300_000);
  const startedAt = performance.now();
  const state = await room.ask("process.write", { processId: "w", data, isEnd: true });
  expect(performance.now() - startedAt).toBeLessThan(3_900);
  expect(state).toMatchObject({ state: "running", output: expect.stringContaining("do not write it again") });
  await expect
    .poll(async () => (await room.ask("process.poll", { processId: "w" })).output, { timeout: 15_000 })
    .toBe("300000\n");
});

it("what is typed into a process on the machine itself stands in the audit log", async () => {
  const room = openTestExec();
  rooms.push(room);
  await room.run("cat", { processId: "c", yieldMs: 0 });
  await room.ask("process.write", { processId: "c", data: "rm -rf everything\n" });
  await room.ask("process.keys", { processId: "c", keys: ["y", "Enter"] });
  expect(room.room.ledger.audited(2).map(({ command, verdict }) => [command, verdict])).toEqual([
    ["y Enter", "typed into c"],
    ["rm -rf everything\n", "typed into c"],
  ]);
  await room.ask("process.kill", { processId: "c" });
});

it.each(["TERM", "INT", "KILL"] as const)("an end by process kill %s is an answer, and told to nobody again", async (signal) => {
  const room = openTestExec();
  rooms.push(room);
  await room.run("sleep 300", { processId: "k", yieldMs: 0 });
  expect(await room.ask("process.kill", { processId: "k", signal })).toMatchObject({ state: "exited" });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(room.told).toEqual([]);
});
