// Settings: a form made from the schema, the document beside it, and nothing applied before its difference was seen. The
// text of the document is the one truth here; a field writes into it, and a text that is no JSON locks the fields.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { PageElement } from "../../components/element.ts";
import { wave } from "../../pictures/icons.ts";
import type { Desk } from "../../state/desk.ts";
import { showDiff } from "../editing/diff-view.ts";
import { type Refusal, readRefusal, readSettings, type SettingsDoc, setSettings } from "../editing/document.ts";
import "../editing/style.ts";
import { Fetched, read } from "../parts/fetched.ts";
import type { RoomView } from "../rooms.ts";
import { adopt } from "../styles/adopt.ts";
import { changeBetween, mergeChange, type Path, parseDocument, sharedPaths, writeAt, writeDocument } from "./draft.ts";
import { type Form, idOf, showField } from "./field.ts";
import { reviewChange } from "./review.ts";
import { type Field, type JsonSchema, makeForm } from "./schema-form.ts";
import style from "./settings.css" with { type: "text" };

adopt(style);

export const showSettings: RoomView = (desk) => html`<sk-settings .desk=${desk}></sk-settings>`;

/** What was changed and not applied stays while one looks at another room. */
let keptDraft: { base: SettingsDoc; text: string } | undefined;

const NO_ISSUES: ReadonlyMap<string, string> = new Map();

@customElement("sk-settings")
export class SettingsRoom extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  /** The document as it was read, and as it is being written. */
  @state() private base: SettingsDoc | undefined = keptDraft?.base;
  @state() private text = keptDraft?.text ?? "";
  @state() private issues = NO_ISSUES;
  @state() private problem: string | undefined;
  /** A newer document that somebody else applied. */
  @state() private newer: SettingsDoc | undefined;
  @state() private isApplying = false;
  #fields: readonly Field[] = [];
  readonly #schema = new Fetched(
    this,
    () => this.desk,
    async (desk) => {
      const [{ schema }, document] = await Promise.all([
        read<{ schema: JsonSchema }, "config.schema">(desk, "config.schema", {}),
        readSettings(desk),
      ]);
      this.#fields = makeForm(schema);
      this.#noteStored(desk, document);
      return schema;
    },
    ["config.changed"],
  );

  /** What is stored was read anew: it is shown, unless something was changed here that it would wipe out. */
  #noteStored(desk: Desk, document: SettingsDoc): void {
    const isOther = this.base !== undefined && document.hash !== this.base.hash && !this.isApplying;
    if (!this.#isChanged) {
      this.#takeUp(document);
      if (isOther) desk.say("The settings were changed elsewhere; they are shown as they are now.");
    } else if (isOther) this.newer = document;
  }

  protected override render(): TemplateResult {
    return this.#schema.render(() => this.#renderAll());
  }

  get #isChanged(): boolean {
    return this.base !== undefined && this.text !== writeDocument(this.base.parsed);
  }

  #renderAll(): TemplateResult {
    const parsed = parseDocument(this.text);
    const isReadable = "value" in parsed;
    const form: Form = {
      value: isReadable ? parsed.value : (this.base?.parsed ?? {}),
      saved: this.base?.parsed ?? {},
      issues: this.issues,
      isLocked: !isReadable || this.isApplying,
      write: (path, next) => this.#writeField(path, next),
    };
    return html`
      ${this.newer ? this.#renderConflict(this.newer) : nothing}
      ${this.problem ? html`<div class="notice notice-bad" role="alert"><p>${this.problem}</p></div>` : nothing}
      <div class="settings">
        <form class="settings-form" novalidate @submit=${this.#review}>
          ${this.#fields.map((field) => html`<section class="panel">${showField(form, field, [])}</section>`)}
        </form>
        <div class="settings-document">
          <label class="field-label" for="settings-text">Document</label>
          <textarea
            id="settings-text"
            class="editor settings-text"
            dir="ltr"
            spellcheck="false"
            aria-describedby="settings-text-note"
            aria-invalid=${isReadable ? nothing : "true"}
            ?readonly=${this.isApplying}
            .value=${live(this.text)}
            @input=${(event: InputEvent) => event.target instanceof HTMLTextAreaElement && this.#setText(event.target.value)}
          ></textarea>
          <p id="settings-text-note" class=${isReadable ? "field-note" : "field-error"} role=${isReadable ? nothing : "alert"}>
            ${isReadable ? "The same settings as JSON. No key is ever in it; what is not set keeps its default." : parsed.reason}
          </p>
        </div>
      </div>
      ${this.#isChanged ? this.#renderBar(isReadable) : nothing}
    `;
  }

  #renderBar(isReadable: boolean): TemplateResult {
    return html`<div class="change-bar" role="region" aria-label="Unapplied changes">
      <p role="status">${this.isApplying ? html`${wave} Applying…` : "Not applied yet."}</p>
      <button type="button" class="button" ?disabled=${this.isApplying} @click=${this.#discard}>Discard</button>
      <button type="button" class="button button-strong" ?disabled=${!isReadable || this.isApplying || this.newer !== undefined} @click=${this.#review}>
        Review changes
      </button>
    </div>`;
  }

  #renderConflict(newer: SettingsDoc): TemplateResult {
    const before = this.base?.parsed ?? {};
    const parsed = parseDocument(this.text);
    const mine = "value" in parsed ? changeBetween(before, parsed.value) : undefined;
    const both = sharedPaths(mine, changeBetween(before, newer.parsed));
    return html`<div class="notice notice-bad" role="alert">
      <div class="row-main">
      <p>
        The settings were changed elsewhere meanwhile. Your changes are kept here and were not applied.
        ${
          both.length === 0
            ? "They touch other settings than yours, so that both can hold."
            : `Both changed ${both.join(", ")}: one of the two can hold.`
        }
      </p>
      <details class="fold">
        <summary>What was changed elsewhere</summary>
        ${showDiff(writeDocument(before), writeDocument(newer.parsed), "Changed elsewhere")}
      </details>
      </div>
      <div class="tools">
        <button type="button" class="button" @click=${() => this.#takeUp(newer)}>Take theirs</button>
        <button type="button" class="button button-strong" ?disabled=${mine === undefined} @click=${() => this.#putOnTop(newer)}>Put mine on top</button>
      </div>
    </div>`;
  }

  #writeField(path: Path, next: unknown): void {
    const parsed = parseDocument(this.text);
    if ("value" in parsed) this.#setText(writeDocument(writeAt(parsed.value, path, next)));
  }

  #setText(text: string): void {
    this.text = text;
    this.issues = NO_ISSUES;
    this.problem = undefined;
    keptDraft = this.base && this.#isChanged ? { base: this.base, text } : undefined;
  }

  #takeUp(document: SettingsDoc): void {
    this.base = document;
    this.newer = undefined;
    this.#setText(writeDocument(document.parsed));
  }

  #discard = (): void => {
    if (this.base) this.#takeUp(this.newer ?? this.base);
  };

  /** What was changed here is changed in the newer document; one looks at the difference before it is applied. */
  #putOnTop(newer: SettingsDoc): void {
    const parsed = parseDocument(this.text);
    if (!this.base || !("value" in parsed)) return;
    const mine = changeBetween(this.base.parsed, parsed.value);
    this.base = newer;
    this.newer = undefined;
    this.#setText(writeDocument(mergeChange(newer.parsed, mine)));
  }

  #review = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { base, desk } = this;
    if (!base || !desk || !this.#isChanged || !("value" in parseDocument(this.text))) return;
    const isWanted = await reviewChange(writeDocument(base.parsed), this.text);
    if (!isWanted) return;
    this.isApplying = true;
    try {
      this.#takeUp(await setSettings(desk, this.text, base.hash));
      desk.say("The settings are applied. They hold from the next message on.");
    } catch (error) {
      await this.#noteRefusal(desk, readRefusal(error));
    }
    this.isApplying = false;
  };

  async #noteRefusal(desk: Desk, refusal: Refusal): Promise<void> {
    if (refusal.isConflict) {
      try {
        this.newer = await readSettings(desk);
      } catch (error) {
        this.problem = readRefusal(error).message;
      }
      return;
    }
    this.issues = refusal.issues;
    this.problem = refusal.message;
    await this.updateComplete;
    const [first] = [...refusal.issues.keys()].map((path) => this.querySelector<HTMLElement>(`#${idOf(path.split("."))}`));
    const place = first ?? this.querySelector<HTMLElement>(".notice-bad");
    place?.scrollIntoView({ block: "center" });
    first?.focus({ preventScroll: true });
  }
}
