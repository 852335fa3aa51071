// What people do on Telegram, as the updates that its servers post to a webhook; and the posting itself.
import type { Message, MessageEntity, Update, User } from "grammy/types";
import type { TelegramServer } from "./server.ts";

export type Said = Partial<Message> & { text?: string; caption?: string };

export interface TelegramPerson {
  user: User;
  /** Their talk with the bot. */
  chat: number;
  /** An update with this message in the talk with the bot, or in the group `chat`. */
  writes(said: string | Said, chat?: number): Update;
  /** Changes what was written with `update`. */
  edits(update: Update, text: string): Update;
  /** Presses a button of a message of the bot. */
  presses(message: number, data: string, chat?: number): Update;
  /** Sets their reaction to a message; none takes it away. */
  reacts(message: number, emoji: string | undefined, chat?: number): Update;
  votes(poll: string, options: number[]): Update;
}

export const GROUP_TITLE = "Sailing club";

export function person(server: TelegramServer, id: number, name: string): TelegramPerson {
  const user: User = { id, is_bot: false, first_name: name, language_code: "en" };
  const chatOf = (chat: number) =>
    chat === id
      ? { id, type: "private" as const, first_name: name }
      : { id: chat, type: "supergroup" as const, title: GROUP_TITLE, is_forum: true as const };
  const now = () => Math.floor(Date.now() / 1000);
  return {
    user,
    chat: id,
    edits(update, text) {
      const edited = { ...update.message, text, edit_date: now() } as NonNullable<Update["edited_message"]>;
      return { update_id: server.nextUpdateId(), edited_message: edited };
    },
    presses(message, data, chat = id) {
      const said = { message_id: message, from: server.bot, chat: chatOf(chat), date: now(), text: "…" } as Message;
      const pressed = { id: `pressed_${server.nextUpdateId()}`, from: user, chat_instance: "1", message: said, data };
      return { update_id: server.nextUpdateId(), callback_query: pressed };
    },
    reacts(message, emoji, chat = id) {
      const new_reaction = emoji === undefined ? [] : [{ type: "emoji", emoji }];
      const reaction = { chat: chatOf(chat), message_id: message, user, date: now(), old_reaction: [], new_reaction };
      return { update_id: server.nextUpdateId(), message_reaction: reaction as NonNullable<Update["message_reaction"]> };
    },
    votes(poll, options) {
      const option_persistent_ids = options.map(String);
      return {
        update_id: server.nextUpdateId(),
        poll_answer: { poll_id: poll, user, option_ids: options, option_persistent_ids },
      };
    },
    writes(given, chat = id) {
      const said = typeof given === "string" ? { text: given } : given;
      const entities = entitiesIn(said.text ?? said.caption ?? "", server.bot.username);
      const message = {
        message_id: server.nextMessageId(),
        date: now(),
        from: user,
        chat: chatOf(chat),
        ...(entities.length === 0 ? {} : said.text === undefined ? { caption_entities: entities } : { entities }),
        ...said,
      };
      return { update_id: server.nextUpdateId(), message: message as Message & Update.NonChannel };
    },
  };
}

/** Mentions of the bot and commands are marked by the platform. */
function entitiesIn(text: string, username: string): MessageEntity[] {
  const command = /^\/\w+(@\w+)?/.exec(text);
  const mentions = [...text.matchAll(new RegExp(`@${username}\\b`, "gi"))].filter(
    ({ index }) => index >= (command?.[0].length ?? 0),
  );
  return [
    ...(command ? [{ type: "bot_command" as const, offset: 0, length: command[0].length }] : []),
    ...mentions.map((match) => ({ type: "mention" as const, offset: match.index, length: match[0].length })),
  ];
}

/** Posts an update as Telegram does. `secret`: null sends none. */
export function post(address: string, update: unknown, secret: string | null): Promise<Response> {
  return fetch(address, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(secret === null ? {} : { "x-telegram-bot-api-secret-token": secret }),
    },
    body: typeof update === "string" ? update : JSON.stringify(update),
  });
}
