// Microsoft Teams, by the Bot Framework: activities come with a token that the Bot Connector signed, answers go to the
// connector. Activities → activity.ts, inbound.ts; acts → outbound.ts, files.ts; looks → html.ts; where to → connector.ts.
import type { Outcome } from "../../../contract/errors.ts";
import type { RemoteMedia } from "../../../contract/message.ts";
import { checkBearer, discoverKeys } from "../api/bearer.ts";
import { callApi, callPlainly } from "../api/call.ts";
import { readFile } from "../api/download.ts";
import type { Channel, Line, Post, Proof } from "../channel.ts";
import { splitToFit } from "../text/limit.ts";
import { type Activity, readActivity, readConsent, tenantOf } from "./activity.ts";
import { isFileStore, isService, tokenOfBot } from "./connector.ts";
import { handOver } from "./files.ts";
import { renderHtml, shownLength } from "./html.ts";
import { readAnswer, readTeams } from "./inbound.ts";
import { deliver, postCard } from "./outbound.ts";
import { connect, disconnect, probe } from "./setup.ts";

const ISSUER = "https://api.botframework.com";
const CONFIGURATION = "https://login.botframework.com/v1/.well-known/openidconfiguration";

export const teams: Channel = {
  id: "teams",
  maxBodyBytes: 1024 * 1024,

  async prove(post, line) {
    const appId = line.account.keys["TEAMS_APP_ID"] ?? "";
    if (post.method !== "POST") return { ok: false, reason: "it is no POST" };
    if (appId === "") return { ok: false, reason: "TEAMS_APP_ID is not set" };
    const configuration = line.variables["TEAMS_OPENID_URL"] || CONFIGURATION;
    const bearer = await checkBearer(
      post.headers.get("authorization"),
      // The emulator's and other bots' tokens have other issuers.
      { keysOf: (issuer) => (issuer === ISSUER ? discoverKeys(configuration, line) : undefined), audience: appId },
      line,
    );
    if (!bearer.ok) return bearer;
    const key = bearer.keys?.keys.find(({ kid }) => kid === bearer.keyId);
    return checkActivity(post, bearer.claims, (key as Record<string, unknown> | undefined)?.["endorsements"], line);
  },

  async translate(post, line) {
    const activity = readActivity(post.text);
    const appId = line.account.keys["TEAMS_APP_ID"] ?? "";
    const reading = { account: line.account.account, appId, now: line.now() };
    if (activity.type !== "invoke") return { inbound: readTeams(activity, reading) };
    const consent = readConsent(activity);
    // Of what else a bot may be asked at once, nothing is known here.
    if (!consent) return { inbound: [], reply: () => new Response(null, { status: 501 }) };
    const card = await handOver(consent, activity, line);
    const told = readAnswer(activity, reading, consent, card !== undefined);
    if (card) await postCard(card, told.message.from, line);
    return { inbound: [told] };
  },

  deliver,
  split: (text, style) => splitToFit(text, style, renderHtml, shownLength),
  fetchMedia,
  connect,
  disconnect,
  probe,
};

/** What the token says and what the activity says must be the same talk: Teams', of our tenant, by the same service. */
function checkActivity(post: Post, claims: Record<string, unknown>, endorsements: unknown, line: Line): Proof {
  let activity: Activity;
  try {
    activity = readActivity(post.text);
  } catch {
    return { ok: false, reason: "it is no activity of the Bot Framework" };
  }
  if (activity.channelId !== "msteams")
    return { ok: false, reason: `it comes by ${activity.channelId.slice(0, 50)}, not by Teams` };
  if (Array.isArray(endorsements) && endorsements.length > 0 && !endorsements.includes(activity.channelId)) {
    return { ok: false, reason: "its key may not sign for Teams" };
  }
  const service = claims["serviceurl"] ?? claims["serviceUrl"];
  if (typeof service !== "string" || trimmed(service) !== trimmed(activity.serviceUrl)) {
    return { ok: false, reason: "its token is for another service address" };
  }
  const tenant = line.account.keys["TEAMS_TENANT_ID"] ?? "";
  if (tenant !== "" && tenantOf(activity)?.toLowerCase() !== tenant.toLowerCase()) {
    return { ok: false, reason: `it comes from another tenant (${tenantOf(activity)?.slice(0, 50) ?? "none"})` };
  }
  return { ok: true };
}

function trimmed(address: string): string {
  return address.replace(/\/+$/, "").toLowerCase();
}

async function fetchMedia(remote: RemoteMedia, line: Line): Promise<Outcome<{ bytes: Uint8Array<ArrayBuffer> }>> {
  const address = remote.handle;
  if (!isService(address, line) && !isFileStore(address)) {
    return { ok: false, error: { code: "INVALID_REQUEST", message: "The file is not at an address of Microsoft Teams." } };
  }
  // Pictures are the connector's and want the bot's token; files are in the sender's store, whose address is enough.
  const answer = isFileStore(address)
    ? await callPlainly({ method: "GET", address, mayRepeat: true }, line)
    : await callApi({ method: "GET", address, mayRepeat: true }, tokenOfBot(line), line);
  if (answer.ok) return readFile(answer.response, "Microsoft Teams", line);
  const isFinal = answer.outcome.outcome === "refused";
  const message = `Microsoft Teams did not hand out the file: ${answer.said}`;
  return { ok: false, error: { code: isFinal ? "NOT_FOUND" : "UNAVAILABLE", message, retryable: !isFinal } };
}
