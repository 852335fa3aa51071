// What changed between two texts, line by line, with a little of what stayed around it.
import { diffLines } from "diff";

export type DiffRow = { kind: "same" | "added" | "removed"; text: string } | { kind: "gap"; count: number };

const CONTEXT = 3;
const LONGEST_MS = 500;

/** Empty when nothing differs. */
export function compareLines(before: string, after: string): DiffRow[] {
  if (before === after) return [];
  // Lines that end a text without a break are the same lines with one.
  const [from, to] = [endLine(before), endLine(after)];
  const changes = diffLines(from, to, { timeout: LONGEST_MS }) ?? [
    { value: from, removed: true, added: false },
    { value: to, added: true, removed: false },
  ];
  const rows = changes.flatMap(({ value, added, removed }): DiffRow[] => {
    const kind = added ? "added" : removed ? "removed" : "same";
    return value === ""
      ? []
      : value
          .replace(/\n$/, "")
          .split("\n")
          .map((text) => ({ kind, text }));
  });
  return foldSame(rows);
}

/** How many lines were added and removed. */
export function countChanges(rows: readonly DiffRow[]): { added: number; removed: number } {
  const count = (kind: DiffRow["kind"]) => rows.filter((row) => row.kind === kind).length;
  return { added: count("added"), removed: count("removed") };
}

function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

function foldSame(rows: readonly DiffRow[]): DiffRow[] {
  const isNear = rows.map((_row, at) =>
    rows.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((near) => near.kind !== "same"),
  );
  const folded: DiffRow[] = [];
  for (const [at, row] of rows.entries()) {
    const last = folded.at(-1);
    if (isNear[at]) folded.push(row);
    else if (last?.kind === "gap") last.count += 1;
    else folded.push({ kind: "gap", count: 1 });
  }
  return folded;
}
