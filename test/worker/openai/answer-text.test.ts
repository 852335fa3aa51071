import { expect, test } from "vitest";
import type { LiveDetail, LiveEvent } from "../../../src/contract/live.ts";
import { AnswerText } from "../../../src/worker/openai/answer-text.ts";

const told = (detail: LiveDetail): LiveEvent => ({ ...detail, runId: "r", seq: 1, at: 1 });
const text = (step: number, offset: number, delta: string) => told({ type: "text", step, offset, delta });
const reset = (step: number) => told({ type: "text-reset", step });
const entry = (step: number, said: string) =>
  told({
    type: "entry",
    entry: {
      kind: "assistant",
      seq: 1,
      id: "e",
      at: 1,
      step,
      text: said,
      thinking: [],
      calls: [],
      model: "a/b",
      stopReason: "stop",
      spend: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    },
  });

function read(events: LiveEvent[]): { sent: string; whole: string } {
  const answer = new AnswerText();
  const sent = events.map((event) => answer.take(event)).join("");
  return { sent, whole: answer.whole() };
}

test("sends deltas as they come, and the entry adds nothing", () => {
  expect(read([text(0, 0, "one"), text(0, 3, " two"), entry(0, "one two")])).toEqual({ sent: "one two", whole: "one two" });
});

test("an entry that was trimmed at its ends is no other text", () => {
  expect(read([text(0, 0, "\n\none \n"), entry(0, "one")])).toEqual({ sent: "\n\none \n", whole: "one" });
});

test("an entry whose deltas were never heard is sent whole", () => {
  expect(read([entry(0, "one"), text(1, 0, "two")])).toEqual({ sent: "one\n\ntwo", whole: "one\n\ntwo" });
});

test("steps without text part nothing", () => {
  expect(read([entry(0, ""), entry(1, ""), text(2, 0, "one")]).sent).toBe("one");
});

test("text that was withdrawn and comes again is sent once", () => {
  const events = [text(0, 0, "one two"), reset(0), text(0, 0, "one"), text(0, 3, " two three"), entry(0, "one two three")];
  expect(read(events)).toEqual({ sent: "one two three", whole: "one two three" });
});

test("another text in its place follows after a blank line; the whole is without what was withdrawn", () => {
  expect(read([text(0, 0, "one two"), reset(0), text(0, 0, "one"), text(0, 3, " four"), entry(0, "one four")])).toEqual({
    sent: "one two\n\none four",
    whole: "one four",
  });
});

test("a line taken up again in mid-step goes on where it was", () => {
  expect(read([text(0, 0, "one"), text(0, 0, "one two"), text(0, 7, " three")]).sent).toBe("one two three");
});

test("a line taken up again after the step was made anew says the new text", () => {
  expect(read([text(0, 0, "one"), text(0, 0, "uno"), entry(0, "uno")])).toEqual({ sent: "one\n\nuno", whole: "uno" });
  expect(read([text(0, 0, "one"), entry(0, "uno")])).toEqual({ sent: "one\n\nuno", whole: "uno" });
});

test("a story told again from its beginning repeats nothing", () => {
  expect(read([text(0, 0, "one"), entry(0, "one"), text(1, 0, "two"), entry(0, "one"), entry(1, "two!")]).sent).toBe(
    "one\n\ntwo!",
  );
});
