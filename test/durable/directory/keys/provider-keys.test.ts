// Keys of providers at rest: sealed, bound to their provider and to the owner's token.
import { expect, test } from "vitest";
import { KeyStore } from "../../../../src/durable/directory/keys/provider-keys.ts";
import { SealedKeys } from "../../../../src/durable/directory/keys/sealed-keys.ts";
import { DIRECTORY_SCHEMA } from "../../../../src/durable/directory/schema.ts";
import { migrate, type Sql } from "../../../../src/durable/storage/sql.ts";
import { openTestSql } from "../../../support/sqlite.ts";

const KEY = "sk-secret-0123456789-abcd";

function openRows(): Sql {
  const sql = openTestSql();
  migrate(sql, "directory", DIRECTORY_SCHEMA);
  return sql;
}

async function openStore(sql: Sql, token: string | undefined = "owner-token"): Promise<KeyStore> {
  const keys = new SealedKeys(sql, token);
  await keys.open();
  return new KeyStore(keys);
}

function dump(sql: Sql): string {
  const rows = [...sql.all("SELECT * FROM sealed_key"), ...sql.all("SELECT * FROM key_ring")] as Record<string, unknown>[];
  return rows
    .flatMap((row) => Object.values(row))
    .map((value) =>
      typeof value === "string" || typeof value === "number"
        ? String(value)
        : Buffer.from(value as ArrayBuffer).toString("latin1"),
    )
    .join("|");
}

test("a key is there again after the Directory slept, and no row holds it in the clear", async () => {
  const sql = openRows();
  const store = await openStore(sql);
  expect(await store.set("anthropic", KEY, 5)).toEqual({
    ok: true,
    value: { provider: "anthropic", state: "set", ending: "abcd", setAt: 5 },
  });
  expect((await openStore(sql)).all()).toEqual({ version: 1, keys: { anthropic: KEY } });
  expect(dump(sql)).not.toContain(KEY);
  expect(dump(sql)).not.toContain("abcd");
});

test("what may be said of a key never holds it, and of a short one not even its end", async () => {
  const store = await openStore(openRows());
  await store.set("openai", KEY, 1);
  await store.set("groq", "short-key", 2);
  expect(store.notes()).toEqual([
    { provider: "groq", state: "set", setAt: 2 },
    { provider: "openai", state: "set", ending: "abcd", setAt: 1 },
  ]);
});

test("with another owner's token the key is told as unreadable, and can be given again", async () => {
  const sql = openRows();
  await (await openStore(sql)).set("openai", KEY, 1);
  const store = await openStore(sql, "a new token");
  expect(store.notes()).toEqual([{ provider: "openai", state: "unreadable", setAt: 1 }]);
  expect(store.all()).toEqual({ version: 1, keys: {} });
  expect(store.mark()).toEqual({ keysVersion: 1, keyedProviders: [] });
  await store.set("openai", "sk-another-0123456789", 2);
  expect((await openStore(sql, "a new token")).all().keys).toEqual({ openai: "sk-another-0123456789" });
});

test("a row moved to another provider does not open", async () => {
  const sql = openRows();
  await (await openStore(sql)).set("openai", KEY, 1);
  sql.run("UPDATE sealed_key SET name = 'evil'");
  expect((await openStore(sql)).notes()).toEqual([{ provider: "evil", state: "unreadable", setAt: 1 }]);
});

test("every change raises the version that briefs carry, and a removed key is gone from the rows", async () => {
  const sql = openRows();
  const store = await openStore(sql);
  expect(store.mark()).toEqual({});
  await store.set("openai", KEY, 1);
  expect(store.mark()).toEqual({ keysVersion: 1, keyedProviders: ["openai"] });
  expect(store.remove("openai")).toBe(true);
  expect(store.remove("openai")).toBe(false);
  expect(store.mark()).toEqual({ keysVersion: 2, keyedProviders: [] });
  expect(sql.all("SELECT * FROM sealed_key")).toEqual([]);
  expect((await openStore(sql)).mark()).toEqual({ keysVersion: 2, keyedProviders: [] });
});

test("the same key is sealed differently each time", async () => {
  const sql = openRows();
  const store = await openStore(sql);
  const sealed = () => dump(sql).split("|")[2];
  await store.set("openai", KEY, 1);
  const first = sealed();
  await store.set("openai", KEY, 1);
  expect(sealed()).not.toBe(first);
});

test("without an owner's token no key is taken", async () => {
  const sql = openRows();
  const keys = new SealedKeys(sql, undefined);
  await keys.open();
  const store = new KeyStore(keys);
  expect(await store.set("openai", KEY, 1)).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
  expect(store.notes()).toEqual([]);
});
