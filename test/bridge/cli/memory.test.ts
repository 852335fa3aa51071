// What a machine remembers, from its command line: real processes over a real database.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it } from "vitest";
import { LEDGER_FILE } from "../../../src/bridge/exec/exec.ts";
import { ExecLedger } from "../../../src/bridge/exec/ledger.ts";
import { homeOf, runCli } from "../../support/cli.ts";
import { openTestExec } from "../../support/exec-room.ts";

const root = mkdtempSync(join(tmpdir(), "skerry-cli-memory-"));
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(root, "bridge-"));
  mkdirSync(join(dir, "exec"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function run(...args: string[]) {
  const ran = runCli([...args, "--state-dir", dir], { ...homeOf(root, 1), input: "" });
  const code = await ran.code;
  return { code, out: ran.out(), err: ran.err() };
}

function fill(work: (ledger: ExecLedger) => void): void {
  const ledger = new ExecLedger(join(dir, LEDGER_FILE));
  work(ledger);
  ledger.close();
}

const row = (command: string) => ({
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
  sessionKey: "agent:main:main",
  processId: "p",
  place: "home",
  command,
  workdir: "/",
  verdict: "ran: approved",
});

it("says that nothing was run and nothing is allowed, where that is so", async () => {
  expect(await run("bridge", "log")).toMatchObject({ code: 0, out: "No command was run on this machine yet.\n" });
  expect(await run("bridge", "rules")).toMatchObject({ code: 0, out: "Nothing is allowed for always on this machine.\n" });
  expect(await run("bridge", "rules", "forget", "1")).toMatchObject({
    code: 1,
    err: expect.stringContaining("rules lists what is"),
  });
});

it("shows what ran, latest last, with nothing in it that moves the cursor", async () => {
  fill((ledger) => {
    ledger.audit(row("echo first"));
    const id = ledger.audit({ ...row("echo \u001b[2Jlast"), approval: "a1 allow-once" });
    ledger.auditEnd(id, "exit code 0", Date.now());
  });
  const { code, out } = await run("bridge", "log", "--limit", "2");
  expect(code).toBe(0);
  expect(out.indexOf("first")).toBeLessThan(out.indexOf("last"));
  expect(out).toContain(
    "2026-01-02 03:04:05  home  agent:main:main\n  echo ⟨U+001B⟩[2Jlast\n  ran: approved [a1 allow-once]; exit code 0",
  );
  expect((await run("bridge", "log", "--limit", "1")).out).not.toContain("first");
  expect(await run("bridge", "log", "--limit", "some")).toMatchObject({ code: 2 });
});

it("lists what is allowed for always and forgets it", async () => {
  fill((ledger) => {
    ledger.allow({ path: "/usr/bin/git", args: ["status"], isExact: true, workdir: "/srv" }, "approval a", Date.now());
    ledger.allowFile("/srv/list.txt", "write", "approval b", Date.now());
  });
  expect((await run("bridge", "rules")).out).toMatch(
    /^1 {2}\/usr\/bin\/git {2}status, exactly, in \/srv, since \S+, not used yet\nfile {2}\/srv\/list.txt {2}read and written, since \S+\n$/,
  );
  expect(await run("bridge", "rules", "forget", "1")).toMatchObject({ code: 0 });
  expect(await run("bridge", "rules", "forget", "/srv/list.txt")).toMatchObject({ code: 0 });
  expect(JSON.parse((await run("bridge", "rules", "--json")).out)).toEqual({ programs: [], files: [] });
});

it("adds a program beside a bridge that runs, and a launcher with its arguments alone", { timeout: 60_000 }, async () => {
  const test = openTestExec();
  const add = (...words: string[]) => {
    const ran = runCli(["bridge", "--state-dir", test.stateDir, "rules", "add", ...words], { ...homeOf(root, 1), input: "" });
    return ran.code;
  };
  try {
    expect(await test.start("ls")).toMatchObject({ state: "asks" });
    expect(await add("ls")).toBe(0);
    expect(await test.start("ls")).toMatchObject({ state: "exited" });
    expect(await add("rm")).toBe(0);
    expect(await test.start("rm -f x.tmp")).toMatchObject({ state: "asks" });
    expect(await add("rm", "--", "-f", "*.tmp")).toBe(0);
    expect(await test.start("rm -f x.tmp")).toMatchObject({ state: "exited" });
    expect(await test.start("rm -f x")).toMatchObject({ state: "asks" });
    expect(await add("no-such-program")).toBe(1);
    expect(await run("bridge", "rules", "add", "ls")).toMatchObject({ code: 1, err: expect.stringContaining("start it once") });
  } finally {
    await test.close();
  }
});
