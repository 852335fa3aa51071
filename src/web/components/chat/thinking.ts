// What the model thought before it spoke, folded; where the session says so, open while it thinks.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ThinkingItem } from "../../../client/view-items.ts";
import { chevron, thought } from "../../pictures/icons.ts";
import { PageElement } from "../element.ts";

@customElement("sk-thinking")
export class ThinkingFold extends PageElement {
  @property({ attribute: false }) item: ThinkingItem | undefined;
  @property({ attribute: false }) isFollowed = false;
  @state() private isOpen = false;

  protected override willUpdate(): void {
    if (this.isFollowed && this.item?.isStreaming) this.isOpen = true;
  }

  protected override render(): TemplateResult {
    const { item } = this;
    if (!item) return html``;
    return html`<details class="thought" ?open=${this.isOpen} @toggle=${this.#onToggle}>
      <summary>
        <span class="bead">${thought}</span>
        <span class="call-title">${item.isStreaming ? "Thinking" : "Thought it over"}</span>
        <span class="fold-mark">${chevron}</span>
      </summary>
      ${this.isOpen ? html`<div class="thought-text" dir="auto">${item.text}</div>` : nothing}
    </details>`;
  }

  #onToggle = (event: Event): void => {
    this.isOpen = event.currentTarget instanceof HTMLDetailsElement && event.currentTarget.open;
  };
}
