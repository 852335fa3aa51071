// Where one writes. Enter sends, Shift+Enter breaks the line, "/" offers commands, Up in an empty field brings back what
// was said last. A draft outlives a reload. While a turn runs one can stop it, or say more.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { arrowUp, stop } from "../pictures/icons.ts";
import type { ChatRoom } from "../state/chat-room.ts";
import { commandWord, matchCommands } from "../state/command-match.ts";
import type { CommandInfo, Desk } from "../state/desk.ts";
import { keep, recall } from "../state/shelf.ts";
import { Watch } from "../state/signal.ts";
import { PageElement } from "./element.ts";
import "./model-picker.ts";

@customElement("sk-composer")
export class Composer extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) room: ChatRoom | undefined;
  @state() private text = "";
  @state() private commands: readonly CommandInfo[] = [];
  @state() private chosen = 0;
  /** How the argument of the command being typed is written. */
  @state() private hint = "";

  constructor() {
    super();
    new Watch(this, () => this.room);
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has("room") || !this.room) return;
    this.text = recall(`draft.${this.room.sessionKey}`) ?? "";
    this.commands = [];
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    const field = this.#field;
    if (!field) return;
    if (field.value !== this.text) field.value = this.text;
    // On a phone the keyboard would cover the talk.
    if (changed.has("room") && matchMedia("(pointer: fine)").matches) field.focus();
  }

  protected override render(): TemplateResult {
    const { room, desk } = this;
    if (!room || !desk) return html``;
    const hasMenu = this.commands.length > 0;
    const isEmpty = this.text.trim() === "";
    return html`
      <form class="composer" @submit=${this.#onSubmit}>
        ${hasMenu ? this.#renderMenu() : nothing}
        <label class="unseen" for="message">Message</label>
        <textarea
          id="message"
          rows="1"
          dir="auto"
          placeholder=${room.isWorking ? "Add something" : "Message Skerry"}
          autocomplete="off"
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls=${hasMenu ? "commands" : nothing}
          aria-activedescendant=${hasMenu ? `command-${this.chosen}` : nothing}
          @input=${this.#onInput}
          @keydown=${this.#onKey}
          @blur=${() => this.#closeMenu()}
        ></textarea>
        <div class="composer-foot">
          <sk-model-picker .desk=${desk} .room=${room}></sk-model-picker>
          <span class="composer-hint">${this.hint || (room.isWorking ? "Esc stops" : "")}</span>
          ${
            room.isWorking
              ? html`<button type="button" class="stop" @click=${() => desk.attempt(() => room.stop())}>${stop} Stop</button>`
              : nothing
          }
          ${
            room.isWorking && isEmpty
              ? nothing
              : html`<button class="send" aria-label="Send" ?disabled=${isEmpty}>${arrowUp}</button>`
          }
        </div>
      </form>
    `;
  }

  #renderMenu(): TemplateResult {
    return html`<ul id="commands" class="menu commands" role="listbox" aria-label="Commands">
      ${this.commands.map(
        (command, at) => html`<li
          id=${`command-${at}`}
          class="menu-item"
          role="option"
          aria-selected=${at === this.chosen ? "true" : "false"}
          @mousemove=${() => {
            this.chosen = at;
          }}
          @mousedown=${(event: Event) => {
            event.preventDefault();
            this.#take(command);
          }}
        >
          <span class="menu-name">/${command.name}</span>
          <span class="menu-note">${command.description}</span>
        </li>`,
      )}
    </ul>`;
  }

  get #field(): HTMLTextAreaElement | null {
    return this.querySelector("textarea");
  }

  #write(text: string): void {
    this.text = text;
    if (this.room) keep(`draft.${this.room.sessionKey}`, text === "" ? undefined : text);
  }

  #onInput = (): void => {
    this.#write(this.#field?.value ?? "");
    void this.#offerCommands();
  };

  async #offerCommands(): Promise<void> {
    const word = commandWord(this.text);
    const named = /^\/([a-z-]+) [^\n]*$/i.exec(this.text)?.[1]?.toLowerCase();
    if (named === undefined) this.hint = "";
    if (!this.desk || (word === undefined && named === undefined)) return this.#closeMenu();
    const all = await this.desk.commands();
    this.hint = all.find((command) => command.name === named)?.argsHint ?? "";
    if (word === undefined) return this.#closeMenu();
    const isStillTyped = commandWord(this.text) === word;
    if (!isStillTyped) return;
    this.commands = matchCommands(all, word);
    this.chosen = 0;
  }

  #closeMenu(): void {
    this.commands = [];
  }

  #onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (this.commands.length > 0 && this.#steerMenu(event)) {
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "ArrowUp" && this.text === "") {
      const last = this.room?.view.items.findLast((item) => item.kind === "message" && item.role === "user");
      if (last?.kind !== "message") return;
      event.preventDefault();
      this.#write(last.text);
    }
  };

  /** Keys that the open menu takes for itself. */
  #steerMenu(event: KeyboardEvent): boolean {
    const command = this.commands[this.chosen];
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp":
        this.chosen = (this.chosen + (event.key === "ArrowDown" ? 1 : this.commands.length - 1)) % this.commands.length;
        void this.updateComplete.then(() => this.querySelector(`#command-${this.chosen}`)?.scrollIntoView({ block: "nearest" }));
        return true;
      case "Tab":
        if (command) this.#take(command);
        return true;
      case "Enter":
        if (event.shiftKey || !command) return false;
        this.#take(command);
        return true;
      case "Escape":
        this.#closeMenu();
        return true;
      default:
        return false;
    }
  }

  /** A command that takes an argument waits for it; any other is sent. */
  #take(command: CommandInfo): void {
    this.#closeMenu();
    if (command.acceptsArgs && commandWord(this.text) !== command.name) {
      this.#write(`/${command.name} `);
      this.hint = command.argsHint ?? "";
      this.#field?.focus();
      return;
    }
    this.#write(`/${command.name}`);
    this.#send();
  }

  #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    this.#send();
    this.#field?.focus();
  };

  #send(): void {
    const text = this.text.trim();
    if (text === "" || !this.room) return;
    this.#closeMenu();
    this.hint = "";
    this.#write("");
    this.room.say(text);
  }
}
