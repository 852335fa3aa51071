// Text messages by Twilio: webhooks signed over the address and the form, answers by the REST API.
// Webhooks → inbound.ts, acts → outbound.ts, looks → text.ts, refusals → api.ts, the number's webhook → setup.ts.
import { isSameSecret } from "../../../durable/gateway/access/secrets.ts";
import { fetchFile } from "../api/download.ts";
import type { Channel, Line, Post } from "../channel.ts";
import { hmac, toBase64 } from "../signature.ts";
import { splitToFit } from "../text/limit.ts";
import { authOf } from "./api.ts";
import { readForm } from "./inbound.ts";
import { deliver } from "./outbound.ts";
import { connect, disconnect, probe } from "./setup.ts";
import { renderPlain } from "./text.ts";

/** The address that a request was signed with. */
const called = new WeakMap<Post, string>();
const NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>';

export const sms: Channel = {
  id: "sms",
  maxBodyBytes: 256 * 1024,

  async prove(post, line) {
    if (post.method !== "POST") return { ok: false, reason: "it is no POST" };
    const given = post.headers.get("x-twilio-signature");
    const token = line.account.keys["TWILIO_AUTH_TOKEN"] ?? "";
    if (!given || token === "") return { ok: false, reason: "it brings no signature (X-Twilio-Signature)" };
    if (!/^application\/x-www-form-urlencoded\b/i.test(post.headers.get("content-type") ?? "")) {
      return { ok: false, reason: "it is no form" };
    }
    const form = new URLSearchParams(post.text);
    if (form.get("AccountSid") !== line.account.keys["TWILIO_ACCOUNT_SID"])
      return { ok: false, reason: "it is of another account" };
    for (const address of addressesOf(post, line)) {
      if (!(await isSameSecret(given, await signatureOf(address, form, token)))) continue;
      called.set(post, address);
      return { ok: true };
    }
    return {
      ok: false,
      reason:
        "its signature is wrong; the auth token must be the primary one, and behind a proxy TWILIO_WEBHOOK_URL the address that Twilio calls",
    };
  },

  async translate(post, line) {
    const place = {
      account: line.account.account,
      own: line.account.keys["TWILIO_PHONE_NUMBER"] ?? "",
      origin: new URL(called.get(post) ?? post.url.href).origin,
    };
    // An empty answer: what there is to say comes later, by the REST API.
    const reply = () => new Response(NOTHING_TO_SAY, { headers: { "content-type": "text/xml" } });
    return { ...readForm(new URLSearchParams(post.text), place, line.now()), reply };
  },

  deliver,
  split: (text, style) => splitToFit(text, style, renderPlain),

  async fetchMedia(remote, line) {
    if (!isTwilio(remote.handle, line)) {
      return { ok: false, error: { code: "INVALID_REQUEST", message: "The file is not at Twilio; it was not fetched." } };
    }
    return fetchFile(line, remote.handle, authOf(line), "Twilio");
  },

  connect,
  disconnect,
  probe,
};

/** The addresses that Twilio may have called: as it was told, else as the request came, behind a proxy or not. */
function addressesOf({ url, headers }: Post, line: Line): string[] {
  const configured = line.account.keys["TWILIO_WEBHOOK_URL"];
  if (configured) return [configured];
  const protocol = headers.get("x-forwarded-proto")?.split(",")[0]?.trim() ?? url.protocol.slice(0, -1);
  const host = headers.get("x-forwarded-host")?.split(",")[0]?.trim() ?? url.host;
  const outside = `${protocol}://${host}${url.pathname}${url.search}`;
  // Some of Twilio's requests are signed with the port that goes without saying.
  const withPort = (address: string) =>
    address.replace(/^(https?):\/\/([^/:]+)(?=\/)/, (_all, kind, name) => `${kind}://${name}:${kind === "https" ? 443 : 80}`);
  return [...new Set([url.href, withPort(url.href), outside, withPort(outside)])].filter((address) => URL.canParse(address));
}

/** HMAC-SHA1 over the address and, sorted by name, each name with its value; a value that comes twice counts once. */
async function signatureOf(address: string, form: URLSearchParams, token: string): Promise<string> {
  const names = [...new Set(form.keys())].sort();
  const fields = names.flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => `${name}${value}`));
  return toBase64(await hmac("SHA-1", token, Uint8Array.from(new TextEncoder().encode(address + fields.join("")))));
}

function isTwilio(address: string, line: Line): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, origin } = new URL(address);
  return origin === new URL(line.base).origin || (protocol === "https:" && /(^|\.)twilio\.com$/.test(hostname));
}
