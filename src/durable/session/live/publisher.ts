// Tells the screens what goes on, down one line to the Gateway that stays open while a turn runs (a line is one billed
// request, however much it carries). Never awaited, never throws: the transcript is the truth, this is only its echo.
// When nobody watches, the Gateway closes the line; the session then keeps quiet for a few seconds or until its next step.
import type { LiveDetail, LiveEvent, LiveParcel, SessionRow } from "../../../contract/live.ts";
import type { GatewayPort } from "../../../contract/ports/gateway.ts";
import { Watchers } from "./watch.ts";

/** How long a session whose line was closed does not ask again whether somebody watches. */
const QUIET_MS = 3000;

/** A line of live events toward the Gateway. `write` rejects when the other side has hung up. */
export interface LiveLine {
  write(parcel: LiveParcel): Promise<void>;
  close(): void;
}

export interface PublisherHost {
  gateway: Pick<GatewayPort, "publish">;
  openLine(): LiveLine;
  sessionKey: string;
  agentId: string;
  now(): number;
  row(): SessionRow | undefined;
  /** A request to the Gateway is about to be made. */
  countRequest(): void;
}

export class Publisher {
  /** Whoever watches one run directly. */
  readonly watchers = new Watchers();
  readonly #host: PublisherHost;
  #runId = "";
  #seq = 0;
  #queue: LiveEvent[] = [];
  #withRow = false;
  /** When what is queued leaves: with the end of this stretch of code, or once the events that came with it are read. */
  #leaves: "now" | "soon" | undefined;
  #hasToldDelta = false;
  #line: LiveLine | undefined;
  /** Nobody watches: until then deltas are not even written. */
  #quietUntil = 0;
  #thinking = { step: -1, text: "" };

  constructor(host: PublisherHost) {
    this.#host = host;
  }

  /** Begins, or after a restart takes up, the telling of a run. */
  openRun(runId: string, startedAt: number): void {
    if (this.#runId === runId) return;
    this.#runId = runId;
    this.#quietUntil = 0;
    // After a restart the count goes on above anything told before: fewer than one event a millisecond was.
    this.#seq = Math.max(0, this.#host.now() - startedAt);
  }

  /** Nothing more is told for a while: the line is closed, so that the Gateway may sleep. */
  rest(): void {
    this.#send();
    this.#line?.close();
    this.#line = undefined;
  }

  get seq(): number {
    return this.#seq;
  }

  /** Thinking of the running step so far, for a screen that comes in the middle. */
  thinkingOf(step: number): string {
    return this.#thinking.step === step ? this.#thinking.text : "";
  }

  tell(detail: LiveDetail, options: { runId?: string; withRow?: boolean } = {}): void {
    if (detail.type === "thinking") this.#keepThinking(detail.step, detail.delta);
    if (detail.type === "status" && detail.phase === "asking") this.#quietUntil = 0;
    this.#seq += 1;
    const event: LiveEvent = { ...detail, runId: options.runId ?? this.#runId, seq: this.#seq, at: this.#host.now() };
    this.watchers.tell(event);
    const isLasting = detail.type === "turn-ended" || options.withRow === true;
    if (!isLasting && this.#host.now() < this.#quietUntil) return;
    this.#queue.push(event);
    this.#withRow ||= options.withRow ?? false;
    this.#leave(detail);
  }

  /**
   * What one stretch of code tells goes in one parcel. What a person waits for leaves at once: the first delta of a step,
   * a call, the end. The rest leaves with it, or a moment later: more deltas that came in the same piece of the model's
   * stream, states, entries.
   */
  #leave(detail: LiveDetail): void {
    const isDelta = detail.type === "text" || detail.type === "thinking";
    const isUrgent = isDelta ? !this.#hasToldDelta : detail.type === "call-started" || detail.type === "turn-ended";
    if (isDelta || isUrgent) this.#hasToldDelta = isDelta;
    const leaves = isUrgent ? "now" : "soon";
    if (this.#leaves === "now" || this.#leaves === leaves) return;
    this.#leaves = leaves;
    if (leaves === "now") queueMicrotask(() => this.#send());
    else setTimeout(() => this.#send(), 0);
  }

  #keepThinking(step: number, delta: string): void {
    if (this.#thinking.step !== step) this.#thinking = { step, text: "" };
    this.#thinking.text += delta;
  }

  #send(): void {
    this.#leaves = undefined;
    if (this.#queue.length === 0) return;
    const session = this.#withRow ? this.#host.row() : undefined;
    const { sessionKey, agentId } = this.#host;
    const parcel: LiveParcel = { sessionKey, agentId, events: this.#queue, ...(session ? { session } : {}) };
    this.#queue = [];
    this.#withRow = false;
    if (this.#host.now() < this.#quietUntil) this.#sendAlone(parcel);
    else this.#sendDown(parcel);
  }

  #sendDown(parcel: LiveParcel): void {
    if (!this.#line) {
      this.#host.countRequest();
      this.#line = this.#host.openLine();
    }
    const line = this.#line;
    line.write(parcel).catch(() => {
      if (this.#line === line) {
        this.#line = undefined;
        this.#quietUntil = this.#host.now() + QUIET_MS;
      }
      // Whoever lists sessions or waits for the end of a run hears of it all the same.
      if (parcel.session) this.#sendAlone(parcel);
    });
  }

  #sendAlone(parcel: LiveParcel): void {
    this.#host.countRequest();
    this.#host.gateway.publish(parcel).catch(() => {
      // The Gateway restarts or is out of reach: screens read the transcript when they are back.
    });
  }
}
