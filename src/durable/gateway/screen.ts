// One live socket. Its state travels with the socket through hibernation, so it must stay small (16 KB in all).
// Events are numbered per socket: a gap tells the client to fetch again.

import type { GatewayErrorData } from "../../contract/errors.ts";
import { CAP_DELTA_TEXT, CAP_TOOL_EVENTS, type ConnectParams, type Role, type Scope } from "../../contract/gateway.ts";
import type { EventName } from "../../contract/methods.ts";
import type { Authority, Visitor } from "./access/access.ts";
import { Backlog } from "./live/backlog.ts";

const MAX_FOLLOWED = 16;

/** The part of a hibernatable WebSocket that is used. */
export interface Socket {
  send(text: string): void;
  close(code: number, reason: string): void;
  serializeAttachment(state: unknown): void;
}

export interface ScreenState {
  connId: string;
  nonce: string;
  /** Network address, for the guess limit. */
  address: string;
  openedAt: number;
  /** Where our page was opened: `https://…` without a path. */
  origin?: string;
  /** What our own page brought along with the upgrade; gone once it is in. */
  brought?: Pick<Visitor, "loginId" | "assertion">;
  isOpen: boolean;
  role: Role;
  scopes: Scope[];
  method: Authority["method"] | "none";
  client: ConnectParams["client"];
  wantsDeltas: boolean;
  wantsTools: boolean;
  /** Of a home: what it said it can do. */
  caps?: string[];
  deviceId?: string;
  loginId?: string;
  /** When Cloudflare Access no longer vouches for it. */
  endsAt?: number;
  seq: number;
  followsLists: boolean;
  follows: string[];
}

export function newScreenState(
  connId: string,
  address: string,
  now: number,
  brought: Pick<Visitor, "loginId" | "assertion"> = {},
  origin = "",
): ScreenState {
  return {
    connId,
    nonce: crypto.randomUUID(),
    address,
    openedAt: now,
    ...(origin === "" ? {} : { origin }),
    brought,
    isOpen: false,
    role: "operator",
    scopes: [],
    method: "none",
    client: { id: "unknown", version: "", platform: "", mode: "" },
    wantsDeltas: false,
    wantsTools: false,
    seq: 0,
    followsLists: false,
    follows: [],
  };
}

export class Screen {
  readonly id: string;
  readonly #socket: Socket;
  readonly #backlog: Backlog;
  #state: ScreenState;
  #isDirty = false;
  #isClosed = false;
  /** Ids of requests that have no answer yet. */
  readonly inFlight = new Set<string>();
  isShaking = false;

  constructor(socket: Socket, state: ScreenState, now: number) {
    this.id = state.connId;
    this.#socket = socket;
    this.#state = state;
    this.#backlog = new Backlog(now);
  }

  get state(): Readonly<ScreenState> {
    return this.#state;
  }

  /** It was told to go, or is gone. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  change(change: Partial<ScreenState>): void {
    this.#state = { ...this.#state, ...change };
    this.#save();
  }

  open(authority: Authority, params: ConnectParams): void {
    const { role, scopes, method, deviceId, loginId, endsAt } = authority;
    this.change({
      brought: {},
      isOpen: true,
      role,
      scopes,
      method,
      client: params.client,
      wantsDeltas: params.caps.includes(CAP_DELTA_TEXT),
      wantsTools: params.caps.includes(CAP_TOOL_EVENTS),
      ...(role === "node" ? { caps: params.caps } : {}),
      ...(deviceId === undefined ? {} : { deviceId }),
      ...(loginId === undefined ? {} : { loginId }),
      ...(endsAt === undefined ? {} : { endsAt }),
    });
  }

  /** Follows a session's messages; the oldest of too many is let go. */
  follow(sessionKey: string): void {
    const others = this.#state.follows.filter((key) => key !== sessionKey);
    this.change({ follows: [...others.slice(-(MAX_FOLLOWED - 1)), sessionKey] });
  }

  unfollow(sessionKey: string): void {
    this.change({ follows: this.#state.follows.filter((key) => key !== sessionKey) });
  }

  noteAlive(now: number): void {
    this.#backlog.noteAlive(now);
  }

  respond(id: string, payload: unknown, now: number): void {
    this.#send(JSON.stringify({ type: "res", id, ok: true, payload }), now);
  }

  refuse(id: string, error: GatewayErrorData, now: number): void {
    this.#send(JSON.stringify({ type: "res", id, ok: false, error }), now);
  }

  challenge(now: number): void {
    const payload = { nonce: this.#state.nonce, ts: this.#state.openedAt };
    this.#send(JSON.stringify({ type: "event", event: "connect.challenge", payload }), now);
  }

  /** `json` is the payload, made once for all screens. `pingedAt`: the latest ping that the runtime answered. */
  tell(event: EventName, json: string, now: number, extra: { stateVersion?: string; pingedAt?: () => number } = {}): void {
    const seq = this.#state.seq + 1;
    this.#state = { ...this.#state, seq };
    this.#save();
    const version = extra.stateVersion === undefined ? "" : `,"stateVersion":${extra.stateVersion}`;
    this.#send(`{"type":"event","event":"${event}","payload":${json},"seq":${seq}${version}}`, now, extra.pingedAt);
  }

  close(code: number, reason: string): void {
    this.#isClosed = true;
    try {
      this.#socket.close(code, reason.slice(0, 120));
    } catch {
      // It is closed already.
    }
  }

  #send(text: string, now: number, pingedAt?: () => number): void {
    if (this.#isClosed) return;
    if (!this.#backlog.add(text.length, now)) {
      const alive = pingedAt?.() ?? 0;
      if (alive <= this.#backlog.aliveAt) {
        this.close(1008, "slow consumer");
        return;
      }
      this.#backlog.noteAlive(alive);
    }
    try {
      this.#socket.send(text);
    } catch {
      // The other side is gone; the close event cleans up.
      this.#isClosed = true;
    }
  }

  /** Once per turn of the event loop, however many events were numbered. */
  #save(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    queueMicrotask(() => {
      this.#isDirty = false;
      try {
        this.#socket.serializeAttachment(this.#state);
      } catch {
        this.#isClosed = true;
      }
    });
  }
}
