// A link that logs one browser in once: shown with its QR code for a phone, gone from the page when it ends. The code in
// it is a secret; it is never kept.
import { html, nothing, svg, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { drawSquares, type Squares } from "../parts/qr.ts";
import { describeSpan } from "../parts/words.ts";
import { adopt } from "../styles/adopt.ts";
import style from "../styles/shown-code.css" with { type: "text" };

adopt(style);

interface Link {
  address: string;
  expiresAt: number;
  squares: Squares;
}

const MARGIN = 3;

@customElement("sk-login-link")
export class LoginLink extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @state() private link: Link | undefined;
  @state() private isBusy = false;
  @state() private now = Date.now();
  #timer: ReturnType<typeof setInterval> | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#drop();
  }

  protected override render(): TemplateResult {
    const { desk, link } = this;
    return html`<section class="section" aria-labelledby="login-link">
      <div class="section-head">
        <h2 id="login-link">Log in another browser</h2>
        ${
          desk && !link
            ? html`<button type="button" class="button" ?disabled=${this.isBusy} @click=${() => this.#make(desk)}>
                ${this.isBusy ? "Making a link…" : "Make a login link"}
              </button>`
            : nothing
        }
      </div>
      <p class="page-note">
        A link works once, for fifteen minutes, and gives the browser that opens it everything this one may do. Give it to
        nobody else.
      </p>
      ${link && desk ? this.#renderLink(desk, link) : nothing}
    </section>`;
  }

  #renderLink(desk: Desk, { address, expiresAt, squares }: Link): TemplateResult {
    const size = squares.size + 2 * MARGIN;
    const isHome = /^(localhost|127\.|\[::1\])/.test(location.hostname);
    return html`<div class="panel link" role="group" aria-label="Login link">
      <svg class="qr" viewBox=${`${-MARGIN} ${-MARGIN} ${size} ${size}`} role="img" aria-label="The login link as a QR code" shape-rendering="crispEdges">
        ${svg`<rect class="qr-ground" x=${-MARGIN} y=${-MARGIN} width=${size} height=${size} /><path class="qr-ink" d=${squares.path} />`}
      </svg>
      <div class="link-words">
        <label for="login-address">Open this, or scan the code with a phone</label>
        <input id="login-address" class="field" readonly .value=${address} @focus=${this.#select} />
        <div class="tools">
          <button type="button" class="button" @click=${() => this.#copy(desk, address)}>Copy the link</button>
          <button type="button" class="button" @click=${() => this.#make(desk)}>Another one</button>
          <button type="button" class="button" @click=${this.#drop}>Hide</button>
        </div>
        <p class="section-note">Works once, for ${describeSpan(Math.max(0, expiresAt - this.now))} more.</p>
        ${
          isHome
            ? html`<p class="section-note">This address leads to this machine only; other devices cannot reach it.</p>`
            : nothing
        }
      </div>
    </div>`;
  }

  async #make(desk: Desk): Promise<void> {
    this.isBusy = true;
    await desk.attempt(async () => {
      const { path, expiresAt } = await desk.client.request<{ path: string; expiresAt: number }>("auth.link", {});
      const address = new URL(path, location.origin).href;
      this.link = { address, expiresAt, squares: await drawSquares(address) };
      clearInterval(this.#timer);
      this.#timer = setInterval(this.#tick, 1_000);
      this.#tick();
    });
    this.isBusy = false;
    await this.updateComplete;
    this.querySelector<HTMLInputElement>("#login-address")?.focus();
  }

  async #copy(desk: Desk, address: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(address);
      desk.say("The link is copied.");
    } catch {
      this.querySelector<HTMLInputElement>("#login-address")?.focus();
      desk.say("The browser does not let the page copy. The link is selected: copy it by hand.", "error");
    }
  }

  #tick = (): void => {
    this.now = Date.now();
    if (this.link && this.link.expiresAt <= this.now) this.#drop();
  };

  #drop = (): void => {
    clearInterval(this.#timer);
    this.link = undefined;
  };

  #select = (event: FocusEvent): void => {
    if (event.target instanceof HTMLInputElement) event.target.select();
  };
}
