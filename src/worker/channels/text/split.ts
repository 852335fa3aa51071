// Cuts Markdown into messages. Each piece is Markdown whole in itself: a fence that is cut is closed and opened again, a
// table gets its head again, marks around a cut are written on both sides. Nothing is left out. Where to cut, best first:
// between blocks, between list items or rows, after a sentence or a line, at a space, anywhere but inside a character.
import { type MarkedToken, marked, type Token, type Tokens } from "marked";

export type Fits = (piece: string) => boolean;

/** `paragraph`: every block is a message of its own. Contract: `fits("")` and `fits` of a single character are true. */
export function splitMarkdown(source: string, fits: Fits, mode: "length" | "paragraph" = "length"): string[] {
  const whole = source.trim();
  if (whole === "") return [];
  if (mode === "length" && fits(whole)) return [whole];
  const pieces = blocksOf(source).flatMap((token) => splitBlock(token, fits));
  return mode === "paragraph" ? pieces : pack(pieces, "\n\n", fits);
}

/** The blocks, with addresses that stand elsewhere ("[a]: https://…") written into the links: pieces part company. */
function blocksOf(source: string): MarkedToken[] {
  const tokens = marked.lexer(source);
  const listed = (tokens as MarkedToken[]).filter((token) => token.type !== "space" && token.type !== "def");
  if (Object.keys(tokens.links).length === 0) return listed;
  const text = listed.map((token) => inlineReferences(token)).join("\n\n");
  return (marked.lexer(text) as MarkedToken[]).filter((token) => token.type !== "space" && token.type !== "def");
}

function inlineReferences(token: MarkedToken): string {
  let raw = token.raw;
  marked.walkTokens([token], (inner) => {
    if ((inner.type !== "link" && inner.type !== "image") || !/^!?\[[\s\S]*\]$/.test(inner.raw)) return;
    const { href, text } = inner as Tokens.Link;
    raw = raw.replace(inner.raw, () => `${inner.type === "image" ? "!" : ""}[${text}](<${href}>)`);
  });
  return raw.trim();
}

/** Neighbours that fit together become one. */
function pack(pieces: readonly string[], glue: string, fits: Fits): string[] {
  const packed: string[] = [];
  for (const piece of pieces) {
    const last = packed.at(-1);
    const joined = last === undefined ? piece : `${last}${glue}${piece}`;
    if (last !== undefined && fits(joined)) packed[packed.length - 1] = joined;
    else packed.push(piece);
  }
  return packed;
}

function splitBlock(token: MarkedToken, fits: Fits): string[] {
  const raw = token.raw.replace(/^\n+|\s+$/g, "");
  if (fits(raw)) return raw === "" ? [] : [raw];
  switch (token.type) {
    case "code":
      return splitCode(token.text, token.lang ?? "", fits);
    case "html":
      // Shown as text anyway: as code nothing in it is taken for marks.
      return splitCode(raw, "html", fits);
    case "heading":
      return splitHeading(token, fits);
    case "list":
      return splitList(token, fits);
    case "blockquote":
      return splitQuote(token, fits);
    case "table":
      return splitTable(token, fits);
    default:
      return splitText(raw, fits);
  }
}

function splitCode(code: string, language: string, fits: Fits): string[] {
  const runs = code.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  const wrap = (text: string) => `${fence}${/^[^\s`]*/.exec(language)?.[0] ?? ""}\n${text}\n${fence}`;
  // With the shortest fence there is, a limit so small that nothing fits is one of plain text.
  if (!fits(wrap("x"))) return splitPlain(code, fits);
  const lines = code.split("\n").flatMap((line) => (fits(wrap(line)) ? [line] : cutHard(line, (part) => fits(wrap(part)))));
  return pack(lines, "\n", (text) => fits(wrap(text))).map(wrap);
}

/** Every piece is a heading; a # at its end would be taken for the closing of one. */
function splitHeading({ depth, text, raw }: Tokens.Heading, fits: Fits): string[] {
  const wrap = (words: string) => `${"#".repeat(depth)} ${words.replace(/\n/g, " ").replace(/(^|\s)(?=#+$)/, "$1\\")}`;
  if (!fits(wrap("x"))) return splitPlain(raw.trim(), fits);
  return splitText(text, (piece) => fits(wrap(piece))).map(wrap);
}

function splitList(token: Tokens.List, fits: Fits): string[] {
  const items = token.items.map((item, index) => {
    const raw = item.raw.trimEnd();
    // Numbers are written out, since a piece may begin in the middle.
    return token.ordered ? raw.replace(/^\s*\d+/, String((token.start === "" ? 1 : token.start) + index)) : raw;
  });
  const pieces = items.flatMap((item) => (fits(item) ? [item] : splitItem(item, fits)));
  return pack(pieces, "\n", fits);
}

/** What is in an item that is too long, without its being a list any more after the first piece. */
function splitItem(item: string, fits: Fits): string[] {
  const [, mark = "", rest = item] = /^(\s*(?:[-*+]|\d+[.)])\s+)([\s\S]*)$/.exec(item) ?? [];
  const inner = rest.replace(new RegExp(`^ {1,${mark.length}}`, "gm"), "");
  const pieces = splitMarkdown(inner, (piece) => fits(mark + piece));
  return pieces.map((piece, index) => (index === 0 ? mark + piece : piece));
}

function splitQuote(token: Tokens.Blockquote, fits: Fits): string[] {
  const wrap = (text: string) => text.replace(/^/gm, "> ");
  if (!fits(wrap("x"))) return splitPlain(token.text, fits);
  return splitMarkdown(token.text, (piece) => fits(wrap(piece))).map(wrap);
}

/** A row that is too long even alone goes as words: its marks must not be taken for those of other rows. */
function splitTable(token: Tokens.Table, fits: Fits): string[] {
  const [head = "", rule = "", ...rows] = token.raw.trim().split("\n");
  const wrap = (text: string) => `${head}\n${rule}\n${text}`;
  const asWords = (cells: Tokens.TableCell[]) =>
    splitText(
      guardBeginning(
        cells
          .map(({ text }) => text)
          .join(" | ")
          .trim(),
      ),
      fits,
    );
  const pieces: string[] = fits(wrap(rows[0] ?? "")) ? [] : asWords(token.header);
  let together: string[] = [];
  const close = () => {
    pieces.push(...pack(together, "\n", (text) => fits(wrap(text))).map(wrap));
    together = [];
  };
  for (const [index, row] of rows.entries()) {
    if (fits(wrap(row))) together.push(row);
    else {
      close();
      pieces.push(...asWords(token.rows[index] ?? []));
    }
  }
  close();
  return pieces;
}

/** A stretch of a paragraph; `after` says how good a cut behind it is. */
interface Stretch {
  text: string;
  after: "sentence" | "line" | "space" | "none";
}

/** What stands in a line may come to stand at the beginning of a piece: it must fit there too. */
function splitText(raw: string, fits: Fits): string[] {
  return packStretches(stretchesOf(marked.Lexer.lexInline(raw), fitsAtBeginning(fits)), fits);
}

function splitPlain(text: string, fits: Fits): string[] {
  return packStretches(wordsOf(text, fitsAtBeginning(fits)), fits);
}

function fitsAtBeginning(fits: Fits): Fits {
  return (piece) => fits(asBeginning(piece));
}

function stretchesOf(tokens: readonly Token[], fits: Fits): Stretch[] {
  return (tokens as MarkedToken[]).flatMap((token): Stretch[] => {
    if (token.type === "text") return wordsOf(token.raw, fits);
    if (token.type === "br") return [{ text: token.raw, after: "line" }];
    if (fits(token.raw)) return [{ text: token.raw, after: "none" }];
    if (token.type === "codespan") return splitCodeSpan(token, fits);
    if (token.type === "link" || token.type === "image") return splitLink(token, fits);
    const mark = markOf(token);
    if (mark === undefined) return wordsOf(token.raw, fits);
    const wrap = (text: string) => wrapIn(mark, text);
    const inner = splitText(token.raw.slice(mark.length, -mark.length), (piece) => fits(wrap(piece)));
    return partsAs(inner, wrap);
  });
}

/** By its kind, since `***` may be one in the other. */
function markOf({ type, raw }: MarkedToken): string | undefined {
  const mark = type === "em" ? raw.slice(0, 1) : type === "strong" ? raw.slice(0, 2) : type === "del" ? /^~+/.exec(raw)?.[0] : "";
  return mark && raw.endsWith(mark) ? mark : undefined;
}

/** Beside its like a mark would be read as another: then the same is said with the other sign, and if need be without effect. */
function wrapIn(mark: string, text: string): string {
  const signs = mark.startsWith("~") ? ["~"] : mark.startsWith("*") ? ["*", "_"] : ["_", "*"];
  const sign = signs.find((one) => !text.startsWith(one) && !text.endsWith(one));
  const around = (sign ?? mark.charAt(0)).repeat(mark.length);
  return `${around}${sign === undefined ? "\\" : ""}${text}${closingOf(text)}${around}`;
}

function partsAs(parts: readonly string[], wrap: (text: string) => string): Stretch[] {
  return parts.map((text) => ({ text: wrap(text), after: "space" }));
}

function splitCodeSpan(token: Tokens.Codespan, fits: Fits): Stretch[] {
  const ticks = /^`+/.exec(token.raw)?.[0] ?? "`";
  const wrap = (text: string) => `${ticks} ${text} ${ticks}`;
  if (!fits(wrap("x"))) return wordsOf(token.raw, fits);
  const fitsAsCode = (piece: string) => fits(wrap(piece));
  return partsAs(packStretches(wordsOf(token.text, fitsAsCode), fitsAsCode, trimmed), wrap);
}

/** Every part of its words leads to its address; where that leaves too little room for words, the address follows them. */
function splitLink(token: Tokens.Link | Tokens.Image, fits: Fits): Stretch[] {
  if (!/^!?\[/.test(token.raw)) return wordsOf(token.raw, fits);
  if (token.text.trim() === "") return wordsOf(token.href, fits);
  const address = `<${token.href.replace(/[<>\\]/g, "\\$&")}>`;
  const words = token.type === "image" ? escapeMarks(token.text) : token.tokens.map(bareRaw).join("");
  const wrap = (text: string) => `[${text}${closingOf(text)}](${address})`;
  if (fits(wrap("x".repeat(LEAST_WORDS))))
    return partsAs(
      splitText(words, (piece) => fits(wrap(piece))),
      wrap,
    );
  return [...stretchesOf(marked.Lexer.lexInline(words), fits), ...wordsOf(` (${token.href})`, fits)];
}

/** What must stand between a part and the mark that closes it: a backslash at its end would make that mark a character. */
function closingOf(text: string): string {
  return /(?<!\\)(?:\\\\)*\\$/.test(text) ? "\\" : "";
}

/** A bracket among the words of a link is one of its pair no longer when the words are cut. */
function bareRaw(token: Token): string {
  return token.type === "text" ? token.raw.replace(/[[\]]/g, "\\$&") : token.raw;
}

function escapeMarks(text: string): string {
  return text.replace(/[\\`*_~[\]<>&]/g, "\\$&");
}

function wordsOf(text: string, fits: Fits): Stretch[] {
  const words = text.match(/\s*\S+\s*?(?=\s|$)|\s+/gu) ?? [];
  return words.flatMap((word, place): Stretch[] => {
    const parts = fits(word.trim()) ? [word] : cutHard(word, fits);
    const after = qualityOf(word, words[place + 1]);
    return parts.map((part, index) => ({ text: part, after: index < parts.length - 1 ? "none" : after }));
  });
}

/** `next` brings the white space between the two along. */
function qualityOf(word: string, next: string | undefined): Stretch["after"] {
  if (next !== undefined && /^[^\S\n]*\n/.test(next)) return "line";
  if (/[.!?。！？…]["'”’)\]]*$/u.test(word)) return "sentence";
  return next === undefined ? "none" : "space";
}

/** Fewer characters than this beside an address are no words any more. */
const LEAST_WORDS = 12;
const QUALITY = { sentence: 3, line: 3, space: 1, none: 0 } as const;

/** As much as fits, cut behind the best stretch of its second half. `begin` makes the beginning of a piece safe. */
function packStretches(stretches: readonly Stretch[], fits: Fits, begin: (text: string) => string = asBeginning): string[] {
  const pieces: string[] = [];
  let rest = [...stretches];
  while (rest.length > 0) {
    const count = longestPrefix(rest, (text) => fits(begin(text)));
    const cut = count === rest.length ? count : bestCut(rest, count);
    const piece = begin(textOf(rest.slice(0, cut)));
    if (piece !== "") pieces.push(piece);
    rest = rest.slice(cut);
  }
  return pieces;
}

function textOf(stretches: readonly Stretch[]): string {
  return trimmed(stretches.map((stretch) => stretch.text).join(""));
}

function trimmed(text: string): string {
  return text.trim();
}

/** Cut off behind it, what looks like the address of a reference would vanish. */
const REFERENCE = /^(?=\[(?:[^\]\\]|\\.)*\]:)/;

function asBeginning(text: string): string {
  return guardBeginning(trimmed(text)).replace(REFERENCE, "\\");
}

/** What stood in the middle of a line must not become a list, a heading or a fence by standing at its beginning. */
function guardBeginning(text: string): string {
  return text.replace(/^(\d{1,9})(?=[.)](\s|$))/, "$1\\").replace(/^(?=#{1,6}(\s|$)|>|[-*+](\s|$)|`{3}|~{3}|-{3}|={3}|\|)/, "\\");
}

/** How many stretches from the beginning fit together; at least one. */
function longestPrefix(stretches: readonly Stretch[], fits: Fits): number {
  let low = 1;
  let high = stretches.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(textOf(stretches.slice(0, middle)))) low = middle;
    else high = middle - 1;
  }
  return low;
}

function bestCut(stretches: readonly Stretch[], count: number): number {
  let best = count;
  let quality = -1;
  for (let at = count; at >= Math.max(1, Math.ceil(count / 2)); at -= 1) {
    const here = QUALITY[stretches[at - 1]?.after ?? "none"];
    if (here > quality) [best, quality] = [at, here];
  }
  return best;
}

/** Anywhere, but never inside a character as people see it. */
function cutHard(text: string, fits: Fits): string[] {
  const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  const parts: string[] = [];
  let rest = characters.flatMap((character) => (fits(character) ? [character] : [...character]));
  while (rest.length > 0) {
    let low = 1;
    let high = rest.length;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (fits(rest.slice(0, middle).join(""))) low = middle;
      else high = middle - 1;
    }
    parts.push(rest.slice(0, low).join(""));
    rest = rest.slice(low);
  }
  return parts;
}
