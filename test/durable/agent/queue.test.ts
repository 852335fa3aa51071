import { describe, expect, test } from "vitest";
import type { QueueMode } from "../../../src/contract/event.ts";
import { nextTurnMessages, overflowing } from "../../../src/durable/agent/queue.ts";

const waiting = (...modes: QueueMode[]) => modes.map((mode, index) => ({ inboxId: `m${index}`, mode, at: 1000 + index }));

describe("the next turn", () => {
  test("takes nothing from an empty inbox", () => {
    expect(nextTurnMessages([], 500, 2000)).toEqual({ take: [] });
  });

  test("takes one followup at a time, in order", () => {
    const messages = waiting("followup", "followup");
    expect(nextTurnMessages(messages, 500, 2000).take).toEqual([messages[0]]);
  });

  test("takes all that steer together, up to the first followup", () => {
    const messages = waiting("steer", "steer", "followup", "steer");
    expect(nextTurnMessages(messages, 500, 2000).take.map((message) => message.inboxId)).toEqual(["m0", "m1"]);
  });

  test("collects until it has been quiet for the window", () => {
    const messages = waiting("collect", "collect");
    expect(nextTurnMessages(messages, 500, 1200)).toEqual({ take: [], waitMs: 301 });
    expect(nextTurnMessages(messages, 500, 1501).take).toHaveLength(2);
  });
});

describe("too many waiting messages", () => {
  test.each([
    ["old", ["m0"]],
    ["summarize", ["m0"]],
    ["new", ["m2"]],
  ] as const)("drop %s", (drop, dropped) => {
    expect(overflowing(waiting("steer", "steer", "steer"), 2, drop).map((message) => message.inboxId)).toEqual(dropped);
  });

  test("none goes at the cap", () => {
    expect(overflowing(waiting("steer", "steer"), 2, "old")).toEqual([]);
  });
});
