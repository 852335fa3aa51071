// What the house asks, done at Google Chat. Every new message carries the item's id as requestId: Google answers the
// same message to the same id, so a send that broke off is simply done again.
import type { Button, DeliveryAct, DeliveryOutcome, OutboxItem } from "../../../contract/channels/delivery.ts";
import type { Address } from "../../../contract/message.ts";
import { type Answer, readJson } from "../api/call.ts";
import type { Line } from "../channel.ts";
import { VALUE } from "./inbound.ts";
import { renderMarkup, renderPlain } from "./markup.ts";
import { callChat } from "./service-account.ts";

/** Said by the function of a button where no address is asked for. */
const FUNCTION = "skerry";
const SPACE = /^spaces\/[\w-]+$/;
const ID = /^[\w.-]+$/;

export async function deliver(item: OutboxItem, line: Line): Promise<DeliveryOutcome> {
  const { act, to } = item;
  if (!SPACE.test(to.peer)) return refuse(`"${to.peer}" is no space of Google Chat; spaces are called spaces/…`);
  switch (act.type) {
    case "text":
      return sendText(item, act, line);
    case "draft":
      return act.message === undefined ? create(item, act, line) : change(to, act.message, act, line);
    case "edit":
      return change(to, act.message, act, line);
    case "delete":
      return ID.test(act.message) ? remove(to, act.message, line) : refuse("There is no such message.");
    case "thread":
      return openThread(item, act, line);
    case "media":
      return refuse("Google Chat does not let an app send files; put what matters into the text, or give a link.");
    case "poll":
      return refuse("Google Chat has no polls; ask with buttons instead.");
    case "react":
      return refuse("Google Chat does not let an app react to messages.");
    case "pin":
      return refuse("Google Chat does not let an app pin messages.");
    case "typing":
      return refuse("Google Chat does not let an app show that it is writing.");
    default:
      return act satisfies never;
  }
}

interface Saying {
  text: string;
  replyTo?: string;
  buttons?: Button[][];
}

async function sendText(item: OutboxItem, act: DeliveryAct & { type: "text" }, line: Line): Promise<DeliveryOutcome> {
  if (act.replaces === undefined) return create(item, act, line);
  const changed = await change(item.to, act.replaces, act, line);
  // The draft is gone: the answer must come all the same.
  return changed.outcome === "refused" ? create(item, act, line) : changed;
}

async function create(item: OutboxItem, saying: Saying, line: Line): Promise<DeliveryOutcome> {
  const { to } = item;
  const thread = threadOf(to, saying.replyTo);
  const query = new URLSearchParams({
    requestId: item.id,
    ...(thread === undefined ? {} : { messageReplyOption: "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD" }),
  });
  const send = (content: object, id: string) => {
    query.set("requestId", id);
    const json = { ...content, ...(thread === undefined ? {} : { thread: { name: thread } }) };
    return callChat({ method: "POST", path: `${to.peer}/messages?${query}`, json, mayRepeat: true }, line);
  };
  const answer = await send(contentOf(saying, to), item.id);
  // What cannot be read with marks and buttons goes as plain words.
  if (!answer.ok && answer.status === 400) return outcomeOf(await send(plainOf(saying), `${item.id}-plain`));
  return outcomeOf(answer);
}

async function change(to: Address, message: string, saying: Saying, line: Line): Promise<DeliveryOutcome> {
  if (!ID.test(message)) return refuse("There is no such message.");
  const mask = saying.buttons && saying.buttons.length > 0 ? "text,accessoryWidgets" : "text";
  const send = (json: object) =>
    callChat({ method: "PATCH", path: `${to.peer}/messages/${message}?updateMask=${mask}`, json, mayRepeat: true }, line);
  const answer = await send(contentOf(saying, to));
  if (!answer.ok && answer.status === 400) return outcomeOf(await send(plainOf(saying)));
  return outcomeOf(answer);
}

async function remove(to: Address, message: string, line: Line): Promise<DeliveryOutcome> {
  const answer = await callChat({ method: "DELETE", path: `${to.peer}/messages/${message}`, mayRepeat: true }, line);
  // Gone is gone.
  return answer.ok || answer.status === 404 ? { outcome: "sent" } : answer.outcome;
}

async function openThread(item: OutboxItem, act: DeliveryAct & { type: "thread" }, line: Line): Promise<DeliveryOutcome> {
  if (act.message !== undefined) {
    const id = threadIdOf(act.message);
    return id === undefined ? refuse("There is no such message.") : { outcome: "sent", platformId: id };
  }
  const json = contentOf({ text: act.name }, item.to);
  const query = new URLSearchParams({ requestId: item.id });
  const answer = await callChat({ method: "POST", path: `${item.to.peer}/messages?${query}`, json, mayRepeat: true }, line);
  if (!answer.ok) return answer.outcome;
  const { thread } = ((await readJson(answer.response)) ?? {}) as { thread?: { name?: string } };
  return sent(thread?.name);
}

/** `markupSyntax`: apps made today would otherwise have their text read as Markdown, older ones as this. */
function contentOf({ text, buttons }: Saying, to: Address): object {
  return {
    text: renderMarkup(text),
    markupSyntax: "MARKUP_SYNTAX_CHAT",
    ...(buttons && buttons.length > 0 ? { accessoryWidgets: buttons.map((row) => widgetOf(row, to)) } : {}),
  };
}

function plainOf({ text, buttons }: Saying): object {
  const labels = (buttons ?? []).flat().map(({ label }) => `• ${label}`);
  return { text: renderPlain([text, ...labels].join("\n")) };
}

/** An add-on's buttons name the address that hears of them, an app's own a function. */
function widgetOf(row: Button[], to: Address): object {
  const buttons = row.map(({ label, value }) => ({
    text: label,
    onClick: { action: { function: to.route?.["webhook"] ?? FUNCTION, parameters: [{ key: VALUE, value }] } },
  }));
  return { buttonList: { buttons } };
}

function threadOf(to: Address, replyTo: string | undefined): string | undefined {
  const id = to.thread ?? (to.kind === "group" && replyTo !== undefined ? threadIdOf(replyTo) : undefined);
  return id !== undefined && ID.test(id) ? `${to.peer}/threads/${id}` : undefined;
}

/** A message's id begins with its thread's: "thread.message". */
function threadIdOf(message: string): string | undefined {
  return /^([\w-]+)\.[\w-]+$/.exec(message)?.[1];
}

async function outcomeOf(answer: Answer): Promise<DeliveryOutcome> {
  if (!answer.ok) return answer.outcome;
  const { name } = ((await readJson(answer.response)) ?? {}) as { name?: string };
  return sent(name);
}

function sent(name: string | undefined): DeliveryOutcome {
  const platformId = name?.split("/").at(-1);
  return platformId === undefined ? { outcome: "sent" } : { outcome: "sent", platformId };
}

function refuse(reason: string): DeliveryOutcome {
  return { outcome: "refused", reason };
}
