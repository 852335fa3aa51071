// The webhooks' door in real workerd, before the real Directory and real sessions: what is turned away and how, and that
// success is only said of what is stored. What is remembered in the isolate stays apart by the names of the accounts.
import { createExecutionContext, env, reset, waitOnExecutionContext } from "cloudflare:test";
import { afterEach, describe, expect, test } from "vitest";
import { newSecret } from "../../src/contract/id.ts";
import type { Env } from "../../src/durable/env.ts";
import { directoryOf, sessionOf } from "../../src/durable/stubs.ts";
import { app } from "../../src/worker/app.ts";

const bindings = env as unknown as Env;
const ORIGIN = "http://skerry.test";
const BODY_LIMIT = 1024 * 1024;
let accounts = 0;
let updates = 500;
afterEach(() => reset());

interface Account {
  name: string;
  path: string;
  secret: string;
}

/** An account of Telegram into whose direct talks everybody is let. */
async function openTelegram(): Promise<Account> {
  accounts += 1;
  const name = `bot-${accounts}`;
  const directory = directoryOf(bindings);
  await directory.setChannelKeys("telegram", name, {
    TELEGRAM_BOT_TOKEN: `70000000${accounts}:AAtest`,
    TELEGRAM_WEBHOOK_SECRET: newSecret(),
  });
  await letEverybodyIn({ telegram: { dmPolicy: "open", allowFrom: ["*"] } });
  const keys = (await directory.channelAccount("telegram", name))?.keys ?? {};
  return { name, path: `/channels/telegram/${name}`, secret: keys["TELEGRAM_WEBHOOK_SECRET"] ?? "" };
}

async function letEverybodyIn(channels: unknown): Promise<void> {
  const kept = await directoryOf(bindings).patchSettings({ channels });
  if (!kept.ok) throw new Error(kept.error.message);
}

async function knock(path: string, init: RequestInit, house: Env = bindings): Promise<Response> {
  const context = createExecutionContext();
  const answer = await app.fetch(new Request(`${ORIGIN}${path}`, { method: "POST", ...init }), house, context);
  await waitOnExecutionContext(context);
  return answer;
}

const told = (secret: string, body: unknown): RequestInit => ({
  headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": secret },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

/** From somebody else each time: their talk has just begun. */
function update(text: string) {
  updates += 1;
  const ann = { id: updates, is_bot: false, first_name: "Ann" };
  const said = {
    message_id: updates,
    from: ann,
    chat: { id: updates, type: "private", first_name: "Ann" },
    date: 1_763_900_000,
    text,
  };
  return { update_id: updates, message: said };
}

/** How often the text stands in any session of the house. */
async function timesStored(text: string): Promise<number> {
  const { rows } = await directoryOf(bindings).sessions({ limit: 50 });
  const talks = await Promise.all(rows.map(({ key }) => sessionOf(bindings, key).history({ limit: 200 })));
  return talks.flatMap(({ entries }) => entries).filter((entry) => JSON.stringify(entry).includes(text)).length;
}

const errorOf = async (answer: Response) => ((await answer.json()) as { error: { code: string } }).error.code;

/** A house whose sessions cannot store anything, as long as `isBroken`. */
function houseWithBrokenDisk(): { env: Env; isBroken: boolean; tries: number } {
  const house = { env: bindings, isBroken: true, tries: 0 };
  const getByName = (name: string) => {
    const real = bindings.SESSION.getByName(name) as unknown as { receive(...args: unknown[]): Promise<unknown> };
    const receive = (...args: unknown[]) => {
      house.tries += 1;
      return house.isBroken ? Promise.reject(new Error("disk full")) : real.receive(...args);
    };
    return { receive };
  };
  house.env = { ...bindings, SESSION: { getByName } as unknown as Env["SESSION"] };
  return house;
}

describe("nobody learns anything", () => {
  test.each([
    ["of a channel there is not", "/channels/nowhere"],
    ["of a channel that is not set up", "/channels/telegram"],
    ["of an account there is not", "/channels/telegram/nobody"],
    ["by a name that no account can have", "/channels/telegram/..%2Fadmin"],
    ["further down", "/channels/telegram/default/more"],
  ])("%s", async (_name, path) => {
    const answer = await knock(path, told("x", update("hello")));
    expect(answer.status).toBe(404);
    expect(await errorOf(answer)).toBe("NOT_FOUND");
  });

  test.each(["PUT", "DELETE", "PATCH"])("by %s", async (method) => {
    const { path, secret } = await openTelegram();
    expect((await knock(path, { ...told(secret, update("hello")), method })).status).toBe(404);
  });

  test("by GET, where a channel shakes no hands", async () => {
    const { path, secret } = await openTelegram();
    expect((await knock(path, { headers: told(secret, "").headers ?? {}, method: "GET" })).status).toBe(401);
  });
});

describe("a request that is no message", () => {
  test("is refused when it says it is too long, and when it does not say so", async () => {
    const { path, secret } = await openTelegram();
    const long = told(secret, update("x".repeat(BODY_LIMIT)));
    const declared = await knock(path, { ...long, headers: { ...long.headers, "content-length": String(BODY_LIMIT + 100) } });
    expect([declared.status, await errorOf(declared)]).toEqual([413, "TOO_LARGE"]);
    let sent = 0;
    const body = new ReadableStream({
      pull(stream) {
        sent += 65_536;
        stream.enqueue(new Uint8Array(65_536).fill(120));
        if (sent > 64 * BODY_LIMIT) stream.close();
      },
    });
    const endless = await knock(path, { ...long, body });
    expect(endless.status).toBe(413);
    expect(sent).toBeLessThan(4 * BODY_LIMIT);
  });

  test("is refused when it is no JSON, or no update", async () => {
    const { path, secret } = await openTelegram();
    for (const noise of ["{update", "", "[]", "null", '{"hello":1}']) {
      const answer = await knock(path, told(secret, noise));
      expect([noise, answer.status, await errorOf(answer)]).toEqual([noise, 400, "INVALID_REQUEST"]);
    }
  });

  test("is taken when it is of a kind that is not known, and says nothing", async () => {
    const { path, secret } = await openTelegram();
    expect((await knock(path, told(secret, { update_id: 1, telepathy: { thought: "hm" } }))).status).toBe(200);
    expect((await directoryOf(bindings).sessions({ limit: 5 })).rows).toEqual([]);
  });
});

describe("a request that proves nothing", () => {
  test("is refused without a secret, with another, with that of another account; its owner is told", async () => {
    const [one, other] = [await openTelegram(), await openTelegram()];
    const { "x-telegram-bot-api-secret-token": _secret, ...bare } = told("", "").headers as Record<string, string>;
    const tries = [
      { ...told("", update("secret word")), headers: bare },
      told("guessed", update("secret word")),
      told(other.secret, update("secret word")),
    ];
    for (const init of tries) {
      const answer = await knock(one.path, init);
      expect([answer.status, await errorOf(answer)]).toEqual([401, "UNAUTHORIZED"]);
    }
    expect(await timesStored("secret word")).toBe(0);
    const states = await directoryOf(bindings).channelStates();
    expect(states.find(({ account }) => account === one.name)?.error?.text).toMatch(/did not prove/);
    expect((await knock(one.path, told(one.secret, update("good day")))).status).toBe(200);
  });

  test("is refused when its signature is missing, wrong, stale, of other bytes or of another workspace", async () => {
    const now = Math.floor(Date.now() / 1000);
    await openSlack("home", "home-secret");
    await openSlack("away", "away-secret");
    const body = JSON.stringify({
      type: "url_verification",
      token: "x",
      challenge: "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
    });
    const good = await slackHead("home-secret", now, body);
    const statusOf = async (headers: Record<string, string>, text = body) =>
      (await knock("/channels/slack/home", { headers, body: text })).status;
    expect(await statusOf(good)).toBe(200);
    expect(await statusOf({})).toBe(401);
    expect(await statusOf({ ...good, "x-slack-signature": `v0=${"0".repeat(64)}` })).toBe(401);
    expect(await statusOf(await slackHead("home-secret", now - 400, body))).toBe(401);
    expect(await statusOf(await slackHead("home-secret", now + 400, body))).toBe(401);
    expect(await statusOf({ ...good, "x-slack-request-timestamp": String(now - 1) })).toBe(401);
    expect(await statusOf(good, body.replace("3eZ", "4eZ"))).toBe(401);
    expect(await statusOf(await slackHead("away-secret", now, body))).toBe(401);
  });
});

describe("a message", () => {
  test("is stored before success is said, and once, however often it comes", async () => {
    const { path, secret } = await openTelegram();
    const said = update("the word of the day");
    const answers = await Promise.all([1, 2, 3].map(() => knock(path, told(secret, said))));
    answers.push(await knock(path, told(secret, said)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await timesStored("the word of the day")).toBe(1);
  });

  test("that could not be stored fails, and is taken when the platform sends it again", async () => {
    const { path, secret } = await openTelegram();
    const house = houseWithBrokenDisk();
    const said = update("kept in the end");
    const answer = await knock(path, told(secret, said), house.env);
    expect([answer.status, await errorOf(answer)]).toEqual([503, "NOT_STORED"]);
    expect(house.tries).toBe(1);
    expect(await timesStored("kept in the end")).toBe(0);
    house.isBroken = false;
    expect((await knock(path, told(secret, said), house.env)).status).toBe(200);
    expect(await timesStored("kept in the end")).toBe(1);
  });
});

describe("an account that changes", () => {
  test("is closed at once when it is removed, though its keys were just used", async () => {
    const { name, path, secret } = await openTelegram();
    expect((await knock(path, told(secret, update("still open")))).status).toBe(200);
    await directoryOf(bindings).removeChannelAccount("telegram", name);
    const answer = await knock(path, told(secret, update("already closed")));
    expect([answer.status, await errorOf(answer)]).toEqual([404, "NOT_FOUND"]);
    expect(await timesStored("still open")).toBe(1);
    expect(await timesStored("already closed")).toBe(0);
  });

  test("is closed at once when it is switched off", async () => {
    const { name, path, secret } = await openTelegram();
    expect((await knock(path, told(secret, update("still on")))).status).toBe(200);
    await letEverybodyIn({ telegram: { accounts: { [name]: { enabled: false } } } });
    expect((await knock(path, told(secret, update("switched off")))).status).toBe(404);
    expect(await timesStored("switched off")).toBe(0);
  });

  test("knows its old secret no more as soon as it has a new one", async () => {
    const { name, path, secret } = await openTelegram();
    expect((await knock(path, told(secret, update("old secret")))).status).toBe(200);
    await directoryOf(bindings).setChannelKeys("telegram", name, { TELEGRAM_WEBHOOK_SECRET: "a-new-secret-0123456789" });
    expect((await knock(path, told(secret, update("too late")))).status).toBe(401);
    expect((await knock(path, told("a-new-secret-0123456789", update("new secret")))).status).toBe(200);
    expect([await timesStored("too late"), await timesStored("new secret")]).toEqual([0, 1]);
  });

  test("goes on when settings change that have nothing to do with it", async () => {
    const { path, secret } = await openTelegram();
    expect((await knock(path, told(secret, update("before")))).status).toBe(200);
    expect((await directoryOf(bindings).patchSettings({ commands: { guests: ["status"] } })).ok).toBe(true);
    expect((await knock(path, told(secret, update("afterwards")))).status).toBe(200);
    expect(await timesStored("afterwards")).toBe(1);
  });
});

async function openSlack(account: string, secret: string): Promise<void> {
  const kept = await directoryOf(bindings).setChannelKeys("slack", account, {
    SLACK_BOT_TOKEN: "xoxb-test",
    SLACK_SIGNING_SECRET: secret,
  });
  if (!kept.ok) throw new Error(kept.error.message);
}

async function slackHead(secret: string, at: number, body: string): Promise<Record<string, string>> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const code = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(`v0:${at}:${body}`)));
  const signature = `v0=${Array.from(code, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return { "content-type": "application/json", "x-slack-request-timestamp": String(at), "x-slack-signature": signature };
}
