// The keys of an account and the address under which the platform reaches us: given, tried, kept sealed, told to the
// platform, step by step. Keys that a new account is refused for are taken away again; what was typed is wiped when it holds.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ChannelKey } from "../../../contract/channels/channel.ts";
import { channelFacts } from "../../../contract/channels/facts.ts";
import { GatewayError } from "../../../contract/errors.ts";
import { PageElement } from "../../components/element.ts";
import { wave } from "../../pictures/icons.ts";
import { sentenceOf } from "../../state/chat-room.ts";
import type { Desk } from "../../state/desk.ts";
import { type AccountView, isNear, labelOf, namedAccount, type Step, webhookOf } from "./channel.ts";
import { showSteps } from "./steps.ts";

const PLATFORM_TIMEOUT_MS = 45_000;

interface Wanted {
  accountId: string;
  keys: Record<string, string>;
  /** Empty: the platform is told by hand, or later. */
  origin: string;
}

@customElement("sk-connect-form")
export class ConnectForm extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) channel = "";
  /** Whose keys are given again; undefined: an account that is made now. */
  @property({ attribute: false }) account: AccountView | undefined;
  @state() private doing: string | undefined;
  @state() private steps: readonly Step[] = [];
  @state() private problem: string | undefined;
  @state() private accountName = "";
  @state() private origin = isNear(location.origin) ? "" : location.origin;

  protected override firstUpdated(): void {
    this.querySelector<HTMLElement>("input")?.focus();
  }

  protected override render(): TemplateResult {
    const keys = (channelFacts(this.channel)?.keys ?? []).filter(({ isMade }: ChannelKey) => !isMade);
    const isBusy = this.doing !== undefined;
    return html`<form class="connect" @submit=${this.#submit} @keydown=${this.#onKey}>
      ${
        this.account
          ? nothing
          : html`<div class="ask-field">
              <label for="connect-account">Name of the account</label>
              <p id="connect-account-note" class="field-note">Yours alone, to tell them apart: lower case letters, digits and -, such as “work”.</p>
              <input
                id="connect-account"
                class="field"
                pattern="[a-z0-9][a-z0-9\\-]{0,31}"
                title="Lower case letters, digits and -"
                required
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-describedby="connect-account-note"
                ?disabled=${isBusy}
                @input=${this.#nameAccount}
              />
            </div>`
      }
      ${
        this.#isAtHome()
          ? html`<p class="section-note">A machine of yours holds its line: the one that runs <code>npm start</code>, or any with <code>skerry bridge</code>.</p>`
          : nothing
      }
      ${keys.map((key) => this.#renderKey(key, isBusy))}
      ${this.channel === "email" || this.#isAtHome() ? nothing : this.#renderAddress(isBusy)}
      <div class="tools">
        <button class="button button-strong" ?disabled=${isBusy}>${this.#isAtHome() ? "Connect" : "Test and connect"}</button>
        <button type="button" class="button" ?disabled=${isBusy} @click=${this.#giveUp}>Cancel</button>
      </div>
      <div role="status">
        ${showSteps(this.steps)} ${this.doing === undefined ? nothing : html`<p class="outcome">${wave} ${this.doing}</p>`}
      </div>
      ${this.problem === undefined ? nothing : html`<div class="notice notice-bad" role="alert"><p>${this.problem}</p></div>`}
    </form>`;
  }

  #renderKey({ name, label, help, isSecret, isOptional }: ChannelKey, isBusy: boolean): TemplateResult {
    const isKept = this.account !== undefined && this.account.tokenSource !== "none" && !this.account.missing.includes(name);
    return html`<div class="ask-field">
      <label for=${`connect-${name}`}>${label}${isOptional ? html` <span class="field-note">if needed</span>` : nothing}</label>
      <p id=${`connect-${name}-note`} class="field-note">${help}</p>
      <input
        id=${`connect-${name}`}
        name=${name}
        class=${isSecret ? "field mono" : "field"}
        type=${isSecret ? "password" : "text"}
        maxlength="16384"
        autocomplete=${isSecret ? "new-password" : "off"}
        autocapitalize="off"
        spellcheck="false"
        placeholder=${isKept && !isOptional ? "Kept; empty leaves it as it is" : ""}
        ?required=${!isKept && !isOptional}
        aria-describedby=${`connect-${name}-note`}
        ?disabled=${isBusy}
      />
    </div>`;
  }

  #renderAddress(isBusy: boolean): TemplateResult {
    const accountId = this.account?.accountId ?? (this.accountName || "…");
    return html`<div class="ask-field">
      <label for="connect-origin">Address of this Skerry from outside</label>
      <p id="connect-origin-note" class="field-note">
        ${labelOf(this.channel)} knocks at <code>${webhookOf(originOf(this.origin) || "https://…", this.channel, accountId)}</code>.
        ${
          this.origin === ""
            ? `${location.origin} is known on this machine or network only: give the deployed address or a tunnel’s, or leave it empty and only try the keys.`
            : nothing
        }
      </p>
      <input
        id="connect-origin"
        class="field mono"
        type="url"
        pattern="https?://.+"
        placeholder="https://…"
        autocomplete="off"
        spellcheck="false"
        aria-describedby="connect-origin-note"
        .value=${this.origin}
        ?disabled=${isBusy}
        @input=${this.#writeOrigin}
      />
    </div>`;
  }

  /** Nobody knocks here: a machine of the owner holds the line. */
  #isAtHome(): boolean {
    return channelFacts(this.channel)?.home === "needed";
  }

  #nameAccount = (event: InputEvent): void => {
    if (event.target instanceof HTMLInputElement) this.accountName = event.target.value;
  };

  #writeOrigin = (event: InputEvent): void => {
    if (event.target instanceof HTMLInputElement) this.origin = event.target.value.trim();
  };

  #giveUp = (): void => {
    this.dispatchEvent(new CustomEvent("given-up"));
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || this.doing !== undefined) return;
    event.preventDefault();
    this.#giveUp();
  };

  #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (this.desk && this.doing === undefined) void this.#connect(this.desk, this.#read());
  };

  #read(): Wanted {
    const fields = [...this.querySelectorAll<HTMLInputElement>("input[name]")];
    const given = fields.filter(({ value }) => value.trim() !== "");
    return {
      accountId: this.account?.accountId ?? this.accountName,
      keys: Object.fromEntries(given.map(({ name, value }) => [name, value.trim()])),
      origin: this.channel === "email" || this.#isAtHome() ? location.origin : this.origin,
    };
  }

  async #connect(desk: Desk, { accountId, keys, origin }: Wanted): Promise<void> {
    const named = namedAccount(this.channel, accountId);
    const label = labelOf(this.channel);
    const isNew = this.account === undefined || this.account.tokenSource === "none";
    this.steps = [];
    this.problem = undefined;
    try {
      this.doing = "Keeping the keys…";
      await desk.client.request("channels.add", { ...named, keys });
      const kept = { state: "done", text: "The keys are kept, sealed; they are never shown again." } as const;
      if (this.#isAtHome()) this.steps = [kept];
      else {
        this.doing = `Asking ${label}…`;
        const { bot } = await this.#probe(desk, named, isNew);
        this.steps = [{ state: "done", text: `${label} answers: ${bot}` }, kept];
      }
      if (origin !== "") {
        this.doing = this.#isAtHome() ? "Asking the machine at home…" : `Telling ${label} where we are…`;
        const { steps } = await desk.client.request<{ steps: Step[] }>(
          "channels.connect",
          { ...named, url: origin },
          { timeoutMs: PLATFORM_TIMEOUT_MS },
        );
        this.steps = [...this.steps, ...steps];
      } else {
        const text = `${label} was not told where we are. Give keys again with the address from outside, once there is one.`;
        this.steps = [...this.steps, { state: "by-hand", text }];
      }
      const next = {
        state: "by-hand",
        text: `Write to it on ${label}: a code comes back, and you let yourself in under People.`,
      } as const;
      const steps: readonly Step[] = this.steps.some((step) => step.state === "failed") ? this.steps : [...this.steps, next];
      for (const field of this.querySelectorAll<HTMLInputElement>("input[type=password]")) field.value = "";
      this.dispatchEvent(new CustomEvent("connected", { detail: { accountId, steps } }));
    } catch (error) {
      this.problem = sentenceOf(error);
    }
    this.doing = undefined;
    await this.updateComplete;
    if (this.problem !== undefined) this.querySelector<HTMLElement>("input[name]")?.focus();
  }

  /** @throws GatewayError with what to do. */
  async #probe(desk: Desk, named: { channel: string; accountId?: string }, isNew: boolean): Promise<{ bot: string }> {
    try {
      return await desk.client.request<{ bot: string }>("channels.test", named, { timeoutMs: PLATFORM_TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      const isRefused = error.data.code !== "UNAVAILABLE";
      if (!isNew || !isRefused)
        throw new GatewayError({ ...error.data, message: `${error.message} The keys are kept all the same.` });
      await desk.client.request("channels.remove", named, { timeoutMs: PLATFORM_TIMEOUT_MS });
      throw new GatewayError({ ...error.data, message: `${error.message} Nothing was kept.` });
    }
  }
}

/** Of an address as somebody gives it, what counts. */
function originOf(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : address;
}
