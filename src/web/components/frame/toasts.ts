// What is told in passing. Errors interrupt a screen reader, the rest waits its turn.
import { html, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { close } from "../../pictures/icons.ts";
import type { Desk } from "../../state/desk.ts";
import { Watch } from "../../state/signal.ts";
import { PageElement } from "../element.ts";

@customElement("sk-toasts")
export class Toasts extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;

  constructor() {
    super();
    new Watch(this, () => this.desk);
  }

  protected override render(): TemplateResult {
    return html`<div class="toasts">
      ${repeat(
        this.desk?.toasts ?? [],
        (toast) => toast.id,
        (toast) => html`<div class=${`toast toast-${toast.tone}`} role=${toast.tone === "error" ? "alert" : "status"}>
          <p>${toast.text}</p>
          <button type="button" class="icon-button" aria-label="Dismiss" @click=${() => this.desk?.unsay(toast.id)}>${close}</button>
        </div>`,
      )}
    </div>`;
  }
}
