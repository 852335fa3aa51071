// A thousand command lines put together by chance out of what shells can be tricked with. What the policy lets through is really
// run, in a folder where nothing may appear and beside programs that write down that they were run.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AllowEntry } from "../../../../src/bridge/exec/policy/allowlist.ts";
import { findExecutable, SEARCH_PATH } from "../../../../src/bridge/exec/policy/executables.ts";
import { findDefect, makePlan } from "../../../../src/bridge/exec/policy/plan.ts";
import { HomePlace } from "../../../../src/bridge/places/home-place.ts";

const RUNS = 1000;
let dir = "";
let work = "";
let entries: AllowEntry[] = [];
let home: HomePlace;
const log = () => join(dir, "ran");

beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "skerry-generated-")));
  work = join(dir, "work");
  mkdirSync(work);
  mkdirSync(join(dir, "bin"));
  const script = (name: string, text: string) => {
    writeFileSync(join(dir, "bin", name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(dir, "bin", name), 0o755);
  };
  // Whatever runs one of these leaves a line that the test finds.
  for (const name of ["evil", "touch", "tee", "id2"]) script(name, `echo "${name} $*" >> ${log()}`);
  script("tool", 'echo "tool:$#:$1"');
  const tool = await findExecutable(join(dir, "bin/tool"), work, []);
  entries = [{ id: 1, path: join(dir, "bin/tool"), sha256: tool?.sha256 ?? "", addedAt: 0, by: "test" }];
  // The folder of the decoys comes first, so that a name that slips through finds them.
  const searchPath = [join(dir, "bin"), ...SEARCH_PATH];
  home = new HomePlace({
    environment: {},
    closedFolders: [],
    openFolders: { read: [], write: [] },
    searchPath,
    homeFolder: work,
  });
});
afterAll(async () => {
  await home.close();
  rmSync(dir, { recursive: true, force: true });
});

const plan = (command: string) =>
  makePlan({
    command,
    workdir: work,
    env: {},
    isPty: false,
    entries,
    searchPath: [join(dir, "bin"), ...SEARCH_PATH],
  });

async function run(text: string): Promise<string> {
  let output = "";
  const request = { processId: "p", place: { kind: "home" } as const, command: text, workdir: work, env: {}, isPty: false };
  const running = await home.launch({
    ...request,
    onOutput: (chunk) => (output += Buffer.from(chunk).toString("utf8").slice(0, 10_000)),
  });
  await running.endInput();
  const timer = setTimeout(() => void running.kill("KILL"), 5_000);
  const ended = await running.ended;
  clearTimeout(timer);
  expect(ended.signal, `was ended after five seconds: ${text}`).not.toBe("SIGKILL");
  return output;
}

const EVIL = ["touch canary", "evil", "evil x", "id2", "tee canary", "echo x>canary"];
const evil = fc.constantFrom(...EVIL);
const trick = fc.oneof(
  evil.map((it) => `$(${it})`),
  evil.map((it) => `\`${it}\``),
  evil.map((it) => `"$(${it})"`),
  evil.map((it) => `'$(${it})'`),
  evil.map((it) => `"\\$(${it})"`),
  evil.map((it) => `\\$\\(${it.replaceAll(" ", "\\ ")}\\)`),
  evil.map((it) => `"\\\`${it}\\\`"`),
  evil.map((it) => `';${it};'`),
  evil.map((it) => `";${it};"`),
  evil.map((it) => `a'\n${it}\n'b`),
  evil.map((it) => `<(${it})`),
  evil.map((it) => `\${x:-$(${it})}`),
  evil.map((it) => `$'\\x27;${it};\\x27'`),
  evil.map((it) => `$'a\\';${it};\\''`),
  evil.map((it) => `"'";${it};"'"`),
  evil.map((it) => `'"';${it};'"'`),
  evil.map((it) => `\\';${it};\\'`),
  evil.map((it) => `''\\'';${it}`),
  evil.map((it) => `#${it}`),
  evil.map((it) => `{${it.replaceAll(" ", ",")}}`),
  evil.map((it) => `$((x[$(${it})]))`),
);
const plain = fc.constantFrom(
  "a",
  "'a b'",
  '"c d"',
  "e\\ f",
  "-n",
  "--",
  "-",
  "''",
  '""',
  "x=y",
  "%s",
  "1",
  "'it'\\''s'",
  '"\\""',
  "é",
  "'*'",
  "'~'",
  "\\\\",
  "-r",
  "-c",
  "'-c'",
);
const odd = fc.constantFrom(
  "*",
  "~",
  "$HOME",
  "$IFS",
  "{a,b}",
  "[a]",
  "\\",
  "'",
  '"',
  "$",
  "`",
  "(",
  ")",
  "!",
  "\\\n",
  "\t",
  "\u00a0",
  "\u200b",
  "$'\\n'",
  '$"x"',
);
const word = fc.oneof({ weight: 12, arbitrary: plain }, { weight: 2, arbitrary: trick }, { weight: 1, arbitrary: odd });
const program = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      "echo",
      "echo",
      "echo",
      "tool",
      "tool",
      "printf",
      "cat",
      "sort",
      "tr a b",
      "wc",
      "head",
      "grep a",
      "cut -c1",
      "tool",
      "true",
      "./../bin/tool",
      "'echo'",
      "ec\\ho",
      'e"ch"o',
      "/bin/echo",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "evil",
      "touch",
      "tee",
      "id2",
      "awk",
      "sed",
      "sh",
      "find",
      "python3 -c",
      "eval",
      "exec",
      ".",
      "command",
      "builtin",
      "e$x",
      "../bin/evil",
    ),
  },
);
const wrapper = fc.constantFrom(
  "env",
  "nice",
  "timeout 5",
  "nohup",
  "xargs",
  "sh -c",
  "bash -c",
  "command",
  "env -S",
  "env A=b",
  "stdbuf -o0",
  "LC_ALL=C",
  "PATH=.",
  "time",
  "!",
  "exec",
  "find . -exec",
  "xargs -0",
  "xargs -I{}",
);
const redirect = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  fc.constantFrom(
    "",
    "",
    "",
    "",
    " 2>&1",
    " >/dev/null",
    " </dev/null",
    " > canary",
    " >> canary",
    " &> canary",
    " >&canary",
    " <<< a",
    " <<E\na\nE",
    " 2>canary",
    " 1<&0",
    " >/dev/../canary",
    " > 'can'ary",
  ),
);
const simple = fc
  .tuple(
    fc.oneof({ weight: 5, arbitrary: fc.constant("") }, { weight: 1, arbitrary: wrapper }),
    program,
    fc.array(word, { maxLength: 4 }),
    redirect,
  )
  .map(([before, name, words, after]) => `${[before, name, ...words].filter((part) => part !== "").join(" ")}${after}`);
const nested = simple.map((inner) => `sh -c ${inner.includes("'") ? JSON.stringify(inner) : `'${inner}'`}`);
const line = fc
  .tuple(
    fc.oneof({ weight: 5, arbitrary: simple }, { weight: 1, arbitrary: nested }),
    fc.array(fc.tuple(fc.constantFrom(" | ", " && ", " || ", "; ", "\n", " & ", "|&", " #", ";;", "\r\n", "\\\n"), simple), {
      maxLength: 3,
    }),
  )
  .map(([first, rest]) => first + rest.map(([joint, next]) => joint + next).join(""));
/** One sign too many or too few is where two parsers part. */
const disturbed = fc
  .tuple(
    line,
    fc.nat(),
    fc.constantFrom("'", '"', "\\", "`", "$", "\n", ";", "#", " ", "(", ")", "&", "|", ">", "{", "", "~", "\t"),
    fc.boolean(),
  )
  .map(([text, at, sign, isInstead]) => {
    const where = at % (text.length + 1);
    return text.slice(0, where) + sign + text.slice(where + (isInstead ? 1 : 0));
  });

describe("a thousand lines made by chance", () => {
  it("would be caught by the traps, were they run", () => {
    execFileSync("/bin/bash", ["-c", `cd ${work}; export PATH=${join(dir, "bin")}:$PATH; evil x; echo x>canary`]);
    expect(existsSync(log())).toBe(true);
    expect(readdirSync(work)).toEqual(["canary"]);
    rmSync(log());
    rmSync(join(work, "canary"));
  });

  it("run only what was proved", { timeout: 300_000 }, async () => {
    const proved: string[] = [];
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(line, disturbed), async (command) => {
        count += 1;
        if (findDefect(command) !== undefined) return;
        const { isProved, text } = await plan(command);
        if (!isProved) return;
        proved.push(command);
        await run(text);
        expect(existsSync(log()), `a trap went off by ${JSON.stringify(command)}, run as ${text}`).toBe(false);
        expect(readdirSync(work), `something was written by ${JSON.stringify(command)}, run as ${text}`).toEqual([]);
      }),
      { numRuns: RUNS },
    );
    expect(count).toBeGreaterThanOrEqual(RUNS);
    // A policy that lets nothing through would prove nothing here.
    expect(proved.length).toBeGreaterThan(RUNS / 20);
    expect(proved.some((command) => /[$`]/.test(command))).toBe(true);
    expect(proved.some((command) => command.includes(" | "))).toBe(true);
  });

  it("say the same as they would unjudged, where they run at all", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(line, async (command) => {
        if (findDefect(command) !== undefined || /tool|evil|touch|tee|id2|xargs|time|printf|bash/.test(command)) return;
        const { isProved, text } = await plan(command);
        if (!isProved) return;
        // A program that complains says by which name it was called.
        const said = async (it: string) => (await run(it)).replace(/[^\s'`]*\/bin\//g, "");
        expect(await said(text), `${command} was run as ${text}`).toBe(await said(command));
      }),
      { numRuns: 300 },
    );
  });
});
