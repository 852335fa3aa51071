// What is sent by imsg: acts of the house as what it is asked. Replies, tapbacks, edits, unsending, typing and read marks need its bridge into
// Messages; without it they are left out or refused in words. A file of an act is lent to it under its own name, and taken back.
import { randomUUID } from "node:crypto";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { DeliveryOutcome } from "../../../../contract/channels/delivery.ts";
import type { ChannelSend } from "../../../../contract/channels/home-acts.ts";
import type { Address } from "../../../../contract/message.ts";
import type { LocalFile } from "../../driver.ts";
import { reactionOf, sendInTurn } from "../acts.ts";
import { type Answer, outcomeOf } from "../blue-bubbles.ts";
import { type Notebook, UNNAMED } from "../notebook.ts";
import type { ImsgProgram } from "./program.ts";

/** AppleScript takes its time, and a large file more. */
const SEND_MS = 180_000;
const SOON_MS = 15_000;

export interface ImsgSender {
  program: ImsgProgram;
  hasBridge: boolean;
  notebook: Notebook;
  /** Where files are lent from. */
  dir: string;
  now(): number;
}

const NO_BRIDGE: DeliveryOutcome = {
  outcome: "refused",
  reason: "This needs imsg's bridge into Messages, which is not running at the Mac; see docs/channels/imessage.md.",
};

/** The chat as it came in, a group by its id, else whoever it is. */
export function targetOf({ peer, route }: Pick<Address, "peer" | "route">): Record<string, string> {
  const chat = route?.["chat"] ?? (peer.includes(";") ? peer : undefined);
  return chat === undefined ? { to: peer } : { chat_guid: chat };
}

export async function deliver(
  { to, act }: Omit<ChannelSend, "id">,
  files: readonly LocalFile[],
  sender: ImsgSender,
): Promise<DeliveryOutcome> {
  const { program, hasBridge, notebook } = sender;
  const changes = act.type === "edit" || act.type === "delete" || act.type === "react" || act.type === "typing";
  if (!hasBridge && (changes || (act.type === "text" && act.replaces !== undefined))) return NO_BRIDGE;
  // Its bridge knows chats alone.
  const chat = { chat_guid: targetOf(to)["chat_guid"] ?? `iMessage;-;${to.peer}` };
  switch (act.type) {
    case "text":
      if (act.replaces !== undefined) return edit(act.replaces, act.text, chat, sender);
      return say(act.text, act.replyTo, to, sender);
    case "media":
      return sendInTurn(
        act,
        files,
        (text) => say(text, act.replyTo, to, sender),
        (file) => sendFile(file, act.isVoice === true, to, sender),
      );
    case "edit":
      return edit(act.message, act.text, chat, sender);
    case "delete":
      return done(await program.request("message.unsend", { ...chat, message_guid: act.message }, SEND_MS));
    case "react": {
      const reaction = reactionOf(act, notebook);
      if (typeof reaction !== "string") return reaction;
      const remove = act.emoji === null ? { remove: true } : {};
      const answer = await program.request("tapback", { ...chat, message_guid: act.message, reaction, ...remove }, SEND_MS);
      if (answer.ok && act.emoji !== null) notebook.setMark(act.message, reaction);
      return done(answer);
    }
    case "typing":
      return done(await program.request("typing", { ...targetOf(to), typing: true }, SOON_MS));
    case "draft":
    case "pin":
    case "poll":
    case "thread":
      return { outcome: "refused", reason: "iMessage cannot do this." };
    default:
      return act satisfies never;
  }
}

async function say(text: string, replyTo: string | undefined, to: Address, sender: ImsgSender): Promise<DeliveryOutcome> {
  const target = targetOf(to);
  if (replyTo !== undefined && sender.hasBridge && target["chat_guid"] !== undefined) {
    const answer = await sender.program.request("send.rich", { ...target, text, reply_to: replyTo }, SEND_MS);
    return sent(answer, text, to, sender);
  }
  return sent(await sender.program.request("send", { ...target, text }, SEND_MS), text, to, sender);
}

async function edit(
  guid: string,
  text: string,
  chat: Record<string, string>,
  { program, notebook, now }: ImsgSender,
): Promise<DeliveryOutcome> {
  const answer = await program.request("message.edit", { ...chat, message_guid: guid, text }, SEND_MS);
  if (!answer.ok) return outcomeOf(answer.refusal);
  const noted = notebook.find(guid);
  if (noted) notebook.note(guid, "", { ...noted, text }, now());
  return { outcome: "sent", platformId: guid };
}

async function sendFile(file: LocalFile, isVoice: boolean, to: Address, sender: ImsgSender): Promise<DeliveryOutcome> {
  const lent = join(sender.dir, randomUUID());
  try {
    await mkdir(lent, { recursive: true, mode: 0o700 });
    const path = join(lent, plainFileName(file.name));
    await copyFile(file.path, path);
    const target = targetOf(to);
    const asVoice = isVoice && sender.hasBridge && target["chat_guid"] !== undefined;
    const answer = asVoice
      ? await sender.program.request("send.attachment", { ...target, file: path, audio: true }, SEND_MS)
      : await sender.program.request("send", { ...target, file: path }, SEND_MS);
    return sent(answer, `[${file.name}]`, to, sender);
  } finally {
    await rm(lent, { recursive: true, force: true });
  }
}

/** One name of a file, and no way to another folder. */
export function plainFileName(name: string): string {
  const plain = name
    .replace(/[\p{Cc}/\\:]+/gu, "_")
    .replace(/^\.+/, "")
    .trim()
    .slice(-120);
  return plain === "" ? "file" : plain;
}

function sent(answer: Answer<unknown>, text: string, to: Address, { notebook, now }: ImsgSender): DeliveryOutcome {
  if (!answer.ok) return outcomeOf(answer.refusal);
  const guid = z.object({ guid: z.string().min(1) }).safeParse(answer.value).data?.guid;
  // Without a name it gets the one it has when the Mac's book tells it.
  notebook.note(guid ?? `${UNNAMED}${randomUUID()}`, to.peer, { text, author: "you", isOurs: true }, now());
  return { outcome: "sent", ...(guid === undefined ? {} : { platformId: guid }) };
}

function done(answer: Answer<unknown>): DeliveryOutcome {
  return answer.ok ? { outcome: "sent" } : outcomeOf(answer.refusal);
}
