// How answers look at Discord, judged by a reader of its markup that is not ours; and what holds for any text whatever.
import { parse } from "discord-markdown-parser";
import fc from "fast-check";
import { expect, test } from "vitest";
import { discord } from "../../../../src/worker/channels/discord/discord.ts";
import { renderDiscord, renderFitting } from "../../../../src/worker/channels/discord/markdown.ts";
import { PLAIN, renderMarkdown } from "../../../../src/worker/channels/text/render.ts";
import { markdown } from "../../../support/markdown-texts.ts";
import { STYLE } from "./rig.ts";

/** What Discord makes of it, by a reader of its markup that is not ours: kinds of marks, and the words alone. */
interface Node {
  type: string;
  content?: Node[] | string;
  target?: string;
}

function readDiscord(text: string): { kinds: Set<string>; words: string } {
  const kinds = new Set<string>();
  const words: string[] = [];
  const walk = (nodes: Node[]) => {
    for (const node of nodes) {
      kinds.add(node.type);
      if (typeof node.content === "string") words.push(node.content);
      else if (node.content) walk(node.content);
      if (node.type === "link") words.push(` (${node.target})`);
      if (node.type === "br" || node.type === "newline" || node.type === "blockQuote" || node.type === "codeBlock")
        words.push(" ");
    }
  };
  walk(parse(text, "extended") as Node[]);
  return { kinds, words: words.join("") };
}

/** Letters and digits in their order: what nothing may take away. */
function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, "");
}

/** A cut repeats what it must (the head of a table, the language of a fence): all of `wanted` in its order, and maybe more. */
function hasInOrder(text: string, wanted: string): boolean {
  let at = 0;
  for (const letter of text) if (letter === String.fromCodePoint(wanted.codePointAt(at) ?? 0)) at += letter.length;
  return at >= wanted.length;
}

const OURS = new Set(
  "text em strong strikethrough inlineCode codeBlock blockQuote heading link url autolink br newline twemoji".split(" "),
);

const TRAPS = [
  "@everyone",
  "@here",
  "<@123456789012345678>",
  "<@&123456789012345678>",
  "<#123456789012345678>",
  "<:smile:123456789012345678>",
  "<t:1700000000:R>",
  "</ask:123456789012345678>",
  "<id:home>",
  "||hidden||",
  "__under__",
  "\\",
  "xhttps://example.com/a_b_c",
  "¯\\_(ツ)_/¯",
  "[a](https://evil.example)",
  "```",
  "\n-# small",
  "\n# head",
  "\n>>> all",
];

const hostile = fc
  .array(fc.oneof(fc.constantFrom(...TRAPS), fc.string({ maxLength: 12 })), { minLength: 1, maxLength: 8 })
  .map((pieces) => pieces.join(" "));

test("the marks of an answer become Discord's own", () => {
  const text =
    "# One\n\n#### Four\n\n**b** _i_ ~~s~~ `c` [link](https://a.example/x_y) https://b.example/_z\n\n- x\n- [x] y\n\n3. z\n\n> q\n\n```ts\nlet a = 1;\n```";
  expect(renderDiscord(text)).toBe(
    "# One\n\n### Four\n\n**b** _i_ ~~s~~ `c` [link](<https://a.example/x_y>) <https://b.example/_z>\n\n- x\n- ☑ y\n\n3. z\n\n> q\n\n```ts\nlet a = 1;\n```",
  );
});

test.each([
  ["1\\. no list", "1\\. no list"],
  ["\\- no list", "\\- no list"],
  ["\\# no heading", "\\# no heading"],
  ["a\n2. b", "a\n2\\. b"],
  ["snake_case * 2", "snake\\_case \\* 2"],
  ["discord://a_b", "discord\\://a\\_b"],
  ["hi @everyone", "hi \\@everyone"],
  ["<@123456789012345678>", "\\<@123456789012345678>"],
  ["a ||b|| c", "a \\|\\|b\\|\\| c"],
  ["[mail](mailto:a@b.example)", "mail (a\\@b.example)".replace("\\@", "@")],
  ["[`x`](https://a.example)", "`x` (<https://a.example>)"],
  ["[run](javascript:alert(1))", "run"],
])("text stays text: %s", (source, rendered) => {
  expect(renderDiscord(source)).toBe(rendered);
});

test.each([
  ["*a `b_ c` d*", "*a `b_ c` d*"],
  ["*a `b_ *c` d*", "a `b_ *c` d"],
  ["**a `b**c` d**", "a `b**c` d"],
  ["~~a `b~~c` d~~", "a `b~~c` d"],
])("a mark is not ended by its like in code: %s", (source, rendered) => {
  expect(renderDiscord(source)).toBe(rendered);
  expect(readDiscord(rendered).kinds).toContain("inlineCode");
});

test("ticks inside code do not end it", () => {
  const text = "````\nbefore\n```\nafter\n````";
  const { kinds, words } = readDiscord(renderDiscord(text));
  expect([...kinds]).toEqual(["codeBlock"]);
  expect(lettersOf(words)).toBe("beforeafter");
  expect(readDiscord(renderDiscord("`` a`b ``")).kinds).toEqual(new Set(["inlineCode"]));
});

test("two thousand texts: parts within the limit, nothing lost, no mark that was not meant", { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(markdown(), fc.integer({ min: 120, max: 2000 }), (source, textLimit) => {
      const parts = discord.split(source, { ...STYLE, textLimit });
      const rendered = parts.map(renderDiscord);
      for (const text of rendered) {
        expect(text.length).toBeLessThanOrEqual(textLimit);
        const { kinds } = readDiscord(text);
        for (const kind of kinds) expect(OURS, `${kind} in ${JSON.stringify(text)}`).toContain(kind);
      }
      const read = lettersOf(rendered.map((text) => readDiscord(text).words).join(" "));
      expect(hasInOrder(read, lettersOf(renderMarkdown(source, PLAIN)))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("two thousand hostile texts never become mentions, spoilers or other people's marks", { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(
      fc.oneof(
        hostile,
        fc.tuple(hostile, markdown()).map((both) => both.join("\n\n")),
      ),
      (source) => {
        const text = renderFitting(source);
        expect(text.length).toBeLessThanOrEqual(2000);
        for (const kind of readDiscord(text).kinds) expect(OURS, `${kind} in ${JSON.stringify(text)}`).toContain(kind);
      },
    ),
    { numRuns: 2000 },
  );
});

test("two thousand plain texts are read back word for word", { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(hostile, (source) => {
      const whole = renderDiscord(source);
      fc.pre(whole.length <= 2000);
      expect(lettersOf(readDiscord(whole).words)).toBe(lettersOf(renderMarkdown(source, PLAIN)));
    }),
    { numRuns: 2000 },
  );
});
