// Markdown as Telegram's HTML: each mark, and what holds for any text whatever, read by the rules of its Bot API.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainText, renderHtml, shownLength } from "../../../../src/worker/channels/telegram/html.ts";
import { telegram } from "../../../../src/worker/channels/telegram/telegram.ts";
import { PLAIN, renderMarkdown } from "../../../../src/worker/channels/text/render.ts";
import { styleOf } from "../../../support/channels/delivery-style.ts";
import { isSubsequence, lettersOf } from "../../../support/channels/letters.ts";
import { markdown } from "../../../support/markdown-texts.ts";
import { readHtml } from "../../../support/telegram/html.ts";

describe("renderHtml", () => {
  it.each([
    ["**bold** and *leaning*", "<b>bold</b> and <i>leaning</i>"],
    ["~~gone~~", "<s>gone</s>"],
    ["`a < b`", "<code>a &lt; b</code>"],
    ["```ts\nif (a < b) {}\n```", '<pre><code class="language-ts">if (a &lt; b) {}</code></pre>'],
    ["```\nplain\n```", "<pre>plain</pre>"],
    ["# Head", "<b>Head</b>"],
    ["## A **bold** head", "<b>A bold head</b>"],
    ["[words](https://example.com/?a=1&b=2)", '<a href="https://example.com/?a=1&amp;b=2">words</a>'],
    ["[x](javascript:alert(1))", "x"],
    ["> said\n> > twice", "<blockquote>said\n\ntwice</blockquote>"],
    ["- one\n- two", "• one\n• two"],
    ["- [x] done\n- [ ] open", "• ☑ done\n• ☐ open"],
    ['<b>not ours</b> & "so"', "&lt;b&gt;not ours&lt;/b&gt; &amp; &quot;so&quot;"],
  ])("writes %j as %j", (source, written) => {
    expect(renderHtml(source)).toBe(written);
  });

  it("shows a table in columns", () => {
    expect(plainText(renderHtml("| name | n |\n| --- | --- |\n| a | 10 |"))).toBe("name  n\n────  ──\na     10");
  });

  it("counts what is shown, an entity as its one character", () => {
    expect(shownLength(renderHtml("**a** < `b` & [c](https://example.com)"))).toBe("a < b & c".length);
  });
});

describe("any text", () => {
  it("goes out in parts within the limit that Telegram can read, with nothing lost and every letter in its order", () => {
    fc.assert(
      fc.property(
        markdown(),
        fc.integer({ min: 60, max: 400 }),
        fc.constantFrom("length" as const, "paragraph" as const),
        (source, limit, chunkMode) => {
          const written = telegram.split(source, { ...styleOf(limit), chunkMode }).map(renderHtml);
          const shown = written.map((html) => {
            const read = readHtml(html);
            expect(read).toMatchObject({ ok: true });
            const words = read.ok ? read.shown : "";
            expect(words.length).toBeLessThanOrEqual(limit);
            expect(words.trim()).not.toBe("");
            expect(plainText(html)).toBe(words);
            for (const [, href = ""] of html.matchAll(/<a href="([^"]*)">/g))
              expect(href).toMatch(/^(https?:\/\/|mailto:|tel:)/i);
            return withAddresses(html);
          });
          const wanted = lettersOf(renderMarkdown(source, { ...PLAIN, link: (inner) => inner }));
          expect(isSubsequence(wanted, lettersOf(shown.join("\n")))).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  }, 180_000);
});

/** What a reader can get at: the words, and where links lead. */
function withAddresses(html: string): string {
  return plainText(html.replace(/<a href="([^"]*)">(.*?)<\/a>/gs, (_link, href: string, words: string) => `${words} ${href}`));
}
