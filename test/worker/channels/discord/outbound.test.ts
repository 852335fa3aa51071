// What the house asks, done at a stand-in that refuses what Discord's published schemas refuse: interactions with their
// tokens, channels after that, and every way in which it may go wrong.
import { beforeEach, describe, expect, test } from "vitest";
import type { DeliveryAct } from "../../../../src/contract/channels/delivery.ts";
import type { Address } from "../../../../src/contract/message.ts";
import { discord } from "../../../../src/worker/channels/discord/discord.ts";
import { ANN, APP, CHANNEL, item, makeRig, NOW, type Rig } from "./rig.ts";

const MINUTE = 60_000;
const TOKEN = "the-token";
const until = String(NOW + 10 * MINUTE);
const room: Address = { channel: "discord", peer: CHANNEL, kind: "group" };
const asked: Address = { ...room, route: { token: TOKEN, until } };
const direct: Address = { channel: "discord", peer: ANN, kind: "direct", route: { channel: "dm1" } };
const hidden: Address = { channel: "discord", peer: ANN, kind: "direct", route: { token: TOKEN, until, hidden: "yes" } };

let rig: Rig;
beforeEach(() => {
  rig = makeRig();
});

function deliver(to: Address, act: DeliveryAct, id?: string) {
  return discord.deliver(item(to, act, id), rig.line);
}

function say(text: string, more: object = {}): DeliveryAct {
  return { type: "text", text, ...more };
}

/** The body of the last request that changed something. */
function lastBody() {
  return rig.discord.asked.findLast(({ method }) => method !== "GET")?.body;
}

async function post(to: Address, text: string): Promise<string> {
  const outcome = await deliver(to, say(text), `post:${text}`);
  return outcome.outcome === "sent" ? (outcome.platformId ?? "") : expect.fail(JSON.stringify(outcome));
}

describe("an interaction", () => {
  test("“is thinking” becomes the answer, what follows comes after it", async () => {
    const original = rig.discord.think(TOKEN);
    expect(await deliver(asked, say("**One**"))).toEqual({ outcome: "sent", platformId: original });
    const second = await deliver(asked, say("Two"), "turn_1:1");
    expect(second).toMatchObject({ outcome: "sent" });
    expect(rig.discord.in(TOKEN).map(({ body }) => body["content"])).toEqual(["**One**", "Two"]);
    expect(rig.discord.asked.some(({ headers }) => headers.has("authorization"))).toBe(false);
  });

  test("a draft grows in place and becomes the answer", async () => {
    const original = rig.discord.think(TOKEN);
    const draft = await deliver(asked, { type: "draft", text: "Wor" });
    expect(draft).toEqual({ outcome: "sent", platformId: original });
    expect(await deliver(asked, { type: "draft", text: "Working\n\n```ts\nlet", message: original })).toMatchObject({
      outcome: "sent",
    });
    expect(lastBody()?.["content"]).toBe("Working\n\n```ts\nlet\n```");
    expect(await deliver(asked, say("Done", { replaces: original }))).toEqual({ outcome: "sent", platformId: original });
    expect(rig.discord.in(TOKEN).map(({ body }) => body["content"])).toEqual(["Done"]);
  });

  test("an answer that is faster than the acknowledgement waits for it", async () => {
    rig.setNow(Number(until) - 15 * MINUTE + 1000);
    setTimeout(() => rig.discord.think(TOKEN), 700);
    expect(await deliver(asked, say("Quick"))).toMatchObject({ outcome: "sent" });
    expect(rig.discord.in(TOKEN).map(({ body }) => body["content"])).toEqual(["Quick"]);
  });

  test("after a quarter of an hour the bot writes by its own name", async () => {
    rig.discord.think(TOKEN);
    rig.setNow(Number(until) - 4000);
    expect(await deliver(asked, say("Late"))).toMatchObject({ outcome: "sent" });
    expect(rig.discord.in(CHANNEL).map(({ body }) => body["content"])).toEqual(["Late"]);
    expect(rig.discord.asked.at(-1)?.headers.get("authorization")).toBe("Bot bot-token");
  });

  test("a token that died early costs no answer", async () => {
    rig.discord.think(TOKEN);
    rig.discord.fail(/GET .*@original/, { status: 401, body: { code: 50027, message: "Invalid Webhook Token" } });
    expect(await deliver(asked, say("Still here"))).toMatchObject({ outcome: "sent" });
    expect(rig.discord.in(CHANNEL)).toHaveLength(1);
  });

  test("where only its sender sees it, everything stays so", async () => {
    rig.discord.think(TOKEN);
    await deliver(hidden, say("One"));
    await deliver(hidden, say("Two"), "turn_1:1");
    expect(rig.discord.in(TOKEN)[1]?.body["flags"]).toBe(64 | 4);
    expect(await deliver(hidden, { type: "typing" })).toEqual({ outcome: "sent" });
    expect(await deliver(hidden, { type: "react", message: "1", emoji: "👍" })).toMatchObject({
      outcome: "refused",
      reason: expect.stringMatching(/^Discord lets the bot do this only where it is a member/),
    });
    rig.setNow(Number(until) + MINUTE);
    await deliver(hidden, say("Later"), "turn_2:0");
    expect(rig.discord.in(`dm${ANN}`).map(({ body }) => body["content"])).toEqual(["Later"]);
  });
});

describe("in a channel", () => {
  test("nobody is called, no preview is made, the answer hangs on its question", async () => {
    await deliver(room, say("Hi @everyone <@1>", { replyTo: "1430001000004194304" }));
    expect(lastBody()).toEqual({
      content: "Hi \\@everyone \\<@1>",
      flags: 4,
      allowed_mentions: { parse: [] },
      message_reference: { message_id: "1430001000004194304", fail_if_not_exists: false },
      nonce: expect.stringMatching(/^[0-9a-f]{25}$/),
      enforce_nonce: true,
    });
  });

  test("a thread is written to by its own id", async () => {
    await deliver({ ...room, thread: "1100000000000000021" }, say("Here"));
    expect(rig.discord.in("1100000000000000021")).toHaveLength(1);
  });

  test("to a person: where they wrote from, else a talk is opened", async () => {
    await deliver(direct, say("a"));
    await deliver({ channel: "discord", peer: ANN }, say("b"), "x");
    expect(rig.discord.in("dm1")).toHaveLength(1);
    expect(rig.discord.in(`dm${ANN}`)).toHaveLength(1);
  });

  test("edit, delete, react, pin, typing", async () => {
    const id = await post(room, "first");
    expect(await deliver(room, { type: "edit", message: id, text: "second" })).toEqual({ outcome: "sent", platformId: id });
    expect(rig.discord.messages.get(id)?.body["content"]).toBe("second");
    expect(await deliver(room, { type: "react", message: id, emoji: "👍🏽" })).toEqual({ outcome: "sent" });
    expect(rig.discord.asked.at(-1)).toMatchObject({ method: "PUT", path: expect.stringContaining(encodeURIComponent("👍🏽")) });
    await deliver(room, { type: "react", message: id, emoji: "<:boat:1100000000000000401>" });
    expect(rig.discord.asked.at(-1)?.path).toContain("/reactions/boat%3A1100000000000000401/@me");
    expect(await deliver(room, { type: "pin", message: id, isPinned: true })).toEqual({ outcome: "sent" });
    expect(await deliver(room, { type: "pin", message: id, isPinned: false })).toEqual({ outcome: "sent" });
    expect(rig.discord.asked.slice(-2).map(({ method, path }) => `${method} ${path}`)).toEqual([
      `PUT /channels/${CHANNEL}/messages/pins/${id}`,
      `DELETE /channels/${CHANNEL}/messages/pins/${id}`,
    ]);
    expect(await deliver(room, { type: "typing" })).toEqual({ outcome: "sent" });
    expect(await deliver(room, { type: "delete", message: id })).toEqual({ outcome: "sent" });
    expect(await deliver(room, { type: "delete", message: id })).toEqual({ outcome: "sent" });
  });

  test("all of our reactions are taken away, nobody else's", async () => {
    const id = await post(room, "seen");
    const kept = rig.discord.messages.get(id);
    if (kept)
      kept.body["reactions"] = [
        { me: true, emoji: { id: null, name: "👀" } },
        { me: false, emoji: { id: null, name: "🎉" } },
        { me: true, emoji: { id: "1100000000000000401", name: "boat" } },
      ];
    expect(await deliver(room, { type: "react", message: id, emoji: null })).toEqual({ outcome: "sent" });
    const taken = rig.discord.asked.filter(({ method }) => method === "DELETE").map(({ path }) => path.split("/")[6]);
    expect(taken.map((name) => decodeURIComponent(name ?? ""))).toEqual(["👀", "boat:1100000000000000401"]);
  });

  test("threads: on a message, alone, and not in a direct talk", async () => {
    const id = await post(room, "topic");
    expect(await deliver(room, { type: "thread", name: "Plans", message: id })).toEqual({ outcome: "sent", platformId: id });
    expect(await deliver(room, { type: "thread", name: "x".repeat(120) })).toMatchObject({ outcome: "sent" });
    expect(String(lastBody()?.["name"])).toHaveLength(100);
    expect(await deliver(direct, { type: "thread", name: "Plans" })).toMatchObject({ outcome: "refused" });
  });

  test("polls, and what no poll can hold", async () => {
    expect(
      await deliver(room, { type: "poll", question: "Where?", options: ["Skye", "Mull"], isMultiple: true, durationS: 5400 }),
    ).toMatchObject({ outcome: "sent" });
    expect(lastBody()?.["poll"]).toMatchObject({
      duration: 2,
      allow_multiselect: true,
      answers: [{ poll_media: { text: "Skye" } }, {}],
    });
    const many = Array.from({ length: 11 }, (_, index) => `option ${index}`);
    expect(await deliver(room, { type: "poll", question: "Which?", options: many })).toMatchObject({ outcome: "refused" });
  });

  test("buttons: five in a row, the same value twice, and lists when there are too many", async () => {
    const button = (count: number) => Array.from({ length: count }, (_, index) => ({ label: `L${index}`, value: "same" }));
    expect(await deliver(room, say("pick", { buttons: [button(7)] }))).toMatchObject({ outcome: "sent" });
    const rows = lastBody()?.["components"] as { components: { custom_id: string }[] }[];
    expect(rows.map(({ components }) => components.length)).toEqual([5, 2]);
    const ids = rows.flatMap(({ components }) => components.map(({ custom_id }) => custom_id));
    expect(new Set(ids).size).toBe(7);
    expect(ids.every((id) => id.endsWith(":same"))).toBe(true);
    expect(await deliver(room, say("pick", { buttons: [button(40)] }), "x")).toMatchObject({ outcome: "sent" });
    expect(lastBody()?.["components"]).toMatchObject([
      { components: [{ type: 3, options: { length: 25 } }] },
      { components: [{ type: 3, options: { length: 15 } }] },
    ]);
  });

  test("a draft that is longer than a message shows its beginning", async () => {
    expect(await deliver(room, { type: "draft", text: "*_".repeat(900) })).toMatchObject({ outcome: "sent" });
    expect(String(lastBody()?.["content"]).length).toBeLessThanOrEqual(2000);
  });

  test("a draft that is gone becomes a new message", async () => {
    const outcome = await deliver(room, say("Done", { replaces: "1430001000004194304" }));
    expect(outcome).toMatchObject({ outcome: "sent" });
    expect(rig.discord.in(CHANNEL).map(({ body }) => body["content"])).toEqual(["Done"]);
  });

  test("a draft that was shown in answer to another interaction is still changed", async () => {
    const id = await post(room, "draft");
    rig.discord.think(TOKEN);
    expect(await deliver(asked, say("Done", { replaces: id }))).toEqual({ outcome: "sent", platformId: id });
  });
});

describe("files", () => {
  const media = (name: string, type: string) => ({ key: `k-${name}`, name, type, size: 4 });
  const bytes = (text: string) => new TextEncoder().encode(text);

  test("twelve files are two messages, the caption with the first", async () => {
    const files = Array.from({ length: 12 }, (_, index) => media(`f${index}.txt`, "text/plain"));
    for (const { key } of files) rig.stored.set(key, bytes("abcd"));
    expect(await deliver(room, { type: "media", media: files, caption: "**Here**" })).toMatchObject({ outcome: "sent" });
    expect(rig.discord.in(CHANNEL).map(({ files: sent, body }) => [sent.length, body["content"]])).toEqual([
      [10, "**Here**"],
      [2, undefined],
    ]);
  });

  test("with an interaction they come in the place of “is thinking”", async () => {
    const original = rig.discord.think(TOKEN);
    rig.stored.set("k-a.png", bytes("abcd"));
    expect(await deliver(asked, { type: "media", media: [media("a.png", "image/png")] })).toEqual({
      outcome: "sent",
      platformId: original,
    });
    expect(rig.discord.in(TOKEN)[0]?.files).toEqual(["a.png"]);
  });

  test("a caption that is too long goes ahead", async () => {
    rig.stored.set("k-a.png", bytes("abcd"));
    const caption = "A sentence of this caption. ".repeat(100);
    await deliver(room, { type: "media", media: [media("a.png", "image/png")], caption });
    const sent = rig.discord.in(CHANNEL);
    expect(sent.map(({ files }) => files.length)).toEqual([0, 1]);
    expect(
      sent
        .map(({ body }) => body["content"])
        .join(" ")
        .replace(/\s+/g, ""),
    ).toBe(caption.replace(/\s+/g, ""));
  });

  test("a recording becomes a voice message with its length, or a file where that is not allowed", async () => {
    rig.stored.set("k-v.ogg", oggOf(3.5));
    const act: DeliveryAct = { type: "media", media: [media("v.ogg", "audio/ogg")], isVoice: true };
    expect(await deliver(room, act)).toMatchObject({ outcome: "sent" });
    expect(lastBody()).toMatchObject({ flags: 8192, attachments: [{ duration_secs: 3.5, waveform: expect.any(String) }] });
    rig.discord.fail(/POST .*messages/, { status: 403, body: { code: 50013, message: "Missing Permissions" } });
    expect(await deliver(room, act, "turn_2:0")).toMatchObject({ outcome: "sent" });
    expect(lastBody()?.["flags"]).toBeUndefined();
    expect(rig.discord.in(CHANNEL).at(-1)?.files).toEqual(["v.ogg"]);
  });

  test("a file that is not stored any more is said by name", async () => {
    expect(await deliver(room, { type: "media", media: [media("lost.pdf", "application/pdf")] })).toEqual({
      outcome: "refused",
      reason: "The file lost.pdf is no longer stored.",
    });
  });

  test("a file that was sent is fetched from Discord's own hosts alone", async () => {
    rig.line.fetch = async (input) =>
      String(input).includes("gone")
        ? new Response(null, { status: 404 })
        : new Response("bytes", { headers: { "content-length": "5" } });
    const fetched = await discord.fetchMedia?.(
      { handle: "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1", kind: "image" },
      rig.line,
    );
    expect(fetched?.ok && new TextDecoder().decode(fetched.value.bytes)).toBe("bytes");
    const gone = await discord.fetchMedia?.({ handle: "https://cdn.discordapp.com/gone", kind: "image" }, rig.line);
    expect(gone).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    for (const handle of [
      "https://cdn.discordapp.com.evil.example/a",
      "https://evil.example/?cdn.discordapp.com",
      "file:///etc/passwd",
      "x",
    ]) {
      expect(await discord.fetchMedia?.({ handle, kind: "file" }, rig.line)).toMatchObject({
        ok: false,
        error: { code: "INVALID_REQUEST" },
      });
    }
  });
});

describe("when it goes wrong", () => {
  test("too many requests: later, as long as Discord says", async () => {
    rig.discord.fail(/POST/, {
      status: 429,
      body: { message: "You are being rate limited.", retry_after: 1.337, global: false },
    });
    expect(await deliver(room, say("x"))).toMatchObject({ outcome: "unanswered", retryAfterMs: 1337 });
    rig.discord.fail(/POST/, { status: 429, headers: { "retry-after": "7" } });
    expect(await deliver(room, say("x"))).toMatchObject({ outcome: "unanswered", retryAfterMs: 7000 });
  });

  test("a message whose answer was lost is asked for again at once, and is one message", async () => {
    rig.discord.fail(/POST/, "break-after");
    expect(await deliver(room, say("once"))).toMatchObject({ outcome: "sent" });
    expect(rig.discord.in(CHANNEL)).toHaveLength(1);
  });

  test("lost twice: it may have been sent", async () => {
    rig.discord.fail(/POST/, "break-after");
    rig.discord.fail(/POST/, "break-after");
    expect(await deliver(room, say("once"))).toMatchObject({ outcome: "unknown" });
  });

  test("the answer to an interaction whose fate is not known is not repeated", async () => {
    rig.discord.think(TOKEN);
    rig.discord.fail(/PATCH .*@original/, "break-after");
    expect(await deliver(asked, say("x"))).toMatchObject({ outcome: "unknown" });
    expect(rig.discord.in(TOKEN)).toHaveLength(1);
    expect(rig.discord.in(CHANNEL)).toHaveLength(0);
  });

  test("nothing was asked for yet: tried again", async () => {
    rig.discord.think(TOKEN);
    rig.discord.fail(/GET .*@original/, "break");
    expect(await deliver(asked, say("x"))).toMatchObject({ outcome: "unanswered" });
    const id = await post(room, "y");
    rig.discord.fail(/PATCH/, "break");
    expect(await deliver(room, { type: "edit", message: id, text: "z" })).toMatchObject({ outcome: "unanswered" });
  });

  test.each([
    [500, "unanswered"],
    [502, "unanswered"],
    [504, "unknown"],
  ])("Discord's own trouble, twice in a row: %i is %s", async (status, outcome) => {
    rig.discord.fail(/POST/, { status });
    rig.discord.fail(/POST/, { status });
    expect(await deliver(room, say("x"))).toMatchObject({ outcome });
  });

  test.each([
    [401, 0, /token/],
    [403, 50001, /cannot see this channel/],
    [403, 50007, /takes no direct messages/],
    [403, 50013, /lacks a permission/],
    [404, 10003, /channel is gone/],
    [400, 40005, /larger/],
  ])("refused with words for its owner: %i/%i", async (status, code, words) => {
    rig.discord.fail(/POST/, { status, body: { code, message: "No" } });
    expect(await deliver(room, say("x"))).toEqual({ outcome: "refused", reason: expect.stringMatching(words) });
  });

  test("what Discord complains about in a form is passed on", async () => {
    const errors = { content: { _errors: [{ code: "BASE_TYPE_MAX_LENGTH", message: "Must be 2000 or fewer in length." }] } };
    rig.discord.fail(/POST/, { status: 400, body: { code: 50035, message: "Invalid Form Body", errors } });
    expect(await deliver(room, say("x"))).toEqual({
      outcome: "refused",
      reason: "400: Invalid Form Body: Must be 2000 or fewer in length.",
    });
  });

  test("a page of HTML instead of an answer is no crash", async () => {
    rig.line.fetch = async () => new Response("<html>", { status: 403, headers: { "content-type": "text/html" } });
    expect(await deliver(room, say("x"))).toMatchObject({ outcome: "refused" });
  });
});

test("earlier messages are read back, oldest first", async () => {
  await post(room, "one");
  await post(room, "two");
  for (const kept of rig.discord.in(CHANNEL)) {
    kept.body["author"] = { id: APP, username: "skerry", global_name: null };
    kept.body["timestamp"] = "2025-10-21T06:00:00.000000+00:00";
  }
  const read = await discord.read?.(room, 20, rig.line);
  expect(read).toMatchObject({ ok: true, value: [{ text: "one", author: "skerry", at: NOW - 40 * MINUTE }, { text: "two" }] });
  rig.discord.fail(/GET/, { status: 403, body: { code: 50001, message: "Missing Access" } });
  expect(await discord.read?.(room, 20, rig.line)).toMatchObject({ ok: false, error: { code: "FORBIDDEN" } });
});

describe("a thread is read back", () => {
  const THREAD = "1100000000000000021";
  const at: Address = { ...room, thread: THREAD };
  const by = (id: string, username: string, more: object = {}) => ({ author: { id, username, global_name: null, ...more } });
  const said = (id: string, content: string, more: object = {}) => ({
    id,
    content,
    timestamp: "2025-10-21T06:00:00.000000+00:00",
    ...by(ANN, "ann"),
    ...more,
  });
  /** What Discord hands out by path: a list, newest first, or one message. */
  const stands = (pages: Record<string, unknown>) => {
    const asked: string[] = [];
    rig.line.fetch = async (input) => {
      const { pathname, searchParams } = new URL(new Request(input as string).url);
      const path = pathname.replace("/api/v10/channels/", "");
      asked.push(path);
      const page = pages[path];
      if (page === undefined) return Response.json({ code: 10008, message: "Unknown Message" }, { status: 404 });
      return Response.json(Array.isArray(page) ? page.slice(0, Number(searchParams.get("limit"))) : page);
    };
    return asked;
  };
  const read = async (limit: number) => {
    const answer = await discord.read?.(at, limit, rig.line);
    return answer?.ok ? answer.value : expect.fail(JSON.stringify(answer));
  };
  const root = said(THREAD, "The question");
  const starter = said("1100000000000000040", "", { type: 21, referenced_message: root });
  const ours = said("1100000000000000041", "The answer", by(APP, "skerry", { bot: true }));
  const hook = said("1100000000000000042", "", {
    ...by("77", "CI", { bot: true }),
    webhook_id: "77",
    embeds: [{ title: "Red" }],
  });
  const file = said("1100000000000000043", "", {
    attachments: [{ id: "1", filename: "map.png", size: 1, url: "https://x.test/map.png" }],
  });

  test("with the message it hangs on, and whose words they are", async () => {
    const asked = stands({ [`${THREAD}/messages`]: [file, hook, ours, starter] });
    expect(await read(20)).toMatchObject([
      { platformId: THREAD, author: "ann", authorId: ANN, text: "The question" },
      { authorId: APP, isOurs: true, text: "The answer" },
      { authorId: "77", isFromBot: true, text: "Red" },
      { authorId: ANN, text: "[file map.png]" },
    ]);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ["beside it", CHANNEL],
    ["first in it, as in a forum", THREAD],
  ])("also when that stands %s and the thread is long", async (_where, channel) => {
    stands({ [`${THREAD}/messages`]: [file, hook, ours, starter], [`${channel}/messages/${THREAD}`]: root });
    expect((await read(3)).map(({ text }) => text)).toEqual(["The question", "Red", "[file map.png]"]);
  });

  test("a thread that hangs on nothing is its latest messages", async () => {
    stands({ [`${THREAD}/messages`]: [file, hook, ours] });
    expect((await read(2)).map(({ text }) => text)).toEqual(["Red", "[file map.png]"]);
  });
});

function oggOf(seconds: number): Uint8Array<ArrayBuffer> {
  const page = new Uint8Array(64);
  page.set(new TextEncoder().encode("OggS"), 10);
  new DataView(page.buffer).setBigInt64(16, BigInt(seconds * 48_000), true);
  return page;
}
