// Email, by Cloudflare's Email Routing: mails come to the Worker's email() handler (worker/email.ts), answers go out by
// send_email. A mail proves itself by what the receiving server found out about its sender.
// Reading → mail.ts, proof → authentication.ts, programs → automatic.ts, words → inbound.ts and quoted.ts, answers →
// outbound.ts and html.ts.
import { MEDIA_KEY } from "../../../durable/media.ts";
import type { Channel, Line, Post } from "../channel.ts";
import { splitToFit } from "../text/limit.ts";
import { PLAIN, renderMarkdown } from "../text/render.ts";
import { proveSender } from "./authentication.ts";
import { automaticBy } from "./automatic.ts";
import { filesOf, type MailFile, readInbound } from "./inbound.ts";
import { isAddress, MAIL, MAX_MAIL_BYTES, readMail } from "./mail.ts";
import { deliver } from "./outbound.ts";

const files = new WeakMap<Post, Promise<MailFile[]>>();

export const email: Channel = {
  id: "email",
  maxBodyBytes: MAX_MAIL_BYTES,

  async prove(post, line) {
    if (post.method !== MAIL || post.url.protocol !== "mailto:") return { ok: false, reason: "mail does not come by HTTP" };
    try {
      return proveSender(await readMail(post), ownAddress(line), line.now());
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  },

  async translate(post, line) {
    const mail = await readMail(post);
    if (automaticBy(mail, ownAddress(line)) !== undefined) return { inbound: [] };
    return { inbound: [await readInbound(mail, await filesIn(post, line), line.account.account, ownAddress(line))] };
  },

  deliver,
  split: (text, style) => splitToFit(text, style, (piece) => renderMarkdown(piece, PLAIN)),

  /** What came with a mail was stored when its sender was let in. */
  async fetchMedia(remote, line) {
    const bytes = MEDIA_KEY.test(remote.handle) ? await line.readMedia(remote.handle) : undefined;
    if (bytes) return { ok: true, value: { bytes } };
    return {
      ok: false,
      error: { code: "NOT_FOUND", message: "The file of this mail is no longer stored; it can be sent again." },
    };
  },

  async connect(_address, line) {
    return [
      {
        state: "by-hand",
        text: `In the Cloudflare dashboard, under Email Routing, Routing Rules: create a rule for ${ownAddress(line)} with the action "Send to a Worker" and choose this Worker.`,
      },
      {
        state: "by-hand",
        text: "Under Destination Addresses verify every address that may write, or switch on Email Sending for the domain: else answers cannot be sent to it.",
      },
    ];
  },

  async disconnect(line) {
    return [
      { state: "by-hand", text: `In the Cloudflare dashboard, under Email Routing, delete the rule for ${ownAddress(line)}.` },
    ];
  },

  async probe(line) {
    const own = ownAddress(line);
    if (!isAddress(own)) {
      const message = `EMAIL_ADDRESS is no mail address ("${own}"); write it as name@example.com.`;
      return { ok: false, error: { code: "INVALID_REQUEST", message } };
    }
    if (line.sendMail) return { ok: true, value: `${own}; mail can be sent. Whether it is routed here shows when one arrives.` };
    const message =
      "Mail cannot be sent from this runtime: it needs Skerry deployed on Cloudflare, with the binding EMAIL (send_email).";
    return { ok: false, error: { code: "NOT_LINKED", message } };
  },
};

/** The files of a mail, read once. */
export function filesIn(post: Post, line: Line): Promise<MailFile[]> {
  const known = files.get(post);
  if (known) return known;
  const found = readMail(post).then((mail) => filesOf(mail, line.account.mediaMaxMb));
  files.set(post, found);
  return found;
}

export function ownAddress(line: Line): string {
  return (line.account.keys["EMAIL_ADDRESS"] ?? "").trim().toLowerCase();
}
