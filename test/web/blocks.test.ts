// Growing Markdown, cut into blocks: however it arrives, it ends the same, and only its end is read again.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Block, BlockReader } from "../../src/web/markdown/blocks.ts";

const TEXT = `# Title

A paragraph with **bold** and a [link][ref].

- one
- two

  more of two
  - nested

1. first

| a | b |
|---|--:|
| 1 | 2 |

\`\`\`ts
const a = 1;

const b = 2;
\`\`\`

> quote
> goes on

Setext
======

<div>raw</div>

The end\r
of it.

[ref]: https://example.org "there"
`;

const shapes = (blocks: readonly Block[]) => blocks.map(({ raw, token }) => [token.type, raw.trim()]);

describe("a growing text", () => {
  it("ends in the same blocks whatever the pieces were", () => {
    const whole = shapes(new BlockReader().read(TEXT, true));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 5, maxLength: 60 }), (steps) => {
        const reader = new BlockReader();
        let at = 0;
        for (const step of steps) {
          at = Math.min(TEXT.length, at + step);
          reader.read(TEXT.slice(0, at), false);
        }
        expect(shapes(reader.read(TEXT, true))).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it("shows while growing what it shows when whole, but for links defined at its end", () => {
    const text = TEXT.replace("[ref]:", "ref:").replace("\r", "");
    const reader = new BlockReader();
    let last: readonly Block[] = [];
    for (let at = 1; at <= text.length; at++) last = reader.read(text.slice(0, at), false);
    expect(shapes(last)).toEqual(shapes(new BlockReader().read(text, true)));
  });

  it("keeps finished blocks untouched while the last one grows", () => {
    const reader = new BlockReader();
    const before = reader.read("one\n\ntwo\n\nthr", false);
    const after = reader.read("one\n\ntwo\n\nthree", false);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(after[2]?.raw).toBe("three");
  });

  it("reads anew when the text was withdrawn", () => {
    const reader = new BlockReader();
    reader.read("a failed attempt\n\nwith two blocks", false);
    expect(shapes(reader.read("again", false))).toEqual([["paragraph", "again"]]);
  });

  it("reads a long answer in time linear in its length", () => {
    const piece = "A sentence that says something, with `code` in it.\n\n";
    const reader = new BlockReader();
    const startedAt = performance.now();
    for (let count = 1; count <= 1_500; count++) reader.read(piece.repeat(count), false);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it("reads nesting to a depth, and shows what is deeper as it is written", () => {
    const [quote] = new BlockReader().read(`${">".repeat(50_000)} deep`, true);
    expect(quote?.token.type).toBe("blockquote");
    expect(depthOf(quote?.token)).toBeLessThan(40);
    const [list] = new BlockReader().read(`${"- ".repeat(20_000)}deep`, true);
    expect(depthOf(list?.token)).toBeLessThan(80);
  });
});

function depthOf(token: unknown): number {
  if (typeof token !== "object" || token === null) return 0;
  const { tokens = [], items = [] } = token as { tokens?: unknown[]; items?: unknown[] };
  return 1 + Math.max(0, ...[...tokens, ...items].map(depthOf));
}
