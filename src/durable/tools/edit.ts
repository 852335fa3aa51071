// edit: exact replacements in one file, all or none. Each oldText must stand in the file exactly once; when it does not,
// the answer shows the nearest lines, so that the next try fits. Line ends of the file (LF or CRLF) are kept.
import { createTwoFilesPatch, diffLines } from "diff";
import * as z from "zod";
import { ToolFailure } from "../../contract/errors.ts";
import type { Tool } from "./port.ts";
import { sniffType } from "./read.ts";
import { expectValue, toFilePath } from "./workspace-path.ts";

const MAX_DIFF_CHARS = 20_000;
const MAX_COMPARED_LINES = 5000;
const SHOWN_AROUND = 1;

export const editInput = z.object({
  path: z.string().min(1),
  edits: z
    .array(z.object({ oldText: z.string().min(1), newText: z.string() }))
    .min(1)
    .max(100),
});

interface Replacement {
  oldText: string;
  newText: string;
}

export const edit: Tool<typeof editInput> = {
  name: "edit",
  label: "Edit a file",
  group: "fs",
  description: "Replace text in a workspace file. Each oldText must match exactly and only once.",
  input: editInput,
  isRepeatable: false,
  isParallel: false,
  title: ({ path }) => `Edit ${path}`,
  async run({ path: written, edits }, context) {
    const path = toFilePath(written);
    const { info, bytes } = expectValue(await context.workspace.read(path));
    const edited = editBytes(path, bytes, edits);
    const changed = expectValue(await context.workspace.write(path, edited.bytes, info.version));
    return { text: edited.text, details: { ...edited.details, version: changed.version } };
  },
};

/** The file as it will be, with what is said of it. @throws ToolFailure when one of the edits does not fit. */
export function editBytes(
  path: string,
  bytes: Uint8Array,
  edits: readonly Replacement[],
): { bytes: Uint8Array; text: string; details: Record<string, unknown> } {
  if (sniffType(bytes) !== undefined) throw new ToolFailure(`${path} is not text and cannot be edited.`);
  const before = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes);
  const after = replaceAll(path, before, edits);
  if (after === before) throw new ToolFailure(`${path} was not changed: every newText equals its oldText.`);
  const counts = countLines(before, after);
  const many = `${edits.length} replacement${edits.length === 1 ? "" : "s"}`;
  return {
    bytes: new TextEncoder().encode(after),
    text: `Edited ${path}: ${many}, +${counts.added} -${counts.removed} lines.`,
    details: { path, ...counts, diff: makeDiff(path, before, after) },
  };
}

function replaceAll(path: string, text: string, edits: readonly Replacement[]): string {
  const isCrlf = text.includes("\r\n") && !/(^|[^\r])\n/.test(text);
  const toFile = (part: string) => (isCrlf ? part.replace(/\r?\n/g, "\r\n") : part);
  const places = edits.map((one, index) => {
    const wanted = toFile(one.oldText);
    const start = text.indexOf(wanted);
    const label = edits.length === 1 ? "oldText" : `oldText of edit ${index + 1}`;
    if (start < 0) throw new ToolFailure(`${path} was not changed: ${label} is not in it.${describeNearest(text, one.oldText)}`);
    const again = text.indexOf(wanted, start + 1);
    if (again >= 0) {
      const lines = [start, again].map((at) => lineAt(text, at)).join(" and ");
      throw new ToolFailure(`${path} was not changed: ${label} is in it more than once (lines ${lines}); add lines around it.`);
    }
    return { start, end: start + wanted.length, text: toFile(one.newText), label };
  });
  const ordered = places.toSorted((a, b) => a.start - b.start);
  let result = "";
  let position = 0;
  for (const place of ordered) {
    if (place.start < position) throw new ToolFailure(`${path} was not changed: ${place.label} overlaps another; join the two.`);
    result += text.slice(position, place.start) + place.text;
    position = place.end;
  }
  return result + text.slice(position);
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

/** The lines of the file that come closest to what was looked for. */
function describeNearest(text: string, wanted: string): string {
  const lines = text.split(/\r?\n/).slice(0, MAX_COMPARED_LINES);
  const wantedLines = wanted.replace(/^\s*\n|\n\s*$/g, "").split(/\r?\n/);
  const wantedPairs = wantedLines.slice(0, 40).map(pairsOf);
  const filePairs = lines.map(pairsOf);
  let best = { score: 0, at: 0 };
  for (let at = 0; at < lines.length; at++) {
    let score = 0;
    for (const [index, pairs] of wantedPairs.entries()) score += similarity(pairs, filePairs[at + index]);
    if (score > best.score) best = { score, at };
  }
  if (best.score / wantedPairs.length < 0.4) return " No line comes near; read the file first.";
  const end = best.at + Math.min(wantedLines.length, 40);
  const from = Math.max(0, best.at - SHOWN_AROUND);
  const shown = lines.slice(from, end + SHOWN_AROUND).map((line, index) => `${from + index + 1}\t${line.slice(0, 400)}`);
  const isSpacing = squeeze(lines.slice(best.at, end).join(" ")) === squeeze(wantedLines.join(" "));
  const what = isSpacing ? "Only white space differs from" : "Nearest are";
  return ` ${what} these lines (number, tab, text):\n${shown.join("\n")}`;
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** Neighbouring characters of a line, white space aside: what the similarity of two lines is measured by. */
function pairsOf(line: string): Set<string> {
  const packed = line.replace(/\s+/g, "").slice(0, 400);
  const pairs = new Set<string>();
  if (packed.length === 1) pairs.add(packed);
  for (let at = 0; at + 1 < packed.length; at++) pairs.add(packed.slice(at, at + 2));
  return pairs;
}

/** 0 to 1: shared pairs over all pairs. Two blank lines are alike. */
function similarity(a: Set<string>, b: Set<string> | undefined): number {
  if (b === undefined) return 0;
  if (a.size + b.size === 0) return 1;
  let shared = 0;
  for (const pair of a) if (b.has(pair)) shared++;
  return (2 * shared) / (a.size + b.size);
}

function countLines(before: string, after: string): { added: number; removed: number } {
  const counts = { added: 0, removed: 0 };
  for (const change of diffLines(before, after, { maxEditLength: 5000 }) ?? []) {
    if (change.added) counts.added += change.count;
    if (change.removed) counts.removed += change.count;
  }
  return counts;
}

function makeDiff(path: string, before: string, after: string): string {
  const diff = createTwoFilesPatch(path, path, before, after, undefined, undefined, { context: 2, maxEditLength: 5000 }) ?? "";
  const body = diff.replace(/^Index:.*\n=+\n/, "");
  return body.length <= MAX_DIFF_CHARS ? body : `${body.slice(0, MAX_DIFF_CHARS)}\n…`;
}
