// From a transcript to what the model reads: the window behind the latest summary, old bulky results shortened,
// images fetched only where they still count. Pure but for `loadImage`.
import type { Entry, ResultEntry, SummaryEntry, UserEntry } from "../../contract/entry.ts";
import type { MediaRef } from "../../contract/message.ts";
import type { ModelMessage, ModelPart } from "../models/port.ts";
import { envelopeOf, guestText } from "./envelope.ts";

export type LoadImage = (media: MediaRef) => Promise<string | undefined>;

/** Results older than this many assistant replies are shortened. */
const KEEP_WHOLE_REPLIES = 3;
const SHORTEN_OVER_CHARS = 4000;
const KEEP_ENDS_CHARS = 1500;

/** The entries the model still reads: the latest summary first, then what it kept. */
export function windowOf(entries: readonly Entry[]): { summary?: SummaryEntry; kept: Entry[] } {
  const summary = entries.findLast((entry) => entry.kind === "summary");
  if (!summary) return { kept: [...entries] };
  return { summary, kept: entries.filter((entry) => entry.seq >= summary.firstKeptSeq && entry.kind !== "summary") };
}

/**
 * Messages for the model, oldest first. `shorten` trims old results even when they are recent enough to keep
 * (used when a provider says that the prompt is too long).
 */
export async function buildMessages(
  entries: readonly Entry[],
  loadImage: LoadImage,
  shorten = false,
  timeZone = "UTC",
): Promise<ModelMessage[]> {
  const { summary, kept } = windowOf(entries);
  const messages: ModelMessage[] = [];
  if (summary) messages.push({ role: "user", parts: [{ type: "text", text: `Summary of the talk so far:\n${summary.text}` }] });
  const replies = kept.filter((entry) => entry.kind === "assistant").length;
  let seen = 0;
  let before: UserEntry | undefined;
  for (const entry of kept) {
    if (entry.kind === "assistant") seen += 1;
    const isOld = shorten || replies - seen >= KEEP_WHOLE_REPLIES;
    const message =
      entry.kind === "user"
        ? await userMessage(entry, isOld, loadImage, envelopeOf(entry, timeZone, before))
        : await toMessage(entry, isOld, loadImage);
    if (message) messages.push(message);
    before = entry.kind === "user" ? entry : undefined;
  }
  return messages;
}

async function userMessage(
  entry: UserEntry,
  isOld: boolean,
  loadImage: LoadImage,
  envelope: string | undefined,
): Promise<ModelMessage> {
  const parts: ModelPart[] = envelope === undefined ? [] : [{ type: "text", text: envelope }];
  const isForeign = entry.origin !== undefined && entry.sender?.isOwner !== true;
  for (const part of entry.parts) {
    if (part.type === "text") parts.push(isForeign ? { type: "text", text: guestText(part.text) } : part);
    else parts.push(await mediaPart(part.type, part.media, isOld, loadImage));
  }
  return { role: "user", parts };
}

async function toMessage(
  entry: Exclude<Entry, UserEntry>,
  isOld: boolean,
  loadImage: LoadImage,
): Promise<ModelMessage | undefined> {
  switch (entry.kind) {
    case "assistant":
      return { role: "assistant", text: entry.text, thinking: entry.thinking, calls: entry.calls, model: entry.model };
    case "result": {
      const images = isOld ? [] : await loadAll(entry, loadImage);
      const text = isOld ? shortenMiddle(entry.text) : entry.text;
      return { role: "tool", callId: entry.callId, name: entry.name, text, isError: entry.outcome !== "done", images };
    }
    case "note":
      return entry.isForModel ? { role: "user", parts: [{ type: "text", text: `[note] ${entry.text}` }] } : undefined;
    case "summary":
      return undefined;
    default:
      return entry satisfies never;
  }
}

async function mediaPart(type: "image" | "file", media: MediaRef, isOld: boolean, loadImage: LoadImage): Promise<ModelPart> {
  const base64 = type === "image" && !isOld ? await loadImage(media) : undefined;
  return base64 === undefined
    ? { type: "text", text: `[${type}: ${media.name ?? media.key}, ${media.type}, ${media.size} bytes]` }
    : { type: "image", mimeType: media.type, base64 };
}

async function loadAll(entry: ResultEntry, loadImage: LoadImage): Promise<{ mimeType: string; base64: string }[]> {
  const images: { mimeType: string; base64: string }[] = [];
  for (const media of entry.media ?? []) {
    const base64 = media.type.startsWith("image/") ? await loadImage(media) : undefined;
    if (base64 !== undefined) images.push({ mimeType: media.type, base64 });
  }
  return images;
}

function shortenMiddle(text: string): string {
  if (text.length <= SHORTEN_OVER_CHARS) return text;
  const left = text.length - 2 * KEEP_ENDS_CHARS;
  return `${text.slice(0, KEEP_ENDS_CHARS)}\n[… ${left} characters of this older result left out …]\n${text.slice(-KEEP_ENDS_CHARS)}`;
}
