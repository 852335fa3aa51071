// Texts that are small, or not large, and made to cost without end: nesting, marks that never close, rows that must be
// filled, words that are tried again from every letter.
const N = 10_000;
const times = (text: string, count = N) => text.repeat(count);
const lines = (count: number, write: (at: number) => string) => Array.from({ length: count }, (_, at) => write(at)).join("\n");

export const BOMBS: Readonly<Record<string, string>> = {
  "ten thousand quotes": `${times("> ")}x`,
  "ten thousand lists": `${times("- ")}x`,
  "ten thousand numbered lists": `${times("1. ")}x`,
  "quotes and lists in turn": `${times("> - ")}x`,
  "lists that go on below": `${times("- ", 38)}x\n${times("y\n")}`,
  "a staircase of lists": lines(600, (at) => `${" ".repeat(at * 2)}- x`),
  "open brackets": times("["),
  "pictures in pictures": `${times("![")}x${times("](a)")}`,
  "brackets in brackets": `${times("[")}x${times("]")}`,
  "links in links": `${times("[")}x${times("](javascript:ran())")}`,
  "titles that never end": times('[a](b "'),
  "stars around stars": `${times("*")}x${times("*")}`,
  "emphasis that never closes": times("*a **b _c "),
  "emphasis across emphasis": `${times("**x *y ")}${times("z* w**")}`,
  "strikes that never close": times("~~a "),
  "ticks of every length": lines(300, (at) => "`".repeat(at + 1)).replaceAll("\n", " "),
  "one long mail address": `${times("a", 50_000)}@`,
  "dots and an at sign": `${times("a.")}@`,
  "an address of entities": `https://ok.example/${times("&a;")}`,
  "an address of parentheses": `https://ok.example/${times("(")}`,
  "tags that never end": times("<a x='"),
  "comments that never end": times("<!--"),
  "elements without end": times("<div><b>"),
  "bare tags without end": times("<sub>", 20_000),
  "a table of two thousand columns and rows": `${times("|a", 2_000)}|\n${times("|-", 2_000)}|\n${times("|\n", 2_000)}`,
  "a table of ten thousand rows": `|a|b|\n|-|-|\n${times("|x|y|\n")}`,
  "a table as wide as long": `${times("|a", 190)}|\n${times("|-", 190)}|\n${times(`${times("|x", 190)}|\n`, 190)}`,
  "ninety thousand items": times("- x\n", 90_000),
  "a hundred thousand paragraphs": times("a\n\n", 100_000),
  "a million letters": times("word ", 200_000),
  "fences in fences": times("```\n"),
  "definitions of one name": times("[a]: <"),
};

/** The same for colours: code that a grammar reads again and again. */
export const CODE_BOMBS: Readonly<Record<string, string>> = {
  "c, one word": `\`\`\`c\n${times("a", 39_000)}\n\`\`\``,
  "c, underlines": `\`\`\`c\n${times("_", 39_000)}\n\`\`\``,
  "c#, one word a line": `\`\`\`csharp\n${times("a\n", 19_000)}\n\`\`\``,
  "c#, words": `\`\`\`csharp\n${times(`${times("a ", 400)}\n`, 45)}\n\`\`\``,
  "ini, dots": `\`\`\`ini\n${times("a.a.\n", 7_900)}\n\`\`\``,
  "bash, one word": `\`\`\`bash\n${times("a", 39_000)}\n\`\`\``,
  "javascript, open brackets": `\`\`\`js\n${times("(a,\n", 9_700)}\n\`\`\``,
  "xml, open tags": `\`\`\`xml\n${times("<a b=\n", 6_600)}\n\`\`\``,
};
