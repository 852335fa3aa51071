// What leaves a session toward a channel: the answer in parts and in order, drafts and paragraphs on the way, reactions
// and typing around it, and what is said when something did not get through.
import { describe, expect, test } from "vitest";
import type { DeliveryAct, DeliveryOutcome, OutboxItem } from "../../../src/contract/channels/delivery.ts";
import { GROUP, HERE, openChannelTalk, settle, type Talk, type TalkOptions } from "../../support/channel-talk.ts";
import { answersOf, until } from "../../support/talk.ts";

type Deliver = (item: OutboxItem) => Promise<DeliveryOutcome>;

const acts = ({ session }: Talk, ...types: DeliveryAct["type"][]) =>
  session.sent.map(({ act }) => act).filter(({ type }) => types.length === 0 || types.includes(type));
const undelivered = ({ session }: Talk) =>
  session.entries().flatMap((entry) => (entry.kind === "note" && entry.label === "undelivered" ? [entry.text] : []));

async function ask(script: Parameters<typeof openChannelTalk>[0], options: TalkOptions = {}, message = {}): Promise<Talk> {
  const talk = openChannelTalk(script, options);
  await talk.say("hi", message);
  await settle(talk);
  return talk;
}

describe("an answer", () => {
  test("goes to where its message came from, cut as the channel says, under ids that stay", async () => {
    const talk = await ask(() => ({ text: "abcdefghij" }), { place: { style: { textLimit: 4 } } });
    expect(talk.session.texts()).toEqual(["abcd", "efgh", "ij"]);
    const turn = talk.session.parts.turns.ofRun("in1");
    expect(talk.session.sent.map(({ id, part, to }) => [id, part, to])).toEqual(
      [0, 1, 2].map((part) => [`${turn?.id}:${part}`, part, HERE]),
    );
  });

  test("is delivered nowhere when a screen asked", async () => {
    const talk = openChannelTalk(() => ({ text: "hello" }));
    await talk.session.send("hi");
    await settle(talk);
    expect(talk.session.sent).toEqual([]);
  });

  test.each([
    ["off", [undefined, undefined]],
    ["first", ["101", undefined]],
    ["all", ["101", "101"]],
  ] as const)("hangs on its message as the style says: %s", async (replyTo, expected) => {
    const talk = await ask(() => ({ text: "abcdef" }), { place: { style: { replyTo, textLimit: 3 } } });
    expect(acts(talk).map((act) => ("replyTo" in act ? act.replyTo : undefined))).toEqual(expected);
  });

  test("hangs where a tag says, and carries no tag", async () => {
    const talk = await ask(() => ({ text: "[[reply_to:55]] yes" }));
    expect(acts(talk)).toEqual([{ type: "text", text: "yes", replyTo: "55" }]);
    const current = await ask(() => ({ text: "[[ reply_to_current ]] yes" }));
    expect(acts(current)).toEqual([{ type: "text", text: "yes", replyTo: "101" }]);
  });

  test("of silence is not sent to a group, and is a short word in a direct talk", async () => {
    const group = await ask(() => ({ text: "NO_REPLY" }), { place: { kind: "group" } });
    expect(group.session.sent).toEqual([]);
    const direct = await ask(() => ({ text: " no_reply." }));
    expect(direct.session.texts()).toEqual(["Noted."]);
  });

  test("that is awaited at the platform is never silence: a word, or that it was stopped", async () => {
    const group = await ask(() => ({ text: "NO_REPLY" }), { place: { kind: "group" } }, { isAwaited: true });
    expect(group.session.texts()).toEqual(["Noted."]);
    const stopped = openChannelTalk(() => ({ text: "", delayMs: 400 }), { place: { kind: "group" } });
    await stopped.say("hi", { isAwaited: true });
    await until(() => stopped.model.requests.length === 1);
    await stopped.say("/stop");
    await settle(stopped);
    expect(stopped.session.texts()).toContain("(Stopped.)");
  });

  test("takes the way back of the first message that is awaited there; a place it leaves behind is told", async () => {
    const from = (token: string, peer = "C1") => ({ channel: "discord", peer, route: { token } });
    const talk = openChannelTalk((_request, count) =>
      count === 1 ? { calls: [{ name: "ls", args: {} }], delayMs: 150 } : { text: "done" },
    );
    await talk.say("begin", { from: from("elsewhere", "C0"), isAwaited: true });
    await until(() => talk.model.requests.length === 1);
    await talk.say("one", { from: from("one"), isAwaited: true });
    await talk.say("two", { from: from("two"), isAwaited: true });
    await settle(talk);
    const said = talk.session.sent.map(({ to, act }) => [to.route?.["token"], "text" in act ? act.text : act.type]);
    expect(said).toHaveLength(2);
    expect(Object.fromEntries(said)).toEqual({ one: "done", elsewhere: "(Answered where you wrote last.)" });
  });

  test("that fails is said", async () => {
    const talk = await ask(() => ({ status: 401, text: "bad key" }));
    expect(talk.session.texts()).toHaveLength(1);
    expect(talk.session.texts()[0]).toContain("did not accept the key");
  });

  test("takes its time between its messages", async () => {
    const at: number[] = [];
    const deliver: Deliver = async () => {
      at.push(Date.now());
      return { outcome: "sent" };
    };
    const style = { textLimit: 3, pause: { minMs: 150, maxMs: 200 } };
    await ask(() => ({ text: "abcdef" }), { deliver, place: { style } });
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(145);
  });

  test("brings along what tools made for the person, after the text", async () => {
    const talk = openChannelTalk((_request, count) =>
      count === 1 ? { calls: [{ name: "ls", args: {} }], text: "" } : { text: "Here it is.", delayMs: 150 },
    );
    const media = [{ key: "media/1", type: "image/png", size: 3 }];
    await talk.say("draw");
    await until(() => talk.model.requests.length === 2);
    const { parts } = talk.session;
    const made = { kind: "result", callId: "c", name: "ls", text: "", outcome: "done", media } as const;
    const turnId = parts.turns.open()?.id ?? "";
    parts.transcript.add({ ...made, turnId, isForPerson: true }, Date.now());
    parts.transcript.add({ ...made, turnId, media: [{ key: "media/2", type: "image/png", size: 3 }] }, Date.now());
    await settle(talk);
    expect(acts(talk)).toEqual([
      { type: "text", text: "Here it is." },
      { type: "media", media },
    ]);
  });
});

describe("whom an answer reaches", () => {
  const slack = { channel: "slack", peer: "D1" };

  test("the place where the person wrote last", async () => {
    const talk = openChannelTalk((_request, count) =>
      count === 1 ? { calls: [{ name: "ls", args: {} }], delayMs: 150 } : { text: "done" },
    );
    await talk.say("begin");
    await until(() => talk.model.requests.length === 1);
    await talk.say("go on", { from: slack });
    await settle(talk);
    expect(talk.session.sent.map(({ to, act }) => [to.channel, act.type])).toEqual([["slack", "text"]]);
  });

  test("a word from a screen does not take it away from a messenger", async () => {
    const talk = openChannelTalk((_request, count) =>
      count === 1 ? { calls: [{ name: "ls", args: {} }], delayMs: 150 } : { text: "done" },
    );
    await talk.say("begin");
    await until(() => talk.model.requests.length === 1);
    await talk.session.send("from the screen");
    await settle(talk);
    expect(talk.session.sent.map(({ to }) => to.channel)).toEqual(["telegram"]);
  });

  test("each person who wrote", async () => {
    const talk = openChannelTalk((_request, count) =>
      count === 1 ? { calls: [{ name: "ls", args: {} }], delayMs: 150 } : { text: "done" },
    );
    await talk.say("begin");
    await until(() => talk.model.requests.length === 1);
    await talk.say("me too", {
      from: { channel: "telegram", peer: "43" },
      sender: { id: "43", isOwner: false, personId: "bob" },
    });
    await settle(talk);
    expect(talk.session.sent.map(({ to, act }) => [to.peer, act]).sort()).toEqual([
      ["42", { type: "text", text: "done" }],
      ["43", { type: "text", text: "done" }],
    ]);
    expect(new Set(talk.session.sent.map(({ id }) => id)).size).toBe(2);
  });
});

describe("when it does not get through", () => {
  test("a refusal ends the answer and is said once, to screens and to the channel's health", async () => {
    const deliver: Deliver = async () => ({ outcome: "refused", reason: "the bot was blocked" });
    const talk = await ask(() => ({ text: "abcdef" }), { deliver, place: { style: { textLimit: 2 } } });
    expect(talk.session.sent).toHaveLength(1);
    expect(undelivered(talk)).toEqual(["Telegram did not take a message: the bot was blocked."]);
    expect(talk.session.channelNotes).toMatchObject([{ channel: "telegram", note: { kind: "error" } }]);
    expect(talk.session.told.some((event) => event.type === "entry" && event.entry.kind === "note")).toBe(true);
  });

  test("nobody answered: the pause that was asked for is kept, then it is sent once, and fine again", async () => {
    const at: number[] = [];
    const deliver: Deliver = async () => {
      at.push(Date.now());
      return at.length === 1 ? { outcome: "unanswered", retryAfterMs: 300, reason: "429" } : { outcome: "sent" };
    };
    const talk = await ask(() => ({ text: "hello" }), { deliver });
    expect(at).toHaveLength(2);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(295);
    expect(undelivered(talk)).toEqual([]);
    expect(talk.session.channelNotes).toMatchObject([{ note: { kind: "out" } }]);
  });

  test("that something went out is told where the Directory asked for it, once; else it costs no request", async () => {
    const talk = openChannelTalk(() => ({ text: "hello" }));
    await talk.say("one");
    await settle(talk);
    expect(talk.session.channelNotes).toEqual([]);
    await talk.say("two", {}, { wantsNews: true });
    await settle(talk);
    await talk.say("three");
    await settle(talk);
    expect(talk.session.channelNotes).toMatchObject([{ channel: "telegram", account: "default", note: { kind: "out" } }]);
  });

  test("a place that is down for long holds up itself alone, and the alarm comes back to it", async () => {
    const deliver: Deliver = async ({ to }) =>
      to.peer === "42" ? { outcome: "unanswered", retryAfterMs: 60_000, reason: "down" } : { outcome: "sent" };
    const talk = openChannelTalk((_request, count) => ({ text: `answer ${count}` }), { deliver });
    await talk.say("one");
    await until(() => talk.session.sent.length === 1);
    await talk.say("two");
    await until(() => answersOf(talk.session.entries()).length === 2);
    await talk.say("three", { from: { channel: "slack", peer: "D1" } });
    await until(() => talk.session.sent.length === 2);
    await talk.session.rest();
    expect(talk.session.sent.map(({ to, act }) => [to.peer, "text" in act ? act.text : ""])).toEqual([
      ["42", "answer 1"],
      ["D1", "answer 3"],
    ]);
    const { alarmAt } = talk.session;
    expect(alarmAt()).toBeDefined();
    expect(talk.session.parts.outbox.nextAt()).toBeGreaterThan(Date.now() + 50_000);
  });

  test("what may have been sent is not sent again, and that is said", async () => {
    const deliver: Deliver = async () => {
      throw new Error("connection reset");
    };
    const talk = await ask(() => ({ text: "hello" }), { deliver });
    expect(talk.session.sent).toHaveLength(1);
    expect(undelivered(talk)[0]).toContain("not certain");
  });

  test("an answer that cannot be cut yet is cut later", async () => {
    let tries = 0;
    const plan = async (text: string) => {
      tries += 1;
      if (tries === 1) throw new Error("the door restarts");
      return [text];
    };
    const talk = await ask(() => ({ text: "hello" }), { plan });
    expect(talk.session.texts()).toEqual(["hello"]);
  });
});

describe("around an answer", () => {
  test("a reaction says that the message was seen, and goes with the answer", async () => {
    const talk = await ask(() => ({ text: "hello" }), { place: { style: { ackReaction: "👀" } } });
    expect(acts(talk)).toEqual([
      { type: "react", message: "101", emoji: "👀" },
      { type: "text", text: "hello" },
      { type: "react", message: "101", emoji: null },
    ]);
  });

  test("typing lasts as long as the turn", async () => {
    const talk = openChannelTalk(() => ({ text: "hello", delayMs: 5300 }), {
      place: { style: { showsTyping: true } },
      brief: { modelIdleMs: 20_000 },
    });
    await talk.say("hi");
    await until(() => acts(talk, "typing").length === 2, 9000);
    await until(() => talk.session.texts().length === 1, 9000);
    await settle(talk);
    expect(acts(talk, "typing")).toHaveLength(2);
    expect(acts(talk).at(-1)).toEqual({ type: "text", text: "hello" });
  });

  test("a turn is not held up by typing or a reaction that hangs", async () => {
    const deliver: Deliver = ({ act }) => (act.type === "text" ? Promise.resolve({ outcome: "sent" }) : new Promise(() => {}));
    const talk = openChannelTalk(() => ({ text: "hello" }), {
      deliver,
      place: { style: { showsTyping: true, ackReaction: "👀" } },
    });
    await talk.say("hi");
    await until(() => talk.session.texts().length === 1);
  });
});

describe("an answer that grows at its place", () => {
  const partial = { style: { streaming: "partial", editEveryMs: 60 } } as const;
  const words = (count: number, pauseMs: number): [string, number][] =>
    Array.from({ length: count }, (_none, index) => [`word${index} `, pauseMs]);
  const idOf: Deliver = async ({ act }) => ({
    outcome: "sent",
    ...(act.type === "text" || act.type === "draft" ? { platformId: "d1" } : {}),
  });

  test("is one message: shown, edited, and replaced by the answer", async () => {
    const talk = await ask(() => ({ pieces: words(60, 12) }), { place: partial, deliver: idOf });
    const drafts = acts(talk, "draft");
    expect(drafts.length).toBeGreaterThan(2);
    expect(drafts[0]).not.toHaveProperty("message");
    expect(drafts.slice(1).every((act) => act.type === "draft" && act.message === "d1")).toBe(true);
    const whole = words(60, 0)
      .map(([word]) => word)
      .join("")
      .trim();
    for (const act of drafts) expect(whole.startsWith("text" in act ? act.text : "?")).toBe(true);
    expect(acts(talk, "text")).toEqual([{ type: "text", text: whole, replaces: "d1" }]);
  });

  test("is not shown when it is there at once", async () => {
    const talk = await ask(() => ({ text: "short" }), { place: partial });
    expect(acts(talk)).toEqual([{ type: "text", text: "short" }]);
  });

  test("says that it works where the platform has no typing, and that becomes the answer", async () => {
    const place = { style: { streaming: "partial", editEveryMs: 60, showsWorking: true } } as const;
    const slow = await ask(() => ({ text: "done", delayMs: 1600 }), { place, deliver: idOf });
    expect(acts(slow)).toEqual([
      { type: "draft", text: "Working …" },
      { type: "text", text: "done", replaces: "d1" },
    ]);
    const quick = await ask(() => ({ text: "done" }), { place, deliver: idOf });
    expect(acts(quick)).toEqual([{ type: "text", text: "done" }]);
    const unasked = { place: { ...place, kind: "group", activation: "always", isAddressed: false } } as const;
    const group = await ask(() => ({ text: "NO_REPLY", delayMs: 1600 }), { ...unasked, deliver: idOf });
    expect(acts(group)).toEqual([]);
  });

  test("is not edited more often than the place wants", async () => {
    const at: number[] = [];
    const deliver: Deliver = async (item) => {
      if (item.act.type === "draft") at.push(Date.now());
      return idOf(item);
    };
    await ask(() => ({ pieces: words(120, 8) }), { place: { style: { ...partial.style, editEveryMs: 300 } }, deliver });
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(gaps.length).toBeGreaterThan(0);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(290);
  });

  test("never shows a tag or what becomes silence; a group is left without a draft", async () => {
    const pieces: [string, number][] = [
      ["[[reply_", 50],
      ["to_current]] NO_", 1500],
      ["REPLY", 200],
    ];
    const talk = await ask(() => ({ pieces }), { place: { ...partial, kind: "group" } });
    expect(talk.session.sent).toEqual([]);
  });

  test("shows what a tool does, and is taken back when the answer is silence", async () => {
    const script = (_request: unknown, count: number) =>
      count === 1 ? { calls: [{ name: "exec", args: { command: "sleep 2" } }] } : { text: "NO_REPLY" };
    const talk = await ask(script, { place: { ...partial, kind: "group" }, deliver: idOf });
    expect(acts(talk)).toEqual([
      { type: "draft", text: expect.stringMatching(/^Running .*sleep 2.* …$/) },
      { type: "delete", message: "d1" },
    ]);
  });

  test("begins anew when the attempt is made again", async () => {
    const script = (_request: unknown, count: number) =>
      count === 1
        ? { pieces: words(30, 15), isCut: true }
        : {
            pieces: [
              ["Another answer", 0],
              [" altogether.", 300],
            ] as [string, number][],
          };
    const talk = await ask(script, { place: partial, deliver: idOf });
    expect(acts(talk, "text")).toEqual([{ type: "text", text: "Another answer altogether.", replaces: "d1" }]);
  });

  test("is replaced by what is left when the turn is stopped or fails", async () => {
    const stopped = openChannelTalk(() => ({ pieces: words(400, 10) }), { place: partial, deliver: idOf });
    await stopped.say("hi");
    await until(() => acts(stopped, "draft").length > 0);
    stopped.session.stop();
    await settle(stopped);
    expect(acts(stopped, "text")).toEqual([
      { type: "text", text: expect.stringMatching(/word0[\s\S]*\(Stopped\.\)$/), replaces: "d1" },
    ]);
    const failed = await ask(
      (_request, count) =>
        count === 1 ? { pieces: words(30, 15), calls: [{ name: "ls", args: {} }] } : { status: 401, text: "no" },
      { place: partial, deliver: idOf },
    );
    expect(acts(failed, "text")).toEqual([{ type: "text", text: expect.stringContaining("key"), replaces: "d1" }]);
  });

  test("that may or may not stand is given up: the answer is a message of its own", async () => {
    const deliver: Deliver = async ({ act }) =>
      act.type === "draft" ? { outcome: "unknown", reason: "reset" } : { outcome: "sent" };
    const talk = await ask(() => ({ pieces: words(60, 10) }), { place: partial, deliver });
    expect(acts(talk, "draft")).toHaveLength(1);
    expect(acts(talk, "text")).toEqual([{ type: "text", text: expect.stringContaining("word59") }]);
  });

  test("that comes to stand long after it was given up is taken back", { timeout: 40_000 }, async () => {
    const deliver: Deliver = async ({ act, id }) => {
      if (act.type === "draft") await new Promise((resolve) => setTimeout(resolve, 12_000));
      return { outcome: "sent", platformId: act.type === "draft" ? "late" : id };
    };
    const talk = openChannelTalk(() => ({ pieces: words(60, 10) }), { deliver, place: partial });
    await talk.say("tell me");
    await until(() => talk.session.parts.outbox.nextAt() !== undefined && acts(talk, "text").length === 1, 20_000);
    expect(acts(talk, "text")).toEqual([{ type: "text", text: expect.stringContaining("word59") }]);
    // It goes with what is being sent just then, or with the next alarm.
    const isTakenBack = () => acts(talk, "delete").length > 0;
    await until(
      () => isTakenBack() || (talk.session.parts.outbox.countWaiting() === 1 && talk.session.parts.lanes.size === 0),
      15_000,
    );
    if (!isTakenBack()) await talk.session.fireAlarm();
    await settle(talk);
    expect(acts(talk, "delete")).toEqual([{ type: "delete", message: "late" }]);
  });

  test("that can no longer be changed gives way to a new message", async () => {
    const deliver: Deliver = async ({ act }) => {
      if (act.type === "text" && act.replaces) return { outcome: "refused", reason: "message to edit not found" };
      return { outcome: "sent", platformId: "d1" };
    };
    const talk = await ask(() => ({ pieces: words(60, 10) }), { place: partial, deliver });
    expect(acts(talk, "text").map((act) => "replaces" in act)).toEqual([true, false]);
    expect(undelivered(talk)).toEqual([]);
  });

  test("is waited for when the answer is ready first", async () => {
    const deliver: Deliver = async (item) => {
      if (item.act.type === "draft") await new Promise((resolve) => setTimeout(resolve, 400));
      return idOf(item);
    };
    const talk = await ask(() => ({ pieces: words(40, 5) }), { place: partial, deliver });
    expect(acts(talk, "text")).toMatchObject([{ replaces: "d1" }]);
  });

  test("is taken back where the answer goes elsewhere", async () => {
    const talk = openChannelTalk(
      (_request, count) =>
        count === 1 ? { pieces: words(40, 10), calls: [{ name: "exec", args: { command: "sleep 1" } }] } : { text: "done" },
      { place: partial, deliver: idOf },
    );
    await talk.say("begin");
    await until(() => talk.session.parts.drafts.of(talk.session.parts.turns.open()?.id ?? "")?.state === "shown");
    await talk.say("here now", { from: { channel: "slack", peer: "D1" } });
    await settle(talk);
    expect(talk.session.sent.filter(({ to }) => to.channel === "slack").map(({ act }) => act.type)).toEqual(["text"]);
    expect(talk.session.sent.filter(({ to }) => to.channel === "telegram").at(-1)?.act).toEqual({
      type: "delete",
      message: "d1",
    });
  });
});

describe("an answer in paragraphs", () => {
  const block = { style: { streaming: "block", textLimit: 4096 } } as const;
  const paragraph = (char: string) => `${char.repeat(450)}\n\n`;

  test("goes out as it is written; the end sends the rest", async () => {
    const pieces: [string, number][] = [
      [paragraph("a"), 0],
      [paragraph("b"), 1300],
      ["The end.", 1300],
    ];
    const talk = await ask(() => ({ pieces }), { place: block });
    expect(talk.session.texts().map((text) => text.trim())).toEqual(["a".repeat(450), "b".repeat(450), "The end."]);
    const turn = talk.session.parts.turns.ofRun("in1")?.id;
    expect(talk.session.sent.map(({ id }) => id)).toEqual([`${turn}:b0`, `${turn}:b1`, `${turn}:0`]);
    expect(talk.session.parts.drafts.of(turn ?? "")).toBeUndefined();
  });

  test("sends what a step said before its tools run", async () => {
    const script = (_request: unknown, count: number) =>
      count === 1
        ? {
            pieces: [
              [paragraph("a"), 0],
              ["Let me look.", 1300],
            ] as [string, number][],
            calls: [{ name: "ls", args: {} }],
          }
        : { text: "Found it." };
    const talk = await ask(script, { place: block });
    expect(talk.session.texts().map((text) => text.trim())).toEqual(["a".repeat(450), "Let me look.", "Found it."]);
  });

  test("an attempt that is made again sends the rest, or says that the answer changed", async () => {
    const again = (second: string) => (_request: unknown, count: number) =>
      count === 1
        ? {
            pieces: [
              [paragraph("a"), 0],
              ["x", 1300],
            ] as [string, number][],
            isCut: true,
          }
        : { text: second };
    const same = await ask(again(`${paragraph("a")}Rest.`), { place: block });
    expect(same.session.texts().map((text) => text.trim())).toEqual(["a".repeat(450), "Rest."]);
    const other = await ask(again("Another."), { place: block });
    expect(other.session.texts().at(-1)).toMatch(/My answer changed[\s\S]*Another\.$/);
  });
});

test("a group's answer hangs and goes in the group", async () => {
  const talk = await ask(() => ({ text: "hello all" }), { place: { kind: "group", style: { replyTo: "first" } } });
  expect(talk.session.sent).toMatchObject([{ to: GROUP, act: { type: "text", text: "hello all", replyTo: "101" } }]);
});
