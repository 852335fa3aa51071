// Acts of the house as the library wants them said. Pure: what has to be looked up (the message that is answered, who is in the group) is
// handed in. Whatever WhatsApp would refuse, or drop without a word, is refused here with the reason.
import type { AnyMessageContent, WAMessageKey } from "@whiskeysockets/baileys";
import type { HomeAct } from "../../../../contract/channels/home-acts.ts";
import type { LocalFile } from "../../driver.ts";
import { bare, userOf } from "./jid.ts";

export interface Member {
  /** As WhatsApp addresses them in this group. */
  id: string;
  /** Every name by which they are known. */
  known: readonly string[];
}

/** `isNote`: it is what WhatsApp plays as a voice note. */
export type OutFile = LocalFile & { isNote?: boolean };

export type Saying = { content: AnyMessageContent; isQuoting?: boolean };
export type Written = { sayings: Saying[] } | { refused: string };

const EDIT_MS = 15 * 60_000;
const DELETE_MS = 60 * 3_600_000;
const MOST_OPTIONS = 12;
const MOST_TEXT = 65_536;
const PIN_S = 604_800;

/** `target`: the message that an act names, and when it was written, as far as known. */
export function writeAct(
  act: Exclude<HomeAct, { type: "media" } | { type: "typing" }>,
  { members, target, now }: { members: readonly Member[]; target?: { key: WAMessageKey; at?: number } | undefined; now: number },
): Written {
  switch (act.type) {
    case "text": {
      if (act.text.trim() === "") return { refused: "There is no text to send." };
      if (act.text.length > MOST_TEXT) return { refused: "WhatsApp takes at most 65,536 characters in one message." };
      return {
        sayings: [{ content: { ...mention(act.text, members), linkPreview: null }, isQuoting: act.replyTo !== undefined }],
      };
    }
    case "edit": {
      if (!target) return { refused: UNKNOWN };
      if (!target.key.fromMe) return { refused: "Only own messages can be changed." };
      if (target.at !== undefined && now - target.at > EDIT_MS) {
        return { refused: "WhatsApp lets a message be changed for 15 minutes; write a new one." };
      }
      return { sayings: [{ content: { ...mention(act.text, members), edit: target.key, linkPreview: null } }] };
    }
    case "delete":
      if (!target) return { refused: UNKNOWN };
      if (!target.key.fromMe) return { refused: "Only own messages can be taken back." };
      if (target.at !== undefined && now - target.at > DELETE_MS) {
        return { refused: "WhatsApp lets a message be taken back for two days and a half." };
      }
      return { sayings: [{ content: { delete: target.key } }] };
    case "react":
      if (!target) return { refused: UNKNOWN };
      return { sayings: [{ content: { react: { key: target.key, text: act.emoji ?? "" } } }] };
    case "pin":
      if (!target) return { refused: UNKNOWN };
      return { sayings: [{ content: { pin: target.key, type: act.isPinned ? 1 : 2, time: PIN_S } }] };
    case "poll": {
      const values = act.options.map((option) => option.trim());
      if (values.length < 2 || values.length > MOST_OPTIONS) return { refused: "A WhatsApp poll has two to twelve options." };
      if (new Set(values).size !== values.length || values.includes("")) {
        return { refused: "The options of a WhatsApp poll must differ from each other, and none may be empty." };
      }
      return { sayings: [{ content: { poll: { name: act.question, values, selectableCount: act.isMultiple ? 0 : 1 } } }] };
    }
    case "draft":
      return { refused: "A WhatsApp message that grows while it is written rings at each step." };
    case "thread":
      return { refused: "WhatsApp has no threads." };
    default:
      return act satisfies never;
  }
}

const UNKNOWN = "That message is not known here any more, so it cannot be named to WhatsApp.";

/** Files of one act: the first carries the words, but a voice note has none; they follow it. */
export function writeMedia(
  files: readonly OutFile[],
  act: Pick<Extract<HomeAct, { type: "media" }>, "caption" | "replyTo">,
  members: readonly Member[],
): Saying[] {
  let caption = act.caption?.text.trim() ? mention(act.caption.text, members) : undefined;
  const sayings = files.map((file, index): Saying => {
    const words = takesCaption(file) ? caption : undefined;
    if (words) caption = undefined;
    return { content: contentOf(file, words), isQuoting: index === 0 && act.replyTo !== undefined };
  });
  return caption ? [...sayings, { content: { ...caption, linkPreview: null } }] : sayings;
}

const PICTURES = ["image/jpeg", "image/png"];
const FILMS = ["video/mp4", "video/3gpp"];
const SOUNDS = ["audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/x-m4a", "audio/opus"];

function isSound({ type }: Pick<LocalFile, "type">): boolean {
  return SOUNDS.includes(plainType(type));
}

/** WhatsApp plays a voice note only when it is Opus in Ogg. */
export function isOggOpus(type: string, head: Uint8Array): boolean {
  const start = Buffer.from(head).toString("latin1");
  return plainType(type).startsWith("audio/") && start.startsWith("OggS") && start.includes("OpusHead");
}

function takesCaption(file: LocalFile): boolean {
  return !isSound(file);
}

function plainType(type: string): string {
  return type.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function contentOf(file: OutFile, words: { text: string; mentions?: string[] } | undefined): AnyMessageContent {
  const type = plainType(file.type);
  const from = { url: file.path };
  const said = words ? { caption: words.text, ...(words.mentions ? { mentions: words.mentions } : {}) } : {};
  if (PICTURES.includes(type)) return { image: from, mimetype: type, ...said };
  if (FILMS.includes(type)) return { video: from, mimetype: type, ...said };
  if (isSound(file)) {
    const isNote = file.isNote ?? false;
    return { audio: from, mimetype: isNote ? "audio/ogg; codecs=opus" : type, ptt: isNote };
  }
  return { document: from, mimetype: type || "application/octet-stream", fileName: file.name, ...said };
}

/** "@+4915…" and "@4915…" of somebody in the group rings them; WhatsApp wants their name there as it addresses them. */
export function mention(text: string, members: readonly Member[]): { text: string; mentions?: string[] } {
  if (members.length === 0) return { text };
  const mentions = new Set<string>();
  const named = text.replace(/(?<![\p{L}\p{N}@])@\+?(\d{5,20})(?!\d)/gu, (written, digits: string) => {
    const member = members.find(({ known }) => known.some((jid) => userOf(jid) === digits));
    if (!member) return written;
    mentions.add(bare(member.id));
    return `@${userOf(member.id)}`;
  });
  return mentions.size > 0 ? { text: named, mentions: [...mentions] } : { text };
}
