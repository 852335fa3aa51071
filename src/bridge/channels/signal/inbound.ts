// What Signal tells, in our words: messages with everything a person can send as text a model can read, and notices of what needs no answer
// (reactions, edits, deletions, votes). Files stay with signal-cli until their sender is let in. Pure: who is who comes by the scene.
import type { HomeInbound } from "../../../contract/channels/at-home.ts";
import type { Quoted, RemoteMedia } from "../../../contract/message.ts";
import { cutText, plainName } from "../lenient.ts";
import type { Attachment, Contact, Data, Envelope, Mention } from "./envelope.ts";
import { readMentions } from "./mentions.ts";
import { messageName } from "./names.ts";

export interface Who {
  number?: string | null | undefined;
  uuid?: string | null | undefined;
}

export interface Scene {
  account: string;
  /** Our own number, and Signal's id of it when it is known. */
  own: { number: string; uuid?: string };
  /** Whether notes to ourselves are for the assistant. */
  hearsSelf: boolean;
  idOf(who: Who): string | undefined;
  nameOf(id: string): string | undefined;
  placeNameOf(group: string): string | undefined;
}

/** Of several characters at most, though it looks like one. */
const MOST_EMOJI = 40;

type Message = HomeInbound["message"];
type Head = Pick<Message, "from" | "sender" | "sentAt" | "placeName">;

export function readEnvelope(envelope: Envelope, scene: Scene): HomeInbound[] {
  const sent = envelope.syncMessage?.sentMessage;
  if (sent) return readNote(envelope, sent, scene);
  const who: Who = { number: envelope.sourceNumber ?? numberIn(envelope.source), uuid: envelope.sourceUuid };
  if (isOurs(who, scene)) return [];
  const id = scene.idOf(who);
  if (id === undefined) return [];
  const data = envelope.editMessage?.dataMessage ?? envelope.dataMessage;
  if (!data) {
    if (!envelope.callMessage?.offerMessage) return [];
    const text = `[${scene.nameOf(id) ?? id} called; calls cannot be taken here]`;
    return [notice(headOf(id, undefined, envelope.timestamp, scene), `call:${envelope.timestamp}`, text)];
  }
  return readData(data, envelope.editMessage?.targetSentTimestamp, id, scene);
}

/** Written by the owner of the account on their phone: only what they write to themselves is ours to hear. */
function readNote(
  envelope: Envelope,
  sent: NonNullable<NonNullable<Envelope["syncMessage"]>["sentMessage"]>,
  scene: Scene,
): HomeInbound[] {
  const isToSelf = isOurs({ number: sent.destinationNumber, uuid: sent.destinationUuid }, scene) && !sent.groupInfo;
  if (!isToSelf || !scene.hearsSelf) return [];
  const data = sent.editMessage?.dataMessage ?? { ...sent, timestamp: sent.timestamp ?? envelope.timestamp };
  return readData(data, sent.editMessage?.targetSentTimestamp, scene.own.number, scene);
}

function readData(data: Data, edits: number | undefined, id: string, scene: Scene): HomeInbound[] {
  const group = data.groupInfo?.groupId;
  const placeName = data.groupInfo?.groupName ?? (group === undefined ? undefined : scene.placeNameOf(group));
  const head = headOf(id, group, data.timestamp, scene, placeName);
  const who = head.sender.name ?? id;
  const text = wordsOf(data, scene);
  if (edits !== undefined) {
    const name = messageName(edits, id);
    return [notice(head, `edit:${data.timestamp}`, `[${who} changed their message ${name}; it now says:]\n${text}`)];
  }
  const noticed = describeNotice(data, who, id, scene);
  if (noticed !== undefined) return [notice(head, `notice:${data.timestamp}`, noticed)];
  const attachments = data.viewOnce ? [] : data.attachments.map(fileOf);
  if (text === "" && attachments.length === 0) return [];
  const quoted = quotedOf(data, scene);
  return [
    {
      kind: "message",
      message: {
        ...head,
        id: `${head.from.peer}:${messageName(data.timestamp, id)}`,
        parts: text === "" ? [] : [{ type: "text", text }],
        platformId: messageName(data.timestamp, id),
        ...(attachments.length > 0 ? { attachments } : {}),
        ...(quoted ? { quoted } : {}),
        ...(group === undefined ? {} : { isToUs: quoted?.isOurs === true || data.mentions.some((one) => isOurs(one, scene)) }),
      },
    },
  ];
}

function headOf(id: string, group: string | undefined, sentAt: number, scene: Scene, placeName?: string): Head {
  const name = scene.nameOf(id);
  return {
    from: { channel: "signal", account: scene.account, peer: group ?? id, kind: group === undefined ? "direct" : "group" },
    sender: { id, ...(name === undefined ? {} : { name }) },
    sentAt,
    ...(placeName ? { placeName: plainName(placeName) } : {}),
  };
}

function notice(head: Head, id: string, text: string): HomeInbound {
  const message = { ...head, id: `${head.from.peer}:${head.sender.id}:${id}`, parts: [{ type: "text" as const, text }] };
  return { kind: "notice", message };
}

export function isOurs(who: Who, { own }: Pick<Scene, "own">): boolean {
  if (who.uuid && own.uuid) return who.uuid.toLowerCase() === own.uuid.toLowerCase();
  return who.number === own.number;
}

/** Signal's older fields name a person by what is known first. */
function numberIn(source: string | null | undefined): string | undefined {
  return source?.startsWith("+") ? source : undefined;
}

function describeNotice(data: Data, who: string, id: string, scene: Scene): string | undefined {
  const nameOf = (author: Who, sentAt: number) => messageName(sentAt, idOfAuthor(author, scene));
  if (data.reaction) {
    const { emoji, isRemove, targetSentTimestamp, targetAuthorNumber: number, targetAuthorUuid: uuid } = data.reaction;
    const name = nameOf({ number, uuid }, targetSentTimestamp);
    const mark = plainName(emoji ?? "?", MOST_EMOJI);
    return isRemove ? `[${who} took their reaction away from message ${name}]` : `[${who} reacted ${mark} to message ${name}]`;
  }
  if (data.remoteDelete) return `[${who} took their message ${messageName(data.remoteDelete.timestamp, id)} back]`;
  if (data.adminDelete) {
    const { targetAuthorNumber: number, targetAuthorUuid: uuid, targetSentTimestamp } = data.adminDelete;
    return `[${who} removed message ${nameOf({ number, uuid }, targetSentTimestamp)}]`;
  }
  if (data.pollVote) {
    const { optionIndexes, targetSentTimestamp, authorNumber: number, authorUuid: uuid } = data.pollVote;
    const chosen =
      optionIndexes.length === 0 ? "took their vote back" : `chose option ${optionIndexes.map((at) => at + 1).join(", ")}`;
    return `[${who} ${chosen} in the poll ${nameOf({ number, uuid }, targetSentTimestamp)}]`;
  }
  if (data.pollTerminate) return `[${who} closed the poll ${messageName(data.pollTerminate.targetSentTimestamp, id)}]`;
  if (data.isExpirationUpdate && !data.message) {
    const seconds = data.expiresInSeconds ?? 0;
    return seconds === 0 ? `[${who} lets messages here stay]` : `[${who} lets messages here vanish after ${seconds} s]`;
  }
  return undefined;
}

function idOfAuthor(author: Who, scene: Scene): string {
  if (isOurs(author, scene)) return scene.own.number;
  return scene.idOf(author) ?? author.uuid ?? author.number ?? "unknown";
}

/** Everything that has words, and what has none in words. */
function wordsOf(data: Data, scene: Scene): string {
  const { sticker, pollCreate } = data;
  const parts = [
    data.message ? readMentions(data.message, data.mentions, (mention) => mentionName(mention, scene)) : "",
    sticker ? `[sticker ${sticker.stickerId ?? ""} of the pack ${sticker.packId ?? "unknown"}]` : "",
    ...data.contacts.map(describeContact),
    pollCreate
      ? `[poll: ${pollCreate.question ?? ""} — ${pollCreate.options.join(" / ")}${pollCreate.allowMultiple ? "; several may be chosen" : ""}]`
      : "",
    data.payment ? `[payment${data.payment.note ? `: ${data.payment.note}` : ""}]` : "",
    data.viewOnce ? "[something that may be looked at once, and is not opened here]" : "",
  ];
  return cutText(parts.filter((part) => part !== "").join("\n"));
}

function mentionName(mention: Mention, scene: Scene): string {
  const id = idOfAuthor(mention, scene);
  return scene.nameOf(id) ?? id;
}

function describeContact({ name, phone, email, organization }: Contact): string {
  const called = name?.["nickname"] ?? [name?.["given"], name?.["middle"], name?.["family"]].filter(Boolean).join(" ");
  const ways = [...phone, ...email].map(({ value }) => value);
  return `[contact: ${[called, organization, ...ways].filter(Boolean).join(", ")}]`;
}

function quotedOf({ quote }: Data, scene: Scene): Quoted | undefined {
  if (!quote) return undefined;
  const author: Who = { number: quote.authorNumber ?? numberIn(quote.author), uuid: quote.authorUuid };
  const id = idOfAuthor(author, scene);
  const text = readMentions(quote.text ?? "", quote.mentions, (mention) => mentionName(mention, scene));
  return {
    platformId: messageName(quote.id, id),
    ...(text === "" ? {} : { text: cutText(text) }),
    author: scene.nameOf(id) ?? id,
    isOurs: isOurs(author, scene),
  };
}

function fileOf({ id, contentType, filename, size }: Attachment): RemoteMedia {
  return {
    handle: id,
    kind: kindOf(contentType ?? "", Boolean(filename)),
    ...(filename ? { name: filename.slice(0, 200) } : {}),
    ...(contentType ? { type: contentType.slice(0, 200) } : {}),
    ...(typeof size === "number" && size >= 0 ? { size } : {}),
  };
}

/** A voice note is a sound that nobody gave a name. */
function kindOf(type: string, isNamed: boolean): RemoteMedia["kind"] {
  if (type.startsWith("image/")) return "image";
  if (type.startsWith("video/")) return "video";
  if (type.startsWith("audio/")) return isNamed ? "audio" : "voice";
  return "file";
}
