// A Twilio account for tests, its recorded webhooks, and Twilio's signature over them, made as Twilio's documentation says.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Post } from "../../../../src/worker/channels/channel.ts";
import { type LineWishes, makeChannelLine } from "../../../support/channel-line.ts";

const FOLDER = join(import.meta.dirname, "../../../fixtures/channels/sms");
export const SID = "AC00000000000000000000000000000000";
export const TOKEN = "twilio_test_auth_token";
export const OWN = "+15551234567";
export const ADDRESS = "https://skerry.example/channels/sms";

export function smsLine(wishes: LineWishes = {}) {
  const keys = { TWILIO_ACCOUNT_SID: SID, TWILIO_AUTH_TOKEN: TOKEN, TWILIO_PHONE_NUMBER: OWN, ...wishes.keys };
  return makeChannelLine("sms", { ...wishes, keys });
}

export function recorded(name: string): Record<string, string> {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as Record<string, string>;
}

export function sign(address: string, form: Record<string, string>, token = TOKEN): string {
  const fields = Object.keys(form)
    .sort()
    .map((name) => `${name}${form[name]}`);
  return createHmac("sha1", token)
    .update(address + fields.join(""))
    .digest("base64");
}

export function post(form: Record<string, string>, headers: Record<string, string> = {}, address = ADDRESS): Post {
  const text = new URLSearchParams(form).toString();
  return {
    method: "POST",
    url: new URL(address),
    headers: new Headers({ "content-type": "application/x-www-form-urlencoded; charset=UTF-8", ...headers }),
    body: Uint8Array.from(Buffer.from(text)),
    text,
  };
}

export function signed(form: Record<string, string>, address = ADDRESS): Post {
  return post(form, { "x-twilio-signature": sign(address, form) }, address);
}
