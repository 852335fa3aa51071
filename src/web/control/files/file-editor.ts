// One file: its text, how it reads, and its history. A save names the version it was made from; when the file was changed
// meanwhile, by the agent or on another screen, nothing is overwritten before a person has seen the difference.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { GatewayError } from "../../../contract/errors.ts";
import "../../components/chat/markdown.ts";
import { PageElement } from "../../components/element.ts";
import { wave } from "../../pictures/icons.ts";
import { sentenceOf } from "../../state/chat-room.ts";
import type { Desk } from "../../state/desk.ts";
import { showDiff } from "../editing/diff-view.ts";
import { Fetched } from "../parts/fetched.ts";
import { describeMoment } from "../parts/words.ts";
import { type AgentFile, readFile, whyNotEditable } from "./agent-files.ts";
import { type Draft, draftOf, keepDraft } from "./drafts.ts";
import "./file-history.ts";

const MODES = { edit: "Edit", read: "Read", history: "History" } as const;
type Mode = keyof typeof MODES;

@customElement("sk-file-editor")
export class FileEditor extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) agentId = "main";
  @property({ attribute: false }) path = "";
  @state() private mode: Mode = "edit";
  @state() private isSaving = false;
  @state() private problem: string | undefined;
  /** The file as somebody else left it. */
  @state() private other: AgentFile | undefined;
  readonly #file = new Fetched(
    this,
    () => this.desk,
    (desk) => readFile(desk, this.agentId, this.path),
  );

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has("path") && !changed.has("agentId")) return;
    this.other = undefined;
    this.problem = undefined;
    if (this.mode === "history") this.mode = "edit";
    this.#file.clear();
    void this.#file.load();
  }

  protected override render(): TemplateResult {
    return this.#file.render((file) => this.#renderFile(file));
  }

  #renderFile(file: AgentFile): TemplateResult {
    const refusal = whyNotEditable(file);
    const draft = draftOf(this.agentId, this.path);
    const text = draft?.text ?? file.content ?? "";
    return html`
      <div class="file-head">
        <h2 class="file-title" dir="auto">${this.path}</h2>
        <span class="file-state" role="status">${this.#describeState(file, draft)}</span>
        <div class="tools">
          <div class="choice" role="group" aria-label="How the file is shown">
            ${Object.entries(MODES).map(
              ([mode, name]) => html`<button
                type="button"
                aria-pressed=${mode === this.mode ? "true" : "false"}
                @click=${() => {
                  this.mode = mode as Mode;
                }}
              >
                ${name}
              </button>`,
            )}
          </div>
          <button
            type="button"
            class="button button-strong button-small file-save"
            ?disabled=${draft === undefined || this.isSaving || file.isReadOnly}
            @click=${() => this.#save(file)}
          >
            Save
          </button>
        </div>
      </div>
      ${this.problem ? html`<div class="notice notice-bad" role="alert"><p>${this.problem}</p></div>` : nothing}
      ${this.other && draft ? this.#renderConflict(this.other, draft) : nothing}
      ${refusal === undefined ? this.#renderMode(file, text) : html`<p class="nothing">${refusal}</p>`}
    `;
  }

  #renderMode(file: AgentFile, text: string): TemplateResult {
    switch (this.mode) {
      case "edit":
        return html`<textarea
          class="editor"
          dir="auto"
          aria-label=${`Text of ${this.path}`}
          spellcheck="false"
          placeholder=${file.missing ? "Nothing is written here yet." : ""}
          ?readonly=${file.isReadOnly}
          .value=${live(text)}
          @input=${(event: InputEvent) => this.#onInput(file, event)}
          @keydown=${(event: KeyboardEvent) => this.#onKey(file, event)}
        ></textarea>`;
      case "read":
        return html`<div class="file-read panel" tabindex="0" role="region" aria-label=${`${this.path} as it reads`}>
          ${text.trim() === "" ? html`<p class="nothing">Nothing is written here yet.</p>` : html`<sk-markdown .text=${text}></sk-markdown>`}
        </div>`;
      case "history":
        return html`<sk-file-history
          .desk=${this.desk}
          .agentId=${this.agentId}
          .file=${file}
          @restore=${(event: CustomEvent<{ content: string; version: number }>) => this.#restore(file, event.detail)}
        ></sk-file-history>`;
      default:
        return this.mode satisfies never;
    }
  }

  #renderConflict(other: AgentFile, draft: Draft): TemplateResult {
    return html`<section class="panel conflict" role="alert" aria-label="Changed elsewhere">
      <p>
        <strong>${this.path} was changed elsewhere while you wrote.</strong> This is what your text would change in the newer one. Nothing is
        saved yet.
      </p>
      ${showDiff(other.content ?? "", draft.text, "Your text against the newer one")}
      <div class="tools">
        <button type="button" class="button" @click=${() => this.#takeOther(other)}>Take the newer text</button>
        <button type="button" class="button button-strong" @click=${() => this.#overwrite(other, draft)}>Save mine</button>
      </div>
    </section>`;
  }

  #describeState(file: AgentFile, draft: Draft | undefined): TemplateResult | string {
    if (this.isSaving) return html`${wave} Saving…`;
    if (file.isReadOnly) return "Came with Skerry, cannot be changed";
    if (draft) return "Not saved";
    return file.missing ? "Not written yet" : `Saved ${describeMoment(file.updatedAtMs)}`;
  }

  #onInput(file: AgentFile, event: InputEvent): void {
    if (!(event.target instanceof HTMLTextAreaElement)) return;
    const known = draftOf(this.agentId, this.path);
    const { base, version } = known ?? { base: file.content ?? "", version: file.version };
    this.#keep({ text: event.target.value, base, version });
  }

  #onKey(file: AgentFile, event: KeyboardEvent): void {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (draftOf(this.agentId, this.path)) void this.#save(file);
  }

  async #save(file: AgentFile): Promise<void> {
    const draft = draftOf(this.agentId, this.path);
    if (draft) await this.#write(draft.text, draft.version, file, "draft");
  }

  async #restore(file: AgentFile, { content, version }: { content: string; version: number }): Promise<void> {
    const isDone = await this.#write(content, file.version, file, "restored");
    if (isDone) this.desk?.say(`Version ${version} of ${this.path} is back; the one before it is in the history.`);
  }

  /** Answers whether it was written. */
  async #write(content: string, expectedVersion: number, file: AgentFile, wanted: "draft" | "restored"): Promise<boolean> {
    const { desk, agentId, path } = this;
    if (!desk || this.isSaving) return false;
    this.isSaving = true;
    this.problem = undefined;
    try {
      const answer = await desk.client.request<{ file: AgentFile }>("agents.files.set", {
        agentId,
        name: path,
        content,
        expectedVersion,
      });
      this.other = undefined;
      // Whatever was typed while it was on its way stays, as a change of what was saved.
      const typed = draftOf(agentId, path);
      const isTypedOn = typed !== undefined && typed.text !== content && wanted === "draft";
      keepDraft(agentId, path, isTypedOn ? { text: typed.text, base: content, version: answer.file.version } : undefined);
      if (path === this.path) this.#file.value = { ...file, ...answer.file, missing: false, content };
      this.dispatchEvent(new CustomEvent("file-saved"));
      return true;
    } catch (error) {
      if (error instanceof GatewayError && error.data.code === "CONFLICT") await this.#noteConflict(desk);
      else this.problem = sentenceOf(error);
      return false;
    } finally {
      this.isSaving = false;
      this.requestUpdate();
    }
  }

  async #noteConflict(desk: Desk): Promise<void> {
    try {
      const other = await readFile(desk, this.agentId, this.path);
      if (draftOf(this.agentId, this.path)) this.other = other;
      else {
        this.#file.value = other;
        this.problem = `${this.path} was changed elsewhere meanwhile; here is the newer one. Look again, then repeat.`;
      }
    } catch (error) {
      this.problem = sentenceOf(error);
    }
  }

  #takeOther(other: AgentFile): void {
    this.other = undefined;
    this.#file.value = other;
    this.#keep(undefined);
  }

  #overwrite(other: AgentFile, draft: Draft): void {
    this.#keep({ ...draft, base: other.content ?? "", version: other.version });
    void this.#save(other);
  }

  #keep(draft: Draft | undefined): void {
    keepDraft(this.agentId, this.path, draft);
    this.dispatchEvent(new CustomEvent("draft-changed"));
    this.requestUpdate();
  }
}
