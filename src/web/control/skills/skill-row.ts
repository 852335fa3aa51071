// One skill: what it is for, whether it is offered, its switch, and its page when one wants to read it.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import "../../components/chat/markdown.ts";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { Fetched, read } from "../parts/fetched.ts";
import { hrefOf } from "../rooms.ts";
import { type SkillRow as Skill, skillNote, withoutHead } from "./skill.ts";

@customElement("sk-skill-row")
export class SkillRow extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) skill: Skill | undefined;
  @property({ attribute: false }) isSwitching = false;
  @state() private isOpen = false;
  readonly #page = new Fetched(
    this,
    () => (this.isOpen ? this.desk : undefined),
    async (desk) => {
      const { file } = await read<{ file: { content?: string } }, "agents.files.get">(desk, "agents.files.get", {
        name: this.skill?.filePath ?? "",
      });
      return withoutHead(file.content ?? "");
    },
  );

  protected override render(): TemplateResult | typeof nothing {
    const { skill } = this;
    if (!skill) return nothing;
    const note = skillNote(skill);
    const pageId = `skill-${skill.skillKey}`;
    return html`
      <div class="row">
        <div class="row-main">
          <div class="row-title">${skill.name}${skill.eligible || skill.disabled ? nothing : html` <span class="badge badge-bad">Not offered</span>`}</div>
          <div class="row-note">${skill.description || "It says nothing of itself."}</div>
          ${note === undefined ? nothing : html`<div class="row-note skill-why">Not offered: ${note}.</div>`}
        </div>
        <div class="tools">
          <button
            type="button"
            class="button button-small"
            aria-expanded=${this.isOpen ? "true" : "false"}
            aria-controls=${pageId}
            aria-label=${`${this.isOpen ? "Close" : "Read"} ${skill.name}`}
            @click=${this.#toggle}
          >
            ${this.isOpen ? "Close" : "Read"}
          </button>
          <button
            type="button"
            class="switch"
            role="switch"
            aria-checked=${skill.disabled ? "false" : "true"}
            aria-label=${`Offer ${skill.name}`}
            ?disabled=${this.isSwitching}
            @click=${() => this.dispatchEvent(new CustomEvent("switch"))}
          ></button>
        </div>
      </div>
      <div id=${pageId} class="skill-page" ?hidden=${!this.isOpen}>${this.isOpen ? this.#renderPage(skill) : nothing}</div>
    `;
  }

  #renderPage(skill: Skill): TemplateResult {
    return this.#page.render(
      (text) => html`<div class="panel">
        <sk-markdown .text=${text}></sk-markdown>
        ${
          skill.source === "workspace"
            ? html`<p class="skill-edit"><a href=${hrefOf("files", skill.filePath)}>Edit ${skill.filePath}</a></p>`
            : nothing
        }
      </div>`,
    );
  }

  #toggle = (): void => {
    this.isOpen = !this.isOpen;
  };
}
