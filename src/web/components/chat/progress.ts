// What is going on right now, in a word, whenever nothing streams: so that nobody looks at a still page and wonders.
import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { RunView, ViewItem } from "../../../client/view-items.ts";
import { wave } from "../../pictures/icons.ts";
import { PageElement } from "../element.ts";

/** Sooner than this nobody asks how long it has been. */
const SHOW_TIME_MS = 3_000;

@customElement("sk-progress")
export class Progress extends PageElement {
  @property({ attribute: false }) run: RunView | undefined;
  @property({ attribute: false }) items: readonly ViewItem[] = [];
  @property({ attribute: false }) model: string | undefined;
  @state() private now = Date.now();
  #timer: ReturnType<typeof setInterval> | undefined;
  #beganAt = Date.now();
  #runId: string | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopClock();
  }

  protected override willUpdate(): void {
    if (this.run?.runId !== this.#runId) {
      this.#runId = this.run?.runId;
      this.#beganAt = this.run?.startedAt ?? Date.now();
      this.now = Date.now();
    }
    if (!this.run) this.#stopClock();
    else {
      this.#timer ??= setInterval(() => {
        this.now = Date.now();
      }, 1_000);
    }
  }

  protected override render(): TemplateResult {
    if (!this.run) return html``;
    const last = this.items.findLast((item) => !(item.kind === "message" && item.role === "user"));
    if (last?.kind === "message" && last.isStreaming && this.run.phase === undefined) return html``;
    const took = this.now - (this.run.startedAt ?? this.#beganAt);
    return html`<div class="now">
      ${wave}
      <span>${describeRun(this.run, last, this.model)}</span>
      ${took > SHOW_TIME_MS ? html`<span class="now-time">${describeSpan(took)}</span>` : html``}
    </div>`;
  }

  #stopClock(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** In whole seconds: it is looked at while it grows. */
function describeSpan(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** The state of a run in a few words. */
export function describeRun(run: RunView, last: ViewItem | undefined, model: string | undefined): string {
  if (run.phaseText) return run.phaseText;
  switch (run.phase) {
    case "preparing_workspace":
    case "preparing_context":
      return "Getting ready";
    case "retrying":
      return "Trying again";
    case "compacting":
      return "Summarising the older part of the talk";
    case "waiting":
      return "Waiting for a result";
    default:
  }
  if (last?.kind === "thinking" && last.isStreaming) return "Thinking";
  if (last?.kind === "call" && last.state === "running") return "Working";
  const name = run.model ?? model;
  return name === undefined ? "Working" : `Waiting for ${name.split("/").at(-1)}`;
}
