// What the house asks, done at Discord. An interaction is answered by its own token for fifteen minutes: its "is thinking"
// becomes the answer, what follows comes after it. Later, and for everything else, the bot writes to the channel by its name.
// Nobody is ever called by a mention.
import type {
  RESTPatchAPIChannelMessageJSONBody,
  RESTPostAPIChannelMessageJSONBody,
  RESTPostAPIChannelMessagesThreadsJSONBody,
  RESTPostAPIChannelThreadsJSONBody,
} from "discord-api-types/v10";
import type { Button, DeliveryAct, DeliveryOutcome, OutboxItem, ReadBack } from "../../../contract/channels/delivery.ts";
import type { Outcome } from "../../../contract/errors.ts";
import type { Address } from "../../../contract/message.ts";
import { hashText } from "../../../durable/gateway/access/secrets.ts";
import type { Line } from "../channel.ts";
import { splitToFit } from "../text/limit.ts";
import { filesFor, VOICE_FLAG, voiceOf } from "./files.ts";
import { TOKEN_MS } from "./inbound.ts";
import { MAX_TEXT, renderDiscord, renderFitting } from "./markdown.ts";
import { filesOfSaid, nameOf, type Said, textOfSaid } from "./message.ts";
import { type Answer, call, isGone, isMissingMessage, outcomeOf, refuse } from "./rest.ts";

const NO_PREVIEWS = 1 << 2;
const EPHEMERAL = 1 << 6;
const LOADING = 1 << 7;
const MAX_FILES = 10;
const PUBLIC_THREAD = 11;
const DAY_MIN = 1440;
/** Stands first in a thread for the message that it hangs on. */
const THREAD_STARTER = 21;
/** An answer may be ready before Discord has read that it is coming. */
const ACK_AFTER_MS = 10_000;
const ASK_AGAIN_MS = 500;
const ONLY_MEMBERS = "Discord lets the bot do this only where it is a member; it was called from outside.";

type Body = RESTPostAPIChannelMessageJSONBody;
type Sent = Promise<Answer<{ id?: string } | undefined>>;

export async function deliver(item: OutboxItem, line: Line): Promise<DeliveryOutcome> {
  return outcomeOf(await perform(item, line));
}

function perform({ act, to, id }: OutboxItem, line: Line): Sent {
  switch (act.type) {
    case "text":
      return sendText(line, to, act, id);
    case "draft":
      return act.message === undefined ? sendText(line, to, act, id) : editMessage(line, to, act.message, { text: act.text });
    case "edit":
      return editMessage(line, to, act.message, act);
    case "media":
      return sendMedia(line, to, act, id);
    case "poll":
      return sendPoll(line, to, act, id);
    case "delete":
      return deleteMessage(line, to, act.message);
    case "react":
      return react(line, to, act.message, act.emoji);
    case "pin": {
      const method = act.isPinned ? "PUT" : "DELETE";
      return inChannel(line, to, (path) => call(line, { method, path: `${path}/messages/pins/${act.message}` }));
    }
    case "thread":
      return openThread(line, to, act);
    case "typing":
      // Who is answered privately sees that the bot is thinking.
      if (to.route?.["hidden"]) return Promise.resolve({ ok: true, value: undefined });
      return inChannel(line, to, (path) => call(line, { method: "POST", path: `${path}/typing` }));
    default:
      return act satisfies never;
  }
}

interface Text {
  text: string;
  buttons?: Button[][];
  replyTo?: string;
  replaces?: string;
}

async function sendText(line: Line, to: Address, act: Text, id: string): Sent {
  if (act.replaces !== undefined) {
    const edited = await editMessage(line, to, act.replaces, act);
    // The draft is gone or cannot be changed any more: the answer must come all the same.
    if (edited.ok || ![400, 403, 404].includes(edited.status)) return edited;
  }
  return send(line, to, { ...textBody(act), ...replyOf(act.replyTo) }, id);
}

function textBody({ text, buttons }: Text) {
  return {
    content: renderFitting(text),
    flags: NO_PREVIEWS,
    allowed_mentions: { parse: [] },
    ...(buttons ? { components: rowsOf(buttons) } : {}),
  } satisfies RESTPatchAPIChannelMessageJSONBody;
}

function replyOf(message: string | undefined): Pick<Body, "message_reference"> {
  if (message === undefined || !isId(message)) return {};
  return { message_reference: { message_id: message, fail_if_not_exists: false } };
}

/** Five in a row, five rows; more than that as lists to choose from. Each value gets a number, since two may be the same. */
function rowsOf(buttons: Button[][]): NonNullable<Body["components"]> {
  const wide = buttons.flatMap((row) => chunk(row, 5));
  const rows = wide.length <= 5 ? wide : chunk(buttons.flat(), 5);
  let count = 0;
  const next = (value: string) => `${count++}:${value}`.slice(0, 100);
  if (rows.length <= 5) {
    return rows.map((row) => ({
      type: 1,
      components: row.map(({ label, value }) => ({ type: 2, style: 2, label: label.slice(0, 80), custom_id: next(value) })),
    }));
  }
  return chunk(buttons.flat(), 25)
    .slice(0, 5)
    .map((options, index) => ({
      type: 1,
      components: [
        {
          type: 3,
          custom_id: `list${index}`,
          options: options.map(({ label, value }) => ({ label: label.slice(0, 100), value: next(value) })),
        },
      ],
    }));
}

/** The interaction's token while it lives. */
function hookOf(line: Line, to: Address): string | undefined {
  const { token, until } = to.route ?? {};
  if (!token || Number(until) - 5000 < line.now()) return undefined;
  return `/webhooks/${line.account.keys["DISCORD_APPLICATION_ID"]}/${token}`;
}

async function send(line: Line, to: Address, body: Body, id: string, files: readonly File[] = []): Sent {
  const hook = hookOf(line, to);
  if (hook) {
    const answer = await answerInteraction(line, to, hook, body, files);
    if (answer.ok || !isGone(answer)) return answer;
  }
  const nonce = (await hashText(id)).slice(0, 25);
  return inChannel(
    line,
    to,
    async (path) => {
      const ask = () =>
        call<{ id: string }>(line, {
          method: "POST",
          path: `${path}/messages`,
          body: { ...body, nonce, enforce_nonce: true } satisfies Body,
          files,
        });
      const answer = await ask();
      // Discord knows the nonce for some minutes: asked again at once, it gives the message that was made.
      return "broke" in answer || (!answer.ok && answer.status >= 500) ? pause().then(ask) : answer;
    },
    true,
  );
}

async function answerInteraction(line: Line, to: Address, hook: string, body: Body, files: readonly File[]): Sent {
  const original = await readOriginal(line, to, hook);
  if (!original.ok) return original;
  const isThinking = ((original.value.flags ?? 0) & LOADING) !== 0;
  const { message_reference: _reply, ...rest } = body;
  const flags = (body.flags ?? 0) | (to.route?.["hidden"] && !isThinking ? EPHEMERAL : 0);
  return isThinking
    ? call<{ id: string }>(line, { method: "PATCH", path: `${hook}/messages/@original`, body: rest, files, isOnce: true })
    : call<{ id: string }>(line, { method: "POST", path: hook, body: { ...rest, flags }, files });
}

async function readOriginal(line: Line, to: Address, hook: string): Promise<Answer<{ flags?: number }>> {
  const askedAt = Number(to.route?.["until"]) - TOKEN_MS;
  for (;;) {
    const answer = await call<{ flags?: number }>(line, { method: "GET", path: `${hook}/messages/@original` });
    if (answer.ok || answer.status !== 404 || line.now() - askedAt > ACK_AFTER_MS) return answer;
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
}

async function editMessage(line: Line, to: Address, message: string, act: Text): Sent {
  const body = textBody(act);
  const hook = hookOf(line, to);
  if (hook) {
    const answer = await call<{ id: string }>(line, { method: "PATCH", path: `${hook}/messages/${message}`, body });
    if (answer.ok || !isGone(answer)) return answer;
  }
  return inChannel(line, to, (path) =>
    call<{ id: string }>(line, { method: "PATCH", path: `${path}/messages/${message}`, body }),
  );
}

async function deleteMessage(line: Line, to: Address, message: string): Sent {
  const done: Answer<undefined> = { ok: true, value: undefined };
  const hook = hookOf(line, to);
  if (hook) {
    const answer = await call(line, { method: "DELETE", path: `${hook}/messages/${message}` });
    if (answer.ok) return done;
    if (!isGone(answer)) return answer;
  }
  const answer = await inChannel(line, to, (path) => call(line, { method: "DELETE", path: `${path}/messages/${message}` }));
  return answer.ok || isMissingMessage(answer) ? done : answer;
}

async function react(line: Line, to: Address, message: string, emoji: string | null): Sent {
  return inChannel(line, to, async (path) => {
    const at = `${path}/messages/${message}`;
    const reactions = `${at}/reactions`;
    if (emoji !== null) return call(line, { method: "PUT", path: `${reactions}/${emojiPath(emoji)}/@me` }).then(withoutValue);
    const said = await call<Reacted>(line, { method: "GET", path: at });
    if (!said.ok) return isMissingMessage(said) ? { ok: true, value: undefined } : said;
    for (const { me, emoji: own } of said.value.reactions ?? []) {
      if (!me) continue;
      const name = own.id ? `${own.name}:${own.id}` : (own.name ?? "");
      const taken = await call(line, { method: "DELETE", path: `${reactions}/${encodeURIComponent(name)}/@me` });
      if (!taken.ok) return taken;
    }
    return { ok: true, value: undefined };
  });
}

interface Reacted {
  reactions?: { me: boolean; emoji: { id: string | null; name: string | null } }[];
}

/** An emoji itself, or one of the server's own as people copy it: <:name:id>. */
function emojiPath(emoji: string): string {
  const own = /^<?a?:?(\w+:\d+)>?$/.exec(emoji)?.[1];
  return encodeURIComponent(own ?? emoji);
}

function withoutValue(answer: Answer<unknown>): Answer<undefined> {
  return answer.ok ? { ok: true, value: undefined } : answer;
}

async function openThread(line: Line, to: Address, act: DeliveryAct & { type: "thread" }): Sent {
  if (to.kind !== "group") return refuse("Discord has threads only in the channels of a server.");
  const common = { name: act.name.slice(0, 100) || "Thread", auto_archive_duration: DAY_MIN };
  const onMessage = act.message === undefined ? "" : `/messages/${act.message}`;
  const body =
    act.message === undefined
      ? ({ ...common, type: PUBLIC_THREAD } satisfies RESTPostAPIChannelThreadsJSONBody)
      : (common satisfies RESTPostAPIChannelMessagesThreadsJSONBody);
  return call<{ id: string }>(line, { method: "POST", path: `/channels/${to.peer}${onMessage}/threads`, body });
}

async function sendPoll(line: Line, to: Address, act: DeliveryAct & { type: "poll" }, id: string): Sent {
  const { question, options, isMultiple = false, durationS = 86_400 } = act;
  if (question.length > 300 || options.length > 10 || options.some((option) => option.length > 55)) {
    return refuse("A poll of Discord has a question of 300 characters and ten answers of 55 at most.");
  }
  const poll = {
    question: { text: question },
    answers: options.map((text) => ({ poll_media: { text } })),
    duration: Math.min(768, Math.max(1, Math.ceil(durationS / 3600))),
    allow_multiselect: isMultiple,
  } satisfies Body["poll"];
  return send(line, to, { poll }, id);
}

async function sendMedia(line: Line, to: Address, act: DeliveryAct & { type: "media" }, id: string): Sent {
  const files = await filesFor(act.media, line);
  if ("missing" in files) return refuse(`The file ${files.missing} is no longer stored.`);
  const voice = act.isVoice && !hookOf(line, to) ? voiceOf(act.media, files.bytes) : undefined;
  const captions =
    act.caption === undefined ? [] : splitToFit(act.caption, { textLimit: MAX_TEXT, chunkMode: "length" }, renderDiscord);
  // A voice message has no text beside it; of a long one the last part stands with the files.
  const ahead = voice ? captions : captions.slice(0, -1);
  for (const [index, text] of ahead.entries()) {
    const sent = await sendText(line, to, { text }, `${id}:caption${index}`);
    if (!sent.ok) return sent;
  }
  if (voice) {
    const body = { flags: VOICE_FLAG, attachments: [{ id: "0", filename: "voice.ogg", ...voice }] };
    const sent = await send(line, to, { ...body, ...replyOf(act.replyTo) } as Body, id, files.files);
    // Where voice messages are not allowed, the recording goes as a file.
    if (sent.ok || ![400, 403].includes(sent.status)) return sent;
  }
  let first: Answer<{ id?: string } | undefined> = { ok: true, value: undefined };
  for (const [index, part] of chunk(files.files, MAX_FILES).entries()) {
    const text = voice ? undefined : captions.at(-1);
    const body: Body = {
      ...(index === 0 ? { ...(text === undefined ? {} : textBody({ text })), ...replyOf(act.replyTo) } : {}),
      allowed_mentions: { parse: [] },
      attachments: part.map(({ name }, at) => ({ id: String(at), filename: name })),
    };
    const sent = await send(line, to, body, index === 0 && !voice ? id : `${id}:${index}`, part);
    if (!sent.ok) return sent;
    if (index === 0) first = sent;
  }
  return first;
}

export async function readBack(from: Address, limit: number, line: Line): Promise<Outcome<ReadBack[]>> {
  const most = Math.min(100, Math.max(1, limit));
  const answer = await inChannel(line, from, (path) =>
    call<Listed[]>(line, { method: "GET", path: `${path}/messages?limit=${most}` }),
  );
  if (!answer.ok) {
    const isSilent = "broke" in answer || answer.status >= 500 || answer.status === 429;
    const message = `Discord did not hand out the messages: ${"said" in answer ? answer.said : "it did not answer"}.`;
    return {
      ok: false,
      error: { code: isSilent ? "UNAVAILABLE" : "FORBIDDEN", message, ...(isSilent ? { retryable: true } : {}) },
    };
  }
  const botId = line.account.keys["DISCORD_APPLICATION_ID"] ?? "";
  const said = answer.value.toReversed().flatMap((one) => (one.type === THREAD_STARTER ? (one.referenced_message ?? []) : one));
  const root = answer.value.length < most ? undefined : await readRoot(from, said, line);
  const shown = root === undefined ? said : [root, ...(most > 1 ? said.slice(1 - most) : [])];
  return { ok: true, value: shown.map((one) => toReadBack(one as Listed, botId)) };
}

type Listed = Said & { timestamp: string; webhook_id?: string };

/** The message that a thread hangs on, when it is not among the latest: it stands beside the thread, or first in it. */
async function readRoot({ peer, thread }: Address, said: readonly Said[], line: Line): Promise<Said | undefined> {
  if (thread === undefined || said.some(({ id }) => id === thread)) return undefined;
  for (const channel of [peer, thread]) {
    const answer = await call<Listed>(line, { method: "GET", path: `/channels/${channel}/messages/${thread}` });
    if (answer.ok) return answer.value;
  }
  return undefined;
}

function toReadBack(said: Listed, botId: string): ReadBack {
  const { id, author, webhook_id: hook, timestamp } = said;
  const files = filesOfSaid(said).map(({ kind, name }) => `[${kind}${name === undefined ? "" : ` ${name}`}]`);
  return {
    platformId: id,
    author: author ? nameOf(author) : "somebody",
    ...(author ? { authorId: author.id } : {}),
    ...(author?.id === botId ? { isOurs: true } : {}),
    ...(author?.bot || hook !== undefined ? { isFromBot: true } : {}),
    text: [textOfSaid(said, botId), ...files].filter((part) => part !== "").join("\n"),
    at: Date.parse(timestamp),
  };
}

/** Does something where the bot is a member; `isNew`: a message, which may go to the person instead when it is not. */
async function inChannel<T>(
  line: Line,
  to: Address,
  act: (path: string) => Promise<Answer<T>>,
  isNew = false,
): Promise<Answer<T>> {
  if (to.thread !== undefined || to.kind === "group") return act(`/channels/${to.thread ?? to.peer}`);
  const known = to.route?.["channel"];
  if (known !== undefined) return act(`/channels/${known}`);
  if (to.route?.["hidden"] && !isNew) return refuse(ONLY_MEMBERS);
  const opened = await call<{ id: string }>(line, {
    method: "POST",
    path: "/users/@me/channels",
    body: { recipient_id: to.peer },
  });
  if (opened.ok) return act(`/channels/${opened.value.id}`);
  // Opening it twice opens one.
  return "broke" in opened ? { ...opened, isSure: true } : opened;
}

function chunk<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));
}

function isId(text: string): boolean {
  return /^\d{15,20}$/.test(text);
}
