// Mails that nobody wrote by hand: answering one begins a loop, or tells a list what was meant for one person. RFC 3834
// and what servers do besides.
import { fromOf, type Mail, messageIds, withoutTag } from "./mail.ts";

/** On our own mails; what brings it back is our own mail on its way round. */
export const LOOP_HEADER = "x-loop";
const MAX_REFERENCES = 100;
const ROBOT = /^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|notifications?)([+-][^@]*)?@/;
const BULK = /^(bulk|junk|list|auto[_-]reply)$/i;
const TELLING = ["list-id", "list-unsubscribe", "list-post", "x-autoreply", "x-autorespond", "x-auto-response-suppress"];

/** What shows that no person wrote it; undefined: a person may have. */
export function automaticBy(mail: Mail, ownAddress: string): string | undefined {
  const submitted = mail.headers("auto-submitted")[0];
  if (submitted !== undefined && !/^no\b/i.test(submitted)) return `Auto-Submitted: ${submitted}`;
  const precedence = mail.headers("precedence")[0];
  if (precedence !== undefined && BULK.test(precedence)) return `Precedence: ${precedence}`;
  const telling = TELLING.find((name) => mail.names.includes(name));
  if (telling !== undefined) return telling;
  if (/^multipart\/report\b/i.test(mail.headers("content-type")[0] ?? "")) return "a delivery report";
  const from = fromOf(mail) ?? "";
  if (withoutTag(from) === withoutTag(ownAddress)) return "it is our own";
  if (mail.headers(LOOP_HEADER).some((value) => withoutTag(value) === withoutTag(ownAddress))) return "it came back to us";
  if (mail.envelopeFrom === "" || ROBOT.test(from) || ROBOT.test(mail.envelopeFrom)) return "its sender is a program";
  if (messageIds(mail.headers("references")[0]).length > MAX_REFERENCES) return "its thread is longer than any talk";
  return undefined;
}
