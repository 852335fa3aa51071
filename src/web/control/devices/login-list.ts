// Browsers that are logged in: which, since when, seen when and from where, and the way to end a login, one or all others.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { ask } from "../parts/ask.ts";
import { describeAgo, describeMoment } from "../parts/words.ts";
import { type BrowserLogin, describeAddress, nameBrowser } from "./pairing.ts";

@customElement("sk-login-list")
export class LoginList extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) logins: readonly BrowserLogin[] = [];

  protected override render(): TemplateResult {
    const others = this.logins.filter(({ isCurrent }) => !isCurrent);
    return html`<section class="section" aria-labelledby="devices-browsers">
      <div class="section-head">
        <h2 id="devices-browsers">Browsers</h2>
        ${
          others.length > 1
            ? html`<button type="button" class="button button-small button-grave" @click=${() => this.#endAll(others)}>
                Log out all others…
              </button>`
            : nothing
        }
      </div>
      ${
        this.logins.length === 0
          ? html`<p class="nothing">No browser is logged in.</p>`
          : html`<ul class="rows">
              ${repeat(
                this.logins,
                ({ deviceId }) => deviceId,
                (login) => html`<li class="row">${this.#renderLogin(login)}</li>`,
              )}
            </ul>`
      }
      <p class="section-note">
        A login lasts thirty days. Programs at the OpenAI door have none: they bring the owner's token or a paired device's token.
      </p>
    </section>`;
  }

  #renderLogin(login: BrowserLogin): TemplateResult {
    const name = nameBrowser(login.userAgent);
    const facts = [
      `logged in ${describeMoment(login.createdAtMs)}`,
      `seen ${describeAgo(login.lastSeenAtMs, Date.now())}`,
      describeAddress(login.remoteIp),
      `ends ${describeMoment(login.expiresAtMs)}`,
    ];
    return html`
      <div class="row-main">
        <p class="row-title">${name} ${login.isCurrent ? html`<span class="badge">this browser</span>` : nothing}</p>
        <p class="row-note">${facts.filter(Boolean).join(" · ")}</p>
      </div>
      ${
        login.isCurrent
          ? nothing
          : html`<div class="tools">
              <button type="button" class="button button-small" aria-label=${`Log out ${name}`} @click=${() => this.#end(login, name)}>
                Log out…
              </button>
            </div>`
      }
    `;
  }

  async #end(login: BrowserLogin, name: string): Promise<void> {
    const isSure = await ask({
      title: `Log out ${name}?`,
      text: "It is disconnected at once. To come back it needs the token or a new login link.",
      yes: "Log out",
    });
    if (isSure) await this.#revoke([login], `${name} is logged out.`);
  }

  async #endAll(others: readonly BrowserLogin[]): Promise<void> {
    const isSure = await ask({
      title: `Log out ${others.length} other browsers?`,
      text: "They are disconnected at once; this browser stays. Paired devices are not touched.",
      yes: "Log out all others",
    });
    if (isSure) await this.#revoke(others, "All other browsers are logged out.");
  }

  async #revoke(logins: readonly BrowserLogin[], word: string): Promise<void> {
    const { desk } = this;
    if (!desk) return;
    const work = () => Promise.all(logins.map(({ deviceId }) => desk.client.request("device.token.revoke", { deviceId })));
    if (await desk.attempt(work)) desk.say(word);
    this.dispatchEvent(new CustomEvent("logins-changed"));
  }
}
