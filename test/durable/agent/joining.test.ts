import { describe, expect, test } from "vitest";
import type { PlaceBrief } from "../../../src/contract/admission.ts";
import type { Message } from "../../../src/contract/message.ts";
import { belongTogether, quietWindow, readyTimes } from "../../../src/durable/agent/joining.ts";
import { nextTurnMessages } from "../../../src/durable/agent/queue.ts";
import { messageEvent } from "../../support/event.ts";
import { makePlace } from "../../support/place.ts";
import { makeBrief } from "../../support/session.ts";

let count = 0;
const arrival = (at: number, message: Partial<Message> = {}, place: Partial<PlaceBrief> = {}) => {
  const id = `j${++count}`;
  const event = messageEvent("x", id, {}, "telegram", message);
  return { inboxId: id, mode: "steer" as const, at, event, brief: makeBrief({ place: makePlace(place) }) };
};
const file = { handle: "f", kind: "image" as const };

describe("when a message may begin", () => {
  test("at once, without reason to wait", () => {
    expect(readyTimes([arrival(1000)])).toEqual([1000]);
  });

  test("not before its files are there, nor before those of its group", () => {
    expect(readyTimes([arrival(0, { attachments: [file] })])).toEqual([Number.POSITIVE_INFINITY]);
    const album = [arrival(0, { joinAs: "a" }), arrival(10, { joinAs: "a", attachments: [file] })];
    expect(readyTimes(album)).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  test("after the quiet that follows the last of its group", () => {
    const album = [arrival(0, { joinAs: "a" }), arrival(300, { joinAs: "a" }), arrival(400, { joinAs: "b" })];
    expect(readyTimes(album)).toEqual([1100, 1100, 1200]);
    expect(readyTimes([arrival(0, {}, { debounceMs: 300 }), arrival(200, {}, { debounceMs: 300 })])).toEqual([500, 500]);
  });

  test("however long the group goes on, not later than the first one's patience", () => {
    const chatter = Array.from({ length: 20 }, (_none, index) => arrival(index * 900, {}, { debounceMs: 1000 }));
    expect(readyTimes(chatter)[0]).toBe(7500);
  });

  test("a long text waits longer for its rest", () => {
    const parts = [{ type: "text" as const, text: "x".repeat(4000) }];
    const long = arrival(0, { joinAs: "a", parts });
    expect(quietWindow(long.event, long.brief)).toBe(1500);
  });
});

describe("what belongs together", () => {
  test("is of one sender in one place", () => {
    const one = arrival(0, { joinAs: "a" });
    const other = arrival(0, { joinAs: "a", sender: { id: "bob", isOwner: false } });
    expect(belongTogether(one, arrival(0, { joinAs: "a" }))).toBe(true);
    expect(belongTogether(one, other)).toBe(false);
    expect(belongTogether(arrival(0), arrival(0))).toBe(false);
  });

  test("becomes one turn even where messages wait for a turn each", () => {
    const waiting = [arrival(0, { joinAs: "a" }), arrival(100, { joinAs: "a" }), arrival(200)].map((item) => ({
      ...item,
      mode: "followup" as const,
    }));
    const ready = { times: readyTimes(waiting), belongTogether };
    expect(nextTurnMessages(waiting, 0, 899, ready)).toEqual({ take: [], waitMs: 1 });
    expect(nextTurnMessages(waiting, 0, 900, ready).take).toEqual(waiting.slice(0, 2));
  });

  test("nothing overtakes one that is not ready", () => {
    const waiting = [arrival(0), arrival(10, { attachments: [file] }), arrival(20)];
    const ready = { times: readyTimes(waiting), belongTogether };
    expect(nextTurnMessages(waiting, 0, 10_000, ready).take).toEqual(waiting.slice(0, 1));
    expect(nextTurnMessages(waiting.slice(1), 0, 10_000, { ...ready, times: ready.times.slice(1) })).toEqual({ take: [] });
  });
});
