// What every component of the page is: a lit element that renders into the page itself, not into a shadow, so that one
// style sheet reaches it, text can be selected across answers, and labels may point anywhere.
import { LitElement } from "lit";

export class PageElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
