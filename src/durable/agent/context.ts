// From a transcript to what the model reads: the window behind the latest summary, old bulky results shortened,
// files fetched only where they still count. Pure but for `loadMedia`.
import type { Entry, ResultEntry, SummaryEntry, UserEntry } from "../../contract/entry.ts";
import type { MediaRef } from "../../contract/message.ts";
import type { ModelMessage, ModelPart } from "../models/port.ts";
import { decodeText } from "../tools/charset.ts";
import { describeFile, type FileText, fenceFile, holdEnds, mayBeText, shareRoom } from "./attached-text.ts";
import { envelopeOf, guestText } from "./envelope.ts";
import { resultCap } from "./results.ts";

/** The bytes of a stored file; undefined when it is gone. */
export type LoadMedia = (media: MediaRef) => Promise<Uint8Array | undefined>;

export interface ContextOptions {
  /** Trims old results and files even when they are recent enough to keep: a provider said that the prompt is too long. */
  isShort?: boolean;
  /** Tokens; how much of a file is shown depends on it. */
  contextWindow?: number;
  /** IANA name; times of messages from channels are told in it. */
  timeZone?: string;
}

/** Files sent before what the person said in the latest so many turns are shortened; pictures and PDFs are only named. */
const KEEP_FILES_FOR_MESSAGES = 3;
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

/** Messages for the model, oldest first. */
export async function buildMessages(
  entries: readonly Entry[],
  loadMedia: LoadMedia,
  { isShort = false, contextWindow = 0, timeZone = "UTC" }: ContextOptions = {},
): Promise<ModelMessage[]> {
  const { summary, kept } = windowOf(entries);
  const messages: ModelMessage[] = [];
  if (summary) messages.push({ role: "user", parts: [{ type: "text", text: `Summary of the talk so far:\n${summary.text}` }] });
  const left = { replies: kept.filter((entry) => entry.kind === "assistant").length, said: new Set(kept.flatMap(askOf)).size };
  let ask: string | undefined;
  const room = resultCap(contextWindow);
  let before: UserEntry | undefined;
  for (const entry of kept) {
    if (entry.kind === "assistant") left.replies -= 1;
    const [next = ask] = askOf(entry);
    if (next !== ask) left.said -= 1;
    ask = next;
    const isOld = isShort || (entry.kind === "user" ? left.said >= KEEP_FILES_FOR_MESSAGES : left.replies >= KEEP_WHOLE_REPLIES);
    const message =
      entry.kind === "user"
        ? await userMessage(entry, envelopeOf(entry, timeZone, before), isOld, loadMedia, isOld ? 2 * KEEP_ENDS_CHARS : room)
        : await toMessage(entry, isOld, loadMedia);
    if (message) messages.push(message);
    before = entry.kind === "user" ? entry : undefined;
  }
  return messages;
}

/** What a person's message belongs to: the pictures of an album, and whatever else is answered together, are one. */
function askOf(entry: Entry): string[] {
  return entry.kind === "user" ? [entry.turnId ?? `alone ${entry.seq}`] : [];
}

async function toMessage(
  entry: Exclude<Entry, UserEntry>,
  isOld: boolean,
  loadMedia: LoadMedia,
): Promise<ModelMessage | undefined> {
  switch (entry.kind) {
    case "assistant":
      return { role: "assistant", text: entry.text, thinking: entry.thinking, calls: entry.calls, model: entry.model };
    case "result": {
      const images = isOld ? [] : await loadAll(entry, loadMedia);
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

/** A person's message with what stands around it. Its text files share `room` characters. */
async function userMessage(
  entry: UserEntry,
  envelope: string | undefined,
  isOld: boolean,
  loadMedia: LoadMedia,
  room: number,
): Promise<ModelMessage> {
  const { parts } = entry;
  const isForeign = entry.origin !== undefined && entry.sender?.isOwner !== true;
  const texts = await Promise.all(
    parts.map((part) => (part.type === "file" && mayBeText(part.media) ? readText(part.media, loadMedia) : undefined)),
  );
  const found = texts.filter((text) => text !== undefined);
  const shares = shareRoom(
    found.map((text) => text.length),
    room,
  );
  const read: ModelPart[] = envelope === undefined ? [] : [{ type: "text", text: envelope }];
  for (const [index, part] of parts.entries()) {
    const text = texts[index];
    if (part.type === "text") read.push(isForeign ? { type: "text", text: guestText(part.text) } : part);
    else if (text) read.push({ type: "text", text: fenceFile(part.media, text, shares[found.indexOf(text)] ?? 0) });
    else read.push(await readBytes(part.type, part.media, isOld, loadMedia));
  }
  return { role: "user", parts: read };
}

/** Ends of the texts that were read: entries stay the same objects while the session is in memory. */
const knownTexts = new WeakMap<MediaRef, FileText>();

async function readText(media: MediaRef, loadMedia: LoadMedia): Promise<FileText | undefined> {
  const known = knownTexts.get(media);
  if (known) return known;
  const bytes = await loadMedia(media);
  const text = bytes && decodeText(bytes, media);
  if (text === undefined) return undefined;
  const held = holdEnds(text);
  knownTexts.set(media, held);
  return held;
}

async function readBytes(type: "image" | "file", media: MediaRef, isOld: boolean, loadMedia: LoadMedia): Promise<ModelPart> {
  const label = `[${type}: ${describeFile(media)}]`;
  const isPdf = media.type === "application/pdf";
  const bytes = !isOld && (type === "image" || isPdf) ? await loadMedia(media) : undefined;
  if (!bytes) return { type: "text", text: label };
  const base64 = Buffer.from(bytes).toString("base64");
  if (isPdf) return { type: "document", mimeType: "application/pdf", base64, name: media.name ?? "document.pdf", label };
  return { type: "image", mimeType: media.type, base64, label };
}

async function loadAll(entry: ResultEntry, loadMedia: LoadMedia): Promise<{ mimeType: string; base64: string }[]> {
  const images: { mimeType: string; base64: string }[] = [];
  for (const media of entry.media ?? []) {
    const bytes = media.type.startsWith("image/") ? await loadMedia(media) : undefined;
    if (bytes) images.push({ mimeType: media.type, base64: Buffer.from(bytes).toString("base64") });
  }
  return images;
}

function shortenMiddle(text: string): string {
  if (text.length <= SHORTEN_OVER_CHARS) return text;
  const left = text.length - 2 * KEEP_ENDS_CHARS;
  return `${text.slice(0, KEEP_ENDS_CHARS)}\n[… ${left} characters of this older result left out …]\n${text.slice(-KEEP_ENDS_CHARS)}`;
}
