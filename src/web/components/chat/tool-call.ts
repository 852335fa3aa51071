// One use of a tool: a line with its state, and behind it what went in and what came out.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { CallItem, CallState } from "../../../client/view-items.ts";
import { check, chevron, cross } from "../../pictures/icons.ts";
import { titleCall } from "../../state/call-title.ts";
import { describeDuration } from "../../state/times.ts";
import { describeArg } from "../../talk/transcript-search.ts";
import { PageElement } from "../element.ts";
import { renderMedia } from "./media.ts";

const STATES: Record<CallState, string> = {
  running: "running",
  done: "",
  failed: "failed",
  interrupted: "interrupted, outcome unknown",
  stopped: "stopped",
};
/** More than this of a result is shown only when asked for. */
const FIRST_CHARS = 6_000;

@customElement("sk-tool-call")
export class ToolCall extends PageElement {
  @property({ attribute: false }) item: CallItem | undefined;
  /** Shown open from the start. */
  @property({ attribute: false }) isFull = false;
  @state() private isOpen = false;
  @state() private isWhole = false;

  /** Opens it, whole, so that what was found in it is to be seen. */
  async reveal(): Promise<void> {
    this.isOpen = true;
    this.isWhole = true;
    await this.updateComplete;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("isFull") && this.isFull) this.isOpen = true;
  }

  protected override render(): TemplateResult {
    const { item } = this;
    if (!item) return html``;
    return html`
      <details class=${`call is-${item.state}`} ?open=${this.isOpen} @toggle=${this.#onToggle}>
        <summary>
          ${renderBead(item.state)}
          <span class="call-title">${item.title ?? titleCall(item.name, item.args)}</span>
          ${renderState(item)}
          <span class="fold-mark">${chevron}</span>
        </summary>
        ${this.isOpen ? this.#renderBody(item) : nothing}
      </details>
      ${renderMedia(item.media ?? [])}
      ${item.state === "running" && item.progress && !this.isOpen ? html`<p class="call-progress">${lastLine(item.progress)}</p>` : nothing}
    `;
  }

  #renderBody(item: CallItem): TemplateResult {
    const args = Object.entries(item.args);
    const text = item.result ?? item.progress ?? "";
    const isLong = text.length > FIRST_CHARS && !this.isWhole;
    return html`<div class="call-body">
      <span class="call-label">${item.name}${args.length === 0 ? ", without arguments" : ""}</span>
      ${
        args.length === 0
          ? nothing
          : html`<dl class="call-args">${args.map(([name, value]) => html`<dt>${name}</dt><dd dir="auto">${describeArg(value)}</dd>`)}</dl>`
      }
      ${
        text === ""
          ? nothing
          : html`<span class="call-label">${item.state === "running" ? "So far" : "Result"}</span>
              <pre class="call-text" tabindex="0" dir="auto">${isLong ? text.slice(0, FIRST_CHARS) : text}</pre>`
      }
      ${
        isLong
          ? html`<button type="button" class="link-button call-more" @click=${this.#showWhole}>
              Show all ${text.length.toLocaleString("en")} characters
            </button>`
          : nothing
      }
    </div>`;
  }

  #onToggle = (event: Event): void => {
    this.isOpen = event.currentTarget instanceof HTMLDetailsElement && event.currentTarget.open;
  };

  #showWhole = (): void => {
    this.isWhole = true;
  };
}

function renderBead(state: CallState): TemplateResult {
  switch (state) {
    case "running":
      return html`<span class="bead bead-running"></span>`;
    case "done":
      return html`<span class="bead">${check}</span>`;
    case "failed":
    case "interrupted":
    case "stopped":
      return html`<span class="bead">${cross}</span>`;
    default:
      return state satisfies never;
  }
}

function renderState(item: CallItem): TemplateResult {
  const took = item.startedAt !== undefined && item.endedAt !== undefined ? describeDuration(item.endedAt - item.startedAt) : "";
  const words = [STATES[item.state], took].filter((word) => word !== "").join(", ");
  return html`<span class="call-state">${words}</span>${item.state === "done" ? html`<span class="unseen">done</span>` : nothing}`;
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
