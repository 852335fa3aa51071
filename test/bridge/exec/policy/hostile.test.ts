// The policy against command lines of somebody who wants more than is allowed: none of them is proved, although every program of
// the system is on the list. And against its opposite: lines that are fine must not be asked about.
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AllowEntry } from "../../../../src/bridge/exec/policy/allowlist.ts";
import { findExecutable, SEARCH_PATH } from "../../../../src/bridge/exec/policy/executables.ts";
import { findDefect, makePlan } from "../../../../src/bridge/exec/policy/plan.ts";
import { HOSTILE } from "./hostile-lines.ts";

let dir = "";
let everything: AllowEntry[] = [];

beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "skerry-hostile-")));
  mkdirSync(join(dir, "folder"));
  mkdirSync(join(dir, "sub"));
  for (const name of ["tool", "evil", "ls", "changed"]) {
    writeFileSync(join(dir, name), `#!/bin/sh\necho ${name}\n`);
    chmodSync(join(dir, name), 0o755);
  }
  symlinkSync(join(dir, "evil"), join(dir, "link-to-evil"));
  symlinkSync(join(dir, "tool"), join(dir, "link-to-tool"));
  const draft = { addedAt: 0, by: "test" };
  const [tool, changed] = await Promise.all(["tool", "changed"].map((name) => findExecutable(join(dir, name), dir, [])));
  everything = [
    ...["/usr/bin/*", "/bin/*", "/usr/sbin/*", "/sbin/*", "/usr/lib/**", "/lib/**"].map((path, id) => ({ id, path, ...draft })),
    { id: 100, path: join(dir, "tool"), sha256: tool?.sha256 ?? "", ...draft },
    { id: 101, path: join(dir, "changed"), sha256: changed?.sha256 ?? "", ...draft },
  ];
  writeFileSync(join(dir, "changed"), "#!/bin/sh\necho another\n");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const fill = (line: string) => line.replaceAll("{dir}", dir).replaceAll("{base}", basename(dir));
const plan = (command: string, entries: readonly AllowEntry[] = everything, env: Record<string, string> = {}) =>
  makePlan({ command, workdir: dir, env, isPty: false, entries, searchPath: [...SEARCH_PATH, dir] });

describe("never runs without a question", () => {
  it("is tried with at least 300 lines", () => {
    expect(Object.values(HOSTILE).flat().length).toBeGreaterThan(300);
  });

  describe.each(Object.entries(HOSTILE))("%s", (_name, lines) => {
    it.each(lines.map((line) => [JSON.stringify(line), line]))("%s", async (_shown, line) => {
      const command = fill(line);
      if (findDefect(command) !== undefined) return;
      const { isProved, segments, text } = await plan(command);
      expect({ isProved, segments, text }).toMatchObject({ isProved: false });
      // Whoever is asked is told why.
      expect(segments.some(({ verdict, reason }) => verdict !== "allowed" && (reason ?? "") !== "")).toBe(true);
    });
  });
});

describe("runs without a question", () => {
  const bare: [string, string][] = [
    ["echo hello", "'/usr/bin/echo' 'hello'"],
    ["echo 'a b'  \"c d\" e\\ f", "'/usr/bin/echo' 'a b' 'c d' 'e f'"],
    ['echo "it\'s"', "'/usr/bin/echo' 'it'\\''s'"],
    ["echo '$(touch canary)' '`touch canary`'", "'/usr/bin/echo' '$(touch canary)' '`touch canary`'"],
    [
      "printf '%s\\n' a b | sort -r | head -n 1",
      "'/usr/bin/printf' '%s\\n' 'a' 'b' | '/usr/bin/sort' '-r' | '/usr/bin/head' '-n' '1'",
    ],
    ["true && echo yes || echo no", "'/usr/bin/true' && '/usr/bin/echo' 'yes' || '/usr/bin/echo' 'no'"],
    ["echo a; echo b", "'/usr/bin/echo' 'a'; '/usr/bin/echo' 'b'"],
    ["echo a\necho b", "'/usr/bin/echo' 'a'; '/usr/bin/echo' 'b'"],
    ["echo a 2>&1 >/dev/null", "'/usr/bin/echo' 'a' 2>&1 1>'/dev/null'"],
    ["echo a\\", "'/usr/bin/echo' 'a\\'"],
    ["! false", "! '/usr/bin/false'"],
    ["echo a # a comment", "'/usr/bin/echo' 'a'"],
    ["echo a \\\n  b", "'/usr/bin/echo' 'a' 'b'"],
    ["LC_ALL=C sort", "LC_ALL='C' '/usr/bin/sort'"],
    ["echo a | xargs", "'/usr/bin/echo' 'a' | '/usr/bin/xargs' '/usr/bin/echo'"],
    ["nice echo a", "'/usr/bin/nice' '/usr/bin/echo' 'a'"],
    ["sh -c 'echo a; echo b'", "'/usr/bin/sh' '-c' ''\\''/usr/bin/echo'\\'' '\\''a'\\''; '\\''/usr/bin/echo'\\'' '\\''b'\\'''"],
  ];
  it.each(bare)("%s", async (line, text) => {
    const made = await plan(line, []);
    expect(made.segments.filter(({ verdict }) => verdict !== "allowed")).toEqual([]);
    expect(made.isProved).toBe(true);
    // Where a program lies is the machine's business.
    expect(made.text.replaceAll("'/bin/", "'/usr/bin/").replaceAll("''\\''/bin/", "''\\''/usr/bin/")).toBe(text);
  });

  it.each([
    "ls -la",
    "cat /etc/hostname",
    "find . -name x",
    "find . -exec cat {} +",
    "{dir}/tool a b",
    "./tool",
    "tool",
    "{dir}/link-to-tool",
    "cd {dir} && ./tool",
    "cd / && ls | wc -l",
    "timeout 5 ls",
    "bash -c 'ls | wc -l'",
    "env LC_ALL=C ls",
  ])("what is on the list: %s", async (line) => {
    const made = await plan(fill(line));
    expect(made.segments.filter(({ verdict }) => verdict !== "allowed")).toEqual([]);
    expect(made.isProved).toBe(true);
  });

  it.each(["ls -la", "cat /etc/hostname", "{dir}/tool", "find ."])("but only when it is on it: %s", async (line) => {
    expect((await plan(fill(line), [])).isProved).toBe(false);
  });
});
