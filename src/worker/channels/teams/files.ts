// Files to people: pictures stand in the message; other files are offered by a card, and go to the person's own store once
// they are taken. What the card carries comes back through their hands, so it is signed for that talk.
import type { MediaRef } from "../../../contract/message.ts";
import { isSameSecret, signText } from "../../../durable/gateway/access/secrets.ts";
import type { Line } from "../channel.ts";
import { nameOfFile } from "../file-name.ts";
import { PATIENCE_MS } from "../outcome.ts";
import { toBase64 } from "../signature.ts";
import type { Activity, Consent } from "./activity.ts";
import { isFileStore } from "./connector.ts";

/** Teams shows pictures up to this size in a message. */
const MAX_INLINE = 1024 * 1024;
const INLINE = /^image\/(png|jpeg|gif)/;

export function isInline({ type, size }: MediaRef): boolean {
  return INLINE.test(type) && size <= MAX_INLINE;
}

/** Undefined: it is no longer stored. */
export async function inlineAttachment(media: MediaRef, line: Line): Promise<object | undefined> {
  const bytes = await line.readMedia(media.key);
  if (!bytes) return undefined;
  return { contentType: media.type, name: nameOfFile(media), contentUrl: `data:${media.type};base64,${toBase64(bytes)}` };
}

export async function offerAttachment(media: MediaRef, conversation: string, caption: string, line: Line): Promise<object> {
  const name = nameOfFile(media);
  const context = { key: media.key, name, signature: await signOffer(media.key, conversation, line) };
  return {
    contentType: "application/vnd.microsoft.teams.card.file.consent",
    name,
    content: { description: caption || name, sizeInBytes: media.size, acceptContext: context, declineContext: context },
  };
}

/** Puts a file that was taken where Teams says. Answers the attachment that shows it; undefined: it was not put there. */
export async function handOver(consent: Consent, activity: Activity, line: Line): Promise<object | undefined> {
  const { context, uploadInfo, action } = consent;
  const signature = await signOffer(context.key, activity.conversation.id, line);
  if (action !== "accept" || !(await isSameSecret(signature, context.signature))) return undefined;
  if (!uploadInfo?.uploadUrl || !isFileStore(uploadInfo.uploadUrl)) return undefined;
  const bytes = await line.readMedia(context.key);
  if (!bytes || bytes.length === 0) return undefined;
  const answer = await line
    .fetch(uploadInfo.uploadUrl, {
      method: "PUT",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: { "content-range": `bytes 0-${bytes.length - 1}/${bytes.length}` },
      body: bytes,
    })
    .catch(() => undefined);
  if (!answer?.ok) return undefined;
  return {
    contentType: "application/vnd.microsoft.teams.card.file.info",
    contentUrl: uploadInfo.contentUrl,
    name: uploadInfo.name ?? context.name,
    content: { uniqueId: uploadInfo.uniqueId, fileType: uploadInfo.fileType },
  };
}

function signOffer(key: string, conversation: string, line: Line): Promise<string> {
  return signText(line.account.keys["TEAMS_APP_PASSWORD"] ?? "", `teams file ${key} ${conversation}`);
}
