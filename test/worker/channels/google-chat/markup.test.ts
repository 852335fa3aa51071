// Markdown as Google Chat shows it: each mark, what must not become one, and what holds for any text whatever.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { googleChat } from "../../../../src/worker/channels/google-chat/google-chat.ts";
import { renderMarkup, renderPlain } from "../../../../src/worker/channels/google-chat/markup.ts";
import { PLAIN, renderMarkdown } from "../../../../src/worker/channels/text/render.ts";
import { styleOf } from "../../../support/channels/delivery-style.ts";
import { isSubsequence, lettersOf } from "../../../support/channels/letters.ts";
import { markdown } from "../../../support/markdown-texts.ts";

/** As it looks: the sign without width is not seen. */
const seen = (text: string) => renderMarkup(text).replaceAll("\u200B", "");

/** A tick that means nothing has the sign without width behind it. */
const CODE = /```[\s\S]*?```|`(?!\u200B)[^`\n]*`/g;

describe("renderMarkup", () => {
  it.each([
    ["**bold** and __bold__", "*bold* and *bold*"],
    ["*italic* and _italic_", "_italic_ and _italic_"],
    ["~~gone~~", "~gone~"],
    ["`a * b`", "`a * b`"],
    ["# Head", "*Head*"],
    ["**_both_**", "*_both_*"],
    ["## A **bold** head", "A *bold* head"],
    ["```ts\nconst a = 1;\n```", "```\nconst a = 1;\n```"],
    ["[words](https://example.com/a?b=c)", "<https://example.com/a?b=c|words>"],
    ["https://example.com/a_b", "<https://example.com/a_b>"],
    ["[x](javascript:alert(1))", "x"],
    ["- one\n- two", "• one\n• two"],
    ["1. one\n2. two", "1. one\n2. two"],
    ["> said\n> twice", "> said\n> twice"],
    ["snake_case_name stays", "snake_case_name stays"],
    ["2 * 3 * 4", "2 * 3 * 4"],
    ["a ` b", "a \u200B`\u200B b"],
  ])("writes %j as %j", (source, written) => {
    expect(renderMarkup(source)).toBe(written);
  });

  it("mentions nobody, whatever the model writes", () => {
    const tries = [
      "<users/all>",
      "hello <users/123>",
      "\\<users/all>",
      "`<users/all>`",
      "```\n<users/all>\n```",
      "**<users/all>**",
    ];
    for (const one of [...tries, "<**users/all**>", "[<users/all>](https://example.com)", "<Users/all>"]) {
      expect(renderMarkup(one)).not.toMatch(/<users\//i);
      expect(renderPlain(one)).not.toMatch(/<users\//i);
    }
  });

  it("lets no sign of the text become a mark, and changes nothing that is seen", () => {
    expect(renderMarkup("\\*not bold\\*")).not.toMatch(/\*\w/);
    expect(seen("\\*not bold\\*")).toBe("*not bold*");
    expect(renderMarkup("\\~no\\~ \\_no\\_ \\`no\\`")).not.toMatch(/[~_`]\w/);
    expect(renderMarkup("a \\<https://evil.example|bank>")).not.toContain("|bank>");
  });

  it("keeps a fence whole that has fences inside", () => {
    const written = renderMarkup("````\n```\ninner\n```\n````");
    expect(written.match(/```/g)).toHaveLength(2);
  });

  it("keeps a link whole whose words or address hold its signs", () => {
    expect(renderMarkup("[a|b](https://example.com/x)")).toBe("a|b <https://example.com/x>");
    expect(renderMarkup("[a](<https://example.com/x|y z>)")).toBe("<https://example.com/x%7Cy%20z|a>");
  });
});

describe("any text", () => {
  it("goes out in parts within the limit, with nothing lost, no fence or link broken and nobody mentioned", () => {
    fc.assert(
      fc.property(markdown(), fc.integer({ min: 60, max: 400 }), (source, limit) => {
        const parts = googleChat.split(source, styleOf(limit));
        const written = parts.map(renderMarkup);
        for (const one of written) {
          expect(one.length).toBeLessThanOrEqual(limit);
          expect((one.match(/```/g) ?? []).length % 2).toBe(0);
          expect(one).not.toMatch(/<users\//i);
          // Outside of code an opened angle is an address that is closed again, or means nothing.
          for (const angle of one.replace(CODE, "").match(/<[^\s\u200B][^>]*>?/g) ?? []) {
            expect(angle).toMatch(/^<(https?:\/\/|mailto:|tel:)[^\s<>|]*(\|[^<>|\n]*)?>$/i);
          }
        }
        const wanted = lettersOf(renderMarkdown(source, { ...PLAIN, link: (inner) => inner }));
        expect(isSubsequence(wanted, lettersOf(written.join("\n")))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  }, 120_000);

  it("pairs no sign that stood in the text as it is", () => {
    const words = fc.array(fc.constantFrom("*", "_", "~", "`", "a", "b ", " ", ".", "é", "\n"), { maxLength: 40 });
    fc.assert(
      fc.property(words, (list) => {
        // Every sign escaped: nothing of it is a mark in Markdown either.
        const source = list
          .map((sign) => sign.replace(/[*_~`.]/, "\\$&"))
          .join("")
          .replace(/(^|\n)\s+/g, "$1"); // no code by indent
        const written = renderMarkup(source);
        expect(written).not.toMatch(/(?<![\p{L}\p{N}\u200B])([*_~`])(?=[^\s\u200B])/u);
      }),
      { numRuns: 2000 },
    );
  });
});
