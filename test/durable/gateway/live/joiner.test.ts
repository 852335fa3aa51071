import { expect, test } from "vitest";
import {
  type Delta,
  DeltaJoiner,
  JOIN_INTERVAL_MS,
  WHOLE_BYTES_PER_SECOND,
  wholePauseMs,
} from "../../../../src/durable/gateway/live/joiner.ts";

function setUp(pauseAfter?: (delta: Delta) => number) {
  const sent: { at: number; delta: string; offset: number; runId: string }[] = [];
  const timers: { at: number; work: () => void }[] = [];
  let now = 1000;
  const joiner = new DeltaJoiner(
    (delta) => sent.push({ at: now, delta: delta.delta, offset: delta.offset, runId: delta.runId }),
    {
      now: () => now,
      after(ms, work) {
        const timer = { at: now + ms, work };
        timers.push(timer);
        return () => timers.splice(timers.indexOf(timer), 1);
      },
    },
    pauseAfter,
  );
  const goTo = (time: number) => {
    for (;;) {
      const next = timers.filter((timer) => timer.at <= time).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      timers.splice(timers.indexOf(next), 1);
      now = next.at;
      next.work();
    }
    now = time;
  };
  return { joiner, sent, goTo, timers, later: (ms: number) => goTo(now + ms) };
}

const delta = (text: string, offset: number, change: Partial<Delta> = {}): Delta => ({
  runId: "r1",
  sessionKey: "agent:main:main",
  agentId: "main",
  kind: "text",
  step: 0,
  offset,
  delta: text,
  seq: offset,
  at: 0,
  ...change,
});

test("the first delta leaves at once", () => {
  const { joiner, sent, timers } = setUp();
  joiner.add(delta("Hel", 0));
  expect(sent).toEqual([{ at: 1000, delta: "Hel", offset: 0, runId: "r1" }]);
  expect(timers).toEqual([]);
});

test("a flood becomes at most sixty a second, and nothing of it is lost", () => {
  const { joiner, sent, later } = setUp();
  let text = "";
  for (let count = 0; count < 1000; count += 1) {
    joiner.add(delta("x", text.length));
    text += "x";
    later(1);
  }
  joiner.end("r1");
  expect(sent.length).toBeLessThanOrEqual(64);
  expect(sent.map((one) => one.delta).join("")).toBe(text);
  for (const [index, one] of sent.slice(1, -1).entries()) {
    expect(one.at - (sent[index]?.at ?? 0)).toBeGreaterThanOrEqual(JOIN_INTERVAL_MS - 1);
  }
});

test("a run does not wait for another one", () => {
  const { joiner, sent, later } = setUp();
  joiner.add(delta("a", 0));
  later(1);
  joiner.add(delta("b", 0, { runId: "r2" }));
  expect(sent.map((one) => one.runId)).toEqual(["r1", "r2"]);
});

test("what waits goes before anything else of the run is told", () => {
  const { joiner, sent, later } = setUp();
  joiner.add(delta("a", 0));
  later(1);
  joiner.add(delta("b", 1));
  expect(sent).toHaveLength(1);
  joiner.flush("r1");
  expect(sent.map((one) => one.delta)).toEqual(["a", "b"]);
});

test("deltas of two steps are never joined", () => {
  const { joiner, sent, later } = setUp();
  joiner.add(delta("a", 0));
  later(1);
  joiner.add(delta("b", 1));
  joiner.add(delta("c", 0, { step: 1 }));
  joiner.flush("r1");
  expect(sent.map((one) => one.delta)).toEqual(["a", "b", "c"]);
});

test("a withdrawn step's waiting text is never sent", () => {
  const { joiner, sent, later } = setUp();
  joiner.add(delta("a", 0));
  later(1);
  joiner.add(delta("wrong", 1));
  joiner.discard("r1");
  later(100);
  expect(sent.map((one) => one.delta)).toEqual(["a"]);
});

test("deltas that carry the whole text get rarer as it grows, so that a long answer stays affordable", () => {
  const { joiner, sent, later } = setUp(({ offset, delta: text }) => wholePauseMs(offset + text.length));
  let length = 0;
  for (let count = 0; count < 10_000; count += 1) {
    joiner.add(delta("word ", length));
    length += 5;
    later(5);
  }
  joiner.end("r1");
  const bytes = sent.reduce((sum, one) => sum + 2 * (one.offset + one.delta.length), 0);
  const arrivedInPauses = 2 * length;
  const last = 2 * length;
  expect(bytes).toBeLessThan(WHOLE_BYTES_PER_SECOND * 50 + arrivedInPauses + last);
  expect(sent.map((one) => one.delta).join("")).toHaveLength(length);
});

test("thinking is joined as well", () => {
  const { joiner, sent, later } = setUp();
  for (const word of ["a", "b", "c", "d"]) {
    joiner.add(delta(word, 0, { kind: "thinking" }));
    later(1);
  }
  joiner.end("r1");
  expect(sent.map((one) => one.delta)).toEqual(["a", "bcd"]);
});
