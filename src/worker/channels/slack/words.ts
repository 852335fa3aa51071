// What Slack writes, as people and the model read it: mentions by name, links as Markdown, entities as characters.
import type { MessageAttachment } from "@slack/types";

/** Ids of the people whom a text names. */
export function peopleIn(text: string): string[] {
  return Array.from(text.matchAll(/<@([UW][A-Z0-9]+)/g), ([, id = ""]) => id);
}

export function readWords(text: string, names: ReadonlyMap<string, string>): string {
  return text
    .replace(/<([^<>]+)>/g, (_whole, inner: string) => {
      const [target = "", label = ""] = splitAt(inner, "|");
      if (target.startsWith("@")) return `@${label || (names.get(target.slice(1)) ?? target.slice(1))}`;
      if (target.startsWith("#")) return `#${label || target.slice(1)}`;
      if (target.startsWith("!")) return label === "" ? `@${target.slice(1).split("^")[0]}` : label;
      const address = target.replace(/^mailto:/, "");
      return label === "" || address.replace(/^https?:\/\//, "") === label.replace(/^https?:\/\//, "")
        ? address
        : `[${label}](${target})`;
    })
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** The words of blocks, for messages that have no text beside them: those of programs. */
export function wordsOfBlocks(blocks: readonly unknown[] | undefined): string {
  return (blocks ?? [])
    .map((block) => {
      const { text, fields } = block as { text?: string | { text?: string }; fields?: { text?: string }[] };
      const own = typeof text === "string" ? text : text?.text;
      return [own, ...(fields ?? []).map((field) => field.text)].filter(Boolean).join("\n");
    })
    .filter((words) => words !== "")
    .join("\n");
}

/** What a message brings along: messages that were passed on, and all that a program puts beside its text. */
export function wordsOfAttachments(attachments: readonly MessageAttachment[] | undefined, isAlone: boolean): string {
  return (attachments ?? [])
    .map((one) => {
      const passed = one as { is_share?: boolean; is_msg_unfurl?: boolean };
      const words = one.text || one.fallback || "";
      if (passed.is_share || passed.is_msg_unfurl) return `[forwarded from ${one.author_name ?? "someone"}]\n${words}`;
      return isAlone ? [one.title, words].filter(Boolean).join("\n") : "";
    })
    .filter((words) => words !== "")
    .join("\n");
}
