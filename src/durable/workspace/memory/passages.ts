// Notes cut into passages that are small enough to quote and overlap enough to keep a thought whole; and text folded so that
// scripts written without spaces can be found word by word. Pure.

export interface Passage {
  /** First and last line, from 1. */
  line: number;
  lastLine: number;
  text: string;
}

/** About 400 tokens. */
const PASSAGE_CHARS = 1600;
/** About 80 tokens. */
const OVERLAP_CHARS = 320;
/** What a search shows of a passage. */
const EXCERPT_CHARS = 700;

const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;
const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;

/** Cuts at line ends; a line that is longer than a passage is cut inside. */
export function cutPassages(text: string): Passage[] {
  const lines = text.split(/\r?\n/).flatMap((line, index) => foldLine(line).map((part) => ({ line: index + 1, text: part })));
  const passages: Passage[] = [];
  let start = 0;
  while (start < lines.length) {
    let end = start;
    let size = 0;
    while (end < lines.length && (end === start || size + (lines[end]?.text.length ?? 0) <= PASSAGE_CHARS)) {
      size += (lines[end]?.text.length ?? 0) + 1;
      end += 1;
    }
    const first = lines[start];
    const last = lines[end - 1];
    const body = lines.slice(start, end).map((part) => part.text);
    if (first && last && body.some((part) => part.trim() !== "")) {
      passages.push({ line: first.line, lastLine: last.line, text: body.join("\n") });
    }
    if (end >= lines.length) break;
    let next = end;
    for (let overlap = 0; next > start + 1; next--) {
      overlap += (lines[next - 1]?.text.length ?? 0) + 1;
      if (overlap > OVERLAP_CHARS) break;
    }
    start = next;
  }
  return passages;
}

/** The lines of a passage around the one that holds most of `stems`. */
export function cutExcerpt(passage: Passage, stems: string[]): { line: number; text: string } {
  const lines = passage.text.split("\n");
  if (passage.text.length <= EXCERPT_CHARS) return { line: passage.line, text: passage.text };
  const counts = lines.map((line) => countStems(foldText(line), stems));
  let first = counts.indexOf(Math.max(...counts));
  let last = first;
  let size = lines[first]?.length ?? 0;
  if (size > EXCERPT_CHARS) return { line: passage.line + first, text: cutAround(lines[first] ?? "", stems) };
  for (let isGrown = true; isGrown; ) {
    isGrown = false;
    for (const next of [first - 1, last + 1]) {
      const room = lines[next]?.length;
      if (room === undefined || size + room + 1 > EXCERPT_CHARS) continue;
      size += room + 1;
      first = Math.min(first, next);
      last = Math.max(last, next);
      isGrown = true;
    }
  }
  return { line: passage.line + first, text: lines.slice(first, last + 1).join("\n") };
}

/** How many of `stems` the folded text holds. */
export function countStems(foldedText: string, stems: string[]): number {
  return stems.filter((stem) => foldedText.includes(stem)).length;
}

/** Words without their endings, folded as `foldText` folds. */
export function stemsOf(words: string[]): string[] {
  return words.map((word) => foldText(word.length > 5 ? word.slice(0, -2) : word));
}

/** Lower case, without accents. */
export function foldText(text: string): string {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}

/**
 * Every word of a text, in order, lower case; scripts without spaces between words give one word a character.
 * Notes and queries both pass through here: the index never sees a sign that it could take for part of a word.
 */
export function listWords(text: string): string[] {
  return text.normalize("NFC").toLowerCase().replace(UNSPACED, " $& ").match(WORD) ?? [];
}

function foldLine(line: string): string[] {
  if (line.length <= PASSAGE_CHARS) return [line];
  const parts: string[] = [];
  for (let at = 0; at < line.length; ) {
    let end = Math.min(at + PASSAGE_CHARS, line.length);
    if (end < line.length && isHighSurrogate(line.charCodeAt(end - 1))) end -= 1;
    parts.push(line.slice(at, end));
    at = end;
  }
  return parts;
}

function cutAround(line: string, stems: string[]): string {
  const folded = foldText(line);
  const places = stems.map((stem) => folded.indexOf(stem)).filter((at) => at >= 0);
  const start = Math.max(0, Math.min(...places, line.length) - 100);
  return `…${line.slice(start, start + EXCERPT_CHARS)}…`.toWellFormed();
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
