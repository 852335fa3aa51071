// The line of Discord's gateway by itself, against a gateway that does what Discord's does when something is wrong, and what may come by it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GatewayDispatchPayload } from "discord-api-types/v10";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { discordGateway } from "../../../../src/bridge/channels/discord/gateway.ts";
import { type HeardMark, markHeard, readMissed } from "../../../../src/bridge/channels/discord/missed.ts";
import { SessionFile } from "../../../../src/bridge/channels/discord/session-file.ts";
import { LineWatch } from "../../../../src/bridge/channels/discord/watch.ts";
import type { LineNews, OpenLine } from "../../../../src/bridge/channels/driver.ts";
import type { HomeItem } from "../../../../src/contract/channels/at-home.ts";
import { DiscordTown } from "../../../support/channels/discord-town.ts";

const ALICE = "135000000000000012";
const CONTENT = 1 << 15;
const PATIENCE = { timeout: 15_000, interval: 20 };

let folder: string;
let town: DiscordTown;
let dir: string;
const open: OpenLine[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "discord-line-"));
  town = await DiscordTown.start(folder);
}, 60_000);
afterAll(async () => {
  await town?.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  dir = mkdtempSync(join(folder, "line-"));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((line) => line.close()));
  Object.assign(town, { mayReadContent: true, refusesBy: undefined, isRevoked: false });
  town.identified.length = 0;
  town.resumed.length = 0;
  town.forgetSessions();
});

type Raw = { kind: "raw"; id: string; body: Record<string, unknown> & { d: Record<string, unknown> } };

async function hold(hear: (items: HomeItem[]) => Promise<void> = async () => undefined) {
  const heard: Raw[] = [];
  const news: LineNews[] = [];
  const log: string[] = [];
  const line = await discordGateway.open({
    account: {
      channel: "discord",
      account: "default",
      keys: { DISCORD_BOT_TOKEN: town.manifest.botToken },
      base: town.api,
      mediaMaxMb: 10,
      options: {},
    },
    dir,
    load: (name) => import(name),
    hear: async (items) => {
      await hear(items);
      heard.push(...(items as Raw[]));
    },
    tell: (one) => news.push(one),
    log: (text) => log.push(text),
    now: Date.now,
  });
  open.push(line);
  const reach = (phase: string) => vi.waitFor(() => expect(news.at(-1)?.phase).toBe(phase), PATIENCE);
  return { line, heard, news, log, reach, words: () => heard.map(({ body }) => body.d["content"]) };
}

const room = () => ({ channelId: town.manifest.fixture.channelId, guildId: town.manifest.fixture.guildId });

describe("what Discord does not allow", () => {
  test("contents of messages are done without, said with what to do, and mentions are still heard", async () => {
    town.mayReadContent = false;
    const { news, words, reach } = await hold();
    await reach("open");
    expect(news.at(-1)?.said).toMatch(/Message Content Intent.*restart the bridge/);
    expect(town.identified.map(({ intents }) => intents & CONTENT)).toEqual([CONTENT, 0]);
    await town.say(ALICE, `<@${town.manifest.botUserId}> hello`, room());
    await vi.waitFor(() => expect(words()).toEqual([`<@${town.manifest.botUserId}> hello`]), PATIENCE);
  });

  test("the same when the switch is turned off while the line stands", async () => {
    const { news, reach } = await hold();
    await reach("open");
    town.mayReadContent = false;
    town.forgetSessions();
    town.hangUp(4014);
    await vi.waitFor(
      () => expect(news.at(-1)).toMatchObject({ phase: "open", said: expect.stringContaining("Intent") }),
      PATIENCE,
    );
  });

  test.each([
    [4004, /does not know this bot token any more/],
    [4011, /so many servers/],
    [4012, /update Skerry/],
    [4013, /update Skerry/],
  ])("closing with %i is refused with what to do, and tried once", async (code, words) => {
    town.refusesBy = code;
    await expect(hold()).rejects.toMatchObject({ name: "HomeRefused", message: expect.stringMatching(words) });
    expect(town.identified).toHaveLength(1);
  });

  test.each([4004, 4013])("closing a line that stands with %i is told, and not tried again", async (code) => {
    const { news, reach } = await hold();
    await reach("open");
    town.refusesBy = code;
    town.hangUp(code);
    await reach("refused");
    await new Promise((done) => setTimeout(done, 1500));
    expect(news.at(-1)?.phase).toBe("refused");
    expect(town.identified.length + town.resumed.length).toBe(1);
  });

  test("a token that its HTTP interface does not know is refused", async () => {
    town.isRevoked = true;
    await expect(hold()).rejects.toMatchObject({ name: "HomeRefused", message: expect.stringContaining("Reset Token") });
  });
});

describe("its place in the row", () => {
  test("is that of what is on disk: what was not kept when the line was closed is told again, once, in its order", async () => {
    let isFull = false;
    const first = await hold(async () => {
      if (isFull) throw new Error("no space left on device");
    });
    await first.reach("open");
    await town.say(ALICE, "kept", room());
    await vi.waitFor(() => expect(first.words()).toEqual(["kept"]), PATIENCE);
    isFull = true;
    for (const word of ["one", "two", "three"]) await town.say(ALICE, word, room());
    // Nothing anybody wrote: it must not move the place past what is not kept.
    town.dispatch("CHANNEL_UPDATE", { id: room().channelId, type: 0, name: "general" });
    await vi.waitFor(() => expect(first.log.join()).toContain("could not be kept"), PATIENCE);
    await first.line.close();
    const second = await hold();
    await vi.waitFor(() => expect(second.words()).toEqual(["one", "two", "three"]), PATIENCE);
    expect(town.resumed).toHaveLength(1);
    expect(town.identified).toHaveLength(1);
    expect(readFileSync(join(dir, "session.json"), "utf8")).not.toContain(town.manifest.botToken);
  });

  test("of another session moves nothing", () => {
    const file = new SessionFile(dir);
    const info = { resumeURL: "ws://localhost/", sequence: 1, sessionId: "new", shardCount: 1, shardId: 0 };
    file.learn(info);
    file.keep("old", 5000);
    expect(file.read()).toEqual(info);
    file.keep("new", 7);
    file.flush();
    expect(new SessionFile(dir).read()?.sequence).toBe(7);
  });

  test("that cannot be read begins a new session", async () => {
    writeFileSync(join(dir, "session.json"), '{"info": {"resumeURL": 5');
    const { reach } = await hold();
    await reach("open");
    expect(town.identified).toHaveLength(1);
  });
});

describe("a new session", () => {
  const once = (words: unknown[]) => [...new Set(words)];

  test("is told nothing of what was written before it: that is read back, in its order, before what comes", async () => {
    const direct = { channelId: await town.directChannel(ALICE) };
    const first = await hold();
    await first.reach("open");
    await town.say(ALICE, "heard in the room", room());
    await town.say(ALICE, "heard directly", direct);
    await vi.waitFor(() => expect(first.words()).toEqual(["heard in the room", "heard directly"]), PATIENCE);
    await first.line.close();
    town.forgetSessions();
    const missed = Array.from({ length: 120 }, (_none, index) => `missed ${index}`);
    for (const [index, word] of missed.entries()) await town.say(ALICE, word, index % 3 === 0 ? direct : room());
    const second = await hold();
    await second.reach("open");
    await town.say(ALICE, "and now", room());
    await vi.waitFor(() => expect(second.words()).toContain("and now"), PATIENCE);
    expect(once(second.words())).toEqual([...missed, "and now"]);
    const [one, other] = second.heard.map(({ body }) => body.d);
    expect([one?.["guild_id"], other?.["guild_id"]]).toEqual([undefined, room().guildId]);
    expect(second.heard.map(({ id }) => id)).toContain(`MESSAGE_CREATE:${one?.["id"]}`);
  });

  test("a room that can't be read is said, one that may no longer be read is not, and the others are read", async () => {
    const signal = new AbortController().signal;
    const now = Date.now();
    const at = (ms: number) => String(BigInt(ms - 1_420_070_400_000) << 22n);
    const marks = ["1", "2", "3", "4"].map((channel) => ({ channel, id: at(now - 3_600_000) }));
    const fails: Record<string, unknown> = { "1": { status: 403 }, "2": { status: 404 }, "3": new Error("no network") };
    const ask = async (path: string) => {
      const [, , channel = ""] = path.split("/");
      if (channel in fails) throw fails[channel];
      return [{ id: at(now - 1000), content: "here" }, { id: "x" }, null];
    };
    const { messages, unread } = await readMissed({ marks, ask, now, signal });
    expect(unread).toBe(1);
    expect(messages).toEqual([{ id: at(now - 1000), content: "here", channel_id: "4" }]);
  });

  test("nothing older than a day is read, and of a room no more than three hundred", async () => {
    const now = Date.now();
    const at = (ms: number, more = 0) => String((BigInt(ms - 1_420_070_400_000) << 22n) + BigInt(more));
    const asked: string[] = [];
    let count = 0;
    const ask = async (path: string) => {
      asked.push(path);
      return Array.from({ length: 100 }, () => ({ id: at(now - 1000, ++count) })).reverse();
    };
    const marks = [{ channel: "1", id: at(now - 48 * 3_600_000) }];
    const { messages } = await readMissed({ marks, ask, now, signal: new AbortController().signal });
    expect(asked).toHaveLength(3);
    expect(asked[0]).toBe(`/channels/1/messages?after=${at(now - 24 * 3_600_000)}&limit=100`);
    expect(asked[1]).toBe(`/channels/1/messages?after=${at(now - 1000, 100)}&limit=100`);
    expect(messages).toHaveLength(300);
  });

  test("up to where a room was heard never goes back, and is kept of the twenty-five that were written in last", () => {
    let marks: HeardMark[] = [];
    const hear = (channel: string, id: string) => {
      marks = markHeard(marks, { channel_id: channel, id });
    };
    hear("1", "20");
    hear("1", "19");
    expect(marks).toEqual([{ channel: "1", id: "20" }]);
    for (let count = 2; count < 30; count++) hear(String(count), "20");
    hear("5", "21");
    expect(marks).toHaveLength(25);
    expect(marks.at(-1)).toEqual({ channel: "5", id: "21" });
    expect(marks.some(({ channel }) => channel === "1")).toBe(false);
    hear("../x", "22");
    expect(marks).toHaveLength(25);
  });
});

test("what is of no shape, or larger than anything a person writes, is left out, and what follows is heard", async () => {
  const { words, reach, log } = await hold();
  await reach("open");
  for (const d of [null, 5, [], {}, { id: {}, channel_id: {}, guild_id: 1 }]) {
    for (const t of ["GUILD_CREATE", "CHANNEL_CREATE", "THREAD_LIST_SYNC", "CHANNEL_DELETE"]) town.dispatch(t, d);
  }
  town.dispatch("GUILD_CREATE", { channels: [null, { id: 7 }, { id: "1", name: {}, parent_id: [], type: 11 }], threads: null });
  const base = { ...room(), channel_id: room().channelId, author: { id: ALICE }, mentions: [] };
  town.dispatch("MESSAGE_CREATE", { ...base, id: "1435000000000000003", content: "x".repeat(300_000) });
  await town.say(ALICE, "still there?", room());
  await vi.waitFor(() => expect(words()).toContain("still there?"), PATIENCE);
  expect(log.join()).toContain("larger than anything a person writes");
  expect(words().some((word) => String(word).startsWith("xxx"))).toBe(false);
});

describe("the watch", () => {
  const HOUR = 3_600_000;
  const snowflake = (at: number) => String(BigInt(at - 1_420_070_400_000) << 22n);

  function watch(ask: (path: string) => Promise<unknown>) {
    const clock = { now: Date.now() };
    const news: LineNews[] = [];
    const ends: string[] = [];
    const session = new SessionFile(dir);
    session.learn({ resumeURL: "ws://localhost/", sequence: 1, sessionId: "s", shardCount: 1, shardId: 0 });
    const one = new LineWatch({
      host: { tell: (told) => news.push(told), now: () => clock.now },
      session,
      ask,
      end: (why) => ends.push(why),
    });
    const hear = (id: string) =>
      one.noteHeard({ t: "MESSAGE_CREATE", d: { id, channel_id: "77" } } as unknown as GatewayDispatchPayload);
    return { one, clock, news, ends, session, hear };
  }

  test("ends a line on which nothing comes for five minutes, not even an answered heartbeat", async () => {
    const { one, clock, ends } = watch(async () => []);
    clock.now += 290_000;
    await one.look();
    expect(ends).toEqual([]);
    clock.now += 20_000;
    await one.look();
    expect(ends).toEqual(["nothing came from Discord for five minutes"]);
  });

  test("finds a line deaf that is told of heartbeats alone while people write, and begins anew, once an hour", async () => {
    const asked: string[] = [];
    const { one, clock, ends, news, session, hear } = watch(async (path) => {
      asked.push(path);
      return [{ id: snowflake(clock.now - 120_000) }];
    });
    const id = snowflake(clock.now);
    hear(id);
    clock.now += 9 * 60_000;
    one.noteAlive();
    await one.look();
    expect(asked).toEqual([]);
    clock.now += 2 * 60_000;
    one.noteAlive();
    await one.look();
    expect(asked).toEqual([`/channels/77/messages?after=${id}&limit=1`]);
    expect(news.at(-1)?.phase).toBe("deaf");
    expect(ends).toHaveLength(1);
    expect(session.read()).toBeNull();
    clock.now += HOUR / 2;
    one.noteAlive();
    await one.look();
    expect(ends).toHaveLength(1);
  });

  test.each([
    ["there is nothing newer", async () => []],
    ["what is newer came just now", async () => [{ id: snowflake(Date.now() + 11 * 60_000) }]],
    ["the bot may not read back", async () => Promise.reject(new Error("403"))],
    ["the answer is of no shape", async () => [{ id: { toString: "x" } }]],
  ])("does not when %s", async (_why, ask) => {
    const { one, clock, ends, news, hear } = watch(ask);
    hear(snowflake(clock.now));
    clock.now += 11 * 60_000;
    one.noteAlive();
    await one.look();
    expect([ends, news]).toEqual([[], []]);
  });
});
