// The door. One field for the token; the one-time link never gets here unless it failed.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { skerry } from "../../pictures/skerry.ts";
import type { Desk } from "../../state/desk.ts";
import { PageElement } from "../element.ts";

@customElement("sk-login")
export class Login extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @state() private isBusy = false;
  @state() private reason: string | undefined;

  protected override firstUpdated(): void {
    this.querySelector("input")?.focus();
  }

  protected override render(): TemplateResult {
    const reason = this.reason ?? this.desk?.refusal;
    return html`
      <main class="login">
        ${skerry}
        <h1 class="wordmark">Skerry</h1>
        <p class="login-note">Open the link that Skerry printed when it started, or paste the owner's token.</p>
        <form @submit=${this.#submit}>
          <label for="token">Token</label>
          <input
            id="token"
            name="token"
            class="field"
            type="password"
            autocomplete="current-password"
            spellcheck="false"
            required
            aria-describedby=${reason ? "login-error" : nothing}
            aria-invalid=${reason ? "true" : nothing}
          />
          <p id="login-error" class="login-error" role="alert" ?hidden=${!reason}>${reason}</p>
          <button class="button button-strong" ?disabled=${this.isBusy}>${this.isBusy ? "Logging in…" : "Log in"}</button>
        </form>
      </main>
    `;
  }

  #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const field = this.querySelector("input");
    const token = field?.value.trim() ?? "";
    if (token === "" || !this.desk) return;
    this.isBusy = true;
    this.reason = undefined;
    const isIn = await this.desk.enter({ token });
    this.isBusy = false;
    if (isIn || !field) return;
    this.reason = this.desk.refusal;
    field.select();
  };
}
