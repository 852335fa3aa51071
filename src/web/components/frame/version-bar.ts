// Says that the page is older than the Skerry it talks to, and offers to load it again. Looked at after every return of the
// connection, since a new version comes with a break. What is written and not sent outlives the load.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ClientState } from "../../../client/gateway-client.ts";
import { PageElement } from "../element.ts";

@customElement("sk-version-bar")
export class VersionBar extends PageElement {
  @property({ attribute: false }) link: ClientState = { phase: "idle" };
  @state() private isOld = false;
  #wasReady = false;
  #isKnown = false;

  protected override willUpdate(): void {
    const isReady = this.link.phase === "ready";
    // With the first connection the page has just been loaded.
    if (isReady && !this.#wasReady && this.#isKnown) void this.#compare();
    this.#isKnown ||= isReady;
    this.#wasReady = isReady;
  }

  protected override render(): TemplateResult {
    return html`<div role="status">
      ${
        this.isOld
          ? html`<div class="bar">
              <span>Skerry was updated. Load the page again; what you have written stays.</span>
              <button type="button" class="link-button" @click=${() => location.reload()}>Load again</button>
            </div>`
          : nothing
      }
    </div>`;
  }

  /** A page of the same build names the very script that runs here. */
  async #compare(): Promise<void> {
    const own = document.querySelector('script[type="module"][src]')?.getAttribute("src");
    if (!own) return;
    try {
      const answer = await fetch("/", { cache: "no-cache", headers: { accept: "text/html" } });
      if (answer.ok) this.isOld = !(await answer.text()).includes(`"${own}"`);
    } catch {
      // The next return asks again.
    }
  }
}
