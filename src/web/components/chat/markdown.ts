// Shows Markdown. While the text grows only the block at its end is made anew; growing code is only added to. Colours
// come when the text is finished. The children are this element's own business: lit never renders into it.
// What reads Markdown is fetched once, beside the first load; where that fails the text is shown as it is.
import { customElement, property } from "lit/decorators.js";
import type { Block, BlockReader } from "../../markdown/blocks.ts";
import { PageElement } from "../element.ts";

const COPIED_MS = 1_600;

type Reading = typeof import("../../markdown/reading.ts");
let reading: Reading | undefined;
let fetching: Promise<void> | undefined;

/** Fetches what reads Markdown. Answers when it is there, or will not come. */
export function fetchReading(): Promise<void> {
  fetching ??= import("../../markdown/reading.ts").then(
    (fetched) => {
      reading = fetched;
    },
    () => {
      fetching = undefined;
    },
  );
  return fetching;
}

/** Many texts at once (a page of older messages) are formatted a few a frame, the last first: scrolling goes on meanwhile. */
const BUDGET_MS = 8;
const waiting: Markdown[] = [];
let spentMs = 0;
let frame = 0;

function formatSoon(text: Markdown): void {
  if (reading && spentMs < BUDGET_MS) formatNow(text);
  else waiting.push(text);
  if (frame === 0) frame = afterFrame(formatMore);
}

function formatNow(text: Markdown): void {
  const startedAt = performance.now();
  text.format();
  spentMs += performance.now() - startedAt;
}

function formatMore(): void {
  frame = 0;
  spentMs = 0;
  if (!reading) {
    void fetchReading().then(formatFetched);
    return;
  }
  for (let text = waiting.pop(); text; text = spentMs < BUDGET_MS ? waiting.pop() : undefined) {
    if (text.isConnected) formatNow(text);
  }
  if (waiting.length > 0) frame = afterFrame(formatMore);
}

/** What waited for the reader goes on a few a frame too. Where it does not come the texts stay as they are. */
function formatFetched(): void {
  if (!reading) waiting.length = 0;
  else if (frame === 0) frame = afterFrame(formatMore);
}

/** A page that is not looked at has no frames. */
function afterFrame(work: () => void): number {
  return document.hidden ? Number(setTimeout(work, 16)) : requestAnimationFrame(work);
}

@customElement("sk-markdown")
export class Markdown extends PageElement {
  @property({ attribute: false }) text = "";
  @property({ attribute: false }) isLive = false;
  #reader: BlockReader | undefined;
  #shown: Block[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    this.classList.add("md");
    this.addEventListener("click", this.#onClick);
  }

  protected override updated(): void {
    if (this.isLive || this.#shown.length > 0) this.format();
    else {
      formatSoon(this);
      if (this.#shown.length === 0) this.#showPlain();
    }
  }

  /** Makes elements of the text; until then it is shown as it is. */
  format(): void {
    if (reading) this.#read(reading);
    else void fetchReading().then(() => (reading ? this.#read(reading) : this.#showPlain()));
  }

  protected override async getUpdateComplete(): Promise<boolean> {
    const isDone = await super.getUpdateComplete();
    await fetchReading();
    return isDone;
  }

  #showPlain(): void {
    this.classList.add("md-plain");
    this.textContent = this.text;
  }

  #read({ BlockReader, renderBlock, highlightCode }: Reading): void {
    if (this.classList.contains("md-plain")) {
      this.classList.remove("md-plain");
      this.replaceChildren();
    }
    this.#reader ??= new BlockReader();
    const blocks = this.#reader.read(this.text, !this.isLive);
    for (const [at, block] of blocks.entries()) this.#show(renderBlock, block, at);
    while (this.children.length > blocks.length) this.lastElementChild?.remove();
    this.#shown = [...blocks];
    if (!this.isLive) void highlightCode(this);
  }

  #show(renderBlock: Reading["renderBlock"], block: Block, at: number): void {
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
