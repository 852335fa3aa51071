// A mail, read once: MIME by postal-mime, its headers as they stand, oldest trace lines last. What is asked of it is asked
// here; nothing of it is believed.
import PostalMime, { type Attachment, type Address as Mailbox } from "postal-mime";
import type { Post } from "../channel.ts";

/** A request of this method is a mail; HTTP has no such method, so none can be sent from outside. */
export const MAIL = "MAIL";
/** Cloudflare takes mails of up to 25 MiB. */
export const MAX_MAIL_BYTES = 25 * 1024 * 1024;
const MAX_ADDRESS = 320;
const ENVELOPE_FROM = "envelope-from";
const ADDRESS = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}$/;

export interface Mail {
  /** Who hands it over, as the sending server said; empty: a bounce. */
  envelopeFrom: string;
  /** The address it came to. */
  recipient: string;
  /** By their lower-case name, topmost first, unfolded. */
  headers(name: string): string[];
  /** Names of all headers, topmost first. */
  names: string[];
  /** Every address it says it is for. */
  recipients: string[];
  fromName?: string;
  subject: string;
  text?: string;
  html?: string;
  /** Milliseconds; NaN when it has none that can be read. */
  sentAt: number;
  attachments: Attachment[];
}

const mails = new WeakMap<Post, Promise<Mail>>();

/** A mail in the shape in which channels read requests. */
export function makeMailPost(envelopeFrom: string, recipient: string, body: Uint8Array<ArrayBuffer>): Post {
  const url = new URL(`mailto:${encodeURIComponent(recipient)}`);
  return { method: MAIL, url, headers: new Headers({ [ENVELOPE_FROM]: encodeURIComponent(envelopeFrom) }), body, text: "" };
}

export function recipientOf(post: Post): string {
  return decodeURIComponent(post.url.pathname).toLowerCase();
}

/** @throws SyntaxError for what is no mail. */
export function readMail(post: Post): Promise<Mail> {
  const known = mails.get(post);
  if (known) return known;
  const reading = parse(post);
  mails.set(post, reading);
  return reading;
}

async function parse(post: Post): Promise<Mail> {
  const parsed = await PostalMime.parse(post.body, { maxNestingDepth: 50, maxHeadersSize: 256 * 1024 }).catch(
    (error: unknown) => {
      throw new SyntaxError(`no mail: ${error instanceof Error ? error.message : String(error)}`);
    },
  );
  const headers = (name: string) => parsed.headers.filter(({ key }) => key === name).map(({ value }) => value.trim());
  return {
    envelopeFrom: decodeURIComponent(post.headers.get(ENVELOPE_FROM) ?? "").toLowerCase(),
    recipient: recipientOf(post),
    headers,
    names: parsed.headers.map(({ key }) => key),
    recipients: [...(parsed.to ?? []), ...(parsed.cc ?? [])].flatMap(addressesOf),
    ...(parsed.from?.name ? { fromName: parsed.from.name.slice(0, 100) } : {}),
    subject: parsed.subject ?? "",
    ...(parsed.text === undefined ? {} : { text: parsed.text }),
    ...(parsed.html === undefined ? {} : { html: parsed.html }),
    sentAt: Date.parse(headers("date")[0] ?? ""),
    attachments: parsed.attachments,
  };
}

function addressesOf(box: Mailbox): string[] {
  return (box.group ?? [box]).flatMap(({ address }) => (address && address.length <= MAX_ADDRESS ? [address.toLowerCase()] : []));
}

/**
 * The one address that a mail says it is from, in lower case. Undefined when there are several, or when two readers could
 * read it in two ways: then it is nobody's.
 */
export function fromOf(mail: Mail): string | undefined {
  const [written = "", ...others] = mail.headers("from");
  if (others.length > 0) return undefined;
  const unquoted = written.replace(/"(?:[^"\\]|\\.)*"/g, "").trim();
  const address = (/^[^<>@,;:"]*<([^<>]+)>$/.exec(unquoted)?.[1] ?? unquoted).toLowerCase();
  return isAddress(address) ? address : undefined;
}

export function isAddress(text: string): boolean {
  return text.length <= MAX_ADDRESS && ADDRESS.test(text.toLowerCase());
}

/** "ann+lists@example.com" comes to "ann@example.com". */
export function withoutTag(address: string): string {
  return address
    .slice(0, MAX_ADDRESS)
    .toLowerCase()
    .replace(/\+[^@]*(?=@)/, "");
}

/** Ids in "<…>", in their order. */
export function messageIds(text: string | undefined): string[] {
  return (text ?? "").match(/<[^<>\s]{1,512}>/g) ?? [];
}

/** As the house names a mail: what stands between "<" and ">", so that no mark-up swallows it. */
export function bareId(id: string): string {
  return id.replace(/^<|>$/g, "");
}
