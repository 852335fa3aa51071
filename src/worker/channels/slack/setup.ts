// What is set up at Slack: a bot cannot do it itself, so the app's manifest with our address is handed over, and what the
// token may do is compared with what is needed.
import type { WebClient } from "@slack/web-api";
import type { Outcome } from "../../../contract/errors.ts";
import type { Line, SetupStep } from "../channel.ts";
import { type Bot, botOf, codeOf, outcomeOf } from "./api.ts";

/** What the manifest in docs/channels/slack.md asks for. */
export const SCOPES =
  "app_mentions:read channels:history channels:read chat:write commands files:read files:write groups:history groups:read im:history im:read im:write mpim:history mpim:read pins:write reactions:read reactions:write users:read".split(
    " ",
  );

export async function connect(address: string, line: Line): Promise<SetupStep[]> {
  const answer = await ask(line);
  const { hostname } = new URL(address);
  const isLocal = /^(localhost|127\.|\[::1\])/.test(hostname);
  return [
    answer.ok ? { state: "done", text: describe(answer.value) } : { state: "failed", text: answer.error.message },
    ...(isLocal
      ? [{ state: "failed" as const, text: `Slack cannot reach ${address}: deploy Skerry, or give it a public https address.` }]
      : []),
    {
      state: "by-hand",
      text: `At api.slack.com/apps, in your app, set this address as Request URL under Event Subscriptions, under Interactivity & Shortcuts and for the slash command /skerry: ${address}`,
    },
    { state: "by-hand", text: "For channels: invite the bot there with /invite, and allow the channel in the settings." },
  ];
}

export function disconnect(): SetupStep[] {
  const text = "Slack goes on sending until you delete the app, or switch off Event Subscriptions, at api.slack.com/apps.";
  return [{ state: "by-hand", text }];
}

export async function probe(line: Line): Promise<Outcome<string>> {
  const answer = await ask(line);
  return answer.ok ? { ok: true, value: describe(answer.value) } : answer;
}

async function ask(line: Line): Promise<Outcome<Bot>> {
  try {
    return { ok: true, value: await botOf(line, true) };
  } catch (error) {
    const outcome = outcomeOf(error, true);
    if (outcome.outcome === "refused" && codeOf(error) !== undefined)
      return { ok: false, error: { code: "FORBIDDEN", message: outcome.reason } };
    if (outcome.outcome === "refused")
      return { ok: false, error: { code: "INVALID_REQUEST", message: `Slack says: ${outcome.reason}.` } };
    return { ok: false, error: { code: "UNAVAILABLE", message: "Slack did not answer; try again.", retryable: true } };
  }
}

function describe({ name, url, scopes }: Bot): string {
  const missing = scopes.length === 0 ? [] : SCOPES.filter((scope) => !scopes.includes(scope));
  const lack =
    missing.length === 0
      ? ""
      : ` It lacks the scopes ${missing.join(", ")}: add them under OAuth & Permissions and install the app again.`;
  return `@${name} of ${url.replace(/^https?:\/\//, "").replace(/\/$/, "")}.${lack}`;
}

/** What a person may begin with, shown in a thread with the assistant that has just been opened. */
export async function suggestPrompts(channel: string, thread: string | undefined, api: WebClient): Promise<void> {
  await api.assistant.threads
    .setSuggestedPrompts({
      channel_id: channel,
      ...(thread === undefined ? {} : { thread_ts: thread }),
      prompts: [
        { title: "What can you do?", message: "What can you do for me?" },
        { title: "Catch me up", message: "What did we talk about last, and what is still open?" },
      ],
    })
    .catch(() => undefined);
}
