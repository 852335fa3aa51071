// What the house asks, done at a server that writes down what Slack would be asked; and what becomes of it when Slack says
// no, says nothing, or may have done it.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DeliveryAct, DeliveryOutcome } from "../../../../src/contract/channels/delivery.ts";
import type { Address } from "../../../../src/contract/message.ts";
import { slack } from "../../../../src/worker/channels/slack/slack.ts";
import { type Play, type SlackServer, slackLine, startSlack } from "../../../support/slack.ts";

const ROOM: Address = { channel: "slack", peer: "C0TOWN", kind: "group" };
const THREAD: Address = { ...ROOM, thread: "1.1" };
const ANN: Address = { channel: "slack", peer: "U0ANN", kind: "direct", route: { channel: "D0ANN" } };
const ok = () => ({ ok: true });
const posted = () => ({ ok: true, ts: "9.9", channel: "C0TOWN" });
const says =
  (error: string, more: object = {}) =>
  () => ({ ok: false, error, ...more });

let server: SlackServer;
let line: ReturnType<typeof slackLine>;
beforeEach(async () => {
  server = await startSlack();
  line = slackLine(server.base);
});
afterEach(() => server.stop());

function deliver(act: DeliveryAct, to: Address = ROOM): Promise<DeliveryOutcome> {
  return slack.deliver({ id: "turn:0", sessionKey: "s", agentId: "main", runId: "r", part: 0, to, act }, line);
}

/** What Slack was asked to do, without what only asks who somebody is. */
function acts(): [string, Record<string, string>][] {
  return server.acts().map(({ method, args }) => [method, args]);
}

function play(play: Play): void {
  server.play = play;
}

describe("a text", () => {
  it("is posted in Slack's marks, without previews of its links", async () => {
    play({ "chat.postMessage": posted });
    expect(await deliver({ type: "text", text: "**Hi** <!channel> [x](https://example.com)" })).toEqual({
      outcome: "sent",
      platformId: "9.9",
    });
    expect(acts()).toEqual([
      [
        "chat.postMessage",
        {
          channel: "C0TOWN",
          text: "*Hi* &lt;!channel&gt; <https://example.com|x>",
          unfurl_links: "false",
          unfurl_media: "false",
        },
      ],
    ]);
    expect(server.asked[0]?.authorization).toMatch(/^Bearer xoxb-test-/);
  });

  it("goes to its thread, or to one below the message it answers", async () => {
    play({ "chat.postMessage": posted });
    await deliver({ type: "text", text: "a", replyTo: "2.2" }, THREAD);
    await deliver({ type: "text", text: "b", replyTo: "2.2" });
    expect(acts().map(([, args]) => args["thread_ts"])).toEqual(["1.1", "2.2"]);
  });

  it("goes to a person's room, which is asked for once when nobody knows it", async () => {
    play({ "chat.postMessage": posted });
    await deliver({ type: "text", text: "a" }, ANN);
    const { route: _route, ...unknown } = ANN;
    await deliver({ type: "text", text: "b" }, unknown);
    await deliver({ type: "text", text: "c" }, unknown);
    expect(acts().map(([, args]) => args["channel"])).toEqual(["D0ANN", "D0ANN", "D0ANN"]);
    expect(server.asked.filter(({ method }) => method === "conversations.open")).toHaveLength(1);
  });

  it("has its buttons in blocks, each with a value of its own", async () => {
    play({ "chat.postMessage": posted });
    const buttons = [
      [
        { label: "Yes", value: "y" },
        { label: "", value: "no" },
      ],
      [{ label: "L".repeat(90), value: "l" }],
    ];
    await deliver({ type: "text", text: "**Sure?**", buttons });
    const blocks = JSON.parse(acts()[0]?.[1]["blocks"] ?? "[]");
    expect(blocks[0]).toEqual({ type: "section", text: { type: "mrkdwn", text: "*Sure?*" } });
    const pressed = blocks
      .slice(1)
      .flatMap((block: { elements: { text: { text: string }; value: string; action_id: string }[] }) =>
        block.elements.map((one) => [one.text.text, one.value, one.action_id]),
      );
    expect(pressed).toEqual([
      ["Yes", "y", "0-0"],
      ["no", "no", "0-1"],
      ["L".repeat(75), "l", "1-0"],
    ]);
  });

  it("with buttons is cut into sections that Slack takes", async () => {
    play({ "chat.postMessage": posted });
    await deliver({ type: "text", text: "word & ".repeat(500).trim(), buttons: [[{ label: "Yes", value: "y" }]] });
    const blocks = JSON.parse(acts()[0]?.[1]["blocks"] ?? "[]") as { type: string; text?: { text: string } }[];
    expect(blocks.map(({ type }) => type)).toEqual(["section", "section", "actions"]);
    for (const { text } of blocks) expect(text?.text.length ?? 0).toBeLessThanOrEqual(3000);
  });

  it("comes without blocks when Slack refuses them, its buttons in words", async () => {
    play({ "chat.postMessage": (args) => (args["blocks"] ? { ok: false, error: "invalid_blocks" } : posted()) });
    expect(await deliver({ type: "text", text: "Sure?", buttons: [[{ label: "Yes", value: "y" }]] })).toMatchObject({
      outcome: "sent",
    });
    expect(acts()[1]?.[1]).toMatchObject({ text: "Sure?\n\n• Yes" });
    expect(acts()[1]?.[1]).not.toHaveProperty("blocks");
  });

  it("takes the place of its draft", async () => {
    play({ "chat.update": ok });
    expect(await deliver({ type: "text", text: "**done**", replaces: "5.5" })).toEqual({ outcome: "sent", platformId: "5.5" });
    expect(acts()).toEqual([["chat.update", { channel: "C0TOWN", ts: "5.5", text: "*done*", parse: "none" }]]);
  });

  it.each(["message_not_found", "cant_update_message", "edit_window_closed"])(
    "is a new message when its draft is gone: %s",
    async (error) => {
      play({ "chat.update": says(error), "chat.postMessage": posted });
      expect(await deliver({ type: "text", text: "done", replaces: "5.5" })).toEqual({ outcome: "sent", platformId: "9.9" });
    },
  );

  it("answers a slash command where the bot is no member, at the address that came with it", async () => {
    play({ "chat.postMessage": says("not_in_channel"), "commands/1": ok });
    const to = { ...ROOM, route: { answerAt: `${server.base.replace("/api", "")}/commands/1` } };
    expect(await deliver({ type: "text", text: "**Hi**" }, to)).toEqual({ outcome: "sent" });
    expect(acts()[1]).toEqual(["commands/1", { response_type: "in_channel", text: "*Hi*" }]);
    expect(server.asked[1]?.authorization).toBeUndefined();
  });

  it("is refused there when that address is no longer good, or none of Slack's", async () => {
    play({ "chat.postMessage": says("not_in_channel"), "commands/1": () => ({ status: 404 }) });
    for (const answerAt of [`${server.base.replace("/api", "")}/commands/1`, "https://example.com/commands/1"]) {
      const outcome = await deliver({ type: "text", text: "Hi" }, { ...ROOM, route: { answerAt } });
      expect(outcome).toEqual({ outcome: "refused", reason: expect.stringMatching(/invite it there.*not_in_channel/) });
    }
  });
});

describe("other acts", () => {
  it.each<[DeliveryAct, string, Record<string, string>]>([
    [{ type: "edit", message: "5.5", text: "*new*" }, "chat.update", { ts: "5.5", text: "_new_" }],
    [{ type: "delete", message: "5.5" }, "chat.delete", { ts: "5.5" }],
    [{ type: "react", message: "5.5", emoji: "👍" }, "reactions.add", { timestamp: "5.5", name: "+1" }],
    [{ type: "react", message: "5.5", emoji: "👍🏽" }, "reactions.add", { name: "+1::skin-tone-4" }],
    [{ type: "react", message: "5.5", emoji: "🤔" }, "reactions.add", { name: "thinking_face" }],
    [{ type: "react", message: "5.5", emoji: "❤️" }, "reactions.add", { name: "heart" }],
    [{ type: "react", message: "5.5", emoji: ":our-boat:" }, "reactions.add", { name: "our-boat" }],
    [{ type: "react", message: "5.5", emoji: "no emoji" }, "reactions.add", { name: "eyes" }],
    [{ type: "pin", message: "5.5", isPinned: true }, "pins.add", { timestamp: "5.5" }],
    [{ type: "pin", message: "5.5", isPinned: false }, "pins.remove", { timestamp: "5.5" }],
  ])("%j is %s", async (act, method, args) => {
    play({ [method]: ok });
    expect((await deliver(act)).outcome).toBe("sent");
    expect(acts()).toEqual([[method, expect.objectContaining({ channel: "C0TOWN", ...args })]]);
  });

  it("shows in a thread that it writes, and says that it cannot elsewhere", async () => {
    play({ "assistant.threads.setStatus": ok });
    expect((await deliver({ type: "typing" }, THREAD)).outcome).toBe("sent");
    expect(acts()).toEqual([
      ["assistant.threads.setStatus", { channel_id: "C0TOWN", thread_ts: "1.1", status: expect.stringMatching(/^is /) }],
    ]);
    expect(await deliver({ type: "typing" })).toEqual({ outcome: "refused", reason: expect.stringContaining("threads") });
  });

  it("opens a thread below a message, which needs nothing, or below a new one", async () => {
    play({ "chat.postMessage": posted });
    expect(await deliver({ type: "thread", name: "Boats", message: "5.5" })).toEqual({ outcome: "sent", platformId: "5.5" });
    expect(acts()).toEqual([]);
    expect(await deliver({ type: "thread", name: "Boats" })).toEqual({ outcome: "sent", platformId: "9.9" });
  });

  it("says that there are no polls", async () => {
    const outcome = await deliver({ type: "poll", question: "?", options: ["a", "b"] });
    expect(outcome).toEqual({ outcome: "refused", reason: expect.stringContaining("no polls") });
    expect(server.asked).toEqual([]);
  });

  it("takes its own reactions away and nobody else's", async () => {
    const reactions = [
      { name: "eyes", users: ["U0ANN", "U0BOT"], count: 2 },
      { name: "tada", users: ["U0ANN"], count: 1 },
      { name: "+1", users: ["U0BOT"], count: 1 },
    ];
    play({ "reactions.get": () => ({ ok: true, message: { reactions } }), "reactions.remove": ok });
    expect((await deliver({ type: "react", message: "5.5", emoji: null })).outcome).toBe("sent");
    expect(acts().flatMap(([method, args]) => (method === "reactions.remove" ? [args["name"]] : []))).toEqual(["eyes", "+1"]);
  });

  it("reacts with eyes when the workspace does not have the emoji", async () => {
    play({ "reactions.add": ({ name }) => (name === "eyes" ? { ok: true } : { ok: false, error: "invalid_name" }) });
    expect((await deliver({ type: "react", message: "5.5", emoji: ":nowhere:" })).outcome).toBe("sent");
  });

  it.each<[DeliveryAct, string, string]>([
    [{ type: "react", message: "5.5", emoji: "👍" }, "reactions.add", "already_reacted"],
    [{ type: "pin", message: "5.5", isPinned: true }, "pins.add", "already_pinned"],
    [{ type: "pin", message: "5.5", isPinned: false }, "pins.remove", "no_pin"],
  ])("%j is done when it is so already (%s: %s)", async (act, method, error) => {
    play({ [method]: says(error) });
    expect(await deliver(act)).toEqual({ outcome: "sent" });
  });
});

describe("files", () => {
  const media = [
    { key: "k1", type: "image/png", size: 3, name: "boat.png" },
    { key: "k2", type: "text/plain; charset=utf-8", size: 2 },
  ];
  const stored: Record<string, Uint8Array<ArrayBuffer>> = { k1: Uint8Array.from([1, 2, 255]), k2: Uint8Array.from([65, 66]) };

  function uploads(): Play {
    let count = 0;
    const at = server.base.replace("/api", "");
    return {
      "files.getUploadURLExternal": () => ({ ok: true, file_id: `F${++count}`, upload_url: `${at}/put/F${count}` }),
      "put/F1": () => ({ status: 200, body: "OK" }),
      "put/F2": () => ({ status: 200, body: "OK" }),
      "files.completeUploadExternal": () => ({
        ok: true,
        files: [{ id: "F1", shares: { public: { C0TOWN: [{ ts: "7.7" }] } } }],
      }),
    };
  }
  beforeEach(() => {
    line = slackLine(server.base, { readMedia: async (key) => stored[key] });
  });

  it("are put where Slack says, byte by byte, and shown together", async () => {
    play(uploads());
    expect(await deliver({ type: "media", media, caption: "**Look**" }, THREAD)).toEqual({ outcome: "sent", platformId: "7.7" });
    expect(acts().map(([method]) => method)).toEqual([
      "files.getUploadURLExternal",
      "put/F1",
      "files.getUploadURLExternal",
      "put/F2",
      "files.completeUploadExternal",
    ]);
    expect(acts()[0]?.[1]).toEqual({ filename: "boat.png", length: "3" });
    expect([...(server.acts()[1]?.body ?? [])]).toEqual([1, 2, 255]);
    expect(server.acts()[1]?.authorization).toBeUndefined();
    expect(acts()[4]?.[1]).toEqual({
      files: JSON.stringify([
        { id: "F1", title: "boat.png" },
        { id: "F2", title: "file.plain" },
      ]),
      channel_id: "C0TOWN",
      initial_comment: "*Look*",
      thread_ts: "1.1",
    });
  });

  it("whose caption is too long have it in a message before them", async () => {
    play({ ...uploads(), "chat.postMessage": posted });
    await deliver({ type: "media", media, caption: "word ".repeat(900) });
    expect(
      acts()
        .map(([method]) => method)
        .slice(-2),
    ).toEqual(["chat.postMessage", "files.completeUploadExternal"]);
    expect(acts().at(-1)?.[1]).not.toHaveProperty("initial_comment");
  });

  it("that are no longer stored are told so, by name", async () => {
    line = slackLine(server.base);
    expect(await deliver({ type: "media", media })).toEqual({ outcome: "refused", reason: expect.stringContaining("boat.png") });
  });

  it("may be tried again while nobody sees them, and not after", async () => {
    play({ ...uploads(), "put/F1": () => ({ status: 503 }) });
    expect((await deliver({ type: "media", media })).outcome).toBe("unanswered");
    play({ ...uploads(), "files.completeUploadExternal": says("internal_error") });
    expect((await deliver({ type: "media", media })).outcome).toBe("unknown");
  });
});

describe("what became of it", () => {
  const text = { type: "text", text: "Hi" } as const;
  const edit = { type: "edit", message: "5.5", text: "Hi" } as const;

  it("is unanswered with the time to wait when there were too many", async () => {
    play({ "chat.postMessage": () => ({ status: 429, headers: { "retry-after": "30" } }) });
    expect(await deliver(text)).toMatchObject({ outcome: "unanswered", retryAfterMs: 30_000 });
    play({ "chat.postMessage": () => ({ status: 429 }) });
    expect(await deliver(text)).toMatchObject({ outcome: "unanswered", retryAfterMs: 1000 });
    play({ "chat.postMessage": says("ratelimited") });
    expect(await deliver(text)).toMatchObject({ outcome: "unanswered", retryAfterMs: 1000 });
    expect(server.asked).toHaveLength(3);
  });

  it.each([
    [500, "unanswered"],
    [503, "unanswered"],
    [504, "unknown"],
    [302, "refused"],
    [404, "refused"],
  ])("of a text: HTTP %i is %s", async (status, outcome) => {
    play({ "chat.postMessage": () => ({ status, headers: { location: "https://example.com/" }, body: "<html>" }) });
    expect((await deliver(text)).outcome).toBe(outcome);
    expect(server.asked).toHaveLength(1);
  });

  it.each(["internal_error", "fatal_error", "request_timeout"])(
    "is not known of a text, and may be repeated of an edit: %s",
    async (error) => {
      play({ "chat.postMessage": says(error), "chat.update": says(error) });
      expect((await deliver(text)).outcome).toBe("unknown");
      expect((await deliver(edit)).outcome).toBe("unanswered");
      expect((await deliver({ ...text, replaces: "5.5" })).outcome).toBe("unanswered");
    },
  );

  it("may be repeated as long as not even the person's room is known", async () => {
    play({ "conversations.open": says("internal_error"), "chat.postMessage": posted });
    const nobody: Address = { channel: "slack", peer: "U0NOBODY", kind: "direct" };
    expect((await deliver(text, nobody)).outcome).toBe("unanswered");
    expect(acts()).toEqual([]);
  });

  it("is not known when the answer cannot be read", async () => {
    play({ "chat.postMessage": () => ({ status: 200, body: "<html>proxy</html>" }) });
    expect((await deliver(text)).outcome).toBe("unknown");
  });

  it("is not known of a text when nobody is there, and unanswered of an edit", async () => {
    line = slackLine("http://127.0.0.1:9/api");
    expect((await deliver(text)).outcome).toBe("unknown");
    expect((await deliver(edit)).outcome).toBe("unanswered");
  });

  it.each([
    ["not_in_channel", /invite/],
    ["is_archived", /archived/],
    ["token_revoked", /skerry channels add slack/],
    ["msg_too_long", /Slack says: msg_too_long/],
  ])("is refused in words: %s", async (error, words) => {
    play({ "chat.postMessage": says(error) });
    expect(await deliver(text)).toEqual({ outcome: "refused", reason: expect.stringMatching(words) });
  });

  it("names the scope that is missing", async () => {
    play({ "chat.postMessage": says("missing_scope", { needed: "chat:write", provided: "im:read" }) });
    expect(await deliver(text)).toEqual({
      outcome: "refused",
      reason: expect.stringMatching(/chat:write.*install the app again/),
    });
  });
});

describe("reading back", () => {
  const root = { ts: "1.1", thread_ts: "1.1", user: "U0ANN", text: "<@U0BOT> a &lt;question&gt;" };
  const answers = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_one, index) => ({
      ts: `${from + index}.5`,
      user: "U0BEN",
      text: `word ${from + index}`,
    }));
  const read = async (limit: number, from: Address = THREAD) => {
    const answer = await slack.read?.(from, limit, line);
    return answer?.ok ? answer.value : expect.fail(JSON.stringify(answer));
  };

  it("tells whose words they are: people's, programs', our own", async () => {
    const ours = { ts: "2.2", user: "U0BOT", bot_id: "B0BOT", text: "The *answer*" };
    const program = { ts: "3.3", bot_id: "B0CI", username: "CI", subtype: "bot_message", blocks: [{ text: { text: "Red" } }] };
    const file = { ts: "4.4", user: "U0BEN", text: "", files: [{ name: "map.png" }] };
    play({ "conversations.replies": () => ({ ok: true, messages: [root, ours, program, file] }) });
    expect(await read(10)).toEqual([
      { platformId: "1.1", author: "Ann", authorId: "U0ANN", text: "@U0BOT a <question>", at: 1100 },
      { platformId: "2.2", author: "U0BOT", authorId: "U0BOT", isOurs: true, isFromBot: true, text: "The *answer*", at: 2200 },
      { platformId: "3.3", author: "CI", authorId: "B0CI", isFromBot: true, text: "Red", at: 3300 },
      { platformId: "4.4", author: "Ben", authorId: "U0BEN", text: "[file map.png]", at: 4400 },
    ]);
  });

  it("takes of a long thread the message that it hangs on, and the latest", async () => {
    play({
      "conversations.replies": ({ cursor }) =>
        cursor === "next"
          ? { ok: true, messages: [root, ...answers(5, 7)] }
          : { ok: true, messages: [root, ...answers(2, 4)], response_metadata: { next_cursor: "next" } },
    });
    expect((await read(3)).map(({ text }) => text)).toEqual(["@U0BOT a <question>", "word 6", "word 7"]);
    expect((await read(1)).map(({ text }) => text)).toEqual(["word 7"]);
    expect(await read(50)).toHaveLength(7);
  });
});
