// The model of this session, and the choice of another. Models without a key are shown with what is missing.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { check, chevronDown } from "../pictures/icons.ts";
import type { ChatRoom } from "../state/chat-room.ts";
import type { Desk, ModelChoice } from "../state/desk.ts";
import { Watch } from "../state/signal.ts";
import { PageElement } from "./element.ts";

@customElement("sk-model-picker")
export class ModelPicker extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) room: ChatRoom | undefined;
  @state() private models: readonly ModelChoice[] | undefined;
  @state() private chosen = 0;

  constructor() {
    super();
    new Watch(this, () => this.room);
  }

  protected override render(): TemplateResult | typeof nothing {
    const ref = this.room?.model;
    if (ref === undefined) return nothing;
    const isOpen = this.models !== undefined;
    return html`<div class="picker" @keydown=${this.#onKey} @focusout=${this.#onFocusOut}>
      <button
        type="button"
        class="picker-button"
        aria-haspopup="listbox"
        aria-expanded=${isOpen ? "true" : "false"}
        aria-label=${`Model: ${ref}. Choose another`}
        title=${ref}
        @click=${this.#toggle}
      >
        <span class="picker-name">${ref.split("/").slice(1).join("/") || ref}</span>${chevronDown}
      </button>
      ${isOpen ? this.#renderMenu(ref) : nothing}
    </div>`;
  }

  #renderMenu(ref: string): TemplateResult {
    return html`<ul class="menu" role="listbox" aria-label="Models" tabindex="-1" aria-activedescendant=${`model-${this.chosen}`}>
      ${this.models?.map(
        (model, at) => html`<li
          id=${`model-${at}`}
          class="menu-item"
          role="option"
          aria-selected=${at === this.chosen ? "true" : "false"}
          aria-disabled=${model.available ? nothing : "true"}
          @click=${() => this.#choose(model)}
        >
          <span>${model.ref === ref ? check : nothing}</span>
          <span class="menu-name">${model.name}</span>
          <span class="menu-note">${model.available ? model.ref : (model.unavailableReason ?? "not available")}</span>
        </li>`,
      )}
    </ul>`;
  }

  #toggle = async (): Promise<void> => {
    const { desk, room } = this;
    if (this.models !== undefined || !desk) {
      this.models = undefined;
      return;
    }
    await desk.attempt(async () => {
      const models = (await desk.models()).toSorted((a, b) => Number(b.available) - Number(a.available));
      this.models = models;
      this.chosen = Math.max(
        0,
        models.findIndex((model) => model.ref === room?.model),
      );
    });
    await this.updateComplete;
    this.querySelector<HTMLElement>(".menu")?.focus();
  };

  #onKey = (event: KeyboardEvent): void => {
    const count = this.models?.length ?? 0;
    if (count === 0) return;
    if (event.key === "Escape") this.#close();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      this.chosen = (this.chosen + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
      void this.updateComplete.then(() => this.querySelector(`#model-${this.chosen}`)?.scrollIntoView({ block: "nearest" }));
    } else if (event.key === "Enter") {
      const model = this.models?.[this.chosen];
      if (model) this.#choose(model);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  #onFocusOut = (event: FocusEvent): void => {
    if (event.relatedTarget instanceof Node && this.contains(event.relatedTarget)) return;
    this.models = undefined;
  };

  #choose(model: ModelChoice): void {
    const { desk, room } = this;
    if (!model.available) {
      desk?.say(`${model.name} cannot be used: ${model.unavailableReason ?? "it is not available"}.`, "error");
      return;
    }
    this.#close();
    if (room) void desk?.attempt(() => room.chooseModel(model.ref));
  }

  #close(): void {
    this.models = undefined;
    this.querySelector<HTMLElement>(".picker-button")?.focus();
  }
}
