// The content of a message as words a model can read, and the file in it. Pure; what is not known says nothing.
import type { proto } from "@whiskeysockets/baileys";
import type { RemoteMedia } from "../../../../contract/message.ts";

export type Content = proto.IMessage;

/** What a picture, a voice note, a document … have in common. */
export interface FilePart {
  kind: RemoteMedia["kind"];
  /** As the library names it when it is fetched. */
  mediaType: "image" | "video" | "audio" | "document" | "sticker";
  file: {
    mediaKey?: Uint8Array | null;
    directPath?: string | null;
    url?: string | null;
    mimetype?: string | null;
    fileLength?: unknown;
    seconds?: number | null;
  };
  name?: string;
}

/** Messages in a message: none is deeper than a handful. */
const MOST_LAYERS = 6;
const WRAPPERS = [
  "ephemeralMessage",
  "viewOnceMessage",
  "viewOnceMessageV2",
  "viewOnceMessageV2Extension",
  "documentWithCaptionMessage",
  "editedMessage",
  "associatedChildMessage",
  "groupMentionedMessage",
  "lottieStickerMessage",
  "botInvokeMessage",
  "questionMessage",
  "groupStatusMentionMessage",
  "limitSharingMessage",
  "pollCreationMessageV4",
] as const satisfies readonly (keyof Content)[];

export function unwrap(content: Content | null | undefined): Content {
  let inner: Content = content ?? {};
  for (let layer = 0; layer < MOST_LAYERS; layer++) {
    const wrapper = WRAPPERS.find((name) => inner[name]?.message);
    const next = wrapper && inner[wrapper]?.message;
    if (!next) {
      const sent = inner.deviceSentMessage?.message;
      if (!sent) return inner;
      inner = sent;
    } else inner = { ...next, messageContextInfo: next.messageContextInfo ?? inner.messageContextInfo ?? null };
  }
  return inner;
}

/** Whom it mentions and what it answers. */
export function contextOf(content: Content): proto.IContextInfo | undefined {
  for (const part of Object.values(content)) {
    if (part !== null && typeof part === "object" && "contextInfo" in part && part.contextInfo) return part.contextInfo;
  }
  return undefined;
}

export function fileIn(content: Content): FilePart | undefined {
  const { imageMessage, videoMessage, ptvMessage, audioMessage, documentMessage, stickerMessage } = content;
  if (imageMessage) return { kind: "image", mediaType: "image", file: imageMessage };
  if (videoMessage) return { kind: "video", mediaType: "video", file: videoMessage };
  if (ptvMessage) return { kind: "video", mediaType: "video", file: ptvMessage };
  if (audioMessage) return { kind: audioMessage.ptt ? "voice" : "audio", mediaType: "audio", file: audioMessage };
  if (stickerMessage) return { kind: "sticker", mediaType: "sticker", file: stickerMessage };
  if (!documentMessage) return undefined;
  const name = documentMessage.fileName ?? documentMessage.title ?? undefined;
  return { kind: "file", mediaType: "document", file: documentMessage, ...(name ? { name } : {}) };
}

export function wordsOf(content: Content): string {
  const plain = content.conversation ?? content.extendedTextMessage?.text;
  if (plain) return plain.trim();
  const caption = content.imageMessage?.caption ?? content.videoMessage?.caption ?? content.documentMessage?.caption;
  if (caption) return caption.trim();
  return (
    whereIn(content) ??
    whoIn(content) ??
    pollIn(content) ??
    choiceIn(content) ??
    shopIn(content) ??
    eventIn(content) ??
    inviteIn(content) ??
    ""
  );
}

function whereIn({ locationMessage, liveLocationMessage }: Content): string | undefined {
  const at = (from: { degreesLatitude?: number | null; degreesLongitude?: number | null }) =>
    `(${from.degreesLatitude ?? 0}, ${from.degreesLongitude ?? 0})`;
  if (locationMessage) {
    const named = list([locationMessage.name, locationMessage.address, locationMessage.comment]);
    return `[location: ${named}${named ? " " : ""}${at(locationMessage)}]`;
  }
  if (!liveLocationMessage) return undefined;
  const { caption } = liveLocationMessage;
  return `[live location: ${caption ? `${caption} ` : ""}${at(liveLocationMessage)}]`;
}

function whoIn({ contactMessage, contactsArrayMessage }: Content): string | undefined {
  const cards = contactMessage ? [contactMessage] : (contactsArrayMessage?.contacts ?? []);
  if (cards.length === 0) return undefined;
  return cards
    .slice(0, 50)
    .map(({ displayName, vcard }) => `[contact: ${list([displayName, ...waysIn(vcard ?? "")])}]`)
    .join("\n");
}

/** Numbers and addresses of a visiting card. */
function waysIn(card: string): string[] {
  return card
    .slice(0, 20_000)
    .split(/\r?\n/)
    .flatMap((line) => /^(?:item\d+\.)?(?:TEL|EMAIL)[^:]*:(.+)$/i.exec(line)?.[1]?.trim() ?? [])
    .slice(0, 10);
}

export function pollOf(content: Content): { question: string; options: string[] } | undefined {
  const poll =
    content.pollCreationMessage ??
    content.pollCreationMessageV2 ??
    content.pollCreationMessageV3 ??
    content.pollCreationMessageV5;
  if (!poll) return undefined;
  return { question: poll.name ?? "", options: (poll.options ?? []).map(({ optionName }) => optionName ?? "") };
}

function pollIn(content: Content): string | undefined {
  const poll = pollOf(content);
  return poll && `[poll: ${poll.question} — ${poll.options.slice(0, 50).join(" / ")}]`;
}

/** A pressed button or a chosen row says its value, else its label. */
function choiceIn(content: Content): string | undefined {
  const { buttonsResponseMessage: pressed, listResponseMessage: chosen, templateButtonReplyMessage: reply } = content;
  const form = content.interactiveResponseMessage;
  if (pressed) return pressed.selectedButtonId || pressed.selectedDisplayText || "";
  if (chosen) return chosen.singleSelectReply?.selectedRowId || chosen.title || "";
  if (reply) return reply.selectedId || reply.selectedDisplayText || "";
  if (!form) return undefined;
  return `[form ${form.nativeFlowResponseMessage?.name ?? ""}: ${form.nativeFlowResponseMessage?.paramsJson ?? form.body?.text ?? ""}]`;
}

function shopIn({ orderMessage, productMessage }: Content): string | undefined {
  if (orderMessage)
    return `[order: ${list([orderMessage.orderTitle, orderMessage.message, count(orderMessage.itemCount, "item")])}]`;
  const product = productMessage?.product;
  return product ? `[product: ${list([product.title, product.description, product.url])}]` : undefined;
}

function eventIn({ eventMessage }: Content): string | undefined {
  if (!eventMessage) return undefined;
  const { name, description, startTime, location, joinLink, isCanceled } = eventMessage;
  const at = Number(startTime ?? 0);
  const when = at > 0 && at < 8e9 ? new Date(at * 1000).toISOString() : "";
  return `[${isCanceled ? "cancelled event" : "event"}: ${list([name, when, location?.name, joinLink, description])}]`;
}

function inviteIn({ groupInviteMessage }: Content): string | undefined {
  return groupInviteMessage ? `[invitation to the group ${groupInviteMessage.groupName ?? ""}]` : undefined;
}

function list(parts: readonly (string | null | undefined)[]): string {
  return parts.filter(Boolean).join(", ");
}

function count(many: number | null | undefined, what: string): string | undefined {
  return many ? `${many} ${what}${many === 1 ? "" : "s"}` : undefined;
}
