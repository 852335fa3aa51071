// The tree as a platform writes it. A channel says how each mark is written (Marks); the walk, lists, tables and nesting
// are the same for all. `escape` is applied to every piece of text exactly once, so nothing a model says becomes markup.
import { type Block, type Inline, type Item, parseMarkdown } from "./document.ts";

export interface Marks {
  /** Text as it must be written so that it means nothing. */
  escape(text: string): string;
  strong(inner: string): string;
  em(inner: string): string;
  del(inner: string): string;
  /** `text` is not escaped yet. */
  code(text: string): string;
  /** `text` is not escaped yet. */
  pre(text: string, language: string): string;
  /** `inner` is rendered already; `href` is not escaped. */
  link(inner: string, href: string): string;
  heading(inner: string, depth: number): string;
  quote(inner: string): string;
  rule: string;
  /** Absent: as text in columns, preformatted. */
  table?(header: string[], rows: string[][]): string;
  bullet: string;
}

/** Addresses that may become links; others are shown as text. */
const LINKABLE = /^(https?:\/\/|mailto:|tel:)/i;

export function renderMarkdown(source: string, marks: Marks): string {
  return renderBlocks(parseMarkdown(source), marks);
}

function renderBlocks(blocks: readonly Block[], marks: Marks): string {
  return blocks.map((block) => renderBlock(block, marks)).join("\n\n");
}

function renderBlock(block: Block, marks: Marks): string {
  switch (block.type) {
    case "paragraph":
      return renderInlines(block.inlines, marks);
    case "heading":
      return marks.heading(renderInlines(block.inlines, marks), block.depth);
    case "code":
      return marks.pre(block.text, block.language);
    case "quote":
      return marks.quote(renderBlocks(block.blocks, marks));
    case "list":
      return block.items.map((item, index) => renderItem(item, numberOf(block.start, index), marks)).join("\n");
    case "table":
      return marks.table
        ? marks.table(
            renderRow(block.header, marks),
            block.rows.map((row) => renderRow(row, marks)),
          )
        : marks.pre(columnsOf([block.header, ...block.rows].map((row) => row.map((cell) => plainOf(cell)))), "");
    case "rule":
      return marks.rule;
    default:
      return block satisfies never;
  }
}

function renderRow(cells: readonly Inline[][], marks: Marks): string[] {
  return cells.map((cell) => renderInlines(cell, marks));
}

function numberOf(start: number | undefined, index: number): string | undefined {
  return start === undefined ? undefined : `${start + index}.`;
}

function renderItem(item: Item, number: string | undefined, marks: Marks): string {
  const box = item.isChecked === undefined ? "" : item.isChecked ? "☑ " : "☐ ";
  const inner = item.blocks.map((block) =>
    block.type === "list" ? indent(renderBlock(block, marks)) : renderBlock(block, marks),
  );
  return `${marks.escape(number ?? marks.bullet)} ${box}${inner.join("\n")}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}

function renderInlines(inlines: readonly Inline[], marks: Marks): string {
  return inlines.map((inline) => renderInline(inline, marks)).join("");
}

function renderInline(inline: Inline, marks: Marks): string {
  switch (inline.type) {
    case "text":
      return marks.escape(inline.text);
    case "strong":
    case "em":
    case "del": {
      const inner = renderInlines(inline.inlines, marks);
      return inner.trim() === "" ? inner : marks[inline.type](inner);
    }
    case "code":
      return marks.code(inline.text);
    case "link": {
      const inner = renderInlines(inline.inlines, marks);
      if (!LINKABLE.test(inline.href)) return inner === "" ? marks.escape(inline.href) : inner;
      return marks.link(inner === "" ? marks.escape(inline.href) : inner, inline.href);
    }
    case "image":
      if (!LINKABLE.test(inline.href)) return marks.escape(inline.alt);
      return marks.link(marks.escape(inline.alt || inline.href), inline.href);
    case "break":
      return "\n";
    default:
      return inline satisfies never;
  }
}

/** The words alone. */
export function plainOf(inlines: readonly Inline[]): string {
  return inlines
    .map((inline) => {
      switch (inline.type) {
        case "text":
        case "code":
          return inline.text;
        case "strong":
        case "em":
        case "del":
          return plainOf(inline.inlines);
        case "link":
          return plainOf(inline.inlines) || inline.href;
        case "image":
          return inline.alt || inline.href;
        case "break":
          return " ";
        default:
          return inline satisfies never;
      }
    })
    .join("");
}

/** Cells in columns, for where there are no tables. */
function columnsOf(rows: readonly string[][]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, [...cell].length);
    });
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - [...cell].length))
      .join("  ")
      .trimEnd(),
  );
  const [header = "", ...rest] = lines;
  return [header, widths.map((width) => "─".repeat(width)).join("  "), ...rest].join("\n");
}

/** No marks at all: for SMS, for measuring, for what a notification shows. */
export const PLAIN: Marks = {
  escape: (text) => text,
  strong: (inner) => inner,
  em: (inner) => inner,
  del: (inner) => inner,
  code: (text) => text,
  pre: (text) => text,
  link: (inner, href) => (inner === href || `mailto:${inner}` === href ? inner : `${inner} (${href})`),
  heading: (inner) => inner,
  quote: (inner) => inner.replace(/^/gm, "> "),
  rule: "———",
  bullet: "•",
};
