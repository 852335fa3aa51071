// The line to Skerry: dials out as a home, comes back by itself after any break, hands calls to Calls and brings answers and
// events from the spool. A refusal that trying again cannot mend is told with what to do, and tried again slowly.
import { GatewayClient } from "../../client/gateway-client.ts";
import type { GatewayError } from "../../contract/errors.ts";
import type { ConnectParams, EventFrame } from "../../contract/gateway.ts";
import { codeOfDevice } from "../../contract/home/code.ts";
import { socketUrl } from "../connection.ts";
import type { HomeCommands, Transfer } from "../home-command.ts";
import { Calls } from "./calls.ts";
import type { DeviceKey } from "./device-key.ts";
import type { Spool, SpooledAnswer } from "./spool.ts";

/** How often somebody who was not let in asks again. */
const ASK_AGAIN_MS = 5_000;
/** What Skerry could not take is brought again after this, doubled each time up to the longest. */
const BRING_AGAIN_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;

export interface LinkOptions {
  /** http(s) address of Skerry. */
  url: string;
  name: string;
  version: string;
  key: DeviceKey;
  spool: Spool;
  commands: HomeCommands;
  /** Asked at every connection. */
  caps(): string[];
  transfer: Transfer;
  /** The owner's token, where this machine knows it; else the machine has to be approved. */
  token?: string | undefined;
  log(text: string, isBad?: boolean): void;
  onState?(state: LinkState): void;
  /** For whatever stands in front of Skerry. */
  headers?: Record<string, string>;
}

export type LinkState =
  | { phase: "connecting" | "waiting" | "ready" | "closed" }
  /** The owner has to let it in; they are shown the same code. */
  | { phase: "unknown"; code: string }
  | { phase: "refused"; reason: string };

export class Link {
  readonly #options: LinkOptions;
  readonly #calls: Calls;
  readonly #client: GatewayClient;
  readonly #about: ConnectParams["client"];
  #isDraining = false;
  /** On this line Skerry has heard which calls are known here. */
  #hasResumed = false;
  #bringTimer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #askTimer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #state: LinkState = { phase: "connecting" };
  #deviceToken: string | undefined;

  constructor(options: LinkOptions) {
    const { url, name, version, key, spool, commands, caps, transfer, token, log } = options;
    this.#options = options;
    this.#about = {
      id: "skerry-bridge",
      displayName: name,
      version,
      platform: process.platform,
      mode: "node",
      instanceId: key.instanceId,
    };
    const about = this.#about;
    this.#calls = new Calls({
      spool,
      commands,
      transfer,
      now: Date.now,
      send: (answer) => this.#sendAnswer(answer),
      progress: (invokeId, seq, chunk) => this.#progress(invokeId, seq, chunk),
      log,
    });
    this.#client = new GatewayClient(
      {
        url: socketUrl(url),
        client: about,
        ...(token === undefined ? {} : { auth: { token } }),
        device: async (nonce) => key.sign(about, nonce, token ?? ""),
        scopes: [],
        caps: () => [...caps(), "resume"],
        home: { commands: Object.keys(commands).sort() },
        openSocket: (address) => openSocket(address, options.headers ?? {}),
      },
      {
        onHello: (hello) => void this.#welcome(hello),
        onEvent: (frame) => this.#hear(frame),
        onState: (state) => {
          if (state.phase === "refused") this.#turnedAway(state.error);
          else if (state.phase === "waiting") this.#change({ phase: "waiting" });
        },
      },
    );
  }

  get state(): LinkState {
    return this.#state;
  }

  /** What this machine proves itself by over HTTP. */
  get deviceToken(): string | undefined {
    return this.#deviceToken;
  }

  start(): void {
    // Every end of an attempt comes by onState.
    this.#client.connect().catch(() => undefined);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#askTimer);
    clearTimeout(this.#bringTimer);
    this.#calls.stop();
    this.#client.close();
    this.#change({ phase: "closed" });
  }

  /** What this machine can do has changed. */
  announce(): void {
    this.#client.reopen();
  }

  /** Something for Skerry: kept here until it has it. */
  tell(id: string, event: string, payload: unknown): void {
    if (!this.#options.spool.put({ id, event, payload, at: Date.now() })) return;
    void this.#drain().then((isAll) => isAll || this.#bringLater());
  }

  /** Lost when the line is down. */
  say(event: string, payload: unknown): void {
    if (this.#client.state.phase === "ready") this.#client.request("node.event", { event, payload }).catch(() => undefined);
  }

  async #welcome(hello: { auth?: { deviceToken?: string } | undefined }): Promise<void> {
    this.#deviceToken = hello.auth?.deviceToken ?? this.#deviceToken;
    this.#change({ phase: "ready" });
    this.#hasResumed = false;
    this.#failures = 0;
    await this.#bring();
  }

  /** What Skerry has to hear: the calls that are known here, then what is kept for it. Again until it has all of it. */
  async #bring(): Promise<void> {
    clearTimeout(this.#bringTimer);
    this.#bringTimer = undefined;
    try {
      if (!this.#hasResumed) {
        await this.#client.request("node.event", { event: "home.resume", payload: { running: this.#calls.known() } });
        this.#hasResumed = true;
      }
      const isAll = await this.#calls.sendKept();
      if ((await this.#drain()) && isAll) this.#failures = 0;
      else this.#bringLater();
    } catch {
      this.#bringLater();
    }
  }

  /** Where no line stands, the next welcome does it. */
  #bringLater(): void {
    if (this.#bringTimer !== undefined || this.#client.state.phase !== "ready") return;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, BRING_AGAIN_MS * 2 ** Math.min(this.#failures++, 10));
    this.#bringTimer = setTimeout(() => void this.#bring(), pauseMs);
  }

  #hear(frame: EventFrame): void {
    const payload = frame.payload;
    if (typeof payload !== "object" || payload === null) return;
    if (frame.event === "node.invoke.request" && "id" in payload && "command" in payload) {
      const paramsJSON = "paramsJSON" in payload && typeof payload.paramsJSON === "string" ? payload.paramsJSON : null;
      this.#calls.take({ id: String(payload.id), command: String(payload.command), paramsJSON });
    } else if (frame.event === "node.invoke.cancel" && "invokeId" in payload) {
      this.#calls.cancel(String(payload.invokeId));
    }
  }

  async #sendAnswer({ callId, body }: SpooledAnswer): Promise<void> {
    if (this.#client.state.phase !== "ready") throw new Error("not connected");
    const { ok, payloadJSON, error } = body;
    const result = {
      id: callId,
      nodeId: this.#options.key.deviceId,
      ok: ok === true,
      ...(typeof payloadJSON === "string" ? { payloadJSON } : {}),
      ...(typeof error === "object" && error !== null ? { error } : {}),
    };
    await this.#client.request("node.invoke.result", result).catch((refused) => {
      this.#bringLater();
      throw refused;
    });
  }

  #progress(invokeId: string, seq: number, chunk: string): void {
    if (this.#client.state.phase !== "ready") return;
    this.#client
      .request("node.invoke.progress", { invokeId, nodeId: this.#options.key.deviceId, seq, chunk })
      .catch(() => undefined);
  }

  /** One event after the other, each until Skerry has it. False: one was not taken, and stays at the head of the row. */
  async #drain(): Promise<boolean> {
    if (this.#isDraining) return true;
    this.#isDraining = true;
    try {
      for (
        let event = this.#options.spool.next();
        event && this.#client.state.phase === "ready";
        event = this.#options.spool.next()
      ) {
        await this.#client.request("node.event", {
          event: event.event,
          payload: { id: event.id, at: event.at, said: event.payload },
        });
        this.#options.spool.remove(event.place);
      }
      return true;
    } catch {
      return false;
    } finally {
      this.#isDraining = false;
    }
  }

  #turnedAway(error: GatewayError): void {
    const { details = {}, message } = error.data;
    const isUnknown = details["code"] === "PAIRING_REQUIRED";
    this.#change(
      isUnknown ? { phase: "unknown", code: codeOfDevice(this.#options.key.deviceId) } : { phase: "refused", reason: message },
    );
    if (this.#isClosed) return;
    this.#askTimer = setTimeout(() => this.start(), isUnknown ? ASK_AGAIN_MS : ASK_AGAIN_MS * 6);
  }

  #change(state: LinkState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}

/** Node's WebSocket takes headers, which the browser's, whose type it has, does not. */
function openSocket(address: string, headers: Record<string, string>): WebSocket {
  const Dialled = WebSocket as unknown as new (address: string, options: { headers: Record<string, string> }) => WebSocket;
  return new Dialled(address, { headers });
}
