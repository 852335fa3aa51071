// Strangers on channels who wait to be let in: how many, told wherever the side is. A code counts until it ends.
import type { EventFrame } from "../../contract/gateway.ts";
import { Signal } from "../state/signal.ts";
import type { Line } from "./courier.ts";

interface Request {
  code: string;
  expiresAtMs: number;
}

export class Waiting extends Signal {
  readonly #line: Line;
  readonly #ends = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(line: Line) {
    super();
    this.#line = line;
  }

  get count(): number {
    return this.#ends.size;
  }

  /** Whoever may not let people in is told of nobody. */
  async load(): Promise<void> {
    const { requests } = await this.#line.request<{ requests: Request[] }>("channels.pairing.list", {}, { isRepeatable: true });
    this.#ends.clear();
    for (const { code, expiresAtMs } of requests) this.#ends.set(code, expiresAtMs);
    this.#settle();
  }

  hear({ event, payload }: EventFrame): void {
    if (event !== "channels.pairing.requested" && event !== "channels.pairing.resolved") return;
    const { code, expiresAtMs } = payload as Request;
    if (event === "channels.pairing.requested") this.#ends.set(code, expiresAtMs);
    else this.#ends.delete(code);
    this.#settle();
  }

  #settle = (): void => {
    clearTimeout(this.#timer);
    const now = Date.now();
    for (const [code, endsAt] of this.#ends) if (endsAt <= now) this.#ends.delete(code);
    if (this.#ends.size > 0) this.#timer = setTimeout(this.#settle, Math.min(...this.#ends.values()) - now + 50);
    this.tell();
  };
}
