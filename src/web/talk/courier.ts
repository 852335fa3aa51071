// Carries what was written to the Gateway: each session's messages one after another, in the order they were written, and
// also those of sessions that are not open. What cannot be handed over now waits for the next connection; what is refused
// waits for its person. Several tabs may carry the same message: its id makes the repeat harmless.
import type { SendAnswer } from "../../client/frames.ts";
import type { GatewayClient } from "../../client/gateway-client.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Outbox, Unsent } from "../state/outbox.ts";

/** The part of the Gateway's client that is used. */
export type Line = Pick<GatewayClient, "state" | "request">;

export type Handover = { outcome: "taken"; answer: SendAnswer } | { outcome: "refused"; reason: string } | { outcome: "later" };

const RETRY_MS = 4_000;

export class Courier {
  readonly outbox: Outbox;
  readonly #line: Line;
  readonly #listeners = new Map<string, (item: Unsent, handover: Handover) => void>();
  readonly #underWay = new Set<string>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(line: Line, outbox: Outbox) {
    this.#line = line;
    this.outbox = outbox;
  }

  /** Hears what becomes of a session's messages, until it is left. */
  listen(sessionKey: string, listener: (item: Unsent, handover: Handover) => void): () => void {
    this.#listeners.set(sessionKey, listener);
    return () => {
      if (this.#listeners.get(sessionKey) === listener) this.#listeners.delete(sessionKey);
    };
  }

  /** Brings what waits in all sessions but one, which looks after itself. */
  deliverElsewhere(sessionKey: string | undefined): void {
    for (const key of new Set(this.outbox.list().map((item) => item.sessionKey))) {
      if (key !== sessionKey) void this.deliver(key);
    }
  }

  /** Brings what waits in a session. While that is under way already, what was added comes along. */
  async deliver(sessionKey: string): Promise<void> {
    if (this.#underWay.has(sessionKey)) return;
    this.#underWay.add(sessionKey);
    clearTimeout(this.#timers.get(sessionKey));
    const brought = new Set<string>();
    try {
      while (this.#line.state.phase === "ready") {
        const item = this.outbox.list(sessionKey).find(({ id, refusal }) => refusal === undefined && !brought.has(id));
        if (!item) return;
        brought.add(item.id);
        const handover = await this.#bring(item);
        this.#listeners.get(sessionKey)?.(item, handover);
        if (handover.outcome !== "later") continue;
        this.#timers.set(
          sessionKey,
          setTimeout(() => void this.deliver(sessionKey), RETRY_MS),
        );
        return;
      }
    } finally {
      this.#underWay.delete(sessionKey);
    }
  }

  async #bring(item: Unsent): Promise<Handover> {
    const { id, text, sessionKey, media = [] } = item;
    try {
      const answer = await this.#line.request<SendAnswer>("chat.send", {
        sessionKey,
        message: text,
        idempotencyKey: id,
        ...(media.length === 0 ? {} : { attachments: media.map((file) => ({ media: file })) }),
      });
      this.outbox.remove(id);
      return { outcome: "taken", answer };
    } catch (error) {
      if (!(error instanceof GatewayError) || error.data.retryable === true || error.data.code === "UNAVAILABLE")
        return { outcome: "later" };
      this.outbox.refuse(id, error.message);
      return { outcome: "refused", reason: error.message };
    }
  }
}
