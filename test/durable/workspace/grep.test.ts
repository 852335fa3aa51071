// Searching the text of files: what is found, what is refused, and that no pattern can hang it.
import { beforeEach, describe, expect, test } from "vitest";
import type { GrepRequest } from "../../../src/durable/workspace/files/grep.ts";
import { openTestWorkspace, type TestWorkspace } from "../../support/workspace.ts";

let workspace: TestWorkspace;

beforeEach(async () => {
  workspace = openTestWorkspace();
  await workspace.writeText("notes/a.md", "first\nWalnut cake\nthird\nfourth\nwalnut pie\r\n");
  await workspace.writeText("notes/deep/b.txt", "no nuts\nwalnuts (many)\n");
  await workspace.write("notes/image.bin", Uint8Array.from([0, 1, 119, 97, 108, 110, 117, 116]));
});

async function search(request: GrepRequest): Promise<string[]> {
  const outcome = await workspace.grep({ path: "notes", ...request });
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value.map(({ path, line, text }) => `${path}:${line}:${text}`);
}

test("finds lines by regular expression, in order of path and line, and passes over binary files", async () => {
  expect(await search({ pattern: "wal\\w+" })).toEqual(["notes/a.md:5:walnut pie", "notes/deep/b.txt:2:walnuts (many)"]);
});

test("can ignore case and take the pattern literally", async () => {
  expect(await search({ pattern: "walnut ", isCaseless: true })).toEqual(["notes/a.md:2:Walnut cake", "notes/a.md:5:walnut pie"]);
  expect(await search({ pattern: "^W.L", isCaseless: true })).toEqual([
    "notes/a.md:2:Walnut cake",
    "notes/a.md:5:walnut pie",
    "notes/deep/b.txt:2:walnuts (many)",
  ]);
  expect(await search({ pattern: "(many)", isLiteral: true })).toEqual(["notes/deep/b.txt:2:walnuts (many)"]);
});

test("gives the lines around a match, none twice", async () => {
  expect(await search({ pattern: "Walnut|third", context: 1 })).toEqual([
    "notes/a.md:1:first",
    "notes/a.md:2:Walnut cake",
    "notes/a.md:3:third",
    "notes/a.md:4:fourth",
  ]);
});

test("stops at the limit", async () => {
  expect(await search({ pattern: "walnut", isCaseless: true, limit: 2 })).toHaveLength(2);
});

test.each([
  ["*.txt", ["notes/deep/b.txt"]],
  ["deep/*", ["notes/deep/b.txt"]],
  ["**/*.{md,txt}", ["notes/a.md", "notes/deep/b.txt"]],
  ["[a-c].md", ["notes/a.md"]],
  ["?.md", ["notes/a.md"]],
  ["*.js", []],
])("the glob %s chooses files relative to the folder", async (glob, paths) => {
  const found = await search({ pattern: "walnut", glob });
  expect(found.map((line) => line.split(":")[0])).toEqual(paths);
});

test("searches one file, mounted files, and files in the store for large bodies", async () => {
  expect(await search({ pattern: "cake", path: "notes/a.md" })).toEqual(["notes/a.md:2:Walnut cake"]);
  expect(await search({ pattern: "open-meteo", path: "skills" })).toContainEqual(
    expect.stringMatching(/^skills\/weather\/SKILL\.md:\d+:/),
  );
  expect((await search({ pattern: "open-meteo", path: "skills/weather/SKILL.md" })).length).toBeGreaterThan(0);
  await workspace.writeText("notes/large.log", `${"filler line\n".repeat(60_000)}the needle\n`);
  expect(await search({ pattern: "needle" })).toEqual(["notes/large.log:60001:the needle"]);
});

test("a long line is shortened", async () => {
  await workspace.writeText("notes/long.txt", `needle${"x".repeat(5000)}`);
  const [line] = await search({ pattern: "needle" });
  expect(line?.length).toBeLessThan(600);
});

test("more files than one batch are all searched", async () => {
  const changes = Array.from({ length: 120 }, (_, index) => ({
    type: "write" as const,
    path: `many/${index}.md`,
    bytes: new TextEncoder().encode(`needle ${index}`),
  }));
  await workspace.apply(changes);
  expect(await search({ pattern: "needle", path: "many", limit: 1000 })).toHaveLength(120);
});

describe("is refused with what to do", () => {
  test.each([
    ["a pattern that is none", { pattern: "(" }, "RE2 syntax"],
    ["look-around", { pattern: "(?=x)y" }, "RE2 syntax"],
    ["a pattern with huge repeats", { pattern: "(.{0,30}a){0,30}$b" }, "too complex"],
    ["an empty pattern", { pattern: "" }, "1 to 1000"],
    ["a glob with too many stars", { pattern: "x", glob: "*a*a*a*a*a*b" }, "too complex"],
    ["a folder that is not there", { pattern: "x", path: "nowhere" }, "There is no"],
    ["a path outside", { pattern: "x", path: "../x" }, "top of the workspace"],
  ])("%s", async (_, request, advice) => {
    const outcome = await workspace.grep(request);
    expect(outcome).toMatchObject({ ok: false, error: { message: expect.stringContaining(advice) } });
  });
});

test("a search through too much text is refused, and a narrower one is not", async () => {
  const text = "a line like any other\n".repeat(22_000);
  for (let count = 0; count < 50; count++) await workspace.writeText(`logs/${count}.log`, text);
  const broad = await workspace.grep({ pattern: "(n[eo]\\w+dle|walr\\w*s|cat.*dog|bird.*bee|a{5,9}b{5,9})$", path: "logs" });
  expect(broad).toMatchObject({ ok: false, error: { message: expect.stringContaining("narrow it") } });
  expect(await search({ pattern: "needle", path: "logs" })).toEqual([]);
});

test("patterns and globs made to explode end quickly", async () => {
  await workspace.writeText("evil.txt", `${"a".repeat(50_000)}\n${"x".repeat(50_000)}`);
  await workspace.writeText(`${"a".repeat(190)}`, "x");
  const startedAt = performance.now();
  for (const pattern of ["(a+)+$b", "(a|a)*b", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)(.*)(.*)(.*)(.*)[0-9]"]) {
    await workspace.grep({ pattern });
  }
  for (const glob of [
    "*a*a*a*ab",
    "**/**/**/**/b",
    "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}",
    "+(a|a)+(a|a)b",
    "[a-z]*[a-z]*[a-z]*b",
  ]) {
    await workspace.grep({ pattern: "x", glob });
  }
  expect(performance.now() - startedAt).toBeLessThan(5000);
});
