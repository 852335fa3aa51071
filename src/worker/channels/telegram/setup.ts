// Telling Telegram where we are: the webhook with its secret, the kinds of updates, the menu of commands.
import { type Api, GrammyError } from "grammy";
import type { Outcome } from "../../../contract/errors.ts";
import { commands } from "../../../durable/agent/commands.ts";
import type { Line, SetupStep } from "../channel.ts";

const UPDATES = ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member", "poll_answer"] as const;

export async function connect(address: string, api: Api, line: Line): Promise<SetupStep[]> {
  const secret = line.account.keys["TELEGRAM_WEBHOOK_SECRET"] ?? "";
  const hook = await step(`Telegram sends updates to ${address}.`, () =>
    api.setWebhook(address, { secret_token: secret, allowed_updates: [...UPDATES], max_connections: 20 }),
  );
  const menu = await step("The menu of commands is set.", () =>
    api.setMyCommands(
      commands.map(({ name, description }) => ({ command: name.replaceAll("-", "_"), description: description.slice(0, 256) })),
    ),
  );
  return [
    hook,
    menu,
    {
      state: "by-hand",
      text: "For groups: switch privacy mode off (@BotFather, /setprivacy), or make the bot an administrator, if it should read what is not addressed to it.",
    },
  ];
}

export async function disconnect(api: Api): Promise<SetupStep[]> {
  return [await step("Telegram sends nothing any more.", () => api.deleteWebhook())];
}

export async function probe(api: Api): Promise<Outcome<string>> {
  try {
    const [me, hook] = await Promise.all([api.getMe(), api.getWebhookInfo()]);
    const trouble = hook.last_error_message ? ` Telegram's last trouble with the webhook: ${hook.last_error_message}.` : "";
    const where = hook.url ? `webhook at ${hook.url}` : "no webhook yet";
    return { ok: true, value: `@${me.username}, ${where}, ${hook.pending_update_count} updates waiting.${trouble}` };
  } catch (error) {
    if (!(error instanceof GrammyError))
      return { ok: false, error: { code: "UNAVAILABLE", message: "Telegram did not answer; try again." } };
    if (error.error_code === 401 || error.error_code === 404) {
      const message = "Telegram does not know this token; copy it again from @BotFather.";
      return { ok: false, error: { code: "FORBIDDEN", message } };
    }
    const code = error.error_code >= 500 ? "UNAVAILABLE" : "INVALID_REQUEST";
    return { ok: false, error: { code, message: `Telegram says: ${error.description}.` } };
  }
}

async function step(text: string, act: () => Promise<unknown>): Promise<SetupStep> {
  try {
    await act();
    return { state: "done", text };
  } catch (error) {
    const reason = error instanceof GrammyError ? error.description : "Telegram did not answer";
    return { state: "failed", text: `Not done: ${text} Telegram says: ${reason}.` };
  }
}
