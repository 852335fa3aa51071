// What Discord's gateway tells: ordinary messages, mentions, direct messages, edits, reactions. The socket is held by
// whoever calls this; here an event becomes messages and notices in our words, the same shape as by webhook.
import type {
  GatewayMessageCreateDispatchData,
  GatewayMessageDeleteBulkDispatchData,
  GatewayMessageDeleteDispatchData,
  GatewayMessagePollVoteDispatchData,
  GatewayMessageReactionAddDispatchData,
  GatewayMessageReactionRemoveDispatchData,
} from "discord-api-types/v10";
import type { Inbound } from "../../../contract/channels/channel.ts";
import type { Address, Message, Sender } from "../../../contract/message.ts";
import { directAddress, filesOfSaid, groupAddress, nameOf, quotedOf, senderOf, textOfSaid, timeOf } from "./message.ts";

export interface Dispatch {
  t: string;
  d: unknown;
  /** The gateway session and the event's number in it: the same when Discord repeats it after a break. */
  key: string;
}

/** What the holder of the socket knows besides the event. */
export interface Surroundings {
  botId: string;
  account: string;
  now: number;
  /** Of a channel: its name, and for a thread the channel it belongs to. */
  roomOf(channelId: string): { name?: string; parent?: string } | undefined;
}

const DIRECT = 1;
const SAYS_SOMETHING = [0, 19, 20, 23];
const CUT_AT = 1990;
const SERVICE: Record<number, (name: string) => string> = {
  1: (name) => `${name} added somebody`,
  2: (name) => `${name} removed somebody`,
  4: (name) => `${name} renamed this channel`,
  6: (name) => `${name} pinned a message`,
  7: (name) => `${name} joined`,
  18: (name) => `${name} opened a thread`,
  46: () => "A poll has ended",
};

export function readDispatch({ t, d, key }: Dispatch, around: Surroundings): Inbound[] {
  switch (t) {
    case "MESSAGE_CREATE":
      return readMessage(d as GatewayMessageCreateDispatchData, around);
    case "MESSAGE_UPDATE":
      return readEdit(d as GatewayMessageCreateDispatchData, around);
    case "MESSAGE_DELETE": {
      const gone = d as GatewayMessageDeleteDispatchData;
      return readRemoval(gone, `[Message ${gone.id} was deleted]`, key, around);
    }
    case "MESSAGE_DELETE_BULK": {
      const gone = d as GatewayMessageDeleteBulkDispatchData;
      return readRemoval(gone, `[${gone.ids.length} messages were deleted]`, key, around);
    }
    case "MESSAGE_REACTION_ADD":
    case "MESSAGE_REACTION_REMOVE":
      return readReaction(d as GatewayMessageReactionAddDispatchData, t === "MESSAGE_REACTION_ADD", key, around);
    case "MESSAGE_POLL_VOTE_ADD":
    case "MESSAGE_POLL_VOTE_REMOVE":
      return readVote(d as GatewayMessagePollVoteDispatchData, t === "MESSAGE_POLL_VOTE_ADD", key, around);
    default:
      return [];
  }
}

function readMessage(said: GatewayMessageCreateDispatchData, around: Surroundings): Inbound[] {
  const { botId } = around;
  if (said.author.id === botId) return [];
  const from = placeOf(said, said.author.id, around);
  const head = { ...headOf(said, from, around), id: idOf(around, said.id) };
  if (!SAYS_SOMETHING.includes(said.type)) {
    const service = SERVICE[said.type]?.(head.sender.name ?? said.author.id);
    return service === undefined ? [] : [notice(head, `[${service}]`)];
  }
  const text = textOfSaid(said, botId);
  const attachments = filesOfSaid(said);
  if (text === "" && attachments.length === 0) return [];
  const message: Message = {
    ...head,
    parts: text === "" ? [] : [{ type: "text", text }],
    platformId: said.id,
    ...(attachments.length > 0 ? { attachments } : {}),
    ...quotedOf(said, botId),
    ...(from.kind === "group" ? { isToUs: isToBot(said, botId) } : {}),
    ...(said.author.bot || said.webhook_id !== undefined ? { isFromBot: true } : {}),
    // What is cut by the app, or by hand at its limit, goes on in the next one.
    ...(said.content.length >= CUT_AT ? { joinAs: `long:${said.author.id}` } : {}),
  };
  return [{ kind: "message", message }];
}

/** Spoken to: by its name or in answer to it. Who calls everybody calls nobody. */
function isToBot(said: GatewayMessageCreateDispatchData, botId: string): boolean {
  return said.referenced_message?.author.id === botId || said.mentions.some(({ id }) => id === botId);
}

function readEdit(said: GatewayMessageCreateDispatchData, around: Surroundings): Inbound[] {
  // Previews that were added, pins, threads: changed by Discord, not by its author.
  if (!said.author || said.author.id === around.botId || !said.edited_timestamp) return [];
  const from = placeOf(said, said.author.id, around);
  const head = {
    ...headOf(said, from, around),
    id: idOf(around, said.id, `edited:${said.edited_timestamp}`),
    sentAt: Date.parse(said.edited_timestamp),
  };
  const text = textOfSaid(said, around.botId);
  return [notice(head, `[${head.sender.name} changed their message ${said.id}; it now says:]\n${text}`)];
}

/** Discord does not tell who deleted it; in a direct talk not even whose talk it was. */
function readRemoval(
  gone: { channel_id: string; guild_id?: string },
  text: string,
  key: string,
  around: Surroundings,
): Inbound[] {
  if (gone.guild_id === undefined) return [];
  const from = placeOf(gone, "", around);
  const sender: Sender = { id: "discord", name: "Discord", isOwner: false };
  return [notice({ id: idOf(around, key), from, sender, sentAt: around.now, ...namedRoom(gone, from, around) }, text)];
}

function readReaction(
  changed: GatewayMessageReactionAddDispatchData | GatewayMessageReactionRemoveDispatchData,
  isAdded: boolean,
  key: string,
  around: Surroundings,
): Inbound[] {
  const { user_id: user, message_id: message, emoji } = changed;
  if (user === around.botId) return [];
  const member = "member" in changed ? changed.member : undefined;
  const sender: Sender = member?.user ? senderOf(member.user, member.nick) : { id: user, isOwner: false };
  const isOurs = "message_author_id" in changed && changed.message_author_id === around.botId;
  const what = emoji.id ? `:${emoji.name}:` : (emoji.name ?? "?");
  const did = isAdded ? `reacted ${what} to` : `took their ${what} away from`;
  const from = placeOf(changed, user, around);
  const head = { id: idOf(around, key), from, sender, sentAt: around.now, ...namedRoom(changed, from, around) };
  return [notice(head, `[${sender.name ?? "Somebody"} ${did} ${isOurs ? "your message" : "message"} ${message}]`)];
}

function readVote(vote: GatewayMessagePollVoteDispatchData, isAdded: boolean, key: string, around: Surroundings): Inbound[] {
  if (vote.user_id === around.botId) return [];
  const from = placeOf(vote, vote.user_id, around);
  const did = isAdded ? `chose answer ${vote.answer_id}` : `took back answer ${vote.answer_id}`;
  const head = { id: idOf(around, key), from, sender: { id: vote.user_id, isOwner: false }, sentAt: around.now };
  return [notice({ ...head, ...namedRoom(vote, from, around) }, `[Somebody ${did} in the poll ${vote.message_id}]`)];
}

type Placed = { channel_id: string; guild_id?: string; channel_type?: number };

function placeOf(
  { channel_id: channel, guild_id: guild, channel_type: kind }: Placed,
  user: string,
  around: Surroundings,
): Address {
  const isDirect = kind === undefined ? guild === undefined : kind === DIRECT;
  if (isDirect) return directAddress(around.account, user, { channel });
  const parent = around.roomOf(channel)?.parent;
  return groupAddress(around.account, { channel, ...(parent === undefined ? {} : { parent }) });
}

type Head = Pick<Message, "id" | "from" | "sender" | "sentAt" | "placeName">;

function headOf(said: GatewayMessageCreateDispatchData, from: Address, around: Surroundings): Omit<Head, "id"> {
  const sender = senderOf(said.author, said.member?.nick);
  return {
    from,
    sender: { ...sender, name: sender.name ?? nameOf(said.author) },
    sentAt: timeOf(said.id),
    ...namedRoom(said, from, around),
  };
}

function namedRoom({ channel_id }: Placed, from: Address, around: Surroundings): Pick<Message, "placeName"> {
  const name = from.kind === "group" ? around.roomOf(channel_id)?.name : undefined;
  return name === undefined ? {} : { placeName: `#${name}` };
}

function idOf({ account }: Surroundings, ...parts: string[]): string {
  return ["discord", account, ...parts].join(":");
}

function notice(head: Head, text: string): Inbound {
  return { kind: "notice", message: { ...head, parts: [{ type: "text", text }] } };
}
