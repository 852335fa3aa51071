// The whole page: the door when nobody is logged in, else the side and a room.
import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Desk } from "../../state/desk.ts";
import { Watch } from "../../state/signal.ts";
import { PageElement } from "../element.ts";
import "../chat/chat.ts";
import "./connection-bar.ts";
import "./login.ts";
import "./sidebar.ts";
import "./toasts.ts";
import "./version-bar.ts";

/** Here the side is a drawer above the room. */
const narrow = matchMedia("(max-width: 52rem)");

@customElement("sk-app")
export class App extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @state() private isSideOpen = false;
  #control: Promise<unknown> | undefined;

  constructor() {
    super();
    new Watch(this, () => this.desk);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("keydown", this.#onKey);
    addEventListener("hashchange", this.#closeSide);
    narrow.addEventListener("change", this.#closeSide);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("keydown", this.#onKey);
    removeEventListener("hashchange", this.#closeSide);
    narrow.removeEventListener("change", this.#closeSide);
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    if (!desk) return html``;
    if (desk.access === "checking")
      return html`<sk-connection-bar .link=${desk.link} @hurry=${() => desk.client.hurry()}></sk-connection-bar>`;
    if (desk.access === "out") return html`<sk-login .desk=${desk}></sk-login>`;
    return html`
      <button type="button" class="button skip" @click=${this.#skip}>Skip the list</button>
      <div class="shell">
        ${this.#renderSide(desk)}
        <div class=${this.isSideOpen ? "scrim is-open" : "scrim"} @click=${this.#closeSide}></div>
        <main class="room" ?inert=${this.isSideOpen}>
          <sk-connection-bar
            .link=${desk.link}
            .isWriting=${desk.place.room === "chat"}
            @hurry=${() => desk.client.hurry()}
          ></sk-connection-bar>
          <sk-version-bar .link=${desk.link}></sk-version-bar>
          ${
            desk.place.room === "control"
              ? html`<sk-control .desk=${desk} .rest=${desk.place.rest} @side-open=${this.#openSide}></sk-control>`
              : html`<sk-chat .desk=${desk} .room=${desk.room} @side-open=${this.#openSide}></sk-chat>`
          }
        </main>
      </div>
      <sk-toasts .desk=${desk}></sk-toasts>
    `;
  }

  #renderSide(desk: Desk): TemplateResult {
    const drawer = this.isSideOpen ? "drawer is-open" : "drawer";
    if (desk.place.room === "chat")
      return html`<sk-sidebar class=${drawer} .desk=${desk} @side-close=${this.#closeSide}></sk-sidebar>`;
    this.#control ??= desk
      .fetchPart(() => import("../../control/control.ts"))
      .then((part) => {
        if (!part) this.#control = undefined;
      });
    return html`<sk-control-side class=${drawer} .desk=${desk} @side-close=${this.#closeSide}></sk-control-side>`;
  }

  /** Past the list at the side, which may be long, to where one writes or to the head of the room. */
  #skip = (): void => {
    (this.querySelector<HTMLElement>("#message") ?? this.querySelector<HTMLElement>(".room h1"))?.focus();
  };

  #openSide = (): void => {
    this.isSideOpen = true;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(".drawer .side-first")?.focus());
  };

  #closeSide = (): void => {
    if (!this.isSideOpen) return;
    this.isSideOpen = false;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(".side-toggle")?.focus());
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented) return;
    if (event.key === "Escape" && this.isSideOpen) {
      event.preventDefault();
      this.#closeSide();
    } else if (event.key === "Escape" && this.desk?.place.room === "chat" && this.desk.room?.isWorking) {
      event.preventDefault();
      const { room } = this.desk;
      void this.desk.attempt(() => room.stop());
    } else if (event.key.toLowerCase() === "o" && event.shiftKey && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.desk?.newSession();
    }
  };
}
