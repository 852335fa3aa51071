// Talks to a gateway over its socket as a screen does, and notes when everything happened. One socket for all sessions,
// like one person's screen. Works against any gateway of protocol version 4.

import { socketUrl } from "../src/bridge/connection.ts";
import type { ChatFrame, WireMessage } from "../src/client/frames.ts";
import { GatewayClient } from "../src/client/gateway-client.ts";
import type { MethodName } from "../src/contract/methods.ts";
import type { BenchModel, Plan, Visit } from "./model.ts";
import { markOf } from "./model.ts";

const TURN_TIMEOUT_MS = 90_000;

export interface Turn {
  id: string;
  outcome: "final" | "error" | "aborted" | "silent";
  /** Of `performance.now()`, like all times here. */
  sentAt: number;
  endedAt: number;
  deltas: { at: number; text: string }[];
  errorMessage?: string;
}

export interface TimedTurn extends Turn {
  visits: Visit[];
}

interface Listener {
  turn: Turn;
  onDelta: ((turn: Turn) => void) | undefined;
  settle(): void;
}

let lastTurn = 0;

export class Talker {
  readonly #client: GatewayClient;
  readonly #listeners = new Map<string, Listener>();
  readonly #run = `${process.pid.toString(36)}-${Date.now().toString(36)}`;

  private constructor(url: string, token: string) {
    const client = { id: "gateway-client", displayName: "bench", version: "1.0.0", platform: process.platform, mode: "backend" };
    this.#client = new GatewayClient(
      { url: socketUrl(url), client, auth: { token }, isLasting: false },
      { onEvent: (frame) => frame.event === "chat" && this.#hear(frame.payload as ChatFrame) },
    );
  }

  static async connect(url: string, token: string): Promise<Talker> {
    const talker = new Talker(url, token);
    await talker.#client.connect();
    return talker;
  }

  /** Tries until the gateway says hello. */
  static async connectSoon(url: string, token: string, timeoutMs: number): Promise<Talker> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      try {
        return await Talker.connect(url, token);
      } catch (error) {
        if (performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }

  close(): void {
    this.#client.close();
  }

  /** Says something and answers when the turn has ended. Never throws: a turn that fails says so. */
  say(sessionKey: string, text: string, onDelta?: (turn: Turn) => void, id = this.newId()): Promise<Turn> {
    const turn: Turn = { id, outcome: "silent", sentAt: 0, endedAt: 0, deltas: [] };
    return new Promise((resolve) => {
      const timer = setTimeout(() => end("silent", "no end of the turn came"), TURN_TIMEOUT_MS);
      const end = (outcome: Turn["outcome"], errorMessage?: string) => {
        clearTimeout(timer);
        this.#listeners.delete(id);
        Object.assign(turn, { outcome, endedAt: performance.now(), ...(errorMessage === undefined ? {} : { errorMessage }) });
        resolve(turn);
      };
      this.#listeners.set(id, { turn, onDelta, settle: () => end(turn.outcome, turn.errorMessage) });
      turn.sentAt = performance.now();
      this.#client
        .request("chat.send", { sessionKey, message: text, idempotencyKey: id })
        .catch((error: unknown) => end("error", error instanceof Error ? error.message : String(error)));
    });
  }

  /** A turn after a plan, with what the model saw of it. Throws when it failed. */
  async turn(model: BenchModel, sessionKey: string, plan: Partial<Plan>, onDelta?: (turn: Turn) => void): Promise<TimedTurn> {
    const id = this.newId();
    const turn = await this.say(sessionKey, `Please answer. ${markOf({ ...plan, id })}`, onDelta, id);
    if (turn.outcome !== "final") throw new Error(`A turn ended as ${turn.outcome}: ${turn.errorMessage ?? "no reason given"}`);
    return { ...turn, visits: model.visitsOf(id) };
  }

  newId(): string {
    return `bench-${this.#run}-${++lastTurn}`;
  }

  /** Any method of the gateway. */
  request<T>(method: MethodName, params: Record<string, unknown>): Promise<T> {
    return this.#client.request<T>(method, params);
  }

  /** Text of the answers in a session, oldest first. */
  async answers(sessionKey: string): Promise<string[]> {
    const { messages } = await this.#client.request<{ messages: WireMessage[] }>("chat.history", { sessionKey, limit: 20 });
    return messages.filter((message) => message.role === "assistant").map((message) => textOf(message));
  }

  /** Asks for a link that logs a browser in; undefined when the gateway has none. */
  async loginLink(url: string): Promise<string | undefined> {
    try {
      const { path } = await this.#client.request<{ path: string }>("auth.link", {});
      return new URL(path, url).href;
    } catch {
      return undefined;
    }
  }

  #hear(chat: ChatFrame): void {
    const listener = this.#listeners.get(chat.runId);
    if (!listener) return;
    const { turn } = listener;
    switch (chat.state) {
      case "delta":
        if (!chat.deltaText) return;
        turn.deltas.push({ at: performance.now(), text: chat.deltaText });
        listener.onDelta?.(turn);
        return;
      case "final":
      case "aborted":
      case "error":
        turn.outcome = chat.state;
        if (chat.errorMessage !== undefined) turn.errorMessage = chat.errorMessage;
        listener.settle();
        return;
      case "status":
        return;
      default:
        chat.state satisfies never;
    }
  }
}

/** Time of a turn that was not the model's. */
export function overheadOf(turn: TimedTurn): number {
  const modelMs = turn.visits.reduce((sum, visit) => sum + (visit.endedAt ?? visit.receivedAt) - visit.receivedAt, 0);
  return turn.endedAt - turn.sentAt - modelMs;
}

export function textOf(message: WireMessage): string {
  if (typeof message.content === "string") return message.content;
  return (message.content ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
}
