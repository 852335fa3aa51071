// The talk itself. It stays at its end while one is at its end, and says when there is more below. Older messages come
// before one reaches the top; what is in sight stays where it is. What is far from sight is not laid out (transcript.css).
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { arrowDown, warning, wave } from "../../pictures/icons.ts";
import { skerry } from "../../pictures/skerry.ts";
import type { ChatRoom } from "../../state/chat-room.ts";
import type { Desk } from "../../state/desk.ts";
import { chooseShown, groupItems } from "../../state/segments.ts";
import { Watch } from "../../state/signal.ts";
import { PageElement } from "../element.ts";
import { renderSegment } from "./segment.ts";
import "./progress.ts";

const NEAR_PX = 90;
/** Older messages are asked for this far before the top. */
const AHEAD_PX = 2_400;
const REST_MS = 5_000;
/** So many parts at the end are always laid out. */
const LATE_PARTS = 8;
const OFFERS = [
  "What can you do?",
  "What time is it in Oslo?",
  "List the files in your workspace",
  "Remember that I like my coffee black",
];

interface Anchor {
  element: Element;
  top: number;
}

@customElement("sk-transcript")
export class Transcript extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) room: ChatRoom | undefined;
  @state() private isAway = false;
  @state() private isFetching = false;
  #isPinned = true;
  #wasPinned = true;
  /** Where one was when last looked, in pixels. */
  #last = { top: 0, height: 0 };
  #pending = 0;
  #cards: Promise<unknown> | undefined;
  #first: number | undefined;
  #anchor: Anchor | undefined;
  /** After a page could not be had, scrolling does not ask again at once. */
  #restUntil = 0;
  #late: readonly Element[] = [];
  #resizes = new ResizeObserver(() => this.#keepEnd());

  constructor() {
    super();
    new Watch(this, () => this.room);
    new Watch(this, () => this.desk?.company);
    new Watch(this, () => this.desk);
    new Watch(this, () => this.desk?.questions);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resizes.disconnect();
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("room")) {
      this.#isPinned = true;
      this.isAway = false;
    }
    // What one sends oneself is always brought into sight.
    const pending = this.room?.view.items.filter((item) => item.kind === "message" && item.state === "sending").length ?? 0;
    if (pending > this.#pending) this.#isPinned = true;
    this.#pending = pending;
    const first = this.room?.view.firstSeq;
    this.#anchor = first !== this.#first && !changed.has("room") ? this.#findAnchor() : undefined;
    this.#first = first;
  }

  protected override updated(): void {
    const column = this.querySelector(".column");
    const scroller = this.#scroller;
    if (column) this.#markLate(column);
    if (column) this.#resizes.observe(column);
    if (scroller) this.#resizes.observe(scroller);
    this.#keepPlace();
    // What grows is followed when its size is known; to ask for it here would have all laid out twice.
    if (this.#isPinned && !this.#wasPinned) this.#keepEnd();
    this.#wasPinned = this.#isPinned;
  }

  protected override render(): TemplateResult {
    const { room } = this;
    if (!room) return html``;
    const { levels } = room;
    const segments = groupItems(chooseShown(room.view.items, levels), room.isWorking);
    return html`
      <div class="transcript" tabindex="0" role="region" aria-label="Conversation" @scroll=${this.#onScroll}>
        <div class="column">
          ${room.problem ? this.#renderProblem(room) : nothing}
          ${room.isLoaded || room.problem ? nothing : renderAbsence(this.desk?.link.phase === "ready")}
          ${room.view.hasEarlier ? this.#renderEarlier() : nothing}
          ${room.isLoaded && segments.length === 0 && !room.isWorking ? this.#renderEmpty(room) : nothing}
          ${repeat(
            segments,
            (segment) => segment.key,
            (segment) => renderSegment(segment, room, this.desk, levels),
          )}
          ${this.#renderQuestions(room)} ${this.#renderWriting(room)}
          <sk-progress .run=${room.view.run} .items=${room.view.items} .model=${room.model}></sk-progress>
        </div>
      </div>
      ${
        this.isAway
          ? html`<button type="button" class="icon-button to-end" aria-label="To the end" @click=${this.#toEnd}>${arrowDown}</button>`
          : nothing
      }
      <div class="unseen" aria-live="polite">${room.news}</div>
    `;
  }

  #renderProblem(room: ChatRoom): TemplateResult {
    return html`<div class="note note-bad" role="alert">
      ${warning}
      <span>${room.problem} <button type="button" class="link-button" @click=${() => room.open()}>Try again</button></span>
    </div>`;
  }

  /** Commands of this talk that wait for a word. What draws them is fetched with the first one. */
  #renderQuestions(room: ChatRoom): TemplateResult | typeof nothing {
    const { desk } = this;
    const open = desk?.questions.inSession(room.sessionKey) ?? [];
    if (!desk || open.length === 0) return nothing;
    this.#cards ??= desk.fetchPart(() => import("../../control/approvals/approvals.ts"));
    return html`<div class="questions" aria-live="polite">
      ${repeat(
        open,
        ({ id }) => id,
        (approval, place) =>
          html`<sk-approval .desk=${desk} .approval=${approval} .place=${place} .isInTalk=${true}></sk-approval>`,
      )}
    </div>`;
  }

  #renderWriting(room: ChatRoom): TemplateResult | typeof nothing {
    const on = this.desk?.company.writingIn(room.sessionKey);
    if (!on) return nothing;
    return html`<p class="now writing">${on === "phone" ? "Being written on a phone…" : "Being written on another screen…"}</p>`;
  }

  #renderEarlier(): TemplateResult {
    return html`<button type="button" class="button earlier" ?disabled=${this.isFetching} @click=${this.#fetchEarlier}>
      ${this.isFetching ? "Fetching…" : "Show earlier messages"}
    </button>`;
  }

  #renderEmpty(room: ChatRoom): TemplateResult {
    return html`<section class="empty">
      ${skerry}
      <h2 class="wordmark">What is on your mind?</h2>
      <p class="empty-note">Ask, plan, or hand something over. Type <code>/</code> for commands.</p>
      ${
        room.model?.startsWith("demo/")
          ? html`<p class="empty-note">
              The built-in demo answers. <a href="#/control/models">Give a key</a> to talk to a real model.
            </p>`
          : nothing
      }
      <ul class="offers">
        ${OFFERS.map((offer) => html`<li><button type="button" @click=${() => room.say(offer)}>${offer}</button></li>`)}
      </ul>
    </section>`;
  }

  get #scroller(): HTMLElement | null {
    return this.querySelector(".transcript");
  }

  #onScroll = (): void => {
    const scroller = this.#scroller;
    if (!scroller) return;
    const { scrollTop: top, scrollHeight: height } = scroller;
    const below = height - top - scroller.clientHeight;
    // A talk that grew, or shrank, moves one too: only who went up by more than that has left the end.
    const hasLeft = this.#last.top - top > Math.max(0, this.#last.height - height) + 1;
    if (below < NEAR_PX) this.#isPinned = true;
    else if (hasLeft) this.#isPinned = false;
    const isOfOtherHeight = height !== this.#last.height;
    this.#last = { top, height };
    this.isAway = !this.#isPinned && below > NEAR_PX * 4;
    if (isOfOtherHeight) this.#keepEnd();
    const isWanted = !this.#isPinned && scroller.scrollTop < AHEAD_PX && this.room?.view.hasEarlier === true;
    if (isWanted && !this.isFetching && Date.now() > this.#restUntil) void this.#fetchEarlier();
  };

  #keepEnd(): void {
    const scroller = this.#scroller;
    if (!scroller) return;
    // The browser's own holding of the place would work against the end.
    scroller.style.overflowAnchor = this.#isPinned ? "none" : "";
    if (!this.#isPinned) return;
    scroller.scrollTop = scroller.scrollHeight;
    this.#last = { top: scroller.scrollTop, height: scroller.scrollHeight };
  }

  #toEnd = (): void => {
    this.#isPinned = true;
    this.isAway = false;
    this.#scroller?.scrollTo({ top: this.#scroller.scrollHeight, behavior: "smooth" });
  };

  #fetchEarlier = async (): Promise<void> => {
    const { room, desk } = this;
    const scroller = this.#scroller;
    if (!room || !desk || !scroller) return;
    this.#isPinned = false;
    this.isFetching = true;
    const isFetched = await desk.attempt(() => room.loadEarlier());
    if (!isFetched) this.#restUntil = Date.now() + REST_MS;
    this.isFetching = false;
  };

  /** Puts what was in sight back where it was, where the browser has not done so itself (it does not at the very top). */
  #keepPlace(): void {
    const scroller = this.#scroller;
    const anchor = this.#anchor;
    this.#anchor = undefined;
    if (!scroller || !anchor?.element.isConnected) return;
    const moved = anchor.element.getBoundingClientRect().top - anchor.top;
    if (Math.abs(moved) > 1) scroller.scrollTop += moved;
  }

  /**
   * Marks the last parts for the style sheet. A selector that counts from the end would have the styles of the whole talk
   * made anew with every part that comes.
   */
  #markLate(column: Element): void {
    const late: Element[] = [];
    for (let part = column.lastElementChild; part && late.length < LATE_PARTS; part = part.previousElementSibling)
      if (part.hasAttribute("data-part")) late.push(part);
    for (const part of this.#late) if (!late.includes(part)) part.removeAttribute("data-late");
    for (const part of late) part.setAttribute("data-late", "");
    this.#late = late;
  }

  /** What is at the top of the sight, and where. */
  #findAnchor(): Anchor | undefined {
    const scroller = this.#scroller;
    if (!scroller || this.#isPinned) return undefined;
    const edge = scroller.getBoundingClientRect().top;
    for (const element of scroller.querySelectorAll(".column > [data-part]")) {
      const { top, bottom } = element.getBoundingClientRect();
      if (bottom > edge) return { element, top };
    }
    return undefined;
  }
}

/** Nothing of this talk is here yet, and there is no connection to fetch it over. */
function renderAbsence(isConnected: boolean): TemplateResult {
  return isConnected
    ? html`<p class="now is-late" role="status">${wave} Fetching the messages…</p>`
    : html`<p class="empty-note absence" role="status">The messages come as soon as the connection is back.</p>`;
}
