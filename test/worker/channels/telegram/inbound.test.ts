// Telegram's updates: who may have sent them, and what each kind says.
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { textOf } from "../../../../src/contract/message.ts";
import { telegram } from "../../../../src/worker/channels/telegram/telegram.ts";
import { FOLDER, posted, recorded, SECRET, telegramLine } from "./telegram-line.ts";

const line = telegramLine();
const NAMES = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ""));

async function read(name: string) {
  const post = posted(recorded(name));
  expect(await telegram.prove(post, line)).toEqual({ ok: true });
  return telegram.translate(post, line);
}

async function readOne(name: string) {
  const [first, ...more] = (await read(name)).inbound;
  if (!first || more.length > 0) throw new Error(`${name} is not one message`);
  return { ...first, text: textOf(first.message.parts) };
}

describe("an update of Telegram is refused", () => {
  const text = recorded("private");
  it.each([
    ["without its secret", posted(text, null), /no secret/],
    ["with an empty secret", posted(text, ""), /another one/],
    ["with another secret", posted(text, "guessed"), /another one/],
    ["with the beginning of the secret", posted(text, SECRET.slice(0, -1)), /another one/],
    ["with more than the secret", posted(text, `${SECRET}x`), /another one/],
    ["by another method", { ...posted(text), method: "GET" }, /no POST/],
  ])("%s", async (_name, post, reason) => {
    expect(await telegram.prove(post, line)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it("when no secret is known", async () => {
    const open = telegramLine({ keys: { TELEGRAM_WEBHOOK_SECRET: "" } });
    expect(await telegram.prove(posted(text, ""), open)).toMatchObject({ ok: false });
  });

  it.each(["", "{", "[]", '"x"', "null", "{}", '{"update_id":"7"}'])("as not its format: %s", async (noise) => {
    await expect(telegram.translate(posted(noise), line)).rejects.toBeInstanceOf(SyntaxError);
  });
});

describe("every recorded update", () => {
  it.each(NAMES)("%s is proved, read the same each time, and carries the update's id", async (name) => {
    const { inbound } = await read(name);
    const id = `telegram:default:${JSON.parse(recorded(name)).update_id}`;
    for (const { message } of inbound) {
      expect(message.id).toBe(id);
      expect(message.sender).toMatchObject({ id: expect.stringMatching(/^\d+$/), isOwner: false });
      expect(message.from.channel).toBe("telegram");
      expect(textOf(message.parts) !== "" || message.attachments !== undefined).toBe(true);
    }
    expect((await read(name)).inbound.map(({ message }) => message.id)).toEqual(inbound.map(({ message }) => message.id));
  });
});

describe("what Telegram says", () => {
  it("is a message of its sender", async () => {
    expect(await readOne("private")).toMatchObject({
      kind: "message",
      text: "Does the ferry run on Sunday?",
      message: {
        from: { channel: "telegram", peer: "5550001001", kind: "direct" },
        sender: { id: "5550001001", name: "Ann Example" },
        platformId: "411",
        sentAt: 1_763_900_411_000,
      },
    });
    expect((await readOne("private")).message.isToUs).toBeUndefined();
  });

  it("is heard by the account it was posted to", async () => {
    const { inbound } = await telegram.translate(posted(recorded("private")), telegramLine({ account: "work" }));
    expect(inbound[0]?.message).toMatchObject({ id: expect.stringMatching(/^telegram:work:/), from: { account: "work" } });
  });

  it.each([
    ["command", "/export-session now"],
    ["start", "/start"],
    ["group-mention", "who waters the roses?"],
    ["location", "[location: 54.323293, 10.122765]"],
    ["location-live", "[live location: 54.323293, 10.122765]"],
    ["venue", "[place: Old Pier, 1 Quay Street (54.323293, 10.122765)]"],
    ["contact", "[contact: Bob Builder, +15550100]"],
    ["dice", "[dice 🎲: 4]"],
    ["poll", "[poll: Where do we sail? — North / South]"],
    ["sticker", "[sticker ⛵ of BoatsAtSea]"],
    ["sticker-moving", "[sticker 🌊 of BoatsAtSea]"],
    ["forwarded-person", "[forwarded from Bob]\nMeet me at ten"],
    ["forwarded-hidden", "[forwarded from Somebody Quiet]\nDo not tell"],
    ["forwarded-channel", "[forwarded from Harbour news]\nPier two is closed."],
    ["forwarded-group", "[forwarded from Harbour]\nRules of the harbour"],
  ])("in a %s", async (name, text) => {
    expect(await readOne(name)).toMatchObject({ kind: "message", text });
  });

  it.each([
    ["edit", "[Ann Example changed their message 411; it now says:]\nDoes the ferry run on Sunday and Monday?"],
    ["edit-caption", /it now says:\]\nRoses, in bloom$/],
    ["reaction", "[Ann Example reacted 👍 to message 440]"],
    ["reaction-changed", "[Bob reacted (custom emoji) to message 441]"],
    ["reaction-removed", "[Ann Example took their reaction away from message 440]"],
    ["poll-answer", "[Ann Example chose option 2 in the poll 5310200300400500600]"],
    ["poll-answer-taken-back", "[Ann Example took their vote back in the poll 5310200300400500600]"],
    ["added", "[You were added here by Bob]"],
    ["made-administrator", "[You were made an administrator here by Bob]"],
    ["blocked", "[You were removed or blocked here by Ann Example]"],
    ["joined", "[Ann Example joined]"],
    ["left", "[Bob left]"],
    ["renamed", "[The group is now called Rose garden]"],
    ["became-supergroup", "[The group became a supergroup: its id is now -1001234567892]"],
    ["pinned", "[A message was pinned]"],
    ["topic-created", "[The topic Regatta was opened]"],
  ])("of a %s is something to know, not to answer", async (name, text) => {
    expect(await readOne(name)).toMatchObject({
      kind: "notice",
      text: text instanceof RegExp ? expect.stringMatching(text) : text,
    });
  });

  it.each([
    "own",
    "channel-post",
    "poll-state",
    "inline-query",
    "callback-game",
    "reaction-anonymous",
    "unknown-kind",
    "unknown-update",
  ])("in a %s is nothing to us, and no error", async (name) => {
    expect((await read(name)).inbound).toEqual([]);
  });
});

describe("in a group", () => {
  it.each([
    ["group", false],
    ["group-mention", true],
    ["photo-mention", true],
    ["group-command-of-another", false],
    ["supergroup-reply", true],
    ["reply-to-person", false],
    ["topic", true],
    ["topic-general", true],
  ])("%s is for the assistant: %s", async (name, isToUs) => {
    expect((await readOne(name)).message).toMatchObject({ isToUs, from: { kind: "group" } });
  });

  it("a topic is a place of its own; nobody answered the message that opened it", async () => {
    const { message } = await readOne("topic");
    expect(message.from).toEqual({ channel: "telegram", peer: "-1001234567890", kind: "group", thread: "77" });
    expect(message.placeName).toBe("Sailing club");
    expect(message.quoted).toBeUndefined();
  });

  it("the general topic and a thread of replies are the group itself", async () => {
    for (const name of ["topic-general", "supergroup-reply"]) expect((await readOne(name)).message.from.thread).toBeUndefined();
  });

  it("another bot is told apart", async () => {
    expect((await readOne("another-bot")).message).toMatchObject({ isFromBot: true });
    expect((await readOne("group")).message.isFromBot).toBeUndefined();
  });
});

describe("what is answered", () => {
  it("comes along, with who said it", async () => {
    expect((await readOne("reply")).message.quoted).toEqual({
      platformId: "400",
      text: "The first boat leaves at nine, the last at six.",
      author: "Skerry",
      isOurs: true,
    });
    expect((await readOne("reply-to-person")).message.quoted).toMatchObject({ author: "Bob", isOurs: false });
  });

  it("is the part that was marked", async () => {
    expect((await readOne("quote")).message.quoted).toMatchObject({ text: "the last at six", isOurs: true });
  });

  it("may stand in another chat", async () => {
    expect((await readOne("quote-elsewhere")).message.quoted).toEqual({
      platformId: "55",
      text: "Pier two is closed.",
      author: "Harbour news",
      isOurs: false,
    });
  });
});

describe("a file", () => {
  it.each([
    ["photo", { kind: "image", handle: "AgACAgIAAxkBAAIBm2jxlargeAAE", size: 164_210 }],
    ["voice", { kind: "voice", type: "audio/ogg", durationS: 4, size: 16_210 }],
    ["audio", { kind: "audio", name: "shanty.mp3", type: "audio/mpeg", durationS: 183 }],
    ["video", { kind: "video", name: "harbour.mp4", type: "video/mp4" }],
    ["video-note", { kind: "video", durationS: 6 }],
    ["animation", { kind: "video", name: "wave.mp4" }],
    ["document", { kind: "file", name: "lease.pdf", type: "application/pdf", size: 48_211 }],
    ["sticker", { kind: "sticker" }],
  ])("of a %s stays at Telegram, named", async (name, attachment) => {
    const { message } = await readOne(name);
    expect(message.attachments).toHaveLength(1);
    expect(message.attachments?.[0]).toMatchObject(attachment);
  });

  it("of a sticker that moves is none", async () => {
    expect((await readOne("sticker-moving")).message.attachments).toBeUndefined();
  });

  it("keeps its words, marks and all", async () => {
    expect((await readOne("photo")).text).toBe("What flower is *this*?");
    expect((await readOne("voice")).text).toBe("");
  });
});

describe("what is one", () => {
  it("says so: the pictures of an album, the parts of a long text", async () => {
    const [one, other] = await Promise.all([readOne("album-1"), readOne("album-2")]);
    expect(one.message.joinAs).toBe("14100200300400500");
    expect(other.message.joinAs).toBe(one.message.joinAs);
    expect((await readOne("long-part")).message.joinAs).toBe("long:5550001001");
    expect((await readOne("private")).message.joinAs).toBeUndefined();
  });
});

describe("a pressed button", () => {
  it("says its word in the place it stands in, and stops turning", async () => {
    const { inbound, reply } = await read("callback");
    expect(inbound).toMatchObject([
      { kind: "message", message: { from: { peer: "5550001001", kind: "direct" }, parts: [{ type: "text", text: "book:yes" }] } },
    ]);
    expect(await reply?.([]).json()).toEqual({ method: "answerCallbackQuery", callback_query_id: "2383700123456789" });
    expect((await readOne("callback-in-topic")).message).toMatchObject({
      from: { peer: "-1001234567890", thread: "77", kind: "group" },
      sender: { id: "5550001002" },
      isToUs: true,
    });
  });

  it("of a message that Telegram no longer shows still counts", async () => {
    expect(await readOne("callback-too-old")).toMatchObject({ kind: "message", text: "book:yes" });
  });

  it("of a game is answered and says nothing", async () => {
    expect(await (await read("callback-game")).reply?.([]).json()).toMatchObject({ method: "answerCallbackQuery" });
  });
});
