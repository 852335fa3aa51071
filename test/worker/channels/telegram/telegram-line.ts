// A Telegram account for tests, its recorded updates, and requests as Telegram posts them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Post } from "../../../../src/worker/channels/channel.ts";
import { type LineWishes, makeChannelLine } from "../../../support/channel-line.ts";

export const FOLDER = join(import.meta.dirname, "../../../fixtures/channels/telegram");
export const SECRET = "a-secret-that-only-telegram-knows";
const TOKEN = "7000000001:AAtest-token-of-the-bot-0123456789abc";
const BOT = { id: 7_000_000_001, is_bot: true, first_name: "Skerry", username: "skerry_test_bot" };

/** Telegram is asked for nothing but the bot's name. */
export function telegramLine(wishes: LineWishes = {}) {
  const fetch: typeof globalThis.fetch = async (input) => {
    const asked = String(input instanceof Request ? input.url : input);
    if (!asked.endsWith(`/bot${TOKEN}/getMe`)) throw new Error(`nothing but getMe may be asked here: ${asked}`);
    return Response.json({ ok: true, result: BOT });
  };
  const keys = { TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_WEBHOOK_SECRET: SECRET, ...wishes.keys };
  return makeChannelLine("telegram", { fetch, ...wishes, keys });
}

export function recorded(name: string): string {
  return readFileSync(join(FOLDER, `${name}.json`), "utf8");
}

/** `secret` null: without the header. */
export function posted(text: string, secret: string | null = SECRET): Post {
  const headers = new Headers({ "content-type": "application/json" });
  if (secret !== null) headers.set("x-telegram-bot-api-secret-token", secret);
  const url = new URL("https://skerry.example/channels/telegram");
  return { method: "POST", url, headers, body: Uint8Array.from(Buffer.from(text)), text };
}
