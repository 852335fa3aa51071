// A message of Discord in our words, whichever way it came: its text as people read it, its files, what it answers, who
// wrote it and where. Everything that can be sent has a text the model can read.
import type { APIAttachment, APIMessage, APIUser } from "discord-api-types/v10";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Address, Message, RemoteMedia, Sender } from "../../../contract/message.ts";

const EPOCH_MS = 1420070400000n;
const VOICE = 1 << 13;
const FORWARD = 1;
const STICKER_ENDINGS: Record<number, string> = { 1: "png", 2: "png", 4: "gif" };

/** What is read of a message; those that come along with a command lack the rest. */
export type Said = Pick<APIMessage, "id" | "content"> &
  Partial<
    Pick<
      APIMessage,
      | "type"
      | "author"
      | "attachments"
      | "sticker_items"
      | "poll"
      | "embeds"
      | "flags"
      | "mentions"
      | "message_reference"
      | "message_snapshots"
      | "referenced_message"
    >
  >;

/** An id tells when its thing was made. */
export function timeOf(id: string): number {
  return /^\d{1,20}$/.test(id) ? Number((BigInt(id) >> 22n) + EPOCH_MS) : 0;
}

export function nameOf(user: APIUser, nick?: string | null): string {
  // One line: what looks like more could be taken for somebody else's words.
  return (nick || user.global_name || user.username).replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

export function senderOf(user: APIUser, nick?: string | null): Sender {
  return { id: user.id, name: nameOf(user, nick), isOwner: false };
}

export interface Room {
  channel: string;
  /** The channel that a thread belongs to. */
  parent?: string;
}

export function groupAddress(account: string, { channel, parent }: Room, route?: Record<string, string>): Address {
  return {
    ...headOf(account),
    peer: parent ?? channel,
    kind: "group",
    ...(parent === undefined ? {} : { thread: channel }),
    ...(route ? { route } : {}),
  };
}

/** Of a direct talk the person is the peer; its channel is the way back. */
export function directAddress(account: string, user: string, route: Record<string, string>): Address {
  return { ...headOf(account), peer: user, kind: "direct", route };
}

function headOf(account: string): Pick<Address, "channel" | "account"> {
  return { channel: "discord", ...(account === DEFAULT_ACCOUNT ? {} : { account }) };
}

/** The whole message in words: what it says, and what it has that is no text. */
export function textOfSaid(said: Said, botId: string): string {
  const forwards = said.message_reference?.type === FORWARD ? (said.message_snapshots ?? []) : [];
  return [
    readable(said.content, said.mentions ?? [], botId),
    ...forwards.map(({ message }) => `[forwarded]\n${textOfSaid({ id: said.id, ...message }, botId)}`.trim()),
    ...describeThings(said),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function describeThings(said: Said): string[] {
  const { poll } = said;
  const asked = poll
    ? [`[poll: ${poll.question.text ?? ""} — ${poll.answers.map(({ poll_media }) => poll_media.text ?? "").join(" / ")}]`]
    : [];
  const stuck = (said.sticker_items ?? []).map(({ name }) => `[sticker ${name}]`);
  // Previews of links repeat what the link leads to; what a program made to be read is all there is.
  const cards = (said.embeds ?? [])
    .filter(({ type }) => type === undefined || type === "rich")
    .map(({ title, description, fields = [] }) =>
      [title, description, ...fields.map(({ name, value }) => `${name}: ${value}`)].filter(Boolean).join("\n"),
    );
  return [...asked, ...stuck, ...cards];
}

/** Discord's marks for people, places, emoji and dates, as they are shown. Our own name at the front is only an address. */
function readable(content: string, mentions: readonly APIUser[], botId: string): string {
  const own = new RegExp(`^\\s*<@!?${/^\d+$/.test(botId) ? botId : "(?!)"}>[,:]?\\s*`);
  return content
    .replace(own, "")
    .replace(/<@!?(\d+)>/g, (_whole, id: string) => {
      const user = mentions.find((mentioned) => mentioned.id === id);
      return `@${user ? nameOf(user) : id}`;
    })
    .replace(/<@&(\d+)>/g, "@role $1")
    .replace(/<#(\d+)>/g, "#$1")
    .replace(/<a?(:\w+:)\d+>/g, "$1")
    .replace(/<t:(-?\d{1,11})(?::\w)?>/g, (_whole, seconds: string) => new Date(Number(seconds) * 1000).toISOString())
    .replace(/<(\/[^:>]+):\d+>/g, "$1")
    .trim();
}

export function filesOfSaid(said: Said): RemoteMedia[] {
  const isVoice = ((said.flags ?? 0) & VOICE) !== 0;
  const stickers = (said.sticker_items ?? []).flatMap(({ id, name, format_type }): RemoteMedia[] => {
    const ending = STICKER_ENDINGS[format_type];
    // Others are drawings that move, no pictures a model reads; their name stands in the text.
    if (ending === undefined) return [];
    return [{ handle: `https://media.discordapp.net/stickers/${id}.${ending}`, kind: "sticker", name: `${name}.${ending}` }];
  });
  const forwarded = (said.message_snapshots ?? []).flatMap(({ message }) => filesOfSaid({ id: said.id, ...message }));
  return [...(said.attachments ?? []).map((file) => fileOf(file, isVoice)), ...stickers, ...forwarded];
}

export function fileOf(file: APIAttachment, isVoice = false): RemoteMedia {
  return {
    handle: file.url,
    kind: isVoice ? "voice" : kindOf(file.content_type ?? ""),
    name: file.filename,
    size: file.size,
    ...(file.content_type ? { type: file.content_type } : {}),
    ...(file.duration_secs === undefined ? {} : { durationS: file.duration_secs }),
  };
}

function kindOf(type: string): RemoteMedia["kind"] {
  const kind = (["image", "audio", "video"] as const).find((known) => type.startsWith(`${known}/`));
  return kind ?? "file";
}

/** The message that this one answers. */
export function quotedOf(said: Said, botId: string): Pick<Message, "quoted"> | undefined {
  const id = said.referenced_message?.id ?? said.message_reference?.message_id;
  if (id === undefined || said.message_reference?.type === FORWARD) return undefined;
  return { quoted: quote({ ...(said.referenced_message ?? { content: "" }), id }, botId) };
}

export function quote(said: Said, botId: string): NonNullable<Message["quoted"]> {
  const text =
    textOfSaid(said, botId) ||
    filesOfSaid(said)
      .map(({ kind, name }) => `[${kind} ${name ?? ""}]`.replace(" ]", "]"))
      .join(" ");
  return {
    platformId: said.id,
    ...(text === "" ? {} : { text }),
    ...(said.author ? { author: nameOf(said.author), isOurs: said.author.id === botId } : {}),
  };
}
