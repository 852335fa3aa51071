// What the page is made of: sections of shows, and a show's cases. A case draws one state into a frame of its own
// (specimen.ts), so that two of the same component never share an id.
import { html, type TemplateResult } from "lit";

export interface Case {
  /** The state, in a word or two. */
  label: string;
  draw(): TemplateResult;
  /** Brings it into its state, once it stands: what a person would type or click. */
  prepare?(ground: HTMLElement): Promise<void> | void;
  /** A selector of what it is about: a frame that scrolls begins there. */
  look?: string;
}

/**
 * `plain`: beside each other where there is room. `side`: a narrow column. `tall`: as wide as the page, and scrolls in its
 * frame. `screen`: a whole page.
 */
export type Size = "plain" | "side" | "tall" | "screen";

export interface Show {
  name: string;
  note?: string;
  size?: Size;
  cases: readonly Case[];
}

export interface Section {
  id: string;
  name: string;
  note: string;
  shows: readonly Show[];
}

/** Small things below each other in one frame, each with its state beside it. */
export function lineUp(states: readonly (readonly [name: string, drawing: unknown])[]): TemplateResult {
  return html`<div class="line-up">
    ${states.map(([name, drawing]) => html`<p class="line-up-name">${name}</p><div class="line-up-thing">${drawing}</div>`)}
  </div>`;
}
