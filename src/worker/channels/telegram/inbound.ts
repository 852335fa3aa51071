// What Telegram tells: an Update as messages and notices in our words. Everything a person can send has a text the model
// can read; files stay where they are until their sender is let in.
import type { ExternalReplyInfo, MessageOrigin, Message as TelegramMessage, Update, User } from "grammy/types";
import type { Inbound } from "../../../contract/channels/channel.ts";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Address, Message, RemoteMedia, Sender } from "../../../contract/message.ts";
import { commands } from "../../../durable/agent/commands.ts";

/** The bot itself, as getMe tells. */
export interface Bot {
  id: number;
  username: string;
}

/** A text of this many characters was cut by the app: the next one goes on with it. */
const CUT_AT = 4000;
const GENERAL_TOPIC = 1;

export function readUpdate(update: Update, bot: Bot, account: string): Inbound[] {
  const id = `telegram:${account}:${update.update_id}`;
  const place = placeMaker(account);
  if (update.message) return readMessage(update.message, id, bot, place);
  if (update.edited_message) return readEdit(update.edited_message, id, bot, place);
  if (update.callback_query) return readPress(update.callback_query, id, place);
  if (update.message_reaction) return readReaction(update.message_reaction, id, place);
  if (update.poll_answer?.user) {
    const { user, option_ids, poll_id } = update.poll_answer;
    const from: Address = place({ id: user.id, type: "private" });
    const chosen = option_ids.length === 0 ? "took their vote back" : `chose option ${option_ids.map((at) => at + 1).join(", ")}`;
    return [
      notice({ id, from, sender: senderOf(user), sentAt: Date.now() }, `[${nameOf(user)} ${chosen} in the poll ${poll_id}]`),
    ];
  }
  if (update.my_chat_member) return readMembership(update.my_chat_member, id, place);
  return [];
}

type Chat = { id: number; type: string; title?: string | undefined };
type PlaceOf = (chat: Chat, thread?: number) => Address;

function placeMaker(account: string): PlaceOf {
  return (chat, thread) => ({
    channel: "telegram",
    ...(account === DEFAULT_ACCOUNT ? {} : { account }),
    peer: String(chat.id),
    kind: chat.type === "private" ? "direct" : "group",
    ...(thread === undefined || thread === GENERAL_TOPIC ? {} : { thread: String(thread) }),
  });
}

type Head = Pick<Message, "id" | "from" | "sender" | "sentAt">;

function notice(head: Head, text: string): Inbound {
  return { kind: "notice", message: { ...head, parts: [{ type: "text", text }] } };
}

function readMessage(said: TelegramMessage, id: string, bot: Bot, place: PlaceOf): Inbound[] {
  const author = said.from;
  if (!author || author.id === bot.id) return [];
  const from = place(said.chat, said.is_topic_message ? said.message_thread_id : undefined);
  const head = { id, from, sender: senderOf(author), sentAt: said.date * 1000 };
  const service = describeService(said, bot);
  if (service !== undefined) return [notice({ ...head }, service)];
  const written = said.text ?? said.caption ?? "";
  const text = [forwardedFrom(said), withoutMention(written, bot), describeThing(said)].filter((part) => part !== "").join("\n");
  const attachments = filesOf(said);
  if (text === "" && attachments.length === 0) return [];
  const joinAs = said.media_group_id ?? (written.length >= CUT_AT ? `long:${author.id}` : undefined);
  const message: Message = {
    ...head,
    parts: text === "" ? [] : [{ type: "text", text }],
    platformId: String(said.message_id),
    ...(attachments.length > 0 ? { attachments } : {}),
    ...quotedOf(said, bot),
    ...(from.kind === "group" ? { isToUs: isToBot(said, bot) } : {}),
    ...(author.is_bot ? { isFromBot: true } : {}),
    ...(said.chat.type === "private" ? {} : { placeName: said.chat.title }),
    ...(joinAs === undefined ? {} : { joinAs }),
  };
  return [{ kind: "message", message }];
}

function readEdit(said: TelegramMessage, id: string, bot: Bot, place: PlaceOf): Inbound[] {
  const author = said.from;
  if (!author || author.id === bot.id) return [];
  const from = place(said.chat, said.is_topic_message ? said.message_thread_id : undefined);
  const head = { id, from, sender: senderOf(author), sentAt: (said.edit_date ?? said.date) * 1000 };
  const text = said.text ?? said.caption ?? describeThing(said);
  return [notice(head, `[${nameOf(author)} changed their message ${said.message_id}; it now says:]\n${text}`)];
}

function readPress(pressed: NonNullable<Update["callback_query"]>, id: string, place: PlaceOf): Inbound[] {
  const said = pressed.message;
  if (!said || pressed.data === undefined) return [];
  const topic = "is_topic_message" in said && said.is_topic_message ? said.message_thread_id : undefined;
  const from = place(said.chat, topic);
  const message: Message = {
    id,
    from,
    sender: senderOf(pressed.from),
    parts: [{ type: "text", text: pressed.data }],
    sentAt: Date.now(),
    ...(from.kind === "group" ? { isToUs: true } : {}),
  };
  return [{ kind: "message", message }];
}

function readReaction(changed: NonNullable<Update["message_reaction"]>, id: string, place: PlaceOf): Inbound[] {
  const { user } = changed;
  if (!user) return [];
  const before = changed.old_reaction.map(emojiOf);
  const added = changed.new_reaction.map(emojiOf).filter((emoji) => !before.includes(emoji));
  const what = added.length > 0 ? `reacted ${added.join(" ")} to` : "took their reaction away from";
  const head = { id, from: place(changed.chat), sender: senderOf(user), sentAt: changed.date * 1000 };
  return [notice(head, `[${nameOf(user)} ${what} message ${changed.message_id}]`)];
}

function emojiOf(reaction: { type: string; emoji?: string }): string {
  return reaction.emoji ?? `(${reaction.type.replaceAll("_", " ")})`;
}

function readMembership(changed: NonNullable<Update["my_chat_member"]>, id: string, place: PlaceOf): Inbound[] {
  const { status } = changed.new_chat_member;
  const what = ["left", "kicked"].includes(status)
    ? "removed or blocked"
    : status === "administrator"
      ? "made an administrator"
      : "added";
  const head = { id, from: place(changed.chat), sender: senderOf(changed.from), sentAt: changed.date * 1000 };
  return [notice(head, `[You were ${what} here by ${nameOf(changed.from)}]`)];
}

function senderOf(user: User): Sender {
  return { id: String(user.id), name: nameOf(user), isOwner: false };
}

function nameOf(user: User): string {
  const name = [user.first_name, user.last_name].filter(Boolean).join(" ");
  return name === "" ? (user.username ?? String(user.id)) : name;
}

/** Spoken to: by its name, in answer to it, or with a command of ours that names no other bot. */
function isToBot(said: TelegramMessage, bot: Bot): boolean {
  if (said.reply_to_message?.from?.id === bot.id && !said.reply_to_message.forum_topic_created) return true;
  const text = said.text ?? said.caption ?? "";
  const own = `@${bot.username.toLowerCase()}`;
  return (said.entities ?? said.caption_entities ?? []).some((entity) => {
    const word = text.slice(entity.offset, entity.offset + entity.length).toLowerCase();
    if (entity.type === "mention") return word === own;
    if (entity.type === "text_mention") return entity.user.id === bot.id;
    if (entity.type !== "bot_command" || entity.offset !== 0) return false;
    const [name = "", to] = word.slice(1).split("@");
    return to === undefined ? commands.some((command) => command.name.replaceAll("-", "_") === name) : `@${to}` === own;
  });
}

/** "/export_session@skerry_bot now" → "/export-session now", "@skerry_bot hello" → "hello". */
function withoutMention(text: string, bot: Bot): string {
  const name = bot.username === "" ? "(?!)" : bot.username;
  const plain = text.replace(new RegExp(`(^|\\s)@${name}\\b[,:]?\\s*`, "gi"), "$1").trim();
  return plain.replace(new RegExp(`^/(\\w+)(@${name})?(?=\\s|$)`, "i"), (whole, command: string) => {
    const dashed = command.toLowerCase().replaceAll("_", "-");
    return commands.some(({ name: known }) => known === dashed) ? `/${dashed}` : whole;
  });
}

function quotedOf(said: TelegramMessage, bot: Bot): Pick<Message, "quoted"> | undefined {
  const answered = said.reply_to_message;
  if (!answered && said.external_reply) return quotedElsewhere(said.external_reply, said.quote?.text, bot);
  // In a topic every message hangs on the one that opened it: nobody answered that.
  if (!answered || answered.forum_topic_created) return undefined;
  const text = said.quote?.text ?? answered.text ?? answered.caption ?? describeThing(answered);
  return {
    quoted: {
      platformId: String(answered.message_id),
      ...(text === "" ? {} : { text }),
      ...(answered.from ? { author: nameOf(answered.from), isOurs: answered.from.id === bot.id } : {}),
    },
  };
}

/** What is answered stands in another chat. */
function quotedElsewhere(reply: ExternalReplyInfo, text: string | undefined, bot: Bot): Pick<Message, "quoted"> {
  return {
    quoted: {
      platformId: String(reply.message_id ?? ""),
      ...(text === undefined ? {} : { text }),
      author: authorOf(reply.origin),
      isOurs: reply.origin.type === "user" && reply.origin.sender_user.id === bot.id,
    },
  };
}

function forwardedFrom(said: TelegramMessage): string {
  return said.forward_origin ? `[forwarded from ${authorOf(said.forward_origin)}]` : "";
}

function authorOf(origin: MessageOrigin): string {
  switch (origin.type) {
    case "user":
      return nameOf(origin.sender_user);
    case "hidden_user":
      return origin.sender_user_name;
    case "chat":
      return "title" in origin.sender_chat ? (origin.sender_chat.title ?? "a chat") : "a chat";
    case "channel":
      return "title" in origin.chat ? origin.chat.title : "a channel";
    default:
      return origin satisfies never;
  }
}

/** What has no words of its own, in words. */
function describeThing(said: TelegramMessage): string {
  if (said.venue) {
    const { title, address, location } = said.venue;
    return `[place: ${title}, ${address} (${location.latitude}, ${location.longitude})]`;
  }
  if (said.location) {
    const live = said.location.live_period === undefined ? "location" : "live location";
    return `[${live}: ${said.location.latitude}, ${said.location.longitude}]`;
  }
  if (said.contact) {
    const { first_name, last_name, phone_number } = said.contact;
    return `[contact: ${[first_name, last_name].filter(Boolean).join(" ")}, ${phone_number}]`;
  }
  if (said.poll) return `[poll: ${said.poll.question} — ${said.poll.options.map((option) => option.text).join(" / ")}]`;
  if (said.dice) return `[dice ${said.dice.emoji}: ${said.dice.value}]`;
  if (said.sticker) return `[sticker ${said.sticker.emoji ?? ""}${said.sticker.set_name ? ` of ${said.sticker.set_name}` : ""}]`;
  return "";
}

function describeService(said: TelegramMessage, bot: Bot): string | undefined {
  const joined = said.new_chat_members?.filter((member) => member.id !== bot.id);
  if (joined && joined.length > 0) return `[${joined.map(nameOf).join(", ")} joined]`;
  if (said.left_chat_member && said.left_chat_member.id !== bot.id) return `[${nameOf(said.left_chat_member)} left]`;
  if (said.new_chat_title !== undefined) return `[The group is now called ${said.new_chat_title}]`;
  if (said.migrate_to_chat_id !== undefined) return `[The group became a supergroup: its id is now ${said.migrate_to_chat_id}]`;
  if (said.pinned_message) return `[A message was pinned]`;
  if (said.forum_topic_created) return `[The topic ${said.forum_topic_created.name} was opened]`;
  return undefined;
}

function filesOf(said: TelegramMessage): RemoteMedia[] {
  const photo = said.photo?.toSorted((a, b) => b.width * b.height - a.width * a.height)[0];
  if (photo) return [fileOf("image", photo)];
  if (said.voice) return [fileOf("voice", said.voice)];
  if (said.audio) return [fileOf("audio", said.audio)];
  if (said.video) return [fileOf("video", said.video)];
  if (said.video_note) return [fileOf("video", said.video_note)];
  if (said.animation) return [fileOf("video", said.animation)];
  if (said.document) return [fileOf("file", said.document)];
  // Moving stickers are no pictures that a model reads; their emoji stands in the text.
  if (said.sticker && !said.sticker.is_animated && !said.sticker.is_video) return [fileOf("sticker", said.sticker)];
  return [];
}

interface TelegramFile {
  file_id: string;
  file_size?: number;
  file_name?: string;
  mime_type?: string;
  duration?: number;
}

function fileOf(kind: RemoteMedia["kind"], file: TelegramFile): RemoteMedia {
  return {
    handle: file.file_id,
    kind,
    ...(file.file_name === undefined ? {} : { name: file.file_name }),
    ...(file.mime_type === undefined ? {} : { type: file.mime_type }),
    ...(file.file_size === undefined ? {} : { size: file.file_size }),
    ...(file.duration === undefined ? {} : { durationS: file.duration }),
  };
}
