// What the house asks, done at Telegram. Text goes as HTML; where Telegram cannot read the tags it goes again as plain
// text, so that no answer is lost to its looks.
import { type Api, GrammyError, HttpError, InputFile } from "grammy";
import type { Button, DeliveryAct, DeliveryOutcome, OutboxItem } from "../../../contract/channels/delivery.ts";
import type { Address, MediaRef } from "../../../contract/message.ts";
import type { Line } from "../channel.ts";
import { isRepeatable, outcomeOfError, outcomeOfStatus } from "../outcome.ts";
import { plainText, renderHtml, shownLength } from "./html.ts";

const MAX_CAPTION = 1024;
const MAX_TEXT = 4096;
const MAX_ALBUM = 10;

export async function deliver(item: OutboxItem, api: Api, line: Line): Promise<DeliveryOutcome> {
  try {
    const platformId = await perform(item.act, item.to, api, line);
    return platformId === undefined ? { outcome: "sent" } : { outcome: "sent", platformId };
  } catch (error) {
    return outcomeOf(error, isRepeatable(item.act.type) || ("replaces" in item.act && item.act.replaces !== undefined));
  }
}

export function outcomeOf(error: unknown, mayRepeat: boolean): DeliveryOutcome {
  if (error instanceof GrammyError) {
    const seconds = error.parameters.retry_after;
    return outcomeOfStatus(error.error_code, error.description, seconds === undefined ? undefined : seconds * 1000);
  }
  if (error instanceof HttpError) return outcomeOfError(error.error, mayRepeat);
  throw error;
}

async function perform(act: DeliveryAct, to: Address, api: Api, line: Line): Promise<string | undefined> {
  const chat = to.peer;
  switch (act.type) {
    case "text":
      return sendText(api, to, act);
    case "draft":
      return act.message === undefined
        ? sendText(api, to, act)
        : editText(api, chat, act.message, act.text, undefined).then(() => act.message);
    case "edit":
      await editText(api, chat, act.message, act.text, undefined);
      return act.message;
    case "media":
      return sendMedia(api, to, act, line);
    case "poll":
      return idOf(
        await api.sendPoll(
          chat,
          act.question.slice(0, 300),
          act.options.slice(0, 12).map((text) => ({ text: text.slice(0, 100) })),
          {
            ...threadOf(to),
            is_anonymous: false,
            ...(act.isMultiple ? { allows_multiple_answers: true } : {}),
            ...(act.durationS === undefined ? {} : { open_period: act.durationS }),
          },
        ),
      );
    case "delete":
      await api.deleteMessage(chat, Number(act.message));
      return undefined;
    case "react":
      await react(api, chat, Number(act.message), act.emoji);
      return undefined;
    case "pin":
      if (act.isPinned) await api.pinChatMessage(chat, Number(act.message), { disable_notification: true });
      else await api.unpinChatMessage(chat, Number(act.message));
      return undefined;
    case "thread":
      return String((await api.createForumTopic(chat, act.name.slice(0, 128))).message_thread_id);
    case "typing":
      await api.sendChatAction(chat, "typing", threadOf(to));
      return undefined;
    default:
      return act satisfies never;
  }
}

type TextAct = { text: string; replyTo?: string; replaces?: string; buttons?: Button[][] };

async function sendText(api: Api, to: Address, act: TextAct): Promise<string> {
  if (act.replaces !== undefined) {
    try {
      await editText(api, to.peer, act.replaces, act.text, act.buttons);
      return act.replaces;
    } catch (error) {
      // The draft is gone or too old: the answer must come all the same.
      if (!(error instanceof GrammyError) || error.error_code !== 400) throw error;
    }
  }
  const options = { ...threadOf(to), ...replyOf(act.replyTo), ...keyboardOf(act.buttons) };
  return withFallback(act.text, async (text, mode) => idOf(await api.sendMessage(to.peer, text, { ...options, ...mode })));
}

async function editText(api: Api, chat: string, message: string, text: string, buttons: Button[][] | undefined): Promise<void> {
  try {
    await withFallback(text, (shown, mode) =>
      api.editMessageText(chat, Number(message), shown, { ...mode, ...keyboardOf(buttons) }),
    );
  } catch (error) {
    if (error instanceof GrammyError && /message is not modified/i.test(error.description)) return;
    throw error;
  }
}

/** HTML first; plain when its tags are refused. */
async function withFallback<T>(markdown: string, send: (text: string, mode: { parse_mode?: "HTML" }) => Promise<T>): Promise<T> {
  const html = renderHtml(markdown);
  try {
    return await send(html, { parse_mode: "HTML" });
  } catch (error) {
    if (!(error instanceof GrammyError) || !/can't parse entities|unsupported start tag/i.test(error.description)) throw error;
    return send(plainText(html).slice(0, MAX_TEXT), {});
  }
}

async function sendMedia(api: Api, to: Address, act: DeliveryAct & { type: "media" }, line: Line): Promise<string | undefined> {
  const caption = captionOf(act.caption);
  const options = { ...threadOf(to), ...replyOf(act.replyTo) };
  // A caption that is too long goes ahead as a message.
  if (act.caption !== undefined && caption === undefined) await sendText(api, to, { text: act.caption });
  const [first, ...rest] = act.media.slice(0, MAX_ALBUM);
  if (!first) return undefined;
  if (rest.length === 0) return sendOne(api, to.peer, first, line, { ...options, ...caption }, act.isVoice ?? false);
  const album = [first, ...rest];
  const files = await Promise.all(album.map(async (media) => ({ kind: kindOf(media), media: await fileOf(media, line) })));
  // Pictures and films make one kind of album, other files another: Telegram does not mix them.
  const isGallery = files.every(({ kind }) => kind === "photo" || kind === "video");
  const captionAt = (index: number) => (index === 0 ? caption : {});
  const [sent] = isGallery
    ? await api.sendMediaGroup(
        to.peer,
        files.map(({ kind, media }, index) => ({ type: kind === "video" ? "video" : "photo", media, ...captionAt(index) })),
        options,
      )
    : await api.sendMediaGroup(
        to.peer,
        files.map(({ media }, index) => ({ type: "document" as const, media, ...captionAt(index) })),
        options,
      );
  return sent && idOf(sent);
}

async function sendOne(api: Api, chat: string, media: MediaRef, line: Line, options: object, isVoice: boolean): Promise<string> {
  const file = await fileOf(media, line);
  if (isVoice && media.type.startsWith("audio/ogg")) return idOf(await api.sendVoice(chat, file, options));
  switch (kindOf(media)) {
    case "photo":
      return idOf(await api.sendPhoto(chat, file, options));
    case "video":
      return idOf(await api.sendVideo(chat, file, options));
    case "audio":
      return idOf(await api.sendAudio(chat, file, options));
    case "document":
      return idOf(await api.sendDocument(chat, file, options));
  }
}

function kindOf({ type, size }: MediaRef): "photo" | "video" | "audio" | "document" {
  // Larger pictures are refused as photos.
  if (/^image\/(png|jpeg|webp)/.test(type) && size <= 10 * 1024 * 1024) return "photo";
  if (type.startsWith("video/mp4")) return "video";
  if (/^audio\/(mpeg|mp4|x-m4a)/.test(type)) return "audio";
  return "document";
}

async function fileOf(media: MediaRef, line: Line): Promise<InputFile> {
  const bytes = await line.readMedia(media.key);
  if (!bytes) throw new Error(`The file ${media.name ?? media.key} is no longer stored.`);
  return new InputFile(bytes, media.name ?? `file.${media.type.split("/")[1]?.split(";")[0] ?? "bin"}`);
}

function captionOf(text: string | undefined): { caption: string; parse_mode: "HTML" } | undefined {
  if (text === undefined) return undefined;
  const html = renderHtml(text);
  return shownLength(html) <= MAX_CAPTION ? { caption: html, parse_mode: "HTML" } : undefined;
}

/** Telegram knows a fixed set of reactions; what is not among them becomes the nearest of its own: eyes. */
async function react(api: Api, chat: string, message: number, emoji: string | null): Promise<void> {
  type Emoji = Extract<NonNullable<Parameters<Api["setMessageReaction"]>[2]>[number], { type: "emoji" }>["emoji"];
  const ask = (wanted: string) => api.setMessageReaction(chat, message, [{ type: "emoji", emoji: wanted as Emoji }]);
  if (emoji === null) await api.setMessageReaction(chat, message, []);
  else
    await ask(emoji).catch((error: unknown) => {
      if (error instanceof GrammyError && /REACTION_INVALID/i.test(error.description)) return ask("👀");
      throw error;
    });
}

function threadOf(to: Address): { message_thread_id?: number } {
  return to.thread === undefined ? {} : { message_thread_id: Number(to.thread) };
}

function replyOf(message: string | undefined) {
  return message === undefined || !/^\d+$/.test(message)
    ? {}
    : { reply_parameters: { message_id: Number(message), allow_sending_without_reply: true } };
}

function keyboardOf(buttons: Button[][] | undefined) {
  if (!buttons || buttons.length === 0) return {};
  const rows = buttons.map((row) => row.map(({ label, value }) => ({ text: label, callback_data: value })));
  return { reply_markup: { inline_keyboard: rows } };
}

function idOf(sent: { message_id: number }): string {
  return String(sent.message_id);
}
