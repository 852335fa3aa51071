import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readReply, showableText } from "../../../src/durable/agent/reply.ts";
import { blockLength, restOf } from "../../../src/durable/agent/reply-blocks.ts";

/** Answers as a model may write them: words, Markdown, tags, halves of tags, silence. */
const answer = fc
  .array(
    fc.oneof(
      fc.constantFrom("[[reply_to_current]]", "[[ reply_to : 42 ]]", "[[reply_to:", "[[", "]]", "[", "[link](x)", "NO_REPLY"),
      fc.constantFrom("No", " ", "\n", "\n\n", "**", "...", "```\n", "reply", "_"),
      fc.string({ maxLength: 6 }),
      fc.lorem({ maxCount: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""));

describe("reading an answer", () => {
  test.each([
    ["[[reply_to_current]] Hello", { text: "Hello", replyTo: { kind: "current" } }],
    ["  [[ reply_to_current ]]\nHello", { text: "Hello", replyTo: { kind: "current" } }],
    ["[[reply_to:17]]Hello", { text: "Hello", replyTo: { kind: "message", id: "17" } }],
    ["[[Reply_To: 1719.0042 ]] Hello", { text: "Hello", replyTo: { kind: "message", id: "1719.0042" } }],
    ["Hello [[reply_to_current]] there", { text: "Hello there" }],
    ["Hello", { text: "Hello" }],
    ["[[reply_to_nobody]] Hello", { text: "[[reply_to_nobody]] Hello" }],
    ["    indented code", { text: "    indented code" }],
  ])("%j", (written, expected) => {
    expect(readReply(written)).toEqual({ isSilent: false, ...expected });
  });

  test.each([
    "NO_REPLY",
    "no_reply",
    " NO_REPLY. ",
    "**NO_REPLY**",
    "`NO_REPLY`",
    "[[reply_to_current]] NO_REPLY",
    "…NO_REPLY!!",
  ])("%j is silence", (written) => {
    expect(readReply(written).isSilent).toBe(true);
  });

  test.each(["No reply.", "NO_REPLY is a word I know", "I say: NO_REPLY", "", "NO_REPLYING"])("%j is none", (written) => {
    expect(readReply(written).isSilent).toBe(false);
  });

  test("leaves no tag, and everything but tags and outer blanks", () => {
    fc.assert(
      fc.property(answer, (written) => {
        const { text } = readReply(written);
        expect(text).not.toMatch(/\[\[\s*reply_to_current\s*\]\]/i);
        expect(readReply(text).text).toBe(text);
        if (!/reply_to/i.test(written)) expect(text.trim()).toBe(written.trim());
      }),
      { numRuns: 3000 },
    );
  });
});

describe("an answer that is still being written", () => {
  test.each([
    ["N", ""],
    ["no_", ""],
    ["**NO_REP", ""],
    ["No,", "No,"],
    ["[", ""],
    ["[[reply_to_cur", ""],
    ["[[reply_to:12", ""],
    ["[[reply_to:12]] Hi", "Hi"],
    ["see [", "see"],
    ["see [this", "see [this"],
    ["Nobody", "Nobody"],
  ])("%j shows %j", (written, shown) => {
    expect(showableText(written)).toBe(shown);
  });

  test("never shows what the whole answer does not begin with", () => {
    fc.assert(
      fc.property(answer, fc.nat(200), (written, cut) => {
        const whole = readReply(written);
        const shown = showableText(written.slice(0, cut));
        expect((whole.isSilent ? "" : whole.text).startsWith(shown)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("blocks of a growing answer", () => {
  const paragraph = (char: string, length: number) => char.repeat(length);

  test("none is cut before there is enough", () => {
    expect(blockLength(`${paragraph("a", 100)}\n\n${paragraph("b", 100)}`)).toBe(0);
  });

  test("the last finished paragraph ends the block", () => {
    const text = `${paragraph("a", 300)}\n\n${paragraph("b", 300)}\n\nunfinish`;
    expect(text.slice(blockLength(text))).toBe("unfinish");
  });

  test("a paragraph that is too long is cut at a sentence", () => {
    const text = `${"Ten chars. ".repeat(150)}`;
    const length = blockLength(text);
    expect(length).toBeGreaterThanOrEqual(400);
    expect(length).toBeLessThanOrEqual(1200);
    expect(text.slice(0, length)).toMatch(/\.$/);
  });

  test("a code fence is never cut", () => {
    const fence = `\`\`\`js\n${"let x = 1;\n\n".repeat(200)}\`\`\``;
    expect(blockLength(fence)).toBe(0);
    expect(blockLength(`${fence}\n\nafter`)).toBe(fence.length + 2);
    const before = `${paragraph("a", 500)}\n\n`;
    expect(blockLength(`${before}${fence}`)).toBe(before.length);
  });

  test("all blocks and the rest are the answer, no fence is cut, and none but a fence or a word is too long", () => {
    const piece = fc.oneof(
      fc.lorem({ maxCount: 40 }),
      fc.constantFrom("\n\n", "\n", "```\ncode\n\nmore\n```", "~~~\n", " ", "- item\n"),
      fc.string({ maxLength: 300 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 400 }), (pieces, stride) => {
        const whole = pieces.join("");
        let sent = "";
        for (let end = stride; end < whole.length; end += stride) {
          for (let length = blockLength(whole.slice(sent.length, end)); length > 0; ) {
            sent = whole.slice(0, sent.length + length);
            length = blockLength(whole.slice(sent.length, end));
          }
        }
        expect(sent + restOf(whole, sent)).toBe(whole);
        expect(restOf(whole, sent)).not.toContain("My answer changed");
      }),
      { numRuns: 500 },
    );
  });

  test("an answer that changed is sent as a whole, with a word", () => {
    expect(restOf("New text", "Old")).toMatch(/^\(My answer changed[^)]*\)\n\nNew text$/);
    expect(restOf("", "Old")).toBe("");
  });
});
