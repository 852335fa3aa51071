// Slack, by its Events API: one address takes events, presses and slash commands, each signed; answers go out by Slack's
// Web API. Events → inbound.ts (words.ts), presses and commands → pressed.ts, acts → outbound.ts (stream.ts, emoji.ts),
// looks → mrkdwn.ts, calls and names → api.ts, the app → setup.ts.

import type { ReadBack } from "../../../contract/channels/delivery.ts";
import { GatewayError, type Outcome } from "../../../contract/errors.ts";
import type { Address } from "../../../contract/message.ts";
import { isSameSecret } from "../../../durable/gateway/access/secrets.ts";
import type { Intake } from "../../../durable/intake.ts";
import { ask } from "../api/call.ts";
import { readFile } from "../api/download.ts";
import type { Channel, Line, Post, Translation } from "../channel.ts";
import { hmac, toHex } from "../signature.ts";
import { splitToFit } from "../text/limit.ts";
import { apiOf, botNow, botOf, nameOfPerson, nameOfPlace, outcomeOf, tokenOf } from "./api.ts";
import { type Envelope, namesIn, openedThread, readEvent, type Scene } from "./inbound.ts";
import { MAX_TEXT, renderMrkdwn } from "./mrkdwn.ts";
import { deliver, roomOf } from "./outbound.ts";
import { type Press, readPress, readSlash } from "./pressed.ts";
import { connect, disconnect, probe, suggestPrompts } from "./setup.ts";
import { readWords, wordsOfBlocks } from "./words.ts";

const WINDOW_S = 300;
const MAX_READ = 200;
/** Of a thread that is longer than this many looks, the end is not found. */
const MAX_PAGES = 5;

export const slack: Channel = {
  id: "slack",
  maxBodyBytes: 2 * 1024 * 1024,

  async prove(post, line) {
    const stamp = post.headers.get("x-slack-request-timestamp");
    const signature = post.headers.get("x-slack-signature");
    const secret = line.account.keys["SLACK_SIGNING_SECRET"] ?? "";
    if (post.method !== "POST") return { ok: false, reason: "it is no POST" };
    if (secret === "") return { ok: false, reason: "there is no signing secret to check it with" };
    if (stamp === null || signature === null) return { ok: false, reason: "it is not signed" };
    if (!/^\d{1,12}$/.test(stamp) || !/^v0=[0-9a-f]{64}$/.test(signature))
      return { ok: false, reason: "its signature is malformed" };
    if (Math.abs(line.now() / 1000 - Number(stamp)) > WINDOW_S) return { ok: false, reason: "it was signed too long ago" };
    if (!(await isSameSecret(signature, await sign(secret, stamp, post.body))))
      return { ok: false, reason: "it is signed with another secret" };
    const homes = homesOf(post);
    // Who cannot be asked now is asked again before anything is read.
    const bot = homes.length === 0 ? undefined : await botOf(line).catch(() => undefined);
    if (bot && !homes.some((home) => bot.homes.includes(home)))
      return { ok: false, reason: `it comes from another workspace, ${homes[0]}` };
    return { ok: true };
  },

  async translate(post, line) {
    const form = formOf(post);
    if (form?.has("ssl_check")) return { inbound: [] };
    if (form?.has("command")) return answerSlash(form, line);
    if (form) {
      const press = readJson(form.get("payload") ?? "") as Press;
      return { inbound: await readPress(press, line.now(), await sceneOf(line)) };
    }
    const envelope = readJson(post.text) as Envelope & { challenge?: string };
    if (envelope.type === "url_verification") return { inbound: [], reply: () => new Response(envelope.challenge ?? "") };
    if (envelope.type !== "event_callback") return { inbound: [] };
    const opened = openedThread(envelope);
    if (opened) await suggestPrompts(opened.channel_id, opened.thread_ts, apiOf(line));
    return { inbound: await readEvent(envelope, await sceneOf(line)) };
  },

  deliver,
  split: (text, style) => splitToFit(text, { ...style, textLimit: Math.min(style.textLimit, MAX_TEXT) }, renderMrkdwn),

  async fetchMedia(remote, line) {
    const { file } = await apiOf(line)
      .files.info({ file: remote.handle })
      .catch((error: unknown) => {
        const { outcome, ...why } = outcomeOf(error, true);
        const message = `Slack did not hand out the file: ${"reason" in why ? why.reason : outcome}`;
        throw new GatewayError({
          code: outcome === "refused" ? "NOT_FOUND" : "UNAVAILABLE",
          message,
          retryable: outcome !== "refused",
        });
      });
    const address = file?.url_private_download ?? file?.url_private;
    if (address === undefined || !isSlackAddress(address, line))
      return refuse("NOT_FOUND", "Slack does not keep this file itself; it can be opened at its address only.");
    const answer = await ask(line, address, { headers: { authorization: `Bearer ${tokenOf(line)}` } }).catch(() => undefined);
    // Without the right to read files Slack leads to its page for logging in.
    if (answer && answer.status >= 300 && answer.status < 500 && answer.status !== 429)
      return refuse("FORBIDDEN", "Slack did not hand out the file; does the app have the scope files:read?");
    if (answer?.headers.get("content-type")?.startsWith("text/html") && !file?.mimetype?.startsWith("text/html"))
      return refuse("FORBIDDEN", "Slack handed out a page instead of the file; does the app have the scope files:read?");
    const read = await readFile(answer, "Slack", line);
    return read.ok ? { ok: true, value: { ...read.value, name: file?.name ?? "file" } } : read;
  },

  read,
  connect,
  disconnect: async () => disconnect(),
  probe,
};

/** Over version, time and body, as Slack writes it. */
async function sign(secret: string, stamp: string, body: Uint8Array<ArrayBuffer>): Promise<string> {
  const signed = await new Blob([`v0:${stamp}:`, body]).arrayBuffer();
  return `v0=${toHex(await hmac("SHA-256", secret, new Uint8Array(signed)))}`;
}

function formOf(post: Post): URLSearchParams | undefined {
  const isForm = post.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded");
  return isForm ? new URLSearchParams(post.text) : undefined;
}

function readJson(text: string): object {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new SyntaxError("no object");
  return value;
}

/** The workspaces and organisations that a request speaks of; none: it is about the app itself. */
function homesOf(post: Post): string[] {
  try {
    const form = formOf(post);
    if (form?.has("command")) return [form.get("team_id"), form.get("enterprise_id")].flatMap((id) => id || []);
    const said = readJson(form ? (form.get("payload") ?? "") : post.text) as Record<string, unknown>;
    const { team, enterprise, authorizations } = said as {
      team?: { id?: string } | null;
      enterprise?: { id?: string } | null;
      authorizations?: { team_id?: string | null; enterprise_id?: string | null }[];
    };
    const listed = (authorizations ?? []).flatMap((one) => [one.team_id, one.enterprise_id]);
    const own = [said["team_id"], said["context_team_id"], said["enterprise_id"], said["context_enterprise_id"]];
    return [...own, team?.id, enterprise?.id, ...listed].flatMap((id) => (typeof id === "string" && id !== "" ? id : []));
  } catch {
    // It says so itself when it is read.
    return [];
  }
}

async function sceneOf(line: Line): Promise<Scene> {
  const bot = await botNow(line);
  const names = { person: (id: string) => nameOfPerson(id, line), place: (id: string) => nameOfPlace(id, line) };
  return { account: line.account.account, bot, names };
}

/** The command is shown in its channel, and a stranger is answered where nobody else sees it. */
async function answerSlash(form: URLSearchParams, line: Line): Promise<Translation> {
  const inbound = await readSlash(form, line.now(), await sceneOf(line));
  const isShown = inbound[0]?.message.from.kind === "group";
  const reply = ([heard]: readonly Intake[]) => {
    if (heard?.outcome === "received" && isShown) return Response.json({ response_type: "in_channel" });
    if (heard?.outcome !== "pair" || heard.reply === undefined) return new Response(null);
    return Response.json({ response_type: "ephemeral", text: renderMrkdwn(heard.reply) });
  };
  return { inbound, reply, greets: true };
}

async function read(from: Address, limit: number, line: Line): Promise<Outcome<ReadBack[]>> {
  const api = apiOf(line);
  try {
    const channel = await roomOf(from, api, line);
    const count = Math.max(1, Math.min(limit, MAX_READ));
    const messages =
      from.thread === undefined
        ? ((await api.conversations.history({ channel, limit: count })).messages ?? []).toReversed()
        : await readThread(api, channel, from.thread, count);
    const scene = await sceneOf(line);
    return { ok: true, value: await Promise.all(messages.map((said) => readBack(said as Listed, scene))) };
  } catch (error) {
    if (error instanceof GatewayError) return { ok: false, error: error.data };
    const outcome = outcomeOf(error, true);
    const reason = "reason" in outcome ? outcome.reason : "";
    return outcome.outcome === "refused"
      ? refuse("INVALID_REQUEST", reason)
      : refuse("UNAVAILABLE", `Slack could not be asked: ${reason}`, true);
  }
}

/** Slack tells a thread from its beginning: the message that it hangs on, and the latest `count` less one. */
async function readThread(api: ReturnType<typeof apiOf>, channel: string, ts: string, count: number): Promise<object[]> {
  const [root, latest] = [[] as object[], [] as object[]];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await api.conversations.replies({ channel, ts, limit: MAX_READ, ...(cursor ? { cursor } : {}) });
    for (const said of answer.messages ?? []) (said.ts === ts ? root : latest).push(said);
    cursor = answer.response_metadata?.next_cursor;
    if (!cursor) break;
  }
  const room = count - Math.min(1, root.length);
  return count === 1 && latest.length > 0 ? latest.slice(-1) : [...root.slice(0, 1), ...(room > 0 ? latest.slice(-room) : [])];
}

interface Listed {
  ts?: string;
  text?: string;
  user?: string;
  bot_id?: string;
  username?: string;
  subtype?: string;
  blocks?: unknown[];
  files?: { name?: string }[];
}

async function readBack(said: Listed, scene: Scene): Promise<ReadBack> {
  const { ts = "", user, bot_id: program, username, files = [] } = said;
  const author = username ?? (user === undefined ? undefined : await scene.names.person(user)) ?? user ?? program ?? "";
  const authorId = user ?? program;
  const raw = said.text || wordsOfBlocks(said.blocks);
  const named = files.map(({ name }) => `[file${name ? ` ${name}` : ""}]`);
  const isOurs = user === scene.bot.userId || (program !== undefined && program === scene.bot.botId);
  return {
    platformId: ts,
    author,
    ...(authorId === undefined ? {} : { authorId }),
    ...(isOurs ? { isOurs } : {}),
    ...(program !== undefined || said.subtype === "bot_message" ? { isFromBot: true } : {}),
    text: [readWords(raw, await namesIn(raw, scene)), ...named].filter((part) => part !== "").join("\n"),
    at: Math.round(Number(ts) * 1000),
  };
}

/** The token goes to Slack alone, or to the server that stands in its place. */
function isSlackAddress(address: string, line: Line): boolean {
  const url = URL.parse(address);
  if (!url) return false;
  return url.origin === new URL(line.base).origin || (url.protocol === "https:" && url.hostname.endsWith(".slack.com"));
}

function refuse(code: "NOT_FOUND" | "FORBIDDEN" | "UNAVAILABLE" | "INVALID_REQUEST", message: string, retryable = false) {
  return { ok: false as const, error: { code, message, ...(retryable ? { retryable } : {}) } };
}
