// Skills: what the agent can learn from, which of it is offered and why not, each to be switched and read.
import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { patchSettings, readRefusal, readSettings, type SettingsDoc } from "../editing/document.ts";
import "../editing/style.ts";
import { Fetched, read } from "../parts/fetched.ts";
import { hrefOf, type RoomView } from "../rooms.ts";
import { adopt } from "../styles/adopt.ts";
import { type SkillRow, skillNote } from "./skill.ts";
import "./skill-row.ts";
import style from "./skills.css" with { type: "text" };

adopt(style);

export const showSkills: RoomView = (desk) => html`<sk-skills .desk=${desk}></sk-skills>`;

@customElement("sk-skills")
export class Skills extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @state() private words = "";
  /** The skill that is being switched. */
  @state() private switching: string | undefined;
  readonly #listed = new Fetched(
    this,
    () => this.desk,
    async (desk): Promise<{ skills: SkillRow[]; settings: SettingsDoc }> => {
      const [{ skills }, settings] = await Promise.all([
        read<{ skills: SkillRow[] }, "skills.status">(desk, "skills.status", {}),
        readSettings(desk),
      ]);
      return { skills, settings };
    },
    ["config.changed"],
  );

  protected override render(): TemplateResult {
    return html`
      <p class="page-note">
        A skill is a page of instructions that the agent reads when it needs it. Own ones are files under skills/ in the agent's
        <a href=${hrefOf("files")}>files</a>.
      </p>
      ${this.#listed.render(({ skills, settings }) => this.#renderAll(skills, settings))}
    `;
  }

  #renderAll(skills: readonly SkillRow[], settings: SettingsDoc): TemplateResult {
    if (skills.length === 0)
      return html`<p class="nothing">There are no skills yet. Write one to skills/&lt;name&gt;/SKILL.md.</p>`;
    const wanted = this.words.toLowerCase();
    const found = skills.filter((skill) => `${skill.name} ${skill.description}`.toLowerCase().includes(wanted));
    const own = found.filter((skill) => skill.source === "workspace");
    const bundled = found.filter((skill) => skill.source === "bundled");
    return html`
      <div class="section-head skills-head">
        <p class="section-note" role="status">${skills.filter((skill) => skill.eligible).length} of ${skills.length} offered to the agent</p>
        <input class="field skill-search" type="search" placeholder="Search skills" aria-label="Search skills" @input=${this.#onSearch} />
      </div>
      ${found.length === 0 ? html`<p class="nothing">No skill fits. Try fewer words.</p>` : ""}
      ${this.#renderGroup("Own skills", own, settings)} ${this.#renderGroup("Came with Skerry", bundled, settings)}
    `;
  }

  #renderGroup(title: string, skills: readonly SkillRow[], settings: SettingsDoc): TemplateResult {
    if (skills.length === 0) return html``;
    return html`<section class="section" aria-label=${title}>
      <div class="section-head"><h2>${title}</h2></div>
      <ul class="rows">
        ${repeat(
          skills,
          (skill) => skill.skillKey,
          (skill) => html`<li>
            <sk-skill-row
              .desk=${this.desk}
              .skill=${skill}
              .isSwitching=${this.switching !== undefined}
              @switch=${() => this.#switch(skill, settings)}
            ></sk-skill-row>
          </li>`,
        )}
      </ul>
    </section>`;
  }

  #onSearch = (event: InputEvent): void => {
    if (event.target instanceof HTMLInputElement) this.words = event.target.value;
  };

  async #switch(skill: SkillRow, settings: SettingsDoc): Promise<void> {
    if (!this.desk || this.switching !== undefined) return;
    this.switching = skill.skillKey;
    try {
      const patch = { skills: { entries: { [skill.skillKey]: { enabled: skill.disabled } } } };
      await patchSettings(this.desk, patch, settings.hash);
    } catch (error) {
      const { isConflict, message } = readRefusal(error);
      this.desk.say(
        isConflict ? `The settings were changed elsewhere meanwhile. Switch ${skill.name} once more.` : message,
        "error",
      );
    }
    await this.#listed.load();
    this.switching = undefined;
    const now = this.#listed.value?.skills.find((other) => other.skillKey === skill.skillKey);
    if (now && !now.disabled && !now.eligible) this.desk.say(`${now.name} is on, but ${skillNote(now)}.`);
  }
}
