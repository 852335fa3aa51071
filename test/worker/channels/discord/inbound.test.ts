// What interactions say and what Discord hears back, by payloads of every kind in the form Discord documents.
import {
  ApplicationCommandAutocompleteCallbackRequestSchema,
  CreateMessageInteractionCallbackRequestSchema,
  ModalInteractionCallbackRequestSchema,
  PongInteractionCallbackRequestSchema,
} from "discord-api-spec/zod";
import { describe, expect, test } from "vitest";
import type { Message } from "../../../../src/contract/message.ts";
import type { Receipt } from "../../../../src/contract/ports/session.ts";
import type { Intake } from "../../../../src/durable/intake.ts";
import { discord } from "../../../../src/worker/channels/discord/discord.ts";
import { ANN, APP, CHANNEL, makeRig, payload, postOf } from "./rig.ts";

const { line } = makeRig();

async function translate(name: string, change: object = {}) {
  return discord.translate(postOf({ ...payload<object>(`interactions/${name}`), ...change }), line);
}

async function messageOf(name: string, change: object = {}): Promise<Message> {
  const { inbound } = await translate(name, change);
  expect(inbound.map(({ kind }) => kind)).toEqual(["message"]);
  return inbound[0]?.message as Message;
}

function received(state: Receipt["state"], more: Partial<Receipt> = {}): Intake {
  return {
    outcome: "received",
    sessionKey: "agent:main:main",
    agentId: "main",
    receipt: { status: "accepted", state, runId: "r", ...more },
  };
}

async function replyTo(name: string, heard: Intake[]): Promise<Record<string, unknown>> {
  const reply = (await translate(name)).reply?.(heard);
  expect(reply?.status).toBe(200);
  expect(reply?.headers.get("content-type")).toContain("application/json");
  return (await reply?.json()) as Record<string, unknown>;
}

test("a ping is answered and says nothing", async () => {
  expect((await translate("ping")).inbound).toEqual([]);
  const pong = await replyTo("ping", []);
  expect(pong).toEqual({ type: 1 });
  expect(PongInteractionCallbackRequestSchema.safeParse(pong).success).toBe(true);
});

describe("commands", () => {
  test("/ask in a server's channel", async () => {
    const raw = payload("interactions/ask");
    expect(await messageOf("ask")).toEqual({
      id: `discord:default:${raw["id"]}`,
      from: {
        channel: "discord",
        peer: CHANNEL,
        kind: "group",
        route: { token: raw["token"], until: expect.stringMatching(/^\d{13}$/) },
      },
      sender: { id: ANN, name: "Ann", isOwner: false },
      parts: [{ type: "text", text: "What is the tide at noon?" }],
      sentAt: Number((BigInt(String(raw["id"])) >> 22n) + 1420070400000n),
      isToUs: true,
      isAwaited: true,
      placeName: "#general",
    });
  });

  test("the way back lasts a quarter of an hour", async () => {
    const { from, sentAt } = await messageOf("ask");
    expect(Number(from.route?.["until"]) - sentAt).toBe(15 * 60_000);
  });

  test("in a thread: the thread of its channel, under the name the server knows", async () => {
    const { from, sender } = await messageOf("ask-thread");
    expect(from).toMatchObject({ peer: CHANNEL, thread: "1100000000000000021", kind: "group" });
    expect(sender.name).toBe("Annie");
  });

  test("to the bot itself, with a file", async () => {
    const { from, attachments, isToUs } = await messageOf("ask-file");
    expect(from).toMatchObject({ peer: ANN, kind: "direct", route: { channel: "1100000000000000030" } });
    expect(isToUs).toBeUndefined();
    expect(attachments).toEqual([
      {
        handle: expect.stringContaining("https://cdn.discordapp.com/"),
        kind: "image",
        name: "map.png",
        size: 2048,
        type: "image/png",
      },
    ]);
  });

  test.each(["ask-private", "ask-outside"])("where the bot is no member it is a talk with its sender alone: %s", async (name) => {
    expect((await messageOf(name)).from).toEqual({
      channel: "discord",
      peer: ANN,
      kind: "direct",
      route: { token: expect.any(String), until: expect.any(String), hidden: "yes" },
    });
    expect(await replyTo(name, [received("working")])).toEqual({ type: 5, data: { flags: 64 } });
  });

  test("of the list, with its argument", async () => {
    expect((await messageOf("think")).parts).toEqual([{ type: "text", text: "/think high" }]);
  });

  test("alone, /ask opens a form and says nothing yet", async () => {
    expect((await translate("ask-form")).inbound).toEqual([]);
    const form = await replyTo("ask-form", []);
    expect(form).toMatchObject({ type: 9, data: { custom_id: "ask" } });
    expect(ModalInteractionCallbackRequestSchema.safeParse(form).error?.issues).toBeUndefined();
  });

  test("“Ask Skerry” on a message brings the message and its files", async () => {
    const message = await messageOf("ask-about");
    expect(message.quoted).toMatchObject({
      author: "Bob",
      isOurs: false,
      text: "The ferry leaves at 2025-10-21T06:00:00.000Z from #1100000000000000022.",
    });
    expect(message.attachments).toHaveLength(1);
    expect(message.parts).toEqual([{ type: "text", text: "What about this message?" }]);
  });

  test("suggestions while typing: none", async () => {
    expect((await translate("autocomplete")).inbound).toEqual([]);
    const answer = await replyTo("autocomplete", []);
    expect(answer).toEqual({ type: 8, data: { choices: [] } });
    expect(ApplicationCommandAutocompleteCallbackRequestSchema.safeParse(answer).success).toBe(true);
  });

  test("another account of the channel keeps its own ids and addresses", async () => {
    const work = { ...line, account: { ...line.account, account: "work" } };
    const { inbound } = await discord.translate(postOf(payload("interactions/ask")), work);
    expect(inbound[0]?.message.id).toMatch(/^discord:work:/);
    expect(inbound[0]?.message.from.account).toBe("work");
  });
});

describe("buttons, choices, forms", () => {
  test("a button says its value, about the message it hangs on", async () => {
    const message = await messageOf("button");
    expect(message.parts).toEqual([{ type: "text", text: "yes, book it" }]);
    expect(message.quoted).toMatchObject({ text: "Shall I book it?", isOurs: true });
    expect(message.isToUs).toBe(true);
  });

  test("choices keep the colons of their own", async () => {
    expect((await messageOf("select")).parts).toEqual([{ type: "text", text: "at 12:30, at 14:00" }]);
  });

  test("chosen people come by name", async () => {
    expect((await messageOf("select-user")).parts).toEqual([{ type: "text", text: "Bob (1100000000000000102)" }]);
  });

  test("a form brings its lines and its files", async () => {
    const { parts, attachments } = await messageOf("form");
    expect(parts).toEqual([{ type: "text", text: "First line\nSecond line" }]);
    expect(attachments?.map(({ name }) => name)).toEqual(["map.png"]);
  });
});

describe("what Discord hears back", () => {
  test.each([
    ["ask", { type: 5 }],
    ["form", { type: 5 }],
    ["button", { type: 6 }],
    ["select", { type: 6 }],
  ])("accepted: %s", async (name, answer) => {
    expect(await replyTo(name, [received("working")])).toEqual(answer);
    expect(await replyTo(name, [received("done")])).toEqual(answer);
  });

  test("a message that waits for its own files alone is being thought about", async () => {
    expect(await replyTo("form", [received("queued", { isNext: true })])).toEqual({ type: 5 });
  });

  test.each([
    ["queued", /follows/],
    ["steered", /follows/],
    ["dropped", /later/],
  ] as const)("%s: its sender alone is told", async (state, words) => {
    const answer = await replyTo("ask", [received(state)]);
    expect(answer).toMatchObject({ type: 4, data: { flags: 64, content: expect.stringMatching(words) } });
    expect(CreateMessageInteractionCallbackRequestSchema.safeParse(answer).success).toBe(true);
  });

  test("a stranger gets the code where nobody else sees it, and the house sends no second one", async () => {
    const reply = "Your code is **ABCD2345**. <@123456789012345678>";
    expect(await replyTo("ask", [{ outcome: "pair", code: "ABCD2345", reply }])).toEqual({
      type: 4,
      data: { content: "Your code is **ABCD2345**. \\<@123456789012345678>", flags: 64, allowed_mentions: { parse: [] } },
    });
    expect((await translate("ask")).greets).toBe(true);
  });

  test("a stranger who asks again within the hour is told that the code stands", async () => {
    const answer = await replyTo("ask", [{ outcome: "pair", code: "ABCD2345" }]);
    expect(answer).toMatchObject({ type: 4, data: { flags: 64, content: expect.stringContaining("approved") } });
    expect(JSON.stringify(answer)).not.toContain("ABCD2345");
  });

  test("who is ignored is not told why", async () => {
    const answer = await replyTo("ask", [{ outcome: "ignored", reason: "groupPolicy is allowlist" }]);
    expect(answer).toMatchObject({ type: 4, data: { flags: 64, content: "I do not answer here." } });
  });
});

describe("what is unknown says nothing", () => {
  test("a kind of interaction that is younger", async () => {
    expect(await translate("ask", { type: 99 })).toEqual({ inbound: [] });
  });

  test("a command of an earlier version on a person", async () => {
    const { inbound, reply } = await translate("ask", {
      data: { id: "1", name: "whois", type: 2, target_id: ANN, resolved: {} },
    });
    expect(inbound).toEqual([]);
    expect(await reply?.([]).json()).toMatchObject({ type: 4, data: { flags: 64 } });
  });

  test.each(["null", "[]", "{}", '"x"', '{"type":"2","id":"1"}', "not json"])("no interaction: %s", async (text) => {
    await expect(discord.translate(postOf(text), line)).rejects.toThrow(SyntaxError);
  });
});

test("the name of the application stands for the bot in what it wrote", async () => {
  expect((await messageOf("button", { application_id: "1" })).quoted?.isOurs).toBe(false);
  expect((await messageOf("button", { application_id: APP })).quoted?.isOurs).toBe(true);
});
