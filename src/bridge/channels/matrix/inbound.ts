// What a room's event says, in our words: something to answer, or something to know. Pure: whatever it names (the message it answers, a
// poll) is given to it. Kinds it does not know say nothing.
import type { HomeInbound } from "../../../contract/channels/at-home.ts";
import type { Address, RemoteMedia } from "../../../contract/message.ts";
import { sealedFile } from "./files.ts";
import { inside, type Json, listIn, numberIn, objectIn, oneLine, type RoomEvent, textIn } from "./wire.ts";

/** A message or a notice. */
export type Told = Extract<HomeInbound, { message: unknown }>;

export interface InboundContext {
  account: string;
  me: { id: string; name: string };
  room: { id: string; name?: string; isDirect: boolean; isEncrypted: boolean; isSmall: boolean };
  /** Whether it was sealed by its sender's device. */
  isSealed: boolean;
  nameOf(person: string): string;
  /** An event that this one names, opened. */
  look(id: string): RoomEvent | undefined;
}

const POLL_STARTS = ["m.poll.start", "org.matrix.msc3381.poll.start"];
const POLL_RESPONSES = ["m.poll.response", "org.matrix.msc3381.poll.response"];
const SNIPPET = 80;
const MOST_TEXT = 100_000;

/** Ids of events without which it cannot be told. */
export function namedBy(event: RoomEvent): string[] {
  const relation = objectIn(event.content, "m.relates_to");
  const ids = [answered(event.content), isOf(event, POLL_RESPONSES) ? textIn(relation, "event_id") : undefined];
  if (event.type === "m.reaction") ids.push(textIn(relation, "event_id"));
  return ids.flatMap((id) => (id === undefined ? [] : [id]));
}

export function readEvent(event: RoomEvent, context: InboundContext): Told[] {
  const { me } = context;
  if (event.sender === me.id || event.state_key !== undefined) return readState(event, context);
  const relation = objectIn(event.content, "m.relates_to");
  if (textIn(relation, "rel_type") === "m.replace") return readEdit(event, context);
  if (event.type === "m.reaction") return readReaction(event, context);
  if (event.type === "m.room.redaction") return notice(event, context, `deleted the message ${targetOf(event)}`);
  if (isOf(event, POLL_RESPONSES)) return readVote(event, context);
  if (event.type === "m.call.invite") return notice(event, context, "called; calls cannot be taken here");
  const said = describe(event);
  if (!said) return [];
  const text = withoutMention(withoutFallback(said.text, event.content), me).slice(0, MOST_TEXT);
  if (text === "" && said.files.length === 0) return [];
  // In an encrypted room a homeserver could put words into anybody's mouth: what is not sealed there is known, and not answered.
  if (context.room.isEncrypted && !context.isSealed) {
    return notice(event, context, `wrote this without encryption, so that it may be anybody's:\n${text}`);
  }
  const message: Told["message"] = {
    ...headOf(event, context),
    parts: text === "" ? [] : [{ type: "text", text }],
    platformId: event.event_id,
    ...(said.files.length > 0 ? { attachments: said.files } : {}),
    ...quotedOf(event, context),
    ...(context.room.isDirect ? {} : { isToUs: isToUs(event, context) }),
    ...(textIn(event.content, "msgtype") === "m.notice" ? { isFromBot: true } : {}),
  };
  return [{ kind: "message", message }];
}

/** What stands in an event, as text and files; undefined: nothing to tell. */
export function describe({ type, content }: RoomEvent): { text: string; files: RemoteMedia[] } | undefined {
  const body = textIn(content, "body") ?? "";
  if (type === "m.sticker") return { text: `[Sticker: ${body || "without words"}]`, files: fileOf(content, "sticker") };
  if (POLL_STARTS.includes(type)) return { text: describePoll(content), files: [] };
  if (type !== "m.room.message") return undefined;
  switch (textIn(content, "msgtype")) {
    case "m.text":
    case "m.notice":
      return { text: body, files: [] };
    case "m.emote":
      return { text: `*${body}*`, files: [] };
    case "m.image":
      return { text: captionOf(content), files: fileOf(content, "image") };
    case "m.video":
      return { text: captionOf(content), files: fileOf(content, "video") };
    case "m.audio": {
      const isVoice = inside(content, "org.matrix.msc3245.voice") !== undefined || inside(content, "m.voice") !== undefined;
      return { text: captionOf(content), files: fileOf(content, isVoice ? "voice" : "audio") };
    }
    case "m.file":
      return { text: captionOf(content), files: fileOf(content, "file") };
    case "m.location":
      return { text: describePlace(content, body), files: [] };
    case "m.key.verification.request":
      return undefined;
    default:
      return body === "" ? undefined : { text: body, files: [] };
  }
}

/** Spoken to: by a mark, by its id or name where the app makes no marks, or in answer to it. */
function isToUs(event: RoomEvent, { me, look }: InboundContext): boolean {
  const { content } = event;
  const reply = answered(content);
  if (reply !== undefined && look(reply)?.sender === me.id) return true;
  const marks = objectIn(content, "m.mentions");
  if (marks) return listIn(marks, "user_ids").includes(me.id);
  const html = textIn(content, "formatted_body") ?? "";
  if (html.includes(`matrix.to/#/${me.id}`) || html.includes(`matrix.to/#/${encodeURIComponent(me.id)}`)) return true;
  const body = withoutFallback(textIn(content, "body") ?? "", content).toLowerCase();
  return hasWord(body, me.id.toLowerCase()) || hasWord(body, me.name.toLowerCase());
}

function hasWord(text: string, word: string): boolean {
  if (word === "") return false;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const [before = " ", after = " "] = [text[at - 1], text[at + word.length]];
    if (!/[\p{L}\p{N}]/u.test(before) && !/[\p{L}\p{N}]/u.test(after)) return true;
  }
  return false;
}

/** "Skerry: hello" → "hello". */
function withoutMention(text: string, { id, name }: { id: string; name: string }): string {
  for (const word of [id, `@${name}`, name]) {
    if (word.length < 2 || text.slice(0, word.length).toLowerCase() !== word.toLowerCase()) continue;
    const rest = text.slice(word.length);
    if (/^\s*[:,]/.test(rest) || word !== name) return rest.replace(/^\s*[:,]?\s*/, "");
  }
  return text;
}

/** Older apps put what is answered before the answer, as quoted lines. */
function withoutFallback(text: string, content: Json): string {
  if (answered(content) === undefined || !text.startsWith("> ")) return text;
  const lines = text.split("\n");
  const first = lines.findIndex((line) => !line.startsWith("> ") && line !== ">");
  return first < 0 ? text : lines.slice(first).join("\n").replace(/^\n/, "");
}

/** The event that this one answers; one of a thread names the last one there for apps that know no threads. */
function answered(content: Json): string | undefined {
  const relation = objectIn(content, "m.relates_to");
  if (textIn(relation, "rel_type") === "m.thread" && inside(relation, "is_falling_back") === true) return undefined;
  return textIn(objectIn(relation, "m.in_reply_to"), "event_id");
}

function quotedOf(event: RoomEvent, { look, nameOf, me }: InboundContext): Pick<Told["message"], "quoted"> | undefined {
  const id = answered(event.content);
  if (id === undefined) return undefined;
  const quoted = look(id);
  const text = quoted && describe(quoted)?.text;
  return {
    quoted: {
      platformId: id,
      ...(text ? { text: text.slice(0, MOST_TEXT) } : {}),
      ...(quoted ? { author: nameOf(quoted.sender), isOurs: quoted.sender === me.id } : {}),
    },
  };
}

// ── Things that are known, and not answered ──

function readEdit(event: RoomEvent, context: InboundContext): Told[] {
  const content = objectIn(event.content, "m.new_content");
  const said = content && describe({ ...event, content });
  return said
    ? notice(event, context, `changed their message ${targetOf(event)}; it now says:\n${said.text.slice(0, MOST_TEXT)}`)
    : [];
}

function readReaction(event: RoomEvent, context: InboundContext): Told[] {
  const key = textIn(objectIn(event.content, "m.relates_to"), "key");
  if (key === undefined) return [];
  const target = targetOf(event);
  const text = snippet(context.look(target));
  return notice(event, context, `reacted ${oneLine(key).slice(0, 100)} to message ${target}${text}`);
}

function readVote(event: RoomEvent, context: InboundContext): Told[] {
  const response = objectIn(event.content, "m.selections") ?? objectIn(event.content, "org.matrix.msc3381.poll.response");
  const chosen = [...listIn(response, "answers"), ...listIn(event.content, "m.selections")];
  const target = targetOf(event);
  const poll = context.look(target);
  const options = poll ? optionsOf(poll.content) : [];
  const names = chosen
    .map((id) => options.find((option) => option.id === id)?.text ?? String(id))
    .map((text) => oneLine(text).slice(0, 500));
  const what = names.length === 0 ? "took their vote back" : `chose ${names.map((name) => `“${name}”`).join(", ")}`;
  return notice(event, context, `${what} in the poll ${target}`);
}

function readState(event: RoomEvent, context: InboundContext): Told[] {
  if (event.type !== "m.room.member" || context.room.isDirect || !context.room.isSmall) return [];
  const person = event.state_key ?? "";
  const [now, before] = [textIn(event.content, "membership"), textIn(objectIn(event.unsigned, "prev_content"), "membership")];
  if (now === before || person === context.me.id) return [];
  const name = context.nameOf(person);
  const by = event.sender === person ? "" : ` (by ${context.nameOf(event.sender)})`;
  if (now === "join") return told(event, context, `[${name} joined]`);
  if (now === "leave" && before === "join") return told(event, context, `[${name} left${by}]`);
  if (now === "ban") return told(event, context, `[${name} was banned${by}]`);
  return [];
}

function notice(event: RoomEvent, context: InboundContext, what: string): Told[] {
  if (event.sender === context.me.id) return [];
  const [first = "", ...rest] = what.split("\n");
  return told(event, context, [`[${context.nameOf(event.sender)} ${first}]`, ...rest].join("\n"));
}

function told(event: RoomEvent, context: InboundContext, text: string): Told[] {
  return [{ kind: "notice", message: { ...headOf(event, context), parts: [{ type: "text", text }] } }];
}

// ── Parts ──

export function headOf(event: RoomEvent, { account, room, nameOf }: InboundContext) {
  const relation = objectIn(event.content, "m.relates_to");
  const thread = textIn(relation, "rel_type") === "m.thread" ? textIn(relation, "event_id") : undefined;
  const from: Address = {
    channel: "matrix",
    account,
    peer: room.isDirect ? event.sender : room.id,
    kind: room.isDirect ? "direct" : "group",
    ...(thread === undefined ? {} : { thread: thread.slice(0, 255) }),
    ...(room.isDirect ? { route: { room: room.id } } : {}),
  };
  return {
    id: `${room.id}:${event.event_id}`.slice(0, 512),
    from,
    sender: { id: event.sender, name: nameOf(event.sender).slice(0, 255) },
    sentAt: event.origin_server_ts,
    ...(room.isDirect ? {} : { placeName: (room.name ?? room.id).slice(0, 255) }),
  };
}

function isOf({ type }: RoomEvent, types: readonly string[]): boolean {
  return types.includes(type);
}

function targetOf(event: RoomEvent): string {
  const id = event.redacts ?? textIn(event.content, "redacts") ?? textIn(objectIn(event.content, "m.relates_to"), "event_id");
  return oneLine(id ?? "that is not named").slice(0, 255);
}

function snippet(event: RoomEvent | undefined): string {
  const text = event ? (describe(event)?.text ?? "").replace(/\s+/g, " ") : "";
  if (text === "") return "";
  return ` (“${text.length > SNIPPET ? `${text.slice(0, SNIPPET)}…` : text}”)`;
}

function captionOf(content: Json): string {
  const [body = "", name] = [textIn(content, "body"), textIn(content, "filename")];
  return name === undefined || name === body ? "" : body;
}

function fileOf(content: Json, kind: RemoteMedia["kind"]): RemoteMedia[] {
  const file = sealedFile.safeParse(inside(content, "file"));
  const url = textIn(content, "url");
  const handle = file.success ? { file: file.data } : url === undefined ? undefined : { url };
  if (!handle) return [];
  const info = objectIn(content, "info");
  const name = textIn(content, "filename") ?? textIn(content, "body");
  const [type, size, duration] = [textIn(info, "mimetype"), numberIn(info, "size"), numberIn(info, "duration")];
  const ms = duration ?? numberIn(objectIn(content, "org.matrix.msc1767.audio"), "duration");
  return [
    {
      handle: JSON.stringify(handle).slice(0, 8192),
      kind,
      ...(name ? { name: name.slice(0, 255) } : {}),
      ...(type === undefined ? {} : { type: type.slice(0, 255) }),
      ...(size === undefined ? {} : { size }),
      ...(ms === undefined ? {} : { durationS: ms / 1000 }),
    },
  ];
}

function describePlace(content: Json, body: string): string {
  const place = objectIn(content, "m.location") ?? objectIn(content, "org.matrix.msc3488.location");
  const uri = textIn(content, "geo_uri") ?? textIn(place, "uri") ?? "";
  const label = textIn(place, "description") ?? body;
  return `[Location: ${[label, uri.replace(/^geo:/, "").slice(0, 100)].filter(Boolean).join(", ")}]`;
}

function describePoll(content: Json): string {
  const poll = pollOf(content);
  const question = wordsOf(objectIn(poll, "question"));
  const options = optionsOf(content).map(({ text }, at) => `${at + 1}. ${text}`);
  return [`[Poll: ${question}]`, ...options].join("\n");
}

function optionsOf(content: Json): { id: string; text: string }[] {
  return listIn(pollOf(content), "answers")
    .slice(0, 20)
    .map((one) => ({ id: textIn(one, "id") ?? textIn(one, "m.id") ?? "", text: wordsOf(one).slice(0, 500) }));
}

function pollOf(content: Json): Json | undefined {
  return objectIn(content, "m.poll") ?? objectIn(content, "m.poll.start") ?? objectIn(content, "org.matrix.msc3381.poll.start");
}

function wordsOf(of: unknown): string {
  const [block] = listIn(of, "m.text");
  return textIn(of, "org.matrix.msc1767.text") ?? textIn(block, "body") ?? textIn(of, "body") ?? textIn(of, "m.text") ?? "";
}
