// The link to a page that was handed to a person. It is sealed under the owner's token, so whoever guesses is turned away at the door
// and wakes nothing; what is inside names the talk, the call that waits, and when the link is over. Nothing is stored for it.
import { fromBase64Url, toBase64Url } from "./gateway/access/secrets.ts";

export interface HandOffLink {
  sessionKey: string;
  /** Names the call that waits; see `tagOf`. */
  call: string;
  endsAt: number;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
const MOST_CHARS = 1200;

/** Of the note that tells a person of a hand-off. */
export const HAND_OFF = "hand-off";

/** That note for whoever must not have the tab: anybody who may read a talk sees its notes, and the address is all that it takes. */
export function hideAddress(text: string): string {
  return text.replace(/\b[a-z]+:\/\/\S+/gi, "(the address is shown to those who may approve)");
}

/** @throws when there is no owner's token: nothing may be opened without one. */
export async function sealLink(ownerToken: string, { sessionKey, call, endsAt }: HandOffLink): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const words = new TextEncoder().encode(`${endsAt.toString(36)}|${call}|${sessionKey}`);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await keyOf(ownerToken), words);
  return toBase64Url(Uint8Array.from([...iv, ...new Uint8Array(sealed)]));
}

/** Undefined: it is none of ours, or its time is up. */
export async function openLink(ownerToken: string, link: string, now: number): Promise<HandOffLink | undefined> {
  if (link.length > MOST_CHARS || !/^[\w-]+$/.test(link)) return undefined;
  const bytes = fromBase64Url(link);
  if (!bytes || bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
  const [iv, sealed] = [bytes.slice(0, IV_BYTES), bytes.slice(IV_BYTES)];
  const key = await keyOf(ownerToken);
  const words = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed).catch(() => undefined);
  if (!words) return undefined;
  const [endsAt = "", call = "", ...rest] = new TextDecoder().decode(words).split("|");
  const read = { sessionKey: rest.join("|"), call, endsAt: Number.parseInt(endsAt, 36) };
  return read.endsAt > now ? read : undefined;
}

/** A short name of a call's row, which no other call has. */
export async function tagOf(rowId: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(rowId));
  return toBase64Url(new Uint8Array(digest).slice(0, 12));
}

async function keyOf(ownerToken: string): Promise<CryptoKey> {
  if (ownerToken === "") throw new Error("There is no owner's token to seal with.");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`hand-off link\n${ownerToken}`));
  return crypto.subtle.importKey("raw", digest, { name: "AES-GCM" }, false, ["encrypt", "decrypt"]);
}
