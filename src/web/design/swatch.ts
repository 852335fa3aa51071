// One token at work: a colour, a size, a step, a corner; or two colours together with their contrast, computed from what the
// browser really paints.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { PageElement } from "../components/element.ts";

export type Kind = "text" | "face" | "space" | "colour" | "pair" | "round" | "shadow" | "motion";

/** Words need this much contrast; what is only seen needs less. */
const TEXT = 4.5;
const SENTENCE = "The channel is open from about noon.";

@customElement("sk-swatch")
export class Swatch extends PageElement {
  @property({ attribute: false }) kind: Kind = "colour";
  @property({ attribute: false }) token = "";
  /** Of a pair: what it is read on, and the least contrast that will do. */
  @property({ attribute: false }) ground = "";
  @property({ attribute: false }) least = 0;
  @state() private value = "";
  @state() private ratio = 0;
  readonly #schemes = matchMedia("(prefers-color-scheme: dark)");
  readonly #themes = new MutationObserver(() => this.#measure());

  override connectedCallback(): void {
    super.connectedCallback();
    this.#schemes.addEventListener("change", this.#measure);
    this.#themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#schemes.removeEventListener("change", this.#measure);
    this.#themes.disconnect();
  }

  protected override firstUpdated(): void {
    // The policy of the page allows no style attributes; what is set by name is none.
    this.style.setProperty("--shown", `var(${this.token})`);
    if (this.kind === "pair") this.style.setProperty("--under", `var(${this.ground})`);
    this.#measure();
  }

  protected override render(): TemplateResult {
    const { kind, token, ground, value, ratio, least } = this;
    if (kind === "pair") {
      const isFine = ratio >= least;
      return html`<div class="swatch-pair">${least < TEXT ? html`<i></i>` : "Aa"}</div>
        <p class="swatch-name">${token.slice(2)} <span>on ${ground.slice(2)}</span></p>
        <p class=${isFine ? "swatch-ratio" : "swatch-ratio is-low"} data-ratio=${ratio.toFixed(2)} data-least=${least}>
          ${ratio.toFixed(1)}${isFine ? nothing : html` <strong>below ${least}</strong>`}
        </p>`;
    }
    if (kind === "motion") {
      return html`<button type="button" class="swatch-motion" aria-label=${`Play ${token}`} @click=${this.#play}><i></i></button>
        <code class="swatch-value">${value}</code>`;
    }
    const isText = kind === "text" || kind === "face";
    return html`<div class=${`swatch-${kind}`}>${isText ? SENTENCE : nothing}</div>
      <code class="swatch-value">${value}</code>`;
  }

  #play = (): void => {
    this.classList.toggle("is-played");
  };

  #measure = (): void => {
    // The other theme's colours are there once the style was worked out anew.
    requestAnimationFrame(() => {
      this.value = describe(getComputedStyle(this).getPropertyValue(this.token).trim());
      const pair = this.querySelector(".swatch-pair");
      if (!pair) return;
      const { color, backgroundColor } = getComputedStyle(pair);
      this.ratio = contrastOf(paint(color), paint(backgroundColor));
    });
  };
}

/** Both themes' values without the word around them; a font's whole list of stand-ins says little here. */
function describe(written: string): string {
  const value = written.replace(/^light-dark\((.+\)), (.+)\)$/, "$1 · $2");
  return value.length > 90 ? `${value.slice(0, 88)}…` : value;
}

/** The colour as the screen has it: red, green and blue, 0 to 255. */
function paint(colour: string): Uint8ClampedArray {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d");
  if (!context) return new Uint8ClampedArray(4);
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data;
}

/** As WCAG counts it. */
export function contrastOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [darker = 0, lighter = 0] = [luminanceOf(a), luminanceOf(b)].sort((first, second) => first - second);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminanceOf(colour: ArrayLike<number>): number {
  const [red = 0, green = 0, blue = 0] = Array.from(colour, (part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
