// The room for talking: its head, the transcript, and where one writes.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { lines, plus } from "../pictures/icons.ts";
import type { ChatRoom } from "../state/chat-room.ts";
import type { Desk } from "../state/desk.ts";
import { titleOf } from "../state/session-list.ts";
import { Watch } from "../state/signal.ts";
import { describeCost } from "../state/usage.ts";
import { PageElement } from "./element.ts";
import "./composer.ts";
import "./transcript.ts";

@customElement("sk-chat")
export class Chat extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) room: ChatRoom | undefined;

  constructor() {
    super();
    new Watch(this, () => this.room);
    new Watch(this, () => this.desk?.sessions);
  }

  protected override render(): TemplateResult {
    const { desk, room } = this;
    if (!desk || !room) return html``;
    const title = titleOf(desk.sessions.find(room.sessionKey) ?? room.info, room.sessionKey);
    document.title = room.isWorking ? `… ${title} · Skerry` : `${title} · Skerry`;
    return html`
      <header class="room-head">
        <button type="button" class="icon-button only-narrow side-toggle" aria-label="Sessions" @click=${this.#openSide}>${lines}</button>
        <h1 class="room-title"><bdi>${title}</bdi></h1>
        ${this.#renderNote(room)}
        <button type="button" class="icon-button only-narrow" aria-label="New session" @click=${() => desk.newSession()}>${plus}</button>
      </header>
      <sk-transcript .desk=${desk} .room=${room}></sk-transcript>
      <sk-composer .desk=${desk} .room=${room}></sk-composer>
    `;
  }

  /** How full the model's window is, and what the session has cost. */
  #renderNote(room: ChatRoom): TemplateResult | typeof nothing {
    const { totalTokens = 0, contextTokens, estimatedCostUsd } = room.info ?? {};
    const notes: string[] = [];
    if (contextTokens && totalTokens > 0) {
      const percent = (totalTokens / contextTokens) * 100;
      if (percent >= 1) notes.push(`${Math.round(percent)}% of the window`);
    }
    if (estimatedCostUsd) notes.push(describeCost(estimatedCostUsd));
    return notes.length === 0 ? nothing : html`<span class="room-note">${notes.join(" · ")}</span>`;
  }

  #openSide = (): void => {
    this.dispatchEvent(new CustomEvent("side-open"));
  };
}
