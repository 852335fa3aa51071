// Real processes of this machine: their output, their input, their end, and who may know of them.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Output } from "../../../src/bridge/exec/output.ts";
import { FULL, openTestExec, type TestExec } from "../../support/exec-room.ts";
import { isRunning, waitUntilGone } from "../../support/runtime.ts";

const open: TestExec[] = [];
function exec(...rest: Parameters<typeof openTestExec>): TestExec {
  const made = openTestExec(...rest);
  open.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((made) => made.close()));
});

/** Others work on this machine as well. */
const soon = <T>(look: () => T, rest: { timeout?: number } = {}) => expect.poll(look, { timeout: 15_000, interval: 50, ...rest });
const BACKGROUND = { yieldMs: 0 };
const pidsIn = (path: string) => readFileSync(path, "utf8").trim().split(/\s+/).map(Number);

describe("a command", () => {
  it("answers with both streams as they came and its exit code", async () => {
    const test = exec();
    expect(await test.run("echo out; echo err >&2; exit 3")).toMatchObject({
      state: "exited",
      exitCode: 3,
      output: "out\nerr\n",
      outputBytes: 8,
    });
  });

  it("has no input to wait for when it runs in the foreground", async () => {
    expect(await exec().run("cat; echo over")).toMatchObject({ state: "exited", output: "over\n" });
  });

  it("runs in its folder, and not where there is none", async () => {
    const test = exec();
    expect((await test.run("pwd")).output.trim()).toBe(test.homeFolder);
    expect((await test.run("pwd", { workdir: "~" })).output.trim()).toBe(test.homeFolder);
    expect((await test.run("pwd", { workdir: "/tmp" })).output.trim()).toBe("/tmp");
    await expect(test.run("pwd", { workdir: "/nonexistent" })).rejects.toThrow("no folder /nonexistent");
    await expect(test.run("pwd", { workdir: "/etc/passwd" })).rejects.toThrow("no folder");
  });

  it("says by which signal it ended", async () => {
    expect(await exec().run("kill -SEGV $$")).toMatchObject({ state: "exited", signal: "SIGSEGV" });
  });

  it("is ended when its time is up, with all that it started, and says so", async () => {
    const test = exec();
    const state = await test.run("sleep 300 & echo $! > child; trap '' TERM; sleep 300", { timeoutMs: 300, yieldMs: 15_000 });
    expect(state).toMatchObject({ state: "exited", endedBy: expect.stringContaining("0.3 seconds") });
    for (const pid of pidsIn(join(test.homeFolder, "child"))) expect(await waitUntilGone(pid)).toBe(true);
  });

  it("goes on in the background after a while, and can be looked at", async () => {
    const test = exec();
    const state = await test.run("echo one; sleep 1; echo two", { processId: "long", yieldMs: 200 });
    expect(state).toMatchObject({ state: "running", output: "one\n" });
    const later = await test.ask("process.poll", { processId: "long", since: 4, waitMs: 10_000 });
    expect(later.output).toBe("two\n");
    await soon(async () => (await test.ask("process.poll", { processId: "long" })).state).toBe("exited");
  });

  it("shows its output while it runs, at most twice a second", async () => {
    const test = exec();
    const startedAt = Date.now();
    await test.run("for i in $(seq 60); do echo line $i; sleep 0.025; done");
    const tookMs = Date.now() - startedAt;
    expect(test.progress.length).toBeGreaterThan(1);
    expect(test.progress.length).toBeLessThanOrEqual(tookMs / 500 + 1);
    expect(test.progress.at(-1)).toContain("line 1\n");
  });

  it("is ended when nobody wants it any more", async () => {
    const test = exec();
    const controller = new AbortController();
    const begun = test.start("echo $$ > pid; sleep 300", { ...FULL, yieldMs: 20_000 }, { signal: controller.signal });
    await soon(() => existsSync(join(test.homeFolder, "pid")) && pidsIn(join(test.homeFolder, "pid")).length).toBe(1);
    controller.abort();
    expect(await begun).toMatchObject({ state: "exited", endedBy: "It was called off." });
    expect(isRunning(pidsIn(join(test.homeFolder, "pid"))[0] ?? 0)).toBe(false);
  });

  it("under the same id is the same command, and begins nothing again, also after a restart", async () => {
    const test = exec();
    const params = { processId: "once", ...FULL };
    await test.run("echo x >> count", params);
    expect(await test.run("echo x >> count", params)).toMatchObject({ state: "exited", exitCode: 0 });
    await test.reopen();
    expect(await test.run("echo x >> count", params)).toMatchObject({ state: "exited", exitCode: 0 });
    expect(statSync(join(test.homeFolder, "count")).size).toBe(2);
  });

  it("leaves nothing behind that nobody knows of", async () => {
    const test = exec();
    await test.run(
      "setsid sleep 300 >/dev/null 2>&1 & echo $! > pids; (sleep 300 >/dev/null 2>&1 & echo $! >> pids); nohup sleep 300 >/dev/null 2>&1 & echo $! >> pids; sleep 0.1",
    );
    const pids = pidsIn(join(test.homeFolder, "pids"));
    expect(pids).toHaveLength(3);
    for (const pid of pids) expect(await waitUntilGone(pid)).toBe(true);
  });

  it("is one of at most fifty", { timeout: 60_000 }, async () => {
    const test = exec();
    for (let count = 0; count < 50; count++) await test.run("sleep 300", { processId: `s${count}`, ...BACKGROUND });
    await expect(test.run("true")).rejects.toThrow("50 processes");
    expect(await test.ask("process.kill", { processId: "s0", signal: "KILL" })).toMatchObject({ state: "exited" });
    expect(await test.run("true")).toMatchObject({ exitCode: 0 });
  });
});

describe("output", () => {
  it("of ten megabytes a second is kept whole, with its end at hand", { timeout: 60_000 }, async () => {
    const test = exec();
    // As fast as the machine can: 400,000 lines, 40 MB.
    const state = await test.run("yes $(printf 'x%.0s' $(seq 99)) | head -n 400000; echo end", {
      processId: "flood",
      yieldMs: 20_000,
    });
    expect(state).toMatchObject({ state: "exited", outputBytes: 40_000_004 });
    expect(state.output.length).toBeLessThanOrEqual(64 * 1024);
    expect(state.output.endsWith("x\nend\n")).toBe(true);
    const log = await test.ask("process.log", { processId: "flood", from: 399_999, lines: 5 });
    expect(log).toMatchObject({ from: 399_999, totalLines: 400_001, text: `${"x".repeat(99)}\nend\n` });
    expect((await test.ask("process.log", { processId: "flood", from: 0, lines: 1 })).text).toBe(`${"x".repeat(99)}\n`);
  });

  it("beyond 64 MiB keeps its beginning and its end, and says what is missing", { timeout: 60_000 }, async () => {
    const test = exec();
    await test.run("seq 1 12000000", { processId: "endless", yieldMs: 20_000, timeoutMs: 60_000 });
    await expect
      .poll(async () => (await test.ask("process.poll", { processId: "endless" })).state, { timeout: 40_000 })
      .toBe("exited");
    const sizes = readdirSync(join(test.stateDir, "exec/output")).map(
      (name) => statSync(join(test.stateDir, "exec/output", name)).size,
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(66 * 1024 * 1024);
    const log = (from: number, lines: number) => test.ask("process.log", { processId: "endless", from, lines });
    expect((await log(0, 2)).text).toBe("1\n2\n");
    expect(await log(-2, 2)).toMatchObject({ text: "11999999\n12000000\n", totalLines: 12_000_000 });
    expect((await log(5_000_000, 5000)).text).toContain("are left out");
  });

  it("is cut between characters, never in one", async () => {
    const test = exec();
    const state = await test.run("printf 'é€😀%.0s' $(seq 20000)");
    expect(state.output).not.toContain("\ufffd");
    expect(state.output.length).toBeGreaterThan(20_000);
    for (let since = state.outputBytes - 12; since < state.outputBytes; since++) {
      const part = await test.ask("process.poll", { processId: state.processId, since });
      expect(part.output).not.toContain("\ufffd");
    }
  });

  it("is for the owner of the machine alone", async () => {
    const test = exec();
    await test.run("echo secret");
    const [name = ""] = readdirSync(join(test.stateDir, "exec/output"));
    expect(statSync(join(test.stateDir, "exec/output", name)).mode & 0o077).toBe(0);
  });

  it("of half an hour ago is gone, and that is said; the command is still known", async () => {
    let now = Date.now();
    const test = exec({ now: () => now });
    await test.run("echo gone", { processId: "old" });
    expect((await test.ask("process.list", {})).processes).toHaveLength(1);
    now += 31 * 60_000;
    expect((await test.ask("process.list", {})).processes).toEqual([]);
    await test.reopen();
    expect(await test.ask("process.poll", { processId: "old" })).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining("not kept"),
    });
    expect(readdirSync(join(test.stateDir, "exec/output"))).toEqual([]);
  });

  it("of a file with lines over the border of pieces is counted right", () => {
    const test = exec();
    const output = Output.create(join(test.dir, "out"));
    for (const text of ["a\nb", "c\n", "\n", "d"]) output.add(Buffer.from(text));
    expect(output.log(0, 10)).toEqual({ text: "a\nbc\n\nd", from: 0, totalLines: 4, totalBytes: 7 });
    expect(output.log(-1, 10).text).toBe("d");
    output.close();
    expect(Output.open(join(test.dir, "out")).log(1, 1).text).toBe("bc\n");
  });
});

describe("a process in the background", () => {
  it("can be written to until its input is closed", async () => {
    const test = exec();
    await test.run("cat", { processId: "cat", ...BACKGROUND });
    expect((await test.ask("process.write", { processId: "cat", data: "hello\n" })).output).toBe("hello\n");
    expect((await test.ask("process.write", { processId: "cat", data: "again\n", isEnd: true })).output).toContain("again");
    await soon(async () => (await test.ask("process.poll", { processId: "cat" })).state).toBe("exited");
    await expect(test.ask("process.write", { processId: "cat", data: "x" })).rejects.toThrow("has ended");
  });

  it("that went there by itself has no input, and that is said", async () => {
    const test = exec();
    await test.run("sleep 5", { processId: "slow", yieldMs: 50 });
    await expect(test.ask("process.write", { processId: "slow", data: "x" })).rejects.toThrow("start it in the background");
  });

  it("in a terminal takes keys by their names", async () => {
    const test = exec();
    const state = await test.run('stty -echo; tty; read line; echo "got $line"; sleep 300', {
      processId: "tty",
      isPty: true,
      yieldMs: 1_000,
    });
    expect(state.output).toContain("/dev/pts/");
    await test.ask("process.keys", { processId: "tty", keys: ["h", "i", "x", "BSpace", "Enter"] });
    await soon(async () => (await test.ask("process.poll", { processId: "tty" })).output).toContain("got hi\r\n");
    await test.ask("process.keys", { processId: "tty", keys: ["C-c"] });
    await expect
      .poll(async () => test.ask("process.poll", { processId: "tty" }))
      .toMatchObject({ state: "exited", signal: "SIGINT" });
    await expect(test.ask("process.keys", { processId: "tty", keys: ["C-c"] })).rejects.toThrow("has ended");
  });

  it("takes no key that is none", async () => {
    const test = exec();
    await test.run("cat", { processId: "cat", ...BACKGROUND });
    await expect(test.ask("process.keys", { processId: "cat", keys: ["Entre"] })).rejects.toThrow("no key called Entre");
  });

  it("is killed with its whole tree, whatever its children did to get away", async () => {
    const test = exec();
    await test.run(
      "echo $$ >> pids; (trap '' TERM INT HUP; echo $BASHPID >> pids; sleep 300) & setsid bash -c 'echo $$ >> pids; setsid sleep 300 & echo $! >> pids; wait' & (nohup sleep 300 & echo $! >> pids) ; wait",
      { processId: "tree", ...BACKGROUND },
    );
    await soon(() => existsSync(join(test.homeFolder, "pids")) && pidsIn(join(test.homeFolder, "pids")).length).toBe(5);
    const pids = pidsIn(join(test.homeFolder, "pids"));
    expect(await test.ask("process.kill", { processId: "tree", signal: "KILL" })).toMatchObject({
      state: "exited",
      signal: "SIGKILL",
      endedBy: expect.stringContaining("process kill"),
    });
    for (const pid of pids) expect(await waitUntilGone(pid)).toBe(true);
  });

  it("is told to its session when it ends, once; one whose end was an answer is not", async () => {
    const test = exec();
    await test.run("sleep 0.3; echo done; exit 4", { processId: "told", ...BACKGROUND });
    await soon(() => test.told.length).toBe(1);
    expect(test.told[0]).toMatchObject({
      event: "process.ended",
      payload: { sessionKey: "one", processId: "told", command: "sleep 0.3; echo done; exit 4", exitCode: 4, tail: "done\n" },
    });
    await test.run("echo at once");
    await test.run("sleep 0.3", { processId: "waited", ...BACKGROUND });
    await test.ask("process.poll", { processId: "waited", waitMs: 10_000 });
    await test.run("sleep 300", { processId: "killed", ...BACKGROUND });
    await test.ask("process.kill", { processId: "killed" });
    expect(test.told).toHaveLength(1);
  });

  it("that ran out of its time is told, too", async () => {
    const test = exec();
    await test.run("sleep 300", { processId: "late", timeoutMs: 200, ...BACKGROUND });
    await soon(() => test.told.length).toBe(1);
    expect(test.told[0]?.payload).toMatchObject({ processId: "late", endedBy: expect.stringContaining("0.2 seconds") });
  });
});

describe("sessions", () => {
  it("know nothing of each other, three hundred of them", { timeout: 60_000 }, async () => {
    const test = exec();
    const sessions = Array.from({ length: 300 }, (_, index) => `session ${index}`);
    for (let at = 0; at < sessions.length; at += 20) {
      await Promise.all(
        sessions.slice(at, at + 20).map((sessionKey) => test.run(`echo of ${sessionKey}`, { sessionKey, processId: "same" })),
      );
    }
    for (const sessionKey of sessions) {
      const { processes } = await test.ask("process.list", { sessionKey });
      expect(processes.map(({ output }) => output)).toEqual([`of ${sessionKey}\n`]);
    }
  });

  it.each([
    ["process.poll", {}],
    ["process.log", {}],
    ["process.write", { data: "x" }],
    ["process.keys", { keys: ["x"] }],
    ["process.kill", { signal: "KILL" }],
  ] as const)("get nothing of another's process by %s", async (command, params) => {
    const test = exec();
    await test.run("cat", { processId: "mine", ...BACKGROUND });
    await expect(test.ask(command, { sessionKey: "two", processId: "mine", ...params })).rejects.toThrow(
      "no process mine of this session",
    );
    await expect(test.ask(command, { sessionKey: "one\0mine", processId: "mine", ...params })).rejects.toThrow("no process");
    expect(await test.ask("process.poll", { processId: "mine" })).toMatchObject({ state: "running", outputBytes: 0 });
  });
});

describe("a session that is kept in its sandbox", () => {
  it.each([
    ["process.poll", {}],
    ["process.log", {}],
    ["process.write", { data: "touch made\n" }],
    ["process.keys", { keys: ["x"] }],
    ["process.kill", { signal: "KILL" }],
  ] as const)("gets nothing of what it left running on the machine itself by %s", async (command, params) => {
    const test = exec();
    await test.run("sh", { processId: "shell", ...BACKGROUND });
    const asked = { processId: "shell", ...params };
    await expect(test.ask(command, { ...asked, mayReachHome: false })).rejects.toThrow("no process shell");
    // Who does not say that it may, may not.
    await expect(test.ask(command, { ...asked, mayReachHome: undefined })).rejects.toThrow("no process shell");
    expect(await test.ask("process.list", { mayReachHome: false })).toEqual({ processes: [] });
    await test.reopen();
    expect(await test.ask("process.list", { mayReachHome: false })).toEqual({ processes: [] });
    expect((await test.ask("process.list", {})).processes).toHaveLength(1);
    expect(existsSync(join(test.homeFolder, "made"))).toBe(false);
  });
});

describe("when the bridge ends", () => {
  it("in order, its processes end with it, and are told so", async () => {
    const test = exec();
    await test.run("echo $$ > pid; echo began; sleep 300", { processId: "p", yieldMs: 500 });
    await test.reopen();
    expect(isRunning(pidsIn(join(test.homeFolder, "pid"))[0] ?? 0)).toBe(false);
    expect(await test.ask("process.poll", { processId: "p" })).toMatchObject({
      state: "exited",
      endedBy: expect.stringContaining("bridge"),
    });
    expect((await test.ask("process.log", { processId: "p" })).text).toBe("began\n");
    expect(test.told.map(({ payload }) => payload.processId)).toEqual(["p"]);
  });

  it("by force, they are ended all the same, also those that left their group", { timeout: 60_000 }, async () => {
    const test = exec();
    await test.end();
    const program = resolve(import.meta.dirname, "../../support/exec-victim.ts");
    const child = spawn(process.execPath, [program, test.stateDir, test.homeFolder], { stdio: ["ignore", "inherit", "inherit"] });
    const pids = join(test.homeFolder, "pids");
    await soon(() => existsSync(pids) && pidsIn(pids).length, { timeout: 20_000 }).toBe(3);
    const victims = pidsIn(pids);
    expect(victims.every(isRunning)).toBe(true);
    child.kill("SIGKILL");
    for (const pid of victims) expect(await waitUntilGone(pid, 10_000)).toBe(true);
    await test.reopen();
    expect(await test.ask("process.poll", { processId: "victim" })).toMatchObject({
      state: "exited",
      endedBy: "The bridge ended while it ran, and it with it.",
      output: "began\n",
    });
    expect(test.told.map(({ payload }) => payload.processId)).toEqual(["victim"]);
    expect(test.room.ledger.audited(1)).toMatchObject([{ exit: "the bridge ended while it ran" }]);
  });
});
