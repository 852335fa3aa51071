// Cuts a file that is too long for the prompt: the beginning and the end stay, and a notice between them says how to read
// what is left out. Pure.

/** Part of the room that goes to the beginning. */
const HEAD_SHARE = 0.75;
const NOTICE_CHARS = 160;

/** `text` in at most `room` characters. */
export function capText(name: string, text: string, room: number): string {
  if (text.length <= room) return text;
  if (room < NOTICE_CHARS * 2) return noticeFor(name, text.length, 1, countLines(text));
  const space = room - NOTICE_CHARS;
  const head = trimToLine(text.slice(0, Math.floor(space * HEAD_SHARE)));
  const tail = trimFromLine(text.slice(text.length - Math.floor(space * (1 - HEAD_SHARE))));
  const firstLeftOut = countLines(head) + (head.endsWith("\n") ? 1 : 0);
  const isTailWhole = text.charAt(text.length - tail.length - 1) === "\n";
  const lastLeftOut = Math.max(firstLeftOut, countLines(text) - countLines(tail) + (isTailWhole ? 0 : 1));
  const separator = head.endsWith("\n") ? "" : "\n";
  return `${head}${separator}${noticeFor(name, text.length, firstLeftOut, lastLeftOut)}\n${tail}`;
}

function noticeFor(name: string, total: number, from: number, to: number): string {
  return `[… ${name} has ${total} characters; lines ${from}–${to} are left out here: read ${name} with offset ${from} …]`;
}

/** Up to the last line end, when one is near; never half a character. */
function trimToLine(text: string): string {
  const end = text.lastIndexOf("\n") + 1;
  return end > text.length / 2 ? text.slice(0, end) : dropBrokenEnds(text);
}

function trimFromLine(text: string): string {
  const start = text.indexOf("\n") + 1;
  return start > 0 && start < text.length / 2 ? text.slice(start) : dropBrokenEnds(text);
}

function dropBrokenEnds(text: string): string {
  return text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
}

/** Complete and begun lines. */
function countLines(text: string): number {
  const ends = text.split("\n").length;
  return text.endsWith("\n") || text === "" ? ends - 1 : ends;
}
