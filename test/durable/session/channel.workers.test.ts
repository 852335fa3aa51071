// A talk on a channel over the storage of a real Durable Object: the rows of the way in and out, and parts that are
// thrown away in mid-work and built anew over them.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import type { Brief } from "../../../src/contract/admission.ts";
import type { DeliveryOutcome, OutboxItem } from "../../../src/contract/channels/delivery.ts";
import type { Message } from "../../../src/contract/message.ts";
import type { WorkspacePort } from "../../../src/contract/ports/workspace.ts";
import type { Env } from "../../../src/durable/env.ts";
import { SessionParts } from "../../../src/durable/session/parts.ts";
import { receive } from "../../../src/durable/session/receiving.ts";
import { Runner } from "../../../src/durable/session/runner.ts";
import { openSql } from "../../../src/durable/storage/sql.ts";
import { workspaceOf } from "../../../src/durable/stubs.ts";
import { messageEvent } from "../../support/event.ts";
import { makePlace } from "../../support/place.ts";
import { type ScriptedModel, type ScriptedReply, scriptModel } from "../../support/scripted-model.ts";

const house = env as unknown as Env;
const FROM = { channel: "telegram", peer: "42" };

interface Life {
  parts: SessionParts;
  runner: Runner;
  end(): void;
}

interface Bench {
  sent: OutboxItem[];
  deliver: (item: OutboxItem) => Promise<DeliveryOutcome>;
  fetchMedia: SessionParts["ports"]["delivery"]["fetchMedia"];
  model: ScriptedModel;
}

/** Parts over the object's own storage. The object's alarm stays untouched: its own parts would answer it. */
function live(state: DurableObjectState, bench: Bench): Life {
  let isOver = false;
  const alive = <T>(value: T): T => {
    if (isOver) throw new Error("This life is over.");
    return value;
  };
  const workspace: WorkspacePort = workspaceOf(house, "main");
  const sql = openSql(state.storage);
  const parts = new SessionParts({
    sessionKey: "agent:main:talk",
    agentId: "main",
    sql: new Proxy(sql, { get: (target, name: keyof typeof sql) => alive(target[name]) }),
    alarm: { setAlarm: async () => {}, deleteAlarm: async () => {} },
    workspace,
    gateway: { publish: async () => {} },
    openLine: () => ({ write: async () => {}, close: () => {} }),
    directory: {
      report: async () => {},
      noteSession: async () => {},
      providerKeys: async () => ({ version: 0, keys: {} }),
      noteChannel: async () => {},
      people: async () => [],
      pairings: async () => [],
      approvePairing: async () => ({ ok: false, error: { code: "NOT_FOUND", message: "none" } }),
      rejectPairing: async () => ({ ok: false, error: { code: "NOT_FOUND", message: "none" } }),
      maySend: async ({ to }) => ({ outcome: "allowed", to }),
      mayBeHeard: async ({ authors }) => authors.map(() => true),
      askApproval: () => Promise.reject(new Error("Nobody can be asked in this test.")),
      decideApproval: async () => ({ ok: false, error: { code: "NOT_FOUND", message: "none" } }),
      withdrawApproval: async () => {},
      approval: async () => undefined,
      approvals: async () => [],
      noteBrowserUse: async () => 0,
    },
    noteElsewhere: async () => {},
    delivery: {
      send: (item) => {
        bench.sent.push(alive(item));
        return bench.deliver(item);
      },
      plan: async (_to, text) => alive(text.split("|")),
      fetchMedia: (from, remote) => bench.fetchMedia(from, remote),
      read: async () => ({ ok: true, value: [] }),
    },
    models: { env: {}, fetch: bench.model.fetch, now: Date.now },
    fetchOutside: bench.model.fetch,
    loadMedia: async () => undefined,
    storeMedia: async (bytes, name) => ({ key: `media/${name}`, type: "image/png", size: bytes.length }),
    allowedHosts: [],
    now: Date.now,
  });
  return {
    parts,
    runner: new Runner(parts),
    end() {
      isOver = true;
      parts.abort.abort();
    },
  };
}

const brief = (model: ScriptedModel, style: Parameters<typeof makePlace>[0] = {}): Brief => ({
  sessionKey: "agent:main:talk",
  agentId: "main",
  agentName: "Skerry",
  models: [model.ref],
  providers: model.providers,
  queue: { mode: "steer", debounceMs: 20, cap: 20, drop: "summarize" },
  tools: {},
  timeZone: "UTC",
  budget: {},
  compaction: { enabled: true, keepRecentTokens: 20_000, reserveTokens: 20_000 },
  modelIdleMs: 20_000,
  settingsHash: "test",
  place: makePlace(style),
});

async function until(condition: () => boolean, ms = 15_000): Promise<void> {
  for (const endAt = Date.now() + ms; !condition(); ) {
    if (Date.now() > endAt) throw new Error("It did not come about in time.");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const stub = (name: string) => house.SESSION.getByName(name);
const texts = (bench: Bench) => bench.sent.flatMap(({ act }) => (act.type === "text" ? [act.text] : []));

function openBench(script: (count: number) => ScriptedReply, change: Partial<Bench> = {}): Bench {
  return {
    sent: [],
    deliver: async () => ({ outcome: "sent", platformId: "p" }),
    fetchMedia: async (_from, { handle }) => ({ ok: true, value: { key: `media/${handle}`, type: "image/png", size: 3 } }),
    model: scriptModel((_request, count) => script(count)),
    ...change,
  };
}

async function say(life: Life, text: string, id: string, brief: Brief, message: Partial<Message> = {}): Promise<void> {
  await receive(life.parts, messageEvent(text, id, {}, "telegram", { from: FROM, platformId: id, ...message }), brief);
  void life.runner.go();
}

// What is imported on demand is imported before anything is timed.
beforeAll(async () => {
  await runInDurableObject(stub("agent:main:warm"), async (_instance, state) => {
    const bench = openBench(() => ({ text: "warm" }));
    const life = live(state, bench);
    await say(life, "hi", "m0", brief(bench.model));
    await until(() => texts(bench).length === 1, 55_000);
  });
}, 60_000);

test("parts of an answer: what was sent is not sent again, what may have been is said, the rest goes out", async () => {
  await runInDurableObject(stub("agent:main:parts"), async (_instance, state) => {
    let isAway = true;
    const bench = openBench(() => ({ text: "one|two|three" }), {
      deliver: ({ part }) => (isAway && part === 1 ? new Promise(() => {}) : Promise.resolve({ outcome: "sent" })),
    });
    const first = live(state, bench);
    await say(first, "hi", "m1", brief(bench.model));
    await until(() => bench.sent.length === 2);
    first.end();
    isAway = false;
    const second = live(state, bench);
    await second.runner.go();
    expect(texts(bench)).toEqual(["one", "two", "three"]);
    const { entries } = second.parts.transcript.page({ limit: 100 });
    expect(entries.at(-1)).toMatchObject({ kind: "note", label: "undelivered" });
    expect(second.parts.outbox.heads()).toEqual([]);
  });
});

test("files and an album: fetched after the crash, one turn, in order", async () => {
  await runInDurableObject(stub("agent:main:album"), async (_instance, state) => {
    let isAway = true;
    const bench = openBench(() => ({ text: "a fine album" }), {
      fetchMedia: (_from, { handle }) =>
        isAway
          ? new Promise(() => {})
          : Promise.resolve({ ok: true, value: { key: `media/${handle}`, type: "image/png", size: 3 } }),
    });
    const album = (handle: string): Partial<Message> => ({ joinAs: "a", attachments: [{ handle, kind: "image" }] });
    const first = live(state, bench);
    await say(first, "one", "m1", brief(bench.model), album("1"));
    first.end();
    isAway = false;
    const second = live(state, bench);
    await say(second, "two", "m2", brief(bench.model), album("2"));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await second.runner.go();
    await until(() => texts(bench).length === 1);
    expect(bench.model.requests).toHaveLength(1);
    const users = second.parts.transcript.page({ limit: 100 }).entries.filter(({ kind }) => kind === "user");
    expect(users).toMatchObject([
      { parts: [{ text: "one" }, { media: { key: "media/1" } }] },
      { parts: [{ text: "two" }, { media: { key: "media/2" } }] },
    ]);
  });
});

test("a draft that is up: the answer takes its place; overheard words come along once", async () => {
  await runInDurableObject(stub("agent:main:draft"), async (_instance, state) => {
    const words: [string, number][] = Array.from({ length: 40 }, (_none, index) => [`word${index} `, 15]);
    const bench = openBench((count) => (count === 1 ? { pieces: [...words, ["", 15_000]] } : { text: "the answer" }));
    const group = { from: { ...FROM, kind: "group" as const } };
    const place = { kind: "group" as const, style: { streaming: "partial" as const } };
    const first = live(state, bench);
    await say(first, "lunch?", "m0", brief(bench.model, { ...place, isAddressed: false }), group);
    await say(first, "@skerry when?", "m1", brief(bench.model, place), group);
    await until(() => first.parts.drafts.of(first.parts.turns.open()?.id ?? "")?.state === "shown");
    first.end();
    const second = live(state, bench);
    await second.runner.go();
    expect(bench.sent.at(-1)?.act).toEqual({ type: "text", text: "the answer", replaces: "p" });
    expect(JSON.stringify(bench.model.requests.at(-1))).toContain("lunch?");
    expect(state.storage.sql.exec("SELECT count(*) AS drafts FROM draft").one()).toEqual({ drafts: 0 });
  });
});
