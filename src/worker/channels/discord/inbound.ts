// What an interaction says: a command, a pressed button, a choice, a filled-in form. And what Discord hears back within its
// three seconds: that an answer is coming, or to its sender alone why none is.
import type {
  APIApplicationCommandInteraction,
  APIInteraction,
  APIMessageComponentInteraction,
  APIModalSubmitInteraction,
} from "discord-api-types/v10";
import type { Message, RemoteMedia } from "../../../contract/message.ts";
import type { Intake } from "../../../durable/intake.ts";
import type { Translation } from "../channel.ts";
import { renderFitting } from "./markdown.ts";
import { directAddress, fileOf, filesOfSaid, groupAddress, quote, senderOf, timeOf } from "./message.ts";

export const ASK = "ask";
export const ASK_ABOUT = "Ask Skerry";
/** How long Discord takes answers to an interaction. */
export const TOKEN_MS = 15 * 60_000;
const EPHEMERAL = 1 << 6;
const PRIVATE_CHANNEL = 2;
const BOT_DM = 1;
const IN_THREAD = [10, 11, 12];
/** What stands before a button's value, since no two buttons of a message may have the same. */
const BUTTON = /^\d+:/;

type Spoken = APIApplicationCommandInteraction | APIMessageComponentInteraction | APIModalSubmitInteraction;

interface Words {
  text: string;
  attachments?: RemoteMedia[];
  quoted?: NonNullable<Message["quoted"]>;
}

export function readInteraction(interaction: APIInteraction, account: string): Translation {
  switch (interaction.type) {
    case 1:
      return { inbound: [], reply: () => Response.json({ type: 1 }) };
    case 4:
      return { inbound: [], reply: () => Response.json({ type: 8, data: { choices: [] } }) };
    case 2:
    case 3:
    case 5:
      return readSpoken(interaction, account);
    default:
      // A kind that is younger than this code.
      return { inbound: [] };
  }
}

function readSpoken(interaction: Spoken, account: string): Translation {
  const user = interaction.member?.user ?? interaction.user;
  const words = wordsOf(interaction);
  if (!user || !words) return { inbound: [], reply: () => sayToSender("I do not know this command (any more).") };
  if (words === "form") return { inbound: [], reply: () => Response.json(FORM) };
  const { text, attachments = [], quoted } = words;
  const place = placeOf(interaction, user.id, account);
  const room = interaction.channel?.name;
  const message: Message = {
    id: `discord:${account}:${interaction.id}`,
    from: place.from,
    sender: senderOf(user, interaction.member?.nick),
    parts: text === "" ? [] : [{ type: "text", text }],
    sentAt: timeOf(interaction.id),
    ...(attachments.length > 0 ? { attachments } : {}),
    ...(quoted ? { quoted } : {}),
    ...(user.bot ? { isFromBot: true } : {}),
    ...(interaction.type === 3 ? {} : { isAwaited: true }),
    ...(place.from.kind === "group" ? { isToUs: true, ...(room ? { placeName: `#${room}` } : {}) } : {}),
  };
  return {
    inbound: [{ kind: "message", message }],
    greets: true,
    reply: ([heard]) => replyTo(heard, interaction.type === 3, place.isHidden),
  };
}

/** Where an interaction may be answered without the bot being there, the answer is seen by its sender alone. */
function placeOf(interaction: Spoken, user: string, account: string) {
  const { channel, context, guild_id: guild } = interaction;
  const channelId = channel?.id ?? interaction.channel_id ?? "";
  const isMember = "0" in (interaction.authorizing_integration_owners ?? { "0": "" });
  const way = { token: interaction.token, until: String(timeOf(interaction.id) + TOKEN_MS) };
  if (context === PRIVATE_CHANNEL || (guild !== undefined && !isMember)) {
    return { from: directAddress(account, user, { ...way, hidden: "yes" }), isHidden: true };
  }
  if (context === BOT_DM || guild === undefined) {
    return { from: directAddress(account, user, { ...way, channel: channelId }), isHidden: false };
  }
  const parent = channel && IN_THREAD.includes(channel.type) && "parent_id" in channel ? channel.parent_id : undefined;
  const from = groupAddress(account, { channel: channelId, ...(parent ? { parent } : {}) }, way);
  return { from, isHidden: false };
}

function wordsOf(interaction: Spoken): Words | "form" | undefined {
  switch (interaction.type) {
    case 2:
      return wordsOfCommand(interaction.data, interaction.application_id);
    case 3:
      return wordsOfComponent(interaction);
    case 5:
      return wordsOfForm(interaction.data);
    default:
      return interaction satisfies never;
  }
}

function wordsOfCommand(data: APIApplicationCommandInteraction["data"], botId: string): Words | "form" | undefined {
  if (data.type === 3) {
    const target = data.resolved.messages[data.target_id];
    if (!target || data.name !== ASK_ABOUT) return undefined;
    return { text: "What about this message?", attachments: filesOfSaid(target), quoted: quote(target, botId) };
  }
  if (data.type !== 1) return undefined;
  const given = (data.options ?? []).flatMap((option) => ("value" in option ? [option] : []));
  const attachments = given.flatMap(({ type, value }) => {
    const file = type === 11 ? data.resolved?.attachments?.[String(value)] : undefined;
    return file ? [fileOf(file)] : [];
  });
  const text = given
    .filter(({ type }) => type !== 11)
    .map(({ value }) => String(value))
    .join(" ");
  if (data.name === ASK) return text === "" && attachments.length === 0 ? "form" : { text, attachments };
  return { text: `/${data.name} ${text}`.trim(), attachments };
}

function wordsOfComponent({ data, message, application_id: botId }: APIMessageComponentInteraction): Words {
  const said = data.component_type === 2 ? [data.custom_id] : data.values;
  return { text: said.map((value) => nameIn(data, value)).join(", "), quoted: quote(message, botId) };
}

/** People, roles and channels that were chosen come as ids, with their names beside. */
function nameIn(data: APIMessageComponentInteraction["data"], value: string): string {
  if (!("resolved" in data) || !data.resolved) return value.replace(BUTTON, "");
  const { users, roles, channels } = { users: {}, roles: {}, channels: {}, ...data.resolved } as Record<
    "users" | "roles" | "channels",
    Record<string, { global_name?: string | null; username?: string; name?: string }>
  >;
  const user = users[value];
  const name = user ? (user.global_name ?? user.username) : (roles[value]?.name ?? channels[value]?.name);
  return name === undefined ? value : `${name} (${value})`;
}

interface Filled {
  value?: unknown;
  values?: readonly unknown[];
  component?: Filled;
  components?: readonly Filled[];
}

function wordsOfForm({ components, resolved }: APIModalSubmitInteraction["data"]): Words {
  const fields = (components as readonly Filled[]).flatMap((row) => row.components ?? [row.component ?? row]);
  const files = resolved?.attachments ?? {};
  const values = fields.flatMap(({ value, values = [] }) => [...(value === undefined ? [] : [value]), ...values]).map(String);
  const attachments = values.flatMap((value) => (files[value] ? [fileOf(files[value])] : []));
  const text = values.filter((value) => value !== "" && !files[value]).join("\n");
  return { text, attachments };
}

/** Asked for by /ask without a word: room for more than one line. */
const FORM = {
  type: 9,
  data: {
    custom_id: ASK,
    title: ASK_ABOUT,
    components: [
      {
        type: 18,
        label: "Your message",
        component: { type: 4, custom_id: "text", style: 2, max_length: 4000, required: true },
      },
      {
        type: 18,
        label: "Files",
        component: { type: 19, custom_id: "files", min_values: 0, max_values: 10, required: false },
      },
    ],
  },
} as const;

function replyTo(heard: Intake | undefined, isComponent: boolean, isHidden: boolean): Response {
  switch (heard?.outcome) {
    case "received":
      // Something else is at work: who waits for that must not see two things being thought about.
      if (["queued", "steered"].includes(heard.receipt.state) && !heard.receipt.isNext)
        return sayToSender("I have it; the answer follows.");
      if (heard.receipt.state === "dropped") return sayToSender("Too much is waiting already; send it again later.");
      if (isComponent) return Response.json({ type: 6 });
      return Response.json({ type: 5, ...(isHidden ? { data: { flags: EPHEMERAL } } : {}) });
    case "pair":
      return sayToSender(heard.reply ?? "You have a code already; I can answer when it has been approved.");
    case "ignored":
    case undefined:
      return sayToSender("I do not answer here.");
    default:
      return heard satisfies never;
  }
}

function sayToSender(text: string): Response {
  const data = { content: renderFitting(text), flags: EPHEMERAL, allowed_mentions: { parse: [] } };
  return Response.json({ type: 4, data });
}
