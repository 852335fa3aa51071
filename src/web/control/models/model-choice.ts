// The default model, those that stand in for it, and how hard it thinks. Each choice is kept at once.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import type { ThinkingLevel } from "../../../contract/event.ts";
import { PageElement } from "../../components/element.ts";
import { arrowUp, cross, wave } from "../../pictures/icons.ts";
import { type Catalogue, type ChosenModels, type ModelRow, readChosen } from "./catalogue.ts";

const THINKING: Record<ThinkingLevel, string> = {
  off: "Off",
  minimal: "Minimal",
  low: "Low",
  medium: "Medium",
  high: "High",
  xhigh: "Highest",
};
const MOST_FALLBACKS = 10;

@customElement("sk-model-choice")
export class ModelChoice extends PageElement {
  @property({ attribute: false }) catalogue: Catalogue | undefined;
  @property({ attribute: false }) isSaving = false;
  @property({ attribute: false }) problem: string | undefined;

  protected override render(): TemplateResult | typeof nothing {
    const { catalogue } = this;
    if (!catalogue) return nothing;
    const chosen = readChosen(catalogue.settings.parsed);
    const isFixed = catalogue.why.startsWith("SKERRY_MODEL");
    return html`
      <div class="panel model-choice" aria-busy=${this.isSaving ? "true" : "false"}>
        <p class="model-now">
          <strong>${catalogue.current ?? "No model"}</strong>
          <span class="row-note">answers now: ${catalogue.why}.</span>
          ${this.isSaving ? html`<span class="outcome" role="status">${wave} Saving…</span>` : nothing}
        </p>
        ${
          isFixed
            ? html`<p class="notice">The variable SKERRY_MODEL names the model and wins over a choice made here. Remove it to choose here.</p>`
            : nothing
        }
        ${
          catalogue.current?.startsWith("demo/")
            ? html`<p class="notice">The built-in demo answers until a key is given below; it only shows what Skerry can do.</p>`
            : nothing
        }
        ${this.problem ? html`<p class="field-error" role="alert">${this.problem}</p>` : nothing}
        <div class="model-fields">
          <div class="ask-field">
            <label for="default-model">Default model</label>
            <select id="default-model" class="field" ?disabled=${this.isSaving} @change=${this.#onModel(chosen)}>
              <option value="" .selected=${live(chosen.primary === undefined)}>Best for which a key is there</option>
              ${this.#renderOptions(catalogue.models, chosen.primary)}
            </select>
          </div>
          <div class="ask-field">
            <label for="default-thinking">Thinking</label>
            <select id="default-thinking" class="field" ?disabled=${this.isSaving} @change=${this.#onThinking(chosen)}>
              <option value="" .selected=${live(chosen.thinking === undefined)}>The model's own</option>
              ${Object.entries(THINKING).map(
                ([level, name]) => html`<option value=${level} .selected=${live(chosen.thinking === level)}>${name}</option>`,
              )}
            </select>
          </div>
        </div>
        ${chosen.primary === undefined ? nothing : this.#renderFallbacks(catalogue, chosen)}
      </div>
    `;
  }

  #renderFallbacks(catalogue: Catalogue, chosen: ChosenModels): TemplateResult {
    const { fallbacks } = chosen;
    const taken = new Set([chosen.primary, ...fallbacks]);
    const free = catalogue.models.filter((model) => !taken.has(model.ref));
    return html`<div class="ask-field">
      <span class="field-label" id="fallbacks-title">When it cannot answer</span>
      ${
        fallbacks.length === 0
          ? html`<p class="field-note">Nothing stands in: the person is told why.</p>`
          : html`<ol class="fallbacks" aria-labelledby="fallbacks-title">
              ${fallbacks.map(
                (ref, at) => html`<li>
                  <span class="fallback-name">${ref}</span>
                  ${
                    at === 0
                      ? nothing
                      : html`<button
                          type="button"
                          class="icon-button"
                          aria-label=${`Ask ${ref} earlier`}
                          title="Earlier"
                          ?disabled=${this.isSaving}
                          @click=${() => this.#choose({ ...chosen, fallbacks: swapUp(fallbacks, at) })}
                        >
                          ${arrowUp}
                        </button>`
                  }
                  <button
                    type="button"
                    class="icon-button"
                    aria-label=${`Do not ask ${ref}`}
                    title="Remove"
                    ?disabled=${this.isSaving}
                    @click=${() => this.#choose({ ...chosen, fallbacks: fallbacks.filter((other) => other !== ref) })}
                  >
                    ${cross}
                  </button>
                </li>`,
              )}
            </ol>`
      }
      ${
        fallbacks.length >= MOST_FALLBACKS
          ? nothing
          : html`<select class="field" aria-label="Add a model that stands in" ?disabled=${this.isSaving} @change=${this.#onAdd(chosen)}>
              <option value="">Add a model that stands in…</option>
              ${this.#renderOptions(free, undefined)}
            </select>`
      }
    </div>`;
  }

  #renderOptions(models: readonly ModelRow[], chosen: string | undefined): TemplateResult {
    const option = (model: ModelRow) =>
      html`<option value=${model.ref} .selected=${live(model.ref === chosen)}>${model.name} (${model.provider})</option>`;
    const isListed = chosen === undefined || models.some((model) => model.ref === chosen);
    const ready = models.filter((model) => model.available);
    const others = models.filter((model) => !model.available);
    return html`${isListed ? nothing : html`<option value=${chosen} .selected=${live(true)}>${chosen}</option>`}
      <optgroup label="Ready">${ready.map(option)}</optgroup>
      ${others.length === 0 ? nothing : html`<optgroup label="A key is missing">${others.map(option)}</optgroup>`}`;
  }

  #onModel(chosen: ChosenModels) {
    return (event: Event): void => {
      const primary = pickedIn(event) || undefined;
      this.#choose({ ...chosen, primary, fallbacks: chosen.fallbacks.filter((ref) => ref !== primary) });
    };
  }

  #onThinking(chosen: ChosenModels) {
    return (event: Event): void => this.#choose({ ...chosen, thinking: pickedIn(event) || undefined });
  }

  #onAdd(chosen: ChosenModels) {
    return (event: Event): void => {
      const ref = pickedIn(event);
      if (event.target instanceof HTMLSelectElement) event.target.value = "";
      if (ref !== "") this.#choose({ ...chosen, fallbacks: [...chosen.fallbacks, ref] });
    };
  }

  #choose(detail: ChosenModels): void {
    this.dispatchEvent(new CustomEvent("choose", { detail }));
  }
}

function pickedIn(event: Event): string {
  return event.target instanceof HTMLSelectElement ? event.target.value : "";
}

function swapUp(refs: readonly string[], at: number): string[] {
  const moved = refs[at];
  if (moved === undefined) return [...refs];
  return refs.toSpliced(at, 1).toSpliced(at - 1, 0, moved);
}
