// The room for talking: its head with the session's name (a click renames it), the search, the transcript, and where one
// writes. Files may be dropped anywhere in it.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { lines, plus, search } from "../../pictures/icons.ts";
import type { ChatRoom } from "../../state/chat-room.ts";
import type { Desk } from "../../state/desk.ts";
import { titleOf } from "../../state/session-list.ts";
import { Watch } from "../../state/signal.ts";
import { describeCost } from "../../state/usage.ts";
import { DaySpend } from "../../talk/day-spend.ts";
import { PageElement } from "../element.ts";
import { Composer } from "./composer.ts";
import "./transcript.ts";

const MAX_NAME = 100;

@customElement("sk-chat")
export class Chat extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) room: ChatRoom | undefined;
  @state() private isSearching = false;
  @state() private isRenaming = false;
  /** Files are held over the room. */
  @state() private isOffered = false;
  /** What had the focus before the search took it. */
  #before: Element | null = null;
  #day: DaySpend | undefined;
  #wasWorking = false;
  #wasReady = false;

  constructor() {
    super();
    new Watch(this, () => this.room);
    new Watch(this, () => this.desk?.sessions);
    new Watch(this, () => this.#day);
    this.addEventListener("dragover", this.#onDragOver);
    this.addEventListener("dragleave", this.#onDragLeave);
    this.addEventListener("drop", this.#onDrop);
    this.addEventListener("approval-decided", () => void this.#goOn());
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("keydown", this.#onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("keydown", this.#onKey);
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const { desk, room } = this;
    if (!desk || !room) return;
    if (changed.has("room")) {
      this.isSearching = false;
      this.isRenaming = false;
    }
    const isReady = desk.link.phase === "ready";
    this.#day ??= new DaySpend(desk.client);
    if (isReady && (!this.#wasReady || (this.#wasWorking && !room.isWorking))) this.#day.refresh();
    this.#wasReady = isReady;
    this.#wasWorking = room.isWorking;
  }

  protected override render(): TemplateResult {
    const { desk, room } = this;
    if (!desk || !room) return html``;
    const title = titleOf(desk.sessions.find(room.sessionKey) ?? room.info, room.sessionKey);
    document.title = room.isWorking ? `… ${title} · Skerry` : `${title} · Skerry`;
    return html`
      <header class="room-head">
        <button type="button" class="icon-button only-narrow side-toggle" aria-label="Sessions" @click=${this.#openSide}>${lines}</button>
        ${this.isRenaming ? this.#renderName(desk, room, title) : this.#renderTitle(room, title)} ${this.#renderHands(room)} ${this.#renderNote(room)}
        <button
          type="button"
          class="icon-button search-open"
          aria-label="Search this session"
          title="Search this session (Ctrl+Shift+F)"
          aria-expanded=${this.isSearching ? "true" : "false"}
          @click=${this.#toggleSearch}
        >
          ${search}
        </button>
        <button type="button" class="icon-button only-narrow" aria-label="New session" @click=${() => desk.newSession()}>${plus}</button>
      </header>
      ${this.isSearching ? html`<sk-search-bar .room=${room} @search-close=${this.#closeSearch}></sk-search-bar>` : nothing}
      <sk-transcript .desk=${desk} .room=${room}></sk-transcript>
      <sk-composer .desk=${desk} .room=${room}></sk-composer>
      ${this.isOffered ? html`<div class="drop-here">Drop files here to send them</div>` : nothing}
    `;
  }

  /** What had the focus is decided and gone: one goes on where one writes. */
  async #goOn(): Promise<void> {
    await this.updateComplete;
    const isLost = document.activeElement === document.body;
    if (isLost && matchMedia("(pointer: fine)").matches) this.querySelector<HTMLElement>("#message")?.focus();
  }

  #renderTitle(room: ChatRoom, title: string): TemplateResult {
    const name = html`<bdi>${title}</bdi>`;
    return html`<h1 class="room-title">
      ${
        room.isLoaded
          ? html`<button type="button" class="room-name" title="Rename this session" @click=${this.#rename}>${name}</button>`
          : name
      }
    </h1>`;
  }

  #renderName(desk: Desk, room: ChatRoom, title: string): TemplateResult {
    const end = (event: Event, isKept: boolean) => {
      const field = event.currentTarget;
      if (!this.isRenaming || !(field instanceof HTMLInputElement)) return;
      this.isRenaming = false;
      const label = field.value.trim();
      if (isKept && label !== title) void desk.attempt(() => room.choose({ label: label === "" ? null : label }));
      void this.updateComplete.then(() => this.querySelector<HTMLElement>(".room-name")?.focus());
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      end(event, event.key === "Enter");
    };
    return html`<input
      class="room-title room-rename"
      aria-label="Name of this session"
      dir="auto"
      maxlength=${MAX_NAME}
      .value=${title}
      @keydown=${onKey}
      @blur=${(event: Event) => end(event, true)}
    />`;
  }

  /** How full the model's window is, what the session has cost, and what the day has. */
  #renderNote(room: ChatRoom): TemplateResult | typeof nothing {
    const { totalTokens = 0, contextTokens, estimatedCostUsd } = room.info ?? {};
    const notes: TemplateResult[] = [];
    if (contextTokens && totalTokens > 0) {
      const percent = (totalTokens / contextTokens) * 100;
      if (percent >= 1)
        notes.push(html`<span title="How full the model's window is">${Math.round(percent)}% of the window</span>`);
    }
    if (estimatedCostUsd) notes.push(html`<span title="This session so far">${describeCost(estimatedCostUsd)}</span>`);
    const day = this.#day?.words ?? "";
    if (day !== "") notes.push(html`<span class="room-day" title=${this.#day?.detail ?? ""}>${day}</span>`);
    return notes.length === 0 ? nothing : html`<span class="room-note">${notes}</span>`;
  }

  /** What the owner chose for the commands of this session; a raised one should not be forgotten. */
  #renderHands(room: ChatRoom): TemplateResult | typeof nothing {
    const { elevatedLevel, execHost, execSecurity, execAsk, execNode } = room.info ?? {};
    const chosen = [
      execHost ? `host ${execHost}` : "",
      execSecurity ? `security ${execSecurity}` : "",
      execAsk ? `ask ${execAsk}` : "",
      execNode ? `node ${execNode}` : "",
    ].filter((word) => word !== "");
    if (!elevatedLevel && chosen.length === 0) return nothing;
    const words = [...(elevatedLevel ? [`elevated ${elevatedLevel}`] : []), ...chosen].join(", ");
    return html`<span class=${elevatedLevel ? "room-hands is-raised" : "room-hands"} title=${`Commands of this session: ${words}. Change with /elevated and /exec.`}
      ><bdi>${elevatedLevel ? `elevated ${elevatedLevel}` : chosen[0]}</bdi>${elevatedLevel && chosen.length > 0 ? " +" : chosen.length > 1 ? " +" : ""}</span
    >`;
  }

  #rename = (): void => {
    this.isRenaming = true;
    void this.updateComplete.then(() => this.querySelector<HTMLInputElement>(".room-rename")?.select());
  };

  #toggleSearch = (): void => {
    if (this.isSearching) this.#closeSearch();
    else void this.#openSearch();
  };

  async #openSearch(): Promise<void> {
    if (!(await this.desk?.fetchPart(() => import("./search-bar.ts")))) return;
    if (!this.isSearching) this.#before = document.activeElement;
    this.isSearching = true;
    await this.updateComplete;
    this.querySelector<HTMLInputElement>("#search")?.select();
  }

  #closeSearch = (): void => {
    this.isSearching = false;
    const before = this.#before instanceof HTMLElement && this.contains(this.#before) ? this.#before : undefined;
    (before ?? this.querySelector<HTMLElement>(".search-open"))?.focus();
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.key.toLowerCase() !== "f" || !event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void this.#openSearch();
  };

  #onDragOver = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.isOffered = true;
  };

  #onDragLeave = (event: DragEvent): void => {
    if (!(event.relatedTarget instanceof Node && this.contains(event.relatedTarget))) this.isOffered = false;
  };

  #onDrop = (event: DragEvent): void => {
    const { files } = event.dataTransfer ?? {};
    this.isOffered = false;
    if (!files || files.length === 0) return;
    event.preventDefault();
    const composer = this.querySelector("sk-composer");
    if (composer instanceof Composer) composer.attach(files);
  };

  #openSide = (): void => {
    this.dispatchEvent(new CustomEvent("side-open"));
  };
}
