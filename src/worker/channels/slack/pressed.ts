// What people do in Slack besides writing: buttons and menus of our messages, and the slash command.
import type { Inbound } from "../../../contract/channels/channel.ts";
import type { Message } from "../../../contract/message.ts";
import { commands } from "../../../durable/agent/commands.ts";
import { namesIn, placeOf, type Scene, senderOf } from "./inbound.ts";
import { readWords } from "./words.ts";

interface Action {
  action_id?: string;
  action_ts?: string;
  value?: string;
  selected_option?: { value?: string } | null;
  selected_options?: { value?: string }[];
  selected_date?: string | null;
  selected_time?: string | null;
  selected_user?: string | null;
  selected_channel?: string | null;
  selected_conversation?: string | null;
}

/** The JSON in the form that a press sends. */
export interface Press {
  type: string;
  team?: { id?: string } | null;
  enterprise?: { id?: string } | null;
  user?: { id?: string; name?: string };
  channel?: { id?: string; name?: string };
  message?: { ts?: string; thread_ts?: string };
  container?: { channel_id?: string; message_ts?: string; thread_ts?: string };
  actions?: Action[];
}

export async function readPress(press: Press, now: number, scene: Scene): Promise<Inbound[]> {
  const channel = press.container?.channel_id ?? press.channel?.id;
  const user = press.user?.id;
  if (press.type !== "block_actions" || channel === undefined || user === undefined) return [];
  const thread = press.message?.thread_ts ?? press.container?.thread_ts;
  const from = placeOf({ channel, user, thread }, scene);
  const sender = await senderOf(user, scene);
  return (press.actions ?? []).flatMap((action): Inbound[] => {
    const text = choiceOf(action);
    if (text === "") return [];
    const id = `slack:${scene.account}:${action.action_ts ?? press.message?.ts}:${user}:${action.action_id ?? ""}`;
    const message: Message = { id, from, sender, parts: [{ type: "text", text }], sentAt: now };
    return [{ kind: "message", message: from.kind === "group" ? { ...message, isToUs: true } : message }];
  });
}

function choiceOf(action: Action): string {
  const chosen = action.selected_options?.map((option) => option.value ?? "").join(", ");
  return (
    action.value ??
    action.selected_option?.value ??
    chosen ??
    action.selected_date ??
    action.selected_time ??
    action.selected_user ??
    action.selected_channel ??
    action.selected_conversation ??
    ""
  );
}

/** "/skerry status" → "/status" (the word alone: more may be a sentence), "/skerry how are you" → "how are you", and "/status" of an app that has it → "/status". */
export async function readSlash(form: URLSearchParams, now: number, scene: Scene): Promise<Inbound[]> {
  const channel = form.get("channel_id");
  const user = form.get("user_id");
  if (!channel || !user) return [];
  const written = form.get("text") ?? "";
  const words = readWords(written, await namesIn(written, scene)).trim();
  // Direct messages may be those with somebody else: the answer comes in the person's own with the bot.
  const { route: _route, ...place } = placeOf({ channel, user }, scene);
  const answerAt = place.kind === "group" ? form.get("response_url") : null;
  const message: Message = {
    id: `slack:${scene.account}:${form.get("trigger_id") ?? ""}`,
    // Where the bot is no member it can still answer at this address, for half an hour.
    from: answerAt ? { ...place, route: { answerAt } } : place,
    sender: await senderOf(user, scene, form.get("user_name") ?? undefined),
    parts: [{ type: "text", text: wordsOfCommand(form.get("command") ?? "", words) }],
    sentAt: now,
    isToUs: true,
  };
  const name = form.get("channel_name");
  const isNamed = place.kind === "group" && name && !["privategroup", "directmessage"].includes(name);
  return [{ kind: "message", message: isNamed ? { ...message, placeName: `#${name}` } : message }];
}

function wordsOfCommand(command: string, words: string): string {
  const isKnown = (word: string) => commands.some(({ name }) => name === word);
  const own = command.slice(1);
  if (isKnown(own)) return `/${own} ${words}`.trim();
  if (words === "") return "/help";
  return isKnown(words) ? `/${words}` : words;
}
