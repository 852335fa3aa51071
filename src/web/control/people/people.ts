// People: who waits to be let in, who is known and by which accounts, who is heard nowhere, and why somebody was not heard.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { patchSettings, readRefusal } from "../editing/document.ts";
import "../editing/style.ts";
import { Fetched } from "../parts/fetched.ts";
import { describeAgo } from "../parts/words.ts";
import type { RoomView } from "../rooms.ts";
import { adopt } from "../styles/adopt.ts";
import "./admission-log.ts";
import { type Acquaintance, type BlockedView, channelOf, keyOf, paramsOf, readPeople, SCOPES } from "./person.ts";
import "./person-row.ts";
import "./request-row.ts";
import style from "./people.css" with { type: "text" };

adopt(style);

/** Refusals are not announced. */
const FRESH_MS = 15_000;

export const showPeople: RoomView = (desk) => html`<sk-people .desk=${desk}></sk-people>`;

@customElement("sk-people")
export class People extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @state() private isSaving = false;
  readonly #known = new Fetched<Acquaintance>(
    this,
    () => this.desk,
    readPeople,
    ["channels.pairing.requested", "channels.pairing.resolved", "people.changed", "config.changed"],
    FRESH_MS,
  );

  protected override render(): TemplateResult {
    const { desk } = this;
    if (!desk) return html``;
    return this.#known.render(
      (known) => html`
        ${this.#renderWaiting(desk, known)} ${this.#renderKnown(desk, known)} ${this.#renderBlocked(desk, known.blocked)}
        <sk-admission-log .decisions=${known.decisions}></sk-admission-log>
        ${this.#renderScope(desk, known)}
      `,
    );
  }

  #renderWaiting(desk: Desk, { requests, people }: Acquaintance): TemplateResult {
    return html`<section class="section" aria-labelledby="people-waiting">
      <div class="section-head"><h2 id="people-waiting">Waiting to be let in</h2></div>
      <div aria-live="polite">
        ${
          requests.length === 0
            ? html`<p class="nothing">Nobody waits. Whoever writes for the first time gets a code and stands here for an hour.</p>`
            : html`<ul class="rows">
                ${repeat(
                  requests,
                  ({ code }) => code,
                  (request) =>
                    html`<li>
                      <sk-request-row .desk=${desk} .request=${request} .people=${people} @people-changed=${this.#reload}></sk-request-row>
                    </li>`,
                )}
              </ul>`
        }
      </div>
    </section>`;
  }

  #renderKnown(desk: Desk, { people }: Acquaintance): TemplateResult {
    return html`<section class="section" aria-labelledby="people-known">
      <div class="section-head"><h2 id="people-known">Known</h2></div>
      <ul class="rows">
        ${repeat(
          people,
          ({ id }) => id,
          (person) =>
            html`<li><sk-person-row .desk=${desk} .person=${person} .people=${people} @people-changed=${this.#reload}></sk-person-row></li>`,
        )}
      </ul>
    </section>`;
  }

  #renderBlocked(desk: Desk, blocked: readonly BlockedView[]): TemplateResult | typeof nothing {
    if (blocked.length === 0) return nothing;
    return html`<section class="section" aria-labelledby="people-blocked">
      <div class="section-head"><h2 id="people-blocked">Blocked</h2></div>
      <ul class="rows">
        ${repeat(blocked, keyOf, (account) => {
          const name = account.name ?? account.senderId;
          return html`<li class="row">
            <div class="row-main">
              <p class="row-title"><bdi>${name}</bdi></p>
              <p class="row-note">${channelOf(account)} · <bdi class="mono">${account.senderId}</bdi> · blocked ${describeAgo(account.blockedAtMs, Date.now())}</p>
            </div>
            <button type="button" class="button button-small" aria-label=${`Unblock ${name}`} @click=${() => this.#unblock(desk, account)}>Unblock</button>
          </li>`;
        })}
      </ul>
    </section>`;
  }

  #renderScope(desk: Desk, { settings }: Acquaintance): TemplateResult {
    const session = settings.parsed["session"] as { dmScope?: string } | undefined;
    const chosen = session?.dmScope ?? "";
    return html`<section class="section" aria-labelledby="people-talks">
      <div class="section-head"><h2 id="people-talks">Their talks</h2></div>
      <div class="ask-field people-scope">
        <label for="people-scope">Who shares a talk</label>
        <select
          id="people-scope"
          class="field"
          aria-describedby="people-scope-note"
          ?disabled=${this.isSaving}
          .value=${live(chosen)}
          @change=${(event: Event) => event.target instanceof HTMLSelectElement && this.#setScope(desk, settings.hash, event.target.value)}
        >
          ${Object.entries(SCOPES).map(([value, [label]]) => html`<option value=${value} ?selected=${value === chosen}>${label}</option>`)}
        </select>
        <p id="people-scope-note" class="field-note">${SCOPES[chosen]?.[1]} In a group everybody shares the group’s talk.</p>
      </div>
    </section>`;
  }

  async #setScope(desk: Desk, hash: string, scope: string): Promise<void> {
    this.isSaving = true;
    try {
      await patchSettings(desk, { session: { dmScope: scope === "" ? null : scope } }, hash);
      desk.say("Applied; it holds from the next message on.");
    } catch (error) {
      const { isConflict, message } = readRefusal(error);
      desk.say(isConflict ? "The settings were changed elsewhere meanwhile: choose once more." : message, "error");
    }
    await this.#known.load();
    this.isSaving = false;
  }

  async #unblock(desk: Desk, account: BlockedView): Promise<void> {
    const isDone = await desk.attempt(() => desk.client.request("people.unblock", paramsOf(account)));
    if (isDone) desk.say(`${account.name ?? account.senderId} may ask again.`);
    await this.#known.load();
  }

  #reload = (): void => {
    void this.#known.load();
  };
}
