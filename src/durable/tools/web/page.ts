// What a person would read on a page: its main part as Markdown or text. Readability finds it, linkedom stands in for the
// browser's document, turndown writes it down. Loaded by fetch.ts at first use. Never runs or loads anything of the page.
import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom/worker";
import TurndownService from "turndown";
import { ToolFailure } from "../../../contract/errors.ts";

type PageDocument = ReturnType<typeof parseHTML>["document"];
type PageElement = PageDocument["documentElement"];
type PageNode = ReturnType<PageDocument["getRootNode"]>;
export type PageMode = "markdown" | "text";

// Beyond these, whatever walks the tree takes seconds or exhausts the stack: such a page is read as bare text.
const MAX_NODES = 40_000;
const MAX_DEPTH = 200;
/** Depths of all elements together: what the search for the main part costs. */
const MAX_DEPTH_SUM = 300_000;
// Beyond this even the parser takes seconds.
const MAX_OPEN_TAGS = 3000;
const NEVER_NESTED =
  /^(p|li|t[dhr]|d[dt]|option|area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr|path|circle|rect)$/i;
const UNREAD_TEXT = /^(script|style|noscript|template|title)$/i;
const MAX_LINK_CHARS = 500;
const UNSEEN = "body title, [hidden], [aria-hidden=true]";
/** What a mail hides from its reader, a model does not read either. */
const INVISIBLE = [
  "display:none",
  "display: none",
  "visibility:hidden",
  "visibility: hidden",
  "font-size:0",
  "font-size: 0",
  "opacity:0",
]
  .map((style) => `[style*="${style}" i]:not([style*="${style}."])`)
  .join(", ");
const UNREAD = `script, style, noscript, template, iframe, object, embed, svg, canvas, dialog, ${UNSEEN}`;

/**
 * The readable part of `html`; `url` completes relative links.
 * @throws ToolFailure when it is nested beyond measure.
 */
export function readPage(html: string, url: string, mode: PageMode): { title: string; text: string } {
  if (isTooDeep(html)) throw new ToolFailure(`${url} is nested too deeply to be read; try another page.`);
  const document = parsePage(html);
  const title = squeeze(document.querySelector("title")?.textContent ?? "");
  if (isUnwieldy(document)) return { title, text: collectText(document) };
  try {
    const article = findArticle(document);
    // Readability took its document apart: without an article the page is parsed once more.
    const root = article?.content ?? removeUnread(parsePage(html));
    const text = makeWriter(url, mode).turndown(root);
    return { title: squeeze(article?.title ?? "") || title, text: text.replace(/\n{3,}/g, "\n\n").trim() };
  } catch (error) {
    // Lists that are too long for one call, or a walk that went too deep after all.
    if (error instanceof RangeError) return { title, text: collectText(parsePage(html)) };
    throw error;
  }
}

/**
 * All that an HTML mail shows. What `apart` selects (the mails it answers) is written down for itself.
 * Nested beyond measure, it is read as bare text.
 */
export function readHtml(html: string, apart: string): { text: string; apart: string } {
  if (isTooDeep(html)) return { text: squeeze(html.replace(/<[^>]*>/g, " ")), apart: "" };
  const document = parsePage(html);
  if (isUnwieldy(document)) return { text: collectText(document), apart: "" };
  for (const element of document.querySelectorAll(INVISIBLE)) element.remove();
  const root = removeUnread(document);
  const others = [...root.querySelectorAll(apart)];
  const write = (element: PageElement) =>
    makeWriter("about:blank", "markdown")
      .turndown(element)
      .replace(/\n{3,}/g, "\n\n")
      .trim();
  // Those inside one another are written down with the outermost.
  const outermost = others.filter((element) => !others.some((other) => other !== element && other.contains(element)));
  const quoted = outermost.map((element) => write(element as PageElement)).join("\n\n");
  for (const element of outermost) element.remove();
  return { text: write(root), apart: quoted };
}

/** Counts tags that stay open, without building anything. */
function isTooDeep(html: string): boolean {
  let open = 0;
  for (const [, slash, name = ""] of html.matchAll(/<(\/?)([a-z][a-z0-9-]*)/gi)) {
    if (NEVER_NESTED.test(name)) continue;
    open = slash === "/" ? Math.max(0, open - 1) : open + 1;
    if (open > MAX_OPEN_TAGS) return true;
  }
  return false;
}

function parsePage(html: string): PageDocument {
  const isWhole = /<html[\s>]/i.test(html.slice(0, 10_000));
  return parseHTML(isWhole ? html : `<!doctype html><html><body>${html}</body></html>`).document;
}

function isUnwieldy(document: PageDocument): boolean {
  let count = 0;
  let sum = 0;
  for (const { node, depth } of walk(document)) {
    count++;
    if (node.nodeType === 1) sum += depth;
    if (count > MAX_NODES || depth > MAX_DEPTH || sum > MAX_DEPTH_SUM) return true;
  }
  return false;
}

/** Bare text, in one pass. */
function collectText(document: PageDocument): string {
  const parts: string[] = [];
  for (const { node } of walk(document)) {
    if (node.nodeType === 3 && !UNREAD_TEXT.test(node.parentNode?.nodeName ?? "")) parts.push(node.nodeValue ?? "");
  }
  return squeeze(parts.join(" "));
}

/** Every node in order, without recursion. */
function* walk(document: PageDocument): Generator<{ node: PageNode; depth: number }> {
  let depth = 0;
  let node: PageNode | null = document.documentElement;
  while (node) {
    yield { node, depth };
    const child: PageNode | null = node.firstChild;
    if (child) {
      node = child;
      depth++;
      continue;
    }
    while (node && !node.nextSibling) {
      node = node.parentNode;
      depth--;
    }
    node = node?.nextSibling ?? null;
  }
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
