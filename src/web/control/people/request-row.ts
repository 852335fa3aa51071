// A stranger who waits: what they are called, on which channel, with which code, and the answers one can give.
import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { ask } from "../parts/ask.ts";
import { describeAgo, describeSpan } from "../parts/words.ts";
import { channelOf, type PairingView, type PersonView, paramsOf } from "./person.ts";

const OWNER = "owner";
const GUEST = "guest";

@customElement("sk-request-row")
export class RequestRow extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) request: PairingView | undefined;
  @property({ attribute: false }) people: readonly PersonView[] = [];
  /** As whom they are let in. */
  @state() private chosen: string | undefined;
  @state() private isBusy = false;

  protected override render(): TemplateResult {
    const { desk, request, people } = this;
    if (!desk || !request) return html``;
    const { code, senderName: name = request.senderId, senderId, createdAtMs, expiresAtMs } = request;
    const now = Date.now();
    const chosen = this.chosen ?? this.#usual();
    return html`<div class="row request">
      <div class="row-main">
        <p class="row-title"><bdi>${name}</bdi> <code class="code-word" aria-label=${`Code ${[...code].join(" ")}`}>${code}</code></p>
        <p class="row-note">
          ${channelOf(request)} · <bdi class="mono">${senderId}</bdi> · asked ${describeAgo(createdAtMs, now)} · the code ends in
          ${describeSpan(Math.max(0, expiresAtMs - now))}
        </p>
      </div>
      <div class="tools">
        <select
          class="field request-as"
          aria-label=${`As whom ${name} is let in`}
          ?disabled=${this.isBusy}
          .value=${live(chosen)}
          @change=${(event: Event) => event.target instanceof HTMLSelectElement && this.#choose(event.target.value)}
        >
          <option value=${OWNER} ?selected=${chosen === OWNER}>It is me, the owner</option>
          <option value=${GUEST} ?selected=${chosen === GUEST}>Somebody new, a guest</option>
          ${people
            .filter(({ role }) => role === "guest")
            .map(
              ({ id, name: known }) => html`<option value=${id} ?selected=${chosen === id}>${known}, on another account</option>`,
            )}
        </select>
        <button
          type="button"
          class="button button-small button-strong"
          aria-label=${`Approve ${name}`}
          ?disabled=${this.isBusy}
          @click=${() => this.#approve(desk, request, chosen, name)}
        >
          Approve
        </button>
        <button
          type="button"
          class="button button-small"
          aria-label=${`Reject ${name}`}
          ?disabled=${this.isBusy}
          @click=${() => this.#do(desk, () => desk.client.request("channels.pairing.dismiss", { code }), `${name} was turned down, without a word to them.`)}
        >
          Reject
        </button>
        <button type="button" class="button button-small" aria-label=${`Block ${name}`} ?disabled=${this.isBusy} @click=${() => this.#block(desk, request, name)}>
          Block…
        </button>
      </div>
    </div>`;
  }

  /** Until the owner has an account, whoever lets somebody in mostly lets themselves in. */
  #usual(): string {
    return this.people.some(({ role, accounts }) => role === "owner" && accounts.length > 0) ? GUEST : OWNER;
  }

  #choose(as: string): void {
    this.chosen = as;
  }

  #approve(desk: Desk, { code }: PairingView, as: string, name: string): Promise<void> {
    const known = this.people.find(({ id }) => id === as)?.name;
    const whose = as === OWNER ? "yours now" : as === GUEST ? "let in" : `let in as ${known ?? as}`;
    return this.#do(
      desk,
      async () => {
        const { notification } = await desk.client.request<{ notification: string }>("channels.pairing.approve", {
          code,
          as,
          notify: true,
        });
        if (notification === "failed") desk.say("They could not be told; they are heard all the same.");
      },
      as === OWNER ? `The account of ${name} is ${whose}.` : `${name} is ${whose}.`,
    );
  }

  async #block(desk: Desk, request: PairingView, name: string): Promise<void> {
    const isSure = await ask({
      title: `Block ${name}?`,
      text: `Whatever they write on ${channelOf(request)} is neither heard nor answered, until you take it back here. They are not told.`,
      yes: "Block",
    });
    if (isSure) await this.#do(desk, () => desk.client.request("people.block", paramsOf(request)), `${name} is blocked.`);
  }

  async #do(desk: Desk, work: () => Promise<unknown>, word: string): Promise<void> {
    this.isBusy = true;
    if (await desk.attempt(work)) desk.say(word);
    this.isBusy = false;
    this.dispatchEvent(new CustomEvent("people-changed"));
  }
}
