// A transcript as a file: JSON with everything as it was sent, or Markdown for reading.
import type { SessionSummary, WireMessage } from "../../../client/frames.ts";
import { type CallItem, markOf, textOfContent } from "../../../client/view-items.ts";

export interface TranscriptAbout {
  title: string;
  session: SessionSummary;
  exportedAt: Date;
}

export function writeJson({ title, session, exportedAt }: TranscriptAbout, messages: readonly WireMessage[]): string {
  const head = { format: "skerry-transcript", version: 1, title, exportedAt: exportedAt.toISOString() };
  return `${JSON.stringify({ ...head, session, messages }, null, 2)}\n`;
}

export function writeMarkdown({ title, session, exportedAt }: TranscriptAbout, messages: readonly WireMessage[]): string {
  const head = [`# ${inOneLine(title)}`, `Session \`${session.key}\`, exported ${timeOf(exportedAt.getTime())}.`];
  return `${[...head, ...messages.map(writeMessage).filter((text) => text !== "")].join("\n\n")}\n`;
}

function writeMessage(message: WireMessage): string {
  const text = textOfContent(message.content).trim();
  const mark = markOf(message);
  if (message.role === "toolResult") {
    const outcome: CallItem["state"] | string = mark.outcome ?? (message.isError ? "failed" : "done");
    return fold(`Result of ${message.toolName ?? "a tool"}${outcome === "done" ? "" : ` (${outcome})`}`, fence(text));
  }
  if (mark.kind === "compaction") return fold("Earlier messages were summarised", (mark.summary ?? text).trim());
  if (mark.kind === "note") return text === "" ? "" : quote(text);
  const who = message.role === "user" ? "You" : message.role === "assistant" ? "Agent" : message.role;
  const model =
    message.role === "assistant" && message.model ? `, ${[message.provider, message.model].filter(Boolean).join("/")}` : "";
  const parts = typeof message.content === "string" ? [] : (message.content ?? []);
  const body = parts.flatMap((part) => {
    switch (part.type) {
      case "text":
        return [];
      case "thinking":
        return [fold("Thinking", quote(part.thinking ?? part.text ?? ""))];
      case "toolCall":
        return [fold(`Call of ${part.name}`, fence(JSON.stringify(part.arguments ?? {}, null, 2), "json"))];
      case "image":
      case "file":
        return [
          `*${part.type === "image" ? "Picture" : "File"}: ${inOneLine(part.media?.name ?? part.media?.type ?? part.mimeType ?? "unnamed")}*`,
        ];
      default:
        return part satisfies never;
    }
  });
  const whole = [text, ...body].filter((part) => part !== "").join("\n\n");
  return whole === "" ? "" : `## ${who} · ${timeOf(message.timestamp ?? 0)}${model}\n\n${whole}`;
}

/** A code block whose fence is longer than any in the text. */
function fence(text: string, language = ""): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const bar = "`".repeat(longest + 1);
  return `${bar}${language}\n${text}\n${bar}`;
}

function fold(summary: string, body: string): string {
  return `<details>\n<summary>${escapeMarkup(inOneLine(summary))}</summary>\n\n${body}\n\n</details>`;
}

function quote(text: string): string {
  return text
    .trim()
    .split("\n")
    .map((line) => `> ${line}`.trimEnd())
    .join("\n");
}

function escapeMarkup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
