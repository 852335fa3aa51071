// Sessions of programs that named none: apart in lists, counted, and gone after a week; all others stay.
import { expect, test } from "vitest";
import type { SessionRow } from "../../../src/contract/live.ts";
import { programSessionKey } from "../../../src/contract/session-key.ts";
import { expireSessions, PROGRAM_LIFE_MS } from "../../../src/durable/directory/expiry.ts";
import { DIRECTORY_SCHEMA } from "../../../src/durable/directory/schema.ts";
import { SessionIndex } from "../../../src/durable/directory/session-index.ts";
import { migrate } from "../../../src/durable/storage/sql.ts";
import { openTestSql } from "../../support/sqlite.ts";

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;

function row(key: string, updatedAt: number, more: Partial<SessionRow> = {}): SessionRow {
  const spend = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  return {
    key,
    agentId: "main",
    sessionId: key,
    createdAt: 1,
    updatedAt,
    status: "idle",
    activeRunIds: [],
    spend,
    messageCount: 1,
    ...more,
  };
}

function openIndex(...rows: SessionRow[]): SessionIndex {
  const sql = openTestSql();
  migrate(sql, "directory", DIRECTORY_SCHEMA);
  const index = new SessionIndex(sql);
  for (const one of rows) index.put(one);
  return index;
}

const talks = [row("agent:main:main", NOW - 30 * DAY), row("agent:main:openai:ann", NOW - 20 * DAY)];
const program = (id: string, age: number) => row(programSessionKey("main", id), NOW - age);
const keys = (index: SessionIndex, kind?: "talks" | "programs") =>
  index.list({ ...(kind ? { kind } : {}) }, NOW).rows.map(({ key }) => key);

test("lists keep them apart, and pages count what they show", () => {
  const index = openIndex(...talks, program("a", DAY), program("b", 2 * DAY), program("c", 3 * DAY));
  expect(keys(index, "talks")).toEqual(["agent:main:openai:ann", "agent:main:main"]);
  expect(keys(index, "programs")).toEqual(["a", "b", "c"].map((id) => programSessionKey("main", id)));
  expect(keys(index)).toHaveLength(5);
  const page = index.list({ kind: "talks", limit: 1, offset: 1 }, NOW);
  expect(page).toMatchObject({ total: 2, rows: [{ key: "agent:main:main" }] });
  expect(index.list({ kind: "programs", search: "once:b" }, NOW)).toMatchObject({ total: 1 });
  expect(index.countPrograms()).toBe(3);
});

test("those that were not touched for a week are deleted, oldest first; talks never", async () => {
  const index = openIndex(...talks, program("old", 9 * DAY), program("older", 12 * DAY), program("young", 6 * DAY));
  const gone: string[] = [];
  const nextAt = await expireSessions(index, async (key) => void gone.push(key), NOW);
  expect(gone).toEqual(["older", "old"].map((id) => programSessionKey("main", id)));
  expect(keys(index)).toHaveLength(3);
  expect(nextAt).toBe(NOW - 6 * DAY + PROGRAM_LIFE_MS);
  expect(await expireSessions(openIndex(...talks), async () => {}, NOW)).toBeUndefined();
});

test("one that cannot be deleted stays in the list and is tried again soon", async () => {
  const index = openIndex(program("stuck", 9 * DAY));
  const fail = () => Promise.reject(new Error("out of reach"));
  expect(await expireSessions(index, fail, NOW)).toBe(NOW + 60_000);
  expect(index.countPrograms()).toBe(1);
});

test("what sessions said of their size is summed", () => {
  const index = openIndex(
    row("agent:main:a", NOW, { storedBytes: 4000, outboxWaiting: 2 }),
    row("agent:main:b", NOW, { storedBytes: 9000 }),
    row("agent:main:c", NOW),
  );
  expect(index.measure()).toEqual({
    sessions: 3,
    sessionBytes: 13_000,
    sessionsMeasured: 2,
    outboxWaiting: 2,
    largestSession: { key: "agent:main:b", bytes: 9000 },
  });
});
