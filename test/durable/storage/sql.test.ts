import { describe, expect, test } from "vitest";
import { migrate } from "../../../src/durable/storage/sql.ts";
import { openTestSql } from "../../support/sqlite.ts";

const FIRST = "CREATE TABLE a (x INTEGER);\nCREATE TABLE b (y TEXT);";
const SECOND = "ALTER TABLE a ADD COLUMN z TEXT;";

describe("migrations", () => {
  test("run once, in order, each store for itself", () => {
    const sql = openTestSql();
    migrate(sql, "one", [FIRST]);
    migrate(sql, "one", [FIRST]);
    sql.run("INSERT INTO a (x) VALUES (1)");
    migrate(sql, "one", [FIRST, SECOND]);
    migrate(sql, "two", ["CREATE TABLE c (w INTEGER);"]);
    expect(sql.all("SELECT x, z FROM a")).toEqual([{ x: 1, z: null }]);
  });

  test("take everything back when a statement fails", () => {
    const sql = openTestSql();
    expect(() => migrate(sql, "one", ["CREATE TABLE a (x INTEGER);\nNONSENSE;"])).toThrow();
    migrate(sql, "one", [FIRST]);
    expect(sql.all("SELECT * FROM b")).toEqual([]);
  });

  test("refuse rows of a newer version and say what to do", () => {
    const sql = openTestSql();
    migrate(sql, "session", [FIRST, SECOND]);
    expect(() => migrate(sql, "session", [FIRST])).toThrow(/schema 2.*knows up to 1.*Install the newer version/);
    expect(sql.all("SELECT * FROM a")).toEqual([]);
  });
});
