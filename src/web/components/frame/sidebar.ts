// The side: a new session, the sessions by day, and the foot.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { SessionSummary } from "../../../client/frames.ts";
import { close, plus, trash } from "../../pictures/icons.ts";
import type { Desk } from "../../state/desk.ts";
import { writeRoute } from "../../state/route.ts";
import { titleOf } from "../../state/session-list.ts";
import { Watch } from "../../state/signal.ts";
import { dayOf, timeOf } from "../../state/times.ts";
import { PageElement } from "../element.ts";
import "./side-foot.ts";

@customElement("sk-sidebar")
export class Sidebar extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  /** The session whose removal is asked about. */
  @state() private doomed: string | undefined;

  constructor() {
    super();
    new Watch(this, () => this.desk);
    new Watch(this, () => this.desk?.sessions);
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    if (!desk) return html``;
    return html`
      <nav class="side" aria-label="Sessions">
        <div class="side-head">
          <span class="side-mark">Skerry</span>
          <button type="button" class="icon-button only-narrow" aria-label="Close the list" @click=${this.#close}>${close}</button>
        </div>
        <button type="button" class="side-new side-first" @click=${() => this.#startNew()}>${plus} New session</button>
        <ul class="side-list">
          ${this.#renderRows(desk)}
        </ul>
        <sk-side-foot .desk=${desk} @side-close=${this.#close}></sk-side-foot>
      </nav>
    `;
  }

  #renderRows(desk: Desk): unknown {
    const open = desk.room?.sessionKey;
    const rows = desk.sessions.rows;
    const isOpenListed = open === undefined || rows.some((row) => row.key === open);
    const all: readonly SessionSummary[] = isOpenListed ? rows : [{ key: open, updatedAt: Date.now() }, ...rows];
    const now = new Date();
    let day = "";
    return repeat(
      all,
      (row) => row.key,
      (row) => {
        const rowDay = dayOf(row.updatedAt ?? 0, now);
        const isFirst = rowDay !== day;
        day = rowDay;
        return html`${isFirst ? html`<li class="side-day">${rowDay}</li>` : nothing}
          <li class=${row.key === open ? "side-item is-open" : "side-item"}>
            ${row.key === this.doomed ? this.#renderQuestion(desk, row) : this.#renderRow(row, row.key === open, now)}
          </li>`;
      },
    );
  }

  #renderRow(row: SessionSummary, isOpen: boolean, now: Date): TemplateResult {
    const title = titleOf(row, row.key);
    const isStored = row.createdAt !== undefined;
    return html`
      <a
        class="side-link"
        href=${writeRoute({ room: "chat", rest: row.key })}
        aria-current=${isOpen ? "page" : nothing}
        @click=${this.#close}
      >
        <span class="side-title" dir="auto">${title}</span>
        ${row.hasActiveRun ? html`<span class="dot dot-working" role="img" aria-label="at work"></span>` : nothing}
        ${isStored ? html`<time class="side-time">${timeOf(row.updatedAt ?? 0, now)}</time>` : nothing}
      </a>
      ${
        isStored
          ? html`<button type="button" class="icon-button side-remove" aria-label=${`Delete “${title}”`} @click=${() => this.#ask(row.key)}>
              ${trash}
            </button>`
          : nothing
      }
    `;
  }

  #renderQuestion(desk: Desk, row: SessionSummary): TemplateResult {
    const remove = async () => {
      this.doomed = undefined;
      if (await desk.removeSession(row.key)) this.querySelector<HTMLElement>(".side-first")?.focus();
      else await this.#return(row.key);
    };
    const keep = () => {
      this.doomed = undefined;
      void this.#return(row.key);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      keep();
    };
    return html`<div class="side-question" role="group" aria-label="Delete this session with all its messages?" @keydown=${onKey}>
      <span>Delete for good?</span>
      <button type="button" class="link-button side-yes" @click=${remove}>Delete</button>
      <button type="button" class="link-button" @click=${keep}>Keep</button>
    </div>`;
  }

  #ask(key: string): void {
    this.doomed = key;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(".side-yes")?.focus());
  }

  /** The focus goes back to the row that stays. */
  async #return(key: string): Promise<void> {
    await this.updateComplete;
    this.querySelector<HTMLElement>(`.side-link[href="${CSS.escape(writeRoute({ room: "chat", rest: key }))}"]`)?.focus();
  }

  #startNew(): void {
    this.desk?.newSession();
    this.#close();
  }

  #close = (): void => {
    this.dispatchEvent(new CustomEvent("side-close"));
  };
}
