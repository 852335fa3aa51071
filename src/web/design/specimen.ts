// One case in its frame, or in two when both themes are looked at. The frame is a shadow tree with the page's own styles:
// ids stay inside it, and what is fixed to the screen is fixed to the frame. While a case is brought into its state it
// takes no focus, so that the page stays where it is. `aria-busy` tells when it stands.
import { html, render, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../components/element.ts";
import { frameSheets } from "./sheets.ts";
import type { Case, Size } from "./show.ts";

/** `page`: as the rest of the page. */
export type Scheme = "page" | "light" | "dark";

@customElement("sk-specimen")
export class Specimen extends PageElement {
  @property({ attribute: false }) item: Case | undefined;
  @property({ attribute: false }) size: Size = "plain";
  @property({ attribute: false }) schemes: readonly Scheme[] = ["page"];

  protected override render(): TemplateResult {
    const { item, size, schemes } = this;
    if (!item) return html``;
    const isScrolled = size !== "plain";
    return html`<figure class=${`specimen specimen-${size}`}>
      <figcaption>${item.label}</figcaption>
      <div class=${schemes.length > 1 ? "frames is-both" : "frames"}>
        ${repeat(
          schemes,
          (scheme) => scheme,
          (scheme) =>
            html`<div
              class=${`frame frame-${scheme} frame-${size}`}
              tabindex=${isScrolled ? 0 : -1}
              role="group"
              aria-label=${scheme === "page" ? item.label : `${item.label}, ${scheme}`}
            ></div>`,
        )}
      </div>
    </figure>`;
  }

  protected override updated(): void {
    const { item } = this;
    if (!item) return;
    for (const frame of this.querySelectorAll<HTMLElement>(".frame:not([aria-busy])")) {
      if (frame.shadowRoot) continue;
      frame.ariaBusy = "true";
      waiting.push(() => fill(frame, item));
    }
    while (filling < AT_ONCE && waiting.length > 0) void fillNext();
  }
}

/** The first ones can be looked at while the last ones are still being filled. */
const AT_ONCE = 10;
const waiting: (() => Promise<void>)[] = [];
let filling = 0;
/** What one is to look at has this much above it. */
const AROUND_PX = 96;

async function fillNext(): Promise<void> {
  filling += 1;
  try {
    for (let next = waiting.shift(); next; next = waiting.shift()) await next();
  } finally {
    filling -= 1;
  }
}

async function fill(frame: HTMLElement, item: Case): Promise<void> {
  if (!frame.isConnected) return;
  const root = frame.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = await frameSheets();
  const ground = document.createElement("div");
  ground.className = "ground";
  ground.inert = true;
  ground.addEventListener("click", stayHere);
  root.append(ground);
  render(item.draw(), ground);
  await settle(ground);
  await item.prepare?.(ground);
  await settle(ground);
  const place = item.look === undefined ? null : ground.querySelector(item.look);
  if (place) frame.scrollTop += place.getBoundingClientRect().top - frame.getBoundingClientRect().top - AROUND_PX;
  ground.inert = false;
  frame.ariaBusy = null;
}

/** Links to rooms of the real page lead nowhere from here. */
function stayHere(event: Event): void {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link?.getAttribute("href")?.startsWith("#/")) event.preventDefault();
}

/** Waits until what was drawn has asked for its data and drawn it. */
export async function settle(ground: HTMLElement): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await nextFrame();
    const elements = [...ground.querySelectorAll("*")].filter((element) => element instanceof PageElement);
    await Promise.all(elements.map((element) => element.updateComplete));
  }
}

/** A page that is not looked at has no frames. */
function nextFrame(): Promise<void> {
  return new Promise((done) => {
    if (document.hidden) setTimeout(done, 30);
    else requestAnimationFrame(() => done());
  });
}
