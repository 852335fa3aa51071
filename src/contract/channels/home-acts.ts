// What a bridge can be asked of the channels whose lines it holds: the acts of Delivery, files, and linking an account.
import * as z from "zod";
import { address, mediaRef, ofAccount, remoteMedia } from "./at-home.ts";
import type { DeliveryOutcome, ReadBack } from "./delivery.ts";

const words = z.string().max(200_000);
const id = z.string().min(1).max(512);

/** A stretch of a text that looks otherwise, counted in UTF-16 units: for platforms that mark looks beside the text. */
export const textStyle = z.object({
  start: z.int().min(0),
  length: z.int().min(1),
  style: z.enum(["bold", "italic", "strikethrough", "monospace", "spoiler"]),
});
export type TextStyle = z.infer<typeof textStyle>;

/** A text as its platform writes it; rendered before it comes here. */
const rendered = { text: words, html: words.exactOptional(), styles: z.array(textStyle).max(1000).exactOptional() };
const replyTo = id.exactOptional();

export const homeAct = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), ...rendered, replyTo, replaces: id.exactOptional() }),
  z.object({
    type: z.literal("media"),
    media: z.array(mediaRef).min(1).max(20),
    caption: z.object(rendered).exactOptional(),
    replyTo,
    isVoice: z.boolean().exactOptional(),
  }),
  z.object({
    type: z.literal("poll"),
    question: words,
    options: z.array(z.string().max(1000)).min(1).max(50),
    isMultiple: z.boolean().exactOptional(),
  }),
  z.object({ type: z.literal("draft"), ...rendered, message: id.exactOptional(), replyTo }),
  z.object({ type: z.literal("edit"), message: id, ...rendered }),
  z.object({ type: z.literal("delete"), message: id }),
  z.object({ type: z.literal("react"), message: id, emoji: z.string().max(64).nullable() }),
  z.object({ type: z.literal("pin"), message: id, isPinned: z.boolean() }),
  z.object({ type: z.literal("thread"), name: z.string().max(512), message: id.exactOptional() }),
  z.object({ type: z.literal("typing") }),
]);
export type HomeAct = z.infer<typeof homeAct>;

/** `id`: of the outbox's row; asked again, what was sent is not sent again. */
export const channelSend = z.object({ id: z.string().min(1).max(512), to: address, act: homeAct });
export type ChannelSend = z.infer<typeof channelSend>;

export const deliveryOutcome = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("sent"), platformId: z.string().max(512).exactOptional() }),
  z.object({ outcome: z.literal("refused"), reason: z.string().max(2000) }),
  z.object({ outcome: z.literal("unanswered"), retryAfterMs: z.number().min(0).exactOptional(), reason: z.string().max(2000) }),
  z.object({ outcome: z.literal("unknown"), reason: z.string().max(2000) }),
]) satisfies z.ZodType<DeliveryOutcome>;

/** The file is brought to the object store; at most `maxBytes`. */
export const channelMedia = z.object({ from: address, remote: remoteMedia, maxBytes: z.int().min(1) });

export const channelRead = z.object({ from: address, limit: z.int().min(1).max(200) });
export const channelReadAnswer = z.object({
  messages: z.array(
    z.object({
      platformId: id,
      author: z.string().max(512),
      authorId: z.string().max(512).exactOptional(),
      isOurs: z.literal(true).exactOptional(),
      isFromBot: z.literal(true).exactOptional(),
      text: words,
      at: z.number(),
    }),
  ),
}) satisfies z.ZodType<{ messages: ReadBack[] }>;

/** Begins to link the account; answered as soon as there is something to show, or it is linked. `phone`: by a code typed there. */
export const channelLink = z.object({
  ...ofAccount,
  phone: z
    .string()
    .regex(/^\+\d{6,15}$/, "must be a number with country code: +15551234567")
    .exactOptional(),
  /** A new code, also when the last one still holds. */
  isAnew: z.boolean().default(false),
});

/** Answered when the line is in another state than `since` tells, or after `waitMs`. */
export const channelLook = z.object({
  ...ofAccount,
  since: z.number().exactOptional(),
  waitMs: z.int().min(0).max(20_000).default(0),
});

/** Ends the link at the platform, and forgets its keys on this machine. */
export const channelUnlink = z.object({ ...ofAccount });

/** Settings or keys have changed: the machine asks for its accounts. */
export const channelRefresh = z.object({});
export const channelDone = z.object({});
