// A talk on a channel survives: everything in memory is thrown away while files are fetched, while an album is half there,
// while a draft is up, between the parts of an answer and in the middle of one. Nothing is lost and nothing doubled.
import { expect, test } from "vitest";
import type { DeliveryOutcome, OutboxItem } from "../../../src/contract/channels/delivery.ts";
import { openChannelTalk, ring, settle, type Talk } from "../../support/channel-talk.ts";
import { answersOf, until } from "../../support/talk.ts";

type Deliver = (item: OutboxItem) => Promise<DeliveryOutcome>;

const never = () => new Promise<never>(() => {});

async function crashAndGoOn(talk: Talk): Promise<void> {
  await talk.session.crash();
  await ring(talk);
  await settle(talk);
}

test("while files are fetched: they are fetched again and the message is answered once", async () => {
  let isAway = true;
  const talk = openChannelTalk(() => ({ text: "nice" }), {
    fetchMedia: async (_from, { handle }) =>
      isAway && handle === "b" ? never() : { ok: true, value: { key: `media/${handle}`, type: "image/png", size: 3 } },
  });
  const attachments = ["a", "b"].map((handle) => ({ handle, kind: "image" as const }));
  await talk.say("look", { attachments });
  await until(() => talk.session.parts.inbox.waiting()[0]?.event.kind === "message" && openFiles(talk) === 1);
  isAway = false;
  await crashAndGoOn(talk);
  const [user] = talk.session.entries();
  expect(user).toMatchObject({ parts: [{ text: "look" }, { media: { key: "media/a" } }, { media: { key: "media/b" } }] });
  expect(talk.session.texts()).toEqual(["nice"]);
});

test("again and again while a file is fetched: it is left out with a sentence", async () => {
  const talk = openChannelTalk(() => ({ text: "pity" }), { fetchMedia: never });
  await talk.say("look", { attachments: [{ handle: "a", kind: "video" }] });
  for (let life = 0; life < 6; life++) {
    await until(() => talk.session.parts.sql.one<{ tries: number }>("SELECT tries FROM inbox")?.tries === life + 1);
    await talk.session.crash();
    void talk.session.runner.go();
  }
  await until(() => talk.session.texts().length === 1);
  expect(JSON.stringify(talk.model.requests[0])).toContain("interrupted each time");
});

test("while an album is half there: its second half still joins it", async () => {
  const talk = openChannelTalk(() => ({ text: "a fine album" }));
  const album = (handle: string) => ({ joinAs: "album", attachments: [{ handle, kind: "image" as const }] });
  await talk.say("one", album("a"));
  await talk.session.crash();
  await talk.say("two", album("b"));
  await until(() => openFiles(talk) === 0);
  await ring(talk);
  await settle(talk);
  expect(talk.model.requests).toHaveLength(1);
  expect(talk.session.texts()).toEqual(["a fine album"]);
  expect(talk.session.entries().filter(({ kind }) => kind === "user")).toHaveLength(2);
});

test("between the parts of an answer: the rest goes out, nothing twice", async () => {
  let isAway = true;
  // The first part is in, the second not begun: the platform asked for a pause.
  const deliver: Deliver = async ({ part }) =>
    isAway && part > 0 ? { outcome: "unanswered", retryAfterMs: 400, reason: "429" } : { outcome: "sent" };
  const talk = openChannelTalk(() => ({ text: "abcdef" }), { deliver, place: { style: { textLimit: 2 } } });
  await talk.say("hi");
  await until(() => talk.session.texts().length === 2 && talk.session.parts.outbox.heads()[0]?.state === "pending");
  isAway = false;
  await crashAndGoOn(talk);
  expect(talk.session.texts()).toEqual(["ab", "cd", "cd", "ef"]);
  expect(talk.session.sent.map(({ part }) => part)).toEqual([0, 1, 1, 2]);
});

test("between answer and cutting: it is cut again under the same ids", async () => {
  let isAway = true;
  const talk = openChannelTalk(() => ({ text: "abcd" }), {
    plan: (text) => (isAway ? never() : Promise.resolve([text.slice(0, 2), text.slice(2)])),
  });
  await talk.say("hi");
  await until(() => answersOf(talk.session.entries()).length === 1);
  isAway = false;
  await crashAndGoOn(talk);
  expect(talk.session.texts()).toEqual(["ab", "cd"]);
  const turn = talk.session.parts.turns.ofRun("in1")?.id;
  expect(talk.session.sent.map(({ id }) => id)).toEqual([`${turn}:0`, `${turn}:1`]);
});

test("in the middle of a part: it is not sent again, the rest goes out, and that is said", async () => {
  let isAway = true;
  const deliver: Deliver = ({ part }) => (isAway && part === 1 ? never() : Promise.resolve({ outcome: "sent" }));
  const talk = openChannelTalk(() => ({ text: "abcdef" }), { deliver, place: { style: { textLimit: 2 } } });
  await talk.say("hi");
  await until(() => talk.session.texts().length === 2);
  isAway = false;
  await crashAndGoOn(talk);
  expect(talk.session.texts()).toEqual(["ab", "cd", "ef"]);
  const notes = talk.session.entries().filter((entry) => entry.kind === "note");
  expect(notes).toMatchObject([{ label: "undelivered", text: expect.stringContaining("not certain") }]);
});

const long: [string, number][] = Array.from({ length: 60 }, (_none, index) => [`word${index} `, 20]);
const partial = { style: { streaming: "partial", editEveryMs: 60 } } as const;
const draftOf = (talk: Talk) => talk.session.parts.drafts.of(talk.session.parts.turns.open()?.id ?? "");

test("while a draft is up: the answer takes its place", async () => {
  const deliver: Deliver = async ({ act }) => ({ outcome: "sent", ...(act.type === "draft" ? { platformId: "d1" } : {}) });
  const talk = openChannelTalk((_request, count) => (count === 1 ? { pieces: [...long, ["", 9000]] } : { text: "the answer" }), {
    deliver,
    place: partial,
  });
  await talk.say("hi");
  await until(() => draftOf(talk)?.state === "shown");
  await crashAndGoOn(talk);
  expect(talk.session.sent.at(-1)?.act).toEqual({ type: "text", text: "the answer", replaces: "d1" });
  expect(talk.session.texts()).toEqual(["the answer"]);
  expect(talk.session.parts.sql.all("SELECT * FROM draft")).toEqual([]);
});

test("while a draft is asked for: nobody knows whether it stands, so the answer is a message of its own", async () => {
  let isAway = true;
  const deliver: Deliver = ({ act }) => (isAway && act.type === "draft" ? never() : Promise.resolve({ outcome: "sent" }));
  const talk = openChannelTalk((_request, count) => (count === 1 ? { pieces: [...long, ["", 9000]] } : { pieces: long }), {
    deliver,
    place: partial,
  });
  await talk.say("hi");
  await until(() => draftOf(talk)?.state === "asked");
  isAway = false;
  await crashAndGoOn(talk);
  expect(talk.session.sent.filter(({ act }) => act.type === "draft")).toHaveLength(1);
  expect(talk.session.sent.at(-1)?.act).toEqual({ type: "text", text: expect.stringMatching(/^word0 .*word59$/) });
});

test("while the answer takes the place of its draft: it does so again", async () => {
  let isAway = true;
  const deliver: Deliver = async ({ act }) => {
    if (isAway && act.type === "text") return never();
    return { outcome: "sent", platformId: "d1" };
  };
  const talk = openChannelTalk(() => ({ pieces: long }), { deliver, place: partial });
  await talk.say("hi");
  await until(() => talk.session.texts().length === 1);
  isAway = false;
  await crashAndGoOn(talk);
  const replaced = talk.session.sent.filter(({ act }) => act.type === "text");
  expect(replaced).toHaveLength(2);
  expect(replaced[0]).toEqual(replaced[1]);
  expect(replaced[1]?.act).toMatchObject({ replaces: "d1" });
});

test("after some paragraphs went out: the answer that is made again sends the rest only", async () => {
  const first = `${"a".repeat(450)}\n\n`;
  const script = (_request: unknown, count: number) =>
    count === 1
      ? {
          pieces: [
            [first, 0],
            ["Res", 1300],
            ["", 9000],
          ] as [string, number][],
        }
      : { text: `${first}Rest.` };
  const talk = openChannelTalk(script, { place: { style: { streaming: "block" } }, brief: { modelIdleMs: 20_000 } });
  await talk.say("hi");
  await until(() => talk.session.texts().length === 1);
  await crashAndGoOn(talk);
  expect(talk.session.texts()).toEqual(["a".repeat(450), "Rest."]);
});

function openFiles({ session }: Talk): number {
  return session.parts.inbox
    .waiting()
    .reduce((sum, { event }) => sum + (event.kind === "message" ? (event.message.attachments?.length ?? 0) : 0), 0);
}
