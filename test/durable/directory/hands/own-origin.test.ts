// Where this Skerry is reached, as its owner opened its page: kept over a restart, an address outside before one of this machine, one
// with encryption before any other.
import { expect, it } from "vitest";
import { OwnOrigin } from "../../../../src/durable/directory/hands/own-origin.ts";
import { DIRECTORY_SCHEMA } from "../../../../src/durable/directory/schema.ts";
import { migrate } from "../../../../src/durable/storage/sql.ts";
import { openTestSql } from "../../../support/sqlite.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NEAR = "http://127.0.0.1:18789";
const FAR = "https://skerry.example";

function open() {
  const sql = openTestSql();
  migrate(sql, "directory", DIRECTORY_SCHEMA);
  return { sql, origin: new OwnOrigin(sql), again: () => new OwnOrigin(sql) };
}

it("is not known before anybody came in, and is kept over a restart", () => {
  const { origin, again } = open();
  expect(origin.latest(0)).toBeUndefined();
  origin.note(NEAR, 1000);
  expect(origin.latest(2000)).toBe(NEAR);
  expect(again().latest(2000)).toBe(NEAR);
});

it("is an address outside rather than one of this machine, whichever came last", () => {
  const { origin } = open();
  origin.note(FAR, 1000);
  for (const near of [NEAR, "http://localhost:1", "http://[::1]:80"]) {
    origin.note(near, 2000);
    expect(origin.latest(3000)).toBe(FAR);
  }
  origin.note("https://other.example", 4000);
  expect(origin.latest(5000)).toBe("https://other.example");
});

it("is an address with encryption rather than one without, whichever came last", () => {
  const { origin } = open();
  origin.note("http://skerry.lan:18789", 1000);
  expect(origin.latest(1000)).toBe("http://skerry.lan:18789");
  origin.note(FAR, 2000);
  origin.note("http://skerry.lan:18789", 3000);
  expect(origin.latest(3000)).toBe(FAR);
});

it("is not what an older version noted of machines", () => {
  const { sql, origin } = open();
  sql.run("INSERT INTO own_origin VALUES ('outside', 'https://skerry.ada.workers.dev', 1000)");
  expect(origin.latest(1000)).toBeUndefined();
});

it("is forgotten when nobody came that way for a month", () => {
  const { origin } = open();
  origin.note(FAR, 0);
  origin.note(NEAR, 20 * DAY_MS);
  expect(origin.latest(29 * DAY_MS)).toBe(FAR);
  expect(origin.latest(31 * DAY_MS)).toBe(NEAR);
  expect(origin.latest(60 * DAY_MS)).toBeUndefined();
});

it.each(["", "null", "javascript:alert(1)", "file:///etc", `https://${"a".repeat(400)}.example`])("is never %s", (text) => {
  const { origin } = open();
  origin.note(text, 1000);
  expect(origin.latest(1000)).toBeUndefined();
});

it("is written once an hour at most while it stays the same", () => {
  const { sql, origin } = open();
  const at = () => sql.one<{ at: number }>("SELECT at FROM own_origin")?.at;
  origin.note(FAR, 1000);
  origin.note(FAR, HOUR_MS);
  expect(at()).toBe(1000);
  origin.note(FAR, HOUR_MS + 1001);
  expect(at()).toBe(HOUR_MS + 1001);
});
