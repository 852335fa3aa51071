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
}

export const GROUP_TITLE = "Sailing club";

export function person(server: TelegramServer, id: number, name: string): TelegramPerson {
  const user: User = { id, is_bot: false, first_name: name, language_code: "en" };
  return {
    user,
    chat: id,
    writes(given, chat = id) {
      const said = typeof given === "string" ? { text: given } : given;
      const entities = entitiesIn(said.text ?? said.caption ?? "", server.bot.username);
      const message = {
        message_id: server.nextMessageId(),
        date: Math.floor(Date.now() / 1000),
        from: user,
        chat: chat === id ? { id, type: "private", first_name: name } : { id: chat, type: "supergroup", title: GROUP_TITLE },
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
