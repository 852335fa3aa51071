// Markdown as a text message: no marks at all. Where nothing but typography would make every part of it dearer (70 instead
// of 160 characters), quotes and dashes are written plainly.
import { type Marks, PLAIN, renderMarkdown } from "../text/render.ts";

const marks: Marks = {
  ...PLAIN,
  table: (header, rows) => [header, ...rows].map((row) => row.filter((cell) => cell !== "").join(" | ")).join("\n"),
  rule: "---",
  bullet: "-",
};
/** GSM 03.38 with its extension: what a text message holds in seven bits a character. */
const GSM = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€]*$/;
const PLAINER: [RegExp, string][] = [
  [/[‘’‚‛′]/g, "'"],
  [/[“”„‟″]/g, '"'],
  [/[‐‑‒–—―]/g, "-"],
  [/…/g, "..."],
  [/[\u00A0\u2000-\u200A\u202F]/g, " "],
  [/☑/g, "[x]"],
  [/☐/g, "[ ]"],
];

export function renderPlain(markdown: string): string {
  const text = renderMarkdown(markdown, marks);
  const plainer = PLAINER.reduce((sum, [from, to]) => sum.replace(from, to), text);
  return GSM.test(plainer) ? plainer : text;
}
