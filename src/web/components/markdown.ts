// Shows Markdown. While the text grows only the block at its end is made anew; growing code is only added to. Colours
// come when the text is finished. The children are this element's own business: lit never renders into it.
import { customElement, property } from "lit/decorators.js";
import { type Block, BlockReader } from "../markdown/blocks.ts";
import { highlightCode } from "../markdown/highlight.ts";
import { renderBlock } from "../markdown/render.ts";
import { PageElement } from "./element.ts";

const COPIED_MS = 1_600;

@customElement("sk-markdown")
export class Markdown extends PageElement {
  @property({ attribute: false }) text = "";
  @property({ attribute: false }) isLive = false;
  readonly #reader = new BlockReader();
  #shown: Block[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    this.classList.add("md");
    this.addEventListener("click", this.#onClick);
  }

  protected override updated(): void {
    const blocks = this.#reader.read(this.text, !this.isLive);
    for (const [at, block] of blocks.entries()) this.#show(block, at);
    while (this.children.length > blocks.length) this.lastElementChild?.remove();
    this.#shown = [...blocks];
    if (!this.isLive) void highlightCode(this);
  }

  #show(block: Block, at: number): void {
    const shown = this.#shown[at];
    const place = this.children[at];
    if (place === undefined) {
      const made = document.createElement("div");
      made.append(renderBlock(block));
      this.append(made);
    } else if (shown?.raw !== block.raw) {
      if (!growCode(place, shown, block)) place.replaceChildren(renderBlock(block));
    }
  }

  #onClick = (event: Event): void => {
    const button = event.target instanceof Element ? event.target.closest(".code-copy") : null;
    if (!button) return;
    const text = button.closest(".code")?.querySelector("code")?.textContent ?? "";
    void copyText(text).then((isCopied) => {
      button.textContent = isCopied ? "Copied" : "Select and copy by hand";
      setTimeout(() => {
        button.textContent = "Copy";
      }, COPIED_MS);
    });
  };
}

/** Adds to code that grew at its end, so that what is selected or scrolled stays as it is. */
function growCode(place: Element, shown: Block | undefined, block: Block): boolean {
  if (shown?.token.type !== "code" || block.token.type !== "code" || shown.token["lang"] !== block.token["lang"]) return false;
  const code = place.querySelector<HTMLElement>("pre > code");
  const before = code?.textContent ?? "";
  const text: string = block.token["text"];
  if (!code || !text.startsWith(before)) return false;
  code.append(text.slice(before.length));
  return true;
}

/** Puts text on the clipboard; false where the browser forbids it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
