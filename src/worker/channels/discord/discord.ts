// Discord: commands, buttons, choices and forms come to the webhook, signed; answers go out by its HTTP interface.
// Interactions → inbound.ts, the gateway's events, which a machine at home brings → gateway-line.ts and gateway-events.ts,
// acts → outbound.ts, looks → markdown.ts, address and commands → setup.ts.
import type { APIInteraction } from "discord-api-types/v10";
import { verifyKey } from "discord-interactions";
import { fetchFile } from "../api/download.ts";
import type { Channel, Proof } from "../channel.ts";
import { splitToFit } from "../text/limit.ts";
import { readGatewayPost } from "./gateway-line.ts";
import { readInteraction } from "./inbound.ts";
import { MAX_TEXT, renderDiscord } from "./markdown.ts";
import { deliver, readBack } from "./outbound.ts";
import { connect, disconnect, probe } from "./setup.ts";

/** How far a request's clock may be from ours: what is older was recorded. */
const WINDOW_MS = 5 * 60_000;
/** Where Discord keeps files; handles come from its own requests, but nothing else is fetched for one. */
const FILE_HOSTS = ["cdn.discordapp.com", "media.discordapp.net"];

export const discord: Channel = {
  id: "discord",
  maxBodyBytes: 1024 * 1024,

  async prove(post, line) {
    const signature = post.headers.get("x-signature-ed25519");
    const timestamp = post.headers.get("x-signature-timestamp");
    const key = line.account.keys["DISCORD_PUBLIC_KEY"]?.trim() ?? "";
    if (post.method !== "POST") return no("it is no POST");
    if (signature === null || timestamp === null) return no("it brings no signature");
    if (!/^[0-9a-f]{64}$/i.test(key)) return no("DISCORD_PUBLIC_KEY is no public key of Discord (64 digits and letters a to f)");
    if (!/^[0-9a-f]{128}$/i.test(signature)) return no("its signature is none of Ed25519");
    if (!/^\d{1,12}$/.test(timestamp)) return no("its time is no time");
    if (Math.abs(line.now() - Number(timestamp) * 1000) > WINDOW_MS)
      return no("it was signed more than five minutes ago or ahead");
    const isGood = await verifyKey(post.body, signature, timestamp, key).catch(() => false);
    return isGood ? { ok: true } : no("its signature does not fit: another application's, or the request was changed");
  },

  async translate(post, line) {
    const interaction = JSON.parse(post.text) as APIInteraction;
    if (typeof interaction !== "object" || interaction === null || typeof interaction.type !== "number" || !interaction.id) {
      throw new SyntaxError("no interaction");
    }
    return readInteraction(interaction, line.account.account);
  },

  hear: readGatewayPost,
  deliver,
  split: (text, style) => splitToFit(text, { ...style, textLimit: Math.min(style.textLimit, MAX_TEXT) }, renderDiscord),

  async fetchMedia(remote, line) {
    const address = URL.parse(remote.handle);
    if (!address || ![...FILE_HOSTS, URL.parse(line.base)?.host].includes(address.host)) {
      return { ok: false, error: { code: "INVALID_REQUEST", message: "This is no address of a file at Discord." } };
    }
    // An address holds for a day; then Discord says 403.
    return fetchFile(line, address.href, {}, "Discord", [403, 404, 410]);
  },

  read: readBack,
  connect,
  disconnect,
  probe,
};

function no(reason: string): Proof {
  return { ok: false, reason };
}
