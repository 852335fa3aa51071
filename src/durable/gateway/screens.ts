// All live sockets, and who among them is told what. Survives hibernation: states come back with their sockets. One that was told
// to close is not live any more, whether its other side answers that or not.
import { HANDSHAKE_TIMEOUT_MS, type Scope } from "../../contract/gateway.ts";
import type { EventName } from "../../contract/methods.ts";
import { satisfies } from "./access/access.ts";
import type { Audience, Outgoing } from "./live/translation.ts";
import { Screen, type ScreenState } from "./screen.ts";

/** The part of DurableObjectState that is used. */
export interface SocketHost {
  getWebSockets(): WebSocket[];
  getTags(socket: WebSocket): string[];
  getWebSocketAutoResponseTimestamp(socket: WebSocket): Date | null;
}

export class Screens {
  readonly #host: SocketHost;
  readonly #screens = new Map<string, { screen: Screen; socket: WebSocket }>();
  readonly #now: () => number;

  constructor(host: SocketHost, now: () => number) {
    this.#host = host;
    this.#now = now;
    for (const socket of host.getWebSockets()) {
      const state = socket.deserializeAttachment() as ScreenState | null;
      if (state && socket.readyState === WebSocket.READY_STATE_OPEN) this.add(socket, state);
    }
  }

  add(socket: WebSocket, state: ScreenState): Screen {
    const screen = new Screen(socket, state, this.#now());
    this.#screens.set(screen.id, { screen, socket });
    return screen;
  }

  of(socket: WebSocket): Screen | undefined {
    return this.byId(this.#host.getTags(socket)[0] ?? "");
  }

  byId(connId: string): Screen | undefined {
    return this.#screens.get(connId)?.screen;
  }

  remove(connId: string): void {
    this.#screens.delete(connId);
  }

  /** Those that said hello. */
  open(): Screen[] {
    return this.#live().filter(({ state }) => state.isOpen);
  }

  /** Further ones by which the same device is here as a home. */
  otherHomes(deviceId: string, connId: string): Screen[] {
    return this.open().filter(({ id, state }) => state.role === "node" && state.deviceId === deviceId && id !== connId);
  }

  /** Those that did not say hello yet. */
  strangers(): Screen[] {
    return this.#live().filter(({ state }) => !state.isOpen);
  }

  /** Those that did not say hello in time, and those that were told to go and are still here. */
  late(now: number): Screen[] {
    const isLate = ({ isClosed, state }: Screen) => isClosed || (!state.isOpen && now - state.openedAt >= HANDSHAKE_TIMEOUT_MS);
    return [...this.#screens.values()].map(({ screen }) => screen).filter(isLate);
  }

  #live(): Screen[] {
    return [...this.#screens.values()].map(({ screen }) => screen).filter(({ isClosed }) => !isClosed);
  }

  get size(): number {
    return this.#screens.size;
  }

  has(audience: Audience): boolean {
    return this.open().some((screen) => hears(screen.state, audience, ""));
  }

  tellAll(outgoing: readonly Outgoing[], sessionKey: string): void {
    for (const { event, payload, audience } of outgoing) this.tell(event, payload, audience, sessionKey);
  }

  tell(
    event: EventName,
    payload: Record<string, unknown>,
    audience: Audience | "pairing" | "approvals" | "all",
    sessionKey = "",
    stateVersion?: { presence: number; health: number },
  ): void {
    const now = this.#now();
    const version = stateVersion === undefined ? {} : { stateVersion: JSON.stringify(stateVersion) };
    let json: string | undefined;
    for (const { screen, socket } of this.#screens.values()) {
      if (!screen.state.isOpen || !hears(screen.state, audience, sessionKey)) continue;
      json ??= JSON.stringify(payload);
      const pingedAt = () => this.#host.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
      screen.tell(event, json, now, { ...version, pingedAt });
    }
  }

  /** Those who follow the session, but for one. Answers how many they are. */
  tellOthers(connId: string, event: EventName, payload: Record<string, unknown>, sessionKey: string): number {
    const now = this.#now();
    const json = JSON.stringify(payload);
    const others = this.open().filter(({ id, state }) => id !== connId && hears(state, "transcript", sessionKey));
    for (const screen of others) screen.tell(event, json, now);
    return others.length;
  }
}

/** Who is told of something that is no session's. */
export function audienceOf(event: EventName): "pairing" | "approvals" | "readers" {
  if (event.startsWith("channels.pairing.")) return "pairing";
  return event.startsWith("exec.approval.") ? "approvals" : "readers";
}

function may(state: ScreenState, scope: Scope): boolean {
  return state.role === "operator" && satisfies(state.scopes, scope);
}

function hears(state: ScreenState, audience: Audience | "pairing" | "approvals" | "all", sessionKey: string): boolean {
  switch (audience) {
    case "all":
      return true;
    case "pairing":
      return may(state, "operator.pairing");
    case "approvals":
      return may(state, "operator.approvals");
    case "readers":
      return may(state, "operator.read");
    case "whole":
      return !state.wantsDeltas && may(state, "operator.read");
    case "deltas":
      return state.wantsDeltas && may(state, "operator.read");
    case "tools":
      return state.wantsTools && may(state, "operator.read");
    case "lists":
      return state.followsLists && may(state, "operator.read");
    case "transcript":
      return (state.followsLists || state.follows.includes(sessionKey)) && may(state, "operator.read");
    case "approvers":
      return hears(state, "transcript", sessionKey) && may(state, "operator.approvals");
    case "others":
      return hears(state, "transcript", sessionKey) && !may(state, "operator.approvals");
    default:
      return audience satisfies never;
  }
}
