// What WhatsApp tells: messages of every kind as text a model can read, files as handles, reactions and edits as notices,
// messages of ours that were not delivered. Other numbers of the same app are not ours to answer for.
import type { Inbound } from "../../../contract/channels/channel.ts";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Address, Message, RemoteMedia, Sender } from "../../../contract/message.ts";
import { readError } from "./api.ts";
import { payloadSchema, readValue, type Said, type Told, type Value } from "./payload.ts";

export interface Heard {
  inbound: Inbound[];
  trouble?: string;
}

/** @throws SyntaxError for what is not WhatsApp's format. */
export function readPayload(text: string, account: string, phoneNumberId: string): Heard {
  const payload = payloadSchema.safeParse(JSON.parse(text));
  if (!payload.success) throw new SyntaxError("not a webhook of a WhatsApp business account");
  const values = payload.data.entry
    .flatMap(({ changes }) =>
      changes.filter(({ field }) => field === "messages").flatMap((change) => readValue(change.value) ?? []),
    )
    .filter(({ metadata }) => metadata.phone_number_id === phoneNumberId);
  const failed = values.flatMap(({ statuses }) => statuses.filter(({ status }) => status === "failed"));
  const inbound = values.flatMap((value) => [
    ...value.messages.flatMap((said) => readMessage(said, value, account)),
    ...value.statuses.flatMap((told) => readFailure(told, account)),
  ]);
  const [first] = failed;
  return { inbound, ...(first ? { trouble: `A message was not delivered: ${whyFailed(first)}` } : {}) };
}

function addressOf(peer: string, group: string | undefined, account: string): Address {
  return {
    channel: "whatsapp-cloud",
    ...(account === DEFAULT_ACCOUNT ? {} : { account }),
    peer: group ?? peer,
    kind: group === undefined ? "direct" : "group",
  };
}

/** People with a username are known by an id of their own, made for this business. */
function senderOf(said: Said, value: Value): Sender | undefined {
  const id = said.from ?? said.from_user_id;
  if (id === undefined || id === "") return undefined;
  const contact = value.contacts?.find(({ wa_id, user_id }) => wa_id === id || user_id === id);
  const name = contact?.profile?.name ?? contact?.profile?.username;
  return { id, isOwner: false, ...(name ? { name: name.slice(0, 100) } : {}) };
}

function readMessage(said: Said, value: Value, account: string): Inbound[] {
  const sender = senderOf(said, value);
  const own = digits(value.metadata.display_phone_number);
  // From our own number: sent by the business app beside us.
  if (!sender || (own !== "" && digits(sender.id) === own)) return [];
  const head = {
    id: `whatsapp-cloud:${account}:${said.id}`,
    from: { ...addressOf(sender.id, said.group_id, account), route: { messageId: said.id } },
    sender,
    sentAt: said.timestamp * 1000,
  };
  const who = sender.name ?? sender.id;
  const noticed = describeNotice(said, who);
  if (noticed !== undefined) return [{ kind: "notice", message: { ...head, parts: [{ type: "text", text: noticed }] } }];
  const attachments = filesOf(said);
  const text = [forwardMark(said), wordsOf(said)].filter((part) => part !== "").join("\n");
  if (text === "" && attachments.length === 0) return [];
  const message: Message = {
    ...head,
    parts: text === "" ? [] : [{ type: "text", text }],
    platformId: said.id,
    ...(attachments.length > 0 ? { attachments } : {}),
    ...(said.context?.id === undefined
      ? {}
      : { quoted: { platformId: said.context.id, isOurs: own !== "" && digits(said.context.from) === own } }),
    ...(said.group_id === undefined
      ? {}
      : { isToUs: said.interactive !== undefined || (own !== "" && digits(said.context?.from) === own) }),
  };
  return [{ kind: "message", message }];
}

function describeNotice(said: Said, who: string): string | undefined {
  switch (said.type) {
    case "reaction":
      if (!said.reaction) return undefined;
      return said.reaction.emoji
        ? `[${who} reacted ${said.reaction.emoji} to message ${said.reaction.message_id}]`
        : `[${who} took their reaction away from message ${said.reaction.message_id}]`;
    case "edit":
      return (
        said.edit &&
        `[${who} changed their message ${said.edit.original_message_id}; it now says:]\n${wordsOf({ ...said, ...said.edit.message })}`
      );
    case "revoke":
      return said.revoke && `[${who} took their message ${said.revoke.original_message_id} back]`;
    case "system":
      return said.system && `[${said.system.body ?? "Something about this person's account changed"}]`;
    default:
      return undefined;
  }
}

function forwardMark({ context }: Said): string {
  return context?.forwarded || context?.frequently_forwarded ? "[forwarded]" : "";
}

function wordsOf(said: Said): string {
  if (said.text) return said.text.body.trim();
  const file = fileIn(said);
  if (file) return (file.caption ?? "").trim();
  if (said.location) {
    const { latitude, longitude, name, address } = said.location;
    return `[location: ${[name, address].filter(Boolean).join(", ")}${name || address ? " " : ""}(${latitude}, ${longitude})]`;
  }
  if (said.contacts) return said.contacts.map(describeContact).join("\n");
  if (said.interactive) return describeChoice(said.interactive);
  if (said.button) return said.button.payload ?? said.button.text ?? "";
  if (said.order) return describeOrder(said.order);
  if (said.type === "unsupported") {
    const kind = said.unsupported?.type?.replaceAll("_", " ");
    return `[WhatsApp does not hand this message over to programs${kind ? `: ${kind}` : ""}]`;
  }
  return "";
}

function describeContact({ name, phones, emails }: NonNullable<Said["contacts"]>[number]): string {
  const ways = [...(phones ?? []).map(({ phone }) => phone), ...(emails ?? []).map(({ email }) => email)];
  return `[contact: ${[name?.formatted_name, ...ways].filter(Boolean).join(", ")}]`;
}

/** A pressed button or a chosen row says its value; a form what was filled in. */
function describeChoice({
  button_reply: pressed,
  list_reply: chosen,
  nfm_reply: filled,
}: NonNullable<Said["interactive"]>): string {
  if (filled) return `[form ${filled.name ?? ""}: ${filled.response_json ?? filled.body ?? ""}]`;
  return pressed?.id ?? pressed?.title ?? chosen?.id ?? chosen?.title ?? "";
}

function describeOrder({ text, product_items: items }: NonNullable<Said["order"]>): string {
  const lines = (items ?? []).map(
    ({ product_retailer_id: id, quantity, item_price: price, currency }) =>
      `- ${quantity ?? 1} × ${id ?? "?"}${price === undefined ? "" : ` at ${price} ${currency ?? ""}`}`,
  );
  return [`[order${text ? `: ${text}` : ""}]`, ...lines].join("\n");
}

function fileIn(said: Said) {
  return said.image ?? said.video ?? said.audio ?? said.document ?? said.sticker;
}

function filesOf(said: Said): RemoteMedia[] {
  const file = fileIn(said);
  if (!file) return [];
  const kind = said.image
    ? "image"
    : said.video
      ? "video"
      : said.audio
        ? file.voice
          ? "voice"
          : "audio"
        : said.sticker
          ? "sticker"
          : "file";
  return [
    {
      handle: file.id,
      kind,
      ...(file.filename ? { name: file.filename } : {}),
      ...(file.mime_type ? { type: file.mime_type } : {}),
    },
  ];
}

function readFailure(told: Told, account: string): Inbound[] {
  const peer = told.recipient_id ?? told.recipient_user_id;
  if (told.status !== "failed" || peer === undefined) return [];
  const message: Message = {
    id: `whatsapp-cloud:${account}:${told.id}:failed`,
    from: addressOf(peer, undefined, account),
    sender: { id: peer, isOwner: false },
    sentAt: told.timestamp * 1000,
    parts: [{ type: "text", text: `[Your message ${told.id} was not delivered: ${whyFailed(told)}]` }],
  };
  return [{ kind: "notice", message }];
}

function whyFailed({ errors }: Told): string {
  const [first] = errors ?? [];
  return first ? readError(first).text : "WhatsApp did not say why.";
}

function digits(number: string | undefined): string {
  return (number ?? "").replace(/\D/g, "");
}
