// What a model may write around its answer when it speaks on a channel: tags that say which message it answers, and
// NO_REPLY for silence. Read from a whole answer, and kept out of one that is still being written.

export interface ReadReply {
  /** The answer without tags. */
  text: string;
  isSilent: boolean;
  /** The message it hangs on, where the model says so: the current one, or one by its id. */
  replyTo?: { kind: "current" } | { kind: "message"; id: string };
}

const TAG = / ?\[\[\s*reply_to(?:_current|\s*:\s*([^[\]\r\n]{1,200}?))\s*\]\]/gi;
const LEADING_TAG = /^\s*\[\[\s*reply_to(?:_current|\s*:\s*([^[\]\r\n]{1,200}?))\s*\]\]/i;
const LONGEST_TAG = 260;
const BLANK_LINES = /^(?:[^\S\n]*\n)+/;
const SILENCE = /^[\s\p{P}\p{S}]*?NO_REPLY[\s\p{P}\p{S}]*$/iu;

export function readReply(written: string): ReadReply {
  const tag = LEADING_TAG.exec(written);
  const text = stripTags(written)
    .replace(tag ? /^\s+/ : BLANK_LINES, "")
    .trimEnd();
  const head = { text, isSilent: SILENCE.test(text) };
  if (!tag) return head;
  const id = tag[1]?.trim();
  if (id === undefined) return { ...head, replyTo: { kind: "current" } };
  return id === "" ? head : { ...head, replyTo: { kind: "message", id } };
}

/** The part of an unfinished answer that may be shown: no tag, nothing that may become one, nothing that may become silence. */
export function showableText(written: string): string {
  return openText(written).trimEnd();
}

/** The same with the blanks at its end: where a finished paragraph ends, there is an empty line. */
export function openText(written: string): string {
  const lead = LEADING_TAG.test(written) ? /^\s+/ : BLANK_LINES;
  const text = holdBackTags(written).replace(lead, "");
  const word = text.replace(/^[\s\p{P}\p{S}]+/u, "").toLowerCase();
  if ("no_reply".startsWith(word) || SILENCE.test(text)) return "";
  return text;
}

function stripTags(written: string): string {
  let text = written;
  // Taking one out may join the halves of another.
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replace(TAG, "");
  }
  return text;
}

/** Without tags, and without an end that may turn out to be the beginning of one. */
function holdBackTags(written: string): string {
  let text = written;
  for (let before = ""; before !== text; ) {
    before = text;
    text = holdBackEnd(stripTags(text));
  }
  return text;
}

function holdBackEnd(written: string): string {
  for (let at = written.indexOf("[", written.length - LONGEST_TAG); at >= 0; at = written.indexOf("[", at + 1)) {
    if (mayBecomeTag(written.slice(at))) return written.slice(0, at);
  }
  return written;
}

function mayBecomeTag(end: string): boolean {
  const plain = end.toLowerCase().replace(/\s/g, "");
  if ("[[reply_to_current]]".startsWith(plain) || "[[reply_to:".startsWith(plain)) return true;
  return /^\[\[reply_to:[^[\]]*\]?$/.test(plain);
}
