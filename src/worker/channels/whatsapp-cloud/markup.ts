// Markdown as WhatsApp's own marks: *bold*, _italic_, ~struck~, `code`. WhatsApp knows no way to write a mark that means
// nothing, so one that would begin something is written with its look-alike. Marks hold within a line only.
import { type Marks, renderMarkdown } from "../text/render.ts";

const LOOKALIKES: Record<string, string> = { "*": "∗", _: "ˍ", "~": "∼", "`": "ˋ" };
/** Where a mark may begin: after what is no letter, before what is no space; at an edge nobody knows what comes next. */
const OPENING = /(?<![\p{L}\p{N}])[*_~`](?!\s)|`{3}/gu;

const marks: Marks = {
  escape: (text) =>
    text
      .replace(OPENING, (mark) => Array.from(mark, (one) => LOOKALIKES[one] ?? one).join(""))
      // At the beginning of a line it would make a quote.
      .replace(/^>/gm, "\u200B>"),
  strong: (inner) => wrap("*", inner),
  em: (inner) => wrap("_", inner),
  del: (inner) => wrap("~", inner),
  code: (text) => (/[`\n]/.test(text) || text.trim() === "" ? fence(text) : `\`${text}\``),
  pre: fence,
  link: (inner, href) =>
    inner === href || `mailto:${inner}` === href || marks.escape(href) === inner ? href : `${inner} (${href})`,
  heading: (inner) => wrap("*", inner.replaceAll("*", "")),
  quote: (inner) => inner.replace(/^(?:\u200B?> )?/gm, "> "),
  rule: "———",
  bullet: "•",
};

export function renderMarkup(markdown: string): string {
  return renderMarkdown(markdown, marks);
}

/** Around the words of each line, not around the spaces beside them. */
function wrap(mark: string, inner: string): string {
  return inner
    .replaceAll(mark, "")
    .split("\n")
    .map((line) =>
      line.replace(/^(\s*)(.*?)(\s*)$/, (_all, before, words, after) =>
        words ? `${before}${mark}${words}${mark}${after}` : line,
      ),
    )
    .join("\n");
}

function fence(text: string): string {
  return `\`\`\`${text.replaceAll("```", "ˋˋˋ").replace(/`$/, "ˋ")}\`\`\``;
}
