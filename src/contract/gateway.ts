// Frames of the Gateway socket: the OpenClaw Gateway protocol, version 4. Methods and their parameters are in
// methods.ts. Zod stands at this edge and nowhere behind it.
import * as z from "zod";
import type { GatewayErrorData } from "./errors.ts";

export const PROTOCOL_VERSION = 4;
export const MAX_PREAUTH_FRAME_BYTES = 64 * 1024;
export const MAX_FRAME_BYTES = 25 * 1024 * 1024;
/** Most bytes on their way to one screen that showed no sign of life; an object has 128 MB in all. */
export const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
export const TICK_INTERVAL_MS = 30_000;
export const HANDSHAKE_TIMEOUT_MS = 15_000;

export const SCOPES = [
  "operator.read",
  "operator.write",
  "operator.admin",
  "operator.approvals",
  "operator.pairing",
  "operator.questions",
  "operator.talk",
  "operator.talk.secrets",
] as const;
export type Scope = (typeof SCOPES)[number];
export type Role = "operator" | "node";

/** A client with this capability gets answers as `deltaText` alone, so that bytes stay linear in their length. */
export const CAP_DELTA_TEXT = "delta-text";
/** A client with this capability gets the `tool` stream of `agent` events. */
export const CAP_TOOL_EVENTS = "tool-events";
/** Of the Gateway: the bare text `ping` is answered by `pong`, and wakes nothing. */
export const CAP_BARE_PING = "bare-ping";

export const requestFrame = z.object({
  type: z.literal("req"),
  id: z.string().min(1).max(256),
  method: z.string().min(1).max(128),
  params: z.record(z.string(), z.unknown()).optional(),
});
export type RequestFrame = z.infer<typeof requestFrame>;

export const connectParams = z.object({
  minProtocol: z.int(),
  maxProtocol: z.int(),
  client: z.object({
    id: z.string().min(1).max(128),
    displayName: z.string().max(256).optional(),
    version: z.string().max(128),
    platform: z.string().max(128),
    deviceFamily: z.string().max(128).optional(),
    modelIdentifier: z.string().max(128).optional(),
    mode: z.string().max(64),
    instanceId: z.string().max(128).optional(),
  }),
  role: z.string().max(32).default("operator"),
  /** Absent: all that the proof allows. Empty: none. */
  scopes: z.array(z.string().max(64)).max(64).optional(),
  caps: z.array(z.string().max(64)).max(64).default([]),
  commands: z.array(z.string().max(128)).max(512).default([]),
  permissions: z.record(z.string(), z.unknown()).optional(),
  auth: z
    .object({
      token: z.string().max(4096).optional(),
      password: z.string().max(4096).optional(),
      deviceToken: z.string().max(4096).optional(),
      bootstrapToken: z.string().max(4096).optional(),
    })
    .optional(),
  device: z
    .object({
      id: z.string().max(256),
      publicKey: z.string().max(1024),
      signature: z.string().max(1024),
      signedAt: z.number(),
      nonce: z.string().max(256),
    })
    .optional(),
  locale: z.string().max(64).optional(),
  userAgent: z.string().max(1024).optional(),
});
export type ConnectParams = z.infer<typeof connectParams>;

export interface ResponseFrame {
  type: "res";
  id: string;
  ok: boolean;
  payload?: unknown;
  error?: GatewayErrorData;
}

export interface EventFrame {
  type: "event";
  event: string;
  payload?: unknown;
  /** Counts up per connection; a gap tells the client to fetch again. */
  seq?: number;
  stateVersion?: { presence: number; health: number };
}
