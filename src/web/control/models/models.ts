// Models and keys: who answers, which keys are there, and what every model can do.
import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { patchSettings, readRefusal } from "../editing/document.ts";
import "../editing/style.ts";
import { Fetched } from "../parts/fetched.ts";
import type { RoomView } from "../rooms.ts";
import { adopt } from "../styles/adopt.ts";
import { type Catalogue, type ChosenModels, type ProviderRow, patchFor, readCatalogue, readChosen } from "./catalogue.ts";
import "./key-row.ts";
import "./model-choice.ts";
import "./model-table.ts";
import style from "./models.css" with { type: "text" };

adopt(style);

export const showModels: RoomView = (desk) => html`<sk-models .desk=${desk}></sk-models>`;

@customElement("sk-models")
export class Models extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @state() private problem: string | undefined;
  @state() private isSaving = false;
  readonly #catalogue = new Fetched(this, () => this.desk, readCatalogue, ["config.changed"]);

  protected override render(): TemplateResult {
    return this.#catalogue.render((catalogue) => this.#renderAll(catalogue));
  }

  #renderAll(catalogue: Catalogue): TemplateResult {
    const cloud = catalogue.providers.filter((row) => row.needsKey);
    const home = catalogue.providers.filter((row) => !row.needsKey);
    return html`
      <section class="section" aria-labelledby="choice-title">
        <div class="section-head"><h2 id="choice-title">Who answers</h2></div>
        <sk-model-choice
          .catalogue=${catalogue}
          .isSaving=${this.isSaving}
          .problem=${this.problem}
          @choose=${(event: CustomEvent<ChosenModels>) => this.#save(catalogue, event.detail)}
        ></sk-model-choice>
      </section>
      <section class="section" aria-labelledby="keys-title">
        <div class="section-head"><h2 id="keys-title">Keys</h2></div>
        <p class="section-note">
          A key is tried before it is kept, stored encrypted, and never shown again. One given here wins over a variable of the
          environment.
        </p>
        ${this.#renderProviders(cloud)}
        <details class="fold">
          <summary>Servers that need no key</summary>
          <p class="section-note">
            They answer when their address is set, in the environment (${home.map((row) => row.name).join(", ")}) or in the settings.
            A key can be given to those that ask for one.
          </p>
          ${this.#renderProviders(home)}
        </details>
      </section>
      <section class="section" aria-labelledby="models-title">
        <sk-model-table
          .models=${catalogue.models}
          .current=${catalogue.current}
          .isSaving=${this.isSaving}
          @use=${(event: CustomEvent<string>) => this.#use(catalogue, event.detail)}
        ></sk-model-table>
      </section>
    `;
  }

  #renderProviders(rows: readonly ProviderRow[]): TemplateResult {
    const sorted = rows.toSorted((a, b) => Number(hasKey(b)) - Number(hasKey(a)));
    return html`<ul class="rows key-rows">
      ${repeat(
        sorted,
        (row) => row.provider,
        (row) =>
          html`<li><sk-key-row .desk=${this.desk} .row=${row} @keys-changed=${() => this.#catalogue.load()}></sk-key-row></li>`,
      )}
    </ul>`;
  }

  #use(catalogue: Catalogue, ref: string): void {
    const chosen = readChosen(catalogue.settings.parsed);
    void this.#save(catalogue, { ...chosen, primary: ref, fallbacks: chosen.fallbacks.filter((other) => other !== ref) });
  }

  async #save({ settings }: Catalogue, chosen: ChosenModels): Promise<void> {
    if (!this.desk) return;
    this.isSaving = true;
    this.problem = undefined;
    try {
      await patchSettings(this.desk, patchFor(chosen), settings.hash);
      this.desk.say(
        chosen.primary === undefined
          ? "The model is chosen by key again."
          : `From the next message on ${chosen.primary} answers.`,
      );
    } catch (error) {
      const refusal = readRefusal(error);
      this.problem = refusal.isConflict
        ? "The settings were changed elsewhere meanwhile and are read again: choose once more."
        : refusal.message;
    }
    await this.#catalogue.load();
    this.isSaving = false;
  }
}

function hasKey(row: ProviderRow): boolean {
  return row.state !== "none" || row.isVariableSet === true;
}
