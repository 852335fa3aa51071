// The foot of the side, in the chat and in the control rooms: the way from one to the other, the state of the connection,
// the theme, the way out.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ClientState } from "../../../client/gateway-client.ts";
import { dayAndNight, leave, moon, sliders, sun } from "../../pictures/icons.ts";
import type { Desk } from "../../state/desk.ts";
import { Watch } from "../../state/signal.ts";
import { applyTheme, nextTheme, readTheme, type Theme } from "../../state/theme.ts";
import type { Someone } from "../../talk/company.ts";
import { PageElement } from "../element.ts";

const THEME_ICONS = { system: dayAndNight, light: sun, dark: moon };
/** At work on a connection, or without one for now. */
const DOTS: Record<ClientState["phase"], string> = {
  idle: "dot-working",
  connecting: "dot-working",
  ready: "dot-open",
  waiting: "dot-failed",
  closed: "dot-failed",
  refused: "dot-failed",
};
const THEME_NAMES = { system: "as the system has it", light: "light", dark: "dark" };

@customElement("sk-side-foot")
export class SideFoot extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @state() private theme: Theme = readTheme();

  constructor() {
    super();
    new Watch(this, () => this.desk);
    new Watch(this, () => this.desk?.company);
    new Watch(this, () => this.desk?.waiting);
    new Watch(this, () => this.desk?.questions);
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    if (!desk) return html``;
    const { phase } = desk.link;
    const { others } = desk.company;
    const isShown = phase === "ready" && others.length > 0;
    const more = isShown ? html`<span class="link-others" title=${nameOthers(others)}> · ${others.length} more</span>` : nothing;
    return html`
      ${
        desk.place.room === "control"
          ? html``
          : html`<a class="side-control" href=${this.#whereTo(desk)} @click=${this.#close}
              >${sliders} Control ${showCount(desk.waiting.count)}${showCount(desk.questions.open.length, "for your word")}</a
            >`
      }
      <div class="side-foot">
        <span class="link-state">
          <span class=${`dot ${DOTS[phase]}`}></span>
          <span>${phase === "ready" ? "Connected" : "Not connected"}${more}</span>
        </span>
        <button
          type="button"
          class="icon-button"
          aria-label=${`Colours: ${THEME_NAMES[this.theme]}. Change`}
          title=${`Colours: ${THEME_NAMES[this.theme]}`}
          @click=${this.#turnTheme}
        >
          ${THEME_ICONS[this.theme]}
        </button>
        <button type="button" class="icon-button" aria-label="Log out" title="Log out" @click=${() => desk.depart()}>${leave}</button>
      </div>
    `;
  }

  /** A command that waits is more pressing than a person. */
  #whereTo(desk: Desk): string {
    if (desk.questions.open.length > 0) return "#/control/approvals";
    return desk.waiting.count > 0 ? "#/control/people" : "#/control";
  }

  #turnTheme = (): void => {
    this.theme = nextTheme(this.theme);
    applyTheme(this.theme);
  };

  #close = (): void => {
    this.dispatchEvent(new CustomEvent("side-close"));
  };
}

/** How many wait, and for what; nothing when nobody does. */
export function showCount(count: number, what = "to be let in"): TemplateResult | typeof nothing {
  if (count === 0) return nothing;
  return html`<span class="side-count"><span class="unseen">, </span>${count}<span class="unseen"> ${count === 1 ? "waits" : "wait"} ${what}</span></span>`;
}

function nameOthers(others: readonly Someone[]): string {
  const names = others.map(({ host, deviceFamily }) => (deviceFamily === "phone" ? `${host} on a phone` : host));
  return `Also connected: ${names.join(", ")}`;
}
