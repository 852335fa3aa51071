// Markdown as Slack's mrkdwn. It has no escape for * _ ~ and `, only for & < >: a mark that must mean nothing gets a word
// joiner on both sides, and a mark that must mean something a zero-width space where it would touch a word.
import { type Marks, renderMarkdown } from "../text/render.ts";

/** Characters of one message's text, as Slack counts them: with the entities. */
export const MAX_TEXT = 4000;

/** Stand before a mark that is only a character, before one that opens and behind one that closes, until all is written. */
const LITERAL = "\u0001";
const OPENING = "\u0002";
const CLOSING = "\u0003";
const SENTINELS = new RegExp(`[${LITERAL}${OPENING}${CLOSING}]`, "g");
const UNSETTLED = new RegExp(`${LITERAL}([*_~\`]|&gt;)|${OPENING}|${CLOSING}`, "g");
const STYLED = new RegExp(`${OPENING}[*_~\`]|[*_~\`]${CLOSING}`, "g");
const WORD = /[\p{L}\p{N}]/u;
const GUARD = "\u2060";
const EDGE = "\u200b";

const marks: Marks = {
  escape: (text) => escapeText(text).replace(/[*_~`]/g, `${LITERAL}$&`),
  strong: (inner) => wrap(inner, "*"),
  em: (inner) => wrap(inner, "_"),
  del: (inner) => wrap(inner, "~"),
  code: (text) =>
    `${OPENING}\`${escapeEntities(text)
      .replace(/\s*\n\s*/g, " ")
      .replaceAll("`", "ˋ")}\`${CLOSING}`,
  pre: (text) => `\`\`\`\n${escapeEntities(text).replace(/`(?=``)/g, `\`${GUARD}`)}\n\`\`\``,
  link: (inner, href) => {
    const address = escapeEntities(href.replace(/[<>|\s`]/g, encodeURIComponent));
    const label = bareText(inner);
    const shown = label.replace(SENTINELS, "");
    return shown === escapeEntities(href) || `mailto:${shown}` === address ? `<${address}>` : `<${address}|${label}>`;
  },
  heading: (inner) => wrap(inner, "*"),
  quote: (inner) =>
    inner
      .split(/(```\n[\s\S]*?\n```)/)
      // What is preformatted cannot stand in a quote: Slack would show the marks of both.
      .map((text, index) => (index % 2 === 1 ? text : text.replace(/^(?:> )?(?=.)/gm, "> ")))
      .join(""),
  rule: "———",
  bullet: "•",
};

export function renderMrkdwn(markdown: string): string {
  const text = renderMarkdown(markdown.replace(SENTINELS, ""), marks);
  return text.replace(UNSETTLED, (found, mark: string | undefined, at: number) => {
    const before = lastOf(text.slice(Math.max(0, at - 8), at));
    const behind = firstOf(text.slice(at + found.length, at + found.length + 8));
    if (mark === undefined) return WORD.test(found === OPENING ? before : behind) ? EDGE : "";
    if (mark === "&gt;") return before === "\n" ? `${GUARD}${mark}` : mark;
    // Between two letters, and between two spaces, it is no mark anyway.
    const isHarmless = mark !== "`" && ((WORD.test(before) && WORD.test(behind)) || (/\s/.test(before) && /\s/.test(behind)));
    return isHarmless ? mark : `${GUARD}${mark}${GUARD}`;
  });
}

/** For Slack's own Markdown, which its streams take: nothing becomes a mention. What was said before stays as it was. */
export function guardMarkdown(markdown: string): string {
  return markdown.replace(/(<|&lt;|&#0*60;|&#x0*3c;)(?=[!@#])/gi, `$1${GUARD}`).replace(EVERYBODY, `@${GUARD}`);
}

/** What is left when Slack refuses the blocks that a text stands in. */
export function withButtonsAsText(text: string, labels: readonly string[]): string {
  return `${text}\n\n${labels.map((label) => `• ${label}`).join("\n")}`;
}

const EVERYBODY = /@(?=(?:channel|here|everyone|group)\b)/gi;

function escapeEntities(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function escapeText(text: string): string {
  // A line that begins with ">" would be a quote.
  return escapeEntities(text)
    .replace(EVERYBODY, `@${GUARD}`)
    .replace(/^(?=&gt;)/gm, LITERAL);
}

/** Slack's marks hold within one line. */
function wrap(inner: string, mark: string): string {
  const open = `${OPENING}${mark}`;
  const close = `${mark}${CLOSING}`;
  const bare = inner.replaceAll(open, "").replaceAll(close, "");
  return bare.replace(/^([ \t]*)(.*\S)([ \t]*)$/gm, `$1${open}$2${close}$3`);
}

/** A link's label takes no marks and no link. */
function bareText(inner: string): string {
  return inner
    .replace(/<([^|>]*)(?:\|([^>]*))?>/g, (_whole, address: string, label: string | undefined) => label ?? address)
    .replace(STYLED, "")
    .replace(/\s+/g, " ");
}

function lastOf(text: string): string {
  return [...text.replace(SENTINELS, "")].at(-1) ?? "\n";
}

function firstOf(text: string): string {
  return [...text.replace(SENTINELS, "")][0] ?? "\n";
}
