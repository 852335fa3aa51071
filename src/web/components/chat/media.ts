// Files in the talk: pictures as they are, which open large, and others by name, kind and size, which open in a tab.
import { html, nothing, type TemplateResult } from "lit";
import type { MediaRef } from "../../../contract/message.ts";
import { page } from "../../pictures/icons.ts";
import { addressOf, describeKind, describeSize, isShownPicture } from "../../talk/file-limits.ts";

export function renderMedia(media: readonly MediaRef[]): TemplateResult | typeof nothing {
  if (media.length === 0) return nothing;
  const pictures = media.filter(({ type }) => isShownPicture(type));
  const others = media.filter(({ type }) => !isShownPicture(type));
  return html`<div class="media">
    ${pictures.length === 0 ? nothing : html`<div class=${`pictures pictures-${Math.min(pictures.length, 3)}`}>${pictures.map(renderPicture)}</div>`}
    ${others.map(renderFile)}
  </div>`;
}

function renderPicture(media: MediaRef): TemplateResult {
  const name = media.name ?? "picture";
  const fail = ({ currentTarget }: Event) => {
    const button = currentTarget instanceof HTMLImageElement ? currentTarget.closest("button") : null;
    button?.classList.add("is-gone");
    button?.removeAttribute("aria-label");
    if (button) button.disabled = true;
  };
  return html`<button type="button" class="picture" aria-label=${`${name}: show large`} @click=${showLarge}>
    <img src=${addressOf(media)} alt=${name} decoding="async" @error=${fail} />
    <span class="picture-gone">${name} is not there any more</span>
  </button>`;
}

function renderFile(media: MediaRef): TemplateResult {
  const name = media.name ?? "file";
  return html`<a class="file" href=${addressOf(media)} target="_blank" rel="noopener">
    <span class="file-icon">${page}</span>
    <span class="file-facts">
      <span class="file-name" dir="auto">${name}</span>
      <span class="file-note">${describeKind(media.type, name)}, ${describeSize(media.size)}</span>
    </span>
  </a>`;
}

/** Opens the picture large, among all that the talk shows just now. */
async function showLarge(event: Event): Promise<void> {
  const button = event.currentTarget;
  if (!(button instanceof HTMLElement)) return;
  const all = [...(button.closest(".transcript")?.querySelectorAll<HTMLImageElement>(".picture:not(.is-gone) > img") ?? [])];
  const at = all.findIndex((image) => button.contains(image));
  try {
    const { openLightbox } = await import("./lightbox.ts");
    openLightbox(
      all.map(({ src, alt }) => ({ src, name: alt })),
      at,
    );
  } catch {
    // The viewer cannot be fetched just now, or went with an older version of the page.
    open(all[at]?.src, "_blank", "noopener");
  }
}
