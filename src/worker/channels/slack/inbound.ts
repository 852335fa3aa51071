// What Slack tells by events: messages and notices in our words. A message has the same id whichever of its events brings
// it (a mention in a channel comes twice) and however often; everything else has its event's. Files stay where they are.
import type { AssistantThreadStartedEvent, MessageAttachment, SlackEvent } from "@slack/types";
import type { Inbound } from "../../../contract/channels/channel.ts";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Address, Message, RemoteMedia, Sender } from "../../../contract/message.ts";
import { peopleIn, readWords, wordsOfAttachments, wordsOfBlocks } from "./words.ts";

/** The names that Slack gives ids; undefined when it does not say. */
export interface Names {
  person(id: string): Promise<string | undefined>;
  place(id: string): Promise<string | undefined>;
}

export interface Scene {
  account: string;
  bot: { userId: string; botId?: string };
  names: Names;
}

/** Around an event. */
export interface Envelope {
  type: string;
  event_id?: string;
  event_time?: number;
  api_app_id?: string;
  event?: SlackEvent;
}

interface SlackFile {
  id: string;
  name?: string | null;
  mimetype?: string;
  size?: number;
  mode?: string;
  subtype?: string;
  duration_ms?: number;
  is_external?: boolean;
  url_private?: string;
}

/** Every kind of message, as far as it is read. */
interface Said {
  type: string;
  subtype?: string;
  channel: string;
  channel_type?: string;
  user?: string;
  username?: string;
  bot_id?: string;
  app_id?: string;
  bot_profile?: { app_id?: string; name?: string };
  text?: string;
  ts: string;
  event_ts?: string;
  thread_ts?: string;
  parent_user_id?: string;
  files?: SlackFile[];
  blocks?: unknown[];
  attachments?: MessageAttachment[];
  edited?: { ts: string };
  message?: Said;
  previous_message?: Said;
  deleted_ts?: string;
}

const SPOKEN = [undefined, "file_share", "me_message", "thread_broadcast", "bot_message"];
/** Things that happened, told by Slack in a sentence of its own. */
const TOLD =
  /^(?:channel|group)_(?:join|leave|topic|purpose|name|archive|unarchive|posting_permissions|convert_to_private|convert_to_public)$/;
const MOST_NAMES = 10;

export async function readEvent(envelope: Envelope, scene: Scene): Promise<Inbound[]> {
  const { event } = envelope;
  const id = `slack:${scene.account}:${envelope.event_id ?? ""}`;
  if (!event) return [];
  switch (event.type) {
    case "message":
    case "app_mention":
      return readMessage(event as Said, id, envelope, scene);
    case "reaction_added":
    case "reaction_removed": {
      if (event.user === scene.bot.userId || event.item.type !== "message") return [];
      const what =
        event.type === "reaction_added" ? `reacted :${event.reaction}: to` : `took their :${event.reaction}: away from`;
      const text = (name: string) => `[${name} ${what} message ${event.item.ts}]`;
      return notice(id, event.item.channel, event.user, undefined, event.event_ts, text, scene);
    }
    case "member_joined_channel":
    case "member_left_channel": {
      // Of others the channel itself tells.
      if (event.user !== scene.bot.userId) return [];
      const by = event.type === "member_joined_channel" ? event.inviter : undefined;
      const what = event.type === "member_joined_channel" ? "added here" : "removed from here";
      const text = (name: string) => `[You were ${what}${by ? ` by ${name}` : ""}]`;
      return notice(id, event.channel, by ?? event.user, undefined, event.event_ts, text, scene);
    }
    case "agent_session_stopped": {
      const from = placeOf({ channel: event.channel, user: event.user, thread: event.thread_ts }, scene);
      const head = { id, from, sender: await senderOf(event.user, scene), sentAt: timeOf(event.event_ts) };
      return [{ kind: "message", message: { ...head, parts: [{ type: "text", text: "/stop" }], isToUs: true } }];
    }
    default:
      return [];
  }
}

async function readMessage(said: Said, id: string, envelope: Envelope, scene: Scene): Promise<Inbound[]> {
  if (said.subtype === "message_changed") return readChange(said, id, scene);
  if (said.subtype === "message_deleted") {
    const gone = said.previous_message;
    if (!gone || isOwn(gone, envelope, scene) || !isSpoken(gone)) return [];
    const words = readWords(gone.text ?? "", await namesIn(gone.text ?? "", scene));
    const text = (name: string) => `[${name} deleted their message ${gone.ts}${words === "" ? "" : `, which said:]\n${words}`}`;
    const closed = (name: string) => (words === "" ? `${text(name)}]` : text(name));
    return notice(id, said.channel, authorOf(gone), threadOf(gone), said.event_ts ?? said.ts, closed, scene);
  }
  if (said.subtype !== undefined && TOLD.test(said.subtype)) {
    if (said.user === undefined || said.user === scene.bot.userId) return [];
    const words = readWords(said.text ?? "", await namesIn(said.text ?? "", scene));
    const text = (name: string) => `[${words.startsWith("@") ? words.slice(1) : `${name} ${words}`.trim()}]`;
    return notice(id, said.channel, said.user, undefined, said.ts, text, scene);
  }
  return isSpoken(said) && !isOwn(said, envelope, scene) ? readSpoken(said, scene) : [];
}

async function readSpoken(said: Said, scene: Scene): Promise<Inbound[]> {
  const { bot } = scene;
  const author = authorOf(said);
  const from = placeOf({ channel: said.channel, kind: said.channel_type, user: author, thread: threadOf(said) }, scene);
  const raw = said.text || wordsOfBlocks(said.blocks);
  const own = new RegExp(`<@${bot.userId}(?:\\|[^>]*)?>[,:]?[ \\t]*`, "g");
  const isMentioned = said.type === "app_mention" || raw.search(own) >= 0;
  const [names, sender, placeName] = await Promise.all([
    namesIn(raw, scene),
    senderOf(author, scene, said.bot_profile?.name ?? said.username),
    from.kind === "group" ? scene.names.place(said.channel) : undefined,
  ]);
  const words = readWords(raw.replace(own, ""), names).trim();
  const beside = wordsOfAttachments(said.attachments, raw === "" || said.bot_id !== undefined);
  const text = [said.subtype === "me_message" ? `* ${words}` : words, beside, ...unreadable(said.files)]
    .filter((part) => part !== "")
    .join("\n");
  const attachments = filesOf(said.files);
  if (text === "" && attachments.length === 0 && !isMentioned) return [];
  const message: Message = {
    id: `slack:${scene.account}:${said.channel}:${said.ts}`,
    from,
    sender,
    parts: text === "" ? [] : [{ type: "text", text }],
    sentAt: timeOf(said.ts),
    platformId: said.ts,
    ...(attachments.length > 0 ? { attachments } : {}),
    ...(from.kind === "group" ? { isToUs: isMentioned || said.parent_user_id === bot.userId } : {}),
    ...(said.bot_id === undefined && said.subtype !== "bot_message" ? {} : { isFromBot: true }),
    ...(placeName === undefined ? {} : { placeName }),
  };
  return [{ kind: "message", message }];
}

/** An edit; not the many other changes of a message (a link got its preview, a thread its answer). */
async function readChange(said: Said, id: string, scene: Scene): Promise<Inbound[]> {
  const { message, previous_message: before } = said;
  if (!message || !isSpoken(message) || message.user === scene.bot.userId || message.bot_id !== undefined) return [];
  if (message.text === before?.text || !message.edited) return [];
  const words = readWords(message.text ?? "", await namesIn(message.text ?? "", scene));
  const text = (name: string) => `[${name} changed their message ${message.ts}; it now says:]\n${words}`;
  return notice(id, said.channel, authorOf(message), threadOf(message), said.event_ts ?? said.ts, text, scene);
}

async function notice(
  id: string,
  channel: string,
  user: string,
  thread: string | undefined,
  at: string,
  text: (name: string) => string,
  scene: Scene,
): Promise<Inbound[]> {
  const sender = await senderOf(user, scene);
  const from = placeOf({ channel, user, thread }, scene);
  const parts = [{ type: "text" as const, text: text(sender.name ?? sender.id) }];
  return [{ kind: "notice", message: { id, from, sender, parts, sentAt: timeOf(at) } }];
}

/** A person's direct messages are named by the person: their room is the way back. */
export function placeOf(
  at: { channel: string; kind?: string | undefined; user: string; thread?: string | undefined },
  { account }: Pick<Scene, "account">,
): Address {
  const isDirect = at.kind === "im" || at.kind === "app_home" || at.channel.startsWith("D");
  return {
    channel: "slack",
    ...(account === DEFAULT_ACCOUNT ? {} : { account }),
    ...(isDirect ? { peer: at.user, kind: "direct", route: { channel: at.channel } } : { peer: at.channel, kind: "group" }),
    ...(at.thread === undefined ? {} : { thread: at.thread }),
  };
}

export async function senderOf(id: string, scene: Pick<Scene, "names">, known?: string): Promise<Sender> {
  const name = known ?? (/^[UW]/.test(id) ? await scene.names.person(id) : undefined);
  return { id, isOwner: false, ...(name === undefined ? {} : { name }) };
}

export async function namesIn(text: string, { names }: Pick<Scene, "names">): Promise<Map<string, string>> {
  const ids = [...new Set(peopleIn(text))].slice(0, MOST_NAMES);
  const found = await Promise.all(ids.map(async (id): Promise<[string, string]> => [id, (await names.person(id)) ?? id]));
  return new Map(found);
}

/** Where a thread with the assistant was begun, and by whom. */
export function openedThread({ event }: Envelope): AssistantThreadStartedEvent["assistant_thread"] | undefined {
  return event?.type === "assistant_thread_started" ? event.assistant_thread : undefined;
}

function isSpoken(said: Said): boolean {
  return SPOKEN.includes(said.subtype);
}

function isOwn(said: Said, { api_app_id: app }: Envelope, { bot }: Scene): boolean {
  if (said.user === bot.userId || (said.bot_id !== undefined && said.bot_id === bot.botId)) return true;
  return app !== undefined && (said.app_id === app || said.bot_profile?.app_id === app);
}

function authorOf(said: Said): string {
  return said.user ?? said.bot_id ?? "";
}

/** The message that opens a thread is not in it. */
function threadOf({ thread_ts, ts }: Said): string | undefined {
  return thread_ts === ts ? undefined : thread_ts;
}

function timeOf(ts: string): number {
  return Math.round(Number(ts) * 1000);
}

function filesOf(files: SlackFile[] | undefined): RemoteMedia[] {
  return (files ?? [])
    .filter((file) => !isUnreadable(file))
    .map((file) => ({
      handle: file.id,
      kind: kindOf(file),
      ...(file.name ? { name: file.name } : {}),
      ...(file.mimetype ? { type: file.mimetype } : {}),
      ...(file.size ? { size: file.size } : {}),
      ...(file.duration_ms ? { durationS: Math.round(file.duration_ms / 1000) } : {}),
    }));
}

function kindOf({ mimetype = "", subtype }: SlackFile): RemoteMedia["kind"] {
  if (subtype === "slack_audio") return "voice";
  const [kind] = mimetype.split("/");
  return kind === "image" || kind === "audio" || kind === "video" ? kind : "file";
}

function isUnreadable(file: SlackFile): boolean {
  return file.is_external === true || file.mode === "external" || file.mode === "tombstone" || file.mode === "hidden_by_limit";
}

/** Files that Slack only points to, or no longer shows. */
function unreadable(files: SlackFile[] | undefined): string[] {
  return (files ?? [])
    .filter(isUnreadable)
    .map((file) =>
      file.url_private
        ? `[file elsewhere: ${file.name ?? "without a name"}, ${file.url_private}]`
        : "[a file that Slack no longer shows]",
    );
}
