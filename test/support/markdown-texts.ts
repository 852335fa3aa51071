// Generated Markdown for property tests: every kind of block and mark, nested, broken, and with text that looks like markup.
import fc from "fast-check";

const WORDS =
  'a the word longer sentence, end. really? yes! 12.5 x<y a&b "q" it\'s *star _low_ `tick ~til [br] (par) | bar # hash > gt 1. - dash \\ back https://example.com/a_b?c=d&e=f éü 日本語 مرحبا 👍🏽 👩‍👩‍👧'.split(
    " ",
  );

const word = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.string({ maxLength: 60 }) },
);
const words = fc.array(word, { minLength: 1, maxLength: 40 }).map((list) => list.join(" "));
const marked = fc.oneof(
  words,
  words.map((text) => `**${text}**`),
  words.map((text) => `_${text}_`),
  words.map((text) => `~~${text}~~`),
  words.map((text) => `\`${text}\``),
  words.map((text) => `**_${text}_**`),
  fc.tuple(words, fc.webUrl()).map(([text, href]) => `[${text}](${href})`),
);
const paragraph = fc.array(marked, { minLength: 1, maxLength: 4 }).map((list) => list.join(" "));
const code = fc
  .tuple(fc.constantFrom("", "ts", "python"), fc.array(words, { maxLength: 12 }))
  .map(([language, lines]) => `\`\`\`${language}\n${lines.join("\n")}\n\`\`\``);
const list = fc
  .tuple(fc.boolean(), fc.array(paragraph, { minLength: 1, maxLength: 6 }))
  .map(([isOrdered, items]) => items.map((item, index) => `${isOrdered ? `${index + 1}.` : "-"} ${item}`).join("\n"));
const table = fc
  .array(fc.tuple(word, word), { minLength: 1, maxLength: 8 })
  .map((rows) => ["| a | b |", "| --- | --- |", ...rows.map(([a, b]) => `| ${a} | ${b} |`)].join("\n"));
const block = fc.oneof(
  { weight: 5, arbitrary: paragraph },
  paragraph.map((text) => `## ${text}`),
  paragraph.map((text) => `> ${text}`),
  fc.constant("---"),
  code,
  code.map((text) => text.slice(0, -3)),
  list,
  table,
  fc.string({ maxLength: 300 }),
);

export function markdown(): fc.Arbitrary<string> {
  return fc.array(block, { minLength: 1, maxLength: 6 }).map((blocks) => blocks.join("\n\n"));
}
