// Markdown as a small tree, the same for every channel: what a platform can show at all. Read by marked; raw HTML is text.
import { type MarkedToken, marked, type Token, type Tokens } from "marked";

export type Inline =
  | { type: "text"; text: string }
  | { type: "strong" | "em" | "del"; inlines: Inline[] }
  | { type: "code"; text: string }
  | { type: "link"; href: string; inlines: Inline[] }
  | { type: "image"; href: string; alt: string }
  | { type: "break" };

export interface Item {
  isChecked?: boolean;
  blocks: Block[];
}

export type Block =
  | { type: "paragraph"; inlines: Inline[] }
  | { type: "heading"; depth: number; inlines: Inline[] }
  | { type: "code"; language: string; text: string }
  | { type: "quote"; blocks: Block[] }
  | { type: "list"; start?: number; items: Item[] }
  | { type: "table"; header: Inline[][]; rows: Inline[][][] }
  | { type: "rule" };

export function parseMarkdown(source: string): Block[] {
  return readBlocks(marked.lexer(source));
}

function readBlocks(tokens: readonly Token[]): Block[] {
  return (tokens as MarkedToken[]).flatMap(readBlock);
}

function readBlock(token: MarkedToken): Block[] {
  switch (token.type) {
    case "paragraph":
      return [{ type: "paragraph", inlines: readInlines(token.tokens) }];
    case "text":
      return [{ type: "paragraph", inlines: readInlines(token.tokens ?? [token]) }];
    case "heading":
      return [{ type: "heading", depth: token.depth, inlines: readInlines(token.tokens) }];
    case "code":
      return [{ type: "code", language: /^[\w+#.-]{1,32}/.exec(token.lang ?? "")?.[0] ?? "", text: token.text }];
    case "blockquote":
      return [{ type: "quote", blocks: readBlocks(token.tokens) }];
    case "list":
      return [readList(token)];
    case "table":
      return [
        {
          type: "table",
          header: token.header.map((cell) => readInlines(cell.tokens)),
          rows: token.rows.map((row) => row.map((cell) => readInlines(cell.tokens))),
        },
      ];
    case "hr":
      return [{ type: "rule" }];
    case "html":
      return token.text.trim() === "" ? [] : [{ type: "paragraph", inlines: [{ type: "text", text: token.text.trimEnd() }] }];
    case "space":
    case "def":
      return [];
    default:
      return token.raw.trim() === "" ? [] : [{ type: "paragraph", inlines: [{ type: "text", text: token.raw }] }];
  }
}

function readList(token: Tokens.List): Block {
  const items = token.items.map((item): Item => {
    // A task's box stands among the item's tokens; it is told by isChecked.
    const blocks = readBlocks(item.tokens.filter((inner) => inner.type !== "checkbox"));
    return item.task ? { isChecked: item.checked ?? false, blocks } : { blocks };
  });
  return token.ordered ? { type: "list", start: token.start === "" ? 1 : token.start, items } : { type: "list", items };
}

/** Neighbouring texts are one: whether a text must be escaped may depend on what stands beside it. */
function readInlines(tokens: readonly Token[]): Inline[] {
  const joined: Inline[] = [];
  for (const inline of (tokens as MarkedToken[]).flatMap(readInline)) {
    const last = joined.at(-1);
    if (inline.type === "text" && last?.type === "text")
      joined[joined.length - 1] = { type: "text", text: last.text + inline.text };
    else joined.push(inline);
  }
  return joined;
}

function readInline(token: MarkedToken): Inline[] {
  switch (token.type) {
    case "strong":
    case "em":
    case "del":
      return [{ type: token.type, inlines: readInlines(token.tokens) }];
    case "codespan":
      return [{ type: "code", text: token.text }];
    case "link":
      return [{ type: "link", href: token.href, inlines: readInlines(token.tokens) }];
    case "image":
      return [{ type: "image", href: token.href, alt: token.text }];
    case "br":
      return [{ type: "break" }];
    case "text":
      return token.tokens ? readInlines(token.tokens) : [{ type: "text", text: token.text }];
    case "escape":
      return [{ type: "text", text: token.text }];
    case "checkbox":
      return [];
    default:
      return [{ type: "text", text: token.raw }];
  }
}
