// The first words: a challenge from us, `connect` from the client, `hello-ok` or a refusal and a close. Texts and
// close codes are those that clients of the protocol know.
import { type GatewayErrorData, readStateTooNew } from "../../contract/errors.ts";
import {
  CAP_BARE_PING,
  type ConnectParams,
  connectParams,
  MAX_BUFFERED_BYTES,
  MAX_FRAME_BYTES,
  MAX_PREAUTH_FRAME_BYTES,
  PROTOCOL_VERSION,
  requestFrame,
  TICK_INTERVAL_MS,
} from "../../contract/gateway.ts";
import { EVENTS, METHODS } from "../../contract/methods.ts";
import { MAX_MEDIA_BYTES } from "../media.ts";
import { type Authority, satisfies } from "./access/access.ts";
import { describeIssues } from "./dispatch.ts";
import { viewPairRequest } from "./methods/devices.ts";
import { enterHome, refuseHome } from "./methods/homes.ts";
import type { House } from "./methods/method.ts";
import { readHealth } from "./methods/status.ts";
import type { Screen } from "./screen.ts";

const FIRST_MUST_BE_CONNECT = "invalid handshake: first request must be connect";
const MAX_IMAGE_BYTES = 6 * 1024 * 1024;

export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * Where our own page says that it was opened; empty: no page of ours. Its word alone knows the outside: behind a tunnel the request
 * comes by http, and programs may come by another address, past what stands in front of the page.
 */
export function pageOrigin(request: Request): string {
  const origin = request.headers.get("origin") ?? "";
  return URL.parse(origin)?.host === new URL(request.url).host ? origin : "";
}

export async function shakeHands(screen: Screen, text: string, house: House): Promise<boolean> {
  if (text.length > MAX_PREAUTH_FRAME_BYTES || byteLength(text) > MAX_PREAUTH_FRAME_BYTES) {
    screen.close(1009, "message too big: at most 64 KiB before connect");
    return false;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    screen.close(1000, "");
    return false;
  }
  const frame = requestFrame.safeParse(json);
  if (!frame.success || frame.data.method !== "connect") {
    return turnAway(screen, frame.data?.id, { code: "INVALID_REQUEST", message: FIRST_MUST_BE_CONNECT }, house);
  }
  const { id } = frame.data;
  const params = connectParams.safeParse(frame.data.params ?? {});
  if (!params.success) {
    const message = `invalid connect params: ${describeIssues(params.error.issues)}`;
    return turnAway(screen, id, { code: "INVALID_REQUEST", message }, house);
  }
  if (params.data.minProtocol > PROTOCOL_VERSION || params.data.maxProtocol < PROTOCOL_VERSION) {
    const { minProtocol: clientMinProtocol, maxProtocol: clientMaxProtocol } = params.data;
    const details = { code: "PROTOCOL_MISMATCH", clientMinProtocol, clientMaxProtocol, expectedProtocol: PROTOCOL_VERSION };
    return turnAway(screen, id, { code: "INVALID_REQUEST", message: "protocol mismatch", details }, house, 1002);
  }
  try {
    return await enter(screen, id, params.data, house);
  } catch (cause) {
    house.log.add("error", "connect failed", { error: cause instanceof Error ? cause.message : String(cause) });
    const error: GatewayErrorData = {
      code: "UNAVAILABLE",
      message: readStateTooNew(cause) ?? "Skerry is not ready; connect again in a moment.",
      retryable: true,
      retryAfterMs: 1000,
    };
    return turnAway(screen, id, error, house, 1013);
  }
}

async function enter(screen: Screen, id: string, params: ConnectParams, house: House): Promise<boolean> {
  if (screen.isShaking) return turnAway(screen, id, { code: "INVALID_REQUEST", message: "connect was sent already" }, house);
  screen.isShaking = true;
  const { nonce, address, brought, origin } = screen.state;
  const entry = await house.access.enter({ params, nonce, client: address, ...brought }, house.now());
  if (entry.outcome === "refused") {
    if (entry.asked) house.tell("device.pair.requested", viewPairRequest(entry.asked), "pairing");
    const { error } = entry;
    house.log.add("warn", "connect refused", { client: params.client.id, address, code: error.details?.["code"] ?? error.code });
    return turnAway(screen, id, error, house);
  }
  const { authority } = entry;
  const { role, scopes, deviceId } = authority;
  const unfit = role === "node" ? refuseHome(params, deviceId, house) : undefined;
  if (unfit) return turnAway(screen, id, unfit.data, house);
  house.presence.join({ connId: screen.id, client: params.client, role, scopes, deviceId }, house.now());
  const hello = await sayHello(screen, authority, house);
  if (screen.isClosed) {
    // It was too late meanwhile, and is forgotten.
    house.presence.leave(screen.id, house.now());
    return false;
  }
  // Nothing waits between these two: no event can come before hello-ok.
  screen.open(authority, params);
  screen.respond(id, hello, house.now());
  if (role === "node") enterHome(screen, params, authority, house);
  // Links for the owner are made of it: only the owner's word counts, since whoever is at the door may call it by any name.
  const isOwner = role === "operator" && satisfies(scopes, "operator.approvals");
  if (isOwner && origin !== undefined) house.directory.noteOrigin?.(origin).catch(() => undefined);
  house.log.add("info", "connected", { client: params.client.id, mode: params.client.mode, method: authority.method });
  return true;
}

function turnAway(screen: Screen, id: string | undefined, error: GatewayErrorData, house: House, code = 1008): false {
  if (id !== undefined) screen.refuse(id, error, house.now());
  screen.close(code, error.message);
  return false;
}

async function sayHello(screen: Screen, authority: Authority, house: House): Promise<unknown> {
  const now = house.now();
  const health = await readHealth({ house });
  const defaultAgentId = String(health["defaultAgentId"]);
  return {
    type: "hello-ok",
    protocol: PROTOCOL_VERSION,
    server: { version: house.version, connId: screen.id },
    features: { methods: Object.keys(METHODS), events: EVENTS, capabilities: [CAP_BARE_PING] },
    snapshot: {
      presence: house.presence.list(now),
      health,
      stateVersion: { presence: house.presence.version, health: 1 },
      uptimeMs: now - house.startedAt,
      sessionDefaults: {
        defaultAgentId,
        modelConfigured: true,
        mainKey: "main",
        mainSessionKey: `agent:${defaultAgentId}:main`,
        scope: "per-sender",
      },
      authMode: "token",
    },
    auth: {
      method: authority.method,
      role: authority.role,
      scopes: authority.scopes,
      ...(authority.deviceToken === undefined ? {} : { deviceToken: authority.deviceToken, issuedAtMs: now }),
    },
    policy: {
      maxPayload: MAX_FRAME_BYTES,
      maxBufferedBytes: MAX_BUFFERED_BYTES,
      tickIntervalMs: TICK_INTERVAL_MS,
      attachments: { maxBytes: MAX_MEDIA_BYTES, maxImageBytes: MAX_IMAGE_BYTES },
    },
  };
}
