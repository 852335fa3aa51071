// The side of the control rooms: the way back to the chat, and the rooms by name.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { PageElement } from "../components/element.ts";
import { showCount } from "../components/frame/side-foot.ts";
import { close } from "../pictures/icons.ts";
import type { Desk } from "../state/desk.ts";
import { Watch } from "../state/signal.ts";
import { talk } from "./icons.ts";
import { CONTROL_ROOMS, findRoom, hrefOf } from "./rooms.ts";

@customElement("sk-control-side")
export class ControlSide extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;

  constructor() {
    super();
    new Watch(this, () => this.desk);
    new Watch(this, () => this.desk?.waiting);
    new Watch(this, () => this.desk?.questions);
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    const { room: open } = findRoom(desk?.place.rest);
    return html`
      <nav class="side" aria-label="Control">
        <div class="side-head">
          <span class="side-mark">Skerry</span>
          <button type="button" class="icon-button only-narrow" aria-label="Close the list" @click=${this.#close}>${close}</button>
        </div>
        <ul class="side-list side-rooms">
          <li class="side-item">
            <a class="side-link side-room side-first" href="#/chat" @click=${this.#close}>${talk}<span class="side-title">Chat</span></a>
          </li>
          ${CONTROL_ROOMS.map(
            (room) => html`<li class=${room === open ? "side-item is-open" : "side-item"}>
              <a
                class="side-link side-room"
                href=${hrefOf(room.path)}
                aria-current=${room === open ? "page" : nothing}
                @click=${this.#close}
                >${room.icon}<span class="side-title">${room.label}</span>${this.#renderCount(room.path)}</a
              >
            </li>`,
          )}
        </ul>
        <sk-side-foot .desk=${desk} @side-close=${this.#close}></sk-side-foot>
      </nav>
    `;
  }

  #renderCount(path: string): TemplateResult | typeof nothing {
    if (path === "people") return showCount(this.desk?.waiting.count ?? 0);
    return path === "approvals" ? showCount(this.desk?.questions.open.length ?? 0, "for your word") : nothing;
  }

  #close = (): void => {
    this.dispatchEvent(new CustomEvent("side-close"));
  };
}
