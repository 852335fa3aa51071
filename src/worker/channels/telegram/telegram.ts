// Telegram, by its Bot API: updates come to the webhook with a secret in a header, answers go out by grammY.
// Updates → inbound.ts, acts → outbound.ts, looks → html.ts, webhook and menu → setup.ts.
import { Api, GrammyError } from "grammy";
import type { Update } from "grammy/types";
import { GatewayError, type Outcome } from "../../../contract/errors.ts";
import { isSameSecret } from "../../../durable/gateway/access/secrets.ts";
import type { Channel, Line } from "../channel.ts";
import { PATIENCE_MS } from "../outcome.ts";
import { splitToFit } from "../text/limit.ts";
import { renderHtml, shownLength } from "./html.ts";
import { type Bot, readUpdate } from "./inbound.ts";
import { deliver, outcomeOf } from "./outbound.ts";
import { connect, disconnect, probe } from "./setup.ts";

const SECRET_HEADER = "x-telegram-bot-api-secret-token";
/** Bots by token: asked once in the life of an isolate. */
const bots = new Map<string, Bot>();

export const telegram: Channel = {
  id: "telegram",
  maxBodyBytes: 1024 * 1024,

  async prove(post, line) {
    const given = post.headers.get(SECRET_HEADER);
    const secret = line.account.keys["TELEGRAM_WEBHOOK_SECRET"] ?? "";
    if (post.method !== "POST") return { ok: false, reason: "it is no POST" };
    if (given === null || secret === "") return { ok: false, reason: "it brings no secret" };
    return (await isSameSecret(given, secret)) ? { ok: true } : { ok: false, reason: "its secret is another one" };
  },

  async translate(post, line) {
    const update = JSON.parse(post.text) as Update;
    if (typeof update !== "object" || update === null || typeof update.update_id !== "number") throw new SyntaxError("no update");
    const inbound = readUpdate(update, await botOf(update, line), line.account.account);
    const { callback_query: pressed } = update;
    // Answered in the response itself, else the pressed button goes on turning.
    return pressed
      ? { inbound, reply: () => Response.json({ method: "answerCallbackQuery", callback_query_id: pressed.id }) }
      : { inbound };
  },

  deliver: (item, line) => deliver(item, apiOf(line), line),
  split: (text, style) => splitToFit(text, style, renderHtml, shownLength),

  async fetchMedia(remote, line) {
    const asked = await findFile(apiOf(line), remote.handle);
    if (!asked.ok) return asked;
    const { value: file_path } = asked;
    const address = `${line.base}/file/bot${tokenOf(line)}/${file_path}`;
    const answer = await line.fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => undefined);
    if (!answer?.ok) {
      const message = `Telegram did not hand out the file (${answer?.status ?? "no answer"}).`;
      return { ok: false, error: { code: "UNAVAILABLE", message, retryable: true } };
    }
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { ok: true, value: { bytes, name: file_path.split("/").at(-1) ?? "file" } };
  },

  connect: (address, line) => connect(address, apiOf(line), line),
  disconnect: (line) => disconnect(apiOf(line)),
  probe: (line) => probe(apiOf(line)),
};

/** Where a file lies. What Telegram refuses once it refuses again; what it could not answer may be asked again. */
async function findFile(api: Api, handle: string): Promise<Outcome<string>> {
  try {
    const { file_path } = await api.getFile(handle);
    if (file_path !== undefined) return { ok: true, value: file_path };
  } catch (error) {
    if (!(error instanceof GrammyError)) throw error;
    const outcome = outcomeOf(error, true);
    if (outcome.outcome === "refused") {
      const message = `Telegram does not hand out this file: ${error.description}.`;
      return { ok: false, error: { code: "NOT_FOUND", message } };
    }
    const retryAfterMs = "retryAfterMs" in outcome ? { retryAfterMs: outcome.retryAfterMs } : {};
    const message = `Telegram says: ${error.description}.`;
    return { ok: false, error: { code: "UNAVAILABLE", message, retryable: true, ...retryAfterMs } };
  }
  return { ok: false, error: { code: "NOT_FOUND", message: "Telegram no longer has this file; it can be sent again." } };
}

function tokenOf(line: Line): string {
  return line.account.keys["TELEGRAM_BOT_TOKEN"] ?? "";
}

function apiOf(line: Line): Api {
  return new Api(tokenOf(line), {
    apiRoot: line.base,
    fetch: line.fetch as never,
    timeoutSeconds: PATIENCE_MS / 1000,
  });
}

/** Its name is needed where several speak; its id stands in the token. */
async function botOf(update: Update, line: Line): Promise<Bot> {
  const token = tokenOf(line);
  const known = bots.get(token);
  if (known) return known;
  const chat = (update.message ?? update.edited_message)?.chat;
  if (!chat || chat.type === "private") return { id: Number(token.split(":")[0]), username: "" };
  const { id, username } = await apiOf(line)
    .getMe()
    .catch(() => {
      throw new GatewayError({ code: "UNAVAILABLE", message: "Telegram did not say who the bot is.", retryable: true });
    });
  bots.set(token, { id, username });
  return { id, username };
}
