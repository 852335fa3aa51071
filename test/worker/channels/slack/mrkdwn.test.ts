// Markdown as Slack's marks: examples of every kind, and what holds of any text. Whether something is a mark is asked of
// a reader that follows Slack's rules: a mark opens before a word and behind what is no word, and closes the other way round.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeliveryStyle } from "../../../../src/contract/channels/delivery.ts";
import { guardMarkdown, renderMrkdwn } from "../../../../src/worker/channels/slack/mrkdwn.ts";
import { slack } from "../../../../src/worker/channels/slack/slack.ts";
import { PLAIN, renderMarkdown } from "../../../../src/worker/channels/text/render.ts";
import { markdown } from "../../../support/markdown-texts.ts";

/** What Slack does not show. */
const INVISIBLE = /[\u200b\u2060]/g;
const TOKEN = /<([^<>|\n]*)(?:\|([^<>\n]*))?>/g;

function readEntities(text: string): string {
  return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

/** The stretches that Slack would show with marks. */
function markedIn(mrkdwn: string): string[] {
  const found = /(?<=^|[^\p{L}\p{N}\u2060])([*_~`])(?=[^\s\u2060])([^\n]*?[^\s\u2060])\1(?![\p{L}\p{N}\u2060])/gmu;
  return Array.from(mrkdwn.replace(/```[\s\S]*?```/g, "").matchAll(found), ([whole]) => whole);
}

const style: DeliveryStyle = {
  streaming: "partial",
  textLimit: 4000,
  chunkMode: "length",
  replyTo: "off",
  showsTyping: true,
  editEveryMs: 1000,
};

describe("renderMrkdwn", () => {
  it.each([
    ["**bold** _it_ *it* ~~gone~~ `code`", "*bold* _it_ _it_ ~gone~ `code`"],
    ["**_both_**", "*_both_*"],
    ["# Title\n\nText", "*Title*\n\nText"],
    ["## A **bold** title", "*A bold title*"],
    ["[here](https://example.com/a?b=c&d=e)", "<https://example.com/a?b=c&amp;d=e|here>"],
    ["[**x**](https://example.com)", "<https://example.com|x>"],
    ["https://example.com/a_b_c", "<https://example.com/a_b_c>"],
    ["<ann@example.com>", "<mailto:ann@example.com>"],
    ["[x](javascript:alert(1))", "x"],
    ["![boat](https://example.com/b.png)", "<https://example.com/b.png|boat>"],
    ["- one\n- two\n  - three\n- [x] four", "• one\n• two\n  • three\n• ☑ four"],
    ["3. c\n4. d", "3. c\n4. d"],
    ["> said\n> again", "> said\n> again"],
    ["> one\n>> two", "> one\n\n> two"],
    ["```ts\nconst a = `x` && b < c;\n```", "```\nconst a = `x` &amp;&amp; b &lt; c;\n```"],
    ["> ```\n> code\n> ```", "```\ncode\n```"],
    ["---", "———"],
    ["a & b < c > d", "a &amp; b &lt; c &gt; d"],
    ["| a | b |\n| --- | --- |\n| 1 | 2 |", "```\na  b\n─  ─\n1  2\n```"],
    ["**two\nlines**", "*two*\n*lines*"],
    ["2 * 3 * 4, snake_case_name, x_1", "2 * 3 * 4, snake_case_name, x_1"],
  ])("%j → %j", (source, expected) => {
    expect(renderMrkdwn(source)).toBe(expected);
  });

  it("lets marks touch a word, where Slack would not see them", () => {
    expect(renderMrkdwn("a**b**c")).toBe("a\u200b*b*\u200bc");
    expect(renderMrkdwn("(**b**)")).toBe("(*b*)");
  });

  it("shows characters that are marks to Slack as characters", () => {
    expect(renderMrkdwn("\\*not bold\\* and \\_not\\_ and \\`not\\`").replace(INVISIBLE, "")).toBe(
      "*not bold* and _not_ and `not`",
    );
    expect(markedIn(renderMrkdwn("\\*not bold\\* and \\_not\\_ and \\`not\\`"))).toEqual([]);
    expect(renderMrkdwn("\\> no quote").startsWith("&gt;")).toBe(false);
  });

  it("keeps a fence inside code from ending it", () => {
    const shown = renderMrkdwn("````\na\n```\nb\n````");
    expect(shown.match(/```/g)).toHaveLength(2);
    expect(shown.replace(INVISIBLE, "")).toBe("```\na\n```\nb\n```");
  });

  it.each([
    "<!channel>",
    "<!here|here>",
    "<@U0ANN>",
    "<#C0TOWN>",
    "<!subteam^S1>",
    "<!date^1^{date}|x>",
    "@channel",
    "@here now",
    "@everyone",
  ])("makes no mention of %s", (text) => {
    for (const source of [text, `**${text}**`, `\`${text}\``, `> ${text}`, `[${text}](https://example.com)`, `- ${text}`]) {
      const shown = renderMrkdwn(source);
      expect(shown).not.toMatch(/<[!@#]/);
      if (!source.includes("`")) expect(shown).not.toMatch(/@(channel|here|everyone)/);
    }
  });

  it("leaves no door in the address of a link", () => {
    const shown = renderMrkdwn("[a](<https://example.com/|x> <!channel>>) [b](https://example.com/%3E%3C!channel%3E)");
    expect(shown).not.toContain("<!");
  });

  it("holds of any text: entities whole, links links, fences closed, nothing lost, each part within the limit", () => {
    const visible = { ...PLAIN, link: (inner: string) => inner };
    fc.assert(
      fc.property(markdown(), fc.integer({ min: 120, max: 4000 }), (source, textLimit) => {
        const parts = slack.split(source, { ...style, textLimit });
        const shown = parts.map(renderMrkdwn);
        for (const part of shown) {
          expect(part.length).toBeLessThanOrEqual(textLimit);
          expect(part).not.toMatch(/[\p{Cc}--\s]/v);
          expect(part.replace(TOKEN, "").replace(/^(?:> )?(?: *(?:•|\d+\.) (?:[☑☐] )?)*(?:> )?/gm, "")).not.toMatch(/[<>]/);
          for (const [, address = ""] of part.matchAll(TOKEN)) expect(address).toMatch(/^(https?:\/\/|mailto:|tel:)\S*$/i);
          expect(part.replace(/&(amp|lt|gt);/g, "")).not.toContain("&");
          expect((part.match(/```/g) ?? []).length % 2).toBe(0);
        }
        const found = shown.join("\n").replace(TOKEN, (_token, address: string, label = "") => `${label} ${address}`);
        expect(isSubsequence(lettersOf(renderMarkdown(source, visible)), lettersOf(readEntities(found)))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  }, 120_000);

  it("holds of any words: what is only text is never marked", () => {
    const words = fc
      .array(fc.constantFrom("*", "_", "~", "`", "a", "b c", " ", ".", "(", ">", "1", "é", "**", "__"), { maxLength: 40 })
      .map((list) => list.join(""));
    fc.assert(
      fc.property(words, (text) => {
        const source = text.replace(/[^\p{L}\p{N}\s]/gu, "\\$&");
        const shown = renderMrkdwn(source);
        expect(markedIn(shown)).toEqual([]);
        expect(readEntities(shown.replace(INVISIBLE, "")).replace(/\s/g, "")).toBe(
          source.trim() === "" ? "" : text.replace(/\s/g, ""),
        );
      }),
      { numRuns: 2000 },
    );
  }, 120_000);
});

describe("split", () => {
  it("never makes a message longer than Slack takes, whatever the settings say", () => {
    const parts = slack.split("<&> ".repeat(3000), { ...style, textLimit: 100_000 });
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) expect(renderMrkdwn(part).length).toBeLessThanOrEqual(4000);
  });

  it("makes nothing of nothing", () => {
    expect(slack.split(" \n", style)).toEqual([]);
  });
});

describe("guardMarkdown", () => {
  it.each(["<!channel>", "&lt;!here&gt;", "&#60;!channel>", "&#x3c;@U1>", "@channel", "@HERE"])(
    "makes no mention of %s",
    (text) => {
      expect(guardMarkdown(text)).toContain("\u2060");
      expect(guardMarkdown(text).replace(/\u2060/g, "")).toBe(text);
    },
  );

  it("leaves everything else as it is", () => {
    const text = "a < b, Array<string>, x@example.com, **bold** @herein";
    expect(guardMarkdown(text)).toBe(text);
  });

  it("holds of any text: what was shown of a beginning is the beginning of what is shown", () => {
    const text = fc.array(fc.constantFrom("<", "&lt;", "&", "l", "!", "@", "#", "channel", "here", "x", " ", ";"), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(text, fc.nat(), (words, at) => {
        const whole = words.join("");
        const beginning = whole.slice(0, at % (whole.length + 1));
        const shown = guardMarkdown(beginning);
        // A word that has just become one ("@her" + "e") is the one thing that changes behind what was shown.
        if (guardMarkdown(whole).startsWith(shown)) return;
        expect(beginning).toMatch(/@\w*$|@[a-z]+$/i);
      }),
      { numRuns: 1000 },
    );
  });
});

function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, "").replaceAll("ˋ", "");
}

function isSubsequence(wanted: string, found: string): boolean {
  let at = 0;
  for (const letter of found) if (wanted.startsWith(letter, at)) at += letter.length;
  return at === wanted.length;
}
