// Accounts of channels: where their keys come from, what is missing, how they do; and that no key is in a row or a state.
import { expect, test } from "vitest";
import type { Settings } from "../../../../src/contract/settings.ts";
import { ChannelAccounts } from "../../../../src/durable/directory/channels/channel-accounts.ts";
import { SealedKeys } from "../../../../src/durable/directory/keys/sealed-keys.ts";
import { DIRECTORY_SCHEMA } from "../../../../src/durable/directory/schema.ts";
import { migrate, type Sql } from "../../../../src/durable/storage/sql.ts";
import { openTestSql } from "../../../support/sqlite.ts";

const TOKEN = "12345:telegram-bot-token-very-secret";

async function open(options: { variables?: Record<string, string>; settings?: Settings; sql?: Sql; token?: string } = {}) {
  const sql = options.sql ?? openTestSql();
  migrate(sql, "directory", DIRECTORY_SCHEMA);
  const keys = new SealedKeys(sql, options.token ?? "owner-token");
  await keys.open();
  const settings = () => ({ settings: options.settings ?? {}, version: 3 });
  const accounts = new ChannelAccounts(sql, { settings, variables: options.variables ?? {}, keys });
  const state = (channel: string, account = "default") =>
    accounts.states().find((one) => one.channel === channel && one.account === account);
  return { sql, accounts, state };
}

test("keys that were given are there after a restart, complete, with a secret of our own making, and in no row or state", async () => {
  const { accounts, sql } = await open();
  const set = await accounts.setKeys("telegram", "default", { TELEGRAM_BOT_TOKEN: ` ${TOKEN}\n` }, 5);
  expect(set).toMatchObject({ ok: true, value: { isConfigured: true, keysFrom: "stored", keysSetAt: 5, missing: [] } });
  const again = await open({ sql });
  const found = again.accounts.get("telegram", "default");
  expect(found).toMatchObject({ isEnabled: true, missing: [], keys: { TELEGRAM_BOT_TOKEN: TOKEN }, mediaMaxMb: 20 });
  const made = found?.keys["TELEGRAM_WEBHOOK_SECRET"] ?? "";
  expect(made).toMatch(/^[\w-]{43}$/);
  const rows = sql.all<{ sealed: ArrayBuffer }>("SELECT * FROM sealed_key");
  expect(rows).toHaveLength(2);
  const held = rows.map(({ sealed }) => Buffer.from(sealed).toString("latin1")).join();
  for (const secret of [TOKEN, made]) {
    expect(held).not.toContain(secret);
    expect(JSON.stringify(again.accounts.states())).not.toContain(secret);
  }
});

test("a key that was given goes before the variable, and the variable counts again when it is taken away", async () => {
  const { accounts, state } = await open({ variables: { TELEGRAM_BOT_TOKEN: "from-variable", TELEGRAM_WEBHOOK_SECRET: "w" } });
  expect(state("telegram")).toMatchObject({ isConfigured: true, keysFrom: "environment" });
  const before = accounts.get("telegram", "default")?.version ?? 0;
  await accounts.setKeys("telegram", "default", { TELEGRAM_BOT_TOKEN: TOKEN }, 1);
  expect(accounts.get("telegram", "default")).toMatchObject({
    keys: { TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_WEBHOOK_SECRET: "w" },
  });
  expect(accounts.get("telegram", "default")?.version).toBeGreaterThan(before);
  await accounts.setKeys("telegram", "default", { TELEGRAM_BOT_TOKEN: "" }, 2);
  expect(accounts.get("telegram", "default")?.keys).toMatchObject({ TELEGRAM_BOT_TOKEN: "from-variable" });
});

test("what is missing is named; what is optional is not missed", async () => {
  const { state, accounts } = await open({ variables: { TEAMS_APP_ID: "id", TEAMS_APP_PASSWORD: "p", SLACK_BOT_TOKEN: "x" } });
  expect(state("teams")).toMatchObject({ isConfigured: true, missing: [] });
  expect(state("slack")).toMatchObject({ isConfigured: false, missing: ["SLACK_SIGNING_SECRET"] });
  expect(state("discord")).toMatchObject({ keysFrom: "none" });
  expect(accounts.get("slack", "default")).toMatchObject({ missing: ["SLACK_SIGNING_SECRET"] });
});

test("whether anybody can be written to follows every change", async () => {
  const { accounts } = await open();
  expect(accounts.hasAny()).toBe(false);
  await accounts.setKeys("telegram", "default", { TELEGRAM_BOT_TOKEN: TOKEN }, 1);
  expect(accounts.hasAny()).toBe(true);
  accounts.remove("telegram", "default");
  expect(accounts.hasAny()).toBe(false);
  const variables = { EMAIL_ADDRESS: "me@example.com" };
  expect((await open({ variables })).accounts.hasAny()).toBe(true);
  expect((await open({ variables, settings: { channels: { email: { enabled: false } } } })).accounts.hasAny()).toBe(false);
});

test("further accounts come from settings, keys and variables; one that nobody named is none", async () => {
  const { accounts } = await open({
    variables: { TELEGRAM_BOT_TOKEN__FROM_ENV: "e" },
    settings: { channels: { telegram: { enabled: true, accounts: { named: { enabled: false } } } } },
  });
  await accounts.setKeys("telegram", "given", { TELEGRAM_BOT_TOKEN: TOKEN }, 1);
  const names = accounts.states().flatMap(({ channel, account }) => (channel === "telegram" ? [account] : []));
  expect(names).toEqual(["default", "from-env", "given", "named"]);
  expect(accounts.get("telegram", "from-env")?.keys).toEqual({ TELEGRAM_BOT_TOKEN: "e" });
  expect(accounts.get("telegram", "named")).toMatchObject({ isEnabled: false });
  for (const name of ["other", "constructor", "__proto__", "../default"]) {
    expect(accounts.get("telegram", name)).toBeUndefined();
  }
  expect(accounts.get("pigeon", "default")).toBeUndefined();
});

test.each([
  ["pigeon", "default", { X: "1" }, "no channel"],
  ["telegram", "default", { SLACK_BOT_TOKEN: "1" }, "has no key"],
  ["telegram", "A b", { TELEGRAM_BOT_TOKEN: "1" }, "cannot name an account"],
  ["telegram", "default", { TELEGRAM_BOT_TOKEN: "x".repeat(20_000) }, "longer than a key"],
  ["telegram", "default", { constructor: "1" }, "has no key"],
])("%s/%s with %o is refused, and nothing is kept", async (channel, account, keys, words) => {
  const { accounts, sql } = await open();
  const set = await accounts.setKeys(channel, account, keys as Record<string, string>, 1);
  expect(set).toMatchObject({ ok: false, error: { code: "INVALID_REQUEST", message: expect.stringContaining(words) } });
  expect(sql.all("SELECT * FROM sealed_key")).toEqual([]);
});

test("with another owner's token the keys are missing, and the state says why", async () => {
  const { accounts, sql } = await open();
  await accounts.setKeys("telegram", "default", { TELEGRAM_BOT_TOKEN: TOKEN }, 1);
  const { state } = await open({ sql, token: "another" });
  expect(state("telegram")).toMatchObject({
    isConfigured: false,
    keysFrom: "none",
    error: { text: expect.stringContaining("another owner's token") },
  });
});

test("a removed account has no key and no past", async () => {
  const { accounts, state, sql } = await open();
  await accounts.setKeys("telegram", "default", { TELEGRAM_BOT_TOKEN: TOKEN }, 1);
  accounts.note({ channel: "telegram", account: "default", at: 9, note: { kind: "error", text: "said no" } });
  expect(accounts.remove("telegram", "default")).toBe(true);
  expect(accounts.remove("telegram", "default")).toBe(false);
  expect(state("telegram")).toMatchObject({ isConfigured: false, keysFrom: "none" });
  // What still arrives by keys that somebody held a moment longer.
  accounts.note({ channel: "telegram", account: "default", at: 10, note: { kind: "error", text: "not proven" } });
  expect(state("telegram")).not.toHaveProperty("error");
  expect(sql.all("SELECT * FROM sealed_key")).toEqual([]);
});

test("trouble is told until it works again, over a restart; the times of messages cost a row a minute at most", async () => {
  const variables = { TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_WEBHOOK_SECRET: "w" };
  const { accounts, state, sql } = await open({ variables });
  const note = (at: number, of: Parameters<ChannelAccounts["note"]>[0]["note"]) =>
    accounts.note({ channel: "telegram", account: "default", at, note: of });
  const changes = () => sql.one<{ n: number }>("SELECT total_changes() AS n")?.n;
  note(100_000, { kind: "in" });
  const before = changes();
  for (let at = 100_001; at < 100_050; at++) note(at, { kind: "in" });
  expect(changes()).toBe(before);
  expect(state("telegram")).toMatchObject({ lastInAt: 100_049 });
  note(100_060, { kind: "error", text: "The token was refused." });
  expect((await open({ sql, variables })).state("telegram")).toMatchObject({
    lastInAt: 100_049,
    error: { text: "The token was refused.", at: 100_060 },
  });
  note(100_070, { kind: "out" });
  expect((await open({ sql })).state("telegram")).not.toHaveProperty("error");
  expect(accounts.wantsNews("telegram", "default", 100_071)).toBe(false);
  expect(accounts.wantsNews("telegram", "default", 700_070)).toBe(true);
  note(100_080, { kind: "error", text: "x" });
  expect(accounts.wantsNews("telegram", "default", 100_081)).toBe(true);
  note(100_090, { kind: "fine" });
  expect(state("telegram")).not.toHaveProperty("error");
});

test("a note of a channel or account that cannot be leaves no row", async () => {
  const { accounts, sql } = await open();
  accounts.note({ channel: "pigeon", account: "default", at: 1, note: { kind: "error", text: "x" } });
  accounts.note({ channel: "telegram", account: "A/b", at: 1, note: { kind: "error", text: "x" } });
  expect(sql.all("SELECT * FROM channel_health")).toEqual([]);
});

test("what sessions say waits is added up by account, stays over a restart, and goes with its session, its account or a day", async () => {
  const { accounts, state, sql } = await open();
  const now = Date.now();
  const note = (sessionKey: string, count: number, ageMs: number, account = "default") =>
    accounts.note({
      channel: "signal",
      account,
      at: now,
      note: { kind: "waiting", sessionKey, count, since: now - ageMs },
    });
  expect(note("a", 2, 60_000)).toBe(true);
  note("b", 1, 120_000);
  note("c", 5, 1_000, "work");
  note("gone", 7, 27 * 3_600_000);
  expect(state("signal")).toMatchObject({ waiting: { count: 3, since: now - 120_000 } });
  const again = await open({ sql });
  expect(again.accounts.waiting.sessions("signal", "default", now)).toEqual(["b", "a"]);
  note("b", 0, 120_000);
  expect(state("signal")).toMatchObject({ waiting: { count: 2, since: now - 60_000 } });
  accounts.waiting.forget("a");
  expect(state("signal")).not.toHaveProperty("waiting");
  accounts.remove("signal", "work");
  expect(sql.all("SELECT * FROM channel_waiting")).toEqual([]);
});
