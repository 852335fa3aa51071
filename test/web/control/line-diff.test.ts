// Differences of texts, line by line.
import { expect, test } from "vitest";
import { compareLines, countChanges } from "../../../src/web/control/editing/line-diff.ts";

test("equal texts have no difference, also when only the last break is missing", () => {
  expect(compareLines("a\nb\n", "a\nb\n")).toEqual([]);
  expect(countChanges(compareLines("a\nb", "a\nb\n"))).toEqual({ added: 0, removed: 0 });
});

test("a changed line is one removed and one added, with what is near it; the rest is folded", () => {
  const before = Array.from({ length: 20 }, (_unused, at) => `line ${at}`);
  const after = before.with(10, "another");
  const rows = compareLines(before.join("\n"), after.join("\n"));
  expect(rows[0]).toEqual({ kind: "gap", count: 7 });
  expect(rows.at(-1)).toEqual({ kind: "gap", count: 6 });
  expect(rows.filter((row) => row.kind === "same")).toHaveLength(6);
  expect(rows).toContainEqual({ kind: "removed", text: "line 10" });
  expect(rows).toContainEqual({ kind: "added", text: "another" });
});

test("a text that begins or vanishes is all added or all removed, with its empty lines", () => {
  expect(compareLines("", "a\n\nb\n")).toEqual([
    { kind: "added", text: "a" },
    { kind: "added", text: "" },
    { kind: "added", text: "b" },
  ]);
  expect(countChanges(compareLines("a\nb", ""))).toEqual({ added: 0, removed: 2 });
});
