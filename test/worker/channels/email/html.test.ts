// The HTML of a mail: every kind of block, and what holds for any text: only our own tags, every letter there, no part too long.
import fc from "fast-check";
import { parseHTML } from "linkedom/worker";
import { describe, expect, it } from "vitest";
import { email } from "../../../../src/worker/channels/email/email.ts";
import { writeHtml } from "../../../../src/worker/channels/email/html.ts";
import { PLAIN, renderMarkdown } from "../../../../src/worker/channels/text/render.ts";
import { markdown } from "../../../support/markdown-texts.ts";

const TAGS = "HTML HEAD META BODY DIV P PRE BLOCKQUOTE UL OL LI TABLE TR TH TD HR STRONG EM DEL CODE A BR".split(" ");
const STYLE = {
  textLimit: 100_000,
  chunkMode: "length",
  streaming: "off",
  replyTo: "off",
  showsTyping: false,
  editEveryMs: 0,
} as const;

describe("the HTML of a mail", () => {
  it("has lists, tables, code and links of its own", () => {
    const html = writeHtml(
      "1. one\n2. two\n   - inner\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n```ts\na < b\n```\n\n[here](https://x.example/?a=1&b=2)",
    );
    expect(html).toMatch(/<ol[^>]*><li[^>]*>one<\/li><li[^>]*>two<ul/);
    expect(html).toMatch(/<th[^>]*>a<\/th>/);
    expect(html).toContain("a &lt; b</pre>");
    expect(html).toContain('<a href="https://x.example/?a=1&amp;b=2">here</a>');
  });

  it("loads nothing and runs nothing", () => {
    const html = writeHtml(
      '<script>x()</script> <img src=x onerror=y>\n\n![pic](https://x.example/p.png) [a](javascript:x()) [b](data:text/html,x) <a href="x" onclick=y>',
    );
    const { document } = parseHTML(html);
    expect(document.querySelectorAll("script, img, [onerror], [onclick]").length).toBe(0);
    expect([...document.querySelectorAll("a")].map((a) => a.getAttribute("href"))).toEqual(["https://x.example/p.png"]);
  });

  it("has our own tags only and every letter, whatever the text", () => {
    fc.assert(
      fc.property(markdown(), (source) => {
        const { document } = parseHTML(writeHtml(source));
        const found = [...document.querySelectorAll("*")].map(({ tagName }) => tagName.toUpperCase());
        expect(found.filter((tag) => !TAGS.includes(tag))).toEqual([]);
        for (const link of document.querySelectorAll("a"))
          expect(link.getAttribute("href")).toMatch(/^(https?:\/\/|mailto:|tel:)/i);
        const shown = lettersOf(renderMarkdown(source, { ...PLAIN, link: (inner) => inner }));
        expect(lettersOf(document.body?.textContent ?? "")).toContain(shown.slice(0, 200));
      }),
      { numRuns: 2000 },
    );
  }, 90_000);

  it("is cut into mails no longer than the place takes, with nothing lost", () => {
    fc.assert(
      fc.property(markdown(), fc.integer({ min: 100, max: 500 }), (source, textLimit) => {
        const pieces = email.split(source, { ...STYLE, textLimit });
        for (const piece of pieces) expect(renderMarkdown(piece, PLAIN).length).toBeLessThanOrEqual(textLimit);
        const visible = { ...PLAIN, link: (inner: string) => inner };
        const all = pieces.map((piece) => lettersOf(renderMarkdown(piece, PLAIN))).join("");
        expect(isSubsequence(lettersOf(renderMarkdown(source, visible)), all)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  }, 90_000);
});

/** List numbers and boxes are no letters of the text: HTML shows them by itself. */
function lettersOf(text: string): string {
  return text.replace(/^ *\d+\. /gm, "").replace(/[^\p{L}]/gu, "");
}

function isSubsequence(wanted: string, found: string): boolean {
  let at = 0;
  for (const letter of found) if (wanted.startsWith(letter, at)) at += letter.length;
  return at === wanted.length;
}
