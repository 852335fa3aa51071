// What the house says, as mail: by Cloudflare's send_email, as text and HTML in one, in the thread it answers. Mail cannot be
// taken back, changed or reacted to: those acts are refused in words.
import type { DeliveryAct, DeliveryOutcome, OutboxItem } from "../../../contract/channels/delivery.ts";
import type { Address } from "../../../contract/message.ts";
import type { Line, OutgoingMail } from "../channel.ts";
import { PLAIN, renderMarkdown } from "../text/render.ts";
import { writeHtml } from "./html.ts";
import { bareId, isAddress, messageIds } from "./mail.ts";

const MAX_SUBJECT = 120;
/** What Cloudflare sends to any verified address: 25 MiB with the files a third larger than they are. */
const MAX_FILES_BYTES = 18 * 1024 * 1024;
const RATE_PAUSE_MS = 60_000;

const CANNOT: Partial<Record<DeliveryAct["type"], string>> = {
  poll: "Mail has no polls; ask the question in a message instead.",
  draft: "A mail cannot grow while it is written.",
  edit: "A mail that was sent cannot be changed; send another one.",
  delete: "A mail that was sent cannot be taken back.",
  react: "Mail has no reactions.",
  pin: "Mail has no pins.",
  thread: "A mail thread begins with a message, not with a name; send the message.",
  typing: "Mail shows nobody typing.",
};

export async function deliver({ act, to }: OutboxItem, line: Line): Promise<DeliveryOutcome> {
  const reason = CANNOT[act.type];
  if (reason !== undefined) return { outcome: "refused", reason };
  if (!isAddress(to.peer)) return { outcome: "refused", reason: `"${to.peer.slice(0, 100)}" is no mail address.` };
  if (!line.sendMail) {
    const text =
      "This runtime cannot send mail: answers by mail need Skerry deployed on Cloudflare, with the binding EMAIL (send_email).";
    return { outcome: "refused", reason: text };
  }
  switch (act.type) {
    case "text": {
      const choices = act.buttons?.flat().map(({ label, value }) => `- ${label}: answer “${value}”`) ?? [];
      const text = choices.length > 0 ? `${act.text}\n\n${choices.join("\n")}` : act.text;
      return send(makeMail(text, to, act.replyTo, line), line);
    }
    case "media": {
      const files = await Promise.all(act.media.map(async (media) => ({ media, bytes: await line.readMedia(media.key) })));
      const lost = files.find(({ bytes }) => !bytes);
      if (lost) return { outcome: "refused", reason: `The file ${lost.media.name ?? lost.media.key} is no longer stored.` };
      const size = files.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
      if (size > MAX_FILES_BYTES)
        return { outcome: "refused", reason: "The files are larger than a mail may be (18 MB together)." };
      const names = act.media.map(({ name }, index) => name ?? `file ${index + 1}`).join(", ");
      const mail = makeMail(act.caption ?? names, to, act.replyTo, line);
      mail.attachments = files.map(({ media, bytes }, index) => ({
        disposition: "attachment",
        filename: (media.name ?? `file-${index + 1}${extensionOf(media.type)}`).replace(/[\r\n"]/g, "_"),
        type: media.type.split(";")[0] ?? media.type,
        content: bytes ?? new Uint8Array(),
      }));
      return send(mail, line);
    }
    default:
      return { outcome: "refused", reason: "Mail cannot do this." };
  }
}

function makeMail(markdown: string, to: Address, replyTo: string | undefined, line: Line): OutgoingMail {
  const { keys } = line.account;
  const own = keys["EMAIL_ADDRESS"] ?? "";
  const { subject, messageId, references } = to.route ?? {};
  const answered = messageIds(`<${bareId(replyTo ?? "")}>`)[0] ?? messageIds(messageId)[0];
  const thread = messageIds(references);
  const known = answered === undefined || thread.includes(answered) ? thread : [...thread, answered];
  return {
    to: to.peer,
    from: { email: own, name: keys["EMAIL_NAME"] || "Skerry" },
    subject: subjectOf(markdown, subject),
    text: renderMarkdown(markdown, PLAIN),
    html: writeHtml(markdown),
    headers: {
      ...(answered === undefined ? {} : { "In-Reply-To": answered, References: known.join(" ") }),
      // Programs that answer by themselves leave such mails alone (RFC 3834).
      "Auto-Submitted": answered === undefined ? "auto-generated" : "auto-replied",
      "X-Auto-Response-Suppress": "All",
      "X-Loop": own,
    },
    attachments: [],
  };
}

/** Of the mail that is answered, else the first words. */
function subjectOf(markdown: string, answered: string | undefined): string {
  if (answered !== undefined && answered !== "") return oneLine(/^re:/i.test(answered) ? answered : `Re: ${answered}`);
  const [first = ""] = renderMarkdown(markdown, PLAIN).trim().split("\n");
  return oneLine(first) || "A message";
}

function oneLine(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, " ").trim();
  return line.length <= MAX_SUBJECT ? line : `${line.slice(0, MAX_SUBJECT - 1).trim()}…`;
}

function extensionOf(type: string): string {
  const [, kind] = /^[a-z]+\/([a-z0-9]{2,5})\b/.exec(type) ?? [];
  return kind ? `.${kind}` : "";
}

async function send(mail: OutgoingMail, line: Line): Promise<DeliveryOutcome> {
  try {
    const sent = await line.sendMail?.(mail);
    return sent?.messageId ? { outcome: "sent", platformId: bareId(sent.messageId) } : { outcome: "sent" };
  } catch (error) {
    return outcomeOf(error, mail);
  }
}

/** Cloudflare's codes begin with E_; without one it is not known what happened. */
function outcomeOf(error: unknown, mail: OutgoingMail): DeliveryOutcome {
  const said = error instanceof Error ? error.message : String(error);
  const given = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  // Codes that are words of the message alone come from older versions of the service.
  const code = /^E_[A-Z_]+$/.test(given) ? given : (/\bE_[A-Z_]+\b/.exec(said)?.[0] ?? "");
  switch (code) {
    case "E_RATE_LIMIT_EXCEEDED":
      return { outcome: "unanswered", reason: said, retryAfterMs: RATE_PAUSE_MS };
    case "E_INTERNAL_SERVER_ERROR":
      return { outcome: "unanswered", reason: said };
    case "E_DAILY_LIMIT_EXCEEDED":
      return { outcome: "refused", reason: "Cloudflare's daily limit of mails is reached; it starts anew tomorrow." };
    case "E_SENDER_NOT_VERIFIED":
    case "E_SENDER_DOMAIN_NOT_AVAILABLE":
      return {
        outcome: "refused",
        reason: `Cloudflare does not send from ${mail.from.email}: switch on Email Routing or Email Sending for its domain.`,
      };
    case "E_RECIPIENT_NOT_ALLOWED":
      return {
        outcome: "refused",
        reason: `Cloudflare does not send to ${mail.to}: verify it under Email Routing, Destination Addresses, or switch on Email Sending for the domain.`,
      };
    case "E_RECIPIENT_SUPPRESSED":
      return {
        outcome: "refused",
        reason: `Mails to ${mail.to} bounced before; take it off the suppression list of Email Sending.`,
      };
    case "E_CONTENT_TOO_LARGE":
      return {
        outcome: "refused",
        reason: "The mail is larger than Cloudflare sends to this address (5 MiB, or 25 MiB to a verified one).",
      };
    case "":
      return { outcome: "unknown", reason: said };
    default:
      return { outcome: "refused", reason: `${code}: ${said.slice(0, 300)}` };
  }
}
