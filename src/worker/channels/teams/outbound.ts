// What the house asks, done at Teams. In a personal chat a growing answer is a stream (Teams takes it for two minutes);
// elsewhere, and where streams are refused, a message that is changed. A send that broke off is never repeated blindly.
import type { Button, DeliveryAct, DeliveryOutcome, OutboxItem } from "../../../contract/channels/delivery.ts";
import type { Address } from "../../../contract/message.ts";
import { type Answer, type Refusal, readJson } from "../api/call.ts";
import type { Line } from "../channel.ts";
import { callConnector, serviceOf } from "./connector.ts";
import { inlineAttachment, isInline, offerAttachment } from "./files.ts";
import { renderHtml, renderPlain } from "./html.ts";
import { VALUE } from "./inbound.ts";

const ID = /^[\w:.-]{1,200}$/;
/** A growing answer's id: when its stream began, and what Teams calls it. */
const STREAM = /^stream:(\d+):([\w:.-]{1,200})$/;
/** The number of a stream's part only has to rise: it is told by the clock. */
const PART_MS = 100;

export async function deliver(item: OutboxItem, line: Line): Promise<DeliveryOutcome> {
  const { act, to } = item;
  if (/^\.{0,2}$/.test(to.peer)) return refuse("There is no such conversation in Teams.");
  if ("message" in act && act.message !== undefined && !ID.test(act.message)) return refuse("There is no such message.");
  switch (act.type) {
    case "text":
      return sendText(act, to, line);
    case "draft":
      return act.message === undefined ? beginDraft(act, to, line) : growDraft(act.message, act.text, to, line);
    case "edit":
      return change(act.message, act, to, line);
    case "delete":
      return remove(act.message, to, line);
    case "media":
      return sendMedia(act, to, line);
    case "thread":
      return openThread(act, to, line);
    case "typing":
      return outcomeOf(await post({ type: "typing" }, to, line, { mayRepeat: true }));
    case "poll":
      return refuse("Teams has no polls for bots; ask with buttons instead.");
    case "react":
      return refuse("Teams does not let a bot react to messages.");
    case "pin":
      return refuse("Teams does not let a bot pin messages.");
    default:
      return act satisfies never;
  }
}

interface Saying {
  text: string;
  replyTo?: string;
  buttons?: Button[][];
}

async function sendText(act: DeliveryAct & { type: "text" }, to: Address, line: Line): Promise<DeliveryOutcome> {
  if (act.replaces === undefined) return create(act, to, line);
  const stream = STREAM.exec(act.replaces);
  const done = stream ? await endStream(stream[2] ?? "", act, to, line) : await change(act.replaces, act, to, line);
  // The draft is gone or can no longer be changed: the answer must come all the same.
  return done.outcome === "refused" ? create(act, to, line) : done;
}

async function create(saying: Saying, to: Address, line: Line): Promise<DeliveryOutcome> {
  const { replyTo } = saying;
  const answer = await post(messageOf(saying), to, line, { replyTo });
  // What cannot be read with tags and cards goes as plain words.
  if (!answer.ok && answer.status === 400) return outcomeOf(await post(plainOf(saying), to, line, { replyTo }));
  return outcomeOf(answer);
}

async function beginDraft(saying: Saying, to: Address, line: Line): Promise<DeliveryOutcome> {
  if (to.kind === "group") return create(saying, to, line);
  const answer = await post(streamPart(saying.text, { streamSequence: 1 }), to, line);
  // Not every bot, tenant and client has streams.
  if (!answer.ok && (answer.status === 400 || answer.status === 403)) return create(saying, to, line);
  const outcome = await outcomeOf(answer);
  if (outcome.outcome !== "sent" || outcome.platformId === undefined) return outcome;
  return { outcome: "sent", platformId: `stream:${line.now()}:${outcome.platformId}` };
}

async function growDraft(message: string, text: string, to: Address, line: Line): Promise<DeliveryOutcome> {
  const [, began, streamId] = STREAM.exec(message) ?? [];
  if (streamId === undefined) return change(message, { text }, to, line);
  const streamSequence = 2 + Math.max(0, Math.floor((line.now() - Number(began)) / PART_MS));
  const answer = await post(streamPart(text, { streamId, streamSequence }), to, line, { mayRepeat: true });
  if (answer.ok) return { outcome: "sent", platformId: message };
  // After two minutes a stream is closed, and what it showed is a message like others.
  return answer.status === 403 ? change(message, { text }, to, line) : answer.outcome;
}

async function endStream(streamId: string, saying: Saying, to: Address, line: Line): Promise<DeliveryOutcome> {
  const end = {
    entities: [{ type: "streaminfo", streamId, streamType: "final" }],
    channelData: { streamId, streamType: "final" },
  };
  // Done twice it is refused the second time, and then changed in place: so it may be repeated.
  const answer = await post({ ...messageOf(saying), ...end }, to, line, { mayRepeat: true });
  if (answer.ok) return { outcome: "sent", platformId: streamId };
  return answer.outcome.outcome === "refused" ? change(streamId, saying, to, line) : answer.outcome;
}

/** While it streams it is words alone: tags are taken with the last part. */
function streamPart(text: string, info: { streamId?: string; streamSequence: number }): object {
  const stream = { streamType: "streaming", ...info };
  return { type: "typing", text: renderPlain(text), entities: [{ type: "streaminfo", ...stream }], channelData: stream };
}

async function change(message: string, saying: Saying, to: Address, line: Line): Promise<DeliveryOutcome> {
  const id = activityId(message);
  const put = (json: object) =>
    callConnector({ method: "PUT", address: `${activitiesOf(to, line)}/${encodeURIComponent(id)}`, json, mayRepeat: true }, line);
  const answer = await put({ ...messageOf(saying), id });
  const last = !answer.ok && answer.status === 400 ? await put({ ...plainOf(saying), id }) : answer;
  return last.ok ? { outcome: "sent", platformId: STREAM.test(message) ? message : id } : last.outcome;
}

async function remove(message: string, to: Address, line: Line): Promise<DeliveryOutcome> {
  const address = `${activitiesOf(to, line)}/${encodeURIComponent(activityId(message))}`;
  const answer = await callConnector({ method: "DELETE", address, mayRepeat: true }, line);
  // Gone is gone.
  return answer.ok || answer.status === 404 ? { outcome: "sent" } : answer.outcome;
}

async function sendMedia(act: DeliveryAct & { type: "media" }, to: Address, line: Line): Promise<DeliveryOutcome> {
  const attachments: object[] = [];
  for (const media of act.media) {
    if (!isInline(media) && to.kind === "group") {
      return refuse(
        "Teams lets a bot send files in personal chats only; pictures up to 1 MB (PNG, JPEG, GIF) can be sent anywhere.",
      );
    }
    const attachment = isInline(media)
      ? await inlineAttachment(media, line)
      : await offerAttachment(media, conversationOf(to), act.caption ?? "", line);
    if (!attachment) return refuse(`The file ${media.name ?? media.key} is no longer stored.`);
    attachments.push(attachment);
  }
  const text = act.caption === undefined ? {} : textOf(act.caption);
  return outcomeOf(await post({ type: "message", ...text, attachments }, to, line, { replyTo: act.replyTo }));
}

/** A post in a channel; what is said in it carries its id. */
async function openThread(act: DeliveryAct & { type: "thread" }, to: Address, line: Line): Promise<DeliveryOutcome> {
  if (!/@thread\.(tacv2|skype)$/.test(to.peer)) return refuse("Only the channels of a team have threads.");
  if (act.message !== undefined) return { outcome: "sent", platformId: act.message };
  const { thread: _none, ...channel } = to;
  return create({ text: act.name }, channel, line);
}

function post(
  json: object,
  to: Address,
  line: Line,
  wishes: { replyTo?: string | undefined; mayRepeat?: boolean } = {},
): Promise<Answer> {
  const { replyTo, mayRepeat = false } = wishes;
  const isReply = replyTo !== undefined && ID.test(replyTo);
  const address = `${activitiesOf(to, line)}${isReply ? `/${encodeURIComponent(replyTo)}` : ""}`;
  const from = { id: `28:${line.account.keys["TEAMS_APP_ID"] ?? ""}` };
  const activity = { ...json, from, conversation: { id: conversationOf(to) }, ...(isReply ? { replyToId: replyTo } : {}) };
  return callConnector({ method: "POST", address, json: activity, mayRepeat }, line);
}

export function postCard(attachment: object, to: Address, line: Line): Promise<Answer> {
  return post({ type: "message", attachments: [attachment] }, to, line);
}

function activitiesOf(to: Address, line: Line): string {
  return `${serviceOf(to.route?.["serviceUrl"], line)}/v3/conversations/${encodeURIComponent(conversationOf(to))}/activities`;
}

function conversationOf({ peer, thread }: Address): string {
  return thread === undefined ? peer : `${peer};messageid=${thread}`;
}

function activityId(message: string): string {
  return STREAM.exec(message)?.[2] ?? message;
}

function messageOf({ text, buttons }: Saying): object {
  const card = buttons && buttons.length > 0 ? { attachments: [cardOf(buttons)] } : {};
  return { type: "message", ...textOf(text), ...card };
}

function textOf(markdown: string): object {
  return { text: renderHtml(markdown), textFormat: "xml" };
}

function plainOf({ text, buttons }: Saying): object {
  const labels = (buttons ?? []).flat().map(({ label }) => `• ${label}`);
  return { type: "message", text: [renderPlain(text), ...labels].join("\n"), textFormat: "plain" };
}

function cardOf(buttons: Button[][]): object {
  const body = buttons.map((row) => ({
    type: "ActionSet",
    actions: row.map(({ label, value }) => ({ type: "Action.Submit", title: label, data: { [VALUE]: value } })),
  }));
  const content = { $schema: "http://adaptivecards.io/schemas/adaptive-card.json", type: "AdaptiveCard", version: "1.4", body };
  return { contentType: "application/vnd.microsoft.card.adaptive", content };
}

async function outcomeOf(answer: Answer): Promise<DeliveryOutcome> {
  if (!answer.ok) return (answer satisfies Refusal).outcome;
  const { id } = ((await readJson(answer.response)) ?? {}) as { id?: unknown };
  return typeof id === "string" && id !== "" ? { outcome: "sent", platformId: id } : { outcome: "sent" };
}

function refuse(reason: string): DeliveryOutcome {
  return { outcome: "refused", reason };
}
