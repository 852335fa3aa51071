import { describe, expect, test } from "vitest";
import type { LiveEvent } from "../../../src/contract/live.ts";
import { commands } from "../../../src/durable/agent/commands.ts";
import { personTexts, type SeenRequest } from "../../support/scripted-model.ts";
import type { TestSession } from "../../support/session.ts";
import { answersOf as answers, openTalk as open, resultsOf as results, type TalkScript, until } from "../../support/talk.ts";

const ends = (session: TestSession) => session.told.flatMap((event) => (event.type === "turn-ended" ? [event] : []));
const states = (session: TestSession, id: string) =>
  session.told.flatMap((event) => (event.type === "inbox" && event.inboxId === id ? [event.state] : []));

describe("a turn", () => {
  test("answers, is reported once and leaves no alarm behind", async () => {
    const { session, model } = open(() => ({ text: "Hello!" }));
    expect(await session.send("hi", { id: "m1" })).toEqual({ status: "accepted", state: "working", runId: "m1" });
    await session.rest();
    expect(answers(session.entries())).toEqual(["Hello!"]);
    expect(session.reports).toMatchObject([{ runId: "m1", outcome: "done", spend: { input: 100, output: 10, costUsd: 0.0002 } }]);
    expect(ends(session)).toMatchObject([{ runId: "m1", outcome: "done", text: "Hello!" }]);
    // The guard that was set is left to fire once; it finds nothing to do and sets none.
    await session.fireAlarm();
    expect(session.alarmAt()).toBeUndefined();
    expect(session.parts.turns.untold()).toEqual([]);
    expect(model.requests).toHaveLength(1);
  });

  test("takes the same message only once", async () => {
    const { session, model } = open(() => ({ text: "once" }));
    await session.send("hi", { id: "same" });
    expect(await session.send("hi", { id: "same" })).toMatchObject({ status: "duplicate" });
    await session.rest();
    expect(await session.send("hi", { id: "same" })).toMatchObject({ status: "duplicate", state: "done" });
    await session.rest();
    expect(model.requests).toHaveLength(1);
  });

  test("uses tools and gives their results back", async () => {
    const { session, model, workspace } = open((_request, count) =>
      count === 1 ? { calls: [{ name: "write", args: { path: "note.txt", content: "milk" } }] } : { text: "Written." },
    );
    await session.send("note milk");
    await session.rest();
    expect(await workspace.readText("note.txt")).toBe("milk");
    expect(answers(session.entries())).toEqual(["Written."]);
    expect(model.requests[1]?.messages.some((message) => message.role === "tool")).toBe(true);
    expect(session.parts.calls.open(session.parts.turns.ofRun("x")?.id ?? "")).toEqual([]);
  });

  test("runs calls of one step side by side when they are safe", async () => {
    const { session } = open((_request, count) =>
      count === 1 ? { calls: Array.from({ length: 5 }, () => ({ name: "read", args: { path: "SOUL.md" } })) } : { text: "done" },
    );
    await session.send("read");
    await session.rest();
    const order = session.told.flatMap((event) =>
      event.type === "call-started" ? ["s"] : event.type === "call-ended" ? ["e"] : [],
    );
    expect(order.join("")).toBe("ssssseeeee");
    expect(results(session.entries())).toHaveLength(5);
  });

  test("tells the model what is wrong with a call instead of failing", async () => {
    const { session } = open((_request, count) =>
      count === 1
        ? {
            calls: [
              { name: "read", args: { wrong: 1 } },
              { name: "teleport", args: {} },
              { name: "read", args: { path: "../../etc/passwd" } },
            ],
          }
        : { text: "I see." },
    );
    await session.send("go");
    await session.rest();
    const texts = results(session.entries()).map((result) => result.text);
    expect(texts[0]).toContain("path");
    expect(texts[1]).toContain('no tool "teleport"');
    expect(results(session.entries()).map((result) => result.outcome)).toEqual(["failed", "failed", "failed"]);
    expect(answers(session.entries())).toEqual(["I see."]);
  });

  test("keeps a long result in a file and gives the model head and tail", async () => {
    const { session, workspace } = open((_request, count) =>
      count === 1 ? { calls: [{ name: "exec", args: { command: "seq 1 20000" } }] } : { text: "long" },
    );
    await session.send("count");
    await session.rest();
    const text = results(session.entries())[0]?.text ?? "";
    const path = /results\/\S+\.txt/.exec(text)?.[0] ?? "";
    expect(text.length).toBeLessThan(40_000);
    expect((await workspace.readText(path)).length).toBeGreaterThan(text.length);
  });

  test("denied tools are neither offered nor run", async () => {
    const { session, model } = open(
      (_request, count) => (count === 1 ? { calls: [{ name: "exec", args: { command: "echo hi" } }] } : { text: "no" }),
      {
        brief: { tools: { deny: ["group:runtime"] } },
      },
    );
    await session.send("run");
    await session.rest();
    expect(model.requests[0]?.tools?.map((tool) => tool.function.name)).not.toContain("exec");
    expect(results(session.entries())[0]?.text).toContain('no tool "exec"');
  });

  test("asks for hi with fewer than 10 KB", async () => {
    let size = 0;
    const { session } = open((request) => {
      size = JSON.stringify(request).length;
      return { text: "hi" };
    });
    await session.send("hi");
    await session.rest();
    expect(size).toBeLessThan(10_000);
  });
});

describe("stop", () => {
  test("in mid-stream keeps what was said and ends the turn", async () => {
    const { session } = open(() => ({
      pieces: [
        ["Once upon ", 0],
        ["a time", 30],
        [" there was", 5000],
      ],
    }));
    await session.send("tell", { id: "story" });
    await until(() => session.told.some((event) => event.type === "text" && event.delta.includes("time")));
    session.stop();
    await session.rest();
    expect(answers(session.entries())).toEqual(["Once upon a time"]);
    expect(ends(session)).toMatchObject([{ outcome: "stopped", runId: "story" }]);
    expect(session.parts.turns.open()).toBeUndefined();
  });

  test("while it still thinks keeps the thoughts, which no later request sends on as an answer", async () => {
    const { session, model } = open((_request, count) =>
      count === 1 ? { thoughts: [["Weighing it up", 0]], pieces: [["never", 60_000]] } : { text: "Fine." },
    );
    await session.send("tell", { id: "story" });
    await until(() => session.told.some((event) => event.type === "thinking"));
    session.stop();
    await session.rest();
    expect(session.entries().at(-1)).toMatchObject({ stopReason: "aborted", text: "", thinking: [{ text: "Weighing it up" }] });
    await session.send("go on");
    await session.rest();
    expect(answers(session.entries())).toEqual(["Fine."]);
    expect(model.requests[1]?.messages.filter((message) => message.role === "assistant")).toEqual([]);
  });

  test("asked between two steps is not lost", async () => {
    const { session, model } = open(() => ({ calls: [{ name: "read", args: { path: "SOUL.md" } }] }));
    await session.send("loop", { id: "loop" });
    // The row alone, without the AbortController: what another life of the object would have left.
    session.parts.turns.askStop(session.parts.turns.open()?.id ?? "", Date.now());
    await session.rest();
    expect(ends(session)).toMatchObject([{ outcome: "stopped" }]);
    expect(model.requests.length).toBeLessThanOrEqual(2);
  });

  test("lets the next message begin a turn of its own", async () => {
    const { session } = open((request) =>
      personTexts(request).at(-1) === "second"
        ? { text: "second answer" }
        : {
            pieces: [
              ["x", 0],
              ["y", 5000],
            ],
          },
    );
    await session.send("first");
    await until(() => session.told.some((event) => event.type === "text"));
    session.stop();
    await session.rest();
    await session.send("second");
    await session.rest();
    expect(answers(session.entries())).toEqual(["x", "second answer"]);
  });
});

describe("messages while busy", () => {
  const slowThen = (text: string): TalkScript => {
    return (_request, count) =>
      count === 1 ? { calls: [{ name: "exec", args: { command: "sleep 0.2" } }], delayMs: 60 } : { text: `${text} ${count}` };
  };

  test("steer the running turn before its next request", async () => {
    const { session, model } = open(slowThen("answer"));
    await session.send("first", { id: "a" });
    await session.send("and this", { id: "b" });
    await session.rest();
    expect(personTexts(model.requests[1] as SeenRequest)).toContain("and this");
    expect(answers(session.entries())).toEqual(["answer 2"]);
    expect(states(session, "b")).toEqual(["queued", "steered", "done"]);
    expect(session.parts.inbox.find("b")?.state).toBe("done");
  });

  test("follow up one by one", async () => {
    const { session } = open((request) => ({ text: `re: ${personTexts(request).at(-1)}`, delayMs: 20 }), {
      brief: { queue: { mode: "followup", debounceMs: 0, cap: 20, drop: "summarize" } },
    });
    for (const text of ["one", "two", "three"]) await session.send(text, { id: text });
    await session.rest();
    expect(answers(session.entries())).toEqual(["re: one", "re: two", "re: three"]);
    expect(ends(session).map((end) => end.runId)).toEqual(["one", "two", "three"]);
  });

  test("are collected into one turn after a quiet moment", async () => {
    const { session, model } = open((_request, count) => ({ text: `answer ${count}`, delayMs: 30 }), {
      brief: { queue: { mode: "collect", debounceMs: 60, cap: 20, drop: "summarize" } },
    });
    await session.send("one");
    await until(() => model.requests.length === 1);
    await session.send("two");
    await session.send("three");
    await session.rest();
    await until(() => session.alarmAt() !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 80));
    await session.fireAlarm();
    expect(model.requests).toHaveLength(2);
    expect(personTexts(model.requests[1] as SeenRequest).at(-1)).toBe("two\nthree");
  });

  test("interrupt: the running turn stops and the newest is answered", async () => {
    const { session } = open((request) =>
      personTexts(request).at(-1) === "never mind"
        ? { text: "fine" }
        : {
            pieces: [
              ["thinking", 0],
              ["more", 5000],
            ],
          },
    );
    await session.send("long", { id: "long" });
    await until(() => session.told.some((event) => event.type === "text"));
    await session.send("never mind", { id: "short", wishes: { queueMode: "interrupt" } });
    await session.rest();
    expect(ends(session)).toMatchObject([
      { runId: "long", outcome: "stopped" },
      { runId: "short", outcome: "done", text: "fine" },
    ]);
  });

  test("over the cap are dropped with a word to their sender", async () => {
    const { session } = open(() => ({ text: "x", delayMs: 100 }), {
      brief: { queue: { mode: "followup", debounceMs: 0, cap: 2, drop: "new" } },
    });
    for (const id of ["a", "b", "c", "d"]) await session.send(id, { id });
    expect(states(session, "d")).toEqual(["dropped", "dropped"].slice(0, states(session, "d").length));
    await session.rest();
    expect(session.parts.inbox.find("d")?.state).toBe("dropped");
    expect(answers(session.entries())).toHaveLength(3);
  });
});

describe("model failures", () => {
  test("that pass are retried within the turn, and the withdrawn text is told", async () => {
    const { session } = open((_request, count) =>
      count === 1 ? { pieces: [["half an ans", 0]], isCut: true } : { text: "whole answer" },
    );
    await session.send("hi");
    await session.rest();
    expect(answers(session.entries())).toEqual(["whole answer"]);
    expect(session.told.some((event: LiveEvent) => event.type === "text-reset")).toBe(true);
  });

  test("that do not pass end the turn with a sentence that says what to do", async () => {
    const { session } = open(() => ({ status: 401, text: "invalid key" }));
    await session.send("hi", { id: "m" });
    await session.rest();
    expect(ends(session)).toMatchObject([{ outcome: "failed", error: { kind: "auth" } }]);
    expect(session.entries().at(-1)).toMatchObject({ kind: "note", isForModel: false });
    expect(session.parts.inbox.find("m")?.state).toBe("failed");
  });

  test("too long: the talk is summarised and the turn goes on", async () => {
    const { session } = open(
      (request) => {
        if (JSON.stringify(request.messages).includes("Summarise the talk")) return { text: "They counted." };
        const isLong = JSON.stringify(request.messages).length > 30_000;
        return isLong ? { status: 400, text: "This model's maximum context length is 8000 tokens" } : { text: "ok" };
      },
      { brief: { compaction: { enabled: true, keepRecentTokens: 1000, reserveTokens: 1000 } } },
    );
    for (let index = 0; index < 6; index++) {
      await session.send(`${index} ${"words ".repeat(1200)}`, { id: `m${index}` });
      await session.rest();
    }
    expect(ends(session).map((end) => end.outcome)).toEqual(["done", "done", "done", "done", "done", "done"]);
    expect(session.entries().filter((entry) => entry.kind === "summary").length).toBeGreaterThan(0);
    // Nothing is deleted.
    expect(session.entries().filter((entry) => entry.kind === "user")).toHaveLength(6);
  });

  test("a long Retry-After is kept as a row, and the alarm goes on", async () => {
    const { session, model } = open((_request, count) =>
      count === 1 ? { status: 429, headers: { "retry-after": "40" } } : { text: "later" },
    );
    await session.send("hi");
    await session.rest();
    const turn = session.parts.turns.open();
    expect(turn?.state).toBe("waiting");
    // The guard fires first, and sets the alarm for the end of the wait.
    await session.fireAlarm();
    expect(session.alarmAt()).toBe(turn?.wakeAt);
    session.parts.turns.wait(turn?.id ?? "", Date.now() - 1);
    await session.fireAlarm();
    expect(answers(session.entries())).toEqual(["later"]);
    expect(model.requests).toHaveLength(2);
  });

  test("a Retry-After that is no pause any more is told at once, and the person decides", async () => {
    const { session, model } = open(() => ({ status: 429, headers: { "retry-after": "3600" } }));
    await session.send("hi");
    await session.rest();
    expect(ends(session)).toMatchObject([{ outcome: "failed", error: { kind: "limited" } }]);
    expect(ends(session)[0]?.error?.text).toContain("wait a little or choose another model");
    expect(model.requests).toHaveLength(1);
  });

  test("the turn's budget parks it with a sentence", async () => {
    const { session } = open(
      () => ({ calls: [{ name: "read", args: { path: "SOUL.md" } }], usage: { prompt_tokens: 1_000_000, completion_tokens: 1 } }),
      { brief: { budget: { perTurnUsd: 2 } } },
    );
    await session.send("spend");
    await session.rest();
    expect(ends(session)).toMatchObject([{ outcome: "parked", error: { kind: "breaker" } }]);
    expect(ends(session)[0]?.error?.text).toContain("$2.00");
  });
});

describe("commands", () => {
  test("are answered without a model", async () => {
    const { session, model } = open(() => ({ text: "never" }));
    for (const { name } of commands) {
      const command = `/${name}`;
      const receipt = await session.send(command);
      expect(receipt.reply?.length, command).toBeGreaterThan(7);
    }
    expect(model.requests).toHaveLength(0);
  });

  test("/model takes a model that exists and refuses one that cannot be", async () => {
    const { session, model } = open(() => ({ text: "x" }));
    expect((await session.send("/model nonsense")).reply).toContain("nonsense");
    expect((await session.send(`/model ${model.ref}`)).reply).toContain("now uses");
    expect((await session.send("/model default")).reply).toContain("default");
  });

  test("/new begins a new talk with the text that follows; the old one stays readable", async () => {
    const { session, model } = open(() => ({ text: "ok" }));
    await session.send("my secret is blue");
    await session.rest();
    await session.send("/new what is my secret?", { id: "n" });
    await session.rest();
    expect(JSON.stringify(model.requests[1])).not.toContain("blue");
    expect(personTexts(model.requests[1] as SeenRequest)).toEqual(["what is my secret?"]);
    expect(session.entries().filter((entry) => entry.kind === "user")).toHaveLength(2);
  });

  test("/usage and /context say in figures what was used and what the next request is made of, in detail when asked", async () => {
    const { session } = open((_request, count) =>
      count === 1
        ? { calls: [{ name: "ls", args: { path: "." } }] }
        : { text: "Done.", usage: { prompt_tokens: 12_000, completion_tokens: 500 } },
    );
    expect((await session.send("/usage")).reply).toContain("nothing asked since the talk began");
    await session.send("**list** the files");
    await session.rest();
    const usage = (await session.send("/usage")).reply ?? "";
    expect(usage).toMatch(/\*\*This session:\*\* 12,100 tokens in, 510 out, \$0\.0172/);
    expect(usage).toMatch(/\*\*Latest turn:\*\* 12,100 tokens in.*scripted\/model/);
    expect(usage).toContain("12,500 of 128,000 tokens (10 %)");
    const brief = (await session.send("/context")).reply ?? "";
    expect(brief).toMatch(/\*\*Next request:\*\* about [\d,]+ of 128,000 tokens \(\d+ %\)/);
    expect(brief).not.toContain("SOUL.md");
    const detail = (await session.send("/context detail")).reply ?? "";
    for (const part of ["SOUL.md 120", "exec 127", "#1 you “list the files”", "#3 result of ls"]) expect(detail).toContain(part);
    expect((await session.send("/context all")).reply).toContain("/context detail");
  });

  test("/export-session writes the whole talk, and /context says what the next request is made of", async () => {
    const { session, workspace } = open((_request, count) =>
      count === 1 ? { calls: [{ name: "read", args: { path: "SOUL.md" } }] } : { text: "I have read ```it```." },
    );
    await session.send("read your soul");
    await session.rest();
    expect((await session.send("/export-session talk.md")).reply).toContain("talk.md");
    const file = await workspace.readText("talk.md");
    for (const part of ["read your soul", "`read`", "Result of `read` (done)", "I have read"]) expect(file).toContain(part);
    const context = (await session.send("/context")).reply ?? "";
    for (const part of ["System prompt", "Tools", "Messages", "110 of 128,000"]) expect(context).toContain(part);
  });

  test("directives inside a message hold for it alone and are not shown to the model", async () => {
    const { session, model } = open(() => ({ text: "ok" }));
    await session.send(`/model ${model.ref} /queue followup what is a skerry?`);
    await session.rest();
    expect(personTexts(model.requests[0] as SeenRequest)).toEqual(["what is a skerry?"]);
    expect(session.parts.profile.get()).not.toHaveProperty("modelOverride");
    expect(session.parts.profile.get()).not.toHaveProperty("queueMode");
  });

  test("a choice that is none is refused with the choices", async () => {
    const { session } = open(() => ({ text: "x" }));
    expect((await session.send("/think sideways")).reply).toContain("minimal");
    expect((await session.send("/queue never")).reply).toContain("followup");
    expect((await session.send("/verbose loudly")).reply).toContain("full");
    expect((await session.send("/reasoning perhaps")).reply).toContain("stream");
    expect((await session.send("/verbose full")).reply).toContain("full");
    expect(session.parts.row()).toMatchObject({ verbose: "full" });
  });

  test("/stop ends what runs and drops what waits", async () => {
    const { session } = open(
      () => ({
        pieces: [
          ["a", 0],
          ["b", 5000],
        ],
      }),
      { brief: { queue: { mode: "followup", debounceMs: 0, cap: 9, drop: "new" } } },
    );
    await session.send("one", { id: "one" });
    await session.send("two", { id: "two" });
    await until(() => session.told.some((event) => event.type === "text"));
    expect((await session.send("/stop")).reply).toContain("Stopped");
    await session.rest();
    expect(session.parts.inbox.find("two")?.state).toBe("dropped");
    expect(session.parts.turns.open()).toBeUndefined();
  });
});

describe("delivery", () => {
  test("goes out once in order; no answer is tried again, a refusal is not", async () => {
    let tries = 0;
    const { session } = open((_request, count) => ({ text: `answer ${count}` }), {
      deliver: async () => {
        tries += 1;
        return tries === 1
          ? { outcome: "unanswered", retryAfterMs: 10, reason: "timeout" }
          : { outcome: "sent", platformId: "p1" };
      },
    });
    await session.send("hi", { channel: "telegram" });
    await session.rest();
    await until(() => session.alarmAt() !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 15));
    await session.fireAlarm();
    await until(() => session.sent.length === 2);
    expect(session.sent.map((item) => item.id)).toEqual([session.sent[0]?.id, session.sent[0]?.id]);
    await until(() => session.alarmAt() === undefined);
    expect(session.parts.outbox.nextAt()).toBeUndefined();
  });

  test("a Directory that is out of reach never fails a turn, and hears of it later", async () => {
    let isAway = true;
    const { session } = open(() => ({ text: "fine" }), { failReports: () => isAway });
    await session.send("hi");
    await session.rest();
    expect(answers(session.entries())).toEqual(["fine"]);
    await until(() => session.alarmAt() !== undefined);
    isAway = false;
    await session.fireAlarm();
    await until(() => session.reports.length === 1);
    expect(session.reports).toHaveLength(1);
  });
});
