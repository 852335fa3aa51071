// Markdown cut into top-level blocks, so that a growing answer renders only its last block again.
// `BlockReader.read(text)` lexes from the start of the last block on; a text that is no continuation is read anew.
// A finished text is read whole once more: a link definition at its end may concern a block at its start.
import type { Token, Tokens } from "marked";
import { lexBounded } from "./bounded-lexer.ts";

export interface Block {
  /** The Markdown of the block: two equal blocks look the same. */
  raw: string;
  token: Token;
}

/** Above this a text is not worth parsing: it is shown as it is. */
const MAX_PARSED = 400_000;
const MAX_PARSED_LINES = 20_000;
/** What comes after so many blocks is shown as it is: each is elements of its own, and no answer has as many. */
const MAX_BLOCKS = 1_500;
/** The same for one list or quote. */
const MAX_LINES = 6_000;

export class BlockReader {
  private text = "";
  private blocks: Block[] = [];
  /** Where the last block begins in `text`. */
  private tailAt = 0;

  read(source: string, isFinished: boolean): readonly Block[] {
    const text = source.replace(/\r\n?/g, "\n");
    if (text.length > MAX_PARSED || hasManyLines(text)) return [asIs(text)];
    try {
      return cutBlocks(this.#readOn(text, isFinished));
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
    for (const token of lexBounded(text.slice(from))) {
      if (token.type !== "space" && token.type !== "def") {
        fresh.push(isTooLong(token) ? asIs(token.raw) : { raw: token.raw, token });
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

function hasManyLines(text: string): boolean {
  return text.length > MAX_PARSED_LINES && text.split("\n").length > MAX_PARSED_LINES;
}

function cutBlocks(blocks: readonly Block[]): readonly Block[] {
  if (blocks.length <= MAX_BLOCKS) return blocks;
  const rest = blocks.slice(MAX_BLOCKS).map(({ raw }) => raw.trimEnd());
  return [...blocks.slice(0, MAX_BLOCKS), asIs(rest.join("\n\n"))];
}

function isTooLong({ type, raw }: Token): boolean {
  return (type === "list" || type === "blockquote") && raw.length > MAX_LINES && raw.split("\n").length > MAX_LINES;
}

/** A block that shows its text without reading it. */
export function asIs(text: string): Block & { token: Tokens.Code } {
  return { raw: text, token: { type: "code", raw: text, text, lang: "" } };
}
