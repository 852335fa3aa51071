// WhatsApp's marks: examples, and what holds for any text: nothing lost, no part too long, no mark that the text did not ask for.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PLAIN, renderMarkdown } from "../../../../src/worker/channels/text/render.ts";
import { renderMarkup } from "../../../../src/worker/channels/whatsapp-cloud/markup.ts";
import { whatsappCloud } from "../../../../src/worker/channels/whatsapp-cloud/whatsapp-cloud.ts";
import { markdown } from "../../../support/markdown-texts.ts";

const STYLE = { chunkMode: "length", streaming: "off", replyTo: "off", showsTyping: true, editEveryMs: 0 } as const;

describe("renderMarkup", () => {
  it.each([
    ["**bold** _it_ ~~no~~ `code`", "*bold* _it_ ~no~ `code`"],
    ["# Head **bold**", "*Head bold*"],
    ["**two\nlines**", "*two*\n*lines*"],
    ["- a\n- b", "• a\n• b"],
    ["> said", "> said"],
    ["```js\na*b*\n```", "```a*b*```"],
    ["[here](https://x.example/a_b)", "here (https://x.example/a_b)"],
    ["https://x.example/_a_/_b", "https://x.example/_a_/_b"],
    ["snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"],
  ])("%j", (source, expected) => {
    expect(renderMarkup(source)).toBe(expected);
  });

  it.each(["\\*not bold\\*", "\\_not it\\_", "\\~not\\~", "\\`not\\`", "\\*a b\\*!"])(
    "writes %j so that it means nothing",
    (source) => {
      const text = renderMarkup(source);
      expect(marksIn(text)).toEqual([]);
      expect(text).toContain(source.replace(/[^a-z ]/g, "").trim());
    },
  );

  it("lets no text begin a quote", () => {
    expect(renderMarkup("\\> not a quote")).not.toMatch(/^>/);
  });

  it("marks nothing in plain words, whatever they are", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."*_~`ab .>\n"), maxLength: 60 }), (noise) => {
        // Every character as itself: what is left can only be marked by mistake.
        const source = noise
          .replace(/[*_~`>.]/g, "\\$&")
          .replace(/\n+/g, " ")
          .trim();
        expect(marksIn(renderMarkup(source))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("split", () => {
  it("keeps every part within the limit and every letter in its order, whatever the text", () => {
    fc.assert(
      fc.property(markdown(), fc.integer({ min: 60, max: 400 }), (source, textLimit) => {
        const parts = whatsappCloud.split(source, { ...STYLE, textLimit }).map(renderMarkup);
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(textLimit);
          expect((part.match(/```/g) ?? []).length % 2).toBe(0);
        }
        const wanted = lettersOf(renderMarkdown(source, { ...PLAIN, link: (inner) => inner }));
        expect(isSubsequence(wanted, lettersOf(parts.join("\n")))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  }, 90_000);
});

/** What WhatsApp would show as marked: a mark before a word with its like behind one, in one line. */
function marksIn(text: string): string[] {
  return text.match(/(?<![\p{L}\p{N}])([*_~`])(?=\S)[^\n]*?\S\1(?![\p{L}\p{N}])/gu) ?? [];
}

function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]|ˍ|ˋ/gu, "");
}

function isSubsequence(wanted: string, found: string): boolean {
  let at = 0;
  for (const letter of found) if (wanted.startsWith(letter, at)) at += letter.length;
  return at === wanted.length;
}
