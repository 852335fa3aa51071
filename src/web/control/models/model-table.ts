// Every model that could answer: window, price, what it takes. On a phone each becomes a small card.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { PageElement } from "../../components/element.ts";
import { describePrice, describeTokens, type ModelRow } from "./catalogue.ts";

@customElement("sk-model-table")
export class ModelTable extends PageElement {
  @property({ attribute: false }) models: readonly ModelRow[] = [];
  @property({ attribute: false }) current: string | null = null;
  @property({ attribute: false }) isSaving = false;
  @state() private words = "";
  @state() private isReadyOnly = false;

  protected override render(): TemplateResult {
    const found = this.models.filter((model) => this.#isWanted(model));
    return html`
      <div class="section-head">
        <h2 id="models-title">Models</h2>
        <div class="tools">
          <input
            class="field model-search"
            type="search"
            placeholder="Search models"
            aria-label="Search models"
            @input=${(event: InputEvent) => {
              if (event.target instanceof HTMLInputElement) this.words = event.target.value;
            }}
          />
          <div class="choice" role="group" aria-label="Which models">
            <button type="button" aria-pressed=${this.isReadyOnly ? "false" : "true"} @click=${() => this.#show(false)}>All</button>
            <button type="button" aria-pressed=${this.isReadyOnly ? "true" : "false"} @click=${() => this.#show(true)}>Ready</button>
          </div>
        </div>
      </div>
      <p class="unseen" role="status">${found.length} models</p>
      ${
        found.length === 0
          ? html`<p class="nothing">No model fits. ${this.isReadyOnly ? "Give a key above, or look at all of them." : "Try fewer words."}</p>`
          : html`<table class="plain-table model-table">
              <thead>
                <tr>
                  <th scope="col">Model</th>
                  <th scope="col">Window</th>
                  <th scope="col"><abbr title="US dollars per million tokens read">Reads</abbr></th>
                  <th scope="col"><abbr title="US dollars per million tokens written">Writes</abbr></th>
                  <th scope="col">Takes</th>
                  <th scope="col"><span class="unseen">Use</span></th>
                </tr>
              </thead>
              <tbody>
                ${found.map((model) => this.#renderRow(model))}
              </tbody>
            </table>`
      }
    `;
  }

  #renderRow(model: ModelRow): TemplateResult {
    const isCurrent = model.ref === this.current;
    const takes = [model.input.includes("image") ? "images" : "", model.reasoning ? "thinking" : ""].filter(Boolean);
    return html`<tr>
      <th scope="row">
        <span class="row-title">${model.name}</span>
        ${isCurrent ? html`<span class="badge badge-good">Answers now</span>` : nothing}
        <span class="row-note model-ref">${model.ref}${model.available ? "" : html` · ${model.unavailableReason ?? "not ready"}`}</span>
      </th>
      <td data-name="Window">${describeTokens(model.contextWindow)}</td>
      <td data-name="Reads">${describePrice(model.cost?.input)}</td>
      <td data-name="Writes">${describePrice(model.cost?.output)}</td>
      <td data-name="Takes">${takes.length === 0 ? "text" : takes.join(", ")}</td>
      <td class="model-use">
        ${
          model.available && !isCurrent
            ? html`<button
                type="button"
                class="button button-small"
                aria-label=${`Use ${model.name}`}
                ?disabled=${this.isSaving}
                @click=${() => this.dispatchEvent(new CustomEvent("use", { detail: model.ref }))}
              >
                Use
              </button>`
            : nothing
        }
      </td>
    </tr>`;
  }

  #isWanted(model: ModelRow): boolean {
    if (this.isReadyOnly && !model.available) return false;
    const text = `${model.name} ${model.ref}`.toLowerCase();
    return this.words
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word));
  }

  #show(isReadyOnly: boolean): void {
    this.isReadyOnly = isReadyOnly;
  }
}
