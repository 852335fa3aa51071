// What Teams tells, as messages and notices in our words. Mentions are taken out of the text, quotes and files named;
// files stay where they are until their sender is let in.
import type { Inbound } from "../../../contract/channels/channel.ts";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Address, Message, RemoteMedia } from "../../../contract/message.ts";
import type { Activity, Attachment, Consent, Party } from "./activity.ts";

/** Of a button's data: what comes back as a message. */
export const VALUE = "skerry";
const FILE = "application/vnd.microsoft.teams.file.download.info";

export interface Reading {
  account: string;
  appId: string;
  now: number;
}

type Head = Pick<Message, "id" | "from" | "sender" | "sentAt" | "placeName" | "isFromBot">;

export function readTeams(activity: Activity, reading: Reading): Inbound[] {
  const { from } = activity;
  if (isOurs(from, activity, reading)) return activity.type === "conversationUpdate" ? readMembers(activity, reading) : [];
  const who = nameOf(from);
  switch (activity.type) {
    case "message":
      return readMessage(activity, reading);
    case "messageUpdate": {
      const did = activity.channelData?.eventType === "undeleteMessage" ? "put back" : "changed";
      const text = textOf(activity, reading);
      return [notice(activity, reading, "edit", `[${who} ${did} their message ${activity.id ?? ""}; it now says:]\n${text}`)];
    }
    case "messageDelete":
      return [notice(activity, reading, "delete", `[${who} deleted their message ${activity.id ?? ""}]`)];
    case "messageReaction":
      return readReactions(activity, reading);
    case "conversationUpdate":
      return readMembers(activity, reading);
    case "installationUpdate":
      return readInstallation(activity, reading);
    default:
      return [];
  }
}

/** What became of a file that was offered. */
export function readAnswer(activity: Activity, reading: Reading, { action, context }: Consent, isGiven: boolean): Inbound {
  const did = action !== "accept" ? "declined" : isGiven ? "took" : "wanted, but could not be given,";
  return notice(activity, reading, "file", `[${nameOf(activity.from)} ${did} the file ${context.name}]`);
}

function readMessage(activity: Activity, reading: Reading): Inbound[] {
  const head = headOf(activity, reading, activity.id ?? activity.timestamp ?? "");
  const pressed = activity.value?.[VALUE];
  const isPressed = typeof pressed === "string";
  const text = [isPressed ? pressed : textOf(activity, reading), ...(activity.attachments ?? []).flatMap(describe)]
    .filter((part) => part !== "")
    .join("\n");
  const attachments = (activity.attachments ?? []).flatMap(fileOf);
  if (text === "" && attachments.length === 0) return [];
  const quoted = quotedOf(activity, reading);
  const isToUs = isPressed || quoted?.quoted.isOurs === true || mentionsUs(activity, reading);
  const message: Message = {
    ...head,
    parts: text === "" ? [] : [{ type: "text", text }],
    ...(activity.id === undefined ? {} : { platformId: activity.id }),
    ...(attachments.length > 0 ? { attachments } : {}),
    ...quoted,
    ...(head.from.kind === "group" ? { isToUs } : {}),
  };
  return [{ kind: "message", message }];
}

function readReactions(activity: Activity, reading: Reading): Inbound[] {
  const added = (activity.reactionsAdded ?? []).map(({ type }) => type);
  const removed = (activity.reactionsRemoved ?? []).map(({ type }) => type);
  const what = [
    ...(added.length > 0 ? [`reacted ${added.join(", ")} to`] : []),
    ...(removed.length > 0 ? [`took ${removed.join(", ")} away from`] : []),
  ];
  if (what.length === 0) return [];
  const mark = `reaction:${[...added, "-", ...removed].join("")}`;
  return [
    notice(activity, reading, mark, `[${nameOf(activity.from)} ${what.join(" and ")} message ${activity.replyToId ?? ""}]`),
  ];
}

/** That we are there ourselves is told by the installation. */
function readMembers(activity: Activity, reading: Reading): Inbound[] {
  const others = (parties: Party[] | undefined) =>
    (parties ?? []).filter((party) => !isOurs(party, activity, reading)).map(nameOf);
  const [joined, left] = [others(activity.membersAdded), others(activity.membersRemoved)];
  const { eventType, channel, team } = activity.channelData ?? {};
  const text = [
    ...(joined.length > 0 ? [`[${joined.join(", ")} joined]`] : []),
    ...(left.length > 0 ? [`[${left.join(", ")} left]`] : []),
    ...(eventType === "channelRenamed" ? [`[The channel is now called ${channel?.name ?? ""}]`] : []),
    ...(eventType === "teamRenamed" ? [`[The team is now called ${team?.name ?? ""}]`] : []),
  ].join("\n");
  return text === "" || isDirect(activity) ? [] : [notice(activity, reading, "members", text)];
}

function readInstallation(activity: Activity, reading: Reading): Inbound[] {
  const what = { add: "added", remove: "removed" }[activity.action ?? ""];
  if (what === undefined) return [];
  return [notice(activity, reading, what, `[You were ${what} here by ${nameOf(activity.from)}]`)];
}

function notice(activity: Activity, reading: Reading, mark: string, text: string): Inbound {
  const { id = "", replyToId = "", timestamp = "" } = activity;
  const head = headOf(activity, reading, [mark, id || replyToId, timestamp].join(":"));
  return { kind: "notice", message: { ...head, parts: [{ type: "text", text }] } };
}

function headOf(activity: Activity, { account, now }: Reading, event: string): Head {
  const { conversation, from, timestamp, channelData } = activity;
  const sentAt = Date.parse(timestamp ?? "");
  const placeName = conversation.name ?? channelData?.channel?.name ?? channelData?.team?.name;
  return {
    id: `teams:${account}:${conversation.id}:${event}`,
    from: placeOf(activity, account),
    sender: { id: from.aadObjectId ?? from.id, name: nameOf(from), isOwner: false },
    sentAt: Number.isNaN(sentAt) ? now : sentAt,
    ...(isDirect(activity) || placeName === undefined ? {} : { placeName }),
    ...(isBot(from) ? { isFromBot: true } : {}),
  };
}

/** A channel's posts are talks of their own: the conversation's id names the post that began it. */
function placeOf(activity: Activity, account: string): Address {
  const { conversation, serviceUrl } = activity;
  const [peer = "", post] = conversation.id.split(";messageid=");
  return {
    channel: "teams",
    ...(account === DEFAULT_ACCOUNT ? {} : { account }),
    peer,
    kind: isDirect(activity) ? "direct" : "group",
    ...(post === undefined ? {} : { thread: post }),
    route: { serviceUrl },
  };
}

function isDirect({ conversation }: Activity): boolean {
  return conversation.conversationType === "personal";
}

function isOurs({ id }: Party, { recipient }: Activity, { appId }: Reading): boolean {
  return id === `28:${appId}` || (recipient !== undefined && isBot(recipient) && id === recipient.id);
}

function isBot({ id, role }: Party): boolean {
  return id.startsWith("28:") || role === "bot";
}

function nameOf({ name, id }: Party): string {
  return name || id;
}

function mentionsUs(activity: Activity, reading: Reading): boolean {
  return (activity.entities ?? []).some(
    ({ type, mentioned }) => type === "mention" && mentioned !== undefined && isOurs(mentioned, activity, reading),
  );
}

/** "<at>Skerry</at> ask <at>Ann</at>" → "ask @Ann". */
function textOf(activity: Activity, reading: Reading): string {
  let text = activity.text ?? "";
  for (const { type, mentioned, text: written } of activity.entities ?? []) {
    if (type === "mention" && mentioned && written && isOurs(mentioned, activity, reading)) text = text.replaceAll(written, "");
  }
  return text
    .replace(/<at[^>]*>(.*?)<\/at>/gs, "@$1")
    .replace(/&nbsp;|\u00a0/g, " ")
    .trim();
}

/** What a message answers stands in its HTML alone: whose it was, and which. */
function quotedOf({ attachments }: Activity, { appId }: Reading): { quoted: NonNullable<Message["quoted"]> } | undefined {
  const html = (attachments ?? []).find(({ contentType }) => contentType === "text/html")?.content;
  const reply = typeof html === "string" ? /itemtype="[^"]*\/Reply"[^>]*itemid="(\d+)"/.exec(html) : null;
  if (typeof html !== "string" || !reply?.[1]) return undefined;
  const [, author, name] = /itemprop="mri"[^>]*itemid="([^"]+)"[^>]*>([^<]*)</.exec(html) ?? [];
  return {
    quoted: {
      platformId: reply[1],
      ...(name ? { author: name } : {}),
      ...(author === undefined ? {} : { isOurs: author === `28:${appId}` }),
    },
  };
}

function fileOf({ contentType, contentUrl, name, content }: Attachment): RemoteMedia[] {
  const named = name === undefined ? {} : { name };
  if (contentType.startsWith("image/") && contentUrl !== undefined) return [{ handle: contentUrl, kind: "image", ...named }];
  const address = contentType === FILE ? (content as { downloadUrl?: unknown } | null | undefined)?.downloadUrl : undefined;
  return typeof address === "string" ? [{ handle: address, kind: "file", ...named }] : [];
}

/** What came along and cannot be fetched. */
function describe(attachment: Attachment): string[] {
  const { contentType, name, content } = attachment;
  if (contentType === "text/html" || fileOf(attachment).length > 0) return [];
  const title = (content as { title?: unknown } | null | undefined)?.title;
  const what = contentType.startsWith("application/vnd.microsoft.card") ? "card" : "attachment";
  return [`[${what}: ${name ?? (typeof title === "string" ? title : contentType)}; it cannot be opened from here]`];
}
