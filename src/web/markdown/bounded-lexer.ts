// Marked's lexer with bounds on what one text may cost: how deep it nests, how many marks a paragraph holds, how long
// its words are, how many cells a table makes. What is beyond a bound is shown as written; the rest around it is read.
import { Lexer, Marked, type Token, Tokenizer, type Tokens, type TokensList } from "marked";

/** Quotes in lists in quotes. Each level reads all that is below it again. */
const MAX_BLOCK_DEPTH = 24;
const MAX_INLINE_DEPTH = 24;
/**
 * What a paragraph costs, estimated in ms of a middling machine: emphasis looks for its end from every beginning, and
 * addresses are sought from every letter of a word. One paragraph, and all of a text together, may cost so much.
 */
const MS_PER_MARKS_SQUARED = 33e-6;
const MS_PER_LETTERS_SQUARED = 6.5e-6;
const MAX_PARAGRAPH_MS = 30;
const MAX_TEXT_MS = 1_000;
const MARK = /[*_~[\]]/g;
const BETWEEN_WORDS = /[^\x21-\x7e]+/;
/** A word or a pair of marks more or less costs nothing that could be felt. */
const SHORT = 400;
/** Pictures inside the text are long, and cheap. */
const INLINE_PICTURE = /\]\(data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+/g;
/** Cells that a row leaves out are made all the same. */
const MAX_CELLS = 20_000;
const RULE_OF_TABLE = /^[ \t|:-]+$/;

class BoundedTokenizer extends Tokenizer {
  override table(src: string): Tokens.Table | undefined {
    const headEnd = src.indexOf("\n");
    const ruleEnd = src.indexOf("\n", headEnd + 1);
    if (headEnd < 0 || ruleEnd < 0 || !RULE_OF_TABLE.test(src.slice(headEnd + 1, ruleEnd))) return super.table(src);
    const columns = src.slice(0, headEnd).split("|").length;
    const gap = src.indexOf("\n\n", ruleEnd);
    const rows = src.slice(ruleEnd, gap < 0 ? undefined : gap).split("\n").length;
    return columns * rows > MAX_CELLS ? undefined : super.table(src);
  }
}

class BoundedLexer extends Lexer {
  #blockDepth = 0;
  #inlineDepth = 0;
  #spentMs = 0;

  override blockTokens(src: string, tokens?: Token[], isClipped?: boolean): Token[];
  override blockTokens(src: string, tokens?: TokensList, isClipped?: boolean): TokensList;
  override blockTokens(src: string, tokens: Token[] = [], isClipped?: boolean): Token[] {
    if (this.#blockDepth > MAX_BLOCK_DEPTH) {
      tokens.push({ type: "paragraph", raw: src, text: src, tokens: [asText(src)] });
      return tokens;
    }
    this.#blockDepth += 1;
    try {
      return super.blockTokens(src, tokens, isClipped);
    } finally {
      this.#blockDepth -= 1;
    }
  }

  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    if (this.#inlineDepth > MAX_INLINE_DEPTH || !this.#canAfford(src)) {
      tokens.push(asText(src));
      return tokens;
    }
    this.#inlineDepth += 1;
    try {
      return super.inlineTokens(src, tokens);
    } finally {
      this.#inlineDepth -= 1;
    }
  }

  #canAfford(src: string): boolean {
    const costMs = src.length > SHORT ? estimateMs(src) : 0;
    if (costMs > MAX_PARAGRAPH_MS || this.#spentMs + costMs > MAX_TEXT_MS) return false;
    this.#spentMs += costMs;
    return true;
  }
}

const { defaults } = new Marked({ gfm: true });

export function lexBounded(text: string): TokensList {
  return new BoundedLexer({ ...defaults, tokenizer: new BoundedTokenizer() }).lex(text);
}

function estimateMs(src: string): number {
  const marks = src.match(MARK)?.length ?? 0;
  const words = src.replace(INLINE_PICTURE, "").split(BETWEEN_WORDS);
  const letters = words.reduce((sum, { length }) => (length > SHORT ? sum + length * length : sum), 0);
  return marks * marks * MS_PER_MARKS_SQUARED + letters * MS_PER_LETTERS_SQUARED;
}

function asText(text: string): Tokens.Text {
  return { type: "text", raw: text, text, escaped: false };
}
