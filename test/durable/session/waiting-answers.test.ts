// Answers that cannot go out: the Directory is told how many wait and since when, once for each change, over crashes and when it is out of
// reach; when the account can be written to again they go out at once, in their order.
import { expect, test } from "vitest";
import type { ChannelNote } from "../../../src/contract/channels/channel.ts";
import type { DeliveryOutcome, OutboxItem } from "../../../src/contract/channels/delivery.ts";
import { HERE, openChannelTalk, settle, type Talk, type TalkOptions } from "../../support/channel-talk.ts";
import { answersOf, until } from "../../support/talk.ts";

const AWAY: DeliveryOutcome = { outcome: "unanswered", retryAfterMs: 60_000, patienceMs: 86_400_000, reason: "nobody is there" };

function openAway(options: TalkOptions = {}) {
  const at = { isAway: true };
  const deliver = async (_item: OutboxItem): Promise<DeliveryOutcome> => (at.isAway ? AWAY : { outcome: "sent" });
  const talk = openChannelTalk((_request, count) => ({ text: `answer ${count}` }), { deliver, ...options });
  return { talk, at };
}

const notes = ({ session }: Talk) => session.channelNotes.flatMap(({ note }) => (note.kind === "waiting" ? [note] : []));
const counts = (talk: Talk) => notes(talk).map(({ count }) => count);

async function say(talk: Talk, ...words: string[]): Promise<void> {
  for (const text of words) {
    const before = answersOf(talk.session.entries()).length;
    await talk.say(text);
    await until(() => answersOf(talk.session.entries()).length > before);
    await talk.session.rest();
  }
}

async function comeBack({ session }: Talk, account = "default"): Promise<void> {
  session.parts.outbox.hasten(HERE.channel, account, Date.now());
  await session.rest();
}

test("are told with their number and since when, and told to be gone when they went out in their order", async () => {
  const { talk, at } = openAway();
  const begunAt = Date.now();
  await say(talk, "one", "two", "three");
  expect(counts(talk)).toEqual([1, 2, 3]);
  expect(talk.session.channelNotes.at(-1)).toMatchObject({ channel: "telegram", account: "default" });
  const [first, ...later] = notes(talk);
  expect(first?.sessionKey).toBe("agent:main:main");
  expect(first?.since).toBeGreaterThanOrEqual(begunAt);
  // Of the oldest of them, which is the same.
  expect(later.map(({ since }) => since)).toEqual([first?.since, first?.since]);
  expect(talk.session.sent).toHaveLength(1);
  at.isAway = false;
  await comeBack(talk);
  await settle(talk);
  expect(talk.session.sent.slice(1).map(({ act }) => "text" in act && act.text)).toEqual(["answer 1", "answer 2", "answer 3"]);
  expect(counts(talk).at(-1)).toBe(0);
  await talk.session.rest();
  expect(counts(talk)).toEqual([1, 2, 3, 0]);
});

test("a short pause is no waiting: nobody is told", async () => {
  let tries = 0;
  const talk = openChannelTalk(() => ({ text: "hello" }), {
    deliver: async () => (++tries === 1 ? { outcome: "unanswered", retryAfterMs: 50, reason: "429" } : { outcome: "sent" }),
  });
  await talk.say("hi");
  await settle(talk);
  expect(tries).toBe(2);
  expect(notes(talk)).toEqual([]);
});

test("what nobody would miss is not counted", async () => {
  const talk = openChannelTalk(() => ({ text: "hello" }), {
    place: { style: { ackReaction: "👀" } },
    deliver: async ({ act }) => (act.type === "react" ? AWAY : { outcome: "sent" }),
  });
  await say(talk, "hi");
  expect(talk.session.sent.some(({ act }) => act.type === "react")).toBe(true);
  expect(counts(talk).every((count) => count <= 1)).toBe(true);
});

test("a crash tells nothing twice, and the end of the waiting is told by the next life", async () => {
  const { talk, at } = openAway();
  await say(talk, "one", "two");
  await talk.session.crash();
  await talk.session.fireAlarm();
  expect(counts(talk)).toEqual([1, 2]);
  await talk.session.crash();
  at.isAway = false;
  await comeBack(talk);
  await settle(talk);
  expect(counts(talk)).toEqual([1, 2, 0]);
});

test("a Directory that cannot be reached is told later, by the alarm, and nothing is held up by it", async () => {
  const heard: ChannelNote[] = [];
  let isReached = false;
  const { talk } = openAway({
    people: {
      noteChannel: async (note: ChannelNote) => {
        if (!isReached) throw new Error("The Directory is out of reach.");
        heard.push(note);
      },
    } as TalkOptions["people"] & object,
  });
  await say(talk, "one");
  expect(answersOf(talk.session.entries())).toHaveLength(1);
  expect(talk.session.alarmAt() ?? Number.POSITIVE_INFINITY).toBeLessThan(Date.now() + 10_000);
  isReached = true;
  await talk.session.fireAlarm();
  expect(heard.map(({ note }) => note)).toMatchObject([{ kind: "waiting", count: 1 }]);
});

test("another account that is back hastens nothing", async () => {
  const { talk, at } = openAway();
  await say(talk, "one");
  at.isAway = false;
  await comeBack(talk, "work");
  expect(talk.session.sent).toHaveLength(1);
  expect(counts(talk)).toEqual([1]);
});
