// Markdown as Google Chat's own markup: *bold*, _italic_, ~struck~, code, <address|text>. It has no escapes, so where
// text would be taken for a mark or a mention, a sign without width stands between. Lines stay lines.
import { type Marks, PLAIN, renderMarkdown } from "../text/render.ts";

const NOTHING = "\u200B";

const marks: Marks = {
  escape: escapeText,
  strong: (inner) => wrap("*", inner),
  em: (inner) => wrap("_", inner),
  del: (inner) => wrap("~", inner),
  code: (text) => (/[`\n]/.test(text) ? escapeText(text) : `\`${cutMention(text)}\``),
  pre: (text) => `\`\`\`\n${cutMention(text.replace(/`(?=`)/g, `\`${NOTHING}`))}\n\`\`\``,
  link: (inner, href) => linkTo(inner, href),
  heading: (inner) => wrap("*", inner),
  quote: (inner) => inner.replace(/^/gm, "> "),
  rule: "———",
  bullet: "•",
};

export function renderMarkup(markdown: string): string {
  return renderMarkdown(markdown, marks);
}

/** Without any mark, for when Google Chat cannot read them. Mentions stay words. */
export function renderPlain(markdown: string): string {
  return cutMention(renderMarkdown(markdown, PLAIN));
}

/** What would end a stretch within these marks: a sign of theirs that stands beside no word, or a fence. */
const INSIDE = {
  "*": /(?<![\p{L}\p{N}\u200B])\*|\*(?![\p{L}\p{N}\u200B])|```/u,
  _: /(?<![\p{L}\p{N}\u200B])_|_(?![\p{L}\p{N}\u200B])|```/u,
  "~": /(?<![\p{L}\p{N}\u200B])~|~(?![\p{L}\p{N}\u200B])|```/u,
};

/** Marks hold around words and within a line: each line has its own, spaces stay outside, and none stands in its like. */
function wrap(mark: keyof typeof INSIDE, inner: string): string {
  return inner
    .split("\n")
    .map((line) => {
      const words = line.trim();
      if (words === "" || INSIDE[mark].test(words)) return line;
      return line.replace(words, () => `${mark}${words}${mark}`);
    })
    .join("\n");
}

/** A link in a link, a line break or a bar would end it: then the address follows the words. */
function linkTo(inner: string, href: string): string {
  const address = href.replace(/[\s<>|`]/g, (sign) => (sign === "`" ? "%60" : encodeURIComponent(sign)));
  if (inner === escapeText(href) || inner === "") return `<${address}>`;
  return /[<>|\n]/.test(inner) ? `${inner} <${address}>` : `<${address}|${inner}>`;
}

/** A sign beside a word could pair with another. In a word a low line stays, and a sign between spaces does, but a tick. */
function escapeText(text: string): string {
  return text
    .replace(/[*_~`]/g, (sign, at: number) => {
      const around = `${text[at - 1] ?? ""}${text[at + 1] ?? ""}`;
      const isHarmless = (sign === "_" && /^[\p{L}\p{N}]{2}$/u.test(around)) || (sign !== "`" && /^[ \t]{2}$/.test(around));
      return isHarmless ? sign : `${NOTHING}${sign}${NOTHING}`;
    })
    .replace(/<(?!\s)/g, `<${NOTHING}`);
}

function cutMention(text: string): string {
  return text.replace(/<(?=users\/)/gi, `<${NOTHING}`);
}
