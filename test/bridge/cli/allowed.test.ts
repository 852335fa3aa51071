// The machine's own list and log by the command line, beside a bridge that runs.
import { execFile } from "node:child_process";
import { afterEach, expect, it } from "vitest";
import { PROGRAM } from "../../support/cli.ts";
import { openTestExec, type TestExec } from "../../support/exec-room.ts";

let test: TestExec;
afterEach(() => test.close());

function skerry(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  const args = [PROGRAM, "bridge", "--state-dir", test.stateDir, ...words];
  return new Promise((done) => {
    execFile(process.execPath, args, { env: { HOME: test.homeFolder, NO_COLOR: "1" } }, (error, out, said) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, out, error: said });
    });
  });
}

it("adds a program, which then runs without a question, lists it, and takes it away again", { timeout: 60_000 }, async () => {
  test = openTestExec();
  expect(await test.start("ls")).toMatchObject({ state: "asks" });
  expect(await skerry("allowed")).toMatchObject({ code: 0, out: expect.stringContaining("No program is allowed") });
  expect(await skerry("allowed", "add", "ls")).toMatchObject({ code: 0, out: expect.stringContaining("ls is allowed") });
  expect(await test.start("ls")).toMatchObject({ state: "exited" });
  const { out } = await skerry("allowed");
  expect(out).toMatch(/^1 {2}\S+\/ls {2}with any arguments, since .*, used /);
  expect(await skerry("allowed", "remove", "1")).toMatchObject({ code: 0 });
  expect(await skerry("allowed", "remove", "1")).toMatchObject({ code: 1, error: expect.stringContaining("no number 1") });
  expect(await test.start("ls")).toMatchObject({ state: "asks" });
});

it("adds a launcher with its arguments only, and no program that is not there", { timeout: 60_000 }, async () => {
  test = openTestExec();
  await skerry("allowed", "add", "rm");
  expect(await test.start("rm -f x")).toMatchObject({ state: "asks" });
  await skerry("allowed", "add", "rm", "--", "-f", "*.tmp");
  expect(await test.start("rm -f x.tmp")).toMatchObject({ state: "exited" });
  expect(await test.start("rm -f x")).toMatchObject({ state: "asks" });
  expect(await skerry("allowed", "add", "no-such-program")).toMatchObject({
    code: 1,
    error: expect.stringContaining("no program"),
  });
});

it("shows what was asked of the machine, with what became of it", { timeout: 60_000 }, async () => {
  test = openTestExec();
  await test.start("echo hello");
  await test.start("rm -rf x");
  const { out } = await skerry("audit");
  expect(out).toMatch(/"echo hello"\n {4}ran: .*; exit 0/);
  expect(out).toMatch(/"rm -rf x"\n {4}asked: .*; not run/);
  const json = JSON.parse((await skerry("audit", "--limit", "1", "--json")).out);
  expect(json).toMatchObject([{ command: "rm -rf x", exit: "not run" }]);
});
