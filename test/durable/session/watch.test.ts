// Watching one run directly, and a talk that was held elsewhere put before the first message.
import { describe, expect, test } from "vitest";
import type { LiveEvent } from "../../../src/contract/live.ts";
import { storyOf } from "../../../src/durable/session/live/history.ts";
import { Watchers } from "../../../src/durable/session/live/watch.ts";
import { seedTalk } from "../../../src/durable/session/receiving.ts";
import { personTexts, scriptModel } from "../../support/scripted-model.ts";
import { openTestSession, type TestSession } from "../../support/session.ts";
import { openTestWorkspace } from "../../support/workspace.ts";

function open(replies: { text: string }[]) {
  const model = scriptModel((_request, count) => replies[count - 1] ?? { text: "more" });
  const workspace = openTestWorkspace();
  const brief = { models: [model.ref], providers: model.providers };
  return { session: openTestSession({ env: {}, workspace, fetch: model.fetch, brief }), model };
}

const watch = ({ parts }: TestSession, runId: string, leave?: () => void) =>
  parts.publisher.watchers.open(runId, storyOf(parts, runId), leave);

async function read(lines: ReadableStream<Uint8Array>): Promise<LiveEvent[]> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of lines) text += decoder.decode(chunk, { stream: true });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

const textsOf = (events: LiveEvent[]) => events.flatMap((event) => (event.type === "text" ? [event.delta] : []));

describe("watching a run", () => {
  test("tells it from its beginning to its end, then closes", async () => {
    const { session } = open([{ text: "Hello there" }]);
    await session.send("hi", { id: "w1" });
    const events = await read(watch(session, "w1"));
    expect(textsOf(events).join("")).toBe("Hello there");
    expect(events.at(-1)).toMatchObject({ type: "turn-ended", runId: "w1", outcome: "done", text: "Hello there" });
    expect(events.every(({ runId }) => runId === "w1")).toBe(true);
  });

  test("tells a run that is over by what it said and how it ended", async () => {
    const { session } = open([{ text: "Said before" }]);
    await session.send("hi", { id: "w2" });
    await session.rest();
    const events = await read(watch(session, "w2"));
    expect(events).toMatchObject([
      { type: "entry", entry: { kind: "assistant", text: "Said before" } },
      { type: "turn-ended", outcome: "done", spend: { output: 10 } },
    ]);
  });

  test("of a run that is not known closes at once", async () => {
    const { session } = open([]);
    expect(await read(watch(session, "never"))).toEqual([]);
  });

  test("says when the message was dropped before its turn", async () => {
    const { session } = open([{ text: "first" }]);
    await session.send("one", { id: "d1" });
    await session.send("two", { id: "d2", wishes: { queueMode: "followup" } });
    const lines = watch(session, "d2");
    await session.send("/stop");
    expect((await read(lines)).at(-1)).toMatchObject({
      type: "inbox",
      inboxId: "d2",
      state: "dropped",
      reason: expect.any(String),
    });
  });

  test("hears each message's own turn only", async () => {
    const { session } = open([{ text: "first" }, { text: "second" }]);
    await session.send("one", { id: "o1" });
    await session.send("two", { id: "o2", wishes: { queueMode: "followup" } });
    const [first, second] = await Promise.all([read(watch(session, "o1")), read(watch(session, "o2"))]);
    expect([textsOf(first).join(""), textsOf(second).join("")]).toEqual(["first", "second"]);
  });

  test("tells whoever asked when the reader hangs up, but not after the end", async () => {
    const { session } = open([{ text: "one" }]);
    let leaves = 0;
    await session.send("hi", { id: "l1" });
    await watch(session, "l1", () => leaves++).cancel();
    expect(leaves).toBe(1);
    await read(watch(session, "l1", () => leaves++));
    expect(leaves).toBe(1);
  });

  test("gives up a reader that does not read, however long the story was", async () => {
    const watchers = new Watchers();
    const event = (size: number): LiveEvent => ({
      type: "text",
      step: 0,
      offset: 0,
      delta: "x".repeat(size),
      runId: "r",
      seq: 1,
      at: 1,
    });
    const lines = watchers.open("r", [event(6_000_000)]);
    watchers.tell(event(1_000_000));
    watchers.tell(event(4_000_000));
    watchers.tell(event(1));
    await expect(read(lines)).rejects.toThrow("does not read");
  });
});

describe("a talk held elsewhere", () => {
  const talk = [
    { role: "user" as const, parts: [{ type: "text" as const, text: "I am Ann." }] },
    { role: "assistant" as const, parts: [{ type: "text" as const, text: "Hello Ann." }] },
  ];

  test("stands before the first message, for the model and in the transcript", async () => {
    const { session, model } = open([{ text: "Ann." }]);
    seedTalk(session.parts, talk);
    await session.send("Who am I?");
    await session.rest();
    expect(session.entries().map(({ kind }) => kind)).toEqual(["user", "assistant", "user", "assistant"]);
    expect(model.requests.map(personTexts)).toEqual([["I am Ann.", "Who am I?"]]);
    expect(JSON.stringify(model.requests[0])).toContain("Hello Ann.");
  });

  test("changes nothing in a session that has begun", async () => {
    const { session } = open([{ text: "one" }]);
    seedTalk(session.parts, talk);
    seedTalk(session.parts, talk);
    expect(session.entries()).toHaveLength(2);
  });
});

test("a turn fails instead of waiting when its sender has no patience", async () => {
  const model = scriptModel(() => ({ status: 429, headers: { "retry-after": "50" } }));
  const brief = { models: [model.ref], providers: model.providers };
  const session = openTestSession({ env: {}, workspace: openTestWorkspace(), fetch: model.fetch, brief });
  await session.send("hi", { id: "p1", wishes: { patienceMs: 40_000 } });
  await session.rest();
  expect(session.reports).toMatchObject([{ runId: "p1", outcome: "failed", error: expect.stringContaining("rate limit") }]);
  await session.send("hi", { id: "p2" });
  await session.rest();
  expect(session.reports).toHaveLength(1);
  expect(session.parts.turns.open()).toMatchObject({ runId: "p2", state: "waiting" });
});
