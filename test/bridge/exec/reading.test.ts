// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is text of the shell.
// What runs without a question reads no file: secrets lie on the disk and in the environment of a process, and no line that is
// let through may say one of them. The lines are really run, in the room of commands.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isHarmless } from "../../../src/bridge/exec/policy/filters.ts";
import { openTestExec, type TestExec } from "../../support/exec-room.ts";

const MARK = "MARK-OF-A-SECRET";
const FILE = ".ssh/id_rsa";
let test: TestExec;
let child: ChildProcess;
let count = 0;

beforeAll(() => {
  test = openTestExec({ config: { exec: undefined, files: { read: ["~/notes"], write: ["~"] } } });
  for (const folder of [".ssh", "notes", "Skerry"]) mkdirSync(join(test.homeFolder, folder));
  // In the home folder, too, by names that a command could take for numbers or options.
  for (const name of [".ssh/id_rsa", "99999999999", "10", "2", "-e", "e"])
    writeFileSync(join(test.homeFolder, name), `${MARK}\n${MARK}\n`);
  writeFileSync(join(test.stateDir, "device-key.json"), `${MARK}\n`);
  child = spawn("sleep", ["300"], { env: { SECRET: MARK }, stdio: "ignore" });
});
afterAll(async () => {
  child.kill("SIGKILL");
  await test.close();
});

function start(line: string) {
  count += 1;
  const command = line
    .replaceAll("{secret}", join(test.homeFolder, ".ssh/id_rsa"))
    .replaceAll("{state}", join(test.stateDir, "device-key.json"))
    .replaceAll("{pid}", String(child.pid));
  return test.start(command, { processId: `r${count}`, timeoutMs: 5_000 });
}

/** Whatever it says; a question and a refusal show the line, but never what it would say. */
async function said(line: string): Promise<string> {
  const answer = await start(line);
  return answer.state === "exited" || answer.state === "running" ? answer.output : "";
}

/** Programs that run without being listed. */
const FILTERS =
  "cat echo printf pwd cut uniq head tail tr wc sort nl rev tac fold fmt paste expand unexpand base64 base32 md5sum sha256sum cksum grep egrep fgrep seq basename dirname date uname id nproc uptime".split(
    " ",
  );

describe("no secret is said by", () => {
  it.each([
    'grep -e "" {secret}',
    'grep -e "" .ssh/id_rsa',
    'grep {secret} -e ""',
    "grep --regexp= {state}",
    "grep --regexp=MARK -- {state}",
    "grep -ae SECRET /proc/{pid}/environ",
    "grep -ie mark .ssh/id_rsa",
    "grep -m1 -e MARK .ssh/id_rsa",
    "grep -eMARK .ssh/id_rsa",
    "egrep -e MARK {secret}",
    "fgrep -e MARK {secret}",
    "sh -c 'grep -e MARK .ssh/id_rsa'",
    "timeout 5 grep -e MARK .ssh/id_rsa",
    "cat < .ssh/id_rsa",
    "cat < {state}",
    "cat < Skerry/../.ssh/id_rsa",
    "sort 0< {secret}",
    "cat 99999999999>&2",
    "sh -c 'cat 10>&1'",
    "sh -c 'sort 10<&0'",
    "cat 0010</dev/null",
  ])("%s", async (line) => expect(await said(line)).not.toContain(MARK));

  it.each(FILTERS)("%s with any one option, before a file or beside it", { timeout: 120_000 }, async (name) => {
    const letters = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0"];
    const words = ["files", "files0-from", "reference", "file", "regexp", "lines", "check", "from", "key", "random-source"];
    const options = ["-n", "--", "-", ...letters.map((letter) => `-${letter}`), ...words.map((word) => `--${word}=M`)];
    const lines = options.flatMap((option) => [
      [option, FILE],
      [option, "M", FILE],
      [option, "1", FILE],
      [FILE, option],
      [FILE, option, "M"],
      [`${option}${FILE}`],
    ]);
    for (const args of [[FILE], [`--files0-from=${FILE}`], ...lines]) {
      // Only what is let through is run: the rest is asked about.
      if (!isHarmless(name, args, false)) continue;
      const line = [name, ...args].join(" ");
      expect({ line, isSaid: (await said(line)).includes(MARK) }).toEqual({ line, isSaid: false });
    }
  });
});

describe("no file is written where nobody may write, also where a folder is open, by", () => {
  it.each([
    "echo x >> .bashrc",
    "echo x > .bashrc",
    "echo x > tool",
    "echo x > {state}",
    "echo x > .config/autostart/x",
    "echo x > .ssh/authorized_keys",
  ])("%s", async (line) => {
    writeFileSync(join(test.homeFolder, "tool"), "", { mode: 0o755 });
    expect(await start(line)).toMatchObject({ state: "asks" });
  });
});

it("plain files of open folders are read and written by < and >, also where the folder is a link", async () => {
  writeFileSync(join(test.homeFolder, "notes/a"), "note\n");
  symlinkSync(join(test.homeFolder, "notes"), join(test.homeFolder, "link"));
  expect(await said("cat < link/a")).toBe("note\n");
  expect(await start("echo x > link/b")).toMatchObject({ state: "exited" });
  expect(readFileSync(join(test.homeFolder, "notes/b"), "utf8")).toBe("x\n");
});

it("what is piped in is found all the same", async () => {
  expect(await said("printf 'a\\nb\\n' | grep -e b")).toBe("b\n");
  expect(await said("printf 'a\\nb\\n' | grep -ne b -e a")).toBe("1:a\n2:b\n");
  expect(await said("printf 'a\\nb\\n' | grep --regexp=b -c")).toBe("1\n");
  expect(await said("printf 'a\\nb\\n' | grep b")).toBe("b\n");
});
