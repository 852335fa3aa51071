// What a turn starts from: templates on first use, order, caps, fingerprint.
import { expect, test } from "vitest";
import type { Bootstrap } from "../../../src/contract/ports/workspace.ts";
import { openTestWorkspace, type TestWorkspace } from "../../support/workspace.ts";

async function readBootstrap(workspace: TestWorkspace, switches?: Record<string, boolean>): Promise<Bootstrap> {
  const answer = await workspace.bootstrap(undefined, switches);
  if ("unchanged" in answer) throw new Error("nothing was known, so nothing can be unchanged");
  return answer;
}

const textOf = (bootstrap: Bootstrap, name: string) => bootstrap.files.find((file) => file.name === name)?.text ?? "";

test("a new workspace has the templates, in prompt order, and is on its first run", async () => {
  const bootstrap = await readBootstrap(openTestWorkspace());
  expect(bootstrap.files.map((file) => file.name)).toEqual([
    "AGENTS.md",
    "SOUL.md",
    "TOOLS.md",
    "IDENTITY.md",
    "USER.md",
    "MEMORY.md",
    "BOOTSTRAP.md",
  ]);
  expect(bootstrap.files.filter((file) => file.isMissing || file.text.trim() === "")).toEqual([]);
  expect(bootstrap.isFirstRun).toBe(true);
});

test("templates and skill list leave room: the first prompt costs at most 2.2 and 1.5 KB", async () => {
  const bootstrap = await readBootstrap(openTestWorkspace());
  const bytes = (text: string) => new TextEncoder().encode(text).byteLength;
  expect(bytes(bootstrap.files.map((file) => file.text).join(""))).toBeLessThanOrEqual(2200);
  expect(bytes(textOf(bootstrap, "BOOTSTRAP.md"))).toBeLessThanOrEqual(700);
  const list = bootstrap.skills.filter((skill) => skill.isEnabled).map((skill) => `- ${skill.name}: ${skill.description}\n`);
  expect(bytes(list.join(""))).toBeLessThanOrEqual(1500);
});

test("removing BOOTSTRAP.md ends the first run, for good", async () => {
  const workspace = openTestWorkspace();
  await workspace.remove("BOOTSTRAP.md");
  expect((await readBootstrap(workspace)).isFirstRun).toBe(false);
  const later = openTestWorkspace({ reopen: workspace });
  const bootstrap = await readBootstrap(later);
  expect(bootstrap.isFirstRun).toBe(false);
  expect(bootstrap.files.map((file) => file.name)).not.toContain("BOOTSTRAP.md");
});

test("templates never come back over what the agent wrote or removed", async () => {
  const workspace = openTestWorkspace();
  await workspace.writeText("SOUL.md", "Mine.");
  await workspace.remove("TOOLS.md");
  const bootstrap = await readBootstrap(openTestWorkspace({ reopen: workspace }));
  expect(textOf(bootstrap, "SOUL.md")).toBe("Mine.");
  expect(bootstrap.files.find((file) => file.name === "TOOLS.md")).toEqual({ name: "TOOLS.md", text: "", isMissing: true });
});

test("a known fingerprint is answered with unchanged, also after a restart", async () => {
  const workspace = openTestWorkspace();
  const { fingerprint } = await readBootstrap(workspace);
  expect(await workspace.bootstrap(fingerprint)).toEqual({ fingerprint, unchanged: true });
  expect(await openTestWorkspace({ reopen: workspace }).bootstrap(fingerprint)).toEqual({ fingerprint, unchanged: true });
});

test("unchanged costs one query", async () => {
  const first = openTestWorkspace();
  const { fingerprint } = await readBootstrap(first);
  const asked: string[] = [];
  const one: typeof first.sql.one = (query, ...bindings) => {
    asked.push(query);
    return first.sql.one(query, ...bindings);
  };
  const all: typeof first.sql.all = (query, ...bindings) => {
    asked.push(query);
    return first.sql.all(query, ...bindings);
  };
  const workspace = openTestWorkspace({ reopen: { ...first, sql: { ...first.sql, one, all } } });
  asked.length = 0;
  expect(await workspace.bootstrap(fingerprint)).toHaveProperty("unchanged", true);
  expect(asked).toHaveLength(1);
});

test("a workspace written by a newer version is left alone", async () => {
  const workspace = openTestWorkspace();
  workspace.sql.run("UPDATE schema_version SET version = 99 WHERE store = 'workspace'");
  expect(() => openTestWorkspace({ reopen: workspace })).toThrow("schema 99");
});

test.each([
  ["a file of the prompt is written", (workspace: TestWorkspace) => workspace.writeText("USER.md", "- Name: Mira")],
  ["a file of the prompt is removed", (workspace: TestWorkspace) => workspace.remove("MEMORY.md")],
  [
    "a skill is written",
    (workspace: TestWorkspace) => workspace.writeText("skills/tea/SKILL.md", "---\ndescription: Tea.\n---\n"),
  ],
  [
    "a shell changes a file of the prompt",
    (workspace: TestWorkspace) => workspace.apply([{ type: "remove", path: "BOOTSTRAP.md" }]),
  ],
])("the fingerprint changes when %s", async (_, change) => {
  const workspace = openTestWorkspace();
  const { fingerprint } = await readBootstrap(workspace);
  await change(workspace);
  expect(await workspace.bootstrap(fingerprint)).not.toHaveProperty("unchanged");
});

test("the fingerprint stays when other files change", async () => {
  const workspace = openTestWorkspace();
  const { fingerprint } = await readBootstrap(workspace);
  await workspace.writeText("memory/2026-03-14.md", "Pie.");
  await workspace.writeText("skills/tea/leaves.md", "Green.");
  expect(await workspace.bootstrap(fingerprint)).toHaveProperty("unchanged", true);
});

test("the fingerprint changes with the skills that the settings switch off, and with the variables that are set", async () => {
  const workspace = openTestWorkspace();
  const { fingerprint } = await readBootstrap(workspace);
  expect(await workspace.bootstrap(fingerprint, { weather: false })).not.toHaveProperty("unchanged");
  expect(await workspace.bootstrap(fingerprint, { weather: true })).toHaveProperty("unchanged", true);
  const richer = openTestWorkspace({ reopen: workspace, variables: ["MAPS_API_KEY"] });
  expect(await richer.bootstrap(fingerprint)).not.toHaveProperty("unchanged");
});

test("two workspaces never share a fingerprint", async () => {
  const first = await readBootstrap(openTestWorkspace());
  const second = await readBootstrap(openTestWorkspace());
  expect(first.fingerprint).not.toBe(second.fingerprint);
});

test("a long file keeps its beginning and its end, and the notice says from which line to read", async () => {
  const workspace = openTestWorkspace();
  const lines = Array.from({ length: 3000 }, (_, index) => `line ${index + 1} of the notes`);
  await workspace.writeText("MEMORY.md", lines.join("\n"));
  const text = textOf(await readBootstrap(workspace), "MEMORY.md");
  expect(text.length).toBeLessThanOrEqual(20_000);
  expect(text.startsWith("line 1 of the notes\n")).toBe(true);
  expect(text.endsWith("line 3000 of the notes")).toBe(true);
  const notice = /lines (\d+)–(\d+) are left out here: read MEMORY\.md with offset (\d+)/.exec(text);
  const [from, to, offset] = (notice ?? []).slice(1).map(Number);
  expect(offset).toBe(from);
  expect(text).toContain(`line ${(from ?? 0) - 1} of the notes\n[`);
  expect(text).not.toContain(`line ${from} of the notes\n`);
  expect(text).not.toContain(`\nline ${to} of the notes\n`);
  expect(text).toContain(`]\nline ${(to ?? 0) + 1} of the notes\n`);
});

test("USER.md is cut at 4,000 characters and all files together at about 60,000", async () => {
  const workspace = openTestWorkspace();
  for (const name of ["AGENTS.md", "SOUL.md", "TOOLS.md", "USER.md", "MEMORY.md"]) {
    await workspace.writeText(name, `${name} is long.\n`.repeat(4000));
  }
  const bootstrap = await readBootstrap(workspace);
  expect(textOf(bootstrap, "USER.md").length).toBeLessThanOrEqual(4000);
  expect(bootstrap.files.reduce((sum, file) => sum + file.text.length, 0)).toBeLessThanOrEqual(60_500);
  expect(textOf(bootstrap, "MEMORY.md")).toContain("read MEMORY.md with offset 1");
});

test("a cut never leaves half a character", async () => {
  const workspace = openTestWorkspace();
  await workspace.writeText("USER.md", "🪨".repeat(5000));
  const text = textOf(await readBootstrap(workspace), "USER.md");
  expect(text.isWellFormed()).toBe(true);
  expect(text).toContain("left out");
});

test("a file of the prompt that outgrew its row is told, not waited for", async () => {
  const workspace = openTestWorkspace();
  await workspace.write("MEMORY.md", new Uint8Array(600 * 1024).fill(97));
  expect(textOf(await readBootstrap(workspace), "MEMORY.md")).toContain("too large to be shown here");
});
