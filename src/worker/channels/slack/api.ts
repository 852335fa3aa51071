// Slack's Web API for one account: the client, who we are there, the names of people and places, and what became of a call.
import {
  LogLevel,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
} from "@slack/web-api";
import type { DeliveryOutcome } from "../../../contract/channels/delivery.ts";
import { GatewayError } from "../../../contract/errors.ts";
import type { Line } from "../channel.ts";
import { outcomeOfError, outcomeOfStatus, PATIENCE_MS } from "../outcome.ts";

const NAMES_KEPT_MS = 3_600_000;
const NAMES_KEPT = 2000;
/** Slack waits three seconds for an answer to an event. A name is worth one of them. */
const NAME_PATIENCE_MS = 1000;

/** Who we are in a workspace, as auth.test tells. */
export interface Bot {
  userId: string;
  botId?: string;
  /** Its workspace; and its organisation, when it was installed for all of it. */
  homes: string[];
  name: string;
  url: string;
  scopes: string[];
}

/** Bots by token and names by token and id: asked once in the life of an isolate, or of an hour. */
const bots = new Map<string, Bot>();
const names = new Map<string, { name: string | undefined; at: number }>();

export function tokenOf(line: Line): string {
  return line.account.keys["SLACK_BOT_TOKEN"] ?? "";
}

/** It tries everything once: when and whether again is the session's to say. */
export function apiOf(line: Line): WebClient {
  return new WebClient(tokenOf(line), {
    slackApiUrl: `${line.base}/`,
    fetch: (url, init) => askOnce(line, url, init as RequestInit),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: PATIENCE_MS,
    logLevel: LogLevel.ERROR,
    logger: {
      debug() {},
      info() {},
      warn() {},
      error: console.error,
      setLevel() {},
      getLevel: () => LogLevel.ERROR,
      setName() {},
    },
    allowAbsoluteUrls: false,
  });
}

async function askOnce(line: Line, url: Parameters<typeof fetch>[0], init: RequestInit): Promise<Response> {
  // The client asks for redirects to be errors, which a Worker's fetch refuses: here they come back as what they are.
  const answer = await line.fetch(url, { ...init, redirect: "manual" });
  if (answer.status !== 429 || answer.headers.has("retry-after")) return answer;
  const headers = new Headers(answer.headers);
  headers.set("retry-after", "1");
  return new Response(answer.body, { status: 429, headers });
}

/** Throws when Slack does not say. */
export async function botOf(line: Line, isFresh = false): Promise<Bot> {
  const token = tokenOf(line);
  const known = isFresh ? undefined : bots.get(token);
  if (known) return known;
  const said = await apiOf(line).auth.test();
  const { user_id = "", bot_id, team_id = "", enterprise_id, is_enterprise_install, user = "", url = "" } = said;
  const bot: Bot = {
    userId: user_id,
    ...(bot_id === undefined ? {} : { botId: bot_id }),
    homes: [team_id, ...(is_enterprise_install && enterprise_id ? [enterprise_id] : [])],
    name: user,
    url,
    scopes: said.response_metadata?.scopes ?? [],
  };
  bots.set(token, bot);
  return bot;
}

/** The same for a request that must be answered now: 503, so that Slack tries again. */
export async function botNow(line: Line): Promise<Bot> {
  return botOf(line).catch((error: unknown) => {
    const refusal = codeOf(error);
    const message = refusal === undefined ? "Slack did not say who the bot is." : `Slack refuses the token: ${refusal}.`;
    throw new GatewayError({ code: "UNAVAILABLE", message, retryable: true });
  });
}

export async function nameOfPerson(id: string, line: Line): Promise<string | undefined> {
  return nameOf(id, line, async (api) => {
    const { user } = await api.users.info({ user: id });
    return user?.profile?.display_name || user?.real_name || user?.name;
  });
}

export async function nameOfPlace(id: string, line: Line): Promise<string | undefined> {
  return nameOf(id, line, async (api) => {
    const { channel } = await api.conversations.info({ channel: id });
    return channel?.name && !channel.is_mpim ? `#${channel.name}` : undefined;
  });
}

/** Undefined when Slack has none, or does not say so in time: a message is not held up for it. */
async function nameOf(id: string, line: Line, ask: (api: WebClient) => Promise<string | undefined>): Promise<string | undefined> {
  const key = `${tokenOf(line)} ${id}`;
  const known = names.get(key);
  if (known && line.now() - known.at < NAMES_KEPT_MS) return known.name;
  const keep = (name: string | undefined) => {
    if (names.size >= NAMES_KEPT) names.clear();
    names.set(key, { name, at: line.now() });
    return name;
  };
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), NAME_PATIENCE_MS);
  const asked = ask(apiOf(line)).then(keep, (error: unknown) => (codeOf(error) === undefined ? undefined : keep(undefined)));
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}

/** Slack's word for why it refused; undefined when it refused nothing. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof WebAPIPlatformError && /^[a-z_]+$/i.test(error.data.error) ? error.data.error : undefined;
}

/** What became of a call that failed. Anything that is no failure of a call is thrown on. */
export function outcomeOf(error: unknown, mayRepeat: boolean): DeliveryOutcome {
  if (error instanceof WebAPIRateLimitedError) return outcomeOfStatus(429, "too many requests", error.retryAfter * 1000);
  if (error instanceof WebAPIHTTPError) return outcomeOfStatus(error.statusCode, String(error.body ?? error.statusMessage));
  if (error instanceof WebAPIRequestError) return outcomeOfError(error.original, mayRepeat);
  if (!(error instanceof WebAPIPlatformError)) throw error;
  const code = codeOf(error);
  switch (code) {
    case "ratelimited":
    case "rate_limited":
      return outcomeOfStatus(429, code, (error.data.response_metadata?.retryAfter ?? 1) * 1000);
    case "service_unavailable":
    case "team_added_to_org":
      return { outcome: "unanswered", reason: code };
    // By Slack's own word some of it may have happened; and an answer that is none tells nothing.
    case "fatal_error":
    case "internal_error":
    case "request_timeout":
    case undefined:
      return outcomeOfError(new Error(code ?? "Slack's answer could not be read"), mayRepeat);
    default:
      return { outcome: "refused", reason: explain(code, (error.data as { needed?: string }).needed) };
  }
}

function explain(code: string, needed: string | undefined): string {
  const advice = ADVICE[code];
  if (code === "missing_scope")
    return `Slack says the app lacks the scope ${needed ?? "for this"}; add it under OAuth & Permissions and install the app again.`;
  return advice === undefined ? `Slack says: ${code}.` : `${advice} (${code})`;
}

const NEW_TOKEN = "Slack no longer takes this bot token; give the current one with `skerry channels add slack`.";
const ADVICE: Record<string, string> = {
  not_in_channel: "The bot is not a member of this channel; invite it there with /invite.",
  channel_not_found: "Slack knows no such channel, or the bot may not see it; invite it there with /invite.",
  is_archived: "The channel is archived.",
  message_not_found: "The message is no longer there.",
  thread_not_found: "The thread is no longer there.",
  cant_update_message: "Slack lets the bot change its own messages only.",
  cant_delete_message: "Slack lets the bot delete its own messages only.",
  edit_window_closed: "The workspace's settings do not allow this message to be changed any more.",
  restricted_action: "The workspace's settings do not allow this here.",
  user_not_found: "Slack knows no such person.",
  cannot_dm_bot: "Slack does not let the bot write to another program.",
  messages_tab_disabled: "The app's Messages tab is switched off; switch it on under App Home.",
  invalid_auth: NEW_TOKEN,
  token_revoked: NEW_TOKEN,
  token_expired: NEW_TOKEN,
  account_inactive: NEW_TOKEN,
  not_authed: NEW_TOKEN,
};
