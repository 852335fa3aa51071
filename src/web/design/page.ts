// The page itself: sections at the side, shows in the middle, and whether they are looked at in one theme or in both.
import { html, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { PageElement } from "../components/element.ts";
import { applyTheme, readTheme, THEMES, type Theme } from "../state/theme.ts";
import type { Section, Show } from "./show.ts";
import { FRAME } from "./shows/frame.ts";
import { PARTS } from "./shows/parts.ts";
import { ROOMS } from "./shows/rooms.ts";
import { TALK } from "./shows/talk.ts";
import { TOKENS } from "./shows/tokens.ts";
import { WRITING } from "./shows/writing.ts";
import type { Scheme } from "./specimen.ts";
import "./specimen.ts";

const SECTIONS: readonly Section[] = [TOKENS, PARTS, TALK, WRITING, FRAME, ROOMS];
type Look = Theme | "both";
const LOOKS: readonly Look[] = [...THEMES, "both"];
const LOOK_NAMES: Record<Look, string> = { system: "System", light: "Light", dark: "Dark", both: "Both" };

@customElement("sk-design")
export class Design extends PageElement {
  @state() private look: Look = readTheme();

  protected override render(): TemplateResult {
    return html`
      <a class="design-skip" href="#tokens">To the tokens</a>
      <header class="design-head">
        <a class="side-mark" href="/">Skerry</a>
        <nav class="design-nav" aria-label="Sections">${SECTIONS.map(({ id, name }) => html`<a href=${`#${id}`}>${name}</a>`)}</nav>
        <div class="choice design-looks" role="group" aria-label="Theme">
          ${LOOKS.map(
            (look) =>
              html`<button type="button" aria-pressed=${look === this.look ? "true" : "false"} @click=${() => this.#choose(look)}>${LOOK_NAMES[look]}</button>`,
          )}
        </div>
      </header>
      <main class="design">
        <h1 class="wordmark">Design system</h1>
        <p class="page-note">
          Every component in every state, drawn by the components themselves from made-up data. Nothing on this page is sent or
          kept.
        </p>
        ${SECTIONS.map((section) => this.#renderSection(section))}
      </main>
    `;
  }

  #renderSection({ id, name, note, shows }: Section): TemplateResult {
    return html`<section class="design-section" id=${id} aria-labelledby=${`${id}-name`}>
      <h2 id=${`${id}-name`}>${name}</h2>
      <p class="page-note">${note}</p>
      ${shows.map((show) => this.#renderShow(show))}
    </section>`;
  }

  #renderShow({ name, note, size = "plain", cases }: Show): TemplateResult {
    const schemes: readonly Scheme[] = this.look === "both" ? BOTH : PAGE;
    return html`<section class="design-show">
      <h3>${name}</h3>
      ${note === undefined ? "" : html`<p class="section-note">${note}</p>`}
      <div class=${`cases cases-${this.look === "both" ? "both" : size}`}>
        ${cases.map((item) => html`<sk-specimen .item=${item} .size=${size} .schemes=${schemes}></sk-specimen>`)}
      </div>
    </section>`;
  }

  #choose(look: Look): void {
    this.look = look;
    applyTheme(look === "both" ? "system" : look);
  }
}

const PAGE: readonly Scheme[] = ["page"];
const BOTH: readonly Scheme[] = ["light", "dark"];
