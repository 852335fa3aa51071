// Homes: what operators see and decide of the machines that are paired, and what those machines answer. A home speaks for
// itself alone: its id is that of its socket, whatever a frame says.
import { GatewayError } from "../../../contract/errors.ts";
import type { ConnectParams } from "../../../contract/gateway.ts";
import { MAX_ANSWER_CHARS } from "../../../contract/home/commands.ts";
import { processEnded } from "../../../contract/home/notices.ts";
import type { HomeAnswer, HomeRow } from "../../../contract/home/port.ts";
import type { Authority } from "../access/access.ts";
import type { View } from "../live/views.ts";
import type { Screen } from "../screen.ts";
import { hearLines } from "./home/lines.ts";
import { type Call, type Handlers, type House, invalid, notFound } from "./method.ts";

type HomesMethod =
  | "node.list"
  | "node.describe"
  | "node.rename"
  | "node.invoke"
  | "node.pair.list"
  | "node.pair.approve"
  | "node.pair.remove"
  | "node.invoke.result"
  | "node.invoke.progress"
  | "node.event"
  | "node.pending.pull"
  | "node.pending.ack";

const INVOKE_TIMEOUT_MS = 30_000;
/** A home with this capability says when it comes back what it still works on. */
const CAP_RESUME = "resume";
const MAX_ERROR_CHARS = 20_000;

export const homes: Handlers<HomesMethod> = {
  "node.list": (_params, { house }) => ({ ts: house.now(), nodes: house.homes.homesKnown.list().map(viewHome) }),

  "node.describe": ({ nodeId }, { house }) => {
    const home = mustFind(house, nodeId);
    return { ts: house.now(), ...viewHome(home), permissions: house.homes.homesKnown.permissionsOf(home.id) };
  },

  "node.rename": ({ nodeId, displayName }, { house }) => {
    const home = mustFind(house, nodeId);
    house.homes.homesKnown.rename(home.id, displayName);
    house.access.devices.rename(home.id, displayName);
    tellChanged(house, home.id);
    return { nodeId: home.id, displayName };
  },

  "node.invoke": async ({ nodeId, command, params, timeoutMs = INVOKE_TIMEOUT_MS, idempotencyKey }, { house }) => {
    const refusal = await house.homes.refuseToScreens(command);
    if (refusal !== undefined) throw new GatewayError({ code: "FORBIDDEN", message: refusal });
    const waitMs = Math.min(timeoutMs, 20_000);
    const request = { id: `invoke:${idempotencyKey}`, home: nodeId, command, params: params ?? {}, timeoutMs, waitMs };
    return viewAnswer(await house.homes.callHome(request), command);
  },

  "node.pair.list": (_params, { house }) => {
    const known = house.homes.homesKnown.list();
    return {
      pending: known
        .filter(({ unapproved }) => unapproved.length > 0)
        .map((home) => ({ ...viewHome(home), requestId: home.id, commands: home.unapproved })),
      paired: known.map(viewHome),
    };
  },

  "node.pair.approve": ({ requestId, commands }, { house }) => {
    const home = house.homes.homesKnown.approve(mustFind(house, requestId).id, commands);
    tellChanged(house, requestId);
    return { requestId, node: home && viewHome(home) };
  },

  "node.pair.remove": ({ nodeId }, { house }) => {
    const home = mustFind(house, nodeId);
    house.access.devices.remove(home.id);
    forgetHome(house, home.id);
    house.dropDevice(home.id, "device removed");
    return { nodeId: home.id, removed: true };
  },

  "node.invoke.result": ({ id, ok, payload, payloadJSON, error }, call) => {
    const home = homeOf(call);
    const text = payloadJSON ?? (payload === undefined ? "null" : JSON.stringify(payload));
    const outcome = !ok
      ? {
          code: (error?.code ?? "FAILED").slice(0, 128),
          message: (error?.message ?? "It failed, and did not say why.").slice(0, MAX_ERROR_CHARS),
        }
      : text.length > MAX_ANSWER_CHARS
        ? { code: "TOO_LARGE", message: `The answer has ${text.length} characters; at most ${MAX_ANSWER_CHARS} fit.` }
        : readAnswer(text);
    return { ok: true, handled: call.house.homes.answer(home, id, outcome) };
  },

  "node.invoke.progress": ({ invokeId, chunk }, call) => {
    call.house.homes.progress(homeOf(call), invokeId, chunk);
    return { ok: true };
  },

  "node.event": ({ event, payload, payloadJSON }, call) => {
    const home = homeOf(call);
    const said = payloadJSON ? readJson(payloadJSON) : payload;
    switch (event) {
      case "home.resume":
        call.house.homes.resume(home, call.screen.id, readIds(said));
        return { ok: true, event, handled: true };
      case "channel.lines":
        return { ok: true, event, ...hearLines(call.house, home, said) };
      case "process.ended":
        return { ok: true, event, ...hearEnd(call.house, home, said) };
      default:
        return { ok: true, event, handled: false, reason: "unknown event" };
    }
  },

  "node.pending.pull": (_params, call) => ({ nodeId: homeOf(call), items: [], hasMore: false }),
  "node.pending.ack": (_params, call) => ({ nodeId: homeOf(call), ok: true }),
};

/** A home said hello. Answers why it may not stay, or nothing. */
export function refuseHome(params: ConnectParams, deviceId: string | undefined, house: House): GatewayError | undefined {
  if (deviceId === undefined) {
    const details = { code: "DEVICE_IDENTITY_REQUIRED" };
    return new GatewayError({ code: "NOT_PAIRED", message: "device identity required", details });
  }
  const { instance, caps } = house.homes.homesKnown.arrivedAs(deviceId);
  // Other programs' marks may change. Ours does not, and whoever has its key cannot pass for another program.
  const isOurs = [...caps, ...params.caps].includes(CAP_RESUME);
  if (!isOurs || instance === "" || instance === params.client.instanceId) return undefined;
  return new GatewayError({
    code: "NOT_PAIRED",
    message: "This key belongs to another machine. Give this one a key of its own: skerry bridge pair --new.",
    details: { code: "DEVICE_KEY_COPIED", recommendedNextStep: "pair_again" },
  });
}

export function enterHome(screen: Screen, params: ConnectParams, authority: Authority, house: House): void {
  const { deviceId } = authority;
  if (deviceId === undefined) return;
  const { client, caps, commands, permissions = {} } = params;
  const { displayName = client.id, platform, version, instanceId: instance = "" } = client;
  const arrival = { id: deviceId, name: displayName, platform, version, instance, caps, commands, permissions };
  // The owner's own token vouches for all that it declares; else what was approved before counts.
  const isVouched = authority.method === "token";
  house.dropOthers(deviceId, screen.id);
  house.homes.arrive(arrival, isVouched ? commands : []);
  if (!caps.includes(CAP_RESUME)) house.homes.resume(deviceId, screen.id, []);
  tellChanged(house, deviceId);
}

export function leaveHome(screen: Screen, house: House): void {
  const { role, deviceId, caps } = screen.state;
  // Another of its sockets may have taken the place of this one.
  if (role !== "node" || deviceId === undefined || house.homes.homesKnown.find(deviceId)?.isConnected) return;
  house.homes.leave(deviceId, (caps ?? []).includes(CAP_RESUME));
  tellChanged(house, deviceId);
}

/** Its device is out: nothing is left of it as a home, and nobody waits for it any more. */
export function forgetHome(house: House, id: string): void {
  if (!house.homes.homesKnown.find(id)) return;
  house.homes.leave(id, false);
  house.homes.homesKnown.remove(id);
  house.homes.lines.forget(id);
  tellChanged(house, id);
}

function homeOf({ screen }: Call): string {
  const { deviceId } = screen.state;
  if (deviceId === undefined) throw invalid("This connection is no home.");
  return deviceId;
}

function mustFind(house: House, named: string): HomeRow {
  const all = house.homes.homesKnown.list();
  const home = all.find(({ id }) => id === named) ?? all.find(({ name }) => name.toLowerCase() === named.toLowerCase());
  if (!home) throw notFound(`There is no machine "${named.slice(0, 80)}".`);
  return home;
}

function tellChanged(house: House, nodeId: string): void {
  const homes = house.homes.homesKnown.list();
  const hasBrowser = homes.some(({ commands }) => commands.includes("browser.do"));
  house.directory.noteHomes?.(homes.length > 0, hasBrowser).catch(() => undefined);
  house.tell("node.changed", { nodeId, ts: house.now() }, "readers");
}

function viewAnswer(answer: HomeAnswer, command: string): View {
  switch (answer.outcome) {
    case "answered":
      return { ok: true, command, nodeName: answer.home, payload: answer.payload };
    case "refused":
      throw new GatewayError({ code: "UNAVAILABLE", message: answer.message, details: { code: answer.code } });
    case "unreachable":
      throw new GatewayError({ code: "UNAVAILABLE", message: answer.reason, details: { code: "NOT_CONNECTED" } });
    case "interrupted":
      throw new GatewayError({ code: "UNAVAILABLE", message: answer.reason, details: { code: "INTERRUPTED" } });
    case "pending":
      throw new GatewayError({ code: "AGENT_TIMEOUT", message: `${answer.home} did not answer in time.` });
    default:
      return answer satisfies never;
  }
}

export function viewHome(home: HomeRow): View {
  return {
    nodeId: home.id,
    displayName: home.name,
    platform: home.platform,
    version: home.version,
    caps: home.caps,
    commands: home.commands,
    unapprovedCommands: home.unapproved,
    paired: true,
    connected: home.isConnected,
    ...(home.connectedAt === undefined ? {} : { connectedAtMs: home.connectedAt }),
    lastSeenAtMs: home.seenAt,
  };
}

/** What cannot be read is answered all the same: the machine would keep an event that is refused, and all that come after it. */
function hearEnd(house: House, home: string, said: unknown): { handled: boolean; reason?: string } {
  const notice = processEnded.safeParse(typeof said === "object" && said !== null && "said" in said ? said.said : undefined);
  if (!notice.success) return { handled: false, reason: "not readable" };
  return house.homes.hearEnd(home, notice.data)
    ? { handled: true }
    : { handled: false, reason: "no command of that session runs there, or its end was told before" };
}

function readIds(said: unknown): string[] {
  const running = typeof said === "object" && said !== null && "running" in said ? said.running : undefined;
  return Array.isArray(running) ? running.filter((id): id is string => typeof id === "string") : [];
}

/** What cannot be read ends the call all the same. */
function readAnswer(text: string): { payload: unknown } | { code: string; message: string } {
  try {
    return { payload: JSON.parse(text) };
  } catch {
    return { code: "UNREADABLE", message: "It answered with something that is not JSON." };
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("payloadJSON is not JSON.");
  }
}
