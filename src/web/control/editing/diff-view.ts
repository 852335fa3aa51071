// A difference on the screen. What was added and removed is marked by sign, by element and in words, not by colour alone.
import { html, type TemplateResult } from "lit";
import { compareLines, countChanges, type DiffRow } from "./line-diff.ts";

export function showDiff(before: string, after: string, label: string): TemplateResult {
  const rows = compareLines(before, after);
  if (rows.length === 0) return html`<p class="nothing">Nothing differs.</p>`;
  const { added, removed } = countChanges(rows);
  return html`<div class="diff" role="region" tabindex="0" aria-label=${`${label}: ${describeCount(added, "added")}, ${describeCount(removed, "removed")}`}>
    ${rows.map(showRow)}
  </div>`;
}

function describeCount(count: number, what: string): string {
  return `${count} ${count === 1 ? "line" : "lines"} ${what}`;
}

function showRow(row: DiffRow): TemplateResult {
  switch (row.kind) {
    case "gap":
      return html`<div class="diff-gap">${row.count} unchanged ${row.count === 1 ? "line" : "lines"}</div>`;
    case "added":
      return html`<ins class="diff-line" dir="auto"><span class="unseen">added: </span>${row.text}</ins>`;
    case "removed":
      return html`<del class="diff-line" dir="auto"><span class="unseen">removed: </span>${row.text}</del>`;
    case "same":
      return html`<div class="diff-line" dir="auto">${row.text}</div>`;
    default:
      return row satisfies never;
  }
}
