// A WhatsApp account for tests, its recorded webhooks, and Meta's signature over them.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Post } from "../../../../src/worker/channels/channel.ts";
import { type LineWishes, makeChannelLine } from "../../../support/channel-line.ts";

const FOLDER = join(import.meta.dirname, "../../../fixtures/channels/whatsapp-cloud");
export const SECRET = "app-secret-0123456789abcdef";
export const VERIFY = "a word of ours";
export const PHONE_ID = "106540352242922";

export function whatsappLine(wishes: LineWishes = {}) {
  const keys = {
    WHATSAPP_ACCESS_TOKEN: "EAAG-token",
    WHATSAPP_PHONE_NUMBER_ID: PHONE_ID,
    WHATSAPP_APP_SECRET: SECRET,
    WHATSAPP_VERIFY_TOKEN: VERIFY,
    ...wishes.keys,
  };
  return makeChannelLine("whatsapp-cloud", { ...wishes, keys });
}

export function recorded(name: string): string {
  return readFileSync(join(FOLDER, `${name}.json`), "utf8");
}

export function signed(text: string, secret = SECRET): Post {
  const signature = `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`;
  return post(text, { "x-hub-signature-256": signature });
}

export function post(text: string, headers: Record<string, string> = {}): Post {
  const body = Uint8Array.from(Buffer.from(text));
  const url = new URL("https://skerry.example/channels/whatsapp-cloud");
  return { method: "POST", url, headers: new Headers(headers), body, text };
}
