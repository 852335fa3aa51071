// What a mail says: its own words without the mails it answers, its files, its thread. A talk by mail is one with the
// person who wrote; who else was written to is told, never answered.
import type { Attachment } from "postal-mime";
import type { Inbound } from "../../../contract/channels/channel.ts";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Message, RemoteMedia } from "../../../contract/message.ts";
import { hashBytes, hashText } from "../../../durable/gateway/access/secrets.ts";
import { bareId, fromOf, type Mail, messageIds, withoutTag } from "./mail.ts";
import { partQuoted, type Written } from "./quoted.ts";

const MAX_TEXT = 100_000;
const MAX_QUOTED = 4000;
const MAX_FILES = 20;
/** Pictures of a signature. */
const ORNAMENT_BYTES = 8192;
/** Cloudflare sends headers of up to 2,048 bytes. */
const MAX_REFERENCES_CHARS = 1900;
/** Where programs put the mails that are answered. */
const ANSWERED_HTML =
  '.gmail_quote, blockquote[type="cite"], .yahoo_quoted, .moz-cite-prefix, #appendonsend ~ *, #divRplyFwdMsg, #divRplyFwdMsg ~ *, .protonmail_quote';

export interface MailFile {
  media: RemoteMedia;
  bytes: Uint8Array<ArrayBuffer>;
}

export async function readInbound(mail: Mail, files: readonly MailFile[], account: string, ownAddress: string): Promise<Inbound> {
  const from = fromOf(mail) ?? "";
  const own = messageIds(mail.headers("message-id")[0])[0];
  const answered = messageIds(mail.headers("in-reply-to")[0]).at(-1);
  const references = messageIds(mail.headers("references")[0]);
  const root = references[0] ?? answered ?? own ?? "";
  const { text, quoted } = await writtenIn(mail);
  const said = [
    answered === undefined && text !== "" && !text.startsWith("/") && mail.subject !== "" ? `Subject: ${mail.subject}` : "",
    text === "" ? mail.subject : text,
    othersIn(mail, ownAddress),
    leftOut(mail, files),
  ].filter((part) => part !== "");
  const message: Message = {
    // Whoever copies an id of another person's mail must not make that one look like a repetition.
    id: `email:${account}:${(await hashText(`${from}\n${own ?? (await hashText(JSON.stringify([mail.sentAt, text])))}`)).slice(0, 40)}`,
    from: {
      channel: "email",
      ...(account === DEFAULT_ACCOUNT ? {} : { account }),
      peer: from,
      kind: "direct",
      ...(root === "" ? {} : { thread: (await hashText(root)).slice(0, 16) }),
      route: {
        ...(mail.subject === "" ? {} : { subject: mail.subject.slice(0, 500) }),
        ...(own === undefined ? {} : { messageId: own, references: shorten([...references, own]) }),
      },
    },
    sender: { id: from, isOwner: false, ...(mail.fromName ? { name: mail.fromName } : {}) },
    parts: said.map((part) => ({ type: "text", text: part })),
    sentAt: mail.sentAt,
    ...(own === undefined ? {} : { platformId: bareId(own) }),
    ...(files.length > 0 ? { attachments: files.map(({ media }) => media) } : {}),
    ...(answered === undefined
      ? {}
      : { quoted: { platformId: bareId(answered), ...(quoted === "" ? {} : { text: quoted.slice(0, MAX_QUOTED) }) } }),
  };
  return { kind: "message", message };
}

async function writtenIn(mail: Mail): Promise<Written> {
  const plain = mail.text?.trim() ?? "";
  if (plain !== "") return partQuoted(plain.slice(0, MAX_TEXT));
  if (!mail.html) return { text: "", quoted: "" };
  const { readHtml } = await import("../../../durable/tools/web/page.ts");
  const { text, apart } = readHtml(mail.html, ANSWERED_HTML);
  if (text === "") return { text: apart.slice(0, MAX_TEXT), quoted: "" };
  const parted = partQuoted(text.slice(0, MAX_TEXT));
  return apart === "" ? parted : { text: parted.text, quoted: apart };
}

function othersIn(mail: Mail, ownAddress: string): string {
  const others = mail.recipients.filter((address) => withoutTag(address) !== withoutTag(ownAddress));
  return others.length === 0 ? "" : `[also to ${others.slice(0, 20).join(", ")}${others.length > 20 ? " and others" : ""}]`;
}

function leftOut(mail: Mail, files: readonly MailFile[]): string {
  const count = mail.attachments.filter((file) => !isOrnament(file)).length - files.length;
  return count > 0 ? `[${count} file${count === 1 ? " was" : "s were"} left out: empty, or too many, or too large]` : "";
}

/** The first ids and the last ones, as many as a header takes. */
function shorten(ids: readonly string[]): string {
  const kept = [...ids];
  while (kept.length > 2 && kept.join(" ").length > MAX_REFERENCES_CHARS) kept.splice(1, 1);
  const line = kept.join(" ");
  return line.length > MAX_REFERENCES_CHARS ? (kept.at(-1) ?? "") : line;
}

/** The files that came in a mail: their bytes are here already, and are named by what they will be stored as. */
export async function filesOf(mail: Mail, maxMb: number): Promise<MailFile[]> {
  const files: MailFile[] = [];
  for (const file of mail.attachments.filter((one) => !isOrnament(one))) {
    const bytes = bytesOf(file);
    if (bytes.length === 0 || bytes.length > maxMb * 1024 * 1024 || files.length >= MAX_FILES) continue;
    const handle = `media/${await hashBytes(bytes)}`;
    const name = file.filename?.slice(0, 200);
    const media = { handle, kind: kindOf(file.mimeType), type: file.mimeType, size: bytes.length, ...(name ? { name } : {}) };
    files.push({ media, bytes });
  }
  return files;
}

function isOrnament(file: Attachment): boolean {
  return file.related === true && file.mimeType.startsWith("image/") && bytesOf(file).length < ORNAMENT_BYTES;
}

function bytesOf({ content }: Attachment): Uint8Array<ArrayBuffer> {
  if (typeof content === "string") return Uint8Array.from(new TextEncoder().encode(content));
  return content instanceof ArrayBuffer ? new Uint8Array(content) : Uint8Array.from(content);
}

function kindOf(type: string): RemoteMedia["kind"] {
  const [family] = type.split("/");
  return family === "image" || family === "audio" || family === "video" ? family : "file";
}
