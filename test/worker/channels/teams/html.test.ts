// Markdown as Teams shows it, and what holds for any text whatever.
import fc from "fast-check";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { renderHtml, renderPlain, shownLength } from "../../../../src/worker/channels/teams/html.ts";
import { teams } from "../../../../src/worker/channels/teams/teams.ts";
import { PLAIN, renderMarkdown } from "../../../../src/worker/channels/text/render.ts";
import { styleOf } from "../../../support/channels/delivery-style.ts";
import { isSubsequence, lettersOf } from "../../../support/channels/letters.ts";
import { markdown } from "../../../support/markdown-texts.ts";

const TAGS = ["A", "BLOCKQUOTE", "BR", "CODE", "EM", "PRE", "STRIKE", "STRONG"];

describe("renderHtml", () => {
  it.each([
    ["**bold** _italic_ ~~gone~~ `code`", "<strong>bold</strong> <em>italic</em> <strike>gone</strike> <code>code</code>"],
    ["# Head", "<strong>Head</strong>"],
    ["one\n\ntwo", "one<br/><br/>two"],
    ["- one\n- two\n  - three", "• one<br/>• two<br/>&nbsp;&nbsp;• three"],
    ["```ts\na < b\n  c\n```", "<pre>a &lt; b\n  c</pre>"],
    ["> said\n\nand", "<blockquote>said</blockquote>and"],
    ["[words](https://example.com/?a=1&b=2)", '<a href="https://example.com/?a=1&amp;b=2">words</a>'],
    ["[x](javascript:alert(1))", "x"],
    ["<script>alert(1)</script> <at>Everyone</at>", "&lt;script&gt;alert(1)&lt;/script&gt; &lt;at&gt;Everyone&lt;/at&gt;"],
  ])("writes %j as %j", (source, written) => {
    expect(renderHtml(source)).toBe(written);
  });

  it("leaves out what XML has no word for", () => {
    expect(renderHtml("a\u0001b\u0008c")).toBe("abc");
    expect(renderPlain("a\u0001b")).toBe("ab");
  });
});

describe("any text", () => {
  it("goes out in parts within the limit, whole in their tags, with nothing lost and no tag of its own", () => {
    fc.assert(
      fc.property(markdown(), fc.integer({ min: 60, max: 400 }), (source, limit) => {
        const written = teams.split(source, styleOf(limit)).map(renderHtml);
        for (const one of written) {
          expect(shownLength(one)).toBeLessThanOrEqual(limit);
          const { document } = parseHTML(`<html><body>${one}</body></html>`);
          const tags = [...document.body.querySelectorAll("*")].map(({ tagName }) => tagName.toUpperCase());
          expect(tags.filter((tag) => !TAGS.includes(tag))).toEqual([]);
          expect(isBalanced(one)).toBe(true);
          expect(one).not.toMatch(/&(?!(amp|lt|gt|quot|nbsp);)/);
        }
        const wanted = lettersOf(renderMarkdown(source, { ...PLAIN, link: (inner) => inner }));
        const found = written.map(readWithAddresses).join("\n");
        expect(isSubsequence(wanted, lettersOf(found))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  }, 180_000);
});

/** What a reader can get at: the words, and where links lead. */
function readWithAddresses(html: string): string {
  const { document } = parseHTML(`<html><body>${html}</body></html>`);
  for (const link of document.querySelectorAll("a")) link.append(` ${link.getAttribute("href")}`);
  return document.body.textContent ?? "";
}

function isBalanced(html: string): boolean {
  const open: string[] = [];
  for (const [, closes, name = "", , isEmpty] of html.matchAll(/<(\/?)(\w+)([^>]*?)(\/?)>/g)) {
    if (isEmpty) continue;
    if (!closes) open.push(name);
    else if (open.pop() !== name) return false;
  }
  return open.length === 0;
}
