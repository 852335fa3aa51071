// The skills of an agent: bundled and own, offered or not, and why.
import { getCommandNames } from "just-bash";
import { expect, test } from "vitest";
import { SHELL_COMMANDS } from "../../../src/durable/workspace/skills/shell-commands.ts";
import { openTestWorkspace, type TestWorkspace } from "../../support/workspace.ts";

const write = (workspace: TestWorkspace, name: string, front: string, body = "# Body\n") =>
  workspace.writeText(`skills/${name}/SKILL.md`, `---\n${front}\n---\n\n${body}`);

const find = async (workspace: TestWorkspace, name: string, switches?: Record<string, boolean>) =>
  (await workspace.skills(switches)).find((skill) => skill.name === name);

test("every bundled skill is offered with a short description, a body and its path", async () => {
  const workspace = openTestWorkspace();
  const skills = await workspace.skills();
  expect(skills.map((skill) => skill.name)).toEqual(
    expect.arrayContaining(["github", "memory", "skill-creator", "summarize", "weather"]),
  );
  for (const skill of skills) {
    expect(skill).toMatchObject({ source: "bundled", isEnabled: true, path: `skills/${skill.name}/SKILL.md` });
    expect(skill.description.length).toBeLessThanOrEqual(160);
    const text = await workspace.readText(skill.path);
    expect(text).toContain(`name: ${skill.name}\n`);
    expect(text.length).toBeGreaterThan(800);
    expect(text.length).toBeLessThan(6000);
  }
});

test("a skill that the agent writes is in the list at once, changes with its file and goes with it", async () => {
  const workspace = openTestWorkspace();
  await workspace.skills();
  await write(workspace, "tea", "name: tea\ndescription: Brew tea.");
  expect(await find(workspace, "tea")).toEqual({
    name: "tea",
    description: "Brew tea.",
    path: "skills/tea/SKILL.md",
    source: "workspace",
    isEnabled: true,
  });
  await write(workspace, "tea", "name: tea\ndescription: Brew better tea.");
  expect(await find(workspace, "tea")).toMatchObject({ description: "Brew better tea." });
  await workspace.remove("skills/tea");
  expect(await find(workspace, "tea")).toBeUndefined();
  await write(workspace, "tea", "name: tea\ndescription: Third tea.");
  expect(await find(workspace, "tea")).toMatchObject({ description: "Third tea." });
});

test("what was read of a skill is known after a restart", async () => {
  const workspace = openTestWorkspace();
  await write(workspace, "tea", "description: Brew tea.");
  const before = await workspace.skills();
  expect(await openTestWorkspace({ reopen: workspace }).skills()).toEqual(before);
});

test("an own skill takes the place of the bundled one of the same name", async () => {
  const workspace = openTestWorkspace();
  await write(workspace, "weather", "description: Look out of the window.");
  const weather = (await workspace.skills()).filter((skill) => skill.name === "weather");
  expect(weather).toEqual([expect.objectContaining({ source: "workspace", description: "Look out of the window." })]);
  await workspace.remove("skills/weather");
  expect(await find(workspace, "weather")).toMatchObject({ source: "bundled", isEnabled: true });
});

test("a skill is called by its folder, whatever its front matter says", async () => {
  const workspace = openTestWorkspace();
  await write(workspace, "tea", "name: Coffee Maker\ndescription: Brew.");
  expect(await find(workspace, "tea")).toMatchObject({ isEnabled: true });
});

test.each([
  ["no front matter", "Just text.", "front matter"],
  ["broken YAML", "---\ndescription: [\n---\n", "not valid YAML"],
  ["no description", "---\nname: tea\n---\n", 'no "description"'],
  ["front matter that is a list", "---\n- a\n---\n", 'no "description"'],
  [
    "an alias bomb",
    `---\na: &a [1,1]\n${"bcdefghijklmnop"
      .split("")
      .map((key, index) => `${key}: &${key} [*${"abcdefghijklmnop"[index]},*${"abcdefghijklmnop"[index]}]`)
      .join("\n")}\n---\n`,
    "not",
  ],
  ["over 256 KB", `---\ndescription: Long.\n---\n${"x".repeat(256_000)}`, "larger than 256 KB"],
  ["over a row", `---\ndescription: Longer.\n---\n${"x".repeat(600_000)}`, "too large"],
])("a skill with %s is listed, not offered, with the reason", async (_, text, reason) => {
  const workspace = openTestWorkspace();
  await workspace.writeText("skills/tea/SKILL.md", text);
  expect(await find(workspace, "tea")).toMatchObject({ isEnabled: false, reason: expect.stringContaining(reason) });
});

test.each([
  ["disable-model-invocation: true", "only used when a person asks"],
  ["metadata: { openclaw: { requires: { bins: [ffmpeg] } } }", "ffmpeg"],
  ["metadata: { openclaw: { requires: { anyBins: [ffmpeg, sox] } } }", "ffmpeg, sox"],
  ["metadata: { openclaw: { requires: { env: [MAPS_API_KEY] } } }", "MAPS_API_KEY"],
  ["metadata: { openclaw: { requires: { config: [channels.discord] } } }", "channels.discord"],
  ["metadata: { openclaw: { os: [darwin] } }", "darwin"],
  ['metadata: \'{"clawdbot":{"requires":{"bins":["gh"]}}}\'', "gh"],
  ["metadata:\n  clawdis:\n    requires:\n      env: MAPS_API_KEY", "MAPS_API_KEY"],
])("a skill with %s is not offered", async (front, reason) => {
  const workspace = openTestWorkspace();
  await write(workspace, "tea", `description: Tea.\n${front}`);
  expect(await find(workspace, "tea")).toMatchObject({ isEnabled: false, reason: expect.stringContaining(reason) });
});

test.each([
  "metadata: { openclaw: { requires: { bins: [jq, rg], anyBins: [ffmpeg, sed], env: [MAPS_API_KEY] }, os: [linux, darwin] } }",
  "metadata: { openclaw: { always: true, requires: { bins: [ffmpeg] } } }",
  "metadata: 7",
])("a skill with %s is offered where its needs are met", async (front) => {
  const workspace = openTestWorkspace({ variables: ["MAPS_API_KEY"] });
  await write(workspace, "tea", `description: Tea.\n${front}`);
  expect(await find(workspace, "tea")).toMatchObject({ isEnabled: true });
});

test("the settings switch a skill off", async () => {
  const workspace = openTestWorkspace();
  expect(await find(workspace, "weather", { weather: false })).toMatchObject({
    isEnabled: false,
    reason: "switched off in the settings",
  });
  expect(await find(workspace, "weather", { weather: true })).toMatchObject({ isEnabled: true });
});

test("at most 150 skills in 18,000 characters are offered; the rest says why not", async () => {
  const workspace = openTestWorkspace();
  const encode = (text: string) => new TextEncoder().encode(text);
  const many = (count: number, description: string) =>
    Array.from({ length: count }, (_, index) => ({
      type: "write" as const,
      path: `skills/s${String(index).padStart(3, "0")}/SKILL.md`,
      bytes: encode(`---\ndescription: ${description}\n---\n`),
    }));
  await workspace.apply(many(160, "Short."));
  const offered = (await workspace.skills()).filter((skill) => skill.isEnabled);
  expect(offered).toHaveLength(150);
  expect(await find(workspace, "s159")).toMatchObject({
    isEnabled: false,
    reason: expect.stringContaining("room for 150 skills"),
  });
  await workspace.apply(many(160, "x".repeat(300)));
  const long = (await workspace.skills()).filter((skill) => skill.isEnabled);
  expect(long.reduce((sum, skill) => sum + skill.name.length + skill.description.length, 0)).toBeLessThanOrEqual(18_000);
  expect(long.length).toBeGreaterThan(50);
});

test("an endless description is shortened and stays on one line", async () => {
  const workspace = openTestWorkspace();
  await write(workspace, "tea", `description: |\n  One\n  two\n  ${"three ".repeat(500)}`);
  const tea = await find(workspace, "tea");
  expect(tea?.description.startsWith("One two three")).toBe(true);
  expect(tea?.description.length).toBeLessThanOrEqual(400);
});

test("what counts as a skill is skills/<name>/SKILL.md, nothing deeper or elsewhere", async () => {
  const workspace = openTestWorkspace();
  const text = "---\ndescription: Tea.\n---\n";
  for (const path of ["skills/SKILL.md", "skills/a/b/SKILL.md", "other/a/SKILL.md", "skills/c/skill.md"])
    await workspace.writeText(path, text);
  expect((await workspace.skills()).filter((skill) => skill.source === "workspace")).toEqual([]);
});

test("the programs that skills may ask for are in the shell", () => {
  const inShell = new Set<string>(getCommandNames());
  expect([...SHELL_COMMANDS].filter((name) => !inShell.has(name))).toEqual([]);
});
