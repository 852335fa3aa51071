// Foreign text before a person who has to judge it: nothing hides, nothing turns round, nothing pretends.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { showLine, showText } from "../../../src/contract/home/shown-text.ts";

describe("a command line that wants to look like another", () => {
  test.each([
    ["right-to-left marks", "rm \u202egpj.photo\u202c ~", "rm ⟨U+202E⟩gpj.photo⟨U+202C⟩ ~"],
    ["isolates", "ls \u2066-la\u2069", "ls ⟨U+2066⟩-la⟨U+2069⟩"],
    ["a carriage return that writes the line over", "rm -rf ~\rls        ", "rm -rf ~⟨U+000D⟩ls        "],
    ["colours and cursor keys", "\u001b[2Kls\u0008\u0007", "⟨U+001B⟩[2Kls⟨U+0008⟩⟨U+0007⟩"],
    ["signs of no width", "r\u200bm\u2060 \ufeffx", "r⟨U+200B⟩m⟨U+2060⟩ ⟨U+FEFF⟩x"],
    ["spaces that are none", "rm\u00a0-rf\u3000x", "rm⟨U+00A0⟩-rf⟨U+3000⟩x"],
    ["tag letters", "ls \u{e0072}\u{e006d}", "ls ⟨U+E0072⟩⟨U+E006D⟩"],
    ["Hangul fillers", "ls \u3164", "ls ⟨U+3164⟩"],
    ["half a pair", "ls \ud800", "ls ⟨U+D800⟩"],
    ["other ends of line", "ls\u2028rm\u2029\u0085", "ls⟨U+2028⟩rm⟨U+2029⟩⟨U+0085⟩"],
  ])("%s are spelled out", (_what, command, shown) => {
    const { text, warnings } = showText(command);
    expect(text).toBe(shown);
    expect(warnings.join()).toContain("signs that cannot be seen");
  });

  test("letters of other alphabets are named", () => {
    const { text, warnings } = showText("сurl https://раypal.com");
    expect(text).toBe("сurl https://раypal.com");
    expect(warnings).toEqual([
      "Not all of its letters are plain ones; some may look like others: с (U+0441), р (U+0440), а (U+0430).",
    ]);
  });

  test("a plain one is shown as it is, in its lines", () => {
    expect(showText("set -e\nls -la | grep '^d'\n")).toEqual({
      text: "set -e\nls -la | grep '^d'\n",
      length: 26,
      isCut: false,
      warnings: [],
    });
  });
});

test("a long one shows both ends and says how long it is", () => {
  const { text, isCut, warnings } = showText(`echo ${"x".repeat(100_000)}; rm -rf ~`, 400);
  expect(isCut).toBe(true);
  expect(text.length).toBeLessThanOrEqual(400);
  expect(text).toMatch(/^echo x+\n\[… cut here: the whole has 100,015 characters …\]\nx+; rm -rf ~$/);
  expect(warnings[0]).toBe("Only its beginning and its end are shown: it has 100,015 characters.");
});

test("a line is one line", () => {
  expect(showLine("desk\nApproved: yes\u202e", 40)).toBe("desk ⏎ Approved: yes⟨U+202E⟩");
  expect(showLine("x".repeat(500), 50)).toHaveLength(50);
});

test("whatever it is, nothing that cannot be seen is left", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (command) => {
      const { text } = showText(command);
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0\u115f\u1160\u3164]|\ufe0f/u);
    }),
  );
});
