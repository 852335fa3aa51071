// Markdown as plain words with stretches that look otherwise: how Signal writes. Marks are put into the text by characters that no text
// holds (of the private use area; those of the text itself are taken out first), and read back as stretches.
import type { TextStyle } from "../../../contract/channels/home-acts.ts";
import { type Marks, PLAIN, renderMarkdown } from "../text/render.ts";
import type { Rendered } from "./at-home.ts";

const FIRST_MARK = 0xf8e0;
const END = "\uF8EF";
const STYLES: readonly TextStyle["style"][] = ["bold", "italic", "strikethrough", "monospace"];
const MARK = /[\uF8E0-\uF8EF]/g;

function wrap(style: TextStyle["style"], inner: string): string {
  return `${String.fromCharCode(FIRST_MARK + STYLES.indexOf(style))}${inner}${END}`;
}

function plain(text: string): string {
  return text.replace(MARK, "");
}

const marks: Marks = {
  ...PLAIN,
  escape: plain,
  strong: (inner) => wrap("bold", inner),
  em: (inner) => wrap("italic", inner),
  del: (inner) => wrap("strikethrough", inner),
  code: (text) => wrap("monospace", plain(text)),
  pre: (text) => wrap("monospace", plain(text)),
  link: (inner, href) => PLAIN.link(inner, plain(href)),
  heading: (inner) => wrap("bold", inner),
};

export function renderStyled(markdown: string): Rendered {
  const styles: TextStyle[] = [];
  const open: { style: TextStyle["style"]; start: number }[] = [];
  let text = "";
  for (const char of renderMarkdown(markdown, marks)) {
    const style = STYLES[char.charCodeAt(0) - FIRST_MARK];
    if (char === END) {
      const begun = open.pop();
      if (begun && text.length > begun.start) {
        styles.push({ start: begun.start, length: text.length - begun.start, style: begun.style });
      }
    } else if (style !== undefined) open.push({ style, start: text.length });
    else text += char;
  }
  return { text, ...(styles.length > 0 ? { styles: styles.toSorted((a, b) => a.start - b.start) } : {}) };
}
