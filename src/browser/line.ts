// A line to a browser by the DevTools protocol: commands with their answers, events, one end. What carries the text (a pipe, a
// WebSocket) is given from outside. Nothing here knows what a page is.
import type { ProtocolMapping } from "devtools-protocol/types/protocol-mapping.d.ts";
import { ToolFailure } from "../contract/errors.ts";

/** Carries protocol messages as JSON text. */
export interface CdpLine {
  send(text: string): void;
  close(): void;
  onText?: (text: string) => void;
  onClose?: () => void;
}

type Commands = ProtocolMapping.Commands;
type Events = ProtocolMapping.Events;
export type Command = keyof Commands;
export type Params<M extends Command> = Commands[M]["paramsType"][0];
export type Result<M extends Command> = Commands[M]["returnType"];
type Listener<E extends keyof Events> = (params: Events[E][0], sessionId: string | undefined) => void;

const ANSWER_MS = 30_000;
export const GONE = "The browser ended or its line broke; open the page again.";

/** What the browser answered a command with. */
export class CdpRefused extends ToolFailure {}

export class Cdp {
  readonly #line: CdpLine;
  readonly #open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void; timer: unknown }>();
  readonly #listeners = new Map<string, Set<(params: never, sessionId: string | undefined) => void>>();
  #nextId = 1;
  #isClosed = false;
  readonly closed: Promise<void>;

  constructor(line: CdpLine) {
    this.#line = line;
    line.onText = (text) => this.#read(text);
    this.closed = new Promise((resolve) => {
      line.onClose = () => {
        this.#end();
        resolve();
      };
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send<M extends Command>(method: M, params?: Params<M>, sessionId?: string, waitMs = ANSWER_MS): Promise<Result<M>> {
    if (this.#isClosed) return Promise.reject(new ToolFailure(GONE));
    const id = this.#nextId++;
    return new Promise<Result<M>>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(id);
        reject(new CdpRefused(`The browser did not answer ${method} within ${waitMs / 1000} seconds; the page may hang.`));
      }, waitMs);
      this.#open.set(id, { resolve: (value) => resolve(value as Result<M>), reject, timer });
      this.#line.send(JSON.stringify({ id, method, params: params ?? {}, ...(sessionId ? { sessionId } : {}) }));
    });
  }

  /** For what may fail without harm: a page that is just going, a session that is gone. */
  tell<M extends Command>(method: M, params?: Params<M>, sessionId?: string): void {
    this.send(method, params, sessionId).catch(() => undefined);
  }

  /** Answers a function that ends the listening. */
  on<E extends keyof Events>(event: E, listener: Listener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#end();
    this.#line.close();
  }

  #read(text: string): void {
    let message: {
      id?: number;
      method?: string;
      params?: unknown;
      result?: unknown;
      error?: { message: string };
      sessionId?: string;
    };
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (message.id === undefined) {
      for (const listener of this.#listeners.get(message.method ?? "") ?? [])
        listener(message.params as never, message.sessionId);
      return;
    }
    const waiting = this.#open.get(message.id);
    if (!waiting) return;
    this.#open.delete(message.id);
    clearTimeout(waiting.timer as number);
    if (message.error) waiting.reject(new CdpRefused(message.error.message));
    else waiting.resolve(message.result);
  }

  #end(): void {
    this.#isClosed = true;
    for (const { reject, timer } of this.#open.values()) {
      clearTimeout(timer as number);
      reject(new ToolFailure(GONE));
    }
    this.#open.clear();
    this.#listeners.clear();
  }
}

/** A WebSocket as the line, in Node and in a Worker alike. */
export function lineOverSocket(socket: Pick<WebSocket, "send" | "close" | "addEventListener">): CdpLine {
  const line: CdpLine = {
    send: (text) => socket.send(text),
    close: () => socket.close(),
  };
  socket.addEventListener("message", (event) => {
    const { data } = event as MessageEvent;
    line.onText?.(typeof data === "string" ? data : new TextDecoder().decode(data as ArrayBuffer));
  });
  socket.addEventListener("close", () => line.onClose?.());
  socket.addEventListener("error", () => line.onClose?.());
  return line;
}
