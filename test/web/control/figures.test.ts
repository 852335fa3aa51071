// Numbers of the usage room: whole spans of days, round scales, ranks, and words that do not claim to know a price.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillDays, findTop, NOTHING_SPENT, rank, type Spent } from "../../../src/web/control/usage/figures.ts";
import { describeAmount, describeMoney, describeSpent } from "../../../src/web/control/usage/words.ts";

const spent = (change: Partial<Spent>): Spent => ({ ...NOTHING_SPENT, turns: 1, ...change });

describe("the days of the chart", () => {
  it("are all there, oldest first, over the end of a month", () => {
    const daily = [{ date: "2026-11-01", ...spent({ totalTokens: 5 }) }];
    const days = fillDays({ updatedAt: Date.UTC(2026, 10, 2, 23, 59), days: 4, daily });
    expect(days.map(({ date, totalTokens }) => [date, totalTokens])).toEqual([
      ["2026-10-30", 0],
      ["2026-10-31", 0],
      ["2026-11-01", 5],
      ["2026-11-02", 0],
    ]);
  });
});

describe("the scale", () => {
  it.each([
    [0, 1],
    [0.003, 0.005],
    [1, 1],
    [1.01, 2],
    [2.2, 2.5],
    [7, 10],
    [430_000, 500_000],
  ])("for %d ends at %d", (largest, top) => {
    expect(findTop(largest)).toBeCloseTo(top, 9);
  });

  it("is never below the largest bar, and never so high that the bar cannot be seen", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (largest) => {
        const top = findTop(largest);
        expect(top).toBeGreaterThanOrEqual(largest * (1 - 1e-6));
        expect(top).toBeLessThanOrEqual(largest * 2.01);
      }),
    );
  });
});

describe("ranks", () => {
  it("put the dearest first and gather what follows the eighth", () => {
    const entries = Array.from({ length: 10 }, (_, at) => ({
      ...spent({ knownCost: at + 1, totalTokens: 10 }),
      model: `m${at}`,
    }));
    const lines = rank(entries, "cost", ({ model }) => model);
    expect(lines).toHaveLength(9);
    expect(lines[0]).toMatchObject({ name: "m9", share: 1 });
    expect(lines[8]).toMatchObject({ name: "2 others", spent: { knownCost: 3, turns: 2, totalTokens: 20 } });
  });

  it("draw no bar when nothing is known to have cost anything", () => {
    expect(rank([{ ...spent({ totalCost: null, unpricedTurns: 1 }) }], "cost", () => "local")[0]?.share).toBe(0);
  });
});

describe("words for money", () => {
  it("say what is not known", () => {
    expect(describeMoney(spent({ knownCost: 1.5 }))).toBe("$1.50");
    expect(describeMoney(spent({ turns: 2, knownCost: 1.5, unpricedTurns: 1 }))).toBe("at least $1.50");
    expect(describeMoney(spent({ unpricedTurns: 1 }))).toBe("not known");
    expect(describeMoney(NOTHING_SPENT)).toBe("$0");
    expect(describeSpent("2026-11-02", NOTHING_SPENT)).toBe("2 Nov: nothing");
    expect(describeSpent("2026-11-02", spent({ knownCost: 2, totalTokens: 2_345_000 }))).toBe(
      "2 Nov: $2.00, 2.35M tokens, 1 turn",
    );
  });

  it("stay short on a scale", () => {
    expect([0.0005, 0.25, 2.5, 50, 2000].map((usd) => describeAmount(usd, "cost"))).toEqual([
      "$0.0005",
      "$0.25",
      "$2.5",
      "$50",
      "$2,000",
    ]);
    expect([50, 2500, 500_000, 2_500_000].map((count) => describeAmount(count, "tokens"))).toEqual([
      "50",
      "2.5k",
      "500k",
      "2.5M",
    ]);
  });
});
