// The end of a command that a session left running: a turn of its own, which takes nothing from what goes on.
import { describe, expect, test } from "vitest";
import type { HomeAnswer } from "../../../src/contract/home/port.ts";
import { makeHands } from "../../support/hands.ts";
import { exited, scriptHome } from "../../support/scripted-home.ts";
import type { TestSession } from "../../support/session.ts";
import { answersOf, openTalk, resultsOf, type TalkScript, until } from "../../support/talk.ts";

const ended = (session: TestSession, id = "home:ended:1", text = "[A command has ended.]") =>
  session.receive({ kind: "result", id, callId: "", text, isError: false });

const answers: TalkScript = (_request, count) => ({ text: `answer ${count}` });

describe("the end of a command", () => {
  test("wakes a session that rests, once", async () => {
    const { session, model } = openTalk(answers);
    await session.send("begin");
    await session.rest();
    expect(await ended(session)).toMatchObject({ status: "accepted" });
    await session.rest();
    expect(answersOf(session.entries())).toEqual(["answer 1", "answer 2"]);
    expect(JSON.stringify(model.requests[1]?.messages)).toContain("[A command has ended.]");
    expect(await ended(session)).toMatchObject({ status: "duplicate" });
    await session.rest();
    expect(model.requests).toHaveLength(2);
  });

  test("does not bring back a talk that was deleted", async () => {
    const { session, model } = openTalk(answers);
    expect(await ended(session)).toMatchObject({ status: "duplicate" });
    await session.rest();
    expect([session.entries(), model.requests]).toEqual([[], []]);
  });

  test.each(["steer", "interrupt", "collect"] as const)("waits for the turn that runs, in the mode %s", async (mode) => {
    let release = (_answer: HomeAnswer) => {};
    const home = scriptHome(() => new Promise((resolve) => (release = resolve)));
    const script: TalkScript = (_request, count) =>
      count === 1
        ? { calls: ["one", "two"].map((command) => ({ name: "exec", args: { command, host: "home" } })) }
        : { text: `answer ${count}` };
    const queue = { mode, debounceMs: 0, cap: 20, drop: "summarize" } as const;
    const { session, model } = openTalk(script, { home, brief: { hands: makeHands(), queue } });
    const sending = session.send("go");
    await until(() => home.requests.length === 1);
    await ended(session);
    release(exited("first\n"));
    await until(() => home.requests.length === 2);
    release(exited("second\n"));
    await sending;
    await session.rest();
    // Neither call was skipped for it, and the turn was not stopped.
    expect(resultsOf(session.entries()).map(({ text }) => text)).toEqual(["first", "second"]);
    expect(answersOf(session.entries())).toEqual(["answer 2", "answer 3"]);
    expect(JSON.stringify(model.requests[1]?.messages)).not.toContain("[A command has ended.]");
    expect(JSON.stringify(model.requests[2]?.messages)).toContain("[A command has ended.]");
  });
});

test("a stop reaches the machine at once, also while the call is waited for in memory", async () => {
  let answer = (_answer: HomeAnswer) => {};
  const home = scriptHome(() => new Promise((resolve) => (answer = resolve)));
  const { cancelCall } = home;
  home.cancelCall = async (id) => {
    await cancelCall(id);
    answer({ outcome: "interrupted", home: "nas", reason: "It was called off." });
  };
  const script: TalkScript = () => ({ calls: [{ name: "exec", args: { command: "sleep 60", host: "home" } }] });
  const { session, model } = openTalk(script, { home, brief: { hands: makeHands() } });
  const sending = session.send("go");
  await until(() => home.requests.length === 1);
  session.stop();
  await sending;
  await session.rest();
  expect(home.cancelled).toEqual([home.requests[0]?.id]);
  expect(resultsOf(session.entries())).toMatchObject([{ outcome: "interrupted" }]);
  expect(model.requests).toHaveLength(1);
});
