// The letter box: mails that Cloudflare's Email Routing hands over take the way of every message: prove, translate, admit,
// receive. Strangers and forgers hear nothing, since whoever answers them writes to whom they pretend to be. A mail that
// could not be stored fails, so that the sending server tries again.
import { channelFacts } from "../contract/channels/facts.ts";
import type { DirectoryPort } from "../contract/ports/directory.ts";
import type { Env } from "../durable/env.ts";
import { intake } from "../durable/intake.ts";
import { storeMedia } from "../durable/media.ts";
import { directoryOf, sessionOf } from "../durable/stubs.ts";
import type { Line } from "./channels/channel.ts";
import type { MailFile } from "./channels/email/inbound.ts";
import { openLine } from "./channels/line.ts";

/** More than this from one sender is no talk any more, but two programs that answer each other. */
const MOST_AN_HOUR = 30;
const HOUR_MS = 3_600_000;
const SAY_TROUBLE_EVERY_MS = 60_000;
const toldAt = new Map<string, number>();

export async function receiveMail(mail: ForwardableEmailMessage, env: Env, ctx: ExecutionContext): Promise<void> {
  const { withoutTag, makeMailPost } = await import("./channels/email/mail.ts");
  const { email, filesIn, ownAddress } = await import("./channels/email/email.ts");
  const line = await findLine(env, (one) => withoutTag(ownAddress(one)) === withoutTag(mail.to));
  // Said while the sending server is still there: nothing is sent to whoever the mail claims to be from.
  if (!line) return mail.setReject("There is no such address here.");
  if (mail.rawSize > email.maxBodyBytes) return mail.setReject("The mail is larger than 25 MB.");
  const post = makeMailPost(mail.from, mail.to, new Uint8Array(await new Response(mail.raw).arrayBuffer()));
  const proof = await email.prove(post, line);
  if (!proof.ok) return tellTrouble(env, ctx, line, `A mail was left out, because its sender is not proved: ${proof.reason}.`);
  const { inbound } = await email.translate(post, line);
  const directory = directoryOf(env);
  for (const { kind, message } of inbound) {
    const admit: DirectoryPort["admit"] = async (...asked) => {
      const admission = await directory.admit(...asked);
      if (admission.outcome !== "accept") return admission;
      if (await isTooMany(env, message.from.channel, message.sender.id)) {
        const reason = `More than ${MOST_AN_HOUR} mails came from ${message.sender.id} in an hour; the others are left out.`;
        tellTrouble(env, ctx, line, reason);
        return { outcome: "ignore", reason };
      }
      await keepFiles(env, await filesIn(post, line));
      return admission;
    };
    const ports = { directory: { admit }, session: (key: string) => sessionOf(env, key) };
    await intake(ports, message, {}, { isNotice: kind === "notice" });
  }
}

/** The account whose address it is. */
async function findLine(env: Env, isMeant: (line: Line) => boolean): Promise<Line | undefined> {
  const states = await directoryOf(env).channelStates();
  for (const { account } of states.filter(({ channel }) => channel === "email")) {
    // Asked anew: mails are rare, and an address that was taken away takes none at once.
    const line = await openLine(env, "email", account, 0);
    if (line && isMeant(line)) return line;
  }
  return undefined;
}

async function keepFiles(env: Env, files: readonly MailFile[]): Promise<void> {
  for (const { bytes, media } of files) await storeMedia(env.MEDIA, bytes, media.name);
}

/** Counts in the bucket: this door remembers nothing, and a loop turns through many of them. */
async function isTooMany(env: Env, channel: string, sender: string): Promise<boolean> {
  const key = `counts/${channel}/${encodeURIComponent(sender)}`;
  const stored = await env.MEDIA.get(key);
  const now = Date.now();
  const times = (stored ? (await stored.text()).split(",").map(Number) : []).filter((at) => now - at < HOUR_MS);
  if (times.length >= MOST_AN_HOUR) return true;
  await env.MEDIA.put(key, [...times, now].join(","));
  return false;
}

/** Once a minute at most: anybody can send such mails. */
function tellTrouble(env: Env, ctx: ExecutionContext, line: Line, text: string): void {
  const { channel, account } = line.account;
  const now = Date.now();
  if (now - (toldAt.get(account) ?? 0) < SAY_TROUBLE_EVERY_MS) return;
  toldAt.set(account, now);
  console.warn(`${channelFacts(channel)?.label ?? channel} (${account}): ${text}`);
  const told = directoryOf(env).noteChannel({ channel, account, at: now, note: { kind: "error", text } });
  ctx.waitUntil(told.catch(() => undefined));
}
