// What Google Chat tells, as messages and notices in our words. An app hears what is said to it: everything in a direct
// talk, in a space what mentions it, its commands and its buttons. It is not told of edits and reactions.
import type { Inbound } from "../../../contract/channels/channel.ts";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Address, Message, RemoteMedia, Sender } from "../../../contract/message.ts";
import { commands } from "../../../durable/agent/commands.ts";
import type { ChatMessage, ChatSpace, ChatUser, Happening } from "./event.ts";

/** The parameter of our buttons that holds their value. */
export const VALUE = "skerry";

export interface Reading {
  account: string;
  now: number;
  /** Where an add-on's buttons lead: this webhook. */
  webhook: string;
}

export function readEvent(happening: Happening, reading: Reading): Inbound[] {
  const { kind, user, space, message } = happening;
  if (!user || !space || kind === "other") return [];
  const head: Head = {
    from: placeOf(happening, space, reading),
    sender: senderOf(user),
    sentAt: timeOf(message?.createTime ?? happening.at, reading.now),
    ...(isDirect(space) || space.displayName === undefined ? {} : { placeName: space.displayName }),
    ...(user.type === "BOT" ? { isFromBot: true } : {}),
  };
  const idOf = (...parts: (string | undefined)[]) => `google-chat:${reading.account}:${parts.filter(Boolean).join(":")}`;
  const { at } = happening;
  switch (kind) {
    case "message":
      return readMessage(happening, head, idOf(message?.name ?? space.name, message?.name === undefined ? at : undefined));
    case "pressed":
      return readPress(
        happening,
        { ...head, sentAt: timeOf(at, reading.now) },
        idOf(message?.name ?? space.name, "pressed", user.name, at),
      );
    case "added":
      return [
        notice(head, idOf(space.name, "added", at), `[You were added here by ${nameOf(user)}]`),
        ...(message ? readMessage(happening, head, idOf(message.name ?? space.name)) : []),
      ];
    case "removed":
      return [notice(head, idOf(space.name, "removed", at), `[You were removed from here by ${nameOf(user)}]`)];
    default:
      return kind satisfies never;
  }
}

type Head = Pick<Message, "from" | "sender" | "sentAt" | "placeName" | "isFromBot">;

function notice(head: Head, id: string, text: string): Inbound {
  return { kind: "notice", message: { ...head, id, parts: [{ type: "text", text }] } };
}

function readMessage(happening: Happening, head: Head, id: string): Inbound[] {
  const said: ChatMessage = happening.message ?? {};
  const command = commandOf(happening);
  const written = command ?? (said.argumentText ?? said.text ?? "").trim();
  const text = [written, ...elsewhere(said)].filter((part) => part !== "").join("\n");
  const attachments = (said.attachment ?? []).flatMap(fileOf);
  if (text === "" && attachments.length === 0) return [];
  const platformId = said.name?.split("/").at(-1);
  const message: Message = {
    ...head,
    id,
    parts: text === "" ? [] : [{ type: "text", text }],
    ...(platformId === undefined ? {} : { platformId }),
    ...(attachments.length > 0 ? { attachments } : {}),
    ...quotedOf(said),
    ...(head.from.kind === "group" ? { isToUs: command !== undefined || mentionsApp(said) } : {}),
  };
  return [{ kind: "message", message }];
}

function readPress({ parameters, message }: Happening, head: Head, id: string): Inbound[] {
  const value = parameters[VALUE];
  if (value === undefined) return [];
  const platformId = message?.name?.split("/").at(-1);
  const pressed: Message = {
    ...head,
    id,
    parts: [{ type: "text", text: value }],
    ...(platformId === undefined ? {} : { platformId }),
    ...(head.from.kind === "group" ? { isToUs: true } : {}),
  };
  return [{ kind: "message", message: pressed }];
}

/** In a space that has threads every thread is a talk of its own, begun by the message that opens it. */
function placeOf({ thread, message, isAddOn }: Happening, space: ChatSpace, { account, webhook }: Reading): Address {
  const isThreaded =
    message?.threadReply === true ||
    (!isDirect(space) && ["THREADED_MESSAGES", "GROUPED_MESSAGES"].includes(space.spaceThreadingState ?? ""));
  const threadId = isThreaded ? thread?.split("/").at(-1) : undefined;
  return {
    channel: "google-chat",
    ...(account === DEFAULT_ACCOUNT ? {} : { account }),
    peer: space.name,
    kind: isDirect(space) ? "direct" : "group",
    ...(threadId === undefined ? {} : { thread: threadId }),
    ...(isAddOn ? { route: { webhook } } : {}),
  };
}

function isDirect({ type, spaceType }: ChatSpace): boolean {
  return spaceType === "DIRECT_MESSAGE" || type === "DM";
}

function senderOf(user: ChatUser): Sender {
  return { id: user.name, name: nameOf(user), isOwner: false };
}

function nameOf(user: ChatUser): string {
  return user.displayName || user.name;
}

function timeOf(written: string | undefined, now: number): number {
  const time = Date.parse(written ?? "");
  return Number.isNaN(time) ? now : time;
}

/** "/new later" of a slash command, "/status" of a quick command that has a number alone. */
function commandOf({ message, commandId }: Happening): string | undefined {
  const named = message?.annotations?.find(({ slashCommand }) => slashCommand)?.slashCommand?.commandName;
  const typed = /^\s*\/([\w-]+)/.exec(message?.text ?? "")?.[1];
  if (named === undefined && commandId === undefined) return undefined;
  const given = (named ?? typed ?? commands[Number(commandId) - 1]?.name ?? "").replace(/^\//, "");
  if (given === "") return undefined;
  const letters = (name: string) => name.toLowerCase().replace(/[-_]/g, "");
  const known = commands.find(({ name }) => letters(name) === letters(given))?.name;
  const rest = message?.argumentText ?? (message?.text ?? "").replace(/^\s*\/[\w-]+/, "");
  return `/${known ?? given} ${rest.trim()}`.trim();
}

/** A link preview alone is a message that nobody addressed to the app. */
function mentionsApp(said: ChatMessage): boolean {
  return (said.annotations ?? []).some(({ userMention }) => userMention?.user?.type === "BOT");
}

function quotedOf({ quotedMessageMetadata: quoted }: ChatMessage): Pick<Message, "quoted"> | undefined {
  const platformId = quoted?.name?.split("/").at(-1);
  if (platformId === undefined) return undefined;
  const text = quoted?.quotedMessageSnapshot?.text;
  return { quoted: { platformId, ...(text ? { text } : {}) } };
}

/** What came along and is kept where the app may not look. */
function elsewhere(said: ChatMessage): string[] {
  const files = (said.attachment ?? []).filter(({ driveDataRef }) => driveDataRef !== undefined);
  return [
    ...files.map(
      ({ contentName }) => `[a file in Google Drive: ${contentName ?? "without a name"}; it cannot be opened from here]`,
    ),
    ...(said.attachedGifs ?? []).map(({ uri }) => `[GIF: ${uri ?? "without an address"}]`),
  ];
}

function fileOf(file: NonNullable<ChatMessage["attachment"]>[number]): RemoteMedia[] {
  const handle = file.attachmentDataRef?.resourceName;
  if (handle === undefined) return [];
  const kind = (["image", "audio", "video"] as const).find((name) => file.contentType?.startsWith(`${name}/`)) ?? "file";
  return [
    {
      handle,
      kind,
      ...(file.contentName === undefined ? {} : { name: file.contentName }),
      ...(file.contentType === undefined ? {} : { type: file.contentType }),
    },
  ];
}
