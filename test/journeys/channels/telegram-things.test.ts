// Telegram beyond words: buttons, topics, files both ways, edits, reactions, polls, and a Telegram that cannot read the tags
// or is away for a minute. A started Skerry, a scripted model, and the Bot API on this machine.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Update } from "grammy/types";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { runCli } from "../../support/cli.ts";
import { type Skerry, startSkerry } from "../../support/runtime.ts";
import { TelegramServer } from "../../support/telegram/server.ts";
import { person, post, type TelegramPerson } from "../../support/telegram/updates.ts";
import { modelEnv, startTaughtModel, type TaughtModel } from "../../support/visit.ts";

const SECRET = "a-secret-that-only-telegram-knows";
const CLUB = -1_001_234_567_890;
const [STORAGE, REGATTA] = [77, 78];
const PATIENCE = { timeout: 30_000, interval: 20 };
/** A red dot, and a blue one. */
const PICTURES = [
  "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==",
  "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAEklEQVR42mNkYPhfz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC",
].map((text) => Buffer.from(text, "base64"));
/** The first page of an Ogg stream with Opus in it. */
const VOICE = Buffer.concat([
  Buffer.from("4f6767530002000000000000000001000000000000000113", "hex"),
  Buffer.from("00000000", "hex"),
  Buffer.from("OpusHead\u0001\u0001\u0038\u0001\u0080\u00bb\u0000\u0000\u0000\u0000\u0000", "latin1"),
]);

let home: string;
let telegram: TelegramServer;
let taught: TaughtModel;
let skerry: Skerry;
let olga: TelegramPerson;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "skerry-telegram-things-"));
  [telegram, taught] = await Promise.all([TelegramServer.start(), startTaughtModel()]);
  olga = person(telegram, 1001, "Olga");
  const env = {
    ...modelEnv(taught.model),
    SKERRY_MODEL: "anthropic/claude-opus-4-6",
    TELEGRAM_BOT_TOKEN: telegram.token,
    TELEGRAM_WEBHOOK_SECRET: SECRET,
    TELEGRAM_API_ROOT: telegram.url,
  };
  skerry = await startSkerry({ stateDir: join(home, "state"), env });
  const rules = { dmPolicy: "allowlist", allowFrom: ["1001"], ackReaction: "👀", groups: { [CLUB]: {} } };
  const ran = runCli(["config", "set", "channels.telegram", JSON.stringify(rules)], {
    env: { SKERRY_URL: skerry.url, SKERRY_TOKEN: skerry.token, SKERRY_STATE_DIR: skerry.stateDir },
  });
  expect(await ran.code, ran.err()).toBe(0);
});
afterAll(async () => {
  await skerry?.stop();
  await telegram?.stop();
  await taught?.model.stop();
  rmSync(home, { recursive: true, force: true });
});
afterEach(() => {
  taught.model.requests.length = 0;
  telegram.calls.length = 0;
});

/** Heard, as far as Telegram can tell. */
async function hear(update: Update): Promise<Response> {
  const answer = await post(`${skerry.url}/channels/telegram`, update, SECRET);
  expect(answer.status).toBe(200);
  return answer;
}

const requests = () => taught.model.requests;
const lastRequest = () => JSON.stringify(requests().at(-1)?.body["messages"]);
const isAsked = (words: string) => vi.waitFor(() => expect(lastRequest()).toContain(words), PATIENCE);
const shows = (chat: number, text: string) => vi.waitFor(() => expect(telegram.texts(chat).at(-1)).toBe(text), PATIENCE);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** What the model does with the message tool when these words are said, and what it says after it. */
const act = (words: string, args: Record<string, unknown>, say = "NO_REPLY") =>
  taught.teach(words, { tool: "message", args, say });
/** Where a file that came with a message lies for the agent. */
const pathOf = (stem: string, ending: string, bytes: Uint8Array) =>
  `attachments/${stem}-${createHash("sha256").update(bytes).digest("hex").slice(0, 6)}${ending}`;
const fileNamed = (path: string, bytes: Uint8Array) => telegram.addFile(path, bytes);

describe("buttons", () => {
  test("stand under the question; a press stops turning and says its word", async () => {
    act("book the ferry", { action: "send", text: "Shall I book it?", options: ["Yes", "No"] });
    taught.teach("Yes", { say: "Booked." });
    await hear(olga.writes("Please book the ferry"));
    await vi.waitFor(() => expect(telegram.shown(olga.chat).at(-1)?.buttons.flat()).toHaveLength(2), PATIENCE);
    const asked = telegram.shown(olga.chat).at(-1);
    expect(asked).toMatchObject({
      text: "Shall I book it?",
      buttons: [
        [
          { text: "Yes", callback_data: "Yes" },
          { text: "No", callback_data: "No" },
        ],
      ],
    });
    const pressed = olga.presses(asked?.id ?? 0, "Yes");
    const answer = (await (await hear(pressed)).json()) as Record<string, unknown>;
    expect(answer).toEqual({ method: "answerCallbackQuery", callback_query_id: pressed.callback_query?.id });
    await shows(olga.chat, "Booked.");
    await hear(pressed);
    await wait(700);
    expect(telegram.texts(olga.chat).filter((text) => text === "Booked.")).toHaveLength(1);
  });
});

describe("topics of a group", () => {
  const inTopic = (thread: number, text: string) =>
    olga.writes({ text: `@${telegram.bot.username} ${text}`, message_thread_id: thread, is_topic_message: true } as never, CLUB);
  const answerIn = (thread: number) =>
    telegram
      .shown(CLUB)
      .filter((one) => one.thread === thread)
      .at(-1)?.text;

  test("are talks of their own, each answered in its place", async () => {
    taught.teach("the slipway", { say: "The slipway is free in May." });
    taught.teach("the start", { say: "The start is at ten." });
    await hear(inTopic(STORAGE, "when is the slipway free?"));
    await vi.waitFor(() => expect(answerIn(STORAGE)).toBe("The slipway is free in May."), PATIENCE);
    await hear(inTopic(REGATTA, "when is the start?"));
    await vi.waitFor(() => expect(answerIn(REGATTA)).toBe("The start is at ten."), PATIENCE);
    expect(lastRequest()).toContain("when is the start?");
    expect(lastRequest()).not.toContain("slipway");
    await hear(inTopic(STORAGE, "and the slipway after that?"));
    await isAsked("after that?");
    expect(lastRequest()).toContain("The slipway is free in May.");
    expect(lastRequest()).not.toContain("at ten");
    for (const { params } of telegram.callsOf("sendChatAction", CLUB))
      expect([STORAGE, REGATTA]).toContain(params["message_thread_id"]);
  });
});

describe("files", () => {
  test("in: a document is read, and a voice message is named, to the model", async () => {
    const notes = Buffer.from("The mooring costs 40 a month.");
    await hear(
      olga.writes({
        caption: "What does it cost?",
        document: { ...fileNamed("documents/notes.txt", notes), file_name: "notes.txt", mime_type: "text/plain" },
      }),
    );
    await isAsked("The mooring costs 40 a month.");
    await shows(olga.chat, "Understood.");
    await hear(olga.writes({ voice: { ...fileNamed("voice/hello.oga", VOICE), duration: 3, mime_type: "audio/ogg" } }));
    await isAsked("hello.oga, audio/ogg");
    expect(lastRequest()).toContain(pathOf("hello", ".oga", VOICE));
  });

  test("out: a document that the agent wrote, under its name", async () => {
    taught.teach("write it down", { tool: "write", args: { path: "lists/packing.txt", content: "rope, lamp" }, say: "Written." });
    await hear(olga.writes("Please write it down"));
    await shows(olga.chat, "Written.");
    act("send me the list", { action: "send", text: "Here it is.", files: ["lists/packing.txt"] });
    await hear(olga.writes("Now send me the list"));
    await vi.waitFor(() => expect(telegram.shown(olga.chat).at(-1)?.kind).toBe("sendDocument"), PATIENCE);
    const [said, sent] = telegram.shown(olga.chat).slice(-2);
    expect(said?.text).toBe("Here it is.");
    expect(sent?.files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()])).toEqual([["packing.txt", "rope, lamp"]]);
  });

  test("out: a picture as a picture, two as an album, a voice message as one", async () => {
    const [red, blue] = PICTURES.map((bytes, index) => ({ bytes, name: ["red", "blue"][index] ?? "" }));
    if (!red || !blue) throw new Error("There are two pictures.");
    for (const { bytes, name } of [red, blue]) {
      const before = requests().length;
      await hear(
        olga.writes({
          caption: `Keep the ${name} one`,
          photo: [{ ...fileNamed(`photos/${name}.png`, bytes), width: 5, height: 5 }],
        }),
      );
      await vi.waitFor(() => expect(requests().length).toBeGreaterThan(before), PATIENCE);
    }
    const paths = [red, blue].map(({ bytes, name }) => pathOf(name, ".png", bytes));
    act("one picture back", { action: "send", files: [paths[0]] });
    await hear(olga.writes("Give me one picture back"));
    await vi.waitFor(() => expect(telegram.shown(olga.chat).at(-1)?.kind).toBe("sendPhoto"), PATIENCE);
    expect(Buffer.from(telegram.shown(olga.chat).at(-1)?.files[0]?.bytes ?? []).equals(red.bytes)).toBe(true);
    act("both pictures back", { action: "send", files: paths });
    await hear(olga.writes("Give me both pictures back"));
    await vi.waitFor(() => expect(telegram.shown(olga.chat).at(-1)?.kind).toBe("album:photo"), PATIENCE);
    const album = telegram.shown(olga.chat).slice(-2);
    expect(album.map(({ files }) => Buffer.from(files[0]?.bytes ?? []).toString("base64"))).toEqual(
      PICTURES.map((bytes) => bytes.toString("base64")),
    );
    expect(telegram.callsOf("sendMediaGroup", olga.chat)).toHaveLength(1);
    act("say it again", { action: "send", files: [pathOf("hello", ".oga", VOICE)], voice: true });
    await hear(olga.writes("Please say it again"));
    await vi.waitFor(() => expect(telegram.shown(olga.chat).at(-1)?.kind).toBe("sendVoice"), PATIENCE);
    expect(Buffer.from(telegram.shown(olga.chat).at(-1)?.files[0]?.bytes ?? []).equals(VOICE)).toBe(true);
  });
});

describe("what changes", () => {
  test("an edit asks for no answer, and comes along with what is said next", async () => {
    taught.teach("at nine", { say: "At nine, then." });
    const said = olga.writes("We meet at nine");
    await hear(said);
    await shows(olga.chat, "At nine, then.");
    const before = [telegram.shown(olga.chat).length, requests().length];
    await hear(olga.edits(said, "We meet at eleven"));
    await wait(1000);
    expect([telegram.shown(olga.chat).length, requests().length]).toEqual(before);
    await hear(olga.writes("When do we meet?"));
    await isAsked("When do we meet?");
    expect(lastRequest()).toContain(`changed their message ${said.message?.message_id}`);
    expect(lastRequest()).toContain("We meet at eleven");
    await shows(olga.chat, "Understood.");
  });

  test("reactions: seen while it works, taken away with the answer; set by the agent; told when a person sets one", async () => {
    taught.teach("a slow one", { say: "Slowly done.", delayMs: 1500 });
    const slow = olga.writes("This is a slow one");
    const id = slow.message?.message_id ?? 0;
    await hear(slow);
    await vi.waitFor(() => expect(telegram.reactions(olga.chat, id)).toEqual(["👀"]), PATIENCE);
    await shows(olga.chat, "Slowly done.");
    await vi.waitFor(() => expect(telegram.reactions(olga.chat, id)).toEqual([]), PATIENCE);
    act("you like it", { action: "react", emoji: "👍" }, "I do.");
    const liked = olga.writes("Show me that you like it");
    await hear(liked);
    await shows(olga.chat, "I do.");
    const asked = telegram
      .callsOf("setMessageReaction", olga.chat)
      .filter(({ params }) => params["message_id"] === liked.message?.message_id);
    expect(asked.map(({ params }) => JSON.stringify(params["reaction"]))).toContain('[{"type":"emoji","emoji":"👍"}]');
    const shown = telegram.shown(olga.chat).at(-1);
    await hear(olga.reacts(shown?.id ?? 0, "🔥"));
    await hear(olga.writes("Did you see that?"));
    await isAsked("Did you see that?");
    expect(lastRequest()).toContain(`Olga reacted 🔥 to message ${shown?.id}`);
    await shows(olga.chat, "Understood.");
  });

  test("a poll is put and a vote is told", async () => {
    act("ask them", { action: "poll", text: "Where to?", options: ["North", "South"] });
    await hear(olga.writes("Please ask them"));
    await vi.waitFor(() => expect(telegram.shown(olga.chat).at(-1)?.kind).toBe("sendPoll"), PATIENCE);
    const { poll } = telegram.shown(olga.chat).at(-1) ?? {};
    expect(poll).toMatchObject({ question: "Where to?", options: ["North", "South"] });
    expect(telegram.callsOf("sendPoll", olga.chat)[0]?.params["is_anonymous"]).toBe(false);
    await hear(olga.votes(poll?.id ?? "", [1]));
    await hear(olga.writes("Who won?"));
    await isAsked("Who won?");
    expect(lastRequest()).toContain(`Olga chose option 2 in the poll ${poll?.id}`);
    await shows(olga.chat, "Understood.");
  });
});

describe("in trouble", () => {
  test("Telegram cannot read the tags: the answer comes as plain text, whole and once", async () => {
    taught.teach("unreadable", { say: "A **bold** <word> & `code`." });
    const description = 'Bad Request: can\'t parse entities: Unsupported start tag "b" at byte offset 2';
    for (const method of ["sendMessage", "editMessageText"]) telegram.fail({ method, status: 400, description, times: 1 });
    const before = telegram.shown(olga.chat).length;
    await hear(olga.writes("Something unreadable"));
    await vi.waitFor(() => expect(telegram.shown(olga.chat)).toHaveLength(before + 1), PATIENCE);
    await wait(1500);
    const answers = telegram.shown(olga.chat).slice(before);
    expect(
      answers.map(({ text }) =>
        text
          .replace(/<\/?(b|code)>/g, "")
          .replace(/&lt;/g, "<")
          .replace(/&gt;/g, ">")
          .replace(/&amp;/g, "&"),
      ),
    ).toEqual(["A bold <word> & code."]);
    expect(
      telegram.calls.filter(({ status, params }) => status === 200 && params["parse_mode"] === undefined && "text" in params),
    ).not.toEqual([]);
  });

  test("Telegram is away for a minute: what was asked meanwhile is answered once it is back, in order and once", {
    timeout: 240_000,
  }, async () => {
    taught.teach("first question", { say: "First answer." });
    taught.teach("second question", { say: "Second answer." });
    await telegram.goDown();
    const from = Date.now();
    await hear(olga.writes("My first question"));
    await isAsked("My first question");
    await wait(20_000);
    await hear(olga.writes("My second question"));
    await wait(Math.max(0, 60_000 - (Date.now() - from)));
    await telegram.comeUp();
    await vi.waitFor(() => expect(telegram.texts(olga.chat).at(-1)).toBe("Second answer."), { timeout: 150_000, interval: 100 });
    await wait(2000);
    const answers = telegram.texts(olga.chat).filter((text) => /^(First|Second) answer\.$/.test(text));
    expect(answers).toEqual(["First answer.", "Second answer."]);
  });
});
