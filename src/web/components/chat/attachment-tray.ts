// The files that will go with the message, above where one writes: pictures as they are, others by name, kind and size.
// Each shows how far its upload is, what is wrong with it, and can be taken away.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { close, page } from "../../pictures/icons.ts";
import type { ChatRoom } from "../../state/chat-room.ts";
import { Watch } from "../../state/signal.ts";
import type { Attached, Attachments } from "../../talk/attachments.ts";
import { describeKind, describeReading, describeSize } from "../../talk/file-limits.ts";
import { PageElement } from "../element.ts";

@customElement("sk-attachment-tray")
export class AttachmentTray extends PageElement {
  @property({ attribute: false }) files: Attachments | undefined;
  @property({ attribute: false }) room: ChatRoom | undefined;

  constructor() {
    super();
    new Watch(this, () => this.files);
    new Watch(this, () => this.room);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { files } = this;
    if (!files || files.items.length === 0) return nothing;
    return html`<ul class="tray" aria-label="Files to send">
        ${repeat(
          files.items,
          ({ id }) => id,
          (item) => this.#renderItem(item, files),
        )}
      </ul>
      ${renderNote(files, this.room)}`;
  }

  #renderItem(item: Attached, files: Attachments): TemplateResult {
    const { picture, name } = item;
    return html`<li class=${`tray-item is-${item.state}${picture ? " is-picture" : ""}`}>
      ${picture ? html`<img class="tray-picture" src=${picture} alt=${name} title=${name} />` : renderFacts(item)}
      ${
        item.state === "uploading"
          ? html`<progress class="tray-progress" max="1" .value=${item.progress} aria-label=${`Uploading ${name}`}></progress>`
          : nothing
      }
      <button type="button" class="tray-remove" aria-label=${`Remove ${name}`} title="Remove" @click=${() => this.#remove(item, files)}>
        ${close}
      </button>
    </li>`;
  }

  /** The focus goes on to where one writes. */
  #remove({ id }: Attached, files: Attachments): void {
    files.remove(id);
    this.closest("form")?.querySelector("textarea")?.focus();
  }
}

function renderFacts({ name, type, size }: Attached): TemplateResult {
  return html`<span class="file-icon">${page}</span>
    <span class="file-facts">
      <span class="file-name" dir="auto">${name}</span>
      <span class="file-note">${describeKind(type, name)}, ${describeSize(size)}</span>
    </span>`;
}

/** What keeps the message from going, or what becomes of the files, in a sentence. */
function renderNote(files: Attachments, room: ChatRoom | undefined): TemplateResult | typeof nothing {
  const refused = files.items.find(({ state }) => state === "refused");
  if (refused) return html`<p class="tray-note is-bad" role="alert">${refused.name}: ${refused.problem}</p>`;
  if (files.isWaiting) {
    return html`<p class="tray-note" role="status">
      Files need the connection: they go up as soon as it is back, and the message can be sent then.
    </p>`;
  }
  const types = files.items.map(({ media, type }) => media?.type ?? type);
  const sentence = describeReading(types, room?.reads, room?.model ?? "The model");
  return sentence === undefined ? nothing : html`<p class="tray-note" role="status">${sentence}</p>`;
}
