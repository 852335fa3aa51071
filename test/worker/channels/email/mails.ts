// Mails for tests: recorded ones, and hostile ones made by nodemailer's composer with whatever headers a forger likes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import MailComposer from "nodemailer/lib/mail-composer/index.js";
import type { Line, OutgoingMail, Post } from "../../../../src/worker/channels/channel.ts";
import { makeMailPost } from "../../../../src/worker/channels/email/mail.ts";
import { makeChannelLine } from "../../../support/channel-line.ts";

const FOLDER = join(import.meta.dirname, "../../../fixtures/channels/email");
export const OWN = "skerry@home.example";
export const ANN = "ann@people.example";
/** Shortly after the recorded mails were written. */
export const NOW = Date.parse("2026-11-22T10:45:00Z");
const BY_CLOUDFLARE =
  "from mx.people.example (2001:db8::1) by cloudflare-email.net (cloudflare) id X; Sun, 22 Nov 2026 10:40:00 +0000";
const FOUND = `mx.cloudflare.net; dkim=pass header.d=people.example header.s=a header.b=b; dmarc=pass header.from=people.example policy.dmarc=none; spf=pass smtp.mailfrom=${ANN}`;

export function emailLine(
  wishes: { mails?: OutgoingMail[]; files?: Record<string, Uint8Array<ArrayBuffer>>; mediaMaxMb?: number } = {},
): Line {
  const { mails = [], ...rest } = wishes;
  return makeChannelLine("email", {
    ...rest,
    keys: { EMAIL_ADDRESS: OWN },
    now: () => NOW,
    sendMail: async (mail) => {
      mails.push(mail);
      return { messageId: `<answer-${mails.length}@cloudflare-email.net>` };
    },
  });
}

export function recorded(name: string, envelopeFrom = ANN): Post {
  const text = readFileSync(join(FOLDER, `${name}.eml`), "utf8").replace(/\r?\n/g, "\r\n");
  return makeMailPost(envelopeFrom, OWN, new TextEncoder().encode(text));
}

export interface MailWishes {
  /** Trace lines, topmost first; absent: those of a mail that proved itself. */
  trace?: [name: string, value: string][];
  envelopeFrom?: string;
  recipient?: string;
  from?: string;
  to?: string;
  date?: Date;
  mail?: Record<string, unknown>;
}

/** A mail as it comes to the letter box: what servers wrote stands above what its sender wrote. */
export async function composed(wishes: MailWishes = {}): Promise<Post> {
  const { from = `Ann <${ANN}>`, to = OWN, date = new Date(NOW - 60_000), envelopeFrom = ANN, recipient = OWN } = wishes;
  const mail = new MailComposer({ text: "hello", subject: "Hi", messageId: "<made@people.example>", ...wishes.mail, to, date });
  const built = await mail.compile().build();
  const own = built.toString("latin1").replace(/^From:.*\r\n/im, "");
  const trace = wishes.trace ?? [
    ["Received", BY_CLOUDFLARE],
    ["Authentication-Results", FOUND],
  ];
  const head = [...trace.map(([name, value]) => `${name}: ${value}`), `From: ${from}`].join("\r\n");
  return makeMailPost(envelopeFrom, recipient, Uint8Array.from(Buffer.from(`${head}\r\n${own}`, "latin1")));
}

/** What the receiving server found, with everything else as in a good mail. */
export function found(results: string, wishes: MailWishes = {}): Promise<Post> {
  return composed({
    ...wishes,
    trace: [
      ["Received", BY_CLOUDFLARE],
      ["Authentication-Results", results],
    ],
  });
}
