// Cuts that once lost something: rows that are too long for a part of their own, and words that look like a reference.
import { describe, expect, it } from "vitest";
import { splitToFit } from "../../../../src/worker/channels/text/limit.ts";
import { PLAIN, renderMarkdown } from "../../../../src/worker/channels/text/render.ts";
import { splitMarkdown } from "../../../../src/worker/channels/text/split.ts";

const within = (limit: number) => (piece: string) => renderMarkdown(piece, PLAIN).length <= limit && piece.length <= limit;
const shown = (source: string, limit: number) =>
  splitMarkdown(source, within(limit)).map((piece) => renderMarkdown(piece, PLAIN));

describe("splitMarkdown", () => {
  it("keeps what stands in a row that is too long, whatever marks are in the others", () => {
    const rows = ["| a | `tick |", "| b | https://example.com/a_b?c=d&e=f |", "|  | `tock |"];
    const parts = shown(["| x | y |", "| --- | --- |", ...rows].join("\n"), 48);
    expect(parts.join("\n")).toContain("https://example.com/a_b?c=d&e=f");
    for (const word of ["`tick", "`tock", "b"]) expect(parts.join("\n")).toContain(word);
  });

  it("keeps the head of a table of which no row fits", () => {
    const long = "a long sentence that is no use in a column";
    const parts = shown(`| name | value |\n| --- | --- |\n| one | ${long} |`, 30);
    expect(parts.join(" ")).toMatch(/name.+value.+one.+a long sentence that is/s);
  });

  it("does not make a reference of words that are cut off behind it", () => {
    expect(shown("[!]:0 a](http://aaaaa.aa/) and some more words here", 12).join("")).toMatch(/^\[!\]:0/);
  });

  it("leads every part of a link's words to its address", () => {
    const pieces = splitMarkdown("[one two three four five six seven](https://example.com/page)", (piece) => piece.length <= 52);
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(piece).toMatch(/^\[[^\]]+\]\(<https:\/\/example\.com\/page>\)$/);
    expect(shown("[one two three four five six seven](https://example.com/page)", 52).join(" ")).toContain("four");
  });

  it("writes an address behind its words where it leaves no room for them", () => {
    const pieces = splitMarkdown("[some words to read](https://example.com/a/long/address)", within(44));
    expect(pieces.join(" ")).toBe("some words to read (https://example.com/a/long/address)");
  });

  it("keeps code that swallows links code, and a link whose words hold code a link", () => {
    const source = "[`tick a](http://a.aa) [a](http://a.aa) [`tick](http://aaa.aa)";
    expect(splitMarkdown(source, within(60))).toEqual([
      "[`tick a](http://a.aa) [a](http://a.aa) [`](<http://aaa.aa>)",
      "[tick](<http://aaa.aa>)",
    ]);
  });

  it("keeps both marks where one stands in the other, on every part", () => {
    const pieces = splitMarkdown("***one two three four five six seven***", within(24));
    expect(pieces.length).toBeGreaterThan(1);
    const marked = pieces.map((piece) =>
      renderMarkdown(piece, { ...PLAIN, strong: (inner) => `S${inner}S`, em: (inner) => `E${inner}E` }),
    );
    for (const piece of marked) expect(piece).toMatch(/^(ES[a-z ]+SE|SE[a-z ]+ES)$/);
  });

  it("makes every part of a long heading a heading", () => {
    const pieces = splitMarkdown("## one two three four five six seven #1", within(24));
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(piece).toMatch(/^## \S/);
  });

  it("counts the sign that keeps a word from being a mark at the beginning of a part", () => {
    const pieces = splitMarkdown(`some words >${"x".repeat(29)} more`, (piece) => piece.length <= 30);
    for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(30);
    expect(pieces.map((piece) => renderMarkdown(piece, PLAIN)).join(" ")).toMatch(/some words >x+ x+ more/);
  });

  it("makes no message of what shows nothing", () => {
    const style = { textLimit: 40, chunkMode: "paragraph" as const };
    expect(splitToFit("One.\n\n```\n\n```\n\n>\n\nTwo.", style, (piece) => renderMarkdown(piece, PLAIN))).toEqual([
      "One.",
      "Two.",
    ]);
  });
});
