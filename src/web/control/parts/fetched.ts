// What a room asks the Gateway for: fetched when the room is shown, again when the connection comes back, and when the
// Gateway announces that it changed, so that two open screens show the same. Draws the wait, the answer, or what went wrong with a way to try again; an answer stays on the screen while a newer one is fetched.
import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import type { EventName, MethodName, MethodParams } from "../../../contract/methods.ts";
import { wave } from "../../pictures/icons.ts";
import { sentenceOf } from "../../state/chat-room.ts";
import type { Desk } from "../../state/desk.ts";

/** Several announcements in a row are one reason to fetch; an answer on its way to this screen comes first. */
const PAUSE_MS = 150;

export class Fetched<T> implements ReactiveController {
  value: T | undefined;
  problem: string | undefined;
  readonly #host: ReactiveControllerHost;
  readonly #pick: () => Desk | undefined;
  readonly #fetch: (desk: Desk) => Promise<T>;
  #desk: Desk | undefined;
  readonly #events: readonly EventName[];
  #leaves: (() => void)[] = [];
  readonly #freshMs: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;
  #wasReady = false;
  #turn = 0;

  /**
   * `events`: what the Gateway announces when there may be another answer. `freshMs`: how old an answer that somebody looks
   * at may become, where that is not announced.
   */
  constructor(
    host: ReactiveControllerHost,
    pick: () => Desk | undefined,
    fetch: (desk: Desk) => Promise<T>,
    events: readonly EventName[] = [],
    freshMs?: number,
  ) {
    this.#host = host;
    this.#pick = pick;
    this.#fetch = fetch;
    this.#events = events;
    this.#freshMs = freshMs;
    host.addController(this);
  }

  hostUpdate(): void {
    const desk = this.#pick();
    if (desk === this.#desk || !desk) return;
    this.hostDisconnected();
    this.#desk = desk;
    this.#wasReady = desk.link.phase === "ready";
    this.#leaves = [
      desk.listen(() => this.#noteLink(desk)),
      ...this.#events.map((event) => desk.onAnnounced(event, () => this.#loadSoon())),
    ];
    if (this.#freshMs !== undefined) this.#beat = setInterval(() => void (document.hidden || this.load()), this.#freshMs);
    void this.load();
  }

  hostDisconnected(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#beat);
    for (const leave of this.#leaves) leave();
    this.#leaves = [];
    this.#desk = undefined;
  }

  hostConnected(): void {
    this.#host.requestUpdate();
  }

  /** Fetches anew; of several at once the latest counts. */
  async load(): Promise<void> {
    const desk = this.#desk;
    if (!desk) return;
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const value = await this.#fetch(desk);
      if (turn !== this.#turn) return;
      this.value = value;
      this.problem = undefined;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.problem = sentenceOf(error);
    }
    this.#host.requestUpdate();
  }

  /** Forgets the answer: what was asked about is another now. */
  clear(): void {
    this.#turn += 1;
    this.value = undefined;
    this.problem = undefined;
  }

  /** `wait`: what keeps the place of the answer, where its size is known. */
  render(draw: (value: T) => TemplateResult, wait?: () => TemplateResult): TemplateResult {
    const { value, problem } = this;
    return html`${problem === undefined ? nothing : this.#renderProblem(problem)}
    ${value !== undefined ? draw(value) : problem === undefined ? (wait && this.#wasReady ? wait() : busy(this.#wasReady ? "Fetching…" : "This comes as soon as the connection is back.")) : nothing}`;
  }

  #renderProblem(problem: string): TemplateResult {
    return html`<div class="notice notice-bad" role="alert">
      <p>${problem}</p>
      <button type="button" class="button" @click=${() => this.load()}>Try again</button>
    </div>`;
  }

  #loadSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), PAUSE_MS);
  }

  #noteLink(desk: Desk): void {
    const isReady = desk.link.phase === "ready";
    if (isReady === this.#wasReady) return;
    this.#wasReady = isReady;
    if (isReady) void this.load();
    this.#host.requestUpdate();
  }
}

/** A wait: shown after a moment, so that a short one does not flicker. */
export function busy(what: string): TemplateResult {
  return html`<p class="busy" role="status">${wave} ${what}</p>`;
}

/** Asks for what can be asked twice: over a break of the connection the question waits and is asked again. */
export function read<T, M extends MethodName>(desk: Desk, method: M, params: MethodParams<M>): Promise<T> {
  return desk.client.request<T, M>(method, params, { isRepeatable: true });
}
