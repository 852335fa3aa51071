// A tree as lines for a model: `- button "Save" [e5] disabled`, deeper ones further in. Three forms: full, compact (nothing that
// only groups, long texts cut) and interactive (what can be acted on). Then narrowed by words, depth and size.
import { diffArrays } from "diff";
import type { Twig } from "./tree.ts";

export type Mode = "full" | "compact" | "interactive";

const TEXT_CHARS = { full: 1000, compact: 300, interactive: 80 } as const;
const GROUPS =
  /^(group|list|listitem|row|rowgroup|section|paragraph|main|banner|contentinfo|navigation|complementary|region|article|figure|table|grid|form|document|Section|term|definition|DescriptionList)$/;
const CELLS = /^(cell|gridcell|columnheader|rowheader)$/i;
const CONTEXT = 2;

export function render(roots: readonly Twig[], mode: Mode, depth = 50): string[] {
  const lines: string[] = [];
  for (const root of roots) write(root, 0, "");
  return lines;

  function write(twig: Twig, level: number, above: string): void {
    const children = mode === "full" ? twig.children : joinTexts(twig.children);
    const hidesSelf =
      mode === "interactive"
        ? !twig.ref && twig.role !== "heading" && twig.role !== "frame" && twig.role !== "dialog" && twig.role !== "alert"
        : twig.role === "document" ||
          (mode === "compact" && !twig.ref && twig.name === "" && GROUPS.test(twig.role) && twig.role !== "table");
    if (twig.role === "text") {
      const words = twig.name.slice(0, TEXT_CHARS[mode]).toWellFormed();
      // What a link or a button is named by stands in it once more, as text.
      if (mode !== "interactive" && words !== "" && !above.includes(words)) lines.push(`${indent(level)}- ${words}`);
      return;
    }
    if (mode !== "full" && twig.role === "row" && !twig.ref && isPlainRow(twig)) {
      if (mode === "compact") lines.push(`${indent(level)}- row: ${children.map((cell) => textOf(cell)).join(" | ")}`);
      return;
    }
    if (!hidesSelf) {
      // Without its own name it is told by the words in it, which stand nowhere else in this form.
      const name = mode === "interactive" && twig.name === "" ? textOf(twig) : twig.name;
      lines.push(`${indent(level)}- ${describe({ ...twig, name }, mode)}`);
    }
    if (level >= depth) return;
    const next = hidesSelf || mode === "interactive" ? level : level + 1;
    for (const child of children) write(child, next, hidesSelf ? above : twig.name);
  }
}

function describe({ role, name, ref, facts }: Twig, mode: Mode): string {
  const shown = facts.filter((fact) => mode === "full" || !fact.startsWith("-> "));
  const most = TEXT_CHARS[mode];
  const title = name === "" ? "" : ` "${name.length > most ? `${name.slice(0, most).toWellFormed()}…` : name}"`;
  return `${role}${title}${ref ? ` [${ref}]` : ""}${shown.length > 0 ? ` ${shown.join(", ")}` : ""}`;
}

/** Words of one paragraph, torn apart by its markup. */
function joinTexts(twigs: readonly Twig[]): Twig[] {
  const joined: Twig[] = [];
  for (const twig of twigs) {
    const last = joined.at(-1);
    if (twig.role === "text" && last?.role === "text") joined[joined.length - 1] = { ...last, name: `${last.name} ${twig.name}` };
    else joined.push(twig);
  }
  return joined;
}

function isPlainRow(row: Twig): boolean {
  const hasRef = (twig: Twig): boolean => (twig.ref !== undefined && !CELLS.test(twig.role)) || twig.children.some(hasRef);
  return row.children.length > 0 && row.children.every((cell) => CELLS.test(cell.role) && !hasRef(cell));
}

function textOf(twig: Twig): string {
  return twig.name !== "" ? twig.name : twig.children.map(textOf).filter(Boolean).join(" ");
}

function indent(level: number): string {
  return "  ".repeat(Math.min(level, 30));
}

/** Only what holds all the words; what it stands in goes with it. */
export function narrow(lines: readonly string[], query: string): string[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = new Set<number>();
  lines.forEach((line, index) => {
    if (!words.every((word) => line.toLowerCase().includes(word))) return;
    kept.add(index);
    let level = levelOf(line);
    for (let at = index - 1; at >= 0 && level > 0; at--) {
      const above = levelOf(lines[at] ?? "");
      if (above >= level) continue;
      kept.add(at);
      level = above;
    }
  });
  return [...kept].sort((one, other) => one - other).map((index) => lines[index] ?? "");
}

export function cut(lines: readonly string[], maxChars: number): { text: string; note?: string } {
  let length = 0;
  for (let index = 0; index < lines.length; index++) {
    length += (lines[index]?.length ?? 0) + 1;
    if (length <= maxChars) continue;
    const note = `Cut after ${index} of ${lines.length} lines: narrow it with query, ref, selector or mode interactive, or raise maxChars.`;
    return { text: lines.slice(0, Math.max(1, index)).join("\n").slice(0, maxChars).toWellFormed(), note };
  }
  return { text: lines.join("\n") };
}

/** What came (+) and went (-), with the lines it stands in. Undefined: nothing changed. */
export function changes(before: readonly string[], now: readonly string[]): string[] | undefined {
  const parts = diffArrays([...before], [...now], { maxEditLength: 2000 });
  if (!parts) return ["The page has changed altogether; take a whole snapshot."];
  if (parts.every((part) => !part.added && !part.removed)) return undefined;
  return parts.flatMap((part, index) => {
    if (part.added) return part.value.map((line) => `+${line}`);
    if (part.removed) return part.value.map((line) => `-${line}`);
    if (part.value.length <= CONTEXT * 2) return part.value.map((line) => ` ${line}`);
    const head = index === 0 ? [] : part.value.slice(0, 1);
    const tail = index === parts.length - 1 ? [] : part.value.slice(-1);
    return [...head.map((line) => ` ${line}`), " …", ...tail.map((line) => ` ${line}`)];
  });
}

function levelOf(line: string): number {
  return (line.length - line.trimStart().length) / 2;
}
