// What a person would read on a page: its main part as Markdown or text. Readability finds it, linkedom stands in for the
// browser's document, turndown writes it down. Loaded by fetch.ts at first use. Never runs or loads anything of the page.
import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom/worker";
import TurndownService from "turndown";

type PageDocument = ReturnType<typeof parseHTML>["document"];
type PageElement = PageDocument["documentElement"];
export type PageMode = "markdown" | "text";

// Beyond these, whatever walks the tree takes seconds or exhausts the stack: such a page is read as bare text.
const MAX_ELEMENTS = 40_000;
const MAX_DEPTH = 300;
const MAX_LINK_CHARS = 500;
const UNSEEN = "body title, [hidden], [aria-hidden=true]";
const UNREAD = `script, style, noscript, template, iframe, object, embed, svg, canvas, dialog, ${UNSEEN}`;

/** The readable part of `html`; `url` completes relative links. */
export function readPage(html: string, url: string, mode: PageMode): { title: string; text: string } {
  const document = parsePage(html);
  const title = squeeze(document.querySelector("title")?.textContent ?? "");
  if (isUnwieldy(document)) return { title, text: squeeze(removeUnread(document).textContent ?? "") };
  const article = findArticle(document);
  // Readability took its document apart: without an article the page is parsed once more.
  const root = article?.content ?? removeUnread(parsePage(html));
  const text = makeWriter(url, mode).turndown(root);
  return { title: squeeze(article?.title ?? "") || title, text: text.replace(/\n{3,}/g, "\n\n").trim() };
}

function parsePage(html: string): PageDocument {
  const isWhole = /<html[\s>]/i.test(html.slice(0, 10_000));
  return parseHTML(isWhole ? html : `<!doctype html><html><body>${html}</body></html>`).document;
}

function isUnwieldy(document: PageDocument): boolean {
  let count = 0;
  let depth = 0;
  let element: PageDocument["firstElementChild"] = document.documentElement;
  while (element) {
    count++;
    if (count > MAX_ELEMENTS || depth > MAX_DEPTH) return true;
    if (element.firstElementChild) {
      element = element.firstElementChild;
      depth++;
      continue;
    }
    while (element && !element.nextElementSibling) {
      element = element.parentElement;
      depth--;
    }
    element = element?.nextElementSibling ?? null;
  }
  return false;
}

function findArticle(document: PageDocument): { title: string; content: PageElement } | undefined {
  for (const element of document.querySelectorAll(UNSEEN)) element.remove();
  const article = new Readability<PageElement>(document, { serializer: (node) => node as PageElement }).parse();
  return article?.content && article.length ? { title: article.title ?? "", content: article.content } : undefined;
}

function removeUnread(document: PageDocument): PageElement {
  for (const element of document.querySelectorAll(UNREAD)) element.remove();
  return document.body ?? document.documentElement;
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function makeWriter(url: string, mode: PageMode): TurndownService {
  const writer = new TurndownService({ headingStyle: "atx", codeBlockStyle: "fenced", bulletListMarker: "-" });
  // Escapes guard a Markdown renderer; here a model reads, and each costs.
  writer.escape = (text) => text;
  writer.addRule("cell", { filter: ["th", "td"], replacement: (content) => `| ${squeeze(content)} ` });
  writer.addRule("row", { filter: "tr", replacement: (content) => (content.trim() === "" ? "" : `\n${content}|`) });
  writer.addRule("table", { filter: "table", replacement: (content) => `\n\n${content.trim()}\n\n` });
  writer.addRule("picture", {
    filter: "img",
    replacement: (_content, node) => {
      const said = attribute(node, "alt");
      const link = mode === "markdown" ? absoluteLink(attribute(node, "src"), url) : undefined;
      return link && said ? `![${said}](${link})` : said;
    },
  });
  writer.addRule("link", {
    filter: "a",
    replacement: (content, node) => {
      const link = mode === "markdown" ? absoluteLink(attribute(node, "href"), url) : undefined;
      return link && content.trim() !== "" ? `[${content.trim()}](${link})` : content;
    },
  });
  if (mode === "text") writer.addRule("plain", { filter: ["em", "i", "strong", "b"], replacement: (content) => content });
  return writer;
}

function attribute(node: object, name: string): string {
  const value = "getAttribute" in node && typeof node.getAttribute === "function" ? node.getAttribute(name) : "";
  return typeof value === "string" ? squeeze(value) : "";
}

/** Complete, without what is only for scripts or too long to be worth its tokens. */
function absoluteLink(written: string, base: string): string | undefined {
  if (written === "" || written.startsWith("#") || !URL.canParse(written, base)) return undefined;
  const link = new URL(written, base);
  const isWeb = link.protocol === "http:" || link.protocol === "https:" || link.protocol === "mailto:";
  return isWeb && link.href.length <= MAX_LINK_CHARS ? link.href : undefined;
}
