// Markdown as the HTML that Teams shows in messages: no headings, no tables, few tags. Lines are told by <br/>.
import { type Marks, PLAIN, renderMarkdown } from "../text/render.ts";

const marks: Marks = {
  escape: escapeXml,
  strong: (inner) => `<strong>${inner}</strong>`,
  em: (inner) => `<em>${inner}</em>`,
  del: (inner) => `<strike>${inner}</strike>`,
  code: (text) => `<code>${escapeXml(text)}</code>`,
  pre: (text) => `<pre>${escapeXml(text)}</pre>`,
  link: (inner, href) => `<a href="${escapeXml(href)}">${inner.replace(/<\/?a\b[^>]*>/g, "")}</a>`,
  heading: (inner) => `<strong>${inner.replace(/<\/?strong>/g, "")}</strong>`,
  quote: (inner) => `<blockquote>${inner}</blockquote>`,
  rule: "———",
  bullet: "•",
};

export function renderHtml(markdown: string): string {
  return renderMarkdown(markdown, marks)
    .split(/(<pre>[\s\S]*?<\/pre>)/)
    .map((part) => (part.startsWith("<pre>") ? part : breakLines(part)))
    .join("");
}

/** The words alone: while they stream, and for when the tags cannot be read. */
export function renderPlain(markdown: string): string {
  return withoutControls(renderMarkdown(markdown, PLAIN));
}

/** What a person sees of it. */
export function shownLength(html: string): number {
  return html
    .replace(/<br\/>/g, "\n")
    .replace(/<[^>]*>/g, "")
    .replace(/&\w+;/g, "x").length;
}

/** Blocks stand apart by themselves; what stands in lines keeps them, and its indent. */
function breakLines(html: string): string {
  return html
    .replace(/\n*(<\/?blockquote>)\n*/g, "$1")
    .replace(/^\n+|\n+$/g, "")
    .replace(/\n( *)/g, (_line, indent: string) => `<br/>${"&nbsp;".repeat(indent.length)}`);
}

function escapeXml(text: string): string {
  const escaped = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
  return withoutControls(escaped);
}

/** XML has no word for control characters. */
function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, "");
}
