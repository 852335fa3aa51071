// Requests that wait for their answer. Each ends once: by its answer, its time limit, or the loss of the connection;
// a repeatable one outlives the loss and is sent again.
import { GatewayError } from "../contract/errors.ts";
import type { ResponseFrame } from "../contract/gateway.ts";

interface Pending {
  method: string;
  text: string;
  isRepeatable: boolean;
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

export class PendingRequests {
  readonly #pending = new Map<string, Pending>();
  readonly #prefix = Math.random().toString(36).slice(2, 8);
  #count = 0;

  add(
    method: string,
    params: Record<string, unknown>,
    options: { timeoutMs: number; isRepeatable: boolean },
  ): { id: string; answer: Promise<unknown> } {
    const id = `${this.#prefix}-${++this.#count}`;
    const answer = new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => this.fail(id, timedOut(method, options.timeoutMs)), options.timeoutMs);
      const text = JSON.stringify({ type: "req", id, method, params });
      this.#pending.set(id, { method, text, isRepeatable: options.isRepeatable, resolve, reject, timer });
    });
    return { id, answer };
  }

  send(id: string, socket: { send(text: string): void } | undefined): void {
    const pending = this.#pending.get(id);
    if (pending) socket?.send(pending.text);
  }

  /** Sends everything that waits: after a connection came back. */
  sendAll(socket: { send(text: string): void } | undefined): void {
    for (const id of this.#pending.keys()) this.send(id, socket);
  }

  settle(frame: ResponseFrame): void {
    const pending = this.#take(frame.id);
    if (!pending) return;
    if (frame.ok) pending.resolve(frame.payload ?? {});
    else pending.reject(new GatewayError(frame.error ?? { code: "UNAVAILABLE", message: `${pending.method} failed.` }));
  }

  fail(id: string, error: Error): void {
    this.#take(id)?.reject(error);
  }

  failUnrepeatable(error: Error): void {
    for (const [id, pending] of [...this.#pending]) if (!pending.isRepeatable) this.fail(id, error);
  }

  failAll(error: Error): void {
    for (const id of [...this.#pending.keys()]) this.fail(id, error);
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    clearTimeout(pending.timer);
    this.#pending.delete(id);
    return pending;
  }
}

function timedOut(method: string, timeoutMs: number): GatewayError {
  return new GatewayError({
    code: "UNAVAILABLE",
    message: `Skerry did not answer ${method} within ${Math.round(timeoutMs / 1000)} s. Try again.`,
    retryable: true,
  });
}
