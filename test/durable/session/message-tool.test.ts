// The message tool in a turn: under ids of its call, within what the Directory permits, and never done twice.
import { expect, test } from "vitest";
import { GROUP, openChannelTalk, ring, settle } from "../../support/channel-talk.ts";
import { until } from "../../support/talk.ts";

const call = (args: Record<string, unknown>) => ({ calls: [{ name: "message", args }] });
const resultOf = (talk: ReturnType<typeof openChannelTalk>) =>
  talk.session.entries().flatMap((entry) => (entry.kind === "result" ? [entry.text] : []));

test("writes elsewhere, tells the talk there, and the answer still comes here", async () => {
  const talk = openChannelTalk(
    (_request, count) => (count === 1 ? call({ action: "send", to: "slack:C1", text: "hi all" }) : { text: "Told them." }),
    {
      people: {
        maySend: async ({ to }) => ({
          outcome: "allowed",
          to: { ...to, kind: "group" },
          sessionKey: "agent:main:slack:group:c1",
        }),
      },
    },
  );
  await talk.say("tell the others");
  await settle(talk);
  expect(talk.session.sent.map(({ to, act }) => [to.channel, act])).toEqual([
    ["slack", { type: "text", text: "hi all" }],
    ["telegram", { type: "text", text: "Told them." }],
  ]);
  expect(talk.session.sent[0]?.id).toMatch(/^turn_.*:m0$/);
  expect(talk.session.elsewhere).toMatchObject([
    {
      sessionKey: "agent:main:slack:group:c1",
      event: { kind: "notice", message: { parts: [{ text: expect.stringContaining("hi all") }] } },
    },
  ]);
});

test("is held to what the owner permits", async () => {
  const talk = openChannelTalk(
    (_request, count) => (count === 1 ? call({ action: "send", to: "telegram:9", text: "x" }) : { text: "I may not." }),
    {
      people: { maySend: async () => ({ outcome: "denied", reason: "nobody knows them." }) },
    },
  );
  await talk.say("write to 9");
  await settle(talk);
  expect(resultOf(talk)).toEqual(["Not permitted: nobody knows them."]);
  expect(talk.session.sent).toHaveLength(1);
});

test("having written here, silence needs no word of its own", async () => {
  const talk = openChannelTalk((_request, count) =>
    count === 1 ? call({ action: "reply", text: "Here you are." }) : { text: "NO_REPLY" },
  );
  await talk.say("hi");
  await settle(talk);
  expect(talk.session.sent.map(({ act }) => act)).toEqual([{ type: "text", text: "Here you are.", replyTo: "101" }]);
});

test("cut off while it sends, it is not done again and the model is told", async () => {
  let isAway = true;
  const talk = openChannelTalk(
    (_request, count) => (count === 1 ? call({ action: "send", text: "once" }) : { text: "I will check." }),
    {
      deliver: ({ id }) => (isAway && id.endsWith(":m0") ? new Promise(() => {}) : Promise.resolve({ outcome: "sent" })),
    },
  );
  await talk.say("hi", { from: GROUP }, { kind: "group" });
  await until(() => talk.session.texts().length === 1);
  isAway = false;
  await talk.session.crash();
  await ring(talk);
  await settle(talk);
  expect(talk.session.texts()).toEqual(["once", "I will check."]);
  expect(resultOf(talk)[0]).toContain("outcome unknown");
});

test("what grows here makes way: its messages stand in the order in which they were said", async () => {
  const shown: [string, string][] = [];
  const talk = openChannelTalk(
    (_request, count) =>
      count === 1
        ? { ...call({ action: "send", text: "the file" }), pieces: Array.from({ length: 40 }, (_no, at) => [`word${at} `, 8]) }
        : { pieces: Array.from({ length: 40 }, (_no, at) => [`answer${at} `, 8]) },
    {
      place: { style: { streaming: "partial", editEveryMs: 60 } },
      deliver: async ({ act, id }) => {
        if (act.type === "delete") shown.splice(0, shown.length, ...shown.filter(([platformId]) => platformId !== act.message));
        if (act.type === "text" || act.type === "draft") {
          const known = shown.find(([platformId]) => platformId === (act.type === "draft" ? act.message : act.replaces));
          if (known) known[1] = act.text;
          else shown.push([id, act.text]);
        }
        return { outcome: "sent", platformId: id };
      },
    },
  );
  await talk.say("send it, then tell me");
  await settle(talk);
  expect(talk.session.sent.filter(({ act }) => act.type === "draft").length).toBeGreaterThan(2);
  expect(shown.map(([, text]) => text)).toEqual(["the file", expect.stringMatching(/^answer0 .*answer39$/)]);
});

test("a message to a place waits for what was said there before", async () => {
  const texts: string[] = [];
  const talk = openChannelTalk(
    (_request, count) =>
      count === 1
        ? {
            ...call({ action: "send", text: "second" }),
            pieces: [
              [`First, ${"at length, ".repeat(45)}\n\n`, 0],
              ["so.", 1300],
            ] as [string, number][],
          }
        : { text: "third" },
    {
      place: { style: { streaming: "block" } },
      deliver: async ({ act }) => {
        if (act.type !== "text") return { outcome: "sent" };
        if (act.text === "so.") await new Promise((resolve) => setTimeout(resolve, 300));
        texts.push(act.text);
        return { outcome: "sent" };
      },
    },
  );
  await talk.say("go");
  await settle(talk);
  expect(texts.map((text) => text.split(",")[0])).toEqual(["First", "so.", "second", "third"]);
});
