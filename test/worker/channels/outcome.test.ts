// What a platform's answer means for the message that was on its way: no, nobody there, or perhaps.
import { describe, expect, test } from "vitest";
import { isRepeatable, outcomeOfError, outcomeOfStatus, retryAfterMs } from "../../../src/worker/channels/outcome.ts";

describe("a status", () => {
  test.each([
    [400, "refused"],
    [403, "refused"],
    [404, "refused"],
    [429, "unanswered"],
    [500, "unanswered"],
    [503, "unanswered"],
    [504, "unknown"],
    [524, "unknown"],
  ])("%i is %s", (status, outcome) => {
    expect(outcomeOfStatus(status, "said")).toMatchObject({ outcome, reason: `${status}: said` });
  });

  test("too many requests are waited for as long as the platform asks, a second when it does not say", () => {
    expect(outcomeOfStatus(429, "slow down", 7000)).toMatchObject({ retryAfterMs: 7000 });
    expect(outcomeOfStatus(429, "slow down")).toMatchObject({ retryAfterMs: 1000 });
  });
});

test("what broke off may have happened, unless doing it again changes nothing", () => {
  expect(outcomeOfError(new Error("reset"), isRepeatable("text"))).toEqual({ outcome: "unknown", reason: "reset" });
  expect(outcomeOfError(new Error("reset"), isRepeatable("edit"))).toEqual({ outcome: "unanswered", reason: "reset" });
});

describe("Retry-After", () => {
  const read = (value?: string) =>
    retryAfterMs(new Headers(value === undefined ? {} : { "retry-after": value }), 1_800_000_000_000);

  test.each([
    ["3", 3000],
    ["0.5", 500],
    [new Date(1_800_000_005_000).toUTCString(), 5000],
    [new Date(1_700_000_000_000).toUTCString(), 0],
    ["-4", 0],
    ["soon", undefined],
    [undefined, undefined],
  ])("%s is %s ms", (value, ms) => {
    expect(read(value)).toBe(ms);
  });
});
