// Export: every page of a transcript is gathered once, in order, and written so that it can be read again.
import { describe, expect, it } from "vitest";
import type { WireMessage } from "../../../src/client/frames.ts";
import { collectTranscript } from "../../../src/web/control/sessions/transcript.ts";
import { writeJson, writeMarkdown } from "../../../src/web/control/sessions/transcript-file.ts";

const AT = Date.UTC(2026, 10, 23, 12, 0);

function message(seq: number, change: Partial<WireMessage> = {}): WireMessage {
  return { role: "user", content: `message ${seq}`, timestamp: AT, __openclaw: { id: `m${seq}`, seq }, ...change };
}

function pages(total: number, size: number) {
  const all = Array.from({ length: total }, (_, at) => message(at + 1));
  const asked: (number | undefined)[] = [];
  const fetch = (before: number | undefined) => {
    asked.push(before);
    const older = all.slice(0, before === undefined ? total : before - 1);
    return Promise.resolve({ messages: older.slice(-size), hasMore: older.length > size, totalMessages: total });
  };
  return { all, asked, fetch };
}

const about = { title: "Travel", session: { key: "agent:main:travel" }, exportedAt: new Date(AT) };

describe("gathering a transcript", () => {
  it.each([0, 1, 7, 8, 1001])("brings %d messages whole and in order", async (total) => {
    const { all, fetch } = pages(total, 7);
    expect(await collectTranscript(fetch)).toEqual(all);
  });

  it("asks each page before the oldest message it has, and tells how far it is", async () => {
    const { asked, fetch } = pages(20, 8);
    const told: string[] = [];
    await collectTranscript(fetch, (count, total) => told.push(`${count}/${total}`));
    expect(asked).toEqual([undefined, 13, 5]);
    expect(told).toEqual(["8/20", "16/20", "20/20"]);
  });

  it("ends when a page brings nothing, whatever it says of more", async () => {
    expect(await collectTranscript(() => Promise.resolve({ messages: [], hasMore: true }))).toEqual([]);
  });
});

describe("the JSON file", () => {
  it("holds every message as it was sent", () => {
    const messages = [message(1), message(2, { role: "assistant", model: "x" })];
    const read = JSON.parse(writeJson(about, messages));
    expect(read).toMatchObject({
      format: "skerry-transcript",
      version: 1,
      title: "Travel",
      session: { key: "agent:main:travel" },
    });
    expect(read.messages).toEqual(messages);
  });
});

describe("the Markdown file", () => {
  it("says who spoke, when and with which model", () => {
    const text = writeMarkdown(about, [
      message(1, { content: "Where to?" }),
      message(2, { role: "assistant", provider: "demo", model: "demo", content: [{ type: "text", text: "To the sea." }] }),
    ]);
    expect(text).toContain("# Travel\n");
    expect(text).toContain("## You · 2026-11-23 12:00 UTC\n\nWhere to?");
    expect(text).toContain("## Agent · 2026-11-23 12:00 UTC, demo/demo\n\nTo the sea.");
  });

  it("folds thinking, calls and results away", () => {
    const text = writeMarkdown(about, [
      message(1, {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm.\nYes." },
          { type: "toolCall", id: "c", name: "read", arguments: { path: "SOUL.md" } },
        ],
      }),
      message(2, { role: "toolResult", toolName: "read", isError: true, content: [{ type: "text", text: "no such file" }] }),
    ]);
    expect(text).toContain("<summary>Thinking</summary>\n\n> Hm.\n> Yes.");
    expect(text).toContain('<summary>Call of read</summary>\n\n```json\n{\n  "path": "SOUL.md"\n}\n```');
    expect(text).toContain("<summary>Result of read (failed)</summary>\n\n```\nno such file\n```");
  });

  it("keeps a result's own fences and tags from breaking out", () => {
    const body = "````md\n```js\n1\n```\n````\n</details>";
    const text = writeMarkdown(about, [
      message(1, { role: "toolResult", toolName: "<b>x", content: [{ type: "text", text: body }] }),
    ]);
    expect(text).toContain("`````\n````md\n```js\n1\n```\n````\n</details>\n`````");
    expect(text).toContain("<summary>Result of &lt;b>x</summary>");
  });
});
