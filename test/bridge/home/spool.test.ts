// What the bridge keeps until Skerry has it, and what becomes of it when the disk is full. The disk is a database that may not
// grow: SQLite itself says that it is full.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Spool } from "../../../src/bridge/home/spool.ts";

const DAY_MS = 24 * 3_600_000;
let dir: string;
let spool: Spool;
let database: DatabaseSync;
let complaints: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "skerry-spool-"));
  complaints = [];
  ({ spool, database } = open());
});
afterEach(() => {
  spool.close();
  rmSync(dir, { recursive: true, force: true });
});

function open() {
  const exec = vi.spyOn(DatabaseSync.prototype, "exec");
  const opened = new Spool(join(dir, "spool.db"), (text) => complaints.push(text));
  const [own] = exec.mock.contexts;
  exec.mockRestore();
  if (!(own instanceof DatabaseSync)) throw new Error("The spool opened no database.");
  return { spool: opened, database: own };
}

/** From now on nothing more fits. */
function fillDisk() {
  const pages = Number(database.prepare("PRAGMA page_count").get()?.["page_count"]);
  database.exec(`PRAGMA max_page_count = ${pages}`);
  const fill = (size: number) =>
    database.prepare("INSERT INTO call VALUES (?, 'taken', ?, ?)").run(crypto.randomUUID(), Date.now(), "x".repeat(size));
  for (const size of [2000, 500, 100]) {
    expect(() => {
      for (;;) fill(size);
    }).toThrow(/full/);
  }
}

function freeDisk() {
  database.exec("PRAGMA max_page_count = 100000");
}

const body = { ok: true, payloadJSON: JSON.stringify("y".repeat(10_000)) };

it("gives the room back of an answer that Skerry has", () => {
  for (let count = 0; count < 20; count++) {
    const id = `call-${count}`;
    spool.begin(id, Date.now());
    spool.answer(id, { ok: true, payloadJSON: "x".repeat(1_000_000) }, Date.now());
    spool.markTaken(id);
    expect(spool.begin(id, Date.now())).toBe(false);
    expect(spool.answerOf(id)).toBeUndefined();
  }
  expect(spool.unsent()).toEqual([]);
  spool.close();
  expect(statSync(join(dir, "spool.db")).size).toBeLessThan(3_000_000);
  ({ spool, database } = open());
});

it("drops an answer that nobody took for a day", () => {
  spool.begin("old", 0);
  spool.answer("old", body, 0);
  spool.begin("young", DAY_MS - 1);
  spool.answer("young", body, DAY_MS - 1);
  spool.dropOld(DAY_MS + 1);
  expect(spool.unsent().map(({ callId }) => callId)).toEqual(["young"]);
});

it("keeps answers in memory while the disk is full, and brings them as it does all others", () => {
  spool.begin("before", 1);
  spool.answer("before", body, 1);
  spool.begin("during", 2);
  fillDisk();
  spool.answer("during", body, 2);
  expect(spool.unsent()).toEqual([
    { callId: "before", body },
    { callId: "during", body },
  ]);
  expect(spool.answerOf("during")).toEqual({ callId: "during", body });
  expect(complaints).toEqual([expect.stringMatching(/full/)]);
  spool.markTaken("during");
  expect(spool.unsent()).toEqual([{ callId: "before", body }]);
});

it("keeps what it has to tell in memory while the disk is full, in order and once", () => {
  const event = (id: string) => ({ id, event: "process.ended", payload: { tail: "z".repeat(5000) }, at: 1 });
  expect(spool.put(event("a"))).toBe(true);
  fillDisk();
  expect(spool.put(event("b"))).toBe(true);
  expect(spool.put(event("b"))).toBe(false);
  expect(spool.countWaiting()).toBe(2);
  freeDisk();
  expect(spool.put(event("c"))).toBe(true);
  const told: string[] = [];
  for (let next = spool.next(); next; next = spool.next()) {
    told.push(next.id);
    spool.remove(next.place);
  }
  expect(told.sort()).toEqual(["a", "b", "c"]);
  expect(spool.countWaiting()).toBe(0);
});

it("says that a call cannot be begun while the disk is full", () => {
  fillDisk();
  expect(() => {
    for (let count = 0; count < 1000; count++) spool.begin(`call-${count}`, 1);
  }).toThrow(/full/);
});

it("takes what comes after its end without a word", () => {
  spool.begin("late", 1);
  spool.close();
  spool.answer("late", body, 2);
  expect(spool.put({ id: "e", event: "process.ended", payload: {}, at: 2 })).toBe(true);
  expect(complaints).toEqual([]);
  ({ spool, database } = open());
  expect(spool.dropRunning()).toEqual(["late"]);
});
