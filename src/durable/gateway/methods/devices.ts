// Devices: who asks to be let in, who is in, and their tokens. A caller that is itself a device manages only its
// own token unless it is an administrator, and approves no more than it may do.
import { GatewayError, type Outcome } from "../../../contract/errors.ts";
import { SCOPES } from "../../../contract/gateway.ts";
import { codeOfDevice } from "../../../contract/home/code.ts";
import type { AskingHome } from "../../../contract/home/port.ts";
import { satisfies } from "../access/access.ts";
import { type Device, PAIRING_LIFE_MS, type PairRequest } from "../access/devices.ts";
import type { View } from "../live/views.ts";
import { isAdmin } from "./chat.ts";
import { forgetHome } from "./homes.ts";
import { type Call, type Handlers, type House, notFound } from "./method.ts";

type DevicesMethod =
  | "device.pair.list"
  | "device.pair.approve"
  | "device.pair.reject"
  | "device.pair.remove"
  | "device.pair.rename"
  | "device.token.rotate"
  | "device.token.revoke"
  | "auth.link";

export const devices: Handlers<DevicesMethod> = {
  "device.pair.list": async (_params, { house, screen }) => {
    const known = house.access.devices.list();
    const ids = [...new Set(known.map((device) => device.id))];
    return {
      pending: house.access.devices.pending(house.now()).map(viewPairRequest),
      paired: ids.map((id) => ({
        ...viewDevice(known.filter((device) => device.id === id)),
        isCurrent: screen.state.deviceId === id,
      })),
      logins: (await house.access.logins.list(house.now())).map((login) => ({
        deviceId: login.id,
        userAgent: login.userAgent,
        remoteIp: login.address,
        createdAtMs: login.createdAt,
        lastSeenAtMs: login.seenAt,
        expiresAtMs: login.expiresAt,
        isCurrent: screen.state.loginId === login.id,
      })),
    };
  },

  "device.pair.approve": async (params, call) => {
    const { house } = call;
    const request = house.access.devices.pending(house.now()).find((candidate) => candidate.id === params.requestId);
    if (!request) throw notFound("There is no such pairing request; it may have expired. Let the device connect again.");
    const tooMuch = SCOPES.find((scope) => request.scopes.includes(scope) && !satisfies(call.screen.state.scopes, scope));
    if (tooMuch || (request.role !== "operator" && !isAdmin(call))) throw missing(tooMuch ?? "operator.admin");
    await letIn(house, request);
    const { deviceId: id } = request;
    return { requestId: request.id, device: viewDevice(house.access.devices.list().filter((device) => device.id === id)) };
  },

  "device.pair.reject": (params, call) => {
    const request = call.house.access.devices.reject(params.requestId, call.house.now());
    if (!request) throw notFound("There is no such pairing request.");
    tellResolved(call.house, request, "rejected");
    return { requestId: request.id, deviceId: request.deviceId };
  },

  "device.pair.remove": (params, call) => {
    mustManage(call, params.deviceId);
    if (!call.house.access.devices.remove(params.deviceId)) throw notFound("There is no such device.");
    forgetHome(call.house, params.deviceId);
    call.house.dropDevice(params.deviceId, "device removed");
    return { deviceId: params.deviceId, removed: true };
  },

  "device.pair.rename": (params, call) => {
    mustManage(call, params.deviceId);
    if (!call.house.access.devices.rename(params.deviceId, params.label)) throw notFound("There is no such device.");
    return { deviceId: params.deviceId, label: params.label };
  },

  "device.token.rotate": async (params, call) => {
    const { devices: known } = call.house.access;
    const role = params.role ?? "operator";
    mustManage(call, params.deviceId, role);
    if (!known.rotate(params.deviceId, role, call.house.now())) throw notFound("There is no such paired device.");
    const isOwn = call.screen.state.deviceId === params.deviceId;
    if (!isOwn) call.house.dropDevice(params.deviceId, "device token rotated");
    // Only the device itself is told its new token.
    const token = isOwn ? await known.token(params.deviceId, role) : undefined;
    const scopes = known.find(params.deviceId, role)?.scopes ?? [];
    return { deviceId: params.deviceId, role, scopes, rotatedAtMs: call.house.now(), ...(token === undefined ? {} : { token }) };
  },

  "device.token.revoke": (params, call) => {
    const role = params.role ?? "operator";
    mustManage(call, params.deviceId, role);
    const { access } = call.house;
    const isOut = access.logins.remove(params.deviceId) || access.devices.revoke(params.deviceId, role);
    if (!isOut) throw notFound("There is no such paired device or login.");
    if (role === "node") call.house.homes.leave(params.deviceId, false);
    call.house.dropDevice(params.deviceId, "device token revoked");
    return { deviceId: params.deviceId, role, revokedAtMs: call.house.now() };
  },

  "auth.link": async (_params, { house }) => {
    const { code, expiresAt } = await house.access.logins.createCode(house.now());
    return { code, path: `/#code=${code}`, expiresAt };
  },
};

function missing(scope: string): GatewayError {
  return new GatewayError({
    code: "FORBIDDEN",
    message: `missing scope: ${scope}`,
    details: { code: "MISSING_SCOPE", missingScope: scope, requiredScopes: [scope] },
  });
}

/** A device session that is no administrator's manages itself only. */
function mustManage(call: Call, deviceId: string, role = "operator"): void {
  const own = call.screen.state;
  const isShared = ["token", "login", "access"].includes(own.method);
  if (isAdmin(call) || ((isShared || own.deviceId === deviceId) && role === "operator")) return;
  throw missing("operator.admin");
}

async function letIn(house: House, request: PairRequest): Promise<void> {
  const { deviceId: id, role, publicKey, scopes, client, address, commands } = request;
  await house.access.devices.pair({ id, role, publicKey, scopes, client, address }, house.now());
  if (role === "node") house.homes.approve({ id, client, commands });
  tellResolved(house, request, "approved");
}

function tellResolved(house: House, request: PairRequest, decision: string): void {
  const payload = { requestId: request.id, deviceId: request.deviceId, decision, ts: house.now() };
  house.tell("device.pair.resolved", payload, "pairing");
}

/** For the owner in a chat: machines that wait. Screens and programs, which may do more, are let in at a screen alone. */
export async function askingHomes(house: House, decision?: { code: string; isLetIn: boolean }): Promise<Outcome<AskingHome[]>> {
  const waiting = house.access.devices.pending(house.now()).filter(({ role }) => role === "node");
  if (!decision) return { ok: true, value: waiting.map(viewAsking) };
  const found = waiting.find(({ deviceId }) => codeOfDevice(deviceId) === decision.code);
  if (!found) return { ok: false, error: { code: "NOT_FOUND", message: "No machine waits with this code." } };
  if (decision.isLetIn) await letIn(house, found);
  else if (house.access.devices.reject(found.id, house.now())) tellResolved(house, found, "rejected");
  return { ok: true, value: [viewAsking(found)] };
}

function viewAsking({ deviceId, client, commands, at }: PairRequest): AskingHome {
  const { displayName, id, platform } = client;
  const expiresAt = at + PAIRING_LIFE_MS;
  return { code: codeOfDevice(deviceId), name: displayName ?? id, platform, commands: [...commands], expiresAt };
}

export function viewPairRequest(request: PairRequest): View {
  const { client } = request;
  return {
    requestId: request.id,
    deviceId: request.deviceId,
    publicKey: request.publicKey,
    displayName: client.displayName ?? client.id,
    platform: client.platform,
    deviceFamily: client.deviceFamily,
    clientId: client.id,
    clientMode: client.mode,
    role: request.role,
    code: codeOfDevice(request.deviceId),
    ...(request.role === "node" ? { commands: request.commands } : {}),
    roles: [request.role],
    scopes: request.scopes,
    remoteIp: request.address,
    ts: request.at,
  };
}

function viewDevice(roles: readonly Device[]): View {
  const [first] = roles;
  if (!first) return {};
  const live = roles.filter((device) => !device.isRevoked);
  return {
    deviceId: first.id,
    publicKey: first.publicKey,
    displayName: first.label ?? first.client.displayName ?? first.client.id,
    operatorLabel: first.label,
    platform: first.client.platform,
    deviceFamily: first.client.deviceFamily,
    clientId: first.client.id,
    clientMode: first.client.mode,
    role: first.role,
    roles: roles.map((device) => device.role),
    scopes: [...new Set(live.flatMap((device) => device.scopes))],
    approvedScopes: [...new Set(live.flatMap((device) => device.scopes))],
    createdAtMs: first.pairedAt,
    approvedAtMs: first.pairedAt,
    lastSeenAtMs: first.seenAt,
    ...(first.address === "" ? {} : { remoteIp: first.address }),
    tokens: roles.map((device) => ({
      role: device.role,
      scopes: device.scopes,
      createdAtMs: device.tokenAt,
      lastUsedAtMs: device.seenAt,
      ...(device.isRevoked ? { revokedAtMs: device.seenAt } : {}),
    })),
  };
}
