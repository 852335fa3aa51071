// All sessions: found by their words, newest first; the one that is open beside the list (on a phone: instead of it).
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { SessionSummary } from "../../../client/frames.ts";
import { PageElement } from "../../components/element.ts";
import { search } from "../../pictures/icons.ts";
import type { Desk } from "../../state/desk.ts";
import { titleOf } from "../../state/session-list.ts";
import { Watch } from "../../state/signal.ts";
import { timeOf } from "../../state/times.ts";
import { describeCost, shorten } from "../../state/usage.ts";
import { Fetched, read } from "../parts/fetched.ts";
import { hrefOf } from "../rooms.ts";
import { adopt } from "../styles/adopt.ts";
import { badgeOf } from "./badge.ts";
import "./sheet.ts";
import style from "./sessions.css" with { type: "text" };

adopt(style);

const PAGE = 100;
/** The Gateway lists no more at once; who has more searches. */
const MOST = 1000;
const TYPING_PAUSE_MS = 200;
const NEWS_PAUSE_MS = 400;

interface Listing {
  sessions: SessionSummary[];
  totalCount: number;
  /** Sessions of programs at the OpenAI door that named none. */
  programCount?: number;
}

@customElement("sk-sessions-room")
export class SessionsRoom extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  /** The session that is looked at. */
  @property({ attribute: false }) open: string | undefined;
  @state() private words = "";
  @state() private ofPrograms = false;
  #limit = PAGE;
  #known: unknown;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #list = new Fetched<Listing>(
    this,
    () => this.desk,
    (desk) =>
      read(desk, "sessions.list", {
        limit: this.#limit,
        ...(this.words === "" ? {} : { search: this.words }),
        ...(this.ofPrograms ? { programs: true } : {}),
      }),
  );

  constructor() {
    super();
    new Watch(this, () => this.desk?.sessions);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  protected override willUpdate(): void {
    const rows = this.desk?.sessions.rows;
    if (this.#known !== undefined && rows !== this.#known) this.#loadIn(NEWS_PAUSE_MS);
    this.#known = rows;
  }

  protected override render(): TemplateResult {
    const { desk, open } = this;
    return html`<div class=${open === undefined ? "sessions" : "sessions is-split"}>
      <div class="sessions-list">
        <div class="seek">
          ${search}
          <label class="unseen" for="session-words">Find a session</label>
          <input
            id="session-words"
            class="field"
            type="search"
            placeholder="Find by name, words or key"
            maxlength="200"
            autocomplete="off"
            spellcheck="false"
            @input=${this.#seek}
          />
        </div>
        ${this.#list.render((listing) => this.#renderList(listing))}
      </div>
      ${open === undefined || !desk ? nothing : html`<sk-session-sheet .desk=${desk} .sessionKey=${open}></sk-session-sheet>`}
    </div>`;
  }

  #renderList({ sessions, totalCount, programCount = 0 }: Listing): TemplateResult {
    const choice = programCount > 0 || this.ofPrograms ? this.#renderChoice(programCount) : nothing;
    if (sessions.length === 0) {
      return html`${choice}
        <p class="nothing" role="status">
          ${
            this.words !== ""
              ? `No session has “${this.words}” in it.`
              : this.ofPrograms
                ? "No program asked within the last seven days."
                : "No session yet. The first message in the chat begins one."
          }
        </p>`;
    }
    const now = new Date();
    const left = Math.min(totalCount, MOST) - sessions.length;
    return html`
      ${choice}
      <p class="section-note" role="status">
        ${countOf(totalCount, this.words)}${this.ofPrograms ? "; each is deleted seven days after its last answer" : nothing}
      </p>
      <ul class="rows">
        ${repeat(
          sessions,
          (row) => row.key,
          (row) => html`<li>${this.#renderRow(row, now)}</li>`,
        )}
      </ul>
      ${
        left > 0
          ? html`<button type="button" class="button sessions-more" @click=${this.#showMore}>Show ${Math.min(PAGE, left)} more</button>`
          : nothing
      }
    `;
  }

  /** What people talk about, and what programs at the OpenAI door asked without naming a session. */
  #renderChoice(programCount: number): TemplateResult {
    const choice = (name: string, isOfPrograms: boolean) =>
      html`<button
        type="button"
        aria-pressed=${this.ofPrograms === isOfPrograms ? "true" : "false"}
        @click=${() => this.#choose(isOfPrograms)}
      >
        ${name}
      </button>`;
    return html`<div class="choice" role="group" aria-label="Which sessions">
      ${choice("Talks", false)} ${choice(`Programs, ${programCount.toLocaleString("en")}`, true)}
    </div>`;
  }

  #choose(isOfPrograms: boolean): void {
    this.ofPrograms = isOfPrograms;
    this.#limit = PAGE;
    void this.#list.load();
  }

  #renderRow(row: SessionSummary, now: Date): TemplateResult {
    const tokens = (row.inputTokens ?? 0) + (row.outputTokens ?? 0);
    return html`<a
      class=${row.key === this.open ? "session-row is-open" : "session-row"}
      href=${hrefOf("sessions", row.key)}
      aria-current=${row.key === this.open ? "true" : nothing}
    >
      <span class="session-name">
        <bdi class="row-title">${titleOf(row, row.key)}</bdi>
        ${badgeOf(row)}
      </span>
      <span class="session-last row-note" dir="auto">${row.lastMessagePreview ?? "Nothing said yet"}</span>
      <span class="session-spend row-note">
        ${tokens > 0 ? `${shorten(tokens)} tokens` : nothing}${row.estimatedCostUsd ? ` · ${describeCost(row.estimatedCostUsd)}` : nothing}
      </span>
      <time class="session-time row-note">${timeOf(row.updatedAt ?? 0, now)}</time>
    </a>`;
  }

  #seek = (event: InputEvent): void => {
    if (!(event.target instanceof HTMLInputElement)) return;
    this.words = event.target.value.trim();
    this.#limit = PAGE;
    this.#loadIn(TYPING_PAUSE_MS);
  };

  #showMore = (): void => {
    this.#limit = Math.min(MOST, this.#limit + PAGE);
    void this.#list.load();
  };

  #loadIn(pauseMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#list.load(), pauseMs);
  }
}

function countOf(total: number, words: string): string {
  const count = `${total.toLocaleString("en")} ${total === 1 ? "session" : "sessions"}`;
  return words === "" ? count : `${count} with “${words}”`;
}

export const showSessions = (desk: Desk, rest: string | undefined): TemplateResult =>
  html`<sk-sessions-room .desk=${desk} .open=${rest}></sk-sessions-room>`;
