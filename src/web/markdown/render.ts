// One block of Markdown becomes elements: marked writes HTML, sanitize.ts cleans it, and what a reader needs around
// code, tables and links (copy, scrolling by keyboard, the true host) is added as elements. HTML inside Markdown is shown as text, save a few bare tags.
import { Marked, type Tokens } from "marked";
import { asIs, type Block } from "./blocks.ts";
import { showHost } from "./links.ts";
import { cleanHtml, PICTURE } from "./sanitize.ts";

const BARE_TAG = /^<\/?(?:br|sub|sup|kbd|mark|u|s|b|i|em|strong)\s*\/?>$/i;
const LANGUAGE = /^[\w+#.-]{1,32}/;

const writer = new Marked({
  gfm: true,
  renderer: {
    html({ text }: Tokens.HTML | Tokens.Tag): string {
      return BARE_TAG.test(text.trim()) ? text : escapeHtml(text);
    },
    heading({ tokens, depth }: Tokens.Heading): string {
      const level = Math.min(6, depth + 2);
      return `<h${level} class="md-h${depth}">${this.parser.parseInline(tokens)}</h${level}>`;
    },
    code({ text, lang }: Tokens.Code): string {
      const language = LANGUAGE.exec(lang?.trim() ?? "")?.[0].toLowerCase() ?? "";
      return `<pre><code class="${escapeHtml(language)}">${escapeHtml(text)}</code></pre>`;
    },
    image({ href, text }: Tokens.Image): string {
      const name = escapeHtml(text || "picture");
      return PICTURE.test(href)
        ? `<img src="${escapeHtml(href)}" alt="${name}">`
        : `<a class="picture-link" href="${escapeHtml(href)}">${name}</a>`;
    },
    checkbox({ checked }: Tokens.Checkbox): string {
      return `<span class="${checked ? "task task-done" : "task"}">${checked ? "☑" : "☐"}</span> `;
    },
  },
});

/** The elements of one block. */
export function renderBlock(block: Block): DocumentFragment {
  const fragment = cleanHtml(writeHtml(block));
  for (const pre of fragment.querySelectorAll("pre")) pre.replaceWith(frameCode(pre));
  for (const link of fragment.querySelectorAll("a[href]")) showHost(link);
  for (const table of fragment.querySelectorAll("table")) table.replaceWith(frameTable(table));
  return fragment;
}

function writeHtml(block: Block): string {
  try {
    return writer.parser([block.token]);
  } catch {
    return writer.parser([asIs(block.raw).token]);
  }
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function frameCode(pre: HTMLPreElement): HTMLElement {
  const code = pre.querySelector("code");
  const language = code?.className ?? "";
  const frame = element("figure", "code");
  const bar = element("figcaption", "code-bar");
  const name = element("span", "code-name");
  name.textContent = language || "text";
  const copy = element("button", "code-copy");
  copy.setAttribute("type", "button");
  copy.textContent = "Copy";
  bar.append(name, copy);
  const body = element("pre", "code-body");
  body.setAttribute("dir", "ltr");
  body.setAttribute("tabindex", "0");
  body.setAttribute("role", "region");
  body.setAttribute("aria-label", language ? `Code, ${language}` : "Code");
  const text = element("code", "");
  text.dataset["lang"] = language;
  text.textContent = code?.textContent ?? pre.textContent;
  body.append(text);
  frame.append(bar, body);
  return frame;
}

function frameTable(table: HTMLTableElement): HTMLElement {
  const frame = element("div", "table");
  frame.setAttribute("tabindex", "0");
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", "Table");
  frame.append(table.cloneNode(true));
  return frame;
}

function element(tag: string, className: string): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  return made;
}
