// memory_search, memory_get and session_status.
import { beforeEach, describe, expect, it } from "vitest";
import { memoryGet, memorySearch } from "../../../src/durable/tools/memory.ts";
import { sessionStatus } from "../../../src/durable/tools/session-status.ts";
import { openTestWorkspace, type TestWorkspace } from "../../support/workspace.ts";
import { makeContext, NO_WORKSPACE } from "./context.ts";

let workspace: TestWorkspace;
beforeEach(async () => {
  workspace = openTestWorkspace();
  await workspace.writeText("memory/2026-06-30.md", "# Boat\n\nThe boat is called Sula and lies in Bergen.\n\n# Car\n\nSold.\n");
});

describe("memory_search", () => {
  it("finds a passage with its place", async () => {
    const { text } = await memorySearch.run({ query: "boat called Sula" }, makeContext(workspace));
    expect(text).toMatch(/^memory\/2026-06-30\.md:\d+\n/);
    expect(text).toContain("Sula");
  });

  it("says when there is nothing, also for queries full of search syntax", async () => {
    for (const query of ["zeppelin", '" OR 1; --', "NEAR( ^ *"]) {
      expect((await memorySearch.run({ query }, makeContext(workspace))).text).toBe(`Nothing in memory matches "${query}".`);
    }
  });

  it("asks for six unless told otherwise", async () => {
    const limits: number[] = [];
    const search = async (_query: string, limit: number) => {
      limits.push(limit);
      return [];
    };
    const port = { ...workspace, memorySearch: search };
    await memorySearch.run({ query: "x" }, makeContext(port));
    await memorySearch.run({ query: "x", maxResults: 2 }, makeContext(port));
    expect(limits).toEqual([6, 2]);
  });
});

describe("memory_get", () => {
  it("reads lines and says how to go on", async () => {
    const input = { path: "memory/2026-06-30.md", from: 3, lines: 1 };
    expect((await memoryGet.run(input, makeContext(workspace))).text).toBe(
      "The boat is called Sula and lies in Bergen.\n\n[Lines 3-3 of 7. Go on with from 4.]",
    );
  });

  it("reads memory alone", async () => {
    for (const path of ["SOUL.md", "notes/memory.md", "memory/../SOUL.md", "memory"]) {
      await expect(memoryGet.run({ path }, makeContext(workspace))).rejects.toThrow("is not memory");
    }
    await expect(memoryGet.run({ path: "memory/2026-06-30.md", from: 99 }, makeContext(workspace))).rejects.toThrow(
      "has 7 lines",
    );
  });
});

it("session_status tells the time where the owner lives, and the facts of the session", async () => {
  const { text } = await sessionStatus.run({}, makeContext(NO_WORKSPACE));
  expect(text).toContain("Wednesday, 1 July 2026 at 14:30:00 CEST");
  expect(text).toContain("timeZone: Europe/Berlin");
  expect(text).toContain("utc: 2026-07-01T12:30:00.000Z");
  expect(text).toContain("model: test/model");
});
