// What WhatsApp brings, as messages of the house: texts, files as handles, and notices of what needs no answer. Pure: names and numbers are
// looked up before. What another device of the account wrote is its owner's own word only where notes to oneself are for the assistant.
import type { proto, WAMessage } from "@whiskeysockets/baileys";
import type { HomeInbound } from "../../../../contract/channels/at-home.ts";
import type { RemoteMedia } from "../../../../contract/message.ts";
import { type Content, contextOf, fileIn, unwrap, wordsOf } from "./content.ts";
import { bare, personOf, placeOf, userOf } from "./jid.ts";

export interface Around {
  channel: string;
  account: string;
  /** Of this account, without device; "" where not known yet. */
  me: { number: string; lid: string };
  /** Own-number mode: notes to oneself are for the assistant, what others write directly is not. */
  isSelfChat: boolean;
  /** What was written before is no news. */
  earliest: number;
  /** Whether this line sent it. */
  isOurs(id: string): boolean;
  /** The number behind a lid, where it is known. */
  numberOf(jid: string): string | undefined;
  nameOf(group: string): string | undefined;
  /** A deciphered vote. */
  voteIn?: { question: string; choices: string[] } | undefined;
}

const MOST_TEXT = 100_000;
const MOST_QUOTE = 4_000;
const REVOKE = 0;
const MESSAGE_EDIT = 14;
const JOINED = [27, 31];
const LEFT = [28, 32];
const RENAMED = 21;
const MISSED_CALLS = [40, 41, 45, 46];

export function readMessage(message: WAMessage, around: Around): HomeInbound[] {
  const { key, messageTimestamp, pushName } = message;
  const { remoteJid: chat, id } = key;
  const place = placeOf(chat);
  if (!chat || !id || id.length > 128 || place === "none") return [];
  const sentAt = Number(messageTimestamp ?? 0) * 1000;
  if (!Number.isFinite(sentAt) || sentAt < around.earliest) return [];
  const author = authorOf(message, place, around);
  if (author === undefined) return [];
  const peer = place === "group" ? chat : key.fromMe ? author : personAs(chat, key.remoteJidAlt, around);
  if (peer === "") return [];
  const group = place === "group" ? around.nameOf(chat) : undefined;
  const head = {
    id: `${place === "group" ? chat : peer}:${id}`,
    from: { channel: around.channel, account: around.account, peer, kind: place },
    sender: { id: author, ...(pushName ? { name: pushName.slice(0, 100) } : {}) },
    sentAt,
    ...(group ? { placeName: group.slice(0, 200) } : {}),
  };
  const content = unwrap(message.message);
  const noticed = describeNotice(message, content, pushName || author, around);
  if (noticed !== undefined) {
    return noticed === "" ? [] : [{ kind: "notice", message: { ...head, parts: [{ type: "text", text: clip(noticed) }] } }];
  }
  const context = contextOf(content);
  const file = readFile(content, peer, id);
  const text = clip(
    [context?.isForwarded ? "[forwarded]" : "", withNumbers(wordsOf(content), context, around)].filter(Boolean).join("\n"),
  );
  if (text === "" && !file) return [];
  const quoted = readQuoted(context, around);
  const album = content.messageContextInfo?.messageAssociation?.parentMessageKey?.id;
  return [
    {
      kind: "message",
      message: {
        ...head,
        parts: text === "" ? [] : [{ type: "text", text }],
        platformId: id,
        ...(file ? { attachments: [file] } : {}),
        ...(quoted ? { quoted } : {}),
        ...(place === "group" ? { isToUs: isToUs(context, around) } : {}),
        ...(album ? { joinAs: album.slice(0, 128) } : {}),
      },
    },
  ];
}

/** Everybody who is named in it: their numbers are to be looked up. */
export function peopleIn({ key, message, messageStubParameters }: WAMessage): string[] {
  const content = unwrap(message);
  const context = contextOf(content);
  const people = [key.remoteJid, key.participant, context?.participant, ...(context?.mentionedJid ?? []).slice(0, 200)];
  return [...people, ...peopleOf(messageStubParameters)].flatMap((jid) => bare(jid) || []);
}

/** undefined: it is not for the assistant. */
function authorOf({ key }: WAMessage, place: "direct" | "group", around: Around): string | undefined {
  const { remoteJid, remoteJidAlt, participant, participantAlt, fromMe, id } = key;
  if (!fromMe) {
    if (place === "direct") return around.isSelfChat ? undefined : personAs(remoteJid, remoteJidAlt, around) || undefined;
    return personAs(participant, participantAlt, around) || undefined;
  }
  if (!around.isSelfChat || around.isOurs(id ?? "") || around.me.number === "") return undefined;
  if (place === "direct" && !isMe(remoteJid, around) && !isMe(remoteJidAlt, around)) return undefined;
  return personOf(around.me.number);
}

/** By number where any of the two names, or what was learnt before, tells it. */
function personAs(jid: string | null | undefined, alt: string | null | undefined, around: Around): string {
  const plain = bare(jid);
  if (plain === "") return "";
  if (!plain.endsWith("@lid")) return personOf(plain);
  const other = bare(alt);
  if (other !== "" && !other.endsWith("@lid")) return personOf(other);
  return personOf(around.numberOf(plain) ?? plain);
}

function isMe(jid: string | null | undefined, { me }: Around): boolean {
  const plain = bare(jid);
  return plain !== "" && (plain === me.number || plain === me.lid);
}

/** In own-number mode a mention of the number means its owner: then only an answer to what the assistant wrote counts. */
function isToUs(context: proto.IContextInfo | undefined, around: Around): boolean {
  if (!context) return false;
  if (context.stanzaId && around.isOurs(context.stanzaId)) return true;
  if (around.isSelfChat) return false;
  if (context.stanzaId && isMe(context.participant, around)) return true;
  return (context.mentionedJid ?? []).some((jid) => isMe(jid, around));
}

function readQuoted(context: proto.IContextInfo | undefined, around: Around) {
  const id = context?.stanzaId;
  if (!context || !id || id.length > 128) return undefined;
  const content = unwrap(context.quotedMessage);
  const file = fileIn(content);
  const text = wordsOf(content) || (file ? `[${file.kind}]` : "");
  const author = personAs(context.participant, undefined, around);
  const isOurs = around.isOurs(id) || (!around.isSelfChat && isMe(context.participant, around));
  return {
    platformId: id,
    ...(text ? { text: text.slice(0, MOST_QUOTE) } : {}),
    ...(author && !isOurs ? { author } : {}),
    isOurs,
  };
}

function readFile(content: Content, peer: string, id: string): RemoteMedia | undefined {
  const part = fileIn(content);
  if (!part?.file.mediaKey) return undefined;
  const size = Number(part.file.fileLength ?? 0);
  const { seconds, mimetype } = part.file;
  return {
    handle: `${peer}/${id}`,
    kind: part.kind,
    ...(part.name ? { name: part.name.slice(0, 200) } : {}),
    ...(mimetype ? { type: mimetype.slice(0, 200) } : {}),
    ...(Number.isSafeInteger(size) && size > 0 ? { size } : {}),
    ...(seconds && seconds > 0 ? { durationS: seconds } : {}),
  };
}

/** "@123" of a mention stands for a lid that tells nobody anything: the number is written where it is known. */
function withNumbers(text: string, context: proto.IContextInfo | undefined, around: Around): string {
  let named = text;
  for (const jid of (context?.mentionedJid ?? []).slice(0, 200)) {
    const user = userOf(jid);
    if (user !== "") named = named.replaceAll(`@${user}`, `@${personAs(jid, undefined, around)}`);
  }
  return named;
}

/** "" says nothing; undefined: it is a message. */
function describeNotice(message: WAMessage, content: Content, who: string, around: Around): string | undefined {
  const { reactionMessage, protocolMessage, pollUpdateMessage, encReactionMessage, pinInChatMessage } = content;
  if (reactionMessage) {
    const { text, key } = reactionMessage;
    if (text) return `[${who} reacted ${text.slice(0, 32)} to message ${key?.id ?? "?"}]`;
    return `[${who} took their reaction away from message ${key?.id ?? "?"}]`;
  }
  if (protocolMessage) {
    const id = protocolMessage.key?.id ?? "?";
    if (protocolMessage.type === MESSAGE_EDIT) {
      return `[${who} changed their message ${id}; it now says:]\n${wordsOf(unwrap(protocolMessage.editedMessage))}`;
    }
    return protocolMessage.type === REVOKE && protocolMessage.key ? `[${who} took their message ${id} back]` : "";
  }
  if (pollUpdateMessage) {
    const { voteIn: vote } = around;
    if (!vote) return "";
    if (vote.choices.length === 0) return `[${who} took their vote away in the poll “${vote.question}”]`;
    return `[${who} chose ${vote.choices.join(" and ")} in the poll “${vote.question}”]`;
  }
  if (pinInChatMessage) return `[${who} pinned message ${pinInChatMessage.key?.id ?? "?"}]`;
  if (encReactionMessage) return "";
  return message.messageStubType ? describeStub(message, who, around) : undefined;
}

function describeStub({ messageStubType: type, messageStubParameters: words }: WAMessage, who: string, around: Around): string {
  const kind = Number(type);
  const people = () =>
    peopleOf(words)
      .map((jid) => (isMe(jid, around) ? "the assistant" : personAs(jid, undefined, around)))
      .slice(0, 20)
      .join(", ");
  if (JOINED.includes(kind)) return people() && `[${people()} joined the group]`;
  if (LEFT.includes(kind)) return people() && `[${people()} left the group]`;
  if (kind === RENAMED) return `[${who} renamed the group to ${String(words?.[0] ?? "").slice(0, 200)}]`;
  return MISSED_CALLS.includes(kind) ? `[${who} called; a program cannot take calls]` : "";
}

/** Of a stub: names, or JSON of people. */
function peopleOf(words: unknown): string[] {
  if (!Array.isArray(words)) return [];
  return words.slice(0, 200).flatMap((word) => {
    const id = typeof word === "string" ? (/"id":"([^"]{1,100})"/.exec(word)?.[1] ?? word) : "";
    return bare(id) || [];
  });
}

function clip(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)} […]` : text;
}
