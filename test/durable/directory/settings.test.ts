import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { listAgents, makeBrief } from "../../../src/durable/directory/briefs.ts";
import { DIRECTORY_SCHEMA } from "../../../src/durable/directory/schema.ts";
import { SessionIndex } from "../../../src/durable/directory/session-index.ts";
import { mergePatch, parseSettings, SettingsStore } from "../../../src/durable/directory/settings-store.ts";
import { UsageLedger } from "../../../src/durable/directory/usage-ledger.ts";
import { migrate } from "../../../src/durable/storage/sql.ts";
import { openTestSql } from "../../support/sqlite.ts";

function openSqlWithSchema() {
  const sql = openTestSql();
  migrate(sql, "directory", DIRECTORY_SCHEMA);
  return sql;
}

describe("the settings document", () => {
  test("that does not fit is refused with path and reason, and the old one stays", async () => {
    const store = new SettingsStore(openSqlWithSchema());
    const good = await store.set('{"agents":{"defaults":{"model":"anthropic/claude-opus-4-6"}}}', undefined, 1);
    expect(good.ok).toBe(true);
    const bad = await store.set('{"agents":{"defaults":{"model":"claude","thinkin":"high"}}}', undefined, 2);
    expect(bad).toMatchObject({ ok: false, error: { code: "INVALID_REQUEST" } });
    expect(!bad.ok && bad.error.message).toContain("agents.defaults.model");
    expect(!bad.ok && bad.error.message).toContain("thinkin");
    expect(store.get().settings.agents?.defaults?.model).toBe("anthropic/claude-opus-4-6");
  });

  test.each(["", "{", "[]", '"x"', "null", '{"models":{"providers":{"x":{"apiKeyEnv":"sk-ant-secret"}}}}'])(
    "%j is refused",
    (raw) => {
      expect(parseSettings(raw).ok).toBe(false);
    },
  );

  test.each(["(", "a{1000}{1000}", "(?=x)", "\\1"])("with the mention pattern %j is refused with its path", async (pattern) => {
    const store = new SettingsStore(openSqlWithSchema());
    const raw = JSON.stringify({ messages: { groupChat: { mentionPatterns: ["fine", pattern] } } });
    const set = await store.set(raw, undefined, 1);
    expect(!set.ok && set.error.message).toContain("messages.groupChat.mentionPatterns.1");
    expect(store.version()).toBe(0);
  });

  test("survives any text without throwing", () => {
    fc.assert(fc.property(fc.string(), (raw) => typeof parseSettings(raw).ok === "boolean"));
  });

  test("written from an old reading is a conflict", async () => {
    const store = new SettingsStore(openSqlWithSchema());
    const hash = store.get().hash;
    await store.set("{}", hash, 1);
    expect(await store.set('{"agents":{}}', hash, 2)).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
  });

  test("is patched by merging; null removes; prototypes stay untouched", async () => {
    expect(mergePatch({ a: 1, b: { c: 2, d: 3 } }, { b: { c: null, e: 4 } })).toEqual({ a: 1, b: { d: 3, e: 4 } });
    mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}'));
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("is read again after a restart", async () => {
    const sql = openSqlWithSchema();
    await new SettingsStore(sql).set('{"agents":{"defaults":{"name":"Kelp"}}}', undefined, 5);
    expect(new SettingsStore(sql).get()).toMatchObject({ settings: { agents: { defaults: { name: "Kelp" } } }, updatedAt: 5 });
  });
});

describe("a brief", () => {
  const place = { sessionKey: "agent:main:main", agentId: "main" };

  test("has every default of an empty document", () => {
    const brief = makeBrief({ settings: {}, hash: "h" }, place, 0);
    expect(brief).toMatchObject({
      agentName: "Skerry",
      models: [],
      queue: { mode: "steer", debounceMs: 500, cap: 20 },
      timeZone: "UTC",
      modelIdleMs: 60_000,
    });
  });

  test("puts the agent's own over the defaults, and sums what is denied", () => {
    const settings = {
      agents: {
        defaults: {
          model: { primary: "openai/gpt-5", fallbacks: ["demo/demo"] },
          tools: { deny: ["exec"] },
          budget: { perDayUsd: 5 },
        },
        entries: { work: { name: "Work", tools: { allow: ["*"], deny: ["web_fetch"] } } },
      },
    };
    const brief = makeBrief({ settings, hash: "h" }, { sessionKey: "agent:work:main", agentId: "work" }, 4.5);
    expect(brief.models).toEqual(["openai/gpt-5", "demo/demo"]);
    expect(brief.tools).toEqual({ allow: ["*"], deny: ["exec", "web_fetch"] });
    expect(brief.budget.leftTodayUsd).toBeCloseTo(0.5);
    expect(listAgents(settings).map((agent) => agent.id)).toEqual(["main", "work"]);
  });
});

test("a brief carries the switches of skills", () => {
  const settings = { skills: { entries: { weather: { enabled: false }, github: {} } } };
  expect(makeBrief({ settings, hash: "h" }, { sessionKey: "agent:main:main", agentId: "main" }, 0).skills).toEqual({
    weather: false,
  });
});

describe("the ledger", () => {
  const session = { key: "agent:main:main", agentId: "main" } as never;
  const spend = { input: 10, output: 5, cacheRead: 2, cacheWrite: 1, costUsd: 0.25 };
  const report = {
    session,
    runId: "r1",
    turnId: "t1",
    outcome: "done" as const,
    startedAt: 0,
    endedAt: Date.UTC(2026, 10, 22),
    model: "demo/demo",
    spend,
  };

  test("counts a turn once however often it is reported", () => {
    const ledger = new UsageLedger(openSqlWithSchema());
    ledger.add(report);
    ledger.add(report);
    ledger.add({ ...report, turnId: "t2", runId: "r2" });
    expect(ledger.costOn("2026-11-22", "main")).toBeCloseTo(0.5);
    expect(ledger.between("2026-11-01", "2026-11-30")).toEqual([
      {
        day: "2026-11-22",
        agentId: "main",
        model: "demo/demo",
        turns: 2,
        spend: { input: 20, output: 10, cacheRead: 4, cacheWrite: 2, costUsd: 0.5 },
      },
    ]);
    expect(ledger.findRun("r2")).toMatchObject({ status: "ok", sessionKey: "agent:main:main" });
  });
});

describe("the index of sessions", () => {
  test("finds by words longer than a LIKE pattern may be", () => {
    const index = new SessionIndex(openSqlWithSchema());
    const words = "a very long title that has far more than fifty bytes in it, truly";
    index.put({ key: "agent:main:a", agentId: "main", updatedAt: 2, title: words } as never);
    index.put({ key: "agent:main:b", agentId: "main", updatedAt: 1, title: "other" } as never);
    expect(index.list({ search: words.toUpperCase() }, 10).rows.map((row) => row.key)).toEqual(["agent:main:a"]);
    expect(index.list({ limit: 1 }, 10)).toMatchObject({ total: 2, rows: [{ key: "agent:main:a" }] });
    expect(index.list({ search: "%_'; DROP TABLE session" }, 10).total).toBe(0);
  });

  test("keeps a new name when an older report comes late", () => {
    const index = new SessionIndex(openSqlWithSchema());
    const row = (updatedAt: number, more: object) => ({ key: "agent:main:a", agentId: "main", updatedAt, ...more }) as never;
    index.putIfNew(row(9, { sessionId: "", title: "first words" }));
    index.put(row(5, { sessionId: "s", title: "first words" }));
    index.put(row(7, { sessionId: "s", label: "Travel" }));
    index.put(row(6, { sessionId: "s", title: "first words" }));
    expect(index.list({ search: "travel" }, 10).rows).toMatchObject([{ label: "Travel", updatedAt: 7 }]);
    index.put(row(7, { sessionId: "s", label: "Lofoten" }));
    expect(index.list({}, 10).rows).toMatchObject([{ label: "Lofoten" }]);
  });
});
