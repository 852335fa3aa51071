// Cuts a text at the first of some words, while it streams: what might be the beginning of one is held back until
// it is known.
export class StopEdge {
  readonly #words: readonly string[];
  #held = "";
  #isReached = false;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  get isReached(): boolean {
    return this.#isReached;
  }

  /** Takes more text and answers what is sure to stand before the edge. */
  push(delta: string): string {
    if (this.#isReached || this.#words.length === 0) return this.#isReached ? "" : delta;
    const text = this.#held + delta;
    const edges = this.#words.map((word) => text.indexOf(word)).filter((at) => at >= 0);
    if (edges.length > 0) {
      this.#isReached = true;
      this.#held = "";
      return text.slice(0, Math.min(...edges));
    }
    const heldLength = Math.max(...this.#words.map((word) => beginningAtEnd(text, word)));
    this.#held = heldLength === 0 ? "" : text.slice(-heldLength);
    return text.slice(0, text.length - heldLength);
  }

  /** The text has ended: what was held back was no edge. */
  flush(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }
}

/** How much of the word's beginning stands at the text's end. */
function beginningAtEnd(text: string, word: string): number {
  for (let length = Math.min(word.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(word.slice(0, length))) return length;
  }
  return 0;
}
