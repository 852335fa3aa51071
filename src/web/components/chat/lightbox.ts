// A picture, large, over the page. A modal dialog: Escape, a click beside it and the cross close it, the arrows lead to its
// neighbours, and the focus goes back to where it was.
import { html, nothing, render } from "lit";
import { chevron, close } from "../../pictures/icons.ts";

interface Picture {
  src: string;
  name: string;
}

export function openLightbox(pictures: readonly Picture[], first: number): void {
  const dialog = document.createElement("dialog");
  dialog.className = "lightbox";
  let at = Math.max(0, first);

  const show = () => {
    const picture = pictures[at];
    if (!picture) return;
    dialog.setAttribute("aria-label", picture.name);
    const turn = (by: number, name: string, style: string) =>
      pictures[at + by]
        ? html`<button type="button" class=${`icon-button lightbox-turn ${style}`} aria-label=${name} @click=${() => go(by)}>${chevron}</button>`
        : nothing;
    render(
      html`<header class="lightbox-head">
          <span class="lightbox-name" dir="auto">${picture.name}</span>
          ${pictures.length > 1 ? html`<span class="lightbox-count">${at + 1} of ${pictures.length}</span>` : nothing}
          <button type="button" class="icon-button" aria-label="Close" @click=${() => dialog.close()}>${close}</button>
        </header>
        <img class="lightbox-picture" src=${picture.src} alt=${picture.name} />
        ${turn(-1, "Previous picture", "lightbox-before")} ${turn(1, "Next picture", "lightbox-after")}`,
      dialog,
    );
  };
  const go = (by: number) => {
    if (!pictures[at + by]) return;
    at += by;
    show();
  };

  dialog.addEventListener("keydown", (event) => {
    // What is pressed here is meant for the picture, not for the talk below.
    event.stopPropagation();
    if (event.key === "ArrowLeft") go(-1);
    else if (event.key === "ArrowRight") go(1);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  show();
  document.body.append(dialog);
  dialog.showModal();
}
