// Says that the connection is gone and when the next attempt is made. A break of less than a second says nothing.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ClientState } from "../../../client/gateway-client.ts";
import { PageElement } from "../element.ts";

const PATIENCE_MS = 900;

@customElement("sk-connection-bar")
export class ConnectionBar extends PageElement {
  @property({ attribute: false }) link: ClientState = { phase: "idle" };
  /** One is where messages are written; elsewhere nothing is kept for later. */
  @property({ attribute: false }) isWriting = false;
  @state() private now = Date.now();
  #lostAt: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  protected override willUpdate(): void {
    if (this.link.phase === "ready") {
      this.#lostAt = undefined;
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#lostAt ??= Date.now();
    this.#timer ??= setInterval(() => {
      this.now = Date.now();
    }, 500);
  }

  protected override render(): TemplateResult {
    const isLost = this.#lostAt !== undefined && this.now - this.#lostAt > PATIENCE_MS;
    return html`<div role="status">${isLost ? this.#renderBar() : nothing}</div>`;
  }

  #renderBar(): TemplateResult {
    const { link } = this;
    const seconds = link.phase === "waiting" ? Math.max(1, Math.ceil((link.retryAt - this.now) / 1000)) : 0;
    return html`<div class="bar">
      <span>
        Not connected. ${this.isWriting ? "What you write is kept, and sent later." : "Check that Skerry runs and that you are online."}
      </span>
      ${
        link.phase === "waiting"
          ? html`<button type="button" class="link-button" aria-label="Try now to connect" @click=${this.#hurry}>
              Try now<span aria-hidden="true"> (${seconds} s)</span>
            </button>`
          : html`<span>Trying…</span>`
      }
    </div>`;
  }

  #hurry = (): void => {
    this.dispatchEvent(new CustomEvent("hurry"));
  };
}
