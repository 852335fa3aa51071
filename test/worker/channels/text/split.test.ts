// Cutting Markdown into messages: examples of every kind of block, and what holds for any text whatever.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PLAIN, renderMarkdown } from "../../../../src/worker/channels/text/render.ts";
import { splitMarkdown } from "../../../../src/worker/channels/text/split.ts";
import { markdown } from "../../../support/markdown-texts.ts";

/** What a reader sees; where links lead is another test. */
const VISIBLE = { ...PLAIN, link: (inner: string) => inner };
const WITH_ADDRESSES = { ...PLAIN, link: (inner: string, href: string) => `${inner} ${href}` };

const within = (limit: number) => (piece: string) => piece.length <= limit;

describe("splitMarkdown", () => {
  it("leaves a text that fits as it is", () => {
    expect(splitMarkdown("Hello **you**\n\n- a\n- b", within(100))).toEqual(["Hello **you**\n\n- a\n- b"]);
  });

  it("makes nothing of nothing", () => {
    expect(splitMarkdown(" \n\n ", within(10))).toEqual([]);
  });

  it("cuts between blocks before it cuts inside one", () => {
    expect(splitMarkdown("One two three.\n\nFour five six.", within(20))).toEqual(["One two three.", "Four five six."]);
  });

  it("cuts a paragraph behind a sentence", () => {
    const pieces = splitMarkdown("This is the first sentence. This is the second one, longer.", within(45));
    expect(pieces).toEqual(["This is the first sentence.", "This is the second one, longer."]);
  });

  it("cuts a paragraph of lines behind a line, also where marks stand in it", () => {
    const pieces = splitMarkdown("first **line** of it\nsecond *line* of it\nthird line of it", within(44));
    expect(pieces).toEqual(["first **line** of it\nsecond *line* of it", "third line of it"]);
    expect(splitMarkdown("one two three\nfour five six seven", within(28))).toEqual(["one two three", "four five six seven"]);
  });

  it("closes a fence that is cut, and opens it again with its language", () => {
    const pieces = splitMarkdown("```ts\nconst a = 1;\nconst b = 2;\nconst c = 3;\n```", within(36));
    expect(pieces).toEqual(["```ts\nconst a = 1;\nconst b = 2;\n```", "```ts\nconst c = 3;\n```"]);
  });

  it("uses a fence longer than any in the code", () => {
    const pieces = splitMarkdown("````\n```js\nnested\n```\nmore and more and more\n````", within(30));
    expect(pieces.every((piece) => piece.startsWith("````"))).toBe(true);
  });

  it("writes marks on both sides of a cut", () => {
    const pieces = splitMarkdown(`**${"bold words ".repeat(6).trim()}**`, within(40));
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(piece).toMatch(/^\*\*.*\*\*$/);
  });

  it("goes on counting in an ordered list", () => {
    const pieces = splitMarkdown("1. first thing\n1. second thing\n1. third thing", within(20));
    expect(pieces).toEqual(["1. first thing", "2. second thing", "3. third thing"]);
  });

  it("gives every part of a table its head", () => {
    const rows = Array.from({ length: 6 }, (_, index) => `| row ${index} | ${index * 2} |`);
    const pieces = splitMarkdown(["| name | value |", "| --- | --- |", ...rows].join("\n"), within(80));
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(piece.startsWith("| name | value |\n| --- | --- |\n")).toBe(true);
  });

  it("keeps a quote a quote", () => {
    const pieces = splitMarkdown(`> ${"said and said again. ".repeat(5)}`, within(50));
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(piece).toMatch(/^> /);
  });

  it("takes the address of a link along that stands elsewhere", () => {
    const pieces = splitMarkdown(
      `See [the page][p].\n\n${"More words here. ".repeat(4)}\n\n[p]: https://example.com/x`,
      within(60),
    );
    expect(pieces[0]).toBe("See [the page](<https://example.com/x>).");
  });

  it("does not cut a character in two", () => {
    const pieces = splitMarkdown("👩‍👩‍👧‍👦".repeat(10), within(30));
    expect(pieces.join("")).toBe("👩‍👩‍👧‍👦".repeat(10));
    for (const piece of pieces) expect(piece.length % "👩‍👩‍👧‍👦".length).toBe(0);
  });

  it("makes every paragraph a message of its own when asked", () => {
    expect(splitMarkdown("One.\n\nTwo.\n\n- a\n- b", within(100), "paragraph")).toEqual(["One.", "Two.", "- a\n- b"]);
  });

  it("keeps every piece within the limit and every letter in its order, whatever the text", () => {
    fc.assert(
      fc.property(markdown(), fc.integer({ min: 40, max: 300 }), (source, limit) => {
        const render = (piece: string) => renderMarkdown(piece, WITH_ADDRESSES);
        const fits = (piece: string) => piece.length <= limit && render(piece).length <= limit;
        const pieces = splitMarkdown(source, fits);
        for (const piece of pieces) expect(fits(piece)).toBe(true);
        expect(isSubsequence(lettersOf(renderMarkdown(source, VISIBLE)), lettersOf(pieces.map(render).join("\n")))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  }, 90_000);
});

function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, "");
}

function isSubsequence(wanted: string, found: string): boolean {
  let at = 0;
  for (const letter of found) if (wanted.startsWith(letter, at)) at += letter.length;
  return at === wanted.length;
}
