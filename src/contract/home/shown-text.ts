// How foreign text is written so that a person can judge it: signs that are not seen, that turn the order of others round or
// that move the cursor are spelled out, what looks like plain letters and is none is named, and a cut says how much it hides.

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}|\p{M}{3,}/gu;
const MOST_NAMED = 8;

export interface ShownText {
  /** Safe to be shown in a fixed-width block; lines are kept. */
  text: string;
  /** Characters of the original. */
  length: number;
  isCut: boolean;
  /** Sentences that whoever decides should read. */
  warnings: string[];
}

/** `maxChars`: of what is shown; a longer text shows its beginning and its end. */
export function showText(text: string, maxChars = Number.POSITIVE_INFINITY): ShownText {
  const spelled = spell(text);
  const isCut = spelled.length > maxChars;
  return {
    text: isCut ? cutMiddle(spelled, maxChars, text.length) : spelled,
    length: text.length,
    isCut,
    warnings: warningsOf(text, isCut),
  };
}

/** On one line, with a sign where a line ended. */
export function showLine(text: string, maxChars = 200): string {
  const spelled = spell(
    text
      .trim()
      .replace(/ *\n[ \n]*/g, " ⏎ ")
      .replace(/[ \t]+/g, " "),
  );
  return spelled.length > maxChars ? `${spelled.slice(0, maxChars - 1)}…` : spelled;
}

function spell(text: string): string {
  return text.replace(HIDDEN, (signs) => {
    if (signs === "\n") return signs;
    return [...signs].map(nameSign).join("");
  });
}

/** A tab and a return too: one hides how far the text is moved, the other that a line is written over. */
function nameSign(sign: string): string {
  return `⟨U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

function cutMiddle(text: string, maxChars: number, length: number): string {
  const note = `\n[… cut here: the whole has ${length.toLocaleString("en")} characters …]\n`;
  const room = Math.max(40, maxChars - note.length);
  const tail = Math.floor(room / 4);
  return `${text.slice(0, room - tail)}${note}${text.slice(-tail)}`;
}

function warningsOf(text: string, isCut: boolean): string[] {
  const warnings: string[] = [];
  if (isCut) {
    warnings.push(`Only its beginning and its end are shown: it has ${text.length.toLocaleString("en")} characters.`);
  }
  const hidden = (text.match(HIDDEN) ?? []).filter((signs) => !/^[\n\t]$/.test(signs));
  if (hidden.length > 0)
    warnings.push(`It holds signs that cannot be seen; they are spelled out as ${nameSign(hidden[0] ?? "")}.`);
  const foreign = [...new Set([...text].filter((sign) => (sign.codePointAt(0) ?? 0) > 127 && /[\p{L}\p{N}]/u.test(sign)))];
  if (foreign.length > 0) {
    const named = foreign.slice(0, MOST_NAMED).map((sign) => `${sign} (${nameSign(sign).slice(1, -1)})`);
    const more = foreign.length > MOST_NAMED ? ` and ${foreign.length - MOST_NAMED} more` : "";
    warnings.push(`Not all of its letters are plain ones; some may look like others: ${named.join(", ")}${more}.`);
  }
  return warnings;
}
