// A button that says what is chosen, and the list of what else there is. The list is asked for when it opens. Keyboard:
// arrows, Home and End, Enter, Escape.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { check, chevronDown } from "../../pictures/icons.ts";
import { PageElement } from "../element.ts";

export interface Choice {
  id: string;
  name: string;
  note: string;
  /** Why it cannot be chosen. */
  refusal?: string;
}

let count = 0;

@customElement("sk-picker")
export class Picker extends PageElement {
  /** What is chosen here: "Model", "Thinking". */
  @property({ attribute: false }) what = "";
  @property({ attribute: false }) current = "";
  /** The chosen one in as few words as the button has room for. */
  @property({ attribute: false }) shown = "";
  /** Answers nothing when there is nothing to choose from; the reason was told then. */
  @property({ attribute: false }) offer: () => Promise<readonly Choice[]> = async () => [];
  @state() private choices: readonly Choice[] | undefined;
  @state() private at = 0;
  readonly #name = `picker-${++count}`;

  protected override render(): TemplateResult {
    const isOpen = this.choices !== undefined;
    return html`<div class="picker" @keydown=${this.#onKey} @focusout=${this.#onFocusOut}>
      <button
        type="button"
        class="picker-button"
        aria-haspopup="listbox"
        aria-expanded=${isOpen ? "true" : "false"}
        aria-label=${`${this.what}: ${this.current}. Choose another`}
        title=${`${this.what}: ${this.current}`}
        @click=${this.#toggle}
      >
        <span class="picker-name">${this.shown}</span>${chevronDown}
      </button>
      ${isOpen ? this.#renderMenu() : nothing}
    </div>`;
  }

  #renderMenu(): TemplateResult {
    return html`<ul class="menu" role="listbox" aria-label=${this.what} tabindex="0" aria-activedescendant=${`${this.#name}-${this.at}`}>
      ${this.choices?.map(
        (choice, at) => html`<li
          id=${`${this.#name}-${at}`}
          class="menu-item"
          role="option"
          aria-selected=${at === this.at ? "true" : "false"}
          aria-disabled=${choice.refusal === undefined ? nothing : "true"}
          @mousemove=${() => {
            this.at = at;
          }}
          @click=${() => this.#choose(choice)}
        >
          <span>${choice.id === this.current ? check : nothing}</span>
          <span class="menu-name">${choice.name}</span>
          <span class="menu-note">${choice.refusal ?? choice.note}</span>
        </li>`,
      )}
    </ul>`;
  }

  #toggle = async (): Promise<void> => {
    if (this.choices !== undefined) {
      this.choices = undefined;
      return;
    }
    const choices = await this.offer();
    if (choices.length === 0) return;
    this.choices = choices;
    this.at = Math.max(
      0,
      choices.findIndex(({ id }) => id === this.current),
    );
    await this.updateComplete;
    this.querySelector<HTMLElement>(".menu")?.focus();
    this.#showChosen();
  };

  #onKey = (event: KeyboardEvent): void => {
    const { choices } = this;
    if (!choices) return;
    const last = choices.length - 1;
    const steps: Record<string, number> = {
      ArrowDown: this.at === last ? 0 : this.at + 1,
      ArrowUp: this.at === 0 ? last : this.at - 1,
      Home: 0,
      End: last,
    };
    const next = steps[event.key];
    if (next !== undefined) {
      this.at = next;
      this.#showChosen();
    } else if (event.key === "Escape") this.#close();
    else if (event.key === "Enter") {
      const choice = choices[this.at];
      if (choice) this.#choose(choice);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  #showChosen(): void {
    void this.updateComplete.then(() => this.querySelector(`#${this.#name}-${this.at}`)?.scrollIntoView({ block: "nearest" }));
  }

  #onFocusOut = (event: FocusEvent): void => {
    if (event.relatedTarget instanceof Node && this.contains(event.relatedTarget)) return;
    this.choices = undefined;
  };

  #choose(choice: Choice): void {
    if (choice.refusal === undefined) this.#close();
    this.dispatchEvent(new CustomEvent<Choice>("choose", { detail: choice }));
  }

  #close(): void {
    this.choices = undefined;
    this.querySelector<HTMLElement>(".picker-button")?.focus();
  }
}
