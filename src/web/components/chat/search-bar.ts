// The field that searches the talk: how many hits there are, the way from one to the next, and marks on the words found.
// The browser's own search stays what it is. Marks are highlights of the browser: no element of the talk is touched.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { chevronDown, close, search, wave } from "../../pictures/icons.ts";
import type { ChatRoom } from "../../state/chat-room.ts";
import { Watch } from "../../state/signal.ts";
import { type HitPlace, TranscriptSearch } from "../../talk/transcript-search.ts";
import { PageElement } from "../element.ts";
import { ToolCall } from "./tool-call.ts";

const PAUSE_MS = 120;
const MAX_MARKS = 2_000;

@customElement("sk-search-bar")
export class SearchBar extends PageElement {
  @property({ attribute: false }) room: ChatRoom | undefined;
  #search: TranscriptSearch | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown: HitPlace | undefined;

  constructor() {
    super();
    new Watch(this, () => this.room);
    new Watch(this, () => this.#search);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    clearMarks();
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("room") && this.room) this.#search = new TranscriptSearch(this.room);
  }

  protected override firstUpdated(): void {
    this.querySelector("input")?.focus();
  }

  protected override updated(): void {
    const { room } = this;
    const finder = this.#search;
    if (!room || !finder) return;
    const { current, hits } = finder;
    if (current !== undefined && current !== this.#shown) void this.#show(finder, current);
    else this.#mark(finder, hits);
    this.#shown = current;
  }

  protected override render(): TemplateResult {
    const finder = this.#search;
    if (!finder) return html``;
    const { hits, query, current, problem, isReading } = finder;
    const at = hits.indexOf(current ?? "") + 1;
    const words = query === "" ? "" : hits.length === 0 ? (isReading ? "" : "Nothing found") : `${at} of ${hits.length}`;
    return html`<form class="search" role="search" aria-label="In this session" @submit=${this.#onSubmit} @keydown=${this.#onKey}>
      <span class="search-icon">${search}</span>
      <label class="unseen" for="search">Search this session</label>
      <input id="search" type="text" autocomplete="off" placeholder="Search this session" enterkeyhint="search" @input=${this.#onInput} />
      ${isReading ? wave : nothing}
      <span class="search-count" role="status">${problem ?? words}</span>
      <button type="button" class="icon-button search-before" aria-label="Hit before" ?disabled=${hits.length === 0} @click=${() => finder.go(-1)}>
        ${chevronDown}
      </button>
      <button type="button" class="icon-button" aria-label="Next hit" ?disabled=${hits.length === 0} @click=${() => finder.go(1)}>
        ${chevronDown}
      </button>
      <button type="button" class="icon-button" aria-label="Close the search" @click=${this.#close}>${close}</button>
    </form>`;
  }

  #onInput = (event: Event): void => {
    const field = event.currentTarget;
    if (!(field instanceof HTMLInputElement)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search?.find(field.value), PAUSE_MS);
  };

  /** Enter goes up, to older hits, as one reads a talk from its end; Shift+Enter goes down. */
  #onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      this.#search?.go(event.shiftKey ? 1 : -1);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    }
  };

  #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
  };

  #close = (): void => {
    this.dispatchEvent(new CustomEvent("search-close"));
  };

  async #show(finder: TranscriptSearch, hit: HitPlace): Promise<void> {
    await finder.bring(hit).catch(() => undefined);
    // What came is laid out first; then the hit is where it seems to be.
    await nextFrame();
    await nextFrame();
    if (finder.current !== hit || !this.isConnected) return;
    const card = this.#place(hit);
    if (card instanceof ToolCall) await card.reveal();
    this.#place(hit)?.scrollIntoView({ block: "center" });
    await nextFrame();
    const place = this.#place(hit);
    place?.scrollIntoView({ block: "center" });
    if (place instanceof ToolCall) bringInside(place, finder.query);
    this.#mark(finder, finder.hits);
  }

  #mark(finder: TranscriptSearch, hits: readonly HitPlace[]): void {
    if (!("highlights" in CSS)) return;
    const found: Range[] = [];
    const now: Range[] = [];
    for (const hit of hits) {
      const place = found.length < MAX_MARKS ? this.#place(hit) : null;
      if (place) (hit === finder.current ? now : found).push(...rangesOf(place, finder.query));
    }
    CSS.highlights.set("found", new Highlight(...found));
    CSS.highlights.set("found-now", new Highlight(...now));
  }

  #place(hit: HitPlace): HTMLElement | null {
    const name = hit.includes("/") ? "hit" : "seq";
    return document.querySelector(`.transcript [data-${name}="${CSS.escape(hit)}"]`);
  }
}

/** A long result scrolls by itself: the first words found in it come into sight. */
function bringInside(card: HTMLElement, query: string): void {
  const box = card.querySelector<HTMLElement>(".call-text");
  const [first] = box ? rangesOf(box, query) : [];
  if (!box || !first) return;
  box.scrollTop += first.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 2;
}

function clearMarks(): void {
  if (!("highlights" in CSS)) return;
  CSS.highlights.delete("found");
  CSS.highlights.delete("found-now");
}

function rangesOf(root: HTMLElement, query: string): Range[] {
  const words = query.toLowerCase();
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && words !== ""; node = walker.nextNode()) {
    const text = (node.textContent ?? "").toLowerCase();
    for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + words.length)) {
      const range = document.createRange();
      // Lower case may be longer than what was written; such a mark is left out.
      if (at + words.length > (node.textContent ?? "").length) break;
      range.setStart(node, at);
      range.setEnd(node, at + words.length);
      ranges.push(range);
    }
  }
  return ranges;
}

function nextFrame(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => resolve()));
}
