// The Gateway protocol from the outside, for browser and Node alike: challenge, connect, requests, events, and coming
// back by itself after a break. Knows nothing of screens; imports types alone from the contract, so that it stays small.
import { GatewayError, type GatewayErrorData } from "../contract/errors.ts";
import type { CAP_BARE_PING, ConnectParams, EventFrame, PROTOCOL_VERSION } from "../contract/gateway.ts";
import type { MethodName, MethodParams } from "../contract/methods.ts";
import { readFrame } from "./frame-reader.ts";
import type { Hello } from "./frames.ts";
import { PendingRequests } from "./pending-requests.ts";
import { Pulse } from "./pulse.ts";
import { backoffMs, isFinalRefusal } from "./reconnection.ts";

const PROTOCOL = 4 satisfies typeof PROTOCOL_VERSION;
const BARE_PING = "bare-ping" satisfies typeof CAP_BARE_PING;
const CONNECT_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const DEFAULT_TICK_MS = 30_000;
const HEALTH_TIMEOUT_MS = 10_000;
/** The Gateway drops a screen that takes in much and never shows a sign of life; this much shows one. */
const LIFE_SIGN_CHARS = 1_000_000;

/** The part of a WebSocket that is used; the global one fits. */
export type Socket = Pick<WebSocket, "send" | "close" | "addEventListener">;

export type ClientState =
  | { phase: "idle" | "connecting" | "ready" | "closed" }
  /** Between two attempts. */
  | { phase: "waiting"; retryAt: number; attempt: number }
  /** The Gateway said no; trying again with the same proof is useless. */
  | { phase: "refused"; error: GatewayError };

export interface ClientOptions {
  /** `ws://host/ws`; a function is asked before each attempt. */
  url: string | (() => string);
  client: ConnectParams["client"];
  /** Nothing here: the browser's login cookie speaks. */
  auth?: ConnectParams["auth"];
  /** Signs the challenge with a device's key. */
  device?: (nonce: string) => Promise<NonNullable<ConnectParams["device"]>>;
  scopes?: string[];
  /** A function is asked anew at every connection. */
  caps?: string[] | (() => string[]);
  /** A home offers commands instead of giving any; it has no scopes. */
  home?: { commands: string[]; permissions?: Record<string, unknown> };
  /** Whether to come back after a break; default yes. */
  isLasting?: boolean;
  openSocket?: (url: string) => Socket;
  /** How long a silent connection has to answer before it counts as lost. */
  pingTimeoutMs?: number;
  /** Whether somebody looks: if not, a lost connection may be noticed later. */
  isWatched?: () => boolean;
  /** Between 0 and 1; for the jitter of the pauses. */
  random?: () => number;
}

export interface ClientListeners {
  onState?(state: ClientState): void;
  /** `isReturn`: not the first connection; whatever a screen shows may be out of date. */
  onHello?(hello: Hello, isReturn: boolean): void;
  onEvent?(frame: EventFrame): void;
  /** Events were missed on a living connection: fetch again. */
  onGap?(gap: { expected: number; received: number }): void;
}

export interface RequestOptions {
  timeoutMs?: number;
  /** The request carries an idempotency key: sent again after a break instead of failing. */
  isRepeatable?: boolean;
}

export class GatewayClient {
  readonly #options: ClientOptions;
  readonly #listeners: ClientListeners;
  readonly #pending = new PendingRequests();
  #state: ClientState = { phase: "idle" };
  #socket: Socket | undefined;
  #hello: Hello | undefined;
  #hadHello = false;
  #attempt = 0;
  #lastSeq: number | undefined;
  #pulse: Pulse | undefined;
  #heardSinceSent = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #waiters: { resolve: (hello: Hello) => void; reject: (error: Error) => void }[] = [];

  constructor(options: ClientOptions, listeners: ClientListeners = {}) {
    this.#options = options;
    this.#listeners = listeners;
  }

  get state(): ClientState {
    return this.#state;
  }
  get hello(): Hello | undefined {
    return this.#hello;
  }

  /** Connects, and answers when the Gateway said hello. Rejects when this attempt fails; a lasting client goes on trying. */
  connect(): Promise<Hello> {
    if (this.#state.phase === "ready" && this.#hello) return Promise.resolve(this.#hello);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (this.#state.phase !== "connecting") this.#open();
    });
  }

  /**
   * The page came back to sight, the network changed: connects now instead of at the end of the pause, and asks a
   * connection that seems to stand whether it does.
   */
  hurry(): void {
    if (this.#state.phase === "waiting") this.#open();
    else this.#pulse?.check();
  }

  request<T = Record<string, unknown>, M extends MethodName = MethodName>(
    method: M,
    params: MethodParams<M>,
    options: RequestOptions = {},
  ): Promise<T> {
    const promise = this.#pending.add(method, params, {
      timeoutMs: options.timeoutMs ?? REQUEST_TIMEOUT_MS,
      isRepeatable: options.isRepeatable ?? false,
    });
    const { id, answer } = promise;
    if (this.#state.phase === "ready") {
      this.#pulse?.noteBusy();
      this.#pending.send(id, this.#socket);
    } else if (!options.isRepeatable || this.#state.phase === "closed" || this.#state.phase === "refused") {
      this.#pending.fail(id, lost());
    }
    return answer as Promise<T>;
  }

  /** Says anew who this is and what it can do, over a new line. Where none stands, the next one says it. */
  reopen(): void {
    if (this.#state.phase === "ready") this.#open();
  }

  close(): void {
    this.#setState({ phase: "closed" });
    this.#drop("closed by the client");
    this.#pending.failAll(lost());
    this.#rejectWaiters(lost());
  }

  #open(): void {
    clearTimeout(this.#retryTimer);
    this.#drop("replaced");
    this.#setState({ phase: "connecting" });
    const url = typeof this.#options.url === "function" ? this.#options.url() : this.#options.url;
    let socket: Socket;
    try {
      socket = (this.#options.openSocket ?? openGlobalSocket)(url);
    } catch (error) {
      this.#rejectWaiters(error instanceof Error ? error : lost());
      this.#setState({ phase: "closed" });
      return;
    }
    this.#socket = socket;
    const isCurrent = () => this.#socket === socket;
    const timer = setTimeout(() => isCurrent() && this.#breakOff(), CONNECT_TIMEOUT_MS);
    socket.addEventListener("message", (event) => {
      if (!isCurrent()) return;
      this.#pulse?.noteHeard();
      this.#countHeard(event.data);
      const frame = readFrame(event.data);
      if (!frame) return;
      if (frame.type === "res") this.#pending.settle(frame);
      else if (frame.event === "connect.challenge") void this.#prove(socket, frame, timer);
      else this.#hear(frame);
    });
    socket.addEventListener("close", () => {
      clearTimeout(timer);
      if (isCurrent()) this.#breakOff();
    });
    // A failing socket also closes; the listener keeps Node from treating the error as nobody's.
    socket.addEventListener("error", () => undefined);
  }

  async #prove(socket: Socket, challenge: EventFrame, timer: ReturnType<typeof setTimeout>): Promise<void> {
    try {
      const params = await this.#connectParams(nonceOf(challenge));
      if (this.#socket !== socket) return;
      const { id, answer } = this.#pending.add("connect", params, { timeoutMs: CONNECT_TIMEOUT_MS, isRepeatable: false });
      this.#pending.send(id, socket);
      const hello = (await answer) as Hello;
      clearTimeout(timer);
      if (this.#socket === socket) this.#welcome(hello);
    } catch (error) {
      clearTimeout(timer);
      if (this.#socket !== socket) return;
      if (error instanceof GatewayError && isFinalRefusal(error.data)) this.#refuse(error);
      else this.#breakOff(error instanceof GatewayError ? error.data : undefined);
    }
  }

  async #connectParams(nonce: string): Promise<Record<string, unknown>> {
    const { client, auth, scopes, caps, device, home } = this.#options;
    return {
      minProtocol: PROTOCOL,
      maxProtocol: PROTOCOL,
      client,
      role: home ? "node" : "operator",
      scopes: scopes ?? (home ? [] : ["operator.read", "operator.write", "operator.admin", "operator.pairing"]),
      ...home,
      caps: (typeof caps === "function" ? caps() : caps) ?? ["delta-text", "tool-events"],
      ...(auth ? { auth } : {}),
      ...(device ? { device: await device(nonce) } : {}),
    };
  }

  #welcome(hello: Hello): void {
    const isReturn = this.#hadHello;
    this.#hello = hello;
    this.#hadHello = true;
    this.#attempt = 0;
    this.#lastSeq = undefined;
    // Before anyone hears that it is ready: what they ask then is sent at once, and must not be sent again.
    this.#pending.sendAll(this.#socket);
    this.#pulse = this.#takePulse(hello);
    this.#setState({ phase: "ready" });
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(hello);
    this.#listeners.onHello?.(hello, isReturn);
  }

  #hear(frame: EventFrame): void {
    if (frame.seq !== undefined) {
      const expected = (this.#lastSeq ?? frame.seq - 1) + 1;
      this.#lastSeq = frame.seq;
      if (frame.seq > expected) this.#listeners.onGap?.({ expected, received: frame.seq });
    }
    if (frame.event !== "tick") this.#pulse?.noteBusy();
    this.#listeners.onEvent?.(frame);
  }

  #countHeard(data: unknown): void {
    this.#heardSinceSent += typeof data === "string" ? data.length : 0;
    if (this.#heardSinceSent < LIFE_SIGN_CHARS || this.#state.phase !== "ready") return;
    this.#heardSinceSent = 0;
    this.request("health", {}, { timeoutMs: HEALTH_TIMEOUT_MS }).catch(() => undefined);
  }

  #takePulse(hello: Hello): Pulse {
    const answerMs = this.#options.pingTimeoutMs;
    const canPing = hello.features?.capabilities?.includes(BARE_PING) === true;
    return new Pulse({
      tickMs: hello.policy?.tickIntervalMs ?? DEFAULT_TICK_MS,
      answerMs,
      isWatched: this.#options.isWatched,
      ask: () => {
        if (canPing) this.#socket?.send("ping");
        else this.request("health", {}, { timeoutMs: HEALTH_TIMEOUT_MS }).catch(() => undefined);
      },
      lose: () => this.#breakOff(),
    });
  }

  /** The connection is gone: forget it, and plan the next attempt. */
  #breakOff(reason?: GatewayErrorData): void {
    this.#drop("connection lost");
    const error = reason ? new GatewayError(reason) : lost();
    this.#pending.failUnrepeatable(error);
    if (this.#state.phase === "closed") return;
    if (this.#options.isLasting === false) {
      this.#setState({ phase: "closed" });
      this.#pending.failAll(error);
      this.#rejectWaiters(error);
      return;
    }
    this.#rejectWaiters(error);
    const pauseMs = Math.max(backoffMs(this.#attempt, this.#options.random ?? Math.random), reason?.retryAfterMs ?? 0);
    this.#attempt++;
    this.#setState({ phase: "waiting", retryAt: Date.now() + pauseMs, attempt: this.#attempt });
    this.#retryTimer = setTimeout(() => this.#open(), pauseMs);
  }

  #refuse(error: GatewayError): void {
    this.#drop("refused");
    this.#setState({ phase: "refused", error });
    this.#pending.failAll(error);
    this.#rejectWaiters(error);
  }

  #drop(reason: string): void {
    clearTimeout(this.#retryTimer);
    this.#pulse?.stop();
    this.#pulse = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    this.#hello = undefined;
    socket?.close(1000, reason);
  }

  #rejectWaiters(error: Error): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  #setState(state: ClientState): void {
    this.#state = state;
    this.#listeners.onState?.(state);
  }
}

function openGlobalSocket(url: string): Socket {
  return new WebSocket(url);
}

function nonceOf(frame: EventFrame): string {
  const payload = frame.payload;
  return typeof payload === "object" && payload !== null && "nonce" in payload ? String(payload.nonce) : "";
}

function lost(): GatewayError {
  return new GatewayError({
    code: "UNAVAILABLE",
    message: "Skerry cannot be reached. Check that it runs and that the address is right.",
    retryable: true,
  });
}
