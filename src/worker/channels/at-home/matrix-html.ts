// Markdown as the HTML that Matrix' clients show (org.matrix.custom.html): of it the tags that its specification allows.
import { type Marks, renderMarkdown } from "../text/render.ts";

const marks: Marks = {
  escape: escapeHtml,
  strong: (inner) => `<strong>${inner}</strong>`,
  em: (inner) => `<em>${inner}</em>`,
  del: (inner) => `<del>${inner}</del>`,
  code: (text) => `<code>${escapeHtml(text)}</code>`,
  pre: (text, language) => {
    const word = /^[\w+-]{1,40}$/.test(language) ? ` class="language-${language}"` : "";
    return `<pre><code${word}>${escapeHtml(text)}</code></pre>`;
  },
  link: (inner, href) => `<a href="${escapeHtml(href)}">${inner.replace(/<\/?a\b[^>]*>/g, "")}</a>`,
  heading: (inner, depth) => `<h${Math.min(6, Math.max(1, depth))}>${inner}</h${Math.min(6, Math.max(1, depth))}>`,
  quote: (inner) => `<blockquote>${inner}</blockquote>`,
  rule: "<hr>",
  table: (header, rows) => {
    const row = (cells: string[], tag: "th" | "td") => `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
    return `<table><thead>${row(header, "th")}</thead><tbody>${rows.map((cells) => row(cells, "td")).join("")}</tbody></table>`;
  },
  bullet: "•",
};

export function renderMatrixHtml(markdown: string): string {
  return renderMarkdown(markdown, marks)
    .split(/(<pre>[\s\S]*?<\/pre>)/)
    .map((part) => (part.startsWith("<pre>") ? part : breakLines(part)))
    .join("");
}

/** Blocks stand apart by themselves; what stands in lines keeps them, and its indent. */
function breakLines(html: string): string {
  return html
    .replace(/\n*(<\/?(?:blockquote|h[1-6]|table)>|<hr>)\n*/g, "$1")
    .replace(/^\n+|\n+$/g, "")
    .replace(/\n( *)/g, (_line, indent: string) => `<br>${"&nbsp;".repeat(indent.length)}`);
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
