// Mentions, both ways. In a text of Signal a mention is one character that stands for a person, and beside it who it is; in ours it is
// "@name" or "@+number". Positions count UTF-16 units on both sides.
import type { TextStyle } from "../../../contract/channels/home-acts.ts";
import type { Mention } from "./envelope.ts";

const PLACE = "\uFFFC";
/** A number or an id of Signal's after an @ that begins a word. */
const BY_ID = /(?<![\p{L}\p{N}_.])@(\+\d{6,15}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![\p{L}\p{N}])/giu;

/** The text with names where the marks stood. */
export function readMentions(text: string, mentions: readonly Mention[], nameOf: (mention: Mention) => string): string {
  let read = text;
  // From the end, so that what stands before keeps its place.
  for (const mention of mentions.toSorted((a, b) => b.start - a.start)) {
    const { start, length } = mention;
    if (start + length > read.length) continue;
    read = `${read.slice(0, start)}@${nameOf(mention)}${read.slice(start + length)}`;
  }
  return read.replaceAll(PLACE, "").trim();
}

export interface Written {
  text: string;
  styles: TextStyle[];
  mentions: { start: number; length: number; id: string }[];
}

/** The text with marks where people are named: by number, by id, or by the name of one of `people` (name → id). */
export function writeMentions(text: string, styles: readonly TextStyle[], people: ReadonlyMap<string, string>): Written {
  const found = [...text.matchAll(BY_ID)].map(({ 0: whole, 1: id = "", index }) => ({ at: index, length: whole.length, id }));
  for (const [name, id] of [...people].toSorted(([a], [b]) => b.length - a.length)) {
    if (name.trim() === "") continue;
    for (let at = text.indexOf(`@${name}`); at >= 0; at = text.indexOf(`@${name}`, at + 1)) {
      const end = at + name.length + 1;
      const isWhole = !/^[\p{L}\p{N}]/u.test(text.slice(end)) && !/[\p{L}\p{N}_.]$/u.test(text.slice(0, at));
      const isFree = found.every((one) => end <= one.at || at >= one.at + one.length);
      if (isWhole && isFree) found.push({ at, length: end - at, id });
    }
  }
  if (found.length === 0) return { text, styles: [...styles], mentions: [] };
  found.sort((a, b) => a.at - b.at);
  /** Where a position of the old text stands in the new one. */
  const moved = (place: number) => {
    let by = 0;
    for (const { at, length } of found) {
      if (place >= at + length) by += length - 1;
      else if (place > at) by += place - at - 1;
    }
    return place - by;
  };
  let written = "";
  let from = 0;
  const mentions: Written["mentions"] = [];
  for (const { at, length, id } of found) {
    written += text.slice(from, at);
    mentions.push({ start: written.length, length: 1, id });
    written += PLACE;
    from = at + length;
  }
  const shifted = styles.flatMap(({ start, length, style }): TextStyle[] => {
    const begin = moved(start);
    const end = moved(start + length);
    return end > begin ? [{ start: begin, length: end - begin, style }] : [];
  });
  return { text: written + text.slice(from), styles: shifted, mentions };
}
