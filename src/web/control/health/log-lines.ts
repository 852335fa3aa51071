// The lines of `logs.tail`: read, kept in order, and picked by level.
export const LEVELS = ["info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

export interface LogLine {
  /** Counts up on this page; the line's name on the screen. */
  id: number;
  at: number;
  level: Level;
  text: string;
  /** What else the line says, as `name=value`. */
  more: string;
  raw: string;
}

export interface LogPage {
  cursor: number;
  lines: string[];
  truncated: boolean;
  reset: boolean;
}

const KEPT = 2_000;
const HEAD = new Set(["time", "level", "subsystem", "message"]);

/** A line that is no JSON is shown as it is. */
export function readLine(raw: string, id: number): LogLine {
  let fields: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(raw);
    if (typeof parsed === "object" && parsed !== null) fields = parsed as Record<string, unknown>;
  } catch {
    return { id, at: 0, level: "info", text: raw, more: "", raw };
  }
  const at = Date.parse(String(fields["time"] ?? ""));
  return {
    id,
    at: Number.isNaN(at) ? 0 : at,
    level: LEVELS.find((level) => level === fields["level"]) ?? "info",
    text: String(fields["message"] ?? raw),
    more: Object.entries(fields)
      .filter(([name]) => !HEAD.has(name))
      .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join(" "),
    raw,
  };
}

/** The lines so far with a page added; the oldest beyond the bound go. */
export function addPage(lines: readonly LogLine[], page: LogPage): LogLine[] {
  const known = page.reset ? [] : lines;
  const next = (lines.at(-1)?.id ?? 0) + 1;
  return [...known, ...page.lines.map((raw, at) => readLine(raw, next + at))].slice(-KEPT);
}

export function pickLines(lines: readonly LogLine[], least: Level, words: string): LogLine[] {
  const wanted = words.trim().toLowerCase();
  const from = LEVELS.indexOf(least);
  return lines.filter((line) => LEVELS.indexOf(line.level) >= from && (wanted === "" || line.raw.toLowerCase().includes(wanted)));
}
