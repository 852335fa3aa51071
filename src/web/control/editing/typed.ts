// The value of a field in which somebody may be typing: what they have written so far is not taken from them when the form
// is drawn anew around it, until the value itself is another.
import { noChange } from "lit";
import { Directive, type DirectiveParameters, directive, type PropertyPart } from "lit/directive.js";
import { setCommittedValue } from "lit/directive-helpers.js";

class Typed extends Directive {
  #last: string | undefined;

  override render(value: string): string {
    return value;
  }

  override update(part: PropertyPart, [value]: DirectiveParameters<this>): unknown {
    const { element } = part;
    const isSame = value === this.#last;
    this.#last = value;
    if (isSame && element === document.activeElement) return noChange;
    if (element instanceof HTMLInputElement && element.value === value) return noChange;
    // What stands there is not what was set last: lit is to set it whatever it remembers.
    setCommittedValue(part);
    return value;
  }
}

export const typed = directive(Typed);
