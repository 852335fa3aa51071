// The methods of the Gateway socket: which scope each needs and what parameters it takes. What they do is in
// durable/gateway/methods/. Unknown parameters are ignored: clients of other versions send more than we read.
import * as z from "zod";
import { QUEUE_MODES, THINKING_LEVELS } from "./event.ts";
import type { Scope } from "./gateway.ts";
import { APPROVAL_DECISIONS } from "./home/approval-view.ts";
import { MAX_SESSION_KEY_LENGTH } from "./session-key.ts";

const text = (max: number) => z.string().min(1).max(max);
const sessionKey = text(MAX_SESSION_KEY_LENGTH);
const agentId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/i, "must be an agent's id")
  .optional();
const provider = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "must be a provider's id, for example anthropic");
/** Goes into a header as it is. */
const apiKey = z
  .string()
  .trim()
  .min(4, "is too short for a key")
  .max(4096, "is too long for a key")
  .regex(/^[\x21-\x7e]+$/, "must be one word of plain letters, digits and signs; copy the key again");
const idempotencyKey = text(256);
const message = z.string().max(1_000_000);
const thinking = z.enum(THINKING_LEVELS);
const nullable = <T extends z.ZodType>(type: T) => type.nullable().optional();

/** A file with a message: its bytes as base64 (or a data: URL), or something already uploaded to /media. */
const attachment = z.object({
  type: z.string().max(64).optional(),
  mimeType: z.string().max(128).optional(),
  fileName: z.string().max(256).optional(),
  content: z
    .string()
    .max(28 * 1024 * 1024)
    .optional(),
  media: z
    .object({ key: z.string().max(256), type: z.string().max(128), size: z.int().min(0), name: z.string().max(256).optional() })
    .optional(),
});
export type Attachment = z.infer<typeof attachment>;

const none = z.object({});
const byKey = z.object({ key: sessionKey, agentId });
const listFilter = z.object({
  limit: z.int().min(1).max(1000).optional(),
  offset: z.int().min(0).optional(),
  agentId,
  search: z.string().max(200).optional(),
  activeMinutes: z.number().positive().optional(),
  /** The sessions of programs that named none, instead of all others. */
  programs: z.boolean().optional(),
});

const turn = {
  agentId,
  message,
  thinking: thinking.optional(),
  model: z.string().max(256).optional(),
  queueMode: z.enum(QUEUE_MODES).optional(),
  attachments: z.array(attachment).max(20).optional(),
  timeoutMs: z.int().min(0).max(86_400_000).optional(),
};

const channelId = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must be a channel's id, for example telegram");
const accountId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "must be lower case letters, digits and -")
  .optional();
/** Of somebody on a channel. */
const ofChannel = { channel: channelId, accountId };
const account = { ...ofChannel, senderId: text(256) };
/** Both name the code; `requestId` is what lists and events call it. */
const pairingRequest = {
  requestId: text(64).optional(),
  code: text(64).optional(),
  channel: channelId.optional(),
  accountId,
};

/** `node`: for homes alone, whatever their scopes. */
function method<P extends z.ZodObject>(scope: Scope | "node", params: P): { scope: Scope | "node"; params: P } {
  return { scope, params };
}

export const METHODS = {
  /** `probe`: with what is stored where. */
  health: method("operator.read", z.object({ probe: z.boolean().optional() })),
  status: method("operator.read", none),
  "system-presence": method("operator.read", none),
  "logs.tail": method(
    "operator.read",
    z.object({
      cursor: z.int().min(0).optional(),
      limit: z.int().min(1).max(5000).optional(),
      maxBytes: z.int().min(1).max(1_000_000).optional(),
    }),
  ),

  "chat.history": method(
    "operator.read",
    z.object({
      sessionKey,
      agentId,
      limit: z.int().min(1).max(1000).optional(),
      maxChars: z.int().min(1).max(500_000).optional(),
      /** Only what came after this position: a screen that comes back. */
      afterSeq: z.int().min(0).optional(),
      beforeSeq: z.int().min(1).optional(),
    }),
  ),
  "chat.startup": method("operator.read", z.object({ sessionKey, agentId, limit: z.int().min(1).max(1000).optional() })),
  "chat.metadata": method("operator.read", z.object({ sessionKey: sessionKey.optional(), agentId })),
  "chat.message.get": method("operator.read", z.object({ sessionKey, agentId, messageId: text(128) })),
  "chat.send": method("operator.write", z.object({ ...turn, sessionKey, idempotencyKey })),
  "chat.abort": method("operator.write", z.object({ sessionKey, agentId, runId: text(256).optional() })),
  "chat.inject": method(
    "operator.admin",
    z.object({ sessionKey, agentId, message: message.min(1), label: z.string().max(100).optional() }),
  ),

  /** Tells the other screens that somebody writes in a session, or no longer does. */
  "session.typing": method("operator.write", z.object({ sessionKey, agentId, typing: z.boolean() })),

  agent: method(
    "operator.write",
    z.object({
      ...turn,
      sessionKey: sessionKey.optional(),
      sessionId: z.string().max(256).optional(),
      /** Seconds. */
      timeout: z.number().min(0).max(86_400).optional(),
      extraSystemPrompt: z.string().max(20_000).optional(),
      label: z.string().max(100).optional(),
      idempotencyKey,
    }),
  ),
  "agent.wait": method("operator.write", z.object({ runId: text(256), timeoutMs: z.int().min(0).max(3_600_000).optional() })),
  "agent.identity.get": method("operator.read", z.object({ agentId, sessionKey: sessionKey.optional() })),

  "sessions.list": method("operator.read", listFilter),
  "sessions.subscribe": method("operator.read", listFilter),
  "sessions.unsubscribe": method("operator.read", none),
  "sessions.describe": method("operator.read", byKey),
  "sessions.preview": method(
    "operator.read",
    z.object({
      keys: z.array(sessionKey).min(1).max(64),
      limit: z.int().min(1).max(50).optional(),
      maxChars: z.int().min(20).max(2000).optional(),
    }),
  ),
  "sessions.resolve": method(
    "operator.read",
    z.object({
      key: sessionKey.optional(),
      sessionId: z.string().max(256).optional(),
      label: z.string().max(100).optional(),
      agentId,
      allowMissing: z.boolean().optional(),
    }),
  ),
  "sessions.create": method(
    "operator.write",
    z.object({
      key: sessionKey.optional(),
      agentId,
      label: z.string().max(100).optional(),
      model: z.string().max(256).optional(),
      message: message.optional(),
      task: message.optional(),
      idempotencyKey: idempotencyKey.optional(),
    }),
  ),
  "sessions.send": method(
    "operator.write",
    z.object({ ...turn, key: sessionKey, message: message.min(1), idempotencyKey: idempotencyKey.optional() }),
  ),
  "sessions.abort": method("operator.write", z.object({ key: sessionKey, agentId, runId: text(256).optional() })),
  "sessions.patch": method(
    "operator.write",
    z.object({
      key: sessionKey,
      agentId,
      label: nullable(z.string().max(100)),
      model: nullable(z.string().max(256)),
      thinkingLevel: nullable(z.string().max(32)),
      queueMode: nullable(z.string().max(32)),
      verboseLevel: nullable(z.string().max(32)),
    }),
  ),
  "sessions.reset": method("operator.admin", z.object({ key: sessionKey, agentId, reason: z.enum(["new", "reset"]).optional() })),
  "sessions.delete": method("operator.admin", z.object({ key: sessionKey, agentId, deleteTranscript: z.boolean().optional() })),
  "sessions.compact": method(
    "operator.admin",
    z.object({ key: sessionKey, agentId, focus: z.string().max(800).optional(), instructions: z.string().max(800).optional() }),
  ),
  "sessions.usage": method("operator.read", z.object({ key: sessionKey.optional(), days: z.int().min(1).max(366).optional() })),
  "sessions.messages.subscribe": method("operator.read", byKey),
  "sessions.messages.unsubscribe": method("operator.read", byKey),

  "usage.cost": method("operator.read", z.object({ days: z.int().min(1).max(366).optional() })),
  "usage.status": method("operator.read", none),

  "agents.list": method("operator.read", none),
  "agents.files.list": method("operator.read", z.object({ agentId })),
  "agents.files.get": method("operator.read", z.object({ agentId, name: text(512) })),
  "agents.files.set": method(
    "operator.admin",
    z.object({ agentId, name: text(512), content: z.string().max(1_000_000), expectedVersion: z.int().min(0).optional() }),
  ),
  "agents.files.versions": method("operator.read", z.object({ agentId, name: text(512) })),
  "agents.files.version": method("operator.read", z.object({ agentId, name: text(512), version: z.int().min(1) })),

  "models.list": method("operator.read", z.object({ agentId })),
  "models.auth.list": method("operator.admin", z.object({ agentId })),
  /** Tried first, and kept only when it works; `force` keeps it untried. */
  "models.auth.set": method("operator.admin", z.object({ provider, key: apiKey, force: z.boolean().optional() })),
  "models.auth.remove": method("operator.admin", z.object({ provider })),
  /** Without a key: the one that is there. */
  "models.auth.test": method("operator.admin", z.object({ provider, key: apiKey.optional() })),
  "commands.list": method("operator.read", z.object({ agentId, includeArgs: z.boolean().optional() })),
  "tools.catalog": method("operator.read", z.object({ agentId })),
  "tools.effective": method("operator.read", z.object({ agentId, sessionKey: sessionKey.optional() })),
  "skills.status": method("operator.read", z.object({ agentId })),

  "config.get": method("operator.read", none),
  "config.schema": method("operator.read", none),
  "config.schema.lookup": method("operator.read", z.object({ path: z.string().max(512) })),
  "config.set": method("operator.admin", z.object({ raw: z.string().max(1_000_000), baseHash: z.string().max(256).optional() })),
  "config.patch": method(
    "operator.admin",
    z.object({
      raw: z.string().max(1_000_000).optional(),
      patch: z.record(z.string(), z.unknown()).optional(),
      baseHash: z.string().max(256).optional(),
    }),
  ),

  "device.pair.list": method("operator.pairing", none),
  "device.pair.approve": method("operator.pairing", z.object({ requestId: text(128) })),
  "device.pair.reject": method("operator.pairing", z.object({ requestId: text(128) })),
  "device.pair.remove": method("operator.pairing", z.object({ deviceId: text(256) })),
  "device.pair.rename": method("operator.pairing", z.object({ deviceId: text(256), label: text(100) })),
  "device.token.rotate": method("operator.pairing", z.object({ deviceId: text(256), role: z.string().max(32).optional() })),
  "device.token.revoke": method("operator.pairing", z.object({ deviceId: text(256), role: z.string().max(32).optional() })),
  /** Mints a one-time login link for a browser. */
  "auth.link": method("operator.admin", none),

  /** `limit`: of the latest decisions. */
  "channels.status": method(
    "operator.read",
    z.object({ channel: channelId.optional(), probe: z.boolean().optional(), limit: z.int().min(1).max(200).optional() }),
  ),
  /** Groups that were written in, heard or not. */
  "channels.groups": method("operator.read", z.object({ channel: channelId.optional(), accountId })),
  /** Keeps keys (by their names; an empty value removes one) and makes those that Skerry makes itself. */
  "channels.add": method(
    "operator.admin",
    z.object({ channel: channelId, accountId, keys: z.record(z.string().max(64), z.string().max(16_384)) }),
  ),
  "channels.remove": method("operator.admin", z.object(ofChannel)),
  /** Switches a channel off, or one of its accounts, in the settings: its line is closed, its keys and its link stay. */
  "channels.stop": method("operator.admin", z.object(ofChannel)),
  "channels.start": method("operator.admin", z.object(ofChannel)),
  /** Tells the platform where we are. `url`: our address as the platform reaches it. */
  "channels.connect": method("operator.admin", z.object({ ...ofChannel, url: z.url({ protocol: /^https?$/ }).max(2048) })),
  /** Asks the platform whether the keys are good; with `to` (a peer, "owner" or a person) a first word is sent there. */
  "channels.test": method("operator.admin", z.object({ channel: channelId, accountId, to: text(256).optional() })),
  /** Links an account whose line a machine at home holds: answers what the owner is shown, or that it is linked. */
  "web.login.start": method(
    "operator.admin",
    z.object({
      channel: channelId.optional(),
      accountId,
      /** A new code. */
      force: z.boolean().optional(),
      /** By a code that is typed on that phone. */
      phone: z.string().max(32).optional(),
      timeoutMs: z.int().min(0).max(600_000).optional(),
      verbose: z.boolean().optional(),
    }),
  ),
  /** `since`: as it was answered last; answered anew when something changed. */
  "web.login.wait": method(
    "operator.admin",
    z.object({
      channel: channelId.optional(),
      accountId,
      since: z.number().optional(),
      timeoutMs: z.int().min(0).max(600_000).optional(),
      currentQrDataUrl: z.string().max(100_000).optional(),
    }),
  ),
  "channels.logout": method("operator.admin", z.object(ofChannel)),
  "channels.pairing.list": method("operator.pairing", z.object({ channel: channelId.optional(), accountId })),
  "channels.pairing.approve": method(
    "operator.pairing",
    z.object({ ...pairingRequest, as: text(128).optional(), notify: z.boolean().optional() }),
  ),
  "channels.pairing.dismiss": method("operator.pairing", z.object(pairingRequest)),
  "people.list": method("operator.read", none),
  "people.link": method("operator.admin", z.object({ id: text(256), other: text(256) })),
  "people.unlink": method("operator.admin", z.object(account)),
  "people.rename": method("operator.admin", z.object({ id: text(256), name: z.string().trim().min(1).max(80) })),
  "people.forget": method("operator.admin", z.object(account)),
  "people.block": method("operator.admin", z.object(account)),
  "people.unblock": method("operator.admin", z.object(account)),

  "node.list": method("operator.read", none),
  "node.describe": method("operator.read", z.object({ nodeId: text(256) })),
  "node.rename": method("operator.pairing", z.object({ nodeId: text(256), displayName: z.string().trim().min(1).max(80) })),
  /** Asks a home for something that does no harm; commands and files go by the agent's tools alone. */
  "node.invoke": method(
    "operator.write",
    z.object({
      nodeId: text(256),
      command: text(128),
      params: z.record(z.string(), z.unknown()).optional(),
      timeoutMs: z.int().min(0).max(600_000).optional(),
      idempotencyKey,
    }),
  ),
  "node.pair.list": method("operator.pairing", none),
  /** `commands`: those that whoever approves has seen. */
  "node.pair.approve": method(
    "operator.admin",
    z.object({ requestId: text(256), commands: z.array(text(128)).max(1000).optional() }),
  ),
  "node.pair.remove": method("operator.admin", z.object({ nodeId: text(256) })),
  "node.invoke.result": method(
    "node",
    z.object({
      id: text(256),
      nodeId: z.string().max(256).optional(),
      ok: z.boolean(),
      payload: z.unknown().optional(),
      // No bounds here: an answer that is refused would never end its call. What is too large is told to whoever asked.
      payloadJSON: z.string().nullable().optional(),
      error: z.object({ code: z.string().optional(), message: z.string().optional() }).nullable().optional(),
    }),
  ),
  "node.invoke.progress": method(
    "node",
    z.object({ invokeId: text(256), nodeId: z.string().max(256).optional(), seq: z.int().min(0), chunk: z.string().max(16_384) }),
  ),
  "node.event": method(
    "node",
    z.object({ event: text(128), payload: z.unknown().optional(), payloadJSON: z.string().max(1_000_000).nullable().optional() }),
  ),
  "node.pending.pull": method("node", none),
  "node.pending.ack": method("node", z.object({ ids: z.array(text(256)).max(100) })),

  "question.list": method("operator.read", none),
  "plugin.approval.list": method("operator.read", none),
  /** Questions that wait for the owner's word, oldest first. */
  "exec.approval.list": method("operator.approvals", none),
  /** One with its whole command line. */
  "exec.approval.get": method("operator.approvals", z.object({ id: text(256) })),
  "exec.approval.resolve": method("operator.approvals", z.object({ id: text(256), decision: z.enum(APPROVAL_DECISIONS) })),
  /** What was decided within thirty days, the latest first. */
  "approval.history": method("operator.approvals", z.object({ limit: z.int().min(1).max(500).optional() })),
  "taskSuggestions.list": method("operator.read", none),
  "cron.list": method("operator.read", none),
} as const;

export type MethodName = keyof typeof METHODS;
export type MethodParams<M extends MethodName> = z.infer<(typeof METHODS)[M]["params"]>;

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}

export const EVENTS = [
  "connect.challenge",
  "agent",
  "chat",
  "session.message",
  "session.inbox",
  "session.typing",
  "sessions.changed",
  "presence",
  "tick",
  "health",
  "shutdown",
  "node.invoke.request",
  "node.invoke.cancel",
  "node.changed",
  "device.pair.requested",
  "device.pair.resolved",
  "channels.pairing.requested",
  "channels.pairing.resolved",
  "exec.approval.requested",
  "exec.approval.resolved",
  "people.changed",
  "channels.changed",
  "config.changed",
] as const;
export type EventName = (typeof EVENTS)[number];
