// Markdown cut into top-level blocks, so that a growing answer renders only its last block again.
// `BlockReader.read(text)` lexes from the start of the last block on; a text that is no continuation is read anew.
// A finished text is read whole once more: a link definition at its end may concern a block at its start.
import { Marked, type Token, type Tokens } from "marked";

export interface Block {
  /** The Markdown of the block: two equal blocks look the same. */
  raw: string;
  token: Token;
}

const lexer = new Marked({ gfm: true });
/** Above this a text is not worth parsing: it is shown as it is. */
const MAX_PARSED = 400_000;
/** Marked walks nested quotes and lists by recursion; a text made to nest deeper than this is shown as it is. */
const TOO_NESTED = /^(?:[ \t]*(?:>|[-*+] |\d+[.)] )){40}/m;

export class BlockReader {
  private text = "";
  private blocks: Block[] = [];
  /** Where the last block begins in `text`. */
  private tailAt = 0;

  read(source: string, isFinished: boolean): readonly Block[] {
    const text = source.replace(/\r\n?/g, "\n");
    if (text.length > MAX_PARSED || TOO_NESTED.test(text)) return [asIs(text)];
    try {
      return this.#readOn(text, isFinished);
    } catch {
      // Nesting that no limit foresaw ends the parser's stack; the text is shown as it is.
      this.text = "";
      this.blocks = [];
      this.tailAt = 0;
      return [asIs(text)];
    }
  }

  #readOn(text: string, isFinished: boolean): readonly Block[] {
    const isGrowth = !isFinished && text.startsWith(this.text);
    const from = isGrowth ? this.tailAt : 0;
    const kept = from === 0 ? [] : this.blocks.slice(0, -1);
    const fresh: Block[] = [];
    let offset = from;
    for (const token of lexer.lexer(text.slice(from))) {
      if (token.type !== "space" && token.type !== "def") {
        fresh.push({ raw: token.raw, token });
        this.tailAt = offset;
      }
      offset += token.raw.length;
    }
    if (kept.length + fresh.length === 0) this.tailAt = 0;
    this.blocks = [...kept, ...fresh];
    this.text = text;
    return this.blocks;
  }
}

/** A block that shows its text without reading it. */
export function asIs(text: string): Block & { token: Tokens.Code } {
  return { raw: text, token: { type: "code", raw: text, text, lang: "" } };
}
