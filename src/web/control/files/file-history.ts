// Earlier versions of a file that shapes the agent: what each changed against now, and taking one back.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { showDiff } from "../editing/diff-view.ts";
import { ask } from "../parts/ask.ts";
import { Fetched, read } from "../parts/fetched.ts";
import { describeMoment } from "../parts/words.ts";
import { type AgentFile, describeSize, isShaping } from "./agent-files.ts";
import { draftOf } from "./drafts.ts";

interface KeptVersion {
  version: number;
  size: number;
  updatedAtMs: number;
}

@customElement("sk-file-history")
export class FileHistory extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) agentId = "main";
  @property({ attribute: false }) file: AgentFile | undefined;
  @state() private chosen: number | undefined;
  readonly #versions = new Fetched(
    this,
    () => this.desk,
    async (desk) => {
      const params = { agentId: this.agentId, name: this.file?.path ?? "" };
      const { versions } = await read<{ versions: KeptVersion[] }, "agents.files.versions">(
        desk,
        "agents.files.versions",
        params,
      );
      return versions;
    },
  );
  readonly #text = new Fetched(
    this,
    () => (this.chosen === undefined ? undefined : this.desk),
    async (desk) => {
      const params = { agentId: this.agentId, name: this.file?.path ?? "", version: this.chosen ?? 1 };
      return (await read<{ content: string }, "agents.files.version">(desk, "agents.files.version", params)).content;
    },
  );

  protected override willUpdate(changed: Map<string, unknown>): void {
    const before = changed.get("file") as AgentFile | undefined;
    if (before === undefined || before.version === this.file?.version) return;
    this.chosen = undefined;
    void this.#versions.load();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { file } = this;
    if (!file) return nothing;
    if (!isShaping(file.path)) {
      return html`<p class="nothing">Earlier versions are kept of the files that make the agent who it is, such as SOUL.md, not of this one.</p>`;
    }
    return this.#versions.render((versions) =>
      versions.length === 0
        ? html`<p class="nothing">This is the first version. Earlier ones are kept here from the next change on.</p>`
        : html`<ol class="rows versions">
            ${versions.map((version) => html`<li>${this.#renderVersion(file, version)}</li>`)}
          </ol>`,
    );
  }

  #renderVersion(file: AgentFile, { version, size, updatedAtMs }: KeptVersion): TemplateResult {
    const isOpen = version === this.chosen;
    return html`
      <div class="row">
        <div class="row-main">
          <div class="row-title">Version ${version}</div>
          <div class="row-note">${describeMoment(updatedAtMs)}, ${describeSize(size)}</div>
        </div>
        <button
          type="button"
          class="button button-small"
          aria-expanded=${isOpen ? "true" : "false"}
          aria-label=${`${isOpen ? "Close" : "Compare with now"}: version ${version}`}
          @click=${() => this.#choose(isOpen ? undefined : version)}
        >
          ${isOpen ? "Close" : "Compare with now"}
        </button>
      </div>
      ${isOpen ? this.#renderText(file, version) : nothing}
    `;
  }

  #renderText(file: AgentFile, version: number): TemplateResult {
    return this.#text.render(
      (content) => html`<div class="version-text">
        ${showDiff(content, file.content ?? "", `From version ${version} to now`)}
        <div class="tools">
          <button type="button" class="button button-small" ?disabled=${content === file.content} @click=${() => this.#restore(file, content, version)}>
            Restore version ${version}
          </button>
        </div>
      </div>`,
    );
  }

  #choose(version: number | undefined): void {
    this.chosen = version;
    this.#text.clear();
    void this.#text.load();
  }

  async #restore(file: AgentFile, content: string, version: number): Promise<void> {
    const isUnsaved = draftOf(this.agentId, file.path) !== undefined;
    const isSure =
      !isUnsaved ||
      (await ask({
        title: "Give up what you wrote?",
        text: `Your changes of ${file.path} are not saved; version ${version} would take their place.`,
        yes: "Restore",
      }));
    if (isSure) this.dispatchEvent(new CustomEvent("restore", { detail: { content, version } }));
  }
}
