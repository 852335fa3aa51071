// An answer that goes out in finished paragraphs: where to cut the text that is still growing, and what is left to send
// once the answer is whole. A cut never stands inside a code fence, so that each part is whole Markdown.

const BLOCK_MIN_CHARS = 400;
const BLOCK_MAX_CHARS = 1200;
/** Said before an answer that has to be sent again from its beginning, since what was sent of it no longer holds. */
const ONCE_MORE = "(My answer changed while I wrote it. Here it is as a whole.)";

/** The next block of `text`, as a length; 0 while none is finished. */
export function blockLength(text: string): number {
  if (text.length < BLOCK_MIN_CHARS) return 0;
  const outside = outsideFences(text);
  const paragraph = lastCut(text, /\n[^\S\n]*\n/g, outside, text.length);
  if (paragraph >= BLOCK_MIN_CHARS && paragraph <= BLOCK_MAX_CHARS) return paragraph;
  const within = lastCut(text, /\n[^\S\n]*\n/g, outside, BLOCK_MAX_CHARS);
  if (within >= BLOCK_MIN_CHARS) return within;
  if (text.length < BLOCK_MAX_CHARS) return 0;
  for (const pattern of [/\n/g, /[.!?…](?=\s)/g, /\s/g]) {
    const cut = lastCut(text, pattern, outside, BLOCK_MAX_CHARS);
    if (cut >= BLOCK_MIN_CHARS) return cut;
  }
  // Nothing but a fence, or one endless word: it goes out as soon as it is over.
  const first = [...text.matchAll(/\n[^\S\n]*\n|\n|\s/g)]
    .map((match) => match.index + match[0].length)
    .find((cut) => cut > BLOCK_MAX_CHARS && outside(cut));
  return first ?? 0;
}

/** What is still to be sent of the whole answer when `sent` went out already. */
export function restOf(whole: string, sent: string): string {
  if (sent === "") return whole;
  if (whole.startsWith(sent)) return whole.slice(sent.length);
  if (whole === sent.trimEnd()) return "";
  return whole.trim() === "" ? "" : `${ONCE_MORE}\n\n${whole}`;
}

/** A block without the empty lines around it. */
export function trimBlock(text: string): string {
  return text.replace(/^(?:[^\S\n]*\n)+/, "").trimEnd();
}

function lastCut(text: string, pattern: RegExp, outside: (at: number) => boolean, most: number): number {
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    const cut = match.index + match[0].length;
    if (cut > most) break;
    if (outside(cut)) last = cut;
  }
  return last;
}

/** Says of a place in the text whether it is outside every code fence. */
function outsideFences(text: string): (at: number) => boolean {
  const spans: { from: number; to: number }[] = [];
  let open: { from: number; mark: string } | undefined;
  let at = 0;
  for (const line of text.split("\n")) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark && !open) open = { from: at, mark };
    else if (mark && open && mark[0] === open.mark[0] && mark.length >= open.mark.length && line.trim() === mark) {
      spans.push({ from: open.from, to: at + line.length });
      open = undefined;
    }
    at += line.length + 1;
  }
  if (open) spans.push({ from: open.from, to: Number.POSITIVE_INFINITY });
  return (place) => !spans.some((span) => place > span.from && place <= span.to);
}
