// The agent's files: the list, and the one that is open beside it. On a phone they take turns.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { PageElement } from "../../components/element.ts";
import { plus } from "../../pictures/icons.ts";
import type { Desk } from "../../state/desk.ts";
import { keep, recall } from "../../state/shelf.ts";
import "../editing/style.ts";
import { Fetched } from "../parts/fetched.ts";
import { hrefOf, type RoomView } from "../rooms.ts";
import { adopt } from "../styles/adopt.ts";
import { type AgentFile, type AgentName, groupFiles, readAgents, readFiles } from "./agent-files.ts";
import { draftOf } from "./drafts.ts";
import "./file-editor.ts";
import style from "./files.css" with { type: "text" };

adopt(style);

export const showFiles: RoomView = (desk, rest) => html`<sk-files .desk=${desk} .path=${rest}></sk-files>`;

const FIRST_FILE = "SOUL.md";
const isWide = matchMedia("(min-width: 64rem)");

@customElement("sk-files")
export class Files extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) path: string | undefined;
  @state() private agentId = recall("agent") ?? "main";
  @state() private isNaming = false;
  readonly #listed = new Fetched(
    this,
    () => this.desk,
    async (desk): Promise<{ files: AgentFile[]; agents: AgentName[] }> => {
      const agents = await readAgents(desk);
      if (!agents.some((agent) => agent.id === this.agentId)) this.agentId = "main";
      return { agents, files: await readFiles(desk, this.agentId) };
    },
  );

  override connectedCallback(): void {
    super.connectedCallback();
    isWide.addEventListener("change", this.#redraw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    isWide.removeEventListener("change", this.#redraw);
  }

  protected override render(): TemplateResult {
    const open = this.path ?? (isWide.matches ? FIRST_FILE : undefined);
    return html`<div class=${this.path === undefined ? "files" : "files has-open"}>
      <div class="files-list">${this.#listed.render(({ files, agents }) => this.#renderList(files, agents, open))}</div>
      <div class="files-open">
        ${
          open === undefined
            ? nothing
            : html`<a class="files-back" href=${hrefOf("files")}>All files</a>
                <sk-file-editor
                  .desk=${this.desk}
                  .agentId=${this.agentId}
                  .path=${open}
                  @draft-changed=${this.#redraw}
                  @file-saved=${() => this.#listed.load()}
                ></sk-file-editor>`
        }
      </div>
    </div>`;
  }

  #renderList(files: readonly AgentFile[], agents: readonly AgentName[], open: string | undefined): TemplateResult {
    return html`
      ${agents.length > 1 ? this.#renderAgents(agents) : nothing}
      ${groupFiles(files).map(
        (group) => html`<section class="file-group" aria-label=${group.title}>
          <h2>${group.title}</h2>
          <ul>
            ${group.files.map(
              (file) => html`<li>
                <a
                  class=${file.isMissing ? "file-link is-missing" : "file-link"}
                  href=${hrefOf("files", file.path)}
                  aria-current=${file.path === open ? "page" : nothing}
                >
                  <span class="file-link-name" dir="auto">${file.path.replace(/^memory\//, "")}</span>
                  ${draftOf(this.agentId, file.path) ? html`<span class="dot dot-working" role="img" aria-label="not saved"></span>` : nothing}
                  <span class="file-link-note">${file.isMissing ? `${file.note}; not written yet` : file.note}</span>
                </a>
              </li>`,
            )}
          </ul>
        </section>`,
      )}
      ${this.isNaming ? this.#renderNaming() : html`<button type="button" class="button button-small file-new" @click=${this.#name}>${plus} New file</button>`}
    `;
  }

  #renderAgents(agents: readonly AgentName[]): TemplateResult {
    return html`<div class="ask-field">
      <label for="files-agent">Agent</label>
      <select id="files-agent" class="field" @change=${this.#onAgent}>
        ${agents.map((agent) => html`<option value=${agent.id} ?selected=${agent.id === this.agentId}>${agent.name}</option>`)}
      </select>
    </div>`;
  }

  #renderNaming(): TemplateResult {
    return html`<form class="ask-field file-naming" @submit=${this.#create} @keydown=${this.#onNamingKey}>
      <label for="file-new">Path of the new file</label>
      <input id="file-new" class="field mono" placeholder="notes/ideas.md" required maxlength="512" autocomplete="off" spellcheck="false" />
      <div class="tools">
        <button class="button button-small button-strong">Write it</button>
        <button type="button" class="button button-small" @click=${this.#unname}>Cancel</button>
      </div>
    </form>`;
  }

  #name = (): void => {
    this.isNaming = true;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>("#file-new")?.focus());
  };

  #unname = (): void => {
    this.isNaming = false;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(".file-new")?.focus());
  };

  #onNamingKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") this.#unname();
  };

  #create = (event: SubmitEvent): void => {
    event.preventDefault();
    const path = this.querySelector<HTMLInputElement>("#file-new")?.value.trim().replace(/^\/+/, "") ?? "";
    if (path === "") return;
    this.isNaming = false;
    location.hash = hrefOf("files", path);
  };

  #onAgent = (event: Event): void => {
    if (!(event.target instanceof HTMLSelectElement)) return;
    this.agentId = event.target.value;
    keep("agent", this.agentId);
    void this.#listed.load();
  };

  #redraw = (): void => this.requestUpdate();
}
