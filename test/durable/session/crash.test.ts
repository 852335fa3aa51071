// A turn survives: everything in memory is thrown away in each of its phases, and the rows alone must bring it to its
// end: each message answered exactly once, no unsafe call repeated.
import { describe, expect, test } from "vitest";
import type { TestSession } from "../../support/session.ts";
import { answersOf as answers, openTalk as open, resultsOf, until } from "../../support/talk.ts";
import { openTestWorkspace } from "../../support/workspace.ts";

async function crashAndGoOn(session: TestSession): Promise<void> {
  await session.crash();
  expect(session.alarmAt(), "an alarm guards the unfinished turn").toBeDefined();
  await session.fireAlarm();
}

describe("after a crash", () => {
  test("before the model answers, the step is made again", async () => {
    const { session, model } = open((_request, count) => ({ text: `answer ${count}`, delayMs: count === 1 ? 5000 : 0 }));
    await session.send("hi", { id: "m" });
    await until(() => model.requests.length === 1);
    await crashAndGoOn(session);
    expect(answers(session.entries())).toEqual(["answer 2"]);
    expect(session.reports).toHaveLength(1);
  });

  test("in mid-stream, the half answer is not taken for a whole one", async () => {
    const { session } = open((_request, count) =>
      count === 1
        ? {
            pieces: [
              ["half", 0],
              ["rest", 5000],
            ],
          }
        : { text: "whole" },
    );
    await session.send("hi");
    await until(() => session.told.some((event) => event.type === "text"));
    await crashAndGoOn(session);
    expect(answers(session.entries())).toEqual(["whole"]);
  });

  test("in an unsafe call, the model is told that its outcome is unknown and it is not run again", async () => {
    const { session, model, workspace } = open((_request, count) =>
      count === 1 ? { calls: [{ name: "exec", args: { command: "echo once >> log.txt; sleep 3" } }] } : { text: "I will check." },
    );
    await session.send("go");
    await until(() => session.told.some((event) => event.type === "call-started"));
    await crashAndGoOn(session);
    expect(resultsOf(session.entries())).toMatchObject([{ outcome: "interrupted" }]);
    expect(resultsOf(session.entries())[0]?.text).toContain("outcome unknown");
    expect(answers(session.entries())).toEqual(["I will check."]);
    expect(model.requests).toHaveLength(2);
    expect(await workspace.readText("log.txt").catch(() => "once\n")).toBe("once\n");
  });

  test("in a safe call, it is simply run again", async () => {
    let isSlow = true;
    const real = openTestWorkspace();
    const workspace = new Proxy(real, {
      get(target, name: keyof typeof real) {
        if (name === "read" && isSlow) return () => new Promise(() => {});
        return target[name];
      },
    });
    const { session } = open(
      (_request, count) => (count === 1 ? { calls: [{ name: "read", args: { path: "SOUL.md" } }] } : { text: "read it" }),
      { workspace },
    );
    await session.send("go");
    await until(() => session.told.some((event) => event.type === "call-started"));
    isSlow = false;
    await crashAndGoOn(session);
    expect(resultsOf(session.entries())).toMatchObject([{ outcome: "done" }]);
    expect(answers(session.entries())).toEqual(["read it"]);
  });

  test("in mid-delivery, what may have gone out is not sent again, and that is said", async () => {
    let isAway = true;
    const { session } = open(() => ({ text: "the answer" }), {
      deliver: () => (isAway ? new Promise(() => {}) : Promise.resolve({ outcome: "sent" as const })),
    });
    await session.send("hi", { channel: "telegram" });
    await until(() => session.sent.length === 1);
    isAway = false;
    await crashAndGoOn(session);
    expect(session.sent).toHaveLength(1);
    expect(answers(session.entries())).toEqual(["the answer"]);
    expect(session.entries().at(-1)).toMatchObject({ kind: "note", label: "undelivered" });
    expect(session.entries().at(-1)).toHaveProperty("text", expect.stringContaining("not certain"));
  });

  test("between answer and report, the Directory still hears of it, once", async () => {
    let isAway = true;
    const { session } = open(() => ({ text: "the answer" }), { failReports: () => isAway });
    await session.send("hi");
    await session.rest();
    isAway = false;
    await crashAndGoOn(session);
    await until(() => session.reports.length === 1);
    expect(session.reports).toHaveLength(1);
  });

  test("a message that waited is answered too, after the first", async () => {
    const { session, model } = open((request, count) => ({
      text: `re ${request.messages.filter((message) => message.role === "user").length}`,
      delayMs: count === 1 ? 5000 : 0,
    }));
    await session.send("one", { id: "one" });
    await session.send("two", { id: "two", wishes: { queueMode: "followup" } });
    await until(() => model.requests.length === 1);
    await crashAndGoOn(session);
    expect(answers(session.entries())).toEqual(["re 1", "re 2"]);
    expect(await session.send("one", { id: "one" })).toMatchObject({ status: "duplicate", state: "done" });
  });

  test("again and again in the same step, the turn is parked with a sentence", async () => {
    const { session } = open(() => ({ text: "never", delayMs: 5000 }));
    await session.send("hi", { id: "m" });
    for (let life = 0; life < 5; life++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await session.crash();
      void session.fireAlarm();
    }
    await until(() => session.told.some((event) => event.type === "turn-ended"));
    const end = session.told.find((event) => event.type === "turn-ended");
    expect(end).toMatchObject({ outcome: "parked", error: { kind: "breaker" } });
    expect(session.entries().at(-1)).toMatchObject({ kind: "note", label: "parked" });
  });

  test("a stop that was asked for before it is still obeyed", async () => {
    const { session } = open(() => ({ text: "x", delayMs: 5000 }));
    await session.send("hi");
    session.parts.turns.askStop(session.parts.turns.open()?.id ?? "", Date.now());
    await crashAndGoOn(session);
    expect(session.told.findLast((event) => event.type === "turn-ended")).toMatchObject({ outcome: "stopped" });
    expect(answers(session.entries())).toEqual([]);
  });

  test("a stopped turn keeps the thoughts and the text that were stored before it", async () => {
    const pieces: [string, number][] = [
      ["An answer ", 0],
      ["in two parts", 800],
      ["never said", 60_000],
    ];
    const { session } = open(() => ({
      thoughts: [
        ["First this, ", 0],
        ["then that.", 800],
      ],
      pieces,
    }));
    await session.send("hi");
    const turnId = session.parts.turns.open()?.id ?? "";
    await expect.poll(() => session.parts.blocks.text(turnId), { timeout: 10_000 }).toBe("An answer in two parts");
    session.parts.turns.askStop(turnId, Date.now());
    await crashAndGoOn(session);
    expect(session.entries().at(-1)).toMatchObject({
      kind: "assistant",
      stopReason: "aborted",
      text: "An answer in two parts",
      thinking: [{ text: "First this, then that." }],
    });
  });
});
