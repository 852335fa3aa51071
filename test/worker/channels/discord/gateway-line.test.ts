// What a machine at home brings of Discord's gateway, as the Worker reads it: events, and commands whose first word goes out from here.
import { beforeEach, describe, expect, test } from "vitest";
import type { Asked } from "../../../../src/worker/channels/channel.ts";
import { readGatewayPost } from "../../../../src/worker/channels/discord/gateway-line.ts";
import { makeRig, payload, type Rig } from "./rig.ts";

const RECEIVED = {
  outcome: "received" as const,
  sessionKey: "s",
  agentId: "main",
  receipt: { state: "started" as const },
} as unknown as Parameters<Asked["answer"]>[0][number];

let rig: Rig;
beforeEach(() => {
  rig = makeRig();
});

const brought = (t: string, d: unknown) => ({
  items: [{ kind: "raw", id: `${t}:1`, body: { t, d, key: "session:1", botId: "1100000000000000001" } }],
});
const read = (t: string, d: unknown) => readGatewayPost(brought(t, d), rig.line);

describe("a command", () => {
  const asked = (name: string): Asked => {
    const [one] = read("INTERACTION_CREATE", payload(`interactions/${name}`));
    if (one?.kind !== "asked") throw new Error("nobody asked");
    return one;
  };

  test("says the same as by the webhook, and is answered at its own address, without the bot's token", async () => {
    rig.discord.fail(/callback$/, { status: 200 });
    const one = asked("ask");
    expect(one.inbound).toMatchObject([
      { kind: "message", message: { isToUs: true, isAwaited: true, parts: [{ text: "What is the tide at noon?" }] } },
    ]);
    expect(await one.answer([RECEIVED])).toBe(true);
    const { id, token } = payload<{ id: string; token: string }>("interactions/ask");
    expect(rig.discord.asked).toMatchObject([
      { method: "POST", path: `/interactions/${id}/${token}/callback`, body: { type: 5 } },
    ]);
    expect(rig.discord.asked[0]?.headers.has("authorization")).toBe(false);
  });

  test("that says nothing yet opens its form", async () => {
    rig.discord.fail(/callback$/, { status: 200 });
    const one = asked("ask-form");
    expect(one.inbound).toEqual([]);
    expect(await one.answer([])).toBe(true);
    expect(rig.discord.asked[0]?.body).toMatchObject({ type: 9 });
  });

  test("is answered once more where the line broke, and an answer that is there is one", async () => {
    rig.discord.fail(/callback$/, "break");
    rig.discord.fail(/callback$/, { status: 400, body: { code: 40060, message: "Interaction has already been acknowledged." } });
    expect(await asked("ask").answer([RECEIVED])).toBe(true);
    expect(rig.discord.asked).toHaveLength(2);
  });

  test("that nobody waits for any more is not answered", async () => {
    rig.discord.fail(/callback$/, { status: 404, body: { code: 10062, message: "Unknown interaction" } });
    expect(await asked("ask").answer([RECEIVED])).toBe(false);
  });
});

test.each([
  ["INTERACTION_CREATE", {}],
  ["INTERACTION_CREATE", { id: "../../x", token: "t", type: 2 }],
  [
    "INTERACTION_CREATE",
    { id: "1", token: "t", type: 2, user: { id: "1", username: "a" }, data: { type: 1, name: "ask", options: [null] } },
  ],
  ["MESSAGE_CREATE", {}],
  ["MESSAGE_CREATE", { id: "1", author: null, channel_id: "1", content: "x", mentions: [] }],
  ["MESSAGE_CREATE", { id: "1", author: { id: "1", username: "a" }, channel_id: "1", content: 5, mentions: [], type: 0 }],
  ["MESSAGE_UPDATE", { id: "1", author: { id: "1", username: "a" }, edited_timestamp: "now", content: {}, channel_id: "1" }],
  ["MESSAGE_REACTION_ADD", { user_id: "1", channel_id: "1" }],
  ["MESSAGE_DELETE_BULK", { guild_id: "1", channel_id: "1" }],
])("%s of no shape is refused as such, so that it stops up nothing: %j", (t, d) => {
  expect(() => read(t, d)).toThrow(SyntaxError);
});

test("what is of a kind that is not known says nothing", () => {
  expect(read("SOMETHING_NEW", {})).toEqual([]);
  expect(read("INTERACTION_CREATE", { id: "1", token: "t", type: 99 })).toMatchObject([{ kind: "asked", inbound: [] }]);
});
