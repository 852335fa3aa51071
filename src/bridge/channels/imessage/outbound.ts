// What is sent by iMessage: acts of the house as what BlueBubbles is asked. Replies, tapbacks, edits, unsending, typing and read marks need
// its private API; without it they are left out or refused in words.
import { randomUUID } from "node:crypto";
import { openAsBlob } from "node:fs";
import * as z from "zod";
import type { DeliveryOutcome } from "../../../contract/channels/delivery.ts";
import type { ChannelSend } from "../../../contract/channels/home-acts.ts";
import type { Address } from "../../../contract/message.ts";
import type { LocalFile } from "../driver.ts";
import { reactionOf, sendInTurn } from "./acts.ts";
import { type Answer, type BlueBubbles, outcomeOf, type ServerInfo } from "./blue-bubbles.ts";
import type { Notebook } from "./notebook.ts";

export interface Sender {
  server: BlueBubbles;
  info: ServerInfo;
  notebook: Notebook;
  now(): number;
}

const PRIVATE: DeliveryOutcome = {
  outcome: "refused",
  reason: "This needs BlueBubbles' private API, which is not switched on at the Mac; see docs/channels/imessage.md.",
};

/** The chat of an address: as it came in, or the one iMessage has with a person. */
export function chatOf({ peer, route }: Pick<Address, "peer" | "route">): string {
  return route?.["chat"] ?? (peer.includes(";") ? peer : `iMessage;-;${peer}`);
}

export async function deliver(
  { to, act }: Omit<ChannelSend, "id">,
  files: readonly LocalFile[],
  sender: Sender,
): Promise<DeliveryOutcome> {
  const { server, info, notebook } = sender;
  const chat = chatOf(to);
  const needsPrivate =
    ["edit", "delete", "react", "typing"].includes(act.type) || (act.type === "text" && act.replaces !== undefined);
  if (needsPrivate && !info.hasPrivateApi) return PRIVATE;
  switch (act.type) {
    case "text":
      if (act.replaces !== undefined) return edit(act.replaces, act.text, sender);
      return say(act.text, act.replyTo, to, sender);
    case "media":
      return sendInTurn(
        act,
        files,
        (text) => say(text, act.replyTo, to, sender),
        (file) => sendFile(file, act.isVoice === true, to, sender),
      );
    case "edit":
      return edit(act.message, act.text, sender);
    case "delete":
      return done(await server.ask("POST", `/message/${encodeURIComponent(act.message)}/unsend`, { partIndex: 0 }));
    case "react": {
      const reaction = reactionOf(act, notebook);
      if (typeof reaction !== "string") return reaction;
      const body = {
        chatGuid: chat,
        selectedMessageGuid: act.message,
        reaction: act.emoji === null ? `-${reaction}` : reaction,
        partIndex: 0,
      };
      const answer = await server.ask("POST", "/message/react", body);
      if (answer.ok && act.emoji !== null) notebook.setMark(act.message, reaction);
      return done(answer);
    }
    case "typing":
      return done(await server.ask("POST", `/chat/${encodeURIComponent(chat)}/typing`, {}));
    case "draft":
    case "pin":
    case "poll":
    case "thread":
      return { outcome: "refused", reason: "iMessage cannot do this." };
    default:
      return act satisfies never;
  }
}

async function say(text: string, replyTo: string | undefined, to: Address, sender: Sender): Promise<DeliveryOutcome> {
  const { server, info } = sender;
  const tempGuid = `skerry-${randomUUID()}`;
  const how = {
    tempGuid,
    message: text,
    method: info.hasPrivateApi ? "private-api" : "apple-script",
    ...(replyTo !== undefined && info.hasPrivateApi ? { selectedMessageGuid: replyTo, partIndex: 0 } : {}),
  };
  const chatGuid = chatOf(to);
  if (to.route === undefined && to.kind !== "group") {
    const known = await server.ask("GET", `/chat/${encodeURIComponent(chatGuid)}`);
    if (!known.ok && known.refusal.kind === "missing") {
      const body = { addresses: [to.peer], message: text, method: how.method, service: "iMessage", tempGuid };
      const begun = await server.ask("POST", "/chat/new", body);
      return sent(begun.ok ? { ok: true, value: { data: firstOf(begun.value.data) } } : begun, text, to, sender);
    }
  }
  return sent(await server.ask("POST", "/message/text", { chatGuid, ...how }), text, to, sender);
}

/** A new chat is told with the message that began it. */
function firstOf(chat: unknown): unknown {
  return z.object({ messages: z.array(z.unknown()) }).safeParse(chat).data?.messages[0];
}

async function edit(guid: string, text: string, { server, notebook, now }: Sender): Promise<DeliveryOutcome> {
  const body = { editedMessage: text, backwardsCompatibilityMessage: `Edited to “${text}”`, partIndex: 0 };
  const answer = await server.ask("POST", `/message/${encodeURIComponent(guid)}/edit`, body);
  if (!answer.ok) return outcomeOf(answer.refusal);
  const noted = notebook.find(guid);
  if (noted) notebook.note(guid, "", { ...noted, text }, now());
  return { outcome: "sent", platformId: guid };
}

async function sendFile(file: LocalFile, isVoice: boolean, to: Address, sender: Sender): Promise<DeliveryOutcome> {
  const { server, info } = sender;
  const { path, type, name, size } = file;
  if (size === 0) return { outcome: "refused", reason: `${name} is empty, and BlueBubbles sends no empty file.` };
  const form = new FormData();
  form.set("chatGuid", chatOf(to));
  form.set("tempGuid", `skerry-${randomUUID()}`);
  form.set("name", name);
  form.set("method", info.hasPrivateApi ? "private-api" : "apple-script");
  if (isVoice && info.hasPrivateApi) form.set("isAudioMessage", "true");
  form.set("attachment", await openAsBlob(path, { type }), name);
  return sent(await server.ask("POST", "/message/attachment", form), `[${name}]`, to, sender);
}

function sent(answer: Answer<{ data?: unknown }>, text: string, to: Address, { notebook, now }: Sender): DeliveryOutcome {
  if (!answer.ok) return outcomeOf(answer.refusal);
  const data = z.object({ guid: z.string().min(1) }).safeParse(answer.value.data);
  if (!data.success) return { outcome: "sent" };
  notebook.note(data.data.guid, to.peer, { text, author: "you", isOurs: true }, now());
  return { outcome: "sent", platformId: data.data.guid };
}

function done(answer: Answer<unknown>): DeliveryOutcome {
  return answer.ok ? { outcome: "sent" } : outcomeOf(answer.refusal);
}
