// A message as BlueBubbles tells it, as far as it is read here. What is not understood is left out, never refused.
import * as z from "zod";
import { some } from "../lenient.ts";

const words = z.string().nullish().catch(undefined);
const count = z.number().nullish().catch(undefined);
const flag = z.boolean().nullish().catch(undefined);

const attachment = z.object({
  guid: z.string().min(1).max(512),
  mimeType: words,
  transferName: words,
  totalBytes: count,
  isSticker: flag,
  hideAttachment: flag,
});
export type Attachment = z.infer<typeof attachment>;

const handle = z.object({ address: z.string().min(1).max(256) });

const chat = z.object({ guid: z.string().min(1).max(400), displayName: words });

const message = z.object({
  /** Where it stands in the Mac's own book of messages: it only grows. */
  originalROWID: z.int().min(0),
  guid: z.string().min(1).max(400),
  text: words,
  subject: words,
  handle: handle.nullish().catch(undefined),
  chats: some(chat, 3),
  attachments: some(attachment, 50),
  dateCreated: z.number(),
  dateEdited: count,
  dateRetracted: count,
  isFromMe: z.boolean(),
  isAudioMessage: flag,
  itemType: count,
  groupTitle: words,
  groupActionType: count,
  balloonBundleId: words,
  associatedMessageGuid: words,
  associatedMessageType: z
    .union([z.string(), z.number().transform(String)])
    .nullish()
    .catch(undefined),
  associatedMessageEmoji: words,
  expressiveSendStyleId: words,
  threadOriginatorGuid: words,
  /** Told by imsg alone. */
  replyToText: words,
  replyToSender: words,
});
export type BlueMessage = z.infer<typeof message>;

export function readMessage(raw: unknown): BlueMessage | undefined {
  return message.safeParse(raw).data;
}

/** Even of what cannot be read it must be known how far one has come. */
export function rowOf(raw: unknown): number | undefined {
  return z.object({ originalROWID: z.int().min(0) }).safeParse(raw).data?.originalROWID;
}
