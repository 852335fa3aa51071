// From a place to the rest of a session key: `telegram:dm:42`, `slack:group:c1:thread:17.2`, `telegram/work:dm:42`. Keys are
// compared in lower case, so that a platform's id is written in lower case with what was lost kept behind "~"; two
// different rooms never share a key. No id can bring a colon into a key.
import { channelFacts, DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Address } from "../../../contract/message.ts";
import type { Account } from "./senders.ts";

/** Longer ones are cut and get a hash: agent, channel, account, room and thread together must fit in a key. */
const MAX_ID_CHARS = 150;
const SHOWN_CHARS = 48;
const PLAIN = /^[a-z0-9._@+=!-]$/;

export async function directRest({ channel, account, sender }: Account): Promise<string> {
  return `${lineOf(channel, account)}:dm:${await encodeId(channel, sender)}`;
}

export async function groupRest(from: Address): Promise<string> {
  const { channel, account = DEFAULT_ACCOUNT, peer, thread } = from;
  const room = `${lineOf(channel, account)}:group:${await encodeId(channel, peer)}`;
  if (thread === undefined) return room;
  return `${room}:${channel === "telegram" ? "topic" : "thread"}:${await encodeId(channel, thread)}`;
}

function lineOf(channel: string, account: string): string {
  return account === DEFAULT_ACCOUNT ? channel : `${channel}/${account}`;
}

async function encodeId(channel: string, id: string): Promise<string> {
  const written = channelFacts(channel)?.idCase === "upper" ? swapCase(id) : id;
  const encoded = `${escapeId(lower(written))}${caseMark(written)}`;
  if (encoded.length <= MAX_ID_CHARS) return encoded;
  const digest = await crypto.subtle.digest("SHA-256", toUtf16(written));
  const hash = Array.from(new Uint8Array(digest).slice(0, 20), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${encoded.slice(0, SHOWN_CHARS).replaceAll("~", "-")}~h${hash}`;
}

/** Which letters stood in upper case: "~u" all of them, else a bit a letter, first letter first. "" when none did. */
function caseMark(id: string): string {
  const letters = id.replace(/[^a-zA-Z]/g, "");
  if (letters === lower(letters)) return "";
  if (letters === letters.replace(/[a-z]/g, "")) return "~u";
  const bits = BigInt(`0b1${letters.replace(/[A-Z]/g, "1").replace(/[a-z]/g, "0")}`);
  return `~${bits.toString(16)}`;
}

function escapeId(id: string): string {
  return [...id].map((sign) => (PLAIN.test(sign) ? sign : escapeSign(sign))).join("");
}

/** By code units, so that half a pair of surrogates is not taken for another. */
function escapeSign(sign: string): string {
  return Array.from({ length: sign.length }, (_, index) => {
    const code = sign.charCodeAt(index);
    return code < 256 ? `%${code.toString(16).padStart(2, "0")}` : `%u${code.toString(16).padStart(4, "0")}`;
  }).join("");
}

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function swapCase(text: string): string {
  return text.replace(/[a-zA-Z]/g, (letter) => (letter < "a" ? letter.toLowerCase() : letter.toUpperCase()));
}

function toUtf16(text: string): ArrayBuffer {
  return Uint16Array.from({ length: text.length }, (_, index) => text.charCodeAt(index)).buffer;
}
