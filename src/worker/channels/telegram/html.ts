// Markdown as Telegram's HTML: few tags, no headings, no lists, no tables. Its limit counts what is shown, in UTF-16 units.
import { type Marks, renderMarkdown } from "../text/render.ts";

const marks: Marks = {
  escape: escapeHtml,
  strong: (inner) => `<b>${inner}</b>`,
  em: (inner) => `<i>${inner}</i>`,
  del: (inner) => `<s>${inner}</s>`,
  code: (text) => `<code>${escapeHtml(text)}</code>`,
  pre: (text, language) =>
    language === ""
      ? `<pre>${escapeHtml(text)}</pre>`
      : `<pre><code class="language-${escapeHtml(language)}">${escapeHtml(text)}</code></pre>`,
  link: (inner, href) => `<a href="${escapeHtml(href)}">${inner.replace(/<\/?a\b[^>]*>/g, "")}</a>`,
  heading: (inner) => `<b>${inner.replace(/<\/?b>/g, "")}</b>`,
  quote: (inner) => `<blockquote>${inner.replace(/<\/?blockquote>/g, "")}</blockquote>`,
  rule: "———",
  bullet: "•",
};

export function renderHtml(markdown: string): string {
  return renderMarkdown(markdown, marks);
}

/** Length as Telegram counts it: without tags, an entity as its one character. */
export function shownLength(html: string): number {
  return plainText(html).length;
}

/** What is left when Telegram cannot read the tags. */
export function plainText(html: string): string {
  return html
    .replace(/<[^>]*>/g, "")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, "&");
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
