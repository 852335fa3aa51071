// The live log: new lines every moment while one looks, until it is paused or one scrolls up to read.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../../components/element.ts";
import { sentenceOf } from "../../state/chat-room.ts";
import type { Desk } from "../../state/desk.ts";
import { addPage, LEVELS, type Level, type LogLine, type LogPage, pickLines } from "./log-lines.ts";

const PAUSE_MS = 1_500;
const FIRST = 500;
/** So near to the end counts as the end. */
const NEAR_PX = 24;
const LEVEL_NAMES: Record<Level, string> = { info: "Everything", warn: "Warnings and errors", error: "Errors" };

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

@customElement("sk-log")
export class Log extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @state() private lines: readonly LogLine[] = [];
  @state() private least: Level = "info";
  @state() private words = "";
  @state() private isPaused = false;
  @state() private problem: string | undefined;
  #cursor: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAtEnd = true;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#plan(0);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  protected override updated(): void {
    const box = this.querySelector(".log-lines");
    if (box && this.#isAtEnd && !this.isPaused) box.scrollTop = box.scrollHeight;
  }

  protected override render(): TemplateResult {
    const shown = pickLines(this.lines, this.least, this.words);
    return html`<section class="section" aria-labelledby="log">
      <div class="section-head">
        <h2 id="log">Log</h2>
        <div class="tools">
          <label class="unseen" for="log-words">Find in the log</label>
          <input id="log-words" class="field log-words" type="search" placeholder="Find" autocomplete="off" @input=${this.#seek} />
          <label class="unseen" for="log-level">Show</label>
          <select id="log-level" class="field log-level" @change=${this.#choose}>
            ${LEVELS.map((level) => html`<option value=${level}>${LEVEL_NAMES[level]}</option>`)}
          </select>
          <button type="button" class="button button-small" aria-pressed=${this.isPaused ? "true" : "false"} @click=${this.#pause}>
            ${this.isPaused ? "Go on" : "Pause"}
          </button>
          <button type="button" class="button button-small" ?disabled=${shown.length === 0} @click=${() => this.#copy(shown)}>Copy</button>
        </div>
      </div>
      ${this.problem === undefined ? nothing : html`<div class="notice notice-bad" role="alert"><p>${this.problem}</p></div>`}
      <div class="log-lines" tabindex="0" role="log" aria-live="off" aria-labelledby="log" @scroll=${this.#onScroll}>
        ${
          shown.length === 0
            ? html`<p class="log-nothing">${this.lines.length === 0 ? "Nothing was logged since Skerry woke up." : "No line fits."}</p>`
            : repeat(
                shown,
                ({ id }) => id,
                (line) => html`<div class=${`log-line log-${line.level}`}>
                  <time>${line.at === 0 ? "" : clock.format(line.at)}</time>
                  <span class="log-word">${line.level}</span>
                  <span class="log-text">${line.text} <span class="log-more">${line.more}</span></span>
                </div>`,
              )
        }
      </div>
      <p class="section-note">
        ${this.isPaused ? "Paused." : "Live."} ${shown.length.toLocaleString("en")} of ${this.lines.length.toLocaleString("en")} lines. It lives
        in memory and begins anew when Skerry restarts.
      </p>
    </section>`;
  }

  #plan(pauseMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#follow(), pauseMs);
  }

  async #follow(): Promise<void> {
    const { desk } = this;
    if (desk && !this.isPaused && !document.hidden && desk.link.phase === "ready") {
      try {
        const cursor = this.#cursor === undefined ? {} : { cursor: this.#cursor };
        const page = await desk.client.request<LogPage>("logs.tail", { ...cursor, limit: FIRST });
        this.#cursor = page.cursor;
        if (page.lines.length > 0 || page.reset) this.lines = addPage(this.lines, page);
        this.problem = undefined;
      } catch (error) {
        // A connection that breaks says so itself, at the top of the page.
        if (desk.link.phase === "ready") this.problem = `The log could not be read: ${sentenceOf(error)}`;
      }
    }
    if (this.isConnected && !this.isPaused) this.#plan(PAUSE_MS);
  }

  #seek = (event: InputEvent): void => {
    if (event.target instanceof HTMLInputElement) this.words = event.target.value;
  };

  #choose = (event: Event): void => {
    const { target } = event;
    if (target instanceof HTMLSelectElement) this.least = LEVELS.find((level) => level === target.value) ?? "info";
  };

  #pause = (): void => {
    this.isPaused = !this.isPaused;
    if (this.isPaused) clearTimeout(this.#timer);
    else this.#plan(0);
  };

  #onScroll = (event: Event): void => {
    if (!(event.target instanceof HTMLElement)) return;
    const { scrollHeight, scrollTop, clientHeight } = event.target;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
  };

  async #copy(shown: readonly LogLine[]): Promise<void> {
    try {
      await navigator.clipboard.writeText(shown.map(({ raw }) => raw).join("\n"));
      this.desk?.say(`${shown.length.toLocaleString("en")} lines copied.`);
    } catch {
      this.desk?.say("The browser does not let the page copy. Select the lines and copy them by hand.", "error");
    }
  }
}
