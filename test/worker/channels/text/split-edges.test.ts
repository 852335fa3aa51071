// Cuts that once lost something: rows that are too long for a part of their own, and words that look like a reference.
import { describe, expect, it } from "vitest";
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
});
