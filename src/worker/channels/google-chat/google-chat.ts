// Google Chat, by its REST interface: events come to the webhook with a token that Google signed, answers go out as the
// app's service account. Events → event.ts, inbound.ts; acts → outbound.ts; looks → markup.ts; setting up → setup.ts.
import { checkBearer } from "../api/bearer.ts";
import { readFile } from "../api/download.ts";
import type { Channel, Line, Post, Proof } from "../channel.ts";
import { splitToFit } from "../text/limit.ts";
import { readHappening } from "./event.ts";
import { readEvent } from "./inbound.ts";
import { renderMarkup } from "./markup.ts";
import { deliver } from "./outbound.ts";
import { callChat } from "./service-account.ts";
import { connect, disconnect, probe } from "./setup.ts";

const CHAT = "chat@system.gserviceaccount.com";
const GOOGLE = ["https://accounts.google.com", "accounts.google.com"];
const KEYS = "https://www.googleapis.com";

export const googleChat: Channel = {
  id: "google-chat",
  maxBodyBytes: 1024 * 1024,

  async prove(post, line) {
    if (post.method !== "POST") return { ok: false, reason: "it is no POST" };
    const audience = line.account.keys["GOOGLE_CHAT_AUDIENCE"] ?? "";
    if (audience === "") return { ok: false, reason: "GOOGLE_CHAT_AUDIENCE is not set" };
    const keys = (line.variables["GOOGLE_KEYS_URL"] || KEYS).replace(/\/+$/, "");
    const signers = [CHAT, ...addOnOf(line)];
    const bearer = await checkBearer(
      post.headers.get("authorization"),
      {
        // For a project's number the signer is the issuer; for an address it is Google, and the signer is named inside.
        keysOf: (issuer) => {
          if (GOOGLE.includes(issuer)) return isAddress(audience) ? `${keys}/oauth2/v3/certs` : undefined;
          if (!signers.includes(issuer) || isAddress(audience)) return undefined;
          return `${keys}/service_accounts/v1/jwk/${issuer}`;
        },
        audience,
      },
      line,
    );
    if (!bearer.ok) return bearer;
    return isAddress(audience) ? checkSigner(bearer.claims, signers) : { ok: true };
  },

  async translate(post, line) {
    const happening = readHappening(post.text);
    const { account } = line.account;
    const inbound = readEvent(happening, { account, now: line.now(), webhook: webhookOf(post, line) });
    return { inbound, reply: () => Response.json({}) };
  },

  deliver,
  split: (text, style) => splitToFit(text, style, renderMarkup),

  async fetchMedia(remote, line) {
    const path = remote.handle.split("/").map(encodeURIComponent).join("/");
    if (/(^|\/)\.{0,2}(\/|$)/.test(path)) {
      return { ok: false, error: { code: "INVALID_REQUEST", message: "Google Chat named no file that can be fetched." } };
    }
    const answer = await callChat({ method: "GET", path: `media/${path}?alt=media`, mayRepeat: true }, line);
    if (answer.ok) return readFile(answer.response, "Google Chat", line);
    const isFinal = answer.outcome.outcome === "refused";
    const message = `Google Chat did not hand out the file: ${answer.said}`;
    return { ok: false, error: { code: isFinal ? "NOT_FOUND" : "UNAVAILABLE", message, retryable: !isFinal } };
  },

  connect,
  disconnect,
  probe,
};

/** Anybody can have Google sign a token for our address: what counts is who it names. */
function checkSigner(claims: Record<string, unknown>, signers: string[]): Proof {
  const email = String(claims["email"] ?? "");
  if (claims["email_verified"] === true && signers.includes(email)) return { ok: true };
  const hint = email.endsWith("@gcp-sa-gsuiteaddons.iam.gserviceaccount.com")
    ? "; if it is your app's, set GOOGLE_CHAT_PROJECT_NUMBER to your project's number"
    : "";
  return { ok: false, reason: `its token names somebody else (${email.slice(0, 100) || "nobody"})${hint}` };
}

/** The account by which Google calls the add-ons of our project. */
function addOnOf(line: Line): string[] {
  const { GOOGLE_CHAT_PROJECT_NUMBER: number = "", GOOGLE_CHAT_AUDIENCE: audience = "" } = line.account.keys;
  const known = number || audience;
  return /^\d+$/.test(known) ? [`service-${known}@gcp-sa-gsuiteaddons.iam.gserviceaccount.com`] : [];
}

function webhookOf(post: Post, line: Line): string {
  const audience = line.account.keys["GOOGLE_CHAT_AUDIENCE"] ?? "";
  return isAddress(audience) ? audience : `https://${post.url.host}${post.url.pathname}`;
}

function isAddress(audience: string): boolean {
  return /^https?:\/\//i.test(audience);
}
