// What comes by iMessage, in our words: messages, and notices of what needs no answer (tapbacks, edits, unsendings, who came and went).
// Pure: what was written before comes by the scene. iMessage marks no mentions that the Mac would tell: a group is spoken to us by answers
// to what we wrote, or by name, which is looked for elsewhere.
import type { HomeInbound } from "../../../contract/channels/at-home.ts";
import type { Quoted, RemoteMedia } from "../../../contract/message.ts";
import { cutText, plainName } from "../lenient.ts";
import type { Attachment, BlueMessage } from "./message.ts";

export interface Noted {
  text: string;
  author: string;
  isOurs: boolean;
}

export interface Scene {
  account: string;
  /** Our own address, as far as the Mac tells it. */
  own?: string;
  hearsSelf: boolean;
  find(guid: string): Noted | undefined;
  /** Whether we wrote this there lately: to ourselves it comes back as if somebody had said it. */
  hasSaid(peer: string, text: string): boolean;
}

const MOST_QUOTED = 500;
/** Of several characters at most, though it looks like one. */
const MOST_EMOJI = 40;

type Message = HomeInbound["message"];
type Head = Pick<Message, "from" | "sender" | "sentAt" | "placeName">;

const TAPBACKS: Record<string, string> = {
  love: "❤️",
  like: "👍",
  dislike: "👎",
  laugh: "😂",
  emphasize: "‼️",
  question: "❓",
};

/** In the order of their numbers, 2000 and on; taken away, 3000 and on. */
const TAPBACK_NAMES = Object.keys(TAPBACKS);

/** A chat of several. */
export function isGroup(chat: string): boolean {
  return chat.includes(";+;");
}

export function readNew(told: BlueMessage, scene: Scene): HomeInbound[] {
  const head = headOf(told, scene);
  if (!head) return [];
  const who = head.sender.id;
  const noticed = describeNotice(told, who);
  if (noticed !== undefined) return noticed === "" ? [] : [notice(head, told.guid, noticed)];
  const text = wordsOf(told);
  const attachments = told.attachments.filter(({ hideAttachment }) => !hideAttachment).map((one) => fileOf(one, told));
  if (text === "" && attachments.length === 0) return [];
  if (who === scene.own && (!scene.hearsSelf || scene.hasSaid(head.from.peer, text))) return [];
  const quoted = quotedOf(told, scene);
  return [
    {
      kind: "message",
      message: {
        ...head,
        id: told.guid,
        parts: text === "" ? [] : [{ type: "text", text }],
        platformId: told.guid,
        ...(attachments.length > 0 ? { attachments } : {}),
        ...(quoted ? { quoted } : {}),
        ...(head.from.kind === "group" ? { isToUs: quoted?.isOurs === true } : {}),
      },
    },
  ];
}

/** A message that was there already and is another now. */
export function readChanged(told: BlueMessage, scene: Scene): HomeInbound[] {
  const head = headOf(told, scene);
  if (!head || head.sender.id === scene.own) return [];
  const who = head.sender.id;
  if (told.dateRetracted) {
    return [
      notice({ ...head, sentAt: told.dateRetracted }, `${told.guid}:unsent`, `[${who} took their message ${told.guid} back]`),
    ];
  }
  if (!told.dateEdited) return [];
  const text = `[${who} changed their message ${told.guid}; it now says:]\n${wordsOf(told)}`;
  return [notice({ ...head, sentAt: told.dateEdited }, `${told.guid}:edited:${told.dateEdited}`, text)];
}

function headOf(told: BlueMessage, scene: Scene): Head | undefined {
  const [chat] = told.chats;
  const sender = told.handle?.address;
  if (told.isFromMe || !chat || sender === undefined) return undefined;
  const isOfSeveral = isGroup(chat.guid);
  return {
    from: {
      channel: "imessage",
      account: scene.account,
      peer: isOfSeveral ? chat.guid : sender,
      kind: isOfSeveral ? "group" : "direct",
      // By which of a person's ways it came, that way it is answered.
      ...(isOfSeveral ? {} : { route: { chat: chat.guid } }),
    },
    sender: { id: sender },
    sentAt: told.dateCreated,
    ...(isOfSeveral && chat.displayName ? { placeName: plainName(chat.displayName) } : {}),
  };
}

function notice(head: Head, id: string, text: string): HomeInbound {
  return { kind: "notice", message: { ...head, id, parts: [{ type: "text", text }] } };
}

/** "": it says nothing. */
function describeNotice(told: BlueMessage, who: string): string | undefined {
  const { associatedMessageGuid: on, associatedMessageType: type } = told;
  if (on && type) {
    const isTaken = /^(-|3)/.test(type);
    const name = on.replace(/^(p:\d+\/|bp:)/, "");
    const kind = TAPBACK_NAMES[Number(/^[23]00(\d)$/.exec(type)?.[1])] ?? type.replace(/^-/, "");
    const emoji =
      plainName(told.associatedMessageEmoji ?? "", MOST_EMOJI) || (Object.hasOwn(TAPBACKS, kind) ? TAPBACKS[kind] : undefined);
    // BlueBubbles tells the number of a reaction with another emoji, and its words.
    if (emoji === undefined && /^[23]00\d$/.test(type)) return `[${who} to message ${name}: ${wordsOf(told)}]`;
    if (emoji === undefined) return undefined;
    return isTaken ? `[${who} took their reaction away from message ${name}]` : `[${who} reacted ${emoji} to message ${name}]`;
  }
  switch (told.itemType ?? 0) {
    case 0:
      return undefined;
    case 1:
      return told.groupActionType === 1 ? `[${who} removed somebody from the group]` : `[${who} added somebody to the group]`;
    case 2:
      return `[${who} named the group ${plainName(told.groupTitle ?? "") || "nothing"}]`;
    case 3:
      return told.groupActionType === 0 ? `[${who} left the group]` : "";
    default:
      return "";
  }
}

function wordsOf(told: BlueMessage): string {
  const text = (told.text ?? "").replaceAll("\uFFFC", "").trim();
  const effect = told.expressiveSendStyleId
    ?.split(".")
    .at(-1)
    ?.replace(/^CK|Effect$/g, "");
  const app = told.balloonBundleId?.split(/[.:]/).at(-1);
  // The preview of a link is its text already.
  const isApp = app !== undefined && app !== "URLBalloonProvider";
  const further = [
    isApp ? `[something of the app ${plainName(app, 60)}]` : "",
    effect ? `[with the effect ${plainName(effect, 60)}]` : "",
  ];
  return cutText([told.subject ?? "", text, ...further].filter((part) => part !== "").join("\n"));
}

function quotedOf(told: BlueMessage, scene: Scene): Quoted | undefined {
  const { threadOriginatorGuid: guid, replyToText: text, replyToSender: author } = told;
  if (!guid) return undefined;
  const noted = scene.find(guid);
  if (noted) return { platformId: guid, text: noted.text, author: noted.author, isOurs: noted.isOurs };
  return { platformId: guid, ...(text ? { text: text.slice(0, MOST_QUOTED) } : {}), ...(author ? { author } : {}) };
}

function fileOf({ guid, mimeType, transferName, totalBytes, isSticker }: Attachment, told: BlueMessage): RemoteMedia {
  return {
    handle: guid,
    kind: isSticker ? "sticker" : told.isAudioMessage ? "voice" : kindOf(mimeType ?? ""),
    ...(transferName ? { name: transferName.slice(0, 200) } : {}),
    ...(mimeType ? { type: mimeType.slice(0, 200) } : {}),
    ...(typeof totalBytes === "number" && totalBytes >= 0 ? { size: totalBytes } : {}),
  };
}

function kindOf(type: string): RemoteMedia["kind"] {
  const [first] = type.split("/");
  return first === "image" || first === "video" || first === "audio" ? first : "file";
}

/** The name of a reaction at iMessage, which has six. */
export function tapbackOf(emoji: string): string | undefined {
  const plain = emoji.replaceAll("\uFE0F", "");
  return Object.entries(TAPBACKS).find(([, one]) => one.replaceAll("\uFE0F", "") === plain)?.[0] ?? ALSO[plain];
}
const ALSO: Record<string, string> = { "♥": "love", "🤣": "laugh", "😆": "laugh", "❗": "emphasize", "?": "question" };
