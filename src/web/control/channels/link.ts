// Linking an account whose line a machine at home holds: the code to scan or to type, as it changes, until the account is linked or the
// platform said no. What is shown is a key to the account; it is never kept, and gone when the sheet is left.
import { html, nothing, svg, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ChannelFacts } from "../../../contract/channels/channel.ts";
import { channelFacts } from "../../../contract/channels/facts.ts";
import { PageElement } from "../../components/element.ts";
import { wave } from "../../pictures/icons.ts";
import { sentenceOf } from "../../state/chat-room.ts";
import type { Desk } from "../../state/desk.ts";
import { drawSquares, type Squares } from "../parts/qr.ts";
import { describeSpan } from "../parts/words.ts";
import { adopt } from "../styles/adopt.ts";
import style from "../styles/shown-code.css" with { type: "text" };
import { labelOf, namedAccount } from "./channel.ts";

adopt(style);

export interface LinkView {
  connected: boolean;
  phase: string;
  message: string;
  since: number;
  who?: string;
  qr?: string;
  code?: string;
  expiresAtMs?: number;
}

const MARGIN = 3;
const WAIT_MS = 15_000;
const PATIENCE_MS = 30_000;

@customElement("sk-channel-link")
export class ChannelLink extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) channel = "";
  @property({ attribute: false }) account = "default";
  @state() private view: LinkView | undefined;
  @state() private squares: Squares | undefined;
  @state() private isAsking = false;
  @state() private problem: string | undefined;
  /** Another number: whatever ran before has nothing to say any more. */
  #run = 0;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  protected override render(): TemplateResult {
    const { desk, view } = this;
    const facts = channelFacts(this.channel);
    if (!desk || !facts?.linking) return html``;
    return html`<div class="channel-link">
      ${view ? this.#renderLink(desk, view) : this.#renderStart(desk, facts)}
      ${this.problem === undefined ? nothing : html`<div class="notice notice-bad" role="alert"><p>${this.problem}</p></div>`}
    </div>`;
  }

  #renderStart(desk: Desk, { linking = [] }: ChannelFacts): TemplateResult {
    return html`<div class="tools">
        <button type="button" class="button button-strong" ?disabled=${this.isAsking} @click=${() => this.#start(desk, false)}>
          ${this.isAsking ? "Asking the machine…" : "Show the code to scan"}
        </button>
      </div>
      ${
        linking.includes("code")
          ? html`<form class="ask-field" @submit=${(event: SubmitEvent) => this.#startByPhone(desk, event)}>
              <label for="link-phone">Or type a code on that phone</label>
              <p id="link-phone-note" class="field-note">Its number, with country code.</p>
              <div class="channel-link-phone">
                <input id="link-phone" name="phone" class="field" type="tel" pattern="[\\d \\+\\(\\)\\.\\/\\-]{6,30}" title="With country code: +15551234567" placeholder="+15551234567" autocomplete="tel" aria-describedby="link-phone-note" required ?disabled=${this.isAsking} />
                <button class="button" ?disabled=${this.isAsking}>Get the code</button>
              </div>
            </form>`
          : nothing
      }`;
  }

  #renderLink(desk: Desk, { message, qr, code, expiresAtMs }: LinkView): TemplateResult {
    return html`<div class="panel link" role="group" aria-label=${`Link ${labelOf(this.channel)}`}>
      ${qr && this.squares ? this.#renderSquares(this.squares) : nothing}
      <div class="link-words">
        <div role="status">
          <p>${message}</p>
          ${code ? html`<p class="channel-link-code"><code>${code}</code></p>` : nothing}
          ${qr || code ? nothing : html`<p class="outcome">${wave} Waiting for the machine…</p>`}
        </div>
        ${expiresAtMs === undefined || !(qr || code) ? nothing : html`<p class="section-note">It holds for ${describeSpan(Math.max(0, expiresAtMs - Date.now()))} more${qr ? "; then a new one comes" : ""}.</p>`}
        <div class="tools">
          <button type="button" class="button" @click=${() => this.#start(desk, true)}>Another one</button>
          <button type="button" class="button" @click=${this.#stop}>Hide</button>
        </div>
      </div>
    </div>`;
  }

  #renderSquares(squares: Squares): TemplateResult {
    const size = squares.size + 2 * MARGIN;
    return html`<svg class="qr" viewBox=${`${-MARGIN} ${-MARGIN} ${size} ${size}`} role="img" aria-label="The code to scan" shape-rendering="crispEdges">
      ${svg`<rect class="qr-ground" x=${-MARGIN} y=${-MARGIN} width=${size} height=${size} /><path class="qr-ink" d=${squares.path} />`}
    </svg>`;
  }

  #startByPhone(desk: Desk, event: SubmitEvent): void {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const phone = new FormData(event.target).get("phone");
    if (typeof phone === "string") void this.#start(desk, false, phone);
  }

  async #start(desk: Desk, force: boolean, phone?: string): Promise<void> {
    const run = ++this.#run;
    const named = namedAccount(this.channel, this.account);
    this.isAsking = true;
    this.problem = undefined;
    try {
      const wish = { ...named, force, ...(phone === undefined ? {} : { phone }) };
      let view = await desk.client.request<LinkView>("web.login.start", wish, { timeoutMs: PATIENCE_MS });
      while (await this.#show(run, view)) {
        const looking = { ...named, since: view.since, timeoutMs: WAIT_MS };
        view = await desk.client.request<LinkView>("web.login.wait", looking, { timeoutMs: PATIENCE_MS });
      }
    } catch (error) {
      if (run === this.#run) {
        this.#stop();
        this.problem = sentenceOf(error);
      }
    }
    if (run === this.#run) this.isAsking = false;
  }

  /** False: nothing more is to come, or nobody looks. */
  async #show(run: number, view: LinkView): Promise<boolean> {
    const squares = view.qr === undefined ? undefined : await drawSquares(view.qr);
    if (run !== this.#run) return false;
    if (view.connected || view.phase === "refused") {
      this.#stop();
      if (!view.connected) this.problem = view.message;
      this.dispatchEvent(new CustomEvent("linked", { detail: view, bubbles: true }));
      return false;
    }
    this.view = view;
    this.squares = squares;
    return true;
  }

  #stop = (): void => {
    this.#run++;
    this.view = undefined;
    this.squares = undefined;
    this.isAsking = false;
  };
}
