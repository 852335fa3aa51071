// Tells the screens what goes on, through the Gateway. Deltas are joined: the first leaves at once, later ones every
// 33 ms. Never awaited, never throws: the transcript is the truth, this is only its echo.
import type { LiveDetail, LiveEvent, SessionRow } from "../../contract/live.ts";
import type { GatewayPort } from "../../contract/ports.ts";

type Delta = Extract<LiveDetail, { type: "text" | "thinking" }>;

/** A publish is a subrequest, and one invocation has 1,000 of them: the more were used, the wider the joints. */
const PACE = [
  { upTo: 300, everyMs: 33 },
  { upTo: 600, everyMs: 150 },
  { upTo: 800, everyMs: 500 },
  { upTo: Number.POSITIVE_INFINITY, everyMs: 2000 },
] as const;

export interface PublisherHost {
  gateway: GatewayPort;
  sessionKey: string;
  agentId: string;
  now(): number;
  row(): SessionRow | undefined;
  /** How many subrequests this wake has used; one more is noted. */
  countPublish(): number;
}

export class Publisher {
  readonly #host: PublisherHost;
  #runId = "";
  #seq = 0;
  #queue: LiveEvent[] = [];
  #delta: Delta | undefined;
  #withRow = false;
  #isScheduled = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sentAt = 0;
  #used = 0;
  #thinking = { step: -1, text: "" };

  constructor(host: PublisherHost) {
    this.#host = host;
  }

  /** Begins, or after a restart takes up, the telling of a run. */
  openRun(runId: string, startedAt: number): void {
    if (this.#runId === runId) return;
    this.#runId = runId;
    // After a restart the count goes on above anything told before: fewer than one event a millisecond was.
    this.#seq = Math.max(0, this.#host.now() - startedAt);
  }

  get seq(): number {
    return this.#seq;
  }

  /** Thinking of the running step so far, for a screen that comes in the middle. */
  thinkingOf(step: number): string {
    return this.#thinking.step === step ? this.#thinking.text : "";
  }

  tell(detail: LiveDetail, options: { runId?: string; withRow?: boolean } = {}): void {
    if (detail.type === "text" || detail.type === "thinking") {
      this.#join(detail);
      return;
    }
    this.#takeDelta();
    this.#push(detail, options.runId);
    this.#withRow ||= options.withRow ?? false;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      queueMicrotask(() => this.#send());
    }
  }

  #join(delta: Delta): void {
    if (delta.type === "thinking") {
      if (this.#thinking.step !== delta.step) this.#thinking = { step: delta.step, text: "" };
      this.#thinking.text += delta.delta;
    }
    const open = this.#delta;
    if (open && open.type === delta.type && open.step === delta.step) open.delta += delta.delta;
    else {
      this.#takeDelta();
      this.#delta = { ...delta };
    }
    if (this.#timer !== undefined) return;
    const pace = PACE.find((candidate) => this.#used < candidate.upTo)?.everyMs ?? 2000;
    const wait = this.#sentAt + pace - this.#host.now();
    if (wait <= 0) this.#send();
    else this.#timer = setTimeout(() => this.#send(), wait);
  }

  #takeDelta(): void {
    if (this.#delta) this.#push(this.#delta);
    this.#delta = undefined;
  }

  #push(detail: LiveDetail, runId = this.#runId): void {
    this.#seq += 1;
    this.#queue.push({ ...detail, runId, seq: this.#seq, at: this.#host.now() });
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isScheduled = false;
    this.#takeDelta();
    if (this.#queue.length === 0 && !this.#withRow) return;
    const events = this.#queue;
    const session = this.#withRow ? this.#host.row() : undefined;
    this.#queue = [];
    this.#withRow = false;
    this.#sentAt = this.#host.now();
    this.#used = this.#host.countPublish();
    const { sessionKey, agentId } = this.#host;
    this.#host.gateway.publish({ sessionKey, agentId, events, ...(session ? { session } : {}) }).catch(() => {
      // The Gateway restarts or is out of reach: screens read the transcript when they are back.
    });
  }
}
