// The benchmark's arithmetic and its table: what a reader of docs/benchmark.md relies on. Measures nothing.
import { describe, expect, test } from "vitest";
import { FIGURES } from "../bench/figures.ts";
import { median, percentile, summarize } from "../bench/statistics.ts";
import { countVerdicts, formatValue, judge, type Report, writeSection, writeTable } from "../bench/table.ts";

const upTo = (last: number) => Array.from({ length: last }, (_unused, index) => last - index);
const report = (readings: Report["readings"], missing: [keyof typeof FIGURES, string][] = []): Report => ({
  readings,
  missing: new Map(missing),
});

function rowOf(table: string, start: string): string[] {
  const line = table.split("\n").find((candidate) => candidate.startsWith(`| ${start}`));
  return line?.split("|").map((cell) => cell.trim()) ?? [];
}

describe("statistics", () => {
  test("a percentile is a sample that occurred", () => {
    expect(percentile(upTo(100), 0.9)).toBe(90);
    expect(percentile(upTo(100), 0.99)).toBe(99);
    expect(percentile([7], 0.99)).toBe(7);
  });

  test("the median of an even number of samples lies between the two in the middle", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([9, 1, 5])).toBe(5);
  });

  test("no samples have no median", () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });

  test("percentiles are told only where there are enough samples for them", () => {
    expect(summarize(upTo(9))).toEqual({ count: 9, median: 5 });
    expect(summarize(upTo(10))).toEqual({ count: 10, median: 5.5, p90: 9 });
    expect(summarize(upTo(50))).toEqual({ count: 50, median: 25.5, p90: 45, p99: 50 });
  });

  test("samples stay in the order they were taken", () => {
    const samples = [3, 1, 2];
    summarize(samples);
    expect(samples).toEqual([3, 1, 2]);
  });
});

describe("verdict", () => {
  test("a limit itself is still reached, anything beyond is missed", () => {
    expect(judge(FIGURES["to-model"], { count: 1, median: 8 })).toBe("reached");
    expect(judge(FIGURES["to-model"], { count: 1, median: 8.01 })).toBe("missed");
  });

  test("a rate must be at least what it should be", () => {
    expect(judge(FIGURES["rate-100"], { count: 1, median: 120 })).toBe("reached");
    expect(judge(FIGURES["rate-100"], { count: 1, median: 119.9 })).toBe("missed");
  });

  test("a figure judged by its p99 is missed though its median is good", () => {
    expect(judge(FIGURES["turn-50"], { count: 60, median: 0.2, p99: 0.9 })).toBe("missed");
  });

  test("counts reached, missed and missing figures", () => {
    const counts = countVerdicts(
      report([
        { figure: "to-model", samples: [5] },
        { figure: "one-step", samples: [500] },
      ]),
    );
    expect(counts).toEqual({ reached: 1, missed: 1, missing: Object.keys(FIGURES).length - 2 });
  });
});

describe("table", () => {
  test("what is no figure stands under a heading of its own; counted messages have no fraction", () => {
    expect(writeSection({ heading: "Lighthouse", text: "| page |" })).toBe("## Lighthouse\n\n| page |");
    expect(formatValue(0.4, "messages")).toBe("0");
  });

  test("a row shows median, percentiles, samples, reach and mark", () => {
    const table = writeTable(report([{ figure: "one-step", samples: upTo(100).map((ms) => ms / 10) }]), undefined);
    expect(rowOf(table, "overhead of a one-step turn")).toEqual([
      "",
      "overhead of a one-step turn",
      "ms",
      "5.05",
      "9",
      "9.9",
      "100",
      "≤ 15",
      "✓",
      "",
    ]);
  });

  test("a missed figure carries a mark", () => {
    const table = writeTable(report([{ figure: "to-model", samples: [20] }]), undefined);
    expect(rowOf(table, "message sent")).toContain("✗ **missed**");
  });

  test("a figure that failed says why; one that was not asked for has no row", () => {
    const table = writeTable(report([], [["kill", "failed: it did not come back"]]), undefined);
    expect(rowOf(table, "SIGKILL")).toContain("not measured");
    expect(table).toContain("1. failed: it did not come back");
    expect(rowOf(table, "message sent")).toEqual([]);
  });

  test("failed turns are told under the table, once", () => {
    const note = "3 of 100 turns failed";
    const table = writeTable(
      report([
        { figure: "rate-50", samples: [130], note },
        { figure: "turn-50", samples: [0.1], note },
      ]),
      undefined,
    );
    expect(table.match(/3 of 100 turns failed/g)).toHaveLength(1);
    expect(rowOf(table, "turns/s, 50 sessions [1]")).toContain("≥ 120");
    expect(rowOf(table, "turn with 50 sessions at once (p99 counts) [1]")).toContain("≤ 0.8");
  });

  test("a peer has a column of its own, and its gaps say why", () => {
    const own = report([
      { figure: "ready", samples: [1] },
      { figure: "kill", samples: [2] },
    ]);
    const peer = { name: "Other", ...report([{ figure: "ready", samples: [11, 10.9, 12] }], [["kill", "failed: never came"]]) };
    const table = writeTable(own, peer);
    expect(table.split("\n")[0]).toContain("| Other, median |");
    expect(rowOf(table, "npm start → ready").at(-2)).toBe("11");
    expect(rowOf(table, "SIGKILL").at(-2)).toBe("– [1]");
    expect(table).toContain("1. Other: failed: never came");
  });

  test("values keep three digits at most", () => {
    expect([0.271828, 2.81828, 27.1828, 271.828, 1234.5].map((value) => formatValue(value, "ms"))).toEqual([
      "0.27",
      "2.82",
      "27.2",
      "272",
      "1,235",
    ]);
    expect(formatValue(6, "requests")).toBe("6");
  });
});
