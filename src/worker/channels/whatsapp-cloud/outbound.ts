// What the house asks, done by the Cloud API. Messages cannot be changed once they are sent: what would need that is refused.
import type { Button, DeliveryAct, DeliveryOutcome, OutboxItem } from "../../../contract/channels/delivery.ts";
import type { Address, MediaRef } from "../../../contract/message.ts";
import type { Line } from "../channel.ts";
import { nameOfFile } from "../file-name.ts";
import { isRepeatable, outcomeOfError } from "../outcome.ts";
import { askGraph, outcomeOfAnswer, phoneOf } from "./api.ts";
import { renderMarkup } from "./markup.ts";

const MB = 1024 * 1024;
const MAX_BUTTONS = 3;
const MAX_ROWS = 10;
const MAX_BUTTON_BODY = 1024;
const MAX_BODY = 4096;
const MAX_CAPTION = 1024;

const CANNOT: Partial<Record<DeliveryAct["type"], string>> = {
  poll: "WhatsApp lets no business make polls; ask with buttons instead.",
  draft: "A WhatsApp message of a business cannot grow while it is written.",
  edit: "WhatsApp lets no business change a message; send another one.",
  delete: "WhatsApp lets no business take a message back.",
  pin: "WhatsApp lets no business pin a message.",
  thread: "WhatsApp has no threads.",
};

export async function deliver({ act, to }: OutboxItem, line: Line): Promise<DeliveryOutcome> {
  const reason = CANNOT[act.type];
  if (reason !== undefined) return { outcome: "refused", reason };
  try {
    return await perform(act, to, line);
  } catch (error) {
    return outcomeOfError(error, isRepeatable(act.type));
  }
}

function perform(act: DeliveryAct, to: Address, line: Line): Promise<DeliveryOutcome> | DeliveryOutcome {
  switch (act.type) {
    case "text":
      return sendMessage(
        { ...contentOf(renderMarkup(act.text), act.buttons?.flat() ?? []), ...contextOf(act.replyTo) },
        to,
        line,
      );
    case "media":
      return sendFiles(act, to, line);
    case "react":
      return sendMessage({ type: "reaction", reaction: { message_id: act.message, emoji: act.emoji ?? "" } }, to, line);
    case "typing": {
      const messageId = to.route?.["messageId"];
      if (!messageId) return { outcome: "refused", reason: "WhatsApp shows that somebody writes only in answer to a message." };
      return send({ status: "read", message_id: messageId, typing_indicator: { type: "text" } }, line);
    }
    default:
      return { outcome: "refused", reason: "WhatsApp cannot do this." };
  }
}

type Content = Record<string, unknown>;

/** Up to three buttons, else a list of up to ten; more are told in words. */
function contentOf(text: string, buttons: readonly Button[]): Content {
  if (buttons.length === 0) return { type: "text", text: { body: text, preview_url: false } };
  if (buttons.length <= MAX_BUTTONS && text.length <= MAX_BUTTON_BODY) {
    const shown = buttons.map(({ label, value }) => ({ type: "reply", reply: { id: value, title: cut(label, 20) } }));
    return { type: "interactive", interactive: { type: "button", body: { text }, action: { buttons: shown } } };
  }
  if (buttons.length <= MAX_ROWS) {
    const rows = buttons.map(({ label, value }) => ({
      id: value,
      title: cut(label, 24),
      ...(label.length > 24 ? { description: cut(label, 72) } : {}),
    }));
    const action = { button: "Choose", sections: [{ title: "Choose", rows }] };
    return { type: "interactive", interactive: { type: "list", body: { text }, action } };
  }
  const choices = buttons.map(({ label, value }) => `• ${label}: answer “${value}”`).join("\n");
  return { type: "text", text: { body: `${text}\n\n${choices}`.slice(0, MAX_BODY), preview_url: false } };
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).trimEnd()}…`;
}

function contextOf(message: string | undefined): Content {
  return message === undefined ? {} : { context: { message_id: message } };
}

function sendMessage(content: Content, to: Address, line: Line): Promise<DeliveryOutcome> {
  return send({ ...recipientOf(to), ...content }, line);
}

function recipientOf({ peer, kind }: Address): Content {
  if (kind === "group") return { recipient_type: "group", to: peer };
  // "US.1349…": somebody whose number WhatsApp keeps to itself.
  const isHidden = /^[A-Z]{2}\.[A-Za-z0-9.]+$/.test(peer);
  return { recipient_type: "individual", ...(isHidden ? { recipient: peer } : { to: peer }) };
}

async function send(body: Content, line: Line): Promise<DeliveryOutcome> {
  const answer = await askGraph(line, `${phoneOf(line)}/messages`, {
    method: "POST",
    body: JSON.stringify({ messaging_product: "whatsapp", ...body }),
  });
  if (!answer.isOk) return outcomeOfAnswer(answer, line.now());
  const messages = answer.json?.["messages"];
  const id: unknown = Array.isArray(messages) ? messages[0]?.id : undefined;
  return typeof id === "string" ? { outcome: "sent", platformId: id } : { outcome: "sent" };
}

/** One message a file. When one fails after another was sent, the whole may not be sent again. */
async function sendFiles(act: Extract<DeliveryAct, { type: "media" }>, to: Address, line: Line): Promise<DeliveryOutcome> {
  let first: DeliveryOutcome | undefined;
  for (const [index, media] of act.media.entries()) {
    const outcome = await sendFile(
      media,
      index === 0 ? act.caption : undefined,
      index === 0 ? act.replyTo : undefined,
      act.isVoice ?? false,
      to,
      line,
    ).catch((error: unknown) => outcomeOfError(error, false));
    if (outcome.outcome !== "sent") {
      if (index === 0) return outcome;
      const reason = `${index} of ${act.media.length} files were sent, then: ${outcome.reason}`;
      return { outcome: outcome.outcome === "refused" ? "refused" : "unknown", reason };
    }
    first ??= outcome;
  }
  return first ?? { outcome: "refused", reason: "There is no file to send." };
}

async function sendFile(
  media: MediaRef,
  caption: string | undefined,
  replyTo: string | undefined,
  isVoice: boolean,
  to: Address,
  line: Line,
): Promise<DeliveryOutcome> {
  const bytes = await line.readMedia(media.key);
  if (!bytes) return { outcome: "refused", reason: `The file ${media.name ?? media.key} is no longer stored.` };
  const type = media.type.split(";")[0] ?? media.type;
  const name = nameOfFile(media);
  const form = new FormData();
  form.set("messaging_product", "whatsapp");
  form.set("type", type);
  form.set("file", new Blob([bytes], { type }), name);
  const uploaded = await askGraph(line, `${phoneOf(line)}/media`, { method: "POST", body: form });
  const id = uploaded.json?.["id"];
  if (!uploaded.isOk || typeof id !== "string") {
    const outcome = outcomeOfAnswer(uploaded, line.now());
    // Nobody saw an upload: the whole may be tried again.
    return outcome.outcome === "unknown" ? { ...outcome, outcome: "unanswered" } : outcome;
  }
  const kind = kindOf(type, media.size);
  const words = caption === undefined ? undefined : renderMarkup(caption);
  // WhatsApp takes no caption with sound.
  const isBeside = words !== undefined && kind !== "audio" && words.length <= MAX_CAPTION;
  const content = {
    id,
    ...(isBeside ? { caption: words } : {}),
    ...(kind === "document" ? { filename: name } : {}),
    ...(kind === "audio" && isVoice && type === "audio/ogg" ? { voice: true } : {}),
  };
  const outcome = await sendMessage({ type: kind, [kind]: content, ...contextOf(replyTo) }, to, line);
  if (outcome.outcome === "sent" && words !== undefined && !isBeside)
    await sendMessage(contentOf(words.slice(0, MAX_BODY), []), to, line);
  return outcome;
}

/** What WhatsApp shows in place; everything else is a document. */
function kindOf(type: string, size: number): "image" | "video" | "audio" | "document" {
  if (/^image\/(jpeg|png)$/.test(type) && size <= 5 * MB) return "image";
  if (/^video\/(mp4|3gpp)$/.test(type) && size <= 16 * MB) return "video";
  if (/^audio\/(aac|amr|mpeg|mp4|ogg)$/.test(type) && size <= 16 * MB) return "audio";
  return "document";
}
