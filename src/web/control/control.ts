// The control side: the head and the room the address names. A room is fetched when it is first opened. The side with the
// list of rooms is side.ts.
import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { PageElement } from "../components/element.ts";
import { lines } from "../pictures/icons.ts";
import type { Desk } from "../state/desk.ts";
import { busy } from "./parts/fetched.ts";
import { type ControlRoom, findRoom, type RoomView } from "./rooms.ts";
import "./side.ts";
import { adopt } from "./styles/adopt.ts";
import frame from "./styles/frame.css" with { type: "text" };
import parts from "./styles/parts.css" with { type: "text" };

adopt(frame);
adopt(parts);

@customElement("sk-control")
export class Control extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  /** What follows `#/control/` in the address. */
  @property({ attribute: false }) rest: string | undefined;
  @state() private view: RoomView | undefined;
  @state() private problem = false;
  #room: ControlRoom | undefined;

  protected override willUpdate(): void {
    const { room } = findRoom(this.rest);
    if (room === this.#room) return;
    const isFirst = this.#room === undefined;
    this.#room = room;
    // Whoever came by a link that is gone now would else be nowhere.
    const isNowhere = document.activeElement === document.body;
    if (!isFirst || isNowhere) void this.updateComplete.then(() => this.querySelector("h1")?.focus());
    void this.#load(room);
  }

  protected override render(): TemplateResult {
    const { desk, view } = this;
    const { room, rest } = findRoom(this.rest);
    document.title = `${room.label} · Skerry`;
    return html`
      <header class="room-head">
        <button type="button" class="icon-button only-narrow side-toggle" aria-label="Control rooms" @click=${this.#openSide}>${lines}</button>
        <h1 class="room-title" tabindex="-1">${room.label}</h1>
      </header>
      <div class="page-scroll" tabindex="-1">
        <div class="page">
          ${this.problem ? this.#renderProblem(room) : desk && view ? view(desk, rest) : busy("Opening…")}
        </div>
      </div>
    `;
  }

  #renderProblem(room: ControlRoom): TemplateResult {
    return html`<div class="notice notice-bad" role="alert">
      <p>${room.label} could not be loaded. Check the connection, then try again.</p>
      <button type="button" class="button" @click=${() => this.#load(room)}>Try again</button>
    </div>`;
  }

  async #load(room: ControlRoom): Promise<void> {
    this.view = undefined;
    this.problem = false;
    try {
      const view = await room.load();
      if (room === this.#room) this.view = view;
    } catch {
      if (room === this.#room) this.problem = true;
    }
  }

  #openSide = (): void => {
    this.dispatchEvent(new CustomEvent("side-open"));
  };
}
