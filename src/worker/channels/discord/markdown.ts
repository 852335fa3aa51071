// Markdown as Discord writes it: nearly the same marks, but no tables, three depths of headings, fences of three ticks only,
// and marks of its own (spoilers, small print, mentions, dates) that nothing said may become. Its limit counts the marks.
import { splitToFit } from "../text/limit.ts";
import { type Marks, renderMarkdown } from "../text/render.ts";

export const MAX_TEXT = 2000;

const BULLET = "•";
/** Keeps three ticks apart without being seen. */
const THIN_WALL = "\u200b";

const marks: Marks = {
  // What a list puts before its items comes through here too.
  escape: (text) => (text === BULLET ? "-" : /^\d+\.$/.test(text) ? text : escapeText(text)),
  strong: (inner) => (unescaped(inner).includes("**") ? inner : `**${inner}**`),
  em: renderEm,
  del: (inner) => (unescaped(inner).includes("~~") ? inner : `~~${inner}~~`),
  code: renderCode,
  pre: (text, language) => {
    const kept = text.replace(/`(?=``)/g, `\`${THIN_WALL}`).replace(/``(?=`)/g, `\`\`${THIN_WALL}`);
    return `\`\`\`${language}\n${kept.trim() === "" ? THIN_WALL : kept}\n\`\`\``;
  },
  link: renderLink,
  heading: (inner, depth) => `${"#".repeat(Math.min(depth, 3))} ${inner.replace(/\n/g, " ")}`,
  quote: (inner) => inner.replace(/^/gm, "> "),
  rule: "———",
  bullet: BULLET,
};

export function renderDiscord(markdown: string): string {
  return renderMarkdown(markdown, marks);
}

/** What of a text fits into one message; its beginning when it does not. */
export function renderFitting(markdown: string): string {
  const rendered = renderDiscord(markdown);
  if (rendered.length <= MAX_TEXT) return rendered;
  return renderDiscord(splitToFit(markdown, { textLimit: MAX_TEXT, chunkMode: "length" }, renderDiscord)[0] ?? "");
}

function escapeText(text: string): string {
  return (
    text
      .replace(/[\\*_`<[]/g, "\\$&")
      .replace(/~~/g, "\\~\\~")
      .replace(/\|\|/g, "\\|\\|")
      .replace(/@(?=everyone|here)/g, "\\@")
      // Marked finds the addresses; what is left here is none.
      .replace(/:(?=\/)/g, "\\:")
      // At the beginning of a line: headings, small print, quotes, lists.
      .replace(
        /(^|\n)([^\S\n]*)(#|-#|>|[-+](?=\s|$)|\d+(?=[.)](?:\s|$)))/g,
        (_whole, before: string, space: string, mark: string) =>
          /^\d/.test(mark) ? `${before}${space}${mark}\\` : `${before}${space}\\${mark}`,
      )
  );
}

/** Discord ends a mark at its like even where that stands in code or in an address. */
function unescaped(inner: string): string {
  return inner.replace(/\\./gs, "");
}

/** Two underscores would underline. */
function renderEm(inner: string): string {
  const signs = unescaped(inner);
  if (!signs.includes("_")) return `_${inner}_`;
  return /(?<!\*)\*(?!\*)/.test(signs) ? inner : `*${inner}*`;
}

function renderCode(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  // Three and more would be a block.
  if (longest > 1) return renderCode(text.replace(/`(?=`)/g, `\`${THIN_WALL}`));
  const ticks = "`".repeat(longest + 1);
  const wall = (isNeeded: boolean) => (isNeeded ? " " : "");
  return `${ticks}${wall(text.startsWith("`"))}${text}${wall(text.endsWith("`"))}${ticks}`;
}

/** In pointed brackets, so that Discord makes no preview of it. */
function renderLink(inner: string, href: string): string {
  if (!/^https?:\/\//i.test(href)) {
    const shown = escapeText(href.replace(/^(mailto|tel):/i, ""));
    return inner === shown ? inner : `${inner} (${shown})`;
  }
  const address = href.replace(/[\s<>\\`]/g, encodeURIComponent);
  if (inner === escapeText(href)) return `<${address}>`;
  // Brackets and ticks in the text of a link would break it.
  return /[[\]`<]/.test(inner) ? `${inner} (<${address}>)` : `[${inner}](<${address}>)`;
}
