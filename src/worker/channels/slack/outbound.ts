// What the house asks, done at Slack. Slack reads its own marks and nothing else, so text is never refused for its looks;
// buttons stand in blocks, which may be: then their labels stand in the text.
import type { KnownBlock } from "@slack/types";
import type { WebClient } from "@slack/web-api";
import type { Button, DeliveryAct, DeliveryOutcome, OutboxItem } from "../../../contract/channels/delivery.ts";
import type { Address, MediaRef } from "../../../contract/message.ts";
import type { Line } from "../channel.ts";
import { nameOfFile } from "../file-name.ts";
import { isRepeatable, outcomeOfError, outcomeOfStatus, PATIENCE_MS, retryAfterMs } from "../outcome.ts";
import { splitMarkdown } from "../text/split.ts";
import { apiOf, botOf, codeOf, outcomeOf, tokenOf } from "./api.ts";
import { nameOfEmoji } from "./emoji.ts";
import { MAX_TEXT, renderMrkdwn, withButtonsAsText } from "./mrkdwn.ts";
import { beginDraft, endDraft, growDraft, isStreaming, QUIET, replaceText, stopStream } from "./stream.ts";

const MAX_SECTION = 3000;
const MAX_BUTTONS = 25;
const MAX_LABEL = 75;
/** Slack's word when what was asked for is so already. */
const SO_ALREADY = ["already_reacted", "no_reaction", "already_pinned", "no_pin", "not_pinned"];
/** Rooms of people by token and person: a room stays the same. */
const rooms = new Map<string, string>();

export async function deliver({ act, to }: OutboxItem, line: Line): Promise<DeliveryOutcome> {
  const api = apiOf(line);
  let mayRepeat = true;
  try {
    if (act.type === "poll") return { outcome: "refused", reason: "Slack has no polls; ask with buttons, or let people react." };
    if (act.type === "typing" && to.thread === undefined)
      return { outcome: "refused", reason: "Slack shows that an app is writing in threads only." };
    const channel = await roomOf(to, api, line);
    const isAgain = ("replaces" in act && act.replaces !== undefined) || (act.type === "draft" && act.message !== undefined);
    mayRepeat = isRepeatable(act.type) || isAgain;
    return await perform(act, channel, to, api, line);
  } catch (error) {
    return SO_ALREADY.includes(codeOf(error) ?? "") ? { outcome: "sent" } : outcomeOf(error, mayRepeat);
  }
}

type Act = Exclude<DeliveryAct, { type: "poll" }>;

async function perform(act: Act, channel: string, to: Address, api: WebClient, line: Line): Promise<DeliveryOutcome> {
  switch (act.type) {
    case "text":
      return sent(await sendText(act, channel, to, api, line));
    case "draft": {
      const thread = to.thread ?? act.replyTo;
      if (act.message === undefined)
        return sent(await beginDraft(act.text, { channel, thread, isDirect: to.kind !== "group" }, api, line.now()));
      await growDraft(act.text, act.message, channel, api);
      return sent(act.message);
    }
    case "edit":
      await replaceText(renderMrkdwn(act.text), act.message, channel, api);
      return sent(act.message);
    case "media":
      return sendMedia(act, channel, to, api, line);
    case "delete":
      if (isStreaming(act.message, channel)) await stopStream(act.message, channel, api);
      await api.chat.delete({ channel, ts: act.message });
      return sent();
    case "react":
      await react(act.message, act.emoji, channel, api, line);
      return sent();
    case "pin":
      if (act.isPinned) await api.pins.add({ channel, timestamp: act.message });
      else await api.pins.remove({ channel, timestamp: act.message });
      return sent();
    case "thread": {
      // A thread is the answers to a message: nothing but that message is needed.
      const root = act.message ?? (await api.chat.postMessage({ channel, text: renderMrkdwn(act.name), ...QUIET })).ts;
      return sent(root);
    }
    case "typing":
      await api.assistant.threads.setStatus({ channel_id: channel, thread_ts: to.thread ?? "", status: "is writing …" });
      return sent();
    default:
      return act satisfies never;
  }
}

function sent(platformId?: string): DeliveryOutcome {
  return platformId === undefined ? { outcome: "sent" } : { outcome: "sent", platformId };
}

/** The room in which a person is written to; other places are rooms themselves. */
export async function roomOf(to: Address, api: WebClient, line: Line): Promise<string> {
  const known = to.route?.["channel"] ?? rooms.get(`${tokenOf(line)} ${to.peer}`);
  if (known !== undefined || !/^[UW][A-Z0-9]+$/.test(to.peer)) return known ?? to.peer;
  const { channel } = await api.conversations.open({ users: to.peer });
  const room = channel?.id ?? to.peer;
  rooms.set(`${tokenOf(line)} ${to.peer}`, room);
  return room;
}

type TextAct = Extract<DeliveryAct, { type: "text" }>;

async function sendText(act: TextAct, channel: string, to: Address, api: WebClient, line: Line): Promise<string | undefined> {
  if (act.replaces !== undefined) {
    try {
      const { replaces } = act;
      await withButtons(act, (_text, blocks, markdown) => endDraft(markdown, replaces, channel, api, blocks));
      return replaces;
    } catch (error) {
      // The draft is gone or may not be changed: the answer must come all the same.
      if (!["message_not_found", "cant_update_message", "edit_window_closed"].includes(codeOf(error) ?? "")) throw error;
    }
  }
  const thread = to.thread ?? act.replyTo;
  return withButtons(act, async (text, blocks) => {
    const said = {
      channel,
      text,
      ...QUIET,
      ...(thread === undefined ? {} : { thread_ts: thread }),
      ...(blocks ? { blocks } : {}),
    };
    try {
      return (await api.chat.postMessage(said)).ts;
    } catch (error) {
      const answerAt = to.route?.["answerAt"];
      if (answerAt === undefined || !["not_in_channel", "channel_not_found"].includes(codeOf(error) ?? "")) throw error;
      if (!(await answerCommand(answerAt, { text, ...(blocks ? { blocks } : {}) }, line))) throw error;
      return undefined;
    }
  });
}

/** With its buttons; as text when Slack refuses the blocks that they stand in. */
async function withButtons<T>(
  { text, buttons = [] }: Pick<TextAct, "text" | "buttons">,
  send: (text: string, blocks: KnownBlock[] | undefined, markdown: string) => Promise<T>,
): Promise<T> {
  const rendered = renderMrkdwn(text);
  if (buttons.length === 0) return send(rendered, undefined, text);
  try {
    return await send(rendered, blocksOf(text, buttons), text);
  } catch (error) {
    if (!/^(?:invalid_blocks|msg_blocks_too_long|invalid_attachments)/.test(codeOf(error) ?? "")) throw error;
    const plain = withButtonsAsText(
      text,
      buttons.flat().map(({ label }) => label),
    );
    return send(renderMrkdwn(plain).slice(0, MAX_TEXT), undefined, plain);
  }
}

function blocksOf(markdown: string, buttons: Button[][]): KnownBlock[] {
  const pieces = splitMarkdown(markdown, (piece) => renderMrkdwn(piece).length <= MAX_SECTION);
  const sections = pieces.map((piece) => ({
    type: "section" as const,
    text: { type: "mrkdwn" as const, text: renderMrkdwn(piece) },
  }));
  const rows = buttons.map((row, number) => ({
    type: "actions" as const,
    elements: row.slice(0, MAX_BUTTONS).map(({ label, value }, index) => ({
      type: "button" as const,
      text: { type: "plain_text" as const, text: (label || value).slice(0, MAX_LABEL), emoji: true },
      value,
      action_id: `${number}-${index}`,
    })),
  }));
  return [...sections, ...rows];
}

/** Whether a slash command could be answered at the address that came with it. */
async function answerCommand(address: string, said: object, line: Line): Promise<boolean> {
  const url = new URL(address);
  if (!url.hostname.endsWith(".slack.com") && url.origin !== new URL(line.base).origin) return false;
  const answer = await line.fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ response_type: "in_channel", ...said }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return answer.ok;
}

/** Each file is put at an address that Slack names; only the last step shows them. */
async function sendMedia(
  act: Extract<DeliveryAct, { type: "media" }>,
  channel: string,
  to: Address,
  api: WebClient,
  line: Line,
): Promise<DeliveryOutcome> {
  const files: { id: string; title: string }[] = [];
  for (const media of act.media) {
    const put = await putFile(media, api, line);
    if ("outcome" in put) return put;
    files.push(put);
  }
  const [first, ...rest] = files;
  if (!first) return sent();
  const caption = act.caption === undefined ? "" : renderMrkdwn(act.caption);
  const isShort = caption.length <= MAX_TEXT;
  if (!isShort) await sendText({ type: "text", text: act.caption ?? "" }, channel, to, api, line);
  const thread = to.thread ?? act.replyTo;
  const shared = await api.files.completeUploadExternal({
    files: [first, ...rest],
    channel_id: channel,
    ...(caption === "" || !isShort ? {} : { initial_comment: caption }),
    ...(thread === undefined ? {} : { thread_ts: thread }),
  });
  type Places = Record<string, { ts?: string }[] | undefined>;
  const shares = shared.files?.[0]?.shares as { public?: Places; private?: Places } | undefined;
  const places: Places = { ...shares?.public, ...shares?.private };
  return sent(places[channel]?.[0]?.ts);
}

async function putFile(media: MediaRef, api: WebClient, line: Line): Promise<{ id: string; title: string } | DeliveryOutcome> {
  const bytes = await line.readMedia(media.key);
  const title = nameOfFile(media);
  if (!bytes) return { outcome: "refused", reason: `The file ${title} is no longer stored.` };
  try {
    const place = await api.files.getUploadURLExternal({ filename: title, length: bytes.length });
    const answer = await line.fetch(place.upload_url ?? "", {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: bytes,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!answer.ok)
      return outcomeOfStatus(answer.status, "Slack did not take the file", retryAfterMs(answer.headers, line.now()));
    return { id: place.file_id ?? "", title };
  } catch (error) {
    // Nobody sees the file yet, so all of it may be done again.
    return codeOf(error) === undefined && error instanceof Error && !("code" in error)
      ? outcomeOfError(error, true)
      : outcomeOf(error, true);
  }
}

/** An emoji that the workspace does not have becomes eyes. */
async function react(message: string, emoji: string | null, channel: string, api: WebClient, line: Line): Promise<void> {
  const at = { channel, timestamp: message };
  if (emoji !== null) {
    const name = await nameOfEmoji(emoji);
    await api.reactions.add({ ...at, name: name ?? "eyes" }).catch(async (error: unknown) => {
      if (codeOf(error) !== "invalid_name") throw error;
      await api.reactions.add({ ...at, name: "eyes" });
    });
    return;
  }
  const [{ userId }, { message: found }] = await Promise.all([botOf(line), api.reactions.get({ ...at, full: true })]);
  for (const { name = "", users = [] } of found?.reactions ?? []) {
    if (users.includes(userId)) await api.reactions.remove({ ...at, name });
  }
}
