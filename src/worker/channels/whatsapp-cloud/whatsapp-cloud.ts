// WhatsApp by Meta's Cloud API: webhooks signed with the app's secret, answers by the Graph API. A business may answer
// freely for 24 hours after a person wrote.
// Webhooks → payload.ts and inbound.ts, acts → outbound.ts, refusals → api.ts, looks → markup.ts.
import { isSameSecret } from "../../../durable/gateway/access/secrets.ts";
import { fetchFile } from "../api/download.ts";
import type { Channel, Line, Post, Proof } from "../channel.ts";
import { hmac, toHex } from "../signature.ts";
import { splitToFit } from "../text/limit.ts";
import { askGraph, errorIn, phoneOf, tokenOf } from "./api.ts";
import { readPayload } from "./inbound.ts";
import { renderMarkup } from "./markup.ts";
import { deliver } from "./outbound.ts";

/** Where Meta keeps files; the key goes nowhere else. */
const META_HOSTS = /(^|\.)(facebook\.com|fbsbx\.com|fbcdn\.net|whatsapp\.net)$/;

export const whatsappCloud: Channel = {
  id: "whatsapp-cloud",
  maxBodyBytes: 3 * 1024 * 1024,

  async prove(post, line) {
    return post.method === "GET" ? proveHandshake(post, line) : proveSignature(post, line);
  },

  async translate(post, line) {
    if (post.method === "GET") {
      const challenge = post.url.searchParams.get("hub.challenge") ?? "";
      const text = /^[\w-]{1,200}$/.test(challenge) ? challenge : "";
      return { inbound: [], reply: () => new Response(text, { headers: { "content-type": "text/plain" } }) };
    }
    return readPayload(post.text, line.account.account, phoneOf(line));
  },

  deliver,
  split: (text, style) => splitToFit(text, style, renderMarkup),

  /** In two steps: the id gives an address for five minutes. */
  async fetchMedia(remote, line) {
    if (!/^[\w-]{1,100}$/.test(remote.handle)) return gone();
    const found = await askGraph(line, `${remote.handle}?phone_number_id=${phoneOf(line)}`).catch(() => undefined);
    const address = found?.json?.["url"];
    if (found?.isOk && typeof address === "string" && isMeta(address, line)) {
      return fetchFile(line, address, { authorization: `Bearer ${tokenOf(line)}` }, "WhatsApp");
    }
    if (found && found.status < 500) return gone();
    return { ok: false, error: { code: "UNAVAILABLE", message: "WhatsApp did not hand out the file.", retryable: true } };
  },

  async connect(address) {
    return [
      {
        state: "by-hand",
        text: `In your app at developers.facebook.com, under WhatsApp, Configuration, Webhook: Callback URL ${address}, Verify token the one you gave here, then Verify and save.`,
      },
      { state: "by-hand", text: "There, under Webhook fields, subscribe to messages." },
    ];
  },

  async disconnect() {
    return [
      { state: "by-hand", text: "In your app at developers.facebook.com, under WhatsApp, Configuration, take the webhook out." },
    ];
  },

  async probe(line) {
    const answer = await askGraph(line, `${phoneOf(line)}?fields=display_phone_number,verified_name`).catch(() => undefined);
    if (answer?.isOk) {
      const { display_phone_number: number, verified_name: name } = answer.json ?? {};
      return { ok: true, value: [name, number].filter((part) => typeof part === "string").join(", ") || phoneOf(line) };
    }
    if (!answer || (answer.status >= 500 && !errorIn(answer))) {
      return { ok: false, error: { code: "UNAVAILABLE", message: "WhatsApp did not answer; try again." } };
    }
    const message = `WhatsApp says: ${errorIn(answer)?.text ?? `status ${answer.status}`}`;
    return {
      ok: false,
      error: { code: answer.status === 401 || errorIn(answer)?.code === 190 ? "FORBIDDEN" : "INVALID_REQUEST", message },
    };
  },
};

async function proveHandshake({ url }: Post, line: Line): Promise<Proof> {
  const given = url.searchParams.get("hub.verify_token");
  const token = line.account.keys["WHATSAPP_VERIFY_TOKEN"] ?? "";
  if (url.searchParams.get("hub.mode") !== "subscribe" || given === null || token === "")
    return { ok: false, reason: "it is no handshake" };
  return (await isSameSecret(given, token)) ? { ok: true } : { ok: false, reason: "its verify token is another one" };
}

async function proveSignature(post: Post, line: Line): Promise<Proof> {
  const secret = line.account.keys["WHATSAPP_APP_SECRET"] ?? "";
  if (post.method !== "POST") return { ok: false, reason: "it is no POST" };
  const given = /^sha256=([0-9a-f]{64})$/.exec(post.headers.get("x-hub-signature-256") ?? "")?.[1];
  if (given === undefined || secret === "") return { ok: false, reason: "it brings no signature (X-Hub-Signature-256)" };
  const good = toHex(await hmac("SHA-256", secret, post.body));
  return (await isSameSecret(given, good))
    ? { ok: true }
    : { ok: false, reason: "its signature is wrong; is the app secret that of this app?" };
}

function isMeta(address: string, line: Line): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, origin } = new URL(address);
  return origin === new URL(line.base).origin || (protocol === "https:" && META_HOSTS.test(hostname));
}

function gone() {
  const message = "WhatsApp no longer has this file; it can be sent again.";
  return { ok: false as const, error: { code: "NOT_FOUND" as const, message } };
}
