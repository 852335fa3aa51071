// An act as the event that a room gets. Pure; what is rendered comes in rendered.
import type { HomeAct } from "../../../contract/channels/home-acts.ts";
import type { LocalFile } from "../driver.ts";
import type { Json } from "./wire.ts";

type Words = { text: string; html?: string };

export interface Place {
  thread?: string | undefined;
  replyTo?: string | undefined;
}

const USER_ID = /@[\w.=\-/+]{1,100}:[\w.-]{1,120}(?::\d{1,5})?/g;
const MOST_MENTIONS = 10;

/** `members`: who can be mentioned by their full id. */
export function messageOf(words: Words, place: Place, members: readonly string[]): Json {
  return { ...textOf(words, members), ...relationOf(place) };
}

export function editOf(words: Words, message: string): Json {
  const { html } = words;
  const fresh = textOf(words, []);
  return {
    ...textOf({ text: `* ${words.text}`, ...(html === undefined ? {} : { html: `* ${html}` }) }, []),
    "m.new_content": fresh,
    "m.relates_to": { rel_type: "m.replace", event_id: message },
  };
}

export interface SentFile {
  file: LocalFile;
  /** Its address, or what a sealed one is opened with. */
  at: { url: string } | { file: Json };
  caption: Words | undefined;
  isVoice: boolean;
  durationMs: number | undefined;
}

export function fileMessageOf({ file, at, caption, isVoice, durationMs }: SentFile, place: Place): Json {
  const kind = isVoice ? "audio" : (/^(image|audio|video)\//.exec(file.type)?.[1] ?? "file");
  const duration = durationMs === undefined ? {} : { duration: durationMs };
  return {
    msgtype: `m.${kind}`,
    ...(caption ? { ...bodyOf(caption), filename: file.name } : { body: file.name, filename: file.name }),
    info: { mimetype: file.type, size: file.size, ...duration },
    ...at,
    ...(isVoice ? { "org.matrix.msc3245.voice": {}, "org.matrix.msc1767.audio": { ...duration } } : {}),
    "m.mentions": {},
    ...relationOf(place),
  };
}

export function pollOf({ question, options, isMultiple }: Extract<HomeAct, { type: "poll" }>, place: Place): Json {
  const list = options.map((option, at) => `${at + 1}. ${option}`).join("\n");
  return {
    "org.matrix.msc3381.poll.start": {
      question: { "org.matrix.msc1767.text": question, body: question, msgtype: "m.text" },
      kind: "org.matrix.msc3381.poll.disclosed",
      max_selections: isMultiple ? options.length : 1,
      answers: options.map((option, at) => ({ id: `option-${at + 1}`, "org.matrix.msc1767.text": option })),
    },
    "org.matrix.msc1767.text": `${question}\n${list}`,
    ...relationOf(place),
  };
}

export function reactionOf(message: string, emoji: string): Json {
  return { "m.relates_to": { rel_type: "m.annotation", event_id: message, key: emoji } };
}

function textOf(words: Words, members: readonly string[]): Json {
  const named = [...new Set(words.text.match(USER_ID) ?? [])].filter((id) => members.includes(id)).slice(0, MOST_MENTIONS);
  return {
    msgtype: "m.text",
    ...bodyOf(words),
    // Said also when it is empty: then no app looks for names in the words.
    "m.mentions": named.length > 0 ? { user_ids: named } : {},
  };
}

function bodyOf({ text, html }: Words): Json {
  return { body: text, ...(html === undefined ? {} : { format: "org.matrix.custom.html", formatted_body: html }) };
}

function relationOf({ thread, replyTo }: Place): Json {
  if (thread !== undefined) {
    const isReply = replyTo !== undefined && replyTo !== thread;
    return {
      "m.relates_to": {
        rel_type: "m.thread",
        event_id: thread,
        is_falling_back: !isReply,
        "m.in_reply_to": { event_id: isReply ? replyTo : thread },
      },
    };
  }
  return replyTo === undefined ? {} : { "m.relates_to": { "m.in_reply_to": { event_id: replyTo } } };
}
