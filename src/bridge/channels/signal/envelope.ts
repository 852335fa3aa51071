// What signal-cli tells of one event, as far as it is read here. What is not understood is left out, never refused: its versions differ.
import * as z from "zod";
import { some } from "../lenient.ts";

const words = z.string().nullish().catch(undefined);
const count = z.number().nullish().catch(undefined);

const number = z.string().max(32).nullish().catch(undefined);
const uuid = z.string().max(64).nullish().catch(undefined);
const person = { number, uuid };
const mention = z.object({ ...person, name: words, start: z.int().min(0), length: z.int().min(0) });
export type Mention = z.infer<typeof mention>;

const attachment = z.object({ id: z.string().min(1).max(512), contentType: words, filename: words, size: count });
export type Attachment = z.infer<typeof attachment>;

const contact = z.object({
  name: z.record(z.string(), words).nullish().catch(undefined),
  phone: some(z.object({ value: words }), 10),
  email: some(z.object({ value: words }), 10),
  organization: words,
});
export type Contact = z.infer<typeof contact>;

const target = { targetAuthorNumber: number, targetAuthorUuid: uuid, targetAuthor: words };

const data = z.object({
  timestamp: z.number(),
  message: words,
  expiresInSeconds: count,
  isExpirationUpdate: z.boolean().nullish().catch(undefined),
  viewOnce: z.boolean().nullish().catch(undefined),
  reaction: z
    .object({ ...target, emoji: words, targetSentTimestamp: z.number(), isRemove: z.boolean().nullish() })
    .nullish()
    .catch(undefined),
  quote: z
    .object({ id: z.number(), author: words, authorNumber: number, authorUuid: uuid, text: words, mentions: some(mention, 50) })
    .nullish()
    .catch(undefined),
  payment: z.object({ note: words }).nullish().catch(undefined),
  mentions: some(mention, 100),
  attachments: some(attachment, 50),
  sticker: z.object({ packId: words, stickerId: count }).nullish().catch(undefined),
  remoteDelete: z.object({ timestamp: z.number() }).nullish().catch(undefined),
  adminDelete: z
    .object({ ...target, targetSentTimestamp: z.number() })
    .nullish()
    .catch(undefined),
  contacts: some(contact, 10),
  pollCreate: z
    .object({ question: words, allowMultiple: z.boolean().nullish(), options: some(z.string(), 20) })
    .nullish()
    .catch(undefined),
  pollVote: z
    .object({ targetSentTimestamp: z.number(), authorNumber: number, authorUuid: uuid, optionIndexes: some(z.number(), 20) })
    .nullish()
    .catch(undefined),
  pollTerminate: z.object({ targetSentTimestamp: z.number() }).nullish().catch(undefined),
  // Not left out: what was said in a group would else be taken for a word to us alone.
  groupInfo: z.object({ groupId: z.string().regex(/^[\w+/=-]{1,256}$/), groupName: words, type: words }).nullish(),
});
export type Data = z.infer<typeof data>;

const edit = z.object({ targetSentTimestamp: z.number(), dataMessage: data }).nullish().catch(undefined);

const envelope = z.object({
  source: words,
  sourceNumber: number,
  sourceUuid: uuid,
  sourceName: words,
  timestamp: z.number(),
  dataMessage: data.nullish().catch(undefined),
  editMessage: edit,
  syncMessage: z
    .object({
      sentMessage: z
        .intersection(
          z.object({ destinationNumber: number, destinationUuid: uuid, editMessage: edit }),
          data.partial({ timestamp: true }),
        )
        .nullish()
        .catch(undefined),
    })
    .nullish()
    .catch(undefined),
  callMessage: z.object({ offerMessage: z.unknown().optional() }).nullish().catch(undefined),
});
export type Envelope = z.infer<typeof envelope>;

const received = z.object({
  account: words,
  envelope: envelope.nullish().catch(undefined),
  exception: z.object({ message: words, type: words }).nullish().catch(undefined),
});

export type Received = { account?: string; envelope?: Envelope; exception?: string };

/** @throws nothing: what is no event of signal-cli's answers undefined. */
export function readReceived(raw: unknown): Received | undefined {
  const read = received.safeParse(raw);
  if (!read.success) return undefined;
  const { account, envelope: told, exception } = read.data;
  return {
    ...(account ? { account } : {}),
    ...(told ? { envelope: told } : {}),
    ...(exception ? { exception: `${exception.type ?? "error"}: ${exception.message ?? ""}`.slice(0, 300) } : {}),
  };
}
