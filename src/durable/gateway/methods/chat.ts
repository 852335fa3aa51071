// Talking: history, sending, stopping, notes. A screen that comes back asks chat.history with `afterSeq`, the
// `__openclaw.seq` of the last message it has, and gets what it missed and, in `active`, what runs just now.

import { GatewayError } from "../../../contract/errors.ts";
import type { TurnWishes } from "../../../contract/event.ts";
import { newId } from "../../../contract/id.ts";
import type { MediaRef, Part } from "../../../contract/message.ts";
import type { Attachment, MethodParams } from "../../../contract/methods.ts";
import type { History } from "../../../contract/ports/session.ts";
import { MEDIA_KEY } from "../../media.ts";
import { satisfies } from "../access/access.ts";
import { fromBase64Url } from "../access/secrets.ts";
import { type View, viewEmptySession, viewEntry, viewSession } from "../live/views.ts";
import { viewSetting } from "./catalogue.ts";
import { type Call, FirstOfTwo, type Handlers, invalid, LATER, nameSession, notFound, type SessionName } from "./method.ts";

const MAX_HISTORY_CHARS = 6 * 1024 * 1024;
const WAIT_MS = 30_000;

type ChatMethod =
  | "chat.history"
  | "chat.startup"
  | "chat.metadata"
  | "chat.message.get"
  | "chat.send"
  | "chat.abort"
  | "chat.inject"
  | "session.typing"
  | "agent"
  | "agent.wait";

export const chat: Handlers<ChatMethod> = {
  "chat.history": (params, call) => readHistory(call, nameSession(params.sessionKey, params.agentId), params),

  "chat.startup": async (params, call) => {
    const name = nameSession(params.sessionKey, params.agentId);
    const [history, agents] = await Promise.all([readHistory(call, name, params), call.house.directory.agents()]);
    return { ...history, agents };
  },

  "chat.metadata": async (params, call) => {
    const name = nameSession(params.sessionKey, params.agentId);
    const row = call.house.session(name.key).row();
    const setting = await viewSetting(call, name, () => row);
    const known = await row;
    return { sessionKey: name.key, session: known ? viewSession(known) : null, ...setting };
  },

  "chat.message.get": async (params, call) => {
    const name = nameSession(params.sessionKey, params.agentId);
    const entry = await call.house.session(name.key).entry(params.messageId);
    if (!entry) throw notFound("There is no such message in this session.");
    return { ok: true, sessionKey: name.key, messageId: entry.id, message: viewEntry(entry, { mayApprove: mayApprove(call) }) };
  },

  "chat.send": async (params, call) => {
    const { receipt } = await say(call, params, nameSession(params.sessionKey, params.agentId), params.idempotencyKey, {});
    const status = receipt.status === "duplicate" ? "in_flight" : "started";
    const reply = receipt.reply === undefined ? {} : { reply: receipt.reply };
    return { runId: receipt.runId, status, state: receipt.state, ...reply };
  },

  "chat.abort": async (params, call) => {
    const name = nameSession(params.sessionKey, params.agentId);
    const stopped = await call.house.session(name.key).stop(params.runId);
    return { ok: true, aborted: stopped.stopped, runIds: stopped.runIds };
  },

  "chat.inject": async (params, call) => {
    const name = nameSession(params.sessionKey, params.agentId);
    const entry = await call.house.session(name.key).inject(params.message, params.label);
    return { ok: true, messageId: entry.id, messageSeq: entry.seq };
  },

  "session.typing": (params, { house, screen }) => {
    const { key: sessionKey, agentId } = nameSession(params.sessionKey, params.agentId);
    const { connId, client } = screen.state;
    const family = client.deviceFamily === undefined ? {} : { deviceFamily: client.deviceFamily };
    const actor = { id: client.instanceId ?? connId, label: client.displayName ?? client.id, ...family };
    const payload = { sessionKey, agentId, typing: params.typing, actor, ts: house.now() };
    return { ok: true, broadcast: house.tellOthers(connId, "session.typing", payload, sessionKey) > 0 };
  },

  agent: async (params, call) => {
    const name = nameSession(params.sessionKey ?? params.sessionId, params.agentId);
    const timeoutMs = params.timeoutMs ?? (params.timeout === undefined ? undefined : Math.round(params.timeout * 1000));
    const { receipt, sessionKey, agentId } = await say(call, params, name, params.idempotencyKey, {
      ...(params.extraSystemPrompt === undefined ? {} : { extraSystemPrompt: params.extraSystemPrompt }),
      ...(timeoutMs ? { timeoutMs } : {}),
    });
    const { runId } = receipt;
    return new FirstOfTwo({ runId, sessionKey, agentId, status: "accepted", acceptedAt: call.house.now() }, runId, sessionKey);
  },

  "agent.wait": async (params, call) => {
    const { house, screen, frameId } = call;
    const { runId } = params;
    const sessionKey = house.sessionOfRun(runId) ?? (await house.directory.findRun(runId))?.sessionKey ?? "";
    const dueAt = house.now() + (params.timeoutMs ?? WAIT_MS);
    await house.waitFor({ connId: screen.id, frameId, runId, sessionKey, kind: "wait", dueAt });
    return LATER;
  },
};

type Said = Pick<MethodParams<"chat.send">, "message" | "thinking" | "model" | "queueMode" | "attachments" | "timeoutMs">;

/** Brings a message in. Used by every method that says something. */
export async function say(call: Call, said: Said, name: SessionName, id: string, more: TurnWishes) {
  const { house, screen } = call;
  const parts = await readParts(call, said);
  if (parts.length === 0) throw invalid("The message is empty; write something or attach a file.");
  const wishes: TurnWishes = {
    ...(said.thinking === undefined ? {} : { thinking: said.thinking }),
    ...(said.model === undefined ? {} : { model: said.model }),
    ...(said.queueMode === undefined ? {} : { queueMode: said.queueMode }),
    ...(said.timeoutMs ? { timeoutMs: said.timeoutMs } : {}),
    ...more,
  };
  const from = { channel: "webchat", peer: screen.state.deviceId ?? screen.state.client.id };
  const message = { id, from, sender: { id: "owner", isOwner: true }, parts, sentAt: house.now() };
  const taken = await house.intake(message, wishes, {
    sessionKey: name.key,
    agentId: name.agentId,
    mayDecide: mayApprove(call),
  });
  switch (taken.outcome) {
    case "received":
      return taken;
    case "pair":
      throw new GatewayError({
        code: "FORBIDDEN",
        message: taken.reply ?? "Not paired: the owner must approve this sender first.",
      });
    case "ignored":
      throw new GatewayError({ code: "FORBIDDEN", message: `The message was not taken: ${taken.reason}` });
    default:
      return taken satisfies never;
  }
}

async function readParts(call: Call, said: Said): Promise<Part[]> {
  const parts: Part[] = said.message.trim() === "" ? [] : [{ type: "text", text: said.message }];
  for (const attachment of said.attachments ?? []) {
    const media = await readAttachment(call, attachment);
    parts.push({ type: media.type.startsWith("image/") ? "image" : "file", media });
  }
  return parts;
}

async function readAttachment(call: Call, attachment: Attachment): Promise<MediaRef> {
  if (attachment.media) {
    const { key, type, size, name } = attachment.media;
    if (!MEDIA_KEY.test(key)) throw invalid("attachments: this media key was not given out by /media.");
    return { key, type, size, ...(name === undefined ? {} : { name }) };
  }
  const base64 = (attachment.content ?? "").replace(/^data:[^,]*,/, "").replace(/\s+/g, "");
  const bytes = fromBase64Url(base64);
  if (!bytes) throw invalid("attachments: content must be base64.");
  return call.house.storeMedia(bytes, attachment.fileName);
}

interface Page {
  limit?: number | undefined;
  maxChars?: number | undefined;
  afterSeq?: number | undefined;
  beforeSeq?: number | undefined;
}

async function readHistory(call: Call, name: SessionName, page: Page): Promise<View> {
  const asked = call.house.session(name.key).history({
    limit: page.limit ?? 200,
    ...(page.afterSeq === undefined ? {} : { afterSeq: page.afterSeq }),
    ...(page.beforeSeq === undefined ? {} : { beforeSeq: page.beforeSeq }),
  });
  const [history, setting] = await Promise.all([asked, viewSetting(call, name, async () => (await asked).row)]);
  const { messages, isCut, lastSeq } = viewMessages(history, { ...page, mayApprove: mayApprove(call) });
  const isKnown = history.row.sessionId !== "";
  const { active, row } = history;
  return {
    sessionKey: name.key,
    sessionId: isKnown ? row.sessionId : undefined,
    messages,
    pendingInputs: {
      items: history.waiting.map((item) => ({ id: item.inboxId, text: item.text, state: item.state, createdAt: item.at })),
      total: history.waiting.length,
    },
    hasMore: history.hasMore || isCut,
    totalMessages: history.total,
    lastSeq: lastSeq ?? page.afterSeq ?? 0,
    thinkingLevel: row.thinking ?? null,
    verboseLevel: row.verbose ?? null,
    ...setting,
    sessionInfo: isKnown ? viewSession(row) : viewEmptySession(name.key, name.agentId),
    ...(active ? { active, inFlightRun: { runId: active.runId, text: active.text } } : {}),
  };
}

/**
 * As many messages as an answer holds; at least one. Whoever catches up gets the oldest of them and asks again from
 * `lastSeq`; whoever opens a session gets the newest.
 */
function viewMessages(
  history: History,
  page: Page & { mayApprove: boolean },
): { messages: View[]; isCut: boolean; lastSeq: number | undefined } {
  const isCatchingUp = page.afterSeq !== undefined;
  const entries = isCatchingUp ? history.entries : history.entries.toReversed();
  const taken: { seq: number; view: View }[] = [];
  let chars = 0;
  for (const entry of entries) {
    const view = viewEntry(entry, page);
    chars += JSON.stringify(view).length;
    if (chars > MAX_HISTORY_CHARS && taken.length > 0) break;
    taken.push({ seq: entry.seq, view });
  }
  if (!isCatchingUp) taken.reverse();
  return { messages: taken.map(({ view }) => view), isCut: taken.length < entries.length, lastSeq: taken.at(-1)?.seq };
}

/** A key for a message whose sender gave none. */
export function newMessageId(): string {
  return newId("msg");
}

/** Whether the caller's word is the owner's. */
export function mayApprove(call: Call): boolean {
  return satisfies(call.screen.state.scopes, "operator.approvals");
}

/** Whether the caller may do what only an administrator may. */
export function isAdmin(call: Call): boolean {
  return satisfies(call.screen.state.scopes, "operator.admin");
}
