// Markdown as the HTML of a mail: few tags, styles in place, as mail programs want it. Nothing of the text becomes a tag,
// pictures become links (loading one would tell that the mail was read).
import { type Block, type Inline, type Item, parseMarkdown } from "../text/document.ts";

const LINKABLE = /^(https?:\/\/|mailto:|tel:)/i;
const FONT = "font:15px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,monospace";
/** A grey that is legible as a ground on white paper and on black. */
const GROUND = "background:rgba(128,128,128,.14);border-radius:4px";
const CELL = "border:1px solid rgba(128,128,128,.4);padding:4px 10px;text-align:left;vertical-align:top";

export function writeHtml(markdown: string): string {
  const body = writeBlocks(parseMarkdown(markdown));
  return `<!doctype html>\n<html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head><body><div style="max-width:680px;${FONT}">${body}</div></body></html>`;
}

function writeBlocks(blocks: readonly Block[]): string {
  return blocks.map(writeBlock).join("\n");
}

function writeBlock(block: Block): string {
  switch (block.type) {
    case "paragraph":
      return `<p style="margin:0 0 12px">${writeInlines(block.inlines)}</p>`;
    case "heading": {
      const size = ["22", "19", "17"][block.depth - 1] ?? "15";
      return `<p style="margin:18px 0 8px;font-size:${size}px;font-weight:600;line-height:1.3">${writeInlines(block.inlines)}</p>`;
    }
    case "code":
      return `<pre style="margin:0 0 12px;padding:10px 12px;${GROUND};font:13px/1.45 ${MONO};white-space:pre-wrap;overflow-wrap:anywhere">${escapeHtml(block.text)}</pre>`;
    case "quote":
      return `<blockquote style="margin:0 0 12px;padding:0 0 0 12px;border-left:3px solid rgba(128,128,128,.5)">${writeBlocks(block.blocks)}</blockquote>`;
    case "list": {
      const tag = block.start === undefined ? "ul" : "ol";
      const start = block.start === undefined || block.start === 1 ? "" : ` start="${block.start}"`;
      return `<${tag}${start} style="margin:0 0 12px;padding-left:24px">${block.items.map(writeItem).join("")}</${tag}>`;
    }
    case "table":
      return `<table style="margin:0 0 12px;border-collapse:collapse"><tr>${block.header.map((cell) => `<th style="${CELL}">${writeInlines(cell)}</th>`).join("")}</tr>${block.rows
        .map((row) => `<tr>${row.map((cell) => `<td style="${CELL}">${writeInlines(cell)}</td>`).join("")}</tr>`)
        .join("")}</table>`;
    case "rule":
      return '<hr style="margin:16px 0;border:0;border-top:1px solid rgba(128,128,128,.4)">';
    default:
      return block satisfies never;
  }
}

function writeItem({ isChecked, blocks }: Item): string {
  const box = isChecked === undefined ? "" : isChecked ? "☑ " : "☐ ";
  const [first, ...rest] = blocks;
  // A line of its own only where there is more than one.
  const head = first?.type === "paragraph" ? writeInlines(first.inlines) : first ? writeBlock(first) : "";
  return `<li style="margin:0 0 4px${box === "" ? "" : ";list-style:none"}">${box}${head}${rest.map(writeBlock).join("")}</li>`;
}

function writeInlines(inlines: readonly Inline[]): string {
  return inlines.map(writeInline).join("");
}

function writeInline(inline: Inline): string {
  switch (inline.type) {
    case "text":
      return escapeHtml(inline.text);
    case "strong":
    case "em":
    case "del":
      return `<${inline.type}>${writeInlines(inline.inlines)}</${inline.type}>`;
    case "code":
      return `<code style="padding:1px 4px;${GROUND};font:13px ${MONO}">${escapeHtml(inline.text)}</code>`;
    case "link":
      return writeLink(inline.href, writeInlines(inline.inlines.flatMap((one) => (one.type === "link" ? one.inlines : [one]))));
    case "image":
      return writeLink(inline.href, escapeHtml(inline.alt));
    case "break":
      return "<br>";
    default:
      return inline satisfies never;
  }
}

function writeLink(href: string, inner: string): string {
  const shown = inner === "" ? escapeHtml(href) : inner;
  return LINKABLE.test(href) ? `<a href="${escapeHtml(href)}">${shown}</a>` : shown;
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
