// What Slack tells, kind by kind, from recorded requests: what the house is given of each.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Inbound } from "../../../../src/contract/channels/channel.ts";
import { textOf } from "../../../../src/contract/message.ts";
import type { Post } from "../../../../src/worker/channels/channel.ts";
import { slack } from "../../../../src/worker/channels/slack/slack.ts";
import {
  eventPost,
  pressPost,
  recorded,
  type SlackServer,
  slackLine,
  slackPost,
  slashPost,
  startSlack,
} from "../../../support/slack.ts";

let server: SlackServer;
let line: ReturnType<typeof slackLine>;
beforeAll(async () => {
  server = await startSlack({ "assistant.threads.setSuggestedPrompts": () => ({ ok: true }) });
});
beforeEach(() => {
  line = slackLine(server.base);
  server.asked.length = 0;
});
afterAll(() => server.stop());

async function hear(post: Post): Promise<Inbound[]> {
  return (await slack.translate(post, line)).inbound;
}

async function hearOne(post: Post): Promise<Inbound> {
  const [only, ...more] = await hear(post);
  if (!only || more.length > 0) throw new Error(`heard ${more.length + (only ? 1 : 0)} things`);
  return only;
}

async function wordsOf(name: string): Promise<string> {
  return textOf((await hearOne(eventPost(name))).message.parts);
}

describe("a message", () => {
  it("of one person comes from that person, with the way back to their room", async () => {
    expect(await hearOne(eventPost("message-direct"))).toEqual({
      kind: "message",
      message: {
        id: "slack:default:D0ANN:1763900001.000100",
        from: { channel: "slack", peer: "U0ANN", kind: "direct", route: { channel: "D0ANN" } },
        sender: { id: "U0ANN", name: "Ann", isOwner: false },
        parts: [{ type: "text", text: "Hello, how <are> you & yours?" }],
        sentAt: 1_763_900_001_000,
        platformId: "1763900001.000100",
      },
    });
  });

  it("in a channel comes from the channel, by name, and is not for us unless it says so", async () => {
    const { message } = await hearOne(eventPost("message-channel"));
    expect(message).toMatchObject({
      from: { channel: "slack", peer: "C0TOWN", kind: "group" },
      isToUs: false,
      placeName: "#town",
    });
    expect(textOf(message.parts)).toBe("Lunch is at [the usual place](https://example.com/menu), ask @Ben in #food");
  });

  it("of another account says which", async () => {
    line = { ...line, account: { ...line.account, account: "work" } };
    const { message } = await hearOne(eventPost("message-direct"));
    expect(message).toMatchObject({ id: "slack:work:D0ANN:1763900001.000100", from: { account: "work" } });
  });

  it("that mentions us is for us, without the mention", async () => {
    const { message } = await hearOne(eventPost("message-channel-mention"));
    expect(message.isToUs).toBe(true);
    expect(textOf(message.parts)).toBe("what is for lunch?");
  });

  it("that mentions somebody whose id begins like ours is not for us", async () => {
    const said = recorded("message-channel-mention") as { event: Record<string, unknown> };
    said.event["text"] = "<@U0BOTANIST> hello";
    expect((await hearOne(slackPost(JSON.stringify(said)))).message.isToUs).toBe(false);
  });

  it("that mentions us comes by two events, and is the same message", async () => {
    const [byMessage, byMention] = [await hearOne(eventPost("message-channel-mention")), await hearOne(eventPost("app-mention"))];
    expect(byMention).toEqual(byMessage);
    expect(recorded("app-mention")["event_id"]).not.toBe(recorded("message-channel-mention")["event_id"]);
  });

  it("that Slack sends again is the same message", async () => {
    const again = eventPost("message-direct");
    again.headers.set("x-slack-retry-num", "1");
    again.headers.set("x-slack-retry-reason", "http_timeout");
    expect(await hearOne(again)).toEqual(await hearOne(eventPost("message-direct")));
  });

  it("in a private channel and in a group's direct messages is one in a group", async () => {
    expect((await hearOne(eventPost("message-private-channel"))).message.from).toMatchObject({ peer: "G0PRIV", kind: "group" });
    expect((await hearOne(eventPost("message-group-direct"))).message.from).toMatchObject({ peer: "G0MPIM", kind: "group" });
    expect(await wordsOf("message-private-channel")).toBe("A secret for @here and @crew");
  });

  it("in a thread says which, and is for us when it answers us", async () => {
    const [other, ours] = [
      await hearOne(eventPost("message-thread-reply")),
      await hearOne(eventPost("message-thread-reply-to-us")),
    ];
    expect(other.message).toMatchObject({ from: { peer: "C0TOWN", thread: "1763900003.000300" }, isToUs: false });
    expect(ours.message).toMatchObject({ from: { peer: "C0TOWN", thread: "1763900002.900000" }, isToUs: true });
  });

  it("that opens a thread is not in it", async () => {
    const said = recorded("message-channel-mention") as { event: Record<string, unknown> };
    said.event["thread_ts"] = said.event["ts"];
    expect((await hearOne(slackPost(JSON.stringify(said)))).message.from).not.toHaveProperty("thread");
  });

  it("in a thread with the assistant is in that thread, and needs no mention", async () => {
    const { message } = await hearOne(eventPost("assistant-thread-message"));
    expect(message.from).toEqual({
      channel: "slack",
      peer: "U0ANN",
      kind: "direct",
      route: { channel: "D0ANN" },
      thread: "1763900028.002800",
    });
    expect(message).not.toHaveProperty("isToUs");
  });

  it("sent to thread and channel, and one that says what its author does, are messages too", async () => {
    expect(await wordsOf("message-thread-broadcast")).toBe("For all: soup");
    expect(await wordsOf("message-me")).toBe("* waves");
  });

  it("brings its files as handles, with what Slack says of them", async () => {
    const { message } = await hearOne(eventPost("message-file"));
    expect(textOf(message.parts)).toBe("What is on it?");
    expect(message.attachments).toEqual([
      { handle: "F0PIC", kind: "image", name: "harbour.png", type: "image/png", size: 48213 },
      { handle: "F0PDF", kind: "file", name: "tide-table.pdf", type: "application/pdf", size: 90210 },
    ]);
  });

  it("that was spoken is a voice message without words", async () => {
    const { message } = await hearOne(eventPost("message-voice"));
    expect(message.parts).toEqual([]);
    expect(message.attachments).toMatchObject([{ handle: "F0VOICE", kind: "voice", durationS: 4 }]);
  });

  it("with files that Slack does not keep says so in words", async () => {
    const { message } = await hearOne(eventPost("message-file-elsewhere"));
    expect(message).not.toHaveProperty("attachments");
    expect(textOf(message.parts)).toBe(
      "[file elsewhere: Plan, https://docs.google.com/document/d/1/edit]\n[a file that Slack no longer shows]",
    );
  });

  it("that passes another one on says whose", async () => {
    expect(await wordsOf("message-forwarded")).toBe("Is this true?\n[forwarded from Ben Boat]\nThe ferry is late");
  });

  it("of another program is marked, and its blocks are read", async () => {
    const { message } = await hearOne(eventPost("message-bot"));
    expect(message).toMatchObject({ isFromBot: true, sender: { id: "B0WATCH", name: "Harbour watch" } });
    expect(textOf(message.parts)).toBe("Gale warning\nForce *8* expected\nUntil 18:00");
  });

  it("of someone outside, in a channel shared with them, is heard", async () => {
    expect((await hearOne(eventPost("message-shared-channel"))).message).toMatchObject({
      sender: { id: "U0GUEST", name: "Gil" },
      isToUs: true,
    });
  });

  it("is heard even when Slack does not say names", async () => {
    const silent = await startSlack({
      "users.info": () => ({ status: 500 }),
      "conversations.info": () => ({ ok: false, error: "missing_scope" }),
    });
    line = slackLine(silent.base);
    const { message } = await hearOne(eventPost("message-channel"));
    await silent.stop();
    expect(message.sender).toEqual({ id: "U0ANN", isOwner: false });
    expect(textOf(message.parts)).toContain("ask @U0BEN in #food");
    expect(message).not.toHaveProperty("placeName");
  });

  it("reads an address that was typed as it was typed", async () => {
    const said = recorded("message-direct") as { event: Record<string, unknown> };
    said.event["text"] =
      "<http://example.com|example.com> <mailto:a@example.com|a@example.com> <https://example.com/a?b=1&amp;c=2>";
    const { message } = await hearOne(slackPost(JSON.stringify(said)));
    expect(textOf(message.parts)).toBe("http://example.com a@example.com https://example.com/a?b=1&c=2");
  });

  it("asks for a name once", async () => {
    for (let times = 0; times < 3; times += 1) await hear(eventPost("message-channel"));
    const asked = server.asked.map(({ method, args }) => `${method} ${args["user"] ?? args["channel"] ?? ""}`.trim());
    expect(asked.toSorted()).toEqual(["auth.test", "conversations.info C0TOWN", "users.info U0ANN", "users.info U0BEN"]);
  });
});

describe("a notice", () => {
  it.each([
    ["message-changed", "[Ann changed their message 1763900002.000200; it now says:]\nLunch is at two"],
    ["message-deleted", "[Ann deleted their message 1763900001.000100, which said:]\nHello, how <are> you"],
    ["channel-join", "[Ben has joined the channel]"],
    ["channel-topic", "[Ann set the channel topic: Boats & soup]"],
    ["member-joined-us", "[You were added here by Ann]"],
    ["member-left-us", "[You were removed from here]"],
    ["reaction-added", "[Ann reacted :tada: to message 1763900015.001500]"],
    ["reaction-removed", "[Ann took their :tada: away from message 1763900015.001500]"],
  ])("is made of %s", async (name, text) => {
    const heard = await hearOne(eventPost(name));
    expect(heard.kind).toBe("notice");
    expect(heard.message.id).toBe(`slack:default:${recorded(name)["event_id"]}`);
    expect(textOf(heard.message.parts)).toBe(text);
  });

  it("of direct messages comes from the person", async () => {
    for (const name of ["message-deleted", "reaction-removed"]) {
      expect((await hearOne(eventPost(name))).message.from).toMatchObject({ peer: "U0ANN", kind: "direct" });
    }
  });
});

describe("nothing is heard of", () => {
  it.each([
    "message-own",
    "message-own-changed",
    "message-unfurled",
    "reaction-own",
    "member-joined-other",
    "assistant-thread-root",
    "assistant-thread-started",
    "app-home-opened",
    "team-join",
    "app-rate-limited",
    "url-verification",
  ])("%s", async (name) => {
    expect(await hear(eventPost(name))).toEqual([]);
  });

  it.each(["block-actions-link", "view-closed"])("%s", async (name) => {
    expect(await hear(pressPost(name))).toEqual([]);
  });

  it("the check of a certificate, and an event of a kind that is not there yet", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(await hear(slackPost("ssl_check=1&token=x", form))).toEqual([]);
    expect(await hear(slackPost(JSON.stringify({ type: "something_new", event: { type: "message" } })))).toEqual([]);
    expect(
      await hear(slackPost(JSON.stringify({ type: "event_callback", event: { type: "message", subtype: "huddle_thread" } }))),
    ).toEqual([]);
  });
});

describe("a thread with the assistant", () => {
  it("that is opened shows what one may ask, and opens also when Slack refuses to", async () => {
    await hear(eventPost("assistant-thread-started"));
    const [prompts] = server.acts();
    expect(prompts).toMatchObject({
      method: "assistant.threads.setSuggestedPrompts",
      args: { channel_id: "D0ANN", thread_ts: "1763900028.002800" },
    });
    expect(JSON.parse(prompts?.args["prompts"] ?? "").length).toBeGreaterThan(0);
    const refusing = await startSlack();
    line = slackLine(refusing.base);
    expect(await hear(eventPost("assistant-thread-started"))).toEqual([]);
    await refusing.stop();
  });

  it("stops its turn when Slack's stop is pressed", async () => {
    const { kind, message } = await hearOne(eventPost("agent-session-stopped"));
    expect(kind).toBe("message");
    expect(message).toMatchObject({
      from: { peer: "U0ANN", thread: "1763900028.002800" },
      parts: [{ type: "text", text: "/stop" }],
    });
  });
});

describe("a press", () => {
  it("of a button says its value, to us", async () => {
    const heard = await hearOne(pressPost("block-actions"));
    expect(heard).toMatchObject({
      kind: "message",
      message: {
        id: "slack:default:1763900035.003500:U0ANN:0-0",
        from: { peer: "C0TOWN", kind: "group" },
        sender: { id: "U0ANN", name: "Ann" },
        parts: [{ type: "text", text: "yes please" }],
        isToUs: true,
      },
    });
  });

  it("in a menu of a thread says what was chosen, there", async () => {
    const { message } = await hearOne(pressPost("block-actions-thread"));
    expect(message).toMatchObject({ from: { thread: "1763900003.000300" }, parts: [{ type: "text", text: "tomato" }] });
  });
});

describe("a slash command", () => {
  it("says its words, to us, with the address to answer at", async () => {
    const heard = await hearOne(slashPost("slash-text"));
    expect(heard).toMatchObject({
      kind: "message",
      message: {
        id: "slack:default:1003.2002.aa01",
        from: { peer: "C0TOWN", kind: "group", route: { answerAt: "https://hooks.slack.com/commands/T0HOME/2/def" } },
        sender: { id: "U0ANN", name: "ann" },
        parts: [{ type: "text", text: "when is high water, <please>?" }],
        isToUs: true,
        placeName: "#town",
      },
    });
  });

  it.each([
    [{ text: "status" }, "/status"],
    [{ text: "status of the boat?" }, "status of the boat?"],
    [{ text: "/model openai/gpt-5.5" }, "/model openai/gpt-5.5"],
    [{ text: "" }, "/help"],
    [{ command: "/model", text: "openai/gpt-5.5" }, "/model openai/gpt-5.5"],
    [{ command: "/new", text: "" }, "/new"],
    [{ text: "tell <@U0BEN|ben> about <#C0FOOD|food>" }, "tell @ben about #food"],
  ])("%j means %j", async (over, text) => {
    expect(textOf((await hearOne(slashPost("slash-text", over))).message.parts)).toBe(text);
  });

  it("in direct messages comes from the person", async () => {
    const { message } = await hearOne(slashPost("slash-status"));
    // These may be direct messages with somebody else: the way back is left to be asked for.
    expect(message.from).toEqual({ channel: "slack", peer: "U0ANN", kind: "direct" });
    expect(message).not.toHaveProperty("placeName");
    const { reply } = await slack.translate(slashPost("slash-status"), line);
    const receipt = { status: "accepted", state: "queued", runId: "r" } as const;
    expect(await reply?.([{ outcome: "received", sessionKey: "s", agentId: "main", receipt }]).text()).toBe("");
  });

  it("is shown in the channel when it was taken; a stranger alone sees the code; others see nothing", async () => {
    const { reply, greets } = await slack.translate(slashPost("slash-text"), line);
    expect(greets).toBe(true);
    const receipt = { status: "accepted", state: "queued", runId: "r" } as const;
    const taken = await reply?.([{ outcome: "received", sessionKey: "s", agentId: "main", receipt }]).json();
    expect(taken).toEqual({ response_type: "in_channel" });
    const stranger = await reply?.([{ outcome: "pair", code: "ABCD2345", reply: "Your code is **ABCD2345**" }]).json();
    expect(stranger).toEqual({ response_type: "ephemeral", text: "Your code is *ABCD2345*" });
    for (const heard of [{ outcome: "pair", code: "ABCD2345" } as const, { outcome: "ignored", reason: "no" } as const]) {
      const answer = reply?.([heard]);
      expect([answer?.status, await answer?.text()]).toEqual([200, ""]);
    }
  });
});
