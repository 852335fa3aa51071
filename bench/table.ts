// The table of docs/benchmark.md from what was measured. Pure. A figure that was not measured says why; one that is not
// reached carries a mark, so that the table cannot flatter.
import { FIGURES, type Figure, type FigureId, type Unit } from "./figures.ts";
import { type Summary, summarize } from "./statistics.ts";

export interface Reading {
  figure: FigureId;
  /** In the figure's unit. */
  samples: readonly number[];
  /** Something that the number alone would hide. */
  note?: string;
}

/** A table that is no figure: Markdown under a heading. */
export interface Section {
  heading: string;
  text: string;
}

export interface Report {
  readings: readonly Reading[];
  sections?: readonly Section[];
  /** Why figures are missing. */
  missing: ReadonlyMap<FigureId, string>;
}

export interface Peer extends Report {
  name: string;
}

export type Verdict = "reached" | "missed";

export function judge(figure: Figure, summary: Summary): Verdict {
  const value = figure.judged === "p99" ? (summary.p99 ?? summary.median) : summary.median;
  const isReached = "most" in figure.reach ? value <= figure.reach.most : value >= figure.reach.least;
  return isReached ? "reached" : "missed";
}

/**
 * A Markdown table in the order of FIGURES, with a column for the peer when there is one. A figure that was neither
 * measured nor is missing for a reason was not asked for and has no row.
 */
export function writeTable(own: Report, peer: Peer | undefined): string {
  const head = ["what", "unit", "median", "p90", "p99", "samples", "reach", "", ...(peer ? [`${peer.name}, median`] : [])];
  const numeric = new Set(["median", "p90", "p99", "samples", "reach"]);
  const rule = head.map((name) => (numeric.has(name) ? "---:" : "---"));
  const notes: string[] = [];
  const rows = Object.entries<Figure>(FIGURES)
    .map(([id, figure]) => writeRow(id as FigureId, figure, own, peer, notes))
    .filter((row) => row !== undefined);
  const table = [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return notes.length === 0 ? table : `${table}\n\n${notes.map((note, index) => `${index + 1}. ${note}`).join("\n")}`;
}

export function writeSection({ heading, text }: Section): string {
  return `## ${heading}\n\n${text}`;
}

/** How many figures are reached, missed and missing. */
export function countVerdicts(own: Report): Record<Verdict | "missing", number> {
  const counts = { reached: 0, missed: 0, missing: 0 };
  for (const [id, figure] of Object.entries<Figure>(FIGURES)) {
    const reading = own.readings.find((candidate) => candidate.figure === id);
    counts[reading ? judge(figure, summarize(reading.samples)) : "missing"]++;
  }
  return counts;
}

/** Three significant digits at most, without a tail of zeros. */
export function formatValue(value: number, unit: Unit): string {
  if (unit === "requests" || unit === "messages") return String(Math.round(value));
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

function writeRow(id: FigureId, figure: Figure, own: Report, peer: Peer | undefined, notes: string[]): string[] | undefined {
  const reading = own.readings.find((candidate) => candidate.figure === id);
  const reach = "most" in figure.reach ? `≤ ${figure.reach.most}` : `≥ ${figure.reach.least}`;
  const peerCell = peer ? [writePeerCell(id, figure, peer, notes)] : [];
  if (!reading) {
    const reason = own.missing.get(id);
    if (reason === undefined) return undefined;
    return [figure.what + footnote(notes, reason), figure.unit, "–", "–", "–", "0", reach, "not measured", ...peerCell];
  }
  const summary = summarize(reading.samples);
  const show = (value: number | undefined) => (value === undefined ? "–" : formatValue(value, figure.unit));
  const mark = judge(figure, summary) === "reached" ? "✓" : "✗ **missed**";
  const what = reading.note === undefined ? figure.what : figure.what + footnote(notes, reading.note);
  return [
    what,
    figure.unit,
    show(summary.median),
    show(summary.p90),
    show(summary.p99),
    String(summary.count),
    reach,
    mark,
    ...peerCell,
  ];
}

function writePeerCell(id: FigureId, figure: Figure, peer: Peer, notes: string[]): string {
  const reading = peer.readings.find((candidate) => candidate.figure === id);
  if (reading) {
    const summary = summarize(reading.samples);
    const value = figure.judged === "p99" ? (summary.p99 ?? summary.median) : summary.median;
    const note = reading.note === undefined ? "" : footnote(notes, `${peer.name}: ${reading.note}`);
    return `${formatValue(value, figure.unit)}${figure.judged === "p99" ? " (p99)" : ""}${note}`;
  }
  const reason = peer.missing.get(id);
  return reason === undefined ? "–" : `–${footnote(notes, `${peer.name}: ${reason}`)}`;
}

/** Adds the note once and answers its mark. */
function footnote(notes: string[], text: string): string {
  if (!notes.includes(text)) notes.push(text);
  return ` [${notes.indexOf(text) + 1}]`;
}
