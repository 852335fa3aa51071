// A message as imsg tells it, in the words in which the line reads messages. What is not understood is left out, never refused.
import * as z from "zod";
import { some } from "../../lenient.ts";
import { type BlueMessage, readMessage } from "../message.ts";

const words = z.string().nullish().catch(undefined);

const file = z.object({
  original_path: z.string().min(1).max(4096),
  mime_type: words,
  transfer_name: words,
  total_bytes: z.number().nullish().catch(undefined),
  is_sticker: z.boolean().nullish().catch(undefined),
});

const told = z.object({
  id: z.int().min(0),
  guid: z.string().min(1).max(400),
  chat_guid: z.string().max(400).catch(""),
  chat_name: words,
  sender: words,
  is_from_me: z.boolean(),
  text: words,
  created_at: z.string(),
  attachments: some(file, 50),
  thread_originator_guid: words,
  reply_to_guid: words,
  reply_to_text: words,
  reply_to_sender: words,
  destination_caller_id: words,
  is_reaction: z.boolean().nullish().catch(undefined),
  reaction_type: words,
  reaction_emoji: words,
  is_reaction_add: z.boolean().nullish().catch(undefined),
  reacted_to_guid: words,
});

export interface ImsgMessage {
  blue: BlueMessage;
  /** Where its files lie on this Mac, by their handles. */
  paths: Map<string, string>;
  /** Our own address, where it tells one. */
  own?: string;
}

export function readImsgMessage(raw: unknown): ImsgMessage | undefined {
  const read = told.safeParse(raw);
  if (!read.success) return undefined;
  const one = read.data;
  const paths = new Map(one.attachments.map(({ original_path }, index) => [`${one.guid}/${index}`, original_path] as const));
  const blue = readMessage({
    originalROWID: one.id,
    guid: one.guid,
    text: one.text,
    handle: one.sender ? { address: one.sender } : null,
    chats: one.chat_guid === "" ? [] : [{ guid: one.chat_guid, displayName: one.chat_name }],
    attachments: one.attachments.map(({ mime_type, transfer_name, total_bytes, is_sticker }, index) => ({
      guid: `${one.guid}/${index}`,
      mimeType: mime_type,
      transferName: transfer_name,
      totalBytes: total_bytes,
      isSticker: is_sticker,
    })),
    dateCreated: Date.parse(one.created_at),
    isFromMe: one.is_from_me,
    threadOriginatorGuid: one.thread_originator_guid || one.reply_to_guid,
    replyToText: one.reply_to_text,
    replyToSender: one.reply_to_sender,
    ...reactionOf(one),
  });
  if (!blue) return undefined;
  return { blue, paths, ...(one.is_from_me && one.destination_caller_id ? { own: one.destination_caller_id } : {}) };
}

/** Even of what cannot be read it must be known how far one has come. */
export function rowIn(raw: unknown): number | undefined {
  return z.object({ id: z.int().min(0) }).safeParse(raw).data?.id;
}

function reactionOf(one: z.infer<typeof told>): Record<string, unknown> {
  if (!one.is_reaction || !one.reacted_to_guid) return {};
  const type = one.reaction_type === "emphasis" ? "emphasize" : (one.reaction_type ?? "custom");
  return {
    threadOriginatorGuid: undefined,
    associatedMessageGuid: one.reacted_to_guid,
    associatedMessageType: one.is_reaction_add === false ? `-${type}` : type,
    associatedMessageEmoji: one.reaction_emoji || undefined,
  };
}
