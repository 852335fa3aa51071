// Calls that wait for an answer from a machine at home: the turn sleeps as a row, and goes on once, whenever the answer comes,
// also over a crash; nobody waits for ever, and a stop reaches the machine.
import { describe, expect, test } from "vitest";
import type { HomeAnswer } from "../../../src/contract/home/port.ts";
import { makeHands } from "../../support/hands.ts";
import { exited, type ScriptedHome, scriptHome } from "../../support/scripted-home.ts";
import type { TestSession } from "../../support/session.ts";
import { answersOf, openTalk, resultsOf, type TalkScript, until } from "../../support/talk.ts";

const PENDING: HomeAnswer = { outcome: "pending", home: "nas" };

const runs =
  (...commands: string[]): TalkScript =>
  (_request, count) =>
    count === 1
      ? { calls: commands.map((command) => ({ name: "exec", args: { command, host: "home" } })) }
      : { text: `answer ${count}` };

function open(script: TalkScript, home: ScriptedHome, now?: () => number) {
  return openTalk(script, { home, brief: { hands: makeHands() }, ...(now ? { now } : {}) });
}

function answer(session: TestSession, home: ScriptedHome, payload: HomeAnswer, at = home.requests.length - 1) {
  const request = home.requests[at];
  if (!request?.replyTo) throw new Error("nothing was asked of the home");
  return session.receive({
    kind: "result",
    id: `home:${request.id}`,
    callId: request.replyTo.callId,
    text: "",
    isError: false,
    token: request.id,
    payload,
  });
}

const waits = (session: TestSession) => session.parts.turns.open()?.state === "waiting";
const texts = (session: TestSession) => resultsOf(session.entries()).map(({ text }) => text);

describe("a command on a machine at home", () => {
  test("that answers at once is a call like any other", async () => {
    const home = scriptHome(() => exited("hello\n"));
    const { session } = open(runs("echo hello"), home);
    await session.send("go");
    await session.rest();
    expect(texts(session)).toEqual(["hello"]);
    expect(home.requests[0]).toMatchObject({
      command: "exec.start",
      params: { command: "echo hello", place: { kind: "home" }, policy: { security: "allowlist", ask: "on-miss" } },
      live: { name: "exec", sessionKey: "agent:main:main" },
    });
  });

  test("that takes longer lets the turn sleep, and goes on when the answer comes", async () => {
    const home = scriptHome(() => PENDING);
    const { session, model } = open(runs("make"), home);
    await session.send("build it");
    await session.rest();
    expect(waits(session)).toBe(true);
    // The guard fires once, finds the turn asleep, and sets the alarm for the end of the wait.
    await session.fireAlarm();
    expect(session.alarmAt()).toBeGreaterThan(Date.now() + 60_000);
    expect(session.parts.row()).toMatchObject({ status: "waiting" });
    expect(await answer(session, home, exited("built\n"))).toMatchObject({ status: "accepted" });
    await session.rest();
    expect(texts(session)).toEqual(["built"]);
    expect(answersOf(session.entries())).toEqual(["answer 2"]);
    expect(model.requests).toHaveLength(2);
    // Told twice: nothing happens again.
    expect(await answer(session, home, exited("built\n"))).toMatchObject({ status: "duplicate" });
    await session.rest();
    expect(model.requests).toHaveLength(2);
  });

  test("may have a name of any length at its provider: the line carries a short one, and each its own", async () => {
    const home = scriptHome(() => PENDING);
    const long = "thought".repeat(700);
    const calls = ["a", "b"].map((end) => ({ name: "exec", args: { command: "make", host: "home" }, id: `call_${long}${end}` }));
    const { session } = open((_request, count) => (count === 1 ? { calls } : { text: "both" }), home);
    await session.send("build both");
    await session.rest();
    await answer(session, home, exited("first\n"), 0);
    await session.rest();
    await answer(session, home, exited("second\n"), 1);
    await session.rest();
    const ids = home.requests.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id.length).toBeLessThanOrEqual(256);
    expect(texts(session)).toEqual(["first", "second"]);
    expect(answersOf(session.entries())).toEqual(["both"]);
  });

  test("whose answer overtakes the beginning of the wait is not lost", async () => {
    let session: TestSession | undefined;
    const home = scriptHome(async () => {
      if (session) await answer(session, home, exited("quick\n"));
      return PENDING;
    });
    ({ session } = open(runs("date"), home));
    await session.send("go");
    await session.rest();
    expect(texts(session)).toEqual(["quick"]);
  });

  test("outlives a crash: asked again under the same id, the turn goes on where it was", async () => {
    const home = scriptHome(() => PENDING);
    const { session } = open(runs("make"), home);
    await session.send("build it");
    await session.rest();
    await session.crash();
    expect(waits(session)).toBe(true);
    await answer(session, home, exited("built\n"));
    await session.rest();
    expect(texts(session)).toEqual(["built"]);
  });

  test("cut off while it is asked for is asked for again, by the same id", async () => {
    let isCut = true;
    const home = scriptHome(async () => {
      if (isCut) await new Promise(() => {});
      return exited("once\n");
    });
    const { session } = open(runs("make"), home);
    await session.send("go");
    await until(() => home.requests.length === 1);
    isCut = false;
    await session.crash();
    home.requests.splice(1);
    const again = scriptHome(() => exited("once\n"));
    Object.assign(home, { callHome: again.callHome });
    await session.fireAlarm();
    await session.rest();
    expect(again.requests.map(({ id }) => id)).toEqual(home.requests.map(({ id }) => id));
    expect(texts(session)).toEqual(["once"]);
  });

  test("that never answers ends by itself, and says that nobody knows", async () => {
    let now = Date.now();
    const home = scriptHome(() => PENDING);
    const { session } = open(runs("make"), home, () => now);
    await session.send("go");
    await session.rest();
    for (let hops = 0; hops < 2; hops++) {
      now = (session.alarmAt() ?? 0) + 1;
      await session.fireAlarm();
    }
    await session.rest();
    const [result] = resultsOf(session.entries());
    expect(result).toMatchObject({ outcome: "interrupted", text: expect.stringContaining("did not answer in time") });
    expect(answersOf(session.entries())).toEqual(["answer 2"]);
  });

  test("that was interrupted there is told so, and a machine that cannot be reached says why", async () => {
    const home = scriptHome((_request, count) =>
      count === 1
        ? { outcome: "interrupted", home: "nas", reason: "nas was working on it when it was restarted meanwhile." }
        : { outcome: "unreachable", reason: "nas is not connected just now." },
    );
    const { session } = open(runs("make", "make again"), home);
    await session.send("go");
    await session.rest();
    expect(resultsOf(session.entries())).toMatchObject([
      { outcome: "interrupted", text: expect.stringContaining("restarted meanwhile") },
      { outcome: "failed", text: "nas is not connected just now." },
    ]);
  });

  test("holds up the calls after it, and a stop calls it off at the machine", async () => {
    const home = scriptHome(() => PENDING);
    const { session } = open(runs("one", "two"), home);
    await session.send("go");
    await session.rest();
    expect(home.requests).toHaveLength(1);
    session.stop();
    await session.rest();
    expect(home.cancelled).toEqual([home.requests[0]?.id]);
    expect(resultsOf(session.entries()).map(({ outcome }) => outcome)).toEqual(["stopped", "stopped"]);
    expect(home.requests).toHaveLength(1);
    // Its late answer changes nothing.
    await answer(session, home, exited("late\n"), 0);
    await session.rest();
    expect(texts(session)).not.toContain("late");
  });

  test("is not woken by a new message, which waits and is read with the result", async () => {
    const home = scriptHome(() => PENDING);
    const { session, model } = open(runs("make"), home);
    await session.send("go");
    await session.rest();
    await session.send("and hurry", { id: "m2" });
    await session.rest();
    expect(waits(session)).toBe(true);
    await answer(session, home, exited("built\n"));
    await session.rest();
    expect(model.requests).toHaveLength(2);
    expect(JSON.stringify(model.requests[1]?.messages)).toContain("and hurry");
  });
});

describe("where a command runs", () => {
  const where = async (
    args: Record<string, unknown>,
    hands: Parameters<typeof makeHands>[0],
    homes?: Parameters<typeof scriptHome>[1],
  ) => {
    const home = scriptHome(() => exited("there\n"), homes);
    const script: TalkScript = (_request, count) =>
      count === 1 ? { calls: [{ name: "exec", args: { command: "echo edge", ...args } }] } : { text: "done" };
    const { session } = openTalk(script, { home, brief: { hands: makeHands(hands) } });
    await session.send("go");
    await session.rest();
    const place = home.requests[0]?.params["place"] as { kind: string } | undefined;
    return { place: place?.kind ?? "edge", text: texts(session)[0] ?? "" };
  };

  test("is the edge by itself in the owner's main session, whatever machines there are", async () => {
    expect(await where({}, {})).toEqual({ place: "edge", text: "edge" });
  });

  test("is the sandbox by itself in a session that is kept there, and the edge where there is none", async () => {
    expect(await where({}, { isSandboxed: true })).toMatchObject({ place: "sandbox" });
    expect(await where({}, { isSandboxed: true }, [])).toEqual({ place: "edge", text: "edge" });
  });

  test("is never the machine itself for a session that is kept in the sandbox", async () => {
    const kept = await where({ host: "home" }, { isSandboxed: true });
    expect(kept).toMatchObject({ place: "edge", text: expect.stringContaining("kept in the sandbox") });
  });

  test("is not the machine where the settings forbid it", async () => {
    const exec = { ...makeHands().exec, security: "deny" as const };
    expect((await where({ host: "home" }, { exec })).text).toContain("tools.exec.security is deny");
  });
});
