// Where one writes. Enter sends, Shift+Enter breaks the line, "/" offers commands and their arguments, Up in an empty field
// brings back what was said last; files come by the clip, by pasting and by dropping. A draft outlives a reload. While a
// turn runs one can stop it, or say more.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { arrowUp, paperclip, stop } from "../../pictures/icons.ts";
import type { ChatRoom } from "../../state/chat-room.ts";
import { commandWord } from "../../state/command-match.ts";
import type { Desk } from "../../state/desk.ts";
import { keep, recall } from "../../state/shelf.ts";
import { Watch } from "../../state/signal.ts";
import { type Attachments, attachmentsOf } from "../../talk/attachments.ts";
import { NOTHING, type Offer, type Offered, offerFor, wantsModels } from "../../talk/offers.ts";
import { PageElement } from "../element.ts";
import "./attachment-tray.ts";
import "./model-picker.ts";

@customElement("sk-composer")
export class Composer extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) room: ChatRoom | undefined;
  @state() private text = "";
  @state() private offered: Offered = NOTHING;
  /** -1: none of the offers. */
  @state() private chosen = -1;
  #files: Attachments | undefined;
  #wasReady = true;

  constructor() {
    super();
    new Watch(this, () => this.room);
    new Watch(this, () => this.#files);
  }

  /** Takes files in from wherever they come, and says what is wrong with those that cannot go along. */
  attach(files: Iterable<File>): void {
    for (const sentence of this.#files?.add(files) ?? []) this.desk?.say(sentence, "error");
    this.#field?.focus();
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const isReady = this.desk?.link.phase === "ready";
    if (isReady && !this.#wasReady) this.#files?.retry();
    this.#wasReady = isReady;
    if (!changed.has("room") || !this.room) return;
    this.text = recall(`draft.${this.room.sessionKey}`) ?? "";
    this.#files = attachmentsOf(this.room.sessionKey);
    this.offered = NOTHING;
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    const field = this.#field;
    if (!field) return;
    if (field.value !== this.text) field.value = this.text;
    // On a phone the keyboard would cover the talk. Focus wants all laid out: that is a piece of work of its own.
    if (changed.has("room") && matchMedia("(pointer: fine)").matches) setTimeout(() => this.#field?.focus());
  }

  protected override render(): TemplateResult {
    const { room, desk, offered } = this;
    if (!room || !desk) return html``;
    const hasMenu = offered.offers.length > 0;
    const isEmpty = this.text.trim() === "" && (this.#files?.items.length ?? 0) === 0;
    return html`
      <form class="composer" @submit=${this.#onSubmit}>
        ${hasMenu ? this.#renderMenu() : nothing}
        <sk-attachment-tray .files=${this.#files} .room=${room}></sk-attachment-tray>
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
          aria-activedescendant=${hasMenu && this.chosen >= 0 ? `command-${this.chosen}` : nothing}
          @input=${this.#onInput}
          @keydown=${this.#onKey}
          @paste=${this.#onPaste}
          @blur=${() => this.#closeMenu()}
        ></textarea>
        <div class="composer-foot">
          <input class="unseen" id="files" type="file" multiple tabindex="-1" aria-hidden="true" @change=${this.#onPick} />
          <button type="button" class="icon-button attach" aria-label="Add files" title="Add files" @click=${this.#pick}>
            ${paperclip}
          </button>
          <sk-model-picker .desk=${desk} .room=${room}></sk-model-picker>
          <span class="composer-hint">${offered.hint || (room.isWorking ? "Esc stops" : "")}</span>
          ${
            room.isWorking
              ? html`<button type="button" class="stop" @click=${() => desk.attempt(() => room.stop())}>${stop} <span class="stop-word">Stop</span></button>`
              : nothing
          }
          ${
            room.isWorking && isEmpty
              ? nothing
              : html`<button class="send" aria-label="Send" ?disabled=${isEmpty || this.#files?.isBusy}>${arrowUp}</button>`
          }
        </div>
      </form>
    `;
  }

  #renderMenu(): TemplateResult {
    return html`<ul id="commands" class="menu commands" role="listbox" aria-label="Commands" tabindex="0">
      ${this.offered.offers.map(
        (offer, at) => html`<li
          id=${`command-${at}`}
          class="menu-item"
          role="option"
          aria-selected=${at === this.chosen ? "true" : "false"}
          @mousemove=${() => {
            this.chosen = at;
          }}
          @mousedown=${(event: Event) => {
            event.preventDefault();
            this.#take(offer);
          }}
        >
          <span class="menu-name">${offer.name}</span>
          <span class="menu-note">${offer.note}</span>
        </li>`,
      )}
    </ul>`;
  }

  get #field(): HTMLTextAreaElement | null {
    return this.querySelector("textarea");
  }

  #write(text: string): void {
    this.text = text;
    if (!this.room) return;
    keep(`draft.${this.room.sessionKey}`, text === "" ? undefined : text);
    this.desk?.company.noteWriting(this.room.sessionKey, text !== "");
  }

  #onInput = (): void => {
    this.#write(this.#field?.value ?? "");
    void this.#offer();
  };

  async #offer(): Promise<void> {
    const { text, desk, room } = this;
    if (!desk || !text.startsWith("/")) return this.#closeMenu();
    const [commands, models] = await Promise.all([
      desk.commands(),
      wantsModels(text) ? desk.models().catch(() => []) : Promise.resolve([]),
    ]);
    if (this.text !== text) return;
    this.offered = offerFor(text, commands, models, room?.thinkingLevels);
    this.chosen = this.offered.isFirstChosen ? 0 : -1;
  }

  #closeMenu(): void {
    if (this.offered !== NOTHING) this.offered = NOTHING;
  }

  #onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (this.offered.offers.length > 0 && this.#steerMenu(event)) {
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
    const { offers } = this.offered;
    const offer = offers[this.chosen];
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        const isDown = event.key === "ArrowDown";
        this.chosen = isDown ? (this.chosen + 1) % offers.length : (Math.max(this.chosen, 0) + offers.length - 1) % offers.length;
        void this.updateComplete.then(() => this.querySelector(`#command-${this.chosen}`)?.scrollIntoView({ block: "nearest" }));
        return true;
      }
      case "Tab":
        if (event.shiftKey) return false;
        if (offer ?? offers[0]) this.#complete(offer ?? offers[0]);
        return true;
      case "Enter":
        if (event.shiftKey || !offer) return false;
        this.#take(offer);
        return true;
      case "Escape":
        this.#closeMenu();
        return true;
      default:
        return false;
    }
  }

  /** Writes the offer and leaves the sending to the person. */
  #complete(offer: Offer | undefined): void {
    if (!offer) return;
    this.#write(offer.text);
    this.#field?.focus();
    void this.#offer();
  }

  /** A command that takes an argument waits for it; any other is sent. */
  #take(offer: Offer): void {
    this.#closeMenu();
    if (!offer.isWhole) {
      this.#complete(offer);
      return;
    }
    this.#write(offer.text);
    this.#send();
  }

  #pick = (): void => {
    this.querySelector<HTMLInputElement>("#files")?.click();
  };

  #onPick = (event: Event): void => {
    if (!(event.currentTarget instanceof HTMLInputElement)) return;
    this.attach(event.currentTarget.files ?? []);
    event.currentTarget.value = "";
  };

  /** Files on the clipboard, unless there is text too: whoever copies from a page wants the text, not its picture. */
  #onPaste = (event: ClipboardEvent): void => {
    const { clipboardData: pasted } = event;
    if (!pasted || pasted.files.length === 0 || pasted.types.includes("text/plain")) return;
    event.preventDefault();
    this.attach(pasted.files);
  };

  #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    this.#send();
    this.#field?.focus();
  };

  #send(): void {
    const text = this.text.trim();
    const files = this.#files;
    const isCommand = commandWord(text) !== undefined;
    if (!this.room || !files || (text === "" && files.items.length === 0)) return;
    if (files.isBusy && !isCommand) {
      this.desk?.say("A file is still on its way. Wait for it, or remove it, then send.");
      return;
    }
    this.#closeMenu();
    // A command takes no files: they stay for the message after it.
    const media = isCommand ? [] : files.takeStored();
    if (text === "" && media.length === 0) return;
    this.#write("");
    this.room.say(text, media);
  }
}
